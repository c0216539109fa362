"""From what was read of a source to one landed batch: what is new, changed, skipped, quarantined, withdrawn.

The lines that the readers have spooled, without who is forgotten, are compared in DuckDB with what the ledger
knows of the same files. Only new and changed records land; the books count everything.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from warehouse import landing
from warehouse.books import RECORD, WHOLE_FILE, Findings, before_tail, books, counted
from warehouse.connection import Connection, quoted, rows
from warehouse.errors import SourceShrunk
from warehouse.forgetting.arriving import Gate
from warehouse.forgetting.recognising import beside
from warehouse.landing import Batch, FileChange, FileState, Landing, Manifest, SourceRun
from warehouse.schema import RECORD_KINDS, SCHEMA_VERSION

_LEDGER_COLUMNS = 6  # source, file, hash, born_batch, batch, ingested_at stand before a record's own
_OTHERS = {
    "file": "VARCHAR",
    "position": "BIGINT",
    "locator": "VARCHAR",
    "is_rejected": "BOOLEAN",
    "reason": "VARCHAR",
    "mend": "VARCHAR",
    "excerpt": "VARCHAR",
}
_SEEN = {"file": "VARCHAR", "position": "BIGINT", "digest": "VARCHAR"}


class Intake:
    """One source in one run. Its files are read into `spool`; then `take`, `keep`, `refuse` or `drop` each of
    them, then `compare`, then `land`.
    """

    def __init__(self, connection: Connection, source: str, scratch: Path) -> None:
        self.source = source
        self.connection = connection
        self.scratch = landing.clear(scratch)
        self.spool = landing.clear(scratch / "spool")
        self.gate = Gate(beside(connection), source)
        self.changes: dict[str, FileChange] = {}
        self.known = known_files(connection, source)
        self.kept: dict[str, FileState] = {}
        self.renewed: dict[str, FileChange] = {}
        self._taken = 0
        self._refusals: list[dict[str, object]] = []

    def keep(self, file: str) -> None:
        """The file is as it was: its share of the books is carried on."""
        if file not in self.changes:  # as which one is known that was read under the name that it hides
            self.kept[file] = self.known[file]

    def refuse(self, file: str, state: FileState, reason: str) -> None:
        """The file as a whole could not be read: one quarantined record, and its neighbours go on.

        What an earlier reading of it brought stays: it was not read whole.
        """
        self._taken += 1
        file = self.gate.named(file)
        self._refusals.append(
            {"file": file, "position": WHOLE_FILE, "locator": "whole file", "is_rejected": True}
            | {"reason": self.gate.told(reason), "mend": "", "excerpt": ""}
        )
        known = self.known.get(file)
        refused = msgspec.structs.replace(known if known and known.records else state, is_refused=True)
        self.changes[file] = FileChange(from_position=WHOLE_FILE, state=refused)

    def renew(self, file: str, now: FileState) -> None:
        """The file says what it said, at another time or place: its share of the books is carried on."""
        renewed = msgspec.structs.replace(
            self.known[file], size=now.size, mtime_ns=now.mtime_ns, inode=now.inode
        )
        self.kept[file] = renewed
        self.renewed[file] = FileChange(from_position=WHOLE_FILE, state=renewed)

    def drop(self, file: str) -> None:
        """The file is gone from the source."""
        if file not in self.changes:
            self.changes[file] = FileChange(from_position=0, state=None)

    def take(self, file: str, state: FileState, *, items: int, from_position: int = 0) -> None:
        """The file, or its tail from `from_position` on, which replaces its last item, is in the spool.

        `state` tells all but the file's share of the books, which is filled in by `compare`.
        """
        self._taken += items
        self.changes[self.gate.named(file)] = FileChange(from_position=from_position, state=state)

    def digests(self, file: str, target: Path) -> Path | None:
        """Write the digests of what has landed from a file, one a line; None if there are none."""
        kind = RECORD_KINDS.get(self.known[file].record_kind) if file in self.known else None
        if kind is None:
            return None
        found = rows(
            self.connection,
            f"select digest from landed.{kind.table} where source = $1 and file = $2 and digest <> ''",
            [self.source, file],
        )
        if not found:
            return None
        target.write_text("\n".join(digest for (digest,) in found), "ascii")
        return target

    def compare(self) -> SourceRun:
        """The books of this run, before anything has landed."""
        if not (self.changes or self.renewed):
            return self._books({}, [], withdrawn=0)
        self.changes = self.gate.sift(self.spool, self.changes)
        self._list_touched()
        self._list_others()
        connection = self.connection
        connection.execute(
            "create or replace temp table compared "
            "(record_kind varchar, file varchar, key varchar, position bigint, outcome varchar)"
        )
        connection.execute(
            "create or replace temp table withdrawn (record_kind varchar, file varchar, key varchar)"
        )
        for record_kind in RECORD_KINDS:
            self._compare(record_kind)
        found = self._findings()
        befores = {file: before_tail(self.known.get(file), change) for file, change in self.changes.items()}
        for file, change in self.changes.items():
            if change.state is not None:
                state = counted(change.state, found.get(file, Findings()), befores[file])
                self.changes[file] = msgspec.structs.replace(change, state=state)
        [(withdrawn,)] = rows(connection, "select count(*) from withdrawn")
        return self._books(found, [each for each in befores.values() if each], withdrawn=withdrawn)

    def guard_against_shrinking(self, *, accept: bool) -> None:
        """Raise SourceShrunk if less than half of the source's records would be left."""
        before = sum(state.records for state in self.known.values())
        after = sum(state.records for state in self.kept.values())
        after += sum(change.state.records for change in self.changes.values() if change.state is not None)
        if not accept and after * 2 < before:
            raise SourceShrunk(
                f"{self.source}: had {before} records and now offers {after}; nothing was changed. "
                f"If that is right, run `kith sync {self.source} --accept-shrink`"
            )

    def land(
        self, target: Landing, *, batch: int, kind: str, location: str, run_id: str, landed_at: datetime
    ) -> Batch | None:
        """Land what is new and changed, or nothing if no file was read, and return the batch."""
        if not (self.changes or self.renewed):
            return None
        parts = landing.clear(self.scratch / "batch")
        self._write_parts(parts, batch, landed_at)
        manifest = Manifest(
            schema_version=SCHEMA_VERSION,
            batch=batch,
            source=self.source,
            kind=kind,
            location=self.gate.named(location),
            run_id=run_id,
            landed_at=landed_at,
            files=self.changes | self.renewed,
            parts={},
        )
        return target.add(parts, manifest)

    def _books(
        self, found: dict[str, Findings], befores: Sequence[FileState], *, withdrawn: int
    ) -> SourceRun:
        return books(
            self.source,
            kept=self.kept.values(),
            changed=self.changes,
            befores=befores,
            found=found.values(),
            taken=self._taken,
            withdrawn=withdrawn,
        )

    def _list_touched(self) -> None:
        """The files whose items count: those that were read, whole or their tail, or are gone."""
        read = {file: each for file, each in self.changes.items() if each.from_position < WHOLE_FILE}
        self.connection.execute(
            """
            create or replace temp table touched as
            select
                unnest(?::varchar[]) as file,
                unnest(?::boolean[]) as is_tail,
                unnest(?::varchar[]) as tail_key""",
            [
                list(read),
                [change.from_position > 0 for change in read.values()],
                [self._known_tail(file) if change.from_position else None for file, change in read.items()],
            ],
        )

    def _known_tail(self, file: str) -> str | None:
        """The key of the record that is read again with the tail of a grown file."""
        known = self.known.get(file)
        return known.tail_key if known and known.tail_outcome == RECORD else None

    def _list_others(self) -> None:
        refusals = self.scratch / "refusals.ndjson"
        refusals.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in self._refusals))
        spooled = self._spool("others", _OTHERS)
        told = f"select * from {spooled} semi join touched using (file) union all by name" if spooled else ""
        self.connection.execute(
            f"create or replace temp table others as {told} select * from {_json(refusals, _OTHERS)}"
        )

    def _compare(self, record_kind: str) -> None:
        """Sort the records of a kind by what the ledger knows of them."""
        connection, kind = self.connection, RECORD_KINDS[record_kind]
        values = {"source": self.source}
        connection.execute(
            f"create or replace temp table offered as {self._offered(record_kind)}",
            values if self._spool("seen", _SEEN) else None,
        )
        connection.execute(
            f"""
            insert into compared
            select '{record_kind}', o.file, o.key, o.position,
                case
                    when o.n > 1 and o.hash = o.winner then 'duplicate'
                    when o.n > 1 then 'superseded'
                    when k.key is null then 'new'
                    when o.is_tail and o.key is distinct from o.tail_key then 'duplicate'
                    when k.hash = o.hash then 'unchanged'
                    else 'changed'
                end
            from offered o
            left join landed.{kind.table} k on k.source = $source and k.file = o.file and k.key = o.key""",
            values,
        )
        connection.execute(
            f"""
            insert into withdrawn
            select '{record_kind}', k.file, k.key from landed.{kind.table} k
            join touched t on t.file = k.file and (not t.is_tail or k.key = t.tail_key)
            where k.source = $source
              and not exists (select 1 from offered o where o.file = k.file and o.key = k.key)""",
            values,
        )

    def _offered(self, record_kind: str) -> str:
        """What the source offers of a kind: what was parsed, and what was recognised without being parsed."""
        kind = RECORD_KINDS[record_kind]
        order = [term.split()[0] for term in kind.newest_first.split(",")]
        columns = ", ".join(dict.fromkeys(["file", "key", "hash", "position", *order]))
        queries = [f"select {columns} from landed.{kind.table} limit 0"]
        if parsed := self._records(record_kind):
            queries = [f"select {columns} from {parsed}"]
        if seen := self._spool("seen", _SEEN):
            landed = ", ".join(
                f"l.{name}" for name in columns.split(", ") if name not in ("file", "position")
            )
            queries.append(
                f"select s.file, s.position, {landed} from {seen} s join landed.{kind.table} l "
                "on l.source = $source and l.file = s.file and l.digest = s.digest"
            )
        everything = " union all by name ".join(f"({query})" for query in queries)
        return f"""
            select o.file, o.key, o.hash, o.position, t.is_tail, t.tail_key,
                row_number() over newest as n, first_value(o.hash) over newest as winner
            from ({everything}) o join touched t using (file)
            window newest as (partition by o.file, o.key order by {kind.newest_first})"""

    def _records(self, record_kind: str) -> str:
        """The parsed records of a kind: as Parquet, for they are looked at more than once."""
        columns = self._record_columns(record_kind)
        spooled = self._spool(record_kind, columns)
        if not spooled:
            return ""
        target = self.scratch / f"{record_kind}.parquet"
        if not target.exists():
            self.connection.execute(f"copy (from {spooled}) to {quoted(target)} (format parquet)")
        return f"read_parquet({quoted(target)})"

    def _record_columns(self, record_kind: str) -> dict[str, str]:
        described = rows(self.connection, f"describe landed.{RECORD_KINDS[record_kind].table}")
        own = {name: kind for name, kind, *_ in described[_LEDGER_COLUMNS:]}
        return {"file": "VARCHAR", "hash": "VARCHAR", **own}

    def _spool(self, name: str, columns: dict[str, str]) -> str:
        path = self.spool / f"{name}.ndjson"
        return _json(path, columns) if path.exists() else ""

    def _findings(self) -> dict[str, Findings]:
        found: dict[str, Findings] = {}
        for file, outcome, number in rows(
            self.connection, "select file, outcome, count(*) from compared group by all"
        ):
            found.setdefault(file, Findings()).outcomes[outcome] = number
        for file, reason, number in rows(
            self.connection,
            "select file, case when is_rejected then null else reason end, count(*) from others group by all",
        ):
            if reason is None:
                found.setdefault(file, Findings()).rejected = number
            else:
                found.setdefault(file, Findings()).skipped[reason] = number
        tails = [(file, each.state.resume_at) for file, each in self.changes.items() if each.state]
        tails = [(file, position) for file, position in tails if position is not None]
        for file, outcome in rows(
            self.connection,
            """
            select file, outcome from compared
            join (select unnest(?::varchar[]) as file, unnest(?::bigint[]) as position)
                using (file, position)""",
            [[file for file, _ in tails], [position for _, position in tails]],
        ):
            found[file].tail = outcome
        return found

    def _write_parts(self, parts: Path, batch: int, landed_at: datetime) -> None:
        constants = f"$source as source, {batch}::bigint as batch, $landed_at::timestamptz as ingested_at"
        values = {"source": self.source, "landed_at": landed_at}
        arrived = rows(
            self.connection, "select distinct record_kind from compared where outcome in ('new', 'changed')"
        )
        queries = {
            landing.WITHDRAWN: f"select {constants}, record_kind, file, key from withdrawn order by all",
            landing.REJECTED: f"""select {constants}, file, position, locator, reason, mend, excerpt
                from others where is_rejected order by file, position""",
        }
        for (record_kind,) in arrived:
            own = [name for name in self._record_columns(record_kind) if name not in ("file", "hash")]
            listed = ", ".join(f'r."{column}"' for column in own)
            queries[f"{record_kind}.parquet"] = f"""
                select {constants}, r.file, r.hash, {listed} from {self._records(record_kind)} r
                semi join (
                    from compared where outcome in ('new', 'changed') and record_kind = '{record_kind}'
                ) c using (file, position)
                order by r.file, r.position"""
        for name, query in queries.items():
            target = quoted(parts / name)
            self.connection.execute(f"copy ({query}) to {target} (format parquet, compression zstd)", values)


def known_files(connection: Connection, source: str) -> dict[str, FileState]:
    """The files of a source as they were last read."""
    found = rows(connection, "select file, state from ledger.files where source = ?", [source])
    return {file: msgspec.json.decode(state, type=FileState) for file, state in found}


def _json(path: Path, columns: dict[str, Any]) -> str:
    typed = ", ".join(f"'{column}': '{kind}'" for column, kind in columns.items())
    return f"read_json({quoted(path)}, format = 'newline_delimited', columns = {{{typed}}})"
