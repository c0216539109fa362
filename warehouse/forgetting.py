"""Forgetting in landing: every batch that names somebody who is forgotten is written anew without them.

What goes is decided by `forgotten.json` alone, so that whoever comes next can finish what was cut off.
Batches are planned all at once and replaced from the newest to the oldest: the newest says how many records a
file still holds, and that has to be right whatever is left to do.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from warehouse import decided_without, landing
from warehouse.cleansing import Row, cleansed, names_them
from warehouse.connection import Connection, opened, rows
from warehouse.errors import WarehouseError
from warehouse.forgotten import REASON, Forgotten, of_home, read_memory, write_memory
from warehouse.landing import Batch, FileChange, FileState, Landing, Manifest
from warehouse.schema import RECORD_KINDS

DECISIONS = "decisions.jsonl"
_OF_VERSION_1 = "records"
Place = tuple[str, str]  # the file and the key of a record
Puts = dict[tuple[str, Place], list[int]]  # by kind of record and place the batches that say something of it


@dataclass
class PartPlan:
    """What becomes of one part of a batch: lines holds its rows as they stay, as JSON."""

    kind: str
    lines: Path
    dropped: set[Place] = field(default_factory=set)
    changed: int = 0


@dataclass
class BatchPlan:
    """What becomes of one batch: the parts that change, and its new manifest."""

    batch: Batch
    manifest: Manifest
    parts: dict[str, PartPlan]

    @property
    def is_changed(self) -> bool:
        return bool(self.parts) or self.manifest != self.batch.manifest

    @property
    def losses(self) -> dict[str, int]:
        """How many rows of each kind go, or are changed."""
        found = {each.kind: len(each.dropped) + each.changed for each in self.parts.values()}
        return found | ({"file names and states": 1} if self.is_changed and not found else {})


def is_unfinished(home: Path) -> bool:
    """Whether somebody was to be forgotten and it was cut off."""
    memory = read_memory(home)
    return memory is not None and not memory.is_finished


def finish(home: Path, scratch: Path) -> bool:
    """Do in landing and decisions what is left to do; whether there was an order to.

    Under the writer's lock. The warehouse has to be made anew from landing then, and `settle` to be called.
    """
    forgotten = of_home(home)
    if forgotten is None or not is_unfinished(home):
        return False
    purge(home, forgotten, scratch)
    return True


def settle(home: Path) -> None:
    """Note that nothing is left to do: the warehouse has been made anew."""
    memory = read_memory(home)
    if memory and not memory.is_finished:
        write_memory(home, msgspec.structs.replace(memory, is_finished=True))


def purge(home: Path, forgotten: Forgotten, scratch: Path) -> None:
    """Take the forgotten out of landing and decisions. Killed at any instant, all of it can be loaded."""
    source = Landing(home / "landing")
    _remove_leftovers(source)
    with opened(Path(":memory:"), read_only=False) as connection:
        for each in reversed(plan(connection, source, forgotten, landing.clear(scratch))):
            _replace(connection, source, each, landing.clear(scratch / "batch"))
        for path in sorted(source.folder.glob("*.parquet")):
            _without_rows(connection, path, forgotten, scratch)
    _remove_leftovers(source)
    for path in sorted((source.folder / landing.RUNS).glob("*.json")):
        _rewrite(path, lambda content: _run_without(content, home))
    # Where the decisions are a link into a checkout, they stay one.
    _rewrite((home / DECISIONS).resolve(), lambda content: decided_without.without(content, forgotten))


def plan(connection: Connection, source: Landing, forgotten: Forgotten, scratch: Path) -> list[BatchPlan]:
    """The batches that change, in order, and what becomes of them. Leaves lines of JSON in `scratch`."""
    batches = source.batches()
    plans = [_plan_batch(connection, batch, forgotten, scratch) for batch in batches]
    for name in {each.batch.manifest.source for each in plans if each.parts}:
        _settle_source(connection, [each for each in plans if each.batch.manifest.source == name], forgotten)
    for each in plans:
        each.manifest = _without_names(each.manifest, forgotten)
    return [each for each in plans if each.is_changed]


def _plan_batch(connection: Connection, batch: Batch, forgotten: Forgotten, scratch: Path) -> BatchPlan:
    landing.verify(batch)
    planned = BatchPlan(batch, batch.manifest, {})
    for name in batch.manifest.parts:
        kind = name.removesuffix(".parquet")
        kind = batch.manifest.record_kind if kind == _OF_VERSION_1 else kind
        lines = scratch / f"{batch.manifest.batch}-{name}.ndjson"
        part = PartPlan(kind, lines)
        _sift(connection, batch.folder / name, part, forgotten, batch.manifest.source)
        if part.dropped or part.changed:
            planned.parts[name] = part
        else:
            lines.unlink()
    return planned


def _sift(connection: Connection, parquet: Path, part: PartPlan, forgotten: Forgotten, source: str) -> None:
    """The rows of a Parquet file, as they may stay, into the lines of a part."""
    raw = part.lines.with_suffix(".raw")
    connection.execute(f"copy (from read_parquet({_quoted(parquet)})) to {_quoted(raw)} (format json)")
    with raw.open("rb") as rows_, part.lines.open("wb") as out:
        for line in rows_:
            row: Row = msgspec.json.decode(line)
            kept = cleansed(part.kind, row, forgotten, source)
            if kept is None:
                part.dropped.add((row["file"], row["key"]))
            else:
                part.changed += kept is not row
                out.write(line if kept is row else msgspec.json.encode(kept) + b"\n")
    raw.unlink()


def _settle_source(connection: Connection, plans: Sequence[BatchPlan], forgotten: Forgotten) -> None:
    """Of one source: the counts of its files without what goes, and no older version that comes back."""
    gone = {
        (part.kind, place, each.batch.manifest.batch)
        for each in plans
        for part in each.parts.values()
        for place in part.dropped
    }
    files = {file for _, (file, _), _ in gone}
    puts, ends = _history(connection, plans, files)
    for each in plans:
        _end_older(connection, each, gone, puts, forgotten)
    alive: dict[str, int] = defaultdict(int)
    for (kind, place), numbers in puts.items():
        last = max(numbers)
        alive[place[0]] += last > ends.get((kind, place), -1) and (kind, place, last) not in gone
    keys = {place for _, place, _ in gone}
    counted: set[str] = set()
    for each in reversed(plans):
        changes = dict(each.manifest.files)
        for file in files & changes.keys():
            state = changes[file].state
            if state:
                state = _without_tail(state, keys, file)
                state = state if file in counted else _recounted(state, alive[file])
                changes[file] = FileChange(from_position=changes[file].from_position, state=state)
            counted.add(file)
        each.manifest = msgspec.structs.replace(each.manifest, files=changes)


def _history(
    connection: Connection, plans: Sequence[BatchPlan], files: Iterable[str]
) -> tuple[Puts, dict[tuple[str, Place], int]]:
    """What the batches of a source say of the records of some files, and when each record was last ended."""
    puts: Puts = defaultdict(list)
    ends: dict[tuple[str, Place], int] = {}
    wanted: list[object] = [list(files)]
    for each in plans:
        batch, number = each.batch, each.batch.manifest.batch
        if batch.manifest.is_removal:
            ends.update(dict.fromkeys(puts, number))
        for kind in RECORD_KINDS:
            if part := batch.records(kind):
                query = f"select file, key from read_parquet({_quoted(part)}) where list_contains($1, file)"
                for file, key in rows(connection, query, wanted):
                    puts[kind, (file, key)].append(number)
        if landing.WITHDRAWN in batch.manifest.parts:
            column = f"'{batch.manifest.record_kind}'" if batch.manifest.record_kind else "record_kind"
            withdrawn = _quoted(batch.folder / landing.WITHDRAWN)
            query = f"select {column}, file, key from read_parquet({withdrawn}) where list_contains($1, file)"
            for kind, file, key in rows(connection, query, wanted):
                ends[kind, (file, key)] = number
    return puts, ends


def _end_older(
    connection: Connection,
    each: BatchPlan,
    gone: set[tuple[str, Place, int]],
    puts: Puts,
    forgotten: Forgotten,
) -> None:
    """Withdraw the older versions, which name nobody, of records that go from this batch."""
    manifest, ended = each.batch.manifest, list[Row]()
    for kind, (file, key) in ((part.kind, place) for part in each.parts.values() for place in part.dropped):
        before = [number for number in puts[kind, (file, key)] if number < manifest.batch]
        if any((kind, (file, key), number) not in gone for number in before):
            place = {
                "file": forgotten.hidden_path(file, manifest.source),
                "key": forgotten.hidden(key, manifest.source),
            }
            ended.append({"record_kind": kind, **place})
    if not ended:
        return
    name = landing.WITHDRAWN
    if name not in each.parts:
        lines = next(iter(each.parts.values())).lines.with_name(f"{manifest.batch}-{name}.ndjson")
        parquet = _quoted(each.batch.folder / name)
        connection.execute(f"copy (from read_parquet({parquet})) to {_quoted(lines)} (format json)")
        each.parts[name] = PartPlan("withdrawn", lines)
    ledger = {"source": manifest.source, "batch": manifest.batch, "ingested_at": manifest.landed_at}
    with each.parts[name].lines.open("ab") as out:
        out.writelines(msgspec.json.encode(ledger | row) + b"\n" for row in ended)
    each.parts[name].changed += len(ended)


def _recounted(state: FileState, records: int) -> FileState:
    """What no longer counts as a record counts as skipped: the books of the file still balance."""
    skipped = dict(state.skipped)
    skipped[REASON] = state.records + skipped.pop(REASON, 0) - records
    return msgspec.structs.replace(
        state, records=records, skipped={reason: number for reason, number in skipped.items() if number > 0}
    )


def _without_tail(state: FileState, gone: set[Place], file: str) -> FileState:
    """A last record that goes was skipped, so that the next reading from there counts right."""
    if state.tail_outcome != "record" or state.tail_key is None or (file, state.tail_key) not in gone:
        return state
    return msgspec.structs.replace(state, tail_outcome=REASON, tail_key=None)


def _without_names(manifest: Manifest, forgotten: Forgotten) -> Manifest:
    """No name of a file, no key and no place that holds an identifier."""
    source = manifest.source
    files = {}
    for file, change in manifest.files.items():
        state = change.state
        if state and state.tail_key and forgotten.holds(state.tail_key, source):
            state = msgspec.structs.replace(state, tail_key=forgotten.hide(state.tail_key))
        changed = FileChange(from_position=change.from_position, state=state)
        files[forgotten.hidden_path(file, source)] = changed
    return msgspec.structs.replace(
        manifest, files=files, location=forgotten.hidden_path(manifest.location, source)
    )


def _replace(connection: Connection, source: Landing, each: BatchPlan, folder: Path) -> None:
    """Write a batch anew and put it in the place of the old one."""
    for name in each.batch.manifest.parts:
        old = each.batch.folder / name
        if part := each.parts.get(name):
            _to_parquet(connection, part.lines, old, folder / name)
        else:
            (folder / name).write_bytes(old.read_bytes())
    source.replace(each.batch, folder, each.manifest)


def _to_parquet(connection: Connection, lines: Path, like: Path, target: Path) -> None:
    """Lines of JSON as a Parquet file with the columns of another."""
    described = rows(connection, f"describe from read_parquet({_quoted(like)})")
    columns: Mapping[str, str] = {name: kind for name, kind, *_ in described}
    typed = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    told = f"read_json({_quoted(lines)}, format = 'newline_delimited', columns = {{{typed}}})"
    told = told if lines.stat().st_size else f"(from read_parquet({_quoted(like)}) limit 0)"
    order = "file, position" if {"file", "position"} <= columns.keys() else "all"
    query = f"select * from {told} order by {order}"
    connection.execute(f"copy ({query}) to {_quoted(target)} (format parquet, compression zstd)")


def _without_rows(connection: Connection, path: Path, forgotten: Forgotten, scratch: Path) -> None:
    """A Parquet file beside the batches without the rows that name them, whatever its columns are."""
    lines, kept, found = scratch / "rows.ndjson", scratch / "kept.ndjson", False
    connection.execute(f"copy (from read_parquet({_quoted(path)})) to {_quoted(lines)} (format json)")
    with lines.open("rb") as before, kept.open("wb") as after:
        for line in before:
            if names_them(msgspec.json.decode(line), forgotten):
                found = True
            else:
                after.write(line)
    if found:
        target = scratch / "rows.parquet"
        _to_parquet(connection, kept, path, target)
        landing.write_durably(path, target.read_bytes())


def _run_without(content: bytes, home: Path) -> bytes:
    run = msgspec.json.decode(content, type=landing.Run)
    told = landing.without_forgotten(run, home)
    return content if told is run else msgspec.json.encode(told)


def _rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Write a file anew if `change` makes something else of its content."""
    with suppress(FileNotFoundError):
        before = path.read_bytes()
        try:
            after = change(before)
        except msgspec.MsgspecError as error:
            raise WarehouseError(f"{path}: {error}; mend it or restore it from a backup") from error
        if after != before:
            landing.write_durably(path, after, mode=0o600)


def _remove_leftovers(source: Landing) -> None:
    for path in source.leftovers():
        if path.exists():
            landing.remove(path)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
