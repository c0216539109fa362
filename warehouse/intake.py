"""From a stream of items to one landed batch: what is new, changed, skipped, quarantined, withdrawn.

The items of a source are spooled as JSON lines and compared in DuckDB with what the ledger knows of the
same files. Only new and changed records land; the books count everything.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from warehouse import landing
from warehouse.connection import Connection, rows
from warehouse.errors import SourceShrunk
from warehouse.landing import Batch, FileChange, FileState, Landing, Manifest, SourceRun
from warehouse.schema import RECORD_KINDS, SCHEMA_VERSION

# The record types are the connectors'; all that is known here is that their fields are the landed columns.
_Item = Any
_LEDGER_COLUMNS = 6  # source, file, hash, born_batch, batch, ingested_at stand before a record's own
_RECORD, _QUARANTINED = "record", "quarantined"
_REPEATS = ("duplicate", "superseded")
_WHOLE_FILE = 2**62  # the position of what is wrong with a file as a whole: after everything in it
_PLACE_FIELDS = ("position", "locator")  # where a record stands is not what it says


class Intake:
    """One source in one run. `take` and `drop` its files, then `compare`, then `land`."""

    def __init__(self, connection: Connection, source: str, record_kind: str, scratch: Path) -> None:
        self.source = source
        self.record_kind = record_kind
        self.kind = RECORD_KINDS[record_kind]
        self.connection = connection
        self.scratch = landing.clear(scratch)
        self.changes: dict[str, FileChange] = {}
        self.known = known_files(connection, source)
        self.kept: dict[str, FileState] = {}
        self._taken = 0
        (self.scratch / "records.ndjson").touch()
        (self.scratch / "others.ndjson").touch()

    def keep(self, file: str) -> None:
        """The file is as it was: its share of the books is carried on."""
        self.kept[file] = self.known[file]

    def refuse(self, file: str, state: FileState, reason: str) -> None:
        """The file as a whole is not of the format: one quarantined record, and its neighbours go on.

        What an earlier reading of it brought stays: it was not read whole.
        """
        self._taken += 1
        line = {"file": file, "position": _WHOLE_FILE, "locator": "whole file", "is_rejected": True}
        with (self.scratch / "others.ndjson").open("ab") as others:
            others.write(msgspec.json.encode({**line, "reason": reason, "mend": "", "excerpt": ""}) + b"\n")
        refused = msgspec.structs.replace(self.known.get(file, state), is_refused=True)
        self.changes[file] = FileChange(from_position=_WHOLE_FILE, state=refused)

    def drop(self, file: str) -> None:
        """The file is gone from the source."""
        self.changes[file] = FileChange(from_position=0, state=None)

    def take(self, file: str, items: Iterable[_Item], state: FileState, *, from_position: int = 0) -> None:
        """Spool the items of a file (or of its tail, from `from_position` on, which replaces its last item).

        `state` tells size, times and fingerprint; its counts and tail are filled in here.
        """
        tail: _Item = None
        with (
            (self.scratch / "records.ndjson").open("ab") as records,
            (self.scratch / "others.ndjson").open("ab") as others,
        ):
            for item in items:
                tail = item
                self._taken += 1
                if hasattr(item, "reason"):
                    others.write(_other_line(file, item))
                else:
                    records.write(_record_line(file, item))
        if state.resume_at is not None and tail is not None:
            state = msgspec.structs.replace(
                state,
                resume_at=tail.position,
                tail_key=getattr(tail, "key", None),
                tail_outcome=_QUARANTINED if hasattr(tail, "mend") else getattr(tail, "reason", _RECORD),
            )
        self.changes[file] = FileChange(from_position=from_position, state=state)

    def compare(self) -> SourceRun:
        """The books of this run, before anything has landed."""
        self._make_offered()
        connection, table = self.connection, self.kind.table
        connection.execute(
            f"""
            create or replace temp table compared as
            select o.file, o.key, o.position, o.hash,
                case
                    when o.n > 1 and o.hash = o.winner then 'duplicate'
                    when o.n > 1 then 'superseded'
                    when k.key is null then 'new'
                    when o.is_tail and o.key is distinct from o.tail_key then 'duplicate'
                    when k.hash = o.hash then 'unchanged'
                    else 'changed'
                end as outcome
            from offered o
            left join landed.{table} k on k.source = $source and k.file = o.file and k.key = o.key""",
            {"source": self.source},
        )
        connection.execute(
            f"""
            create or replace temp table withdrawn as
            select k.file, k.key from landed.{table} k
            join touched t on t.file = k.file and (not t.is_tail or k.key = t.tail_key)
            where k.source = $source
              and not exists (select 1 from offered o where o.file = k.file and o.key = k.key)""",
            {"source": self.source},
        )
        self._count()
        return self._books()

    def guard_against_shrinking(self, *, accept: bool) -> None:
        """Raise SourceShrunk if less than half of the source's records would be left."""
        before = sum(state.records for state in self.known.values())
        after = sum(state.records for state in self._states())
        if not accept and after * 2 < before:
            raise SourceShrunk(
                f"{self.source}: had {before} records and now offers {after}; nothing was changed. "
                f"If that is right, run `kith sync {self.source} --accept-shrink`"
            )

    def land(
        self, target: Landing, *, batch: int, kind: str, location: str, run_id: str, landed_at: datetime
    ) -> Batch | None:
        """Land what is new and changed, or nothing if no file was read, and return the batch."""
        if not self.changes:
            return None
        parts = landing.clear(self.scratch / "batch")
        self._write_parts(parts, batch, landed_at)
        manifest = Manifest(
            schema_version=SCHEMA_VERSION,
            batch=batch,
            source=self.source,
            kind=kind,
            record_kind=self.record_kind,
            location=location,
            run_id=run_id,
            landed_at=landed_at,
            files=self.changes,
            parts={},
        )
        return target.add(parts, manifest)

    def _make_offered(self) -> None:
        connection = self.connection
        tails = [self._known_tail(file) for file in self.changes]
        connection.execute(
            """
            create or replace temp table touched as
            select
                unnest(?::varchar[]) as file,
                unnest(?::boolean[]) as is_tail,
                unnest(?::varchar[]) as tail_key""",
            [list(self.changes), [change.from_position > 0 for change in self.changes.values()], tails],
        )
        columns = self._record_columns()
        connection.execute(
            f"""
            create or replace temp table offered as
            select r.file, r.key, r.hash, r.position, t.is_tail, t.tail_key,
                row_number() over newest as n, first_value(r.hash) over newest as winner
            from {self._spool("records", columns)} r join touched t using (file)
            window newest as (partition by r.file, r.key order by {self.kind.newest_first})"""
        )

    def _known_tail(self, file: str) -> str | None:
        """The key of the record that is read again with the tail of a grown file."""
        known = self.known.get(file)
        is_tail = known is not None and 0 < self.changes[file].from_position < _WHOLE_FILE
        return known.tail_key if known and is_tail and known.tail_outcome == _RECORD else None

    def _record_columns(self) -> dict[str, str]:
        described = rows(self.connection, f"describe landed.{self.kind.table}")
        own = {name: kind for name, kind, *_ in described[_LEDGER_COLUMNS:]}
        return {"file": "VARCHAR", "hash": "VARCHAR", **own}

    def _spool(self, name: str, columns: dict[str, str]) -> str:
        typed = ", ".join(f"'{column}': '{kind}'" for column, kind in columns.items())
        path = str(self.scratch / f"{name}.ndjson").replace("'", "''")
        return f"read_json('{path}', format = 'newline_delimited', columns = {{{typed}}})"

    def _others(self) -> str:
        return self._spool(
            "others",
            {
                "file": "VARCHAR",
                "position": "BIGINT",
                "locator": "VARCHAR",
                "is_rejected": "BOOLEAN",
                "reason": "VARCHAR",
                "mend": "VARCHAR",
                "excerpt": "VARCHAR",
            },
        )

    def _count(self) -> None:
        """Fill each file's share of the books into its state."""
        self._outcomes: dict[str, Counter[str]] = {}
        for file, outcome, number in rows(
            self.connection, "select file, outcome, count(*) from compared group by all"
        ):
            self._outcomes.setdefault(file, Counter())[outcome] = number
        self._skipped: dict[str, Counter[str]] = {}
        self._rejected: Counter[str] = Counter()
        for file, is_rejected, reason, number in rows(
            self.connection,
            f"select file, is_rejected, case when is_rejected then '' else reason end, count(*) "
            f"from {self._others()} group by all",
        ):
            if is_rejected:
                self._rejected[file] += number
            else:
                self._skipped.setdefault(file, Counter())[reason] += number
        for file, change in self.changes.items():
            if change.state is not None:
                self.changes[file] = msgspec.structs.replace(change, state=self._counted(file, change.state))

    def _counted(self, file: str, state: FileState) -> FileState:
        outcomes = self._outcomes.get(file, Counter())
        skipped = Counter(self._skipped.get(file, {}))
        skipped.update({reason: outcomes[reason] for reason in _REPEATS if outcomes[reason]})
        records = outcomes["new"] + outcomes["changed"] + outcomes["unchanged"]
        quarantined = self._rejected[file]
        before = self._before_tail(file)
        if before is not None:
            skipped.update(before.skipped)
            records += before.records
            quarantined += before.quarantined
        return msgspec.structs.replace(
            state,
            tail_outcome=self._tail_outcome(file, state),
            records=records,
            skipped={reason: number for reason, number in skipped.items() if number > 0},
            quarantined=quarantined,
        )

    def _before_tail(self, file: str) -> FileState | None:
        """The books of a grown file without its former last item, which has been read again."""
        known = self.known.get(file)
        if known is None or self.changes[file].from_position == 0:
            return None
        if self.changes[file].from_position == _WHOLE_FILE:
            return msgspec.structs.replace(known, quarantined=known.quarantined - known.is_refused)
        skipped = Counter(known.skipped)
        if known.tail_outcome not in (_RECORD, _QUARANTINED):
            skipped[known.tail_outcome] -= 1
        return msgspec.structs.replace(
            known,
            records=known.records - (known.tail_outcome == _RECORD),
            skipped=dict(skipped),
            quarantined=known.quarantined - (known.tail_outcome == _QUARANTINED),
        )

    def _tail_outcome(self, file: str, state: FileState) -> str:
        """A last message that repeats an earlier one stands in the books as a duplicate, not as a record."""
        if state.resume_at is None or state.tail_outcome != _RECORD:
            return state.tail_outcome
        found = rows(
            self.connection,
            "select outcome from compared where file = ? and position = ?",
            [file, state.resume_at],
        )
        outcome = str(found[0][0]) if found else _RECORD
        return outcome if outcome in _REPEATS else _RECORD

    def _states(self) -> list[FileState]:
        changed = [change.state for change in self.changes.values() if change.state is not None]
        return [*self.kept.values(), *changed]

    def _books(self) -> SourceRun:
        totals: Counter[str] = Counter()
        for outcomes in self._outcomes.values():
            totals.update(outcomes)
        skipped: Counter[str] = Counter()
        for state in self._states():
            skipped.update(state.skipped)
        carried = sum(state.records for state in self.kept.values())
        for file in self.changes:
            before = self._before_tail(file)
            carried += before.records if before else 0
        quarantined = sum(state.quarantined for state in self._states())
        [(withdrawn,)] = rows(self.connection, "select count(*) from withdrawn")
        unchanged = totals["unchanged"] + carried
        return SourceRun(
            name=self.source,
            kind="",
            status="ok" if self.changes else "unchanged",
            read=self._taken + carried + self._carried_others(),
            new=totals["new"],
            changed=totals["changed"],
            unchanged=unchanged,
            skipped=dict(sorted(skipped.items())),
            quarantined=quarantined,
            withdrawn=withdrawn,
        )

    def _carried_others(self) -> int:
        carried = sum(sum(state.skipped.values()) + state.quarantined for state in self.kept.values())
        for file in self.changes:
            before = self._before_tail(file)
            carried += sum(before.skipped.values()) + before.quarantined if before else 0
        return carried

    def _write_parts(self, parts: Path, batch: int, landed_at: datetime) -> None:
        own = [column for column in self._record_columns() if column not in ("file", "hash")]
        listed = ", ".join(f'r."{column}"' for column in own)
        constants = f"$source as source, {batch}::bigint as batch, $landed_at::timestamptz as ingested_at"
        values = {"source": self.source, "landed_at": landed_at}
        for name, query in (
            (
                landing.RECORDS,
                f"""select {constants}, r.file, r.hash, {listed}
                from {self._spool("records", self._record_columns())} r
                semi join (from compared where outcome in ('new', 'changed')) c using (file, position)
                order by r.file, r.position""",
            ),
            (landing.WITHDRAWN, f"select {constants}, file, key from withdrawn order by file, key"),
            (
                landing.REJECTED,
                f"""select {constants}, file, position, locator, reason, mend, excerpt
                from {self._others()} where is_rejected order by file, position""",
            ),
        ):
            path = str(parts / name).replace("'", "''")
            self.connection.execute(f"copy ({query}) to '{path}' (format parquet, compression zstd)", values)


def known_files(connection: Connection, source: str) -> dict[str, FileState]:
    """The files of a source as they were last read."""
    found = rows(connection, "select file, state from ledger.files where source = ?", [source])
    return {file: msgspec.json.decode(state, type=FileState) for file, state in found}


def remove_source(
    connection: Connection,
    source: str,
    target: Landing,
    *,
    batch: int,
    run_id: str,
    landed_at: datetime,
    scratch: Path,
) -> Batch:
    """Land the withdrawal of everything that a source, no longer in the configuration, has brought."""
    [(kind, location)] = rows(
        connection, "select kind, location from ledger.sources where source = ?", [source]
    )
    parts = landing.clear(scratch)
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        batch=batch,
        source=source,
        kind=kind,
        record_kind="",
        location=location,
        run_id=run_id,
        landed_at=landed_at,
        is_removal=True,
        files={},
        parts={},
    )
    return target.add(parts, manifest)


def _record_line(file: str, record: _Item) -> bytes:
    content = [getattr(record, field.name) for field in fields(record) if field.name not in _PLACE_FIELDS]
    digest = hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:32]
    place = msgspec.json.encode({"file": file, "hash": digest})
    return place[:-1] + b"," + msgspec.json.encode(record)[1:] + b"\n"


def _other_line(file: str, item: _Item) -> bytes:
    is_rejected = hasattr(item, "mend")
    line = {
        "file": file,
        "position": item.position,
        "locator": item.locator,
        "is_rejected": is_rejected,
        "reason": item.reason,
        "mend": item.mend if is_rejected else "",
        "excerpt": item.excerpt if is_rejected else "",
    }
    return msgspec.json.encode(line) + b"\n"
