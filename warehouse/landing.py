"""Landing: immutable batches of records on disk, from which the warehouse can be made anew at any time.

    landing/<source>/<batch>-<digest>/   manifest.json  withdrawn.parquet  rejected.parquet
                                         message.parquet  event.parquet  card.parquet …  what there is of each
    landing/runs/<batch>-<run>.json      what one run of the sync did, one entry a source

A batch is written under a temporary name, synced to the disk, renamed, and never touched again. Batches are
numbered over all sources; loading them in that order gives the same warehouse every time. Only to forget
somebody a batch is replaced, by a whole new one of its number; of two with one number the later one counts.
"""

import hashlib
import os
import shutil
from collections.abc import Container, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from warehouse.errors import WarehouseError

_Kind = TypeVar("_Kind")

RUNS = "runs"
WITHDRAWN, REJECTED, MANIFEST = "withdrawn.parquet", "rejected.parquet", "manifest.json"
_OF_VERSION_1 = "records.parquet"


class FileState(msgspec.Struct, kw_only=True, frozen=True):
    """A file as it was read: enough to know a change without reading it, and where to go on if it grew.

    fingerprint: hash of the first `size` bytes, or what else tells its content. format: what it was read as,
    empty if it was none of the source's. record_kind: what it holds. resume_at: offset of its last item, None
    if the format cannot be read from the middle. tail_key: the key of that item. tail_outcome: ``record``,
    ``quarantined`` or the reason why it was skipped. is_refused: it could not be read the last time.
    records, skipped, quarantined: the file's share of the books.
    """

    size: int
    mtime_ns: int
    inode: int
    fingerprint: str
    reader_version: int
    format: str = ""
    record_kind: str = ""
    resume_at: int | None = None
    tail_key: str | None = None
    tail_outcome: str = "record"
    is_refused: bool = False
    records: int = 0
    skipped: dict[str, int] = {}
    quarantined: int = 0


class FileChange(msgspec.Struct, kw_only=True, frozen=True):
    """What a batch says of a file: read anew from `from_position` on; state None: the file is gone."""

    from_position: int
    state: FileState | None


class Manifest(msgspec.Struct, kw_only=True, frozen=True):
    """What a batch is: whose, when, what it holds, and the SHA-256 of each of its parts.

    record_kind: of the one kind of record in a batch of schema version 1; empty in later ones.
    rewritten: how many times the batch was written anew, without somebody who was forgotten.
    """

    schema_version: int
    batch: int
    source: str
    kind: str
    record_kind: str = ""
    location: str
    run_id: str
    landed_at: datetime
    is_removal: bool = False
    files: dict[str, FileChange]
    parts: dict[str, str]
    rewritten: int = 0


class SourceRun(msgspec.Struct, kw_only=True, frozen=True):
    """What one run did with one source: the books."""

    name: str
    kind: str
    status: str
    error: str | None = None
    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped: dict[str, int] = {}
    quarantined: int = 0
    withdrawn: int = 0
    seconds: float = 0.0

    @property
    def is_balanced(self) -> bool:
        """read = new + changed + unchanged + skipped + quarantined."""
        return self.read == (
            self.new + self.changed + self.unchanged + sum(self.skipped.values()) + self.quarantined
        )


class Run(msgspec.Struct, kw_only=True, frozen=True):
    """One run of the sync over its sources."""

    batch: int
    run_id: str
    started_at: datetime
    finished_at: datetime
    as_of: date
    sources: list[SourceRun]


class Batch(msgspec.Struct, frozen=True):
    """A landed batch and its folder."""

    folder: Path
    manifest: Manifest

    def records(self, record_kind: str) -> Path | None:
        """The part that holds the records of a kind, if there are any."""
        name = _OF_VERSION_1 if self.manifest.record_kind == record_kind else f"{record_kind}.parquet"
        return self.folder / name if name in self.manifest.parts else None


class Landing:
    """The batches under one folder. Only the holder of the writer's lock may add to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def batches(self, *, but: Container[int] = ()) -> list[Batch]:
        """Every landed batch, in order, without those of the numbers `but`, which are not looked at.

        Raises WarehouseError for a manifest that it cannot read.
        """
        found: dict[tuple[str, int], Batch] = {}
        for path in self.folder.glob(f"*/*/{MANIFEST}"):
            name = path.parent.name
            if name.startswith(".") or _number(name) in but:
                continue
            batch = Batch(path.parent, _decoded(path, Manifest))
            place = (path.parent.parent.name, batch.manifest.batch)
            if place not in found or found[place].manifest.rewritten < batch.manifest.rewritten:
                found[place] = batch
        return sorted(found.values(), key=lambda batch: batch.manifest.batch)

    def leftovers(self) -> list[Path]:
        """What killed writers left: batches that were replaced, or half removed, and temporary files."""
        living = {(batch.folder.parent.name, batch.manifest.batch): batch.folder for batch in self.batches()}
        hidden = [path for path in self.folder.rglob(".*") if path.parent != path]
        entries = [entry for entry in self._entries() if entry.is_dir()]
        replaced = [
            entry for entry in entries if living.get((entry.parent.name, _number(entry.name)), entry) != entry
        ]
        return [*hidden, *replaced]

    def runs(self, *, but: Container[str] = ()) -> list[Run]:
        """Every recorded run, in order, without those of the ids `but`, which are not looked at."""
        paths = sorted((self.folder / RUNS).glob("*.json"))
        return [_decoded(path, Run) for path in paths if path.stem.partition("-")[2] not in but]

    def next_batch(self) -> int:
        """One more than the highest number in use."""
        numbers = [_number(entry.name) for entry in self._entries()]
        return max(numbers, default=0) + 1

    def add(self, parts: Path, manifest: Manifest) -> Batch:
        """Make the Parquet files in `parts` a batch: all of it is on the disk, or none of it is.

        `parts` is on the same file system and is consumed.
        """
        digests = {part.name: _digest(part) for part in sorted(parts.iterdir())}
        manifest = msgspec.structs.replace(manifest, parts=digests)
        content = msgspec.json.format(msgspec.json.encode(manifest))
        (parts / MANIFEST).write_bytes(content)
        home = self.folder / manifest.source
        home.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(content).hexdigest()[:12]
        target = home / f"{manifest.batch:08d}-{digest}"
        for part in parts.iterdir():
            sync_to_disk(part)
        sync_to_disk(parts)
        parts.rename(target)
        sync_to_disk(home)
        sync_to_disk(self.folder)
        return Batch(target, manifest)

    def replace(self, batch: Batch, parts: Path, manifest: Manifest) -> Batch:
        """Put what is in `parts` in the place of a batch: at every instant one of the two counts.

        `parts` is on the same file system and is consumed.
        """
        rewritten = batch.manifest.rewritten + 1
        added = self.add(parts, msgspec.structs.replace(manifest, rewritten=rewritten))
        remove(batch.folder)
        return added

    def add_run(self, run: Run) -> None:
        """Record a run."""
        home = self.folder / RUNS
        home.mkdir(parents=True, exist_ok=True)
        write_durably(home / f"{run.batch:08d}-{run.run_id}.json", msgspec.json.encode(run))

    def _entries(self) -> Iterator[Path]:
        for home in self.folder.iterdir() if self.folder.is_dir() else ():
            if home.is_dir():
                yield from (entry for entry in home.iterdir() if entry.name[:8].isdigit())


def verify(batch: Batch) -> None:
    """Raise WarehouseError if a part of the batch is not what was landed."""
    for name, digest in batch.manifest.parts.items():
        part = batch.folder / name
        if not part.is_file() or _digest(part) != digest:
            raise WarehouseError(f"{part}: damaged or missing; restore landing from a backup")


def remove(path: Path) -> None:
    """Remove a file or a folder, and have that on the disk."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    sync_to_disk(path.parent)


def write_durably(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Write a file so that after a power cut it is there as a whole or not at all. mode: its permissions."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    temporary.touch(mode=0o666 if mode is None else mode)
    temporary.write_bytes(content)
    sync_to_disk(temporary)
    temporary.replace(path)
    sync_to_disk(path.parent)


def sync_to_disk(path: Path) -> None:
    """fsync a file or a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def clear(folder: Path) -> Path:
    """An empty folder: what a killed run left in it is gone."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _number(entry: str) -> int:
    """The number that the name of a batch or a run begins with."""
    digits = entry.partition("-")[0]
    return int(digits) if digits.isdigit() else 0


def _decoded(path: Path, kind: type[_Kind]) -> _Kind:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError) as error:
        raise WarehouseError(f"{path}: {error}; restore it from a backup") from error


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
