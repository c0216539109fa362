"""What becomes of each landed batch: which of its rows go, which change, and what its manifest says then.

Nothing in landing is touched. The rows that stay are left as lines of JSON for whoever writes the batches.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

import msgspec

from warehouse import landing
from warehouse.connection import Connection, quoted
from warehouse.forgetting.lines import sift
from warehouse.forgetting.recognising import Forgotten
from warehouse.forgetting.versions import Gone, Record, recounted, returning, versions
from warehouse.landing import Batch, FileChange, FileState, Landing, Manifest

_OF_VERSION_1 = "records"
_WITHDRAWN_KIND = "withdrawn"


@dataclass
class PartPlan:
    """What becomes of one part of a batch: lines holds its rows as they stay, as JSON."""

    kind: str
    lines: Path
    gone: set[Record] = field(default_factory=set)
    changed: int = 0


@dataclass(frozen=True)
class BatchPlan:
    """What becomes of one batch: the parts that change, and its new manifest."""

    batch: Batch
    manifest: Manifest
    parts: dict[str, PartPlan]

    @property
    def is_changed(self) -> bool:
        return bool(self.parts) or self.manifest != self.batch.manifest

    @property
    def gone(self) -> set[Record]:
        """The records that go."""
        return set().union(*(part.gone for part in self.parts.values()))

    @property
    def losses(self) -> dict[str, int]:
        """How many rows of each kind go, or are changed."""
        found = {each.kind: len(each.gone) + each.changed for each in self.parts.values()}
        return found or {"file names and states": 1}


def plan(connection: Connection, source: Landing, forgotten: Forgotten, scratch: Path) -> list[BatchPlan]:
    """The batches that change, in order, and what becomes of them. Leaves lines of JSON in `scratch`."""
    by_source = sorted(source.batches(), key=lambda batch: batch.manifest.source)
    plans: list[BatchPlan] = []
    for _, batches in groupby(by_source, key=lambda batch: batch.manifest.source):
        found = [_sifted(connection, batch, forgotten, scratch) for batch in batches]
        plans += _settled(connection, found, forgotten, scratch)
    changed = (replace(each, manifest=_without_names(each.manifest, forgotten)) for each in plans)
    return sorted((each for each in changed if each.is_changed), key=lambda each: each.batch.manifest.batch)


def _sifted(connection: Connection, batch: Batch, forgotten: Forgotten, scratch: Path) -> BatchPlan:
    """What goes of the rows of a batch."""
    landing.verify(batch)
    found = BatchPlan(batch, batch.manifest, {})
    for name in batch.manifest.parts:
        kind = name.removesuffix(".parquet")
        kind = batch.manifest.record_kind if kind == _OF_VERSION_1 else kind
        lines = _lines(connection, batch, name, scratch)
        kept = lines.with_suffix(".kept")
        with lines.open("rb") as before, kept.open("wb") as after:
            gone, changed = sift(before, after, kind, forgotten, batch.manifest.source)
        lines.unlink()
        if gone or changed:
            records = {Record(kind, row["file"], row["key"]) for row in gone}
            found.parts[name] = PartPlan(kind, kept, records, changed)
        else:
            kept.unlink()
    return found


def _lines(connection: Connection, batch: Batch, name: str, scratch: Path) -> Path:
    """The rows of a part as lines of JSON."""
    lines = scratch / f"{batch.manifest.batch}-{name}.ndjson"
    connection.execute(
        f"copy (from read_parquet({quoted(batch.folder / name)})) to {quoted(lines)} (format json)"
    )
    return lines


def _settled(
    connection: Connection, plans: Sequence[BatchPlan], forgotten: Forgotten, scratch: Path
) -> list[BatchPlan]:
    """The plans of one source, in order, with its books balanced and no older version that comes back."""
    gone: Gone = {each.batch.manifest.batch: records for each in plans if (records := each.gone)}
    if not gone:
        return list(plans)
    files = {record.file for records in gone.values() for record in records}
    found = versions(connection, [each.batch for each in plans], files)
    for each in plans:
        _withdraw(connection, each, returning(found, gone, each.batch.manifest.batch), forgotten, scratch)
    manifests = recounted([each.manifest for each in plans], found, gone)
    return [replace(each, manifest=manifest) for each, manifest in zip(plans, manifests, strict=True)]


def _withdraw(
    connection: Connection, each: BatchPlan, records: Sequence[Record], forgotten: Forgotten, scratch: Path
) -> None:
    """Let a batch say also that these records are withdrawn."""
    if not records:
        return
    manifest, name = each.batch.manifest, landing.WITHDRAWN
    if name not in each.parts:
        each.parts[name] = PartPlan(_WITHDRAWN_KIND, _lines(connection, each.batch, name, scratch))
    ledger = {"source": manifest.source, "batch": manifest.batch, "ingested_at": manifest.landed_at}
    with each.parts[name].lines.open("ab") as out:
        for kind, file, key in records:
            place = {
                "record_kind": kind,
                "file": forgotten.hidden_path(file, manifest.source),
                "key": forgotten.hidden(key, manifest.source),
            }
            out.write(msgspec.json.encode(ledger | place) + b"\n")
    each.parts[name].changed += len(records)


def _without_names(manifest: Manifest, forgotten: Forgotten) -> Manifest:
    """No name of a file, no key and no place that holds an identifier."""
    source = manifest.source
    files = {
        forgotten.hidden_path(file, source): FileChange(
            from_position=change.from_position, state=_without_key(change.state, forgotten, source)
        )
        for file, change in manifest.files.items()
    }
    location = forgotten.hidden_path(manifest.location, source)
    return msgspec.structs.replace(manifest, files=files, location=location)


def _without_key(state: FileState | None, forgotten: Forgotten, source: str) -> FileState | None:
    if state is None or not state.tail_key:
        return state
    return msgspec.structs.replace(state, tail_key=forgotten.hidden(state.tail_key, source))
