"""Whether the parts of a source are as they were: what is known of each, and what became of it."""

import hashlib
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path

from connectors import FORMATS
from connectors.inputs import opened_regular
from flows.parts import Part
from warehouse.landing import FileState

_WHOLE_UP_TO = 64 * 2**20
_BLOCK = 2**20
_SAMPLES = 32
_CRC = "crc32"


class Change(Enum):
    """What became of a file since it was last read."""

    NONE = "none"
    GREW = "grew"
    REPLACED = "replaced"


def unread(part: Part) -> FileState:
    """A file that was looked at and not opened."""
    return FileState(
        size=part.size, mtime_ns=part.mtime_ns, inode=part.inode, fingerprint="", reader_version=0
    )


def look(part: Part) -> FileState:
    """The file as it is now, before it is read: size, times and fingerprint; counts are still 0."""
    return FileState(
        size=part.size,
        mtime_ns=part.mtime_ns,
        inode=part.inode,
        fingerprint=_identity(part),
        reader_version=0,
        resume_at=0 if part.appends else None,
    )


def is_untouched(part: Part, known: FileState) -> bool:
    """Whether size, time and inode say that the file is as it was when `known` was read."""
    if not _is_settled(known):
        return False
    if part.is_immutable:
        return known.fingerprint == part.flags
    return (part.size, part.mtime_ns, part.inode) == (known.size, known.mtime_ns, known.inode)


def is_unchanged_since(part: Part) -> bool:
    """Whether the file on disk is still the one that was looked at; one that grows may have grown."""
    if part.is_immutable:
        return True
    try:
        status = part.path.stat()
    except OSError:
        return False
    if part.appends and status.st_ino == part.inode and status.st_size > part.size:
        return True
    return (status.st_size, status.st_mtime_ns, status.st_ino) == (part.size, part.mtime_ns, part.inode)


def change_of(part: Part, now: FileState, known: FileState) -> Change:
    """What became of a touched file, by its content."""
    if known.is_refused or not known.format or FORMATS[known.format].version != known.reader_version:
        return Change.REPLACED
    if part.member or part.is_immutable:
        return Change.NONE if now.fingerprint == known.fingerprint else Change.REPLACED
    if now.size < known.size or fingerprint(part.path, known.size) != known.fingerprint:
        return Change.REPLACED
    if now.size > known.size:
        return Change.GREW if part.appends and known.resume_at is not None and known.size else Change.REPLACED
    return Change.NONE if now.size <= _WHOLE_UP_TO else Change.REPLACED


def fingerprint(path: Path, length: int) -> str:
    """A hash of the first `length` bytes: of all of them up to 64 MiB, of 34 blocks of 1 MiB beyond.

    A mail archive of many gigabytes grows every night; hashing it whole would cost more than reading what
    is new. A larger file that did not grow but was touched is read again rather than trusted.
    """
    digest = hashlib.sha256(length.to_bytes(8, "big"))
    with opened_regular(path) as stream:
        if length <= _WHOLE_UP_TO:
            offsets = [*range(0, length, _BLOCK)]
        else:
            step = (length - _BLOCK) // (_SAMPLES + 1)
            offsets = [*range(0, length - _BLOCK, step), length - _BLOCK]
        for offset in offsets:
            stream.seek(offset)
            digest.update(stream.read(min(_BLOCK, length - offset)))
    return digest.hexdigest()


def is_archive_untouched(path: Path, file: str, known: Mapping[str, FileState]) -> bool:
    """Whether an archive is as it was, and nothing in it has to be read by another version.

    file: the archive's name in the books. known: the files of the source as they were last read.
    """
    status = path.stat()
    stamp = (status.st_size, status.st_mtime_ns, status.st_ino)
    states = [state for name, state in known.items() if name == file or is_inside(name, file)]
    return (
        file in known
        and not known[file].is_refused
        and all(_is_settled(each) and (each.size, each.mtime_ns, each.inode) == stamp for each in states)
    )


def snapshots_like(part: Part, known: Mapping[str, FileState]) -> Iterator[str]:
    """The other exports of the same file that are known, by their names in the books."""
    stem, at, _ = part.file.rpartition("@")
    if at and FORMATS[part.formats[0]].is_snapshot:
        yield from (file for file in known if file.startswith(f"{stem}@") and file != part.file)


def same_snapshot(part: Part, known: Mapping[str, FileState]) -> str:
    """The known export that is this very file, which was touched since the date in its name; or nothing."""
    return next((file for file in snapshots_like(part, known) if is_untouched(part, known[file])), "")


def is_inside(name: str, archive: str) -> bool:
    """Whether a name in the books is that of a member of an archive."""
    return name.startswith(f"{archive}!/")


def _is_settled(known: FileState) -> bool:
    """Whether a file need not be read again as long as it is as it was."""
    if known.is_refused and known.records:  # it may hold again what it held before
        return False
    if not known.format:  # none of ours; but an older version did not note what it was read as
        return known.reader_version == 0
    return FORMATS[known.format].version == known.reader_version


def is_snapshot(state: FileState) -> bool:
    """Whether what the file said stays true though it is gone."""
    return bool(state.format) and FORMATS[state.format].is_snapshot


def _identity(part: Part) -> str:
    if part.is_immutable:
        return part.flags
    if part.member:
        return f"{_CRC}:{part.member.crc:08x}:{part.member.size}"
    return fingerprint(part.path, part.size)
