"""What it means for a source that records go: no older version comes back, and the books still balance.

A record's newest version counts. If that one goes, an older version that names nobody must not take its
place; and a file's count of records is told by the newest batch that says anything of the file.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from warehouse import landing
from warehouse.connection import Connection, quoted, rows
from warehouse.forgetting.memory import REASON
from warehouse.landing import Batch, FileChange, FileState, Manifest
from warehouse.schema import RECORD_KINDS


class Record(NamedTuple):
    """A record of a source. kind: of the record."""

    kind: str
    file: str
    key: str


Gone = dict[int, set[Record]]  # by number of the batch


class Versions(NamedTuple):
    """Of some files: the batches in which each record is put, and the last that withdraws it."""

    puts: dict[Record, list[int]]
    ends: dict[Record, int]

    def survivors(self, gone: Gone) -> Iterator[Record]:
        """The records that are still there without those that go."""
        for record, numbers in self.puts.items():
            last = max(numbers)
            if last > self.ends.get(record, -1) and record not in gone.get(last, ()):
                yield record


def versions(connection: Connection, batches: Sequence[Batch], files: Iterable[str]) -> Versions:
    """What the batches of one source, in order, say of the records of some files."""
    found = Versions(defaultdict(list), {})
    wanted: list[object] = [list(files)]
    for batch in batches:
        number = batch.manifest.batch
        if batch.manifest.is_removal:
            found.ends.update(dict.fromkeys(found.puts, number))
        for kind in RECORD_KINDS:
            if part := batch.records(kind):
                query = f"select file, key from read_parquet({quoted(part)}) where list_contains($1, file)"
                for file, key in rows(connection, query, wanted):
                    found.puts[Record(kind, file, key)].append(number)
        if landing.WITHDRAWN in batch.manifest.parts:
            old = batch.manifest.record_kind
            query = f"""
                select {f"'{old}'" if old else "record_kind"}, file, key
                from read_parquet({quoted(batch.folder / landing.WITHDRAWN)})
                where list_contains($1, file)"""
            found.ends.update((Record(*each), number) for each in rows(connection, query, wanted))
    return found


def returning(found: Versions, gone: Gone, number: int) -> list[Record]:
    """The records that go from a batch and of which an older version, which stays, would count again."""
    return [
        record
        for record in sorted(gone.get(number, ()))
        if any(before < number and record not in gone.get(before, ()) for before in found.puts[record])
    ]


def recounted(manifests: Sequence[Manifest], found: Versions, gone: Gone) -> list[Manifest]:
    """The manifests of a source, in order, with the counts of its files as they are without what goes."""
    alive: dict[str, int] = defaultdict(int)
    for record in found.survivors(gone):
        alive[record.file] += 1
    went: dict[str, set[str]] = defaultdict(set)
    for record in set().union(*gone.values()):
        went[record.file].add(record.key)
    counted: set[str] = set()
    changed: list[Manifest] = []
    for manifest in reversed(manifests):
        files = dict(manifest.files)
        for file in went.keys() & files.keys():
            files[file] = _recounted(files[file], went[file], None if file in counted else alive[file])
        counted |= went.keys() & files.keys()
        changed.append(msgspec.structs.replace(manifest, files=files))
    return changed[::-1]


def with_skipped_tail(state: FileState) -> FileState:
    """A last record that goes was skipped, so that the next reading from there counts right."""
    return msgspec.structs.replace(state, tail_outcome=REASON, tail_key=None)


def _recounted(change: FileChange, gone: Collection[str], records: int | None) -> FileChange:
    """What is no record any more was skipped. records: how many are left, if that is to be told."""
    state = change.state
    if state is None:
        return change
    if state.tail_outcome == "record" and state.tail_key in gone:
        state = with_skipped_tail(state)
    if records is not None:
        skipped = dict(state.skipped)
        skipped[REASON] = state.records + skipped.pop(REASON, 0) - records
        skipped = {reason: number for reason, number in skipped.items() if number > 0}
        state = msgspec.structs.replace(state, records=records, skipped=skipped)
    return msgspec.structs.replace(change, state=state)
