"""The files of a source: which there are, and whether they are as they were."""

import hashlib
import os
import stat
from enum import Enum
from pathlib import Path

from connectors import Connector
from flows.settings import Source
from warehouse.errors import SourceError, SourceVanished
from warehouse.landing import FileState

_WHOLE_UP_TO = 64 * 2**20
_BLOCK = 2**20
_SAMPLES = 32


class Change(Enum):
    """What became of a file since it was last read."""

    NONE = "none"
    GREW = "grew"
    REPLACED = "replaced"


def files_of(source: Source, connector: Connector, *, may_be_empty: bool = False) -> dict[str, Path]:
    """The files that a source consists of, by their name relative to its location.

    Raises SourceVanished if the location is not there, SourceError if it holds no such files, unless it may.
    """
    location = Path(source.location)
    try:
        mode = location.stat().st_mode
    except FileNotFoundError:
        raise SourceVanished(
            f"{source.name}: {location} is not there; put it back or `kith source remove {source.name}`"
        ) from None
    except OSError as error:
        raise SourceError(f"{source.name}: {location}: {error.strerror}; check its permissions") from error
    if stat.S_ISREG(mode):
        return {location.name: location}
    if not stat.S_ISDIR(mode):
        raise SourceError(f"{source.name}: {location} is neither a file nor a folder")
    found = {
        path.relative_to(location).as_posix(): path for path in _walk(location) if _belongs(path, connector)
    }
    if not found and not may_be_empty:
        raise SourceError(f"{source.name}: {location} holds no {' or '.join(connector.suffixes)} files")
    return dict(sorted(found.items()))


def look(path: Path, connector: Connector) -> FileState:
    """The file as it is now, before it is read: size, times and fingerprint; counts are still 0."""
    status = path.stat()
    return FileState(
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        inode=status.st_ino,
        fingerprint=fingerprint(path, status.st_size),
        reader_version=connector.version,
        resume_at=0 if connector.appends else None,
    )


def is_untouched(path: Path, known: FileState, connector: Connector) -> bool:
    """Whether size, time and inode say that the file is as it was when `known` was read."""
    status = path.stat()
    if known.is_refused and known.records:  # it may hold again what it held before
        return False
    return (status.st_size, status.st_mtime_ns, status.st_ino) == (
        known.size,
        known.mtime_ns,
        known.inode,
    ) and known.reader_version == connector.version


def change_of(path: Path, now: FileState, known: FileState) -> Change:
    """What became of a touched file, by its content."""
    if now.reader_version != known.reader_version or now.size < known.size:
        return Change.REPLACED
    if fingerprint(path, known.size) != known.fingerprint:
        return Change.REPLACED
    if now.size > known.size:
        return Change.GREW if known.resume_at is not None and known.size > 0 else Change.REPLACED
    return Change.NONE if now.size <= _WHOLE_UP_TO else Change.REPLACED


def fingerprint(path: Path, length: int) -> str:
    """A hash of the first `length` bytes: of all of them up to 64 MiB, of 34 blocks of 1 MiB beyond.

    A mail archive of many gigabytes grows every night; hashing it whole would cost more than reading what
    is new. A larger file that did not grow but was touched is read again rather than trusted.
    """
    digest = hashlib.sha256(length.to_bytes(8, "big"))
    with path.open("rb") as stream:
        if length <= _WHOLE_UP_TO:
            offsets = [*range(0, length, _BLOCK)]
        else:
            step = (length - _BLOCK) // (_SAMPLES + 1)
            offsets = [*range(0, length - _BLOCK, step), length - _BLOCK]
        for offset in offsets:
            stream.seek(offset)
            digest.update(stream.read(min(_BLOCK, length - offset)))
    return digest.hexdigest()


def _walk(folder: Path) -> list[Path]:
    """Every visible regular file below a folder; links are not followed, so there are no loops."""
    found = []
    for root, folders, names in os.walk(folder, onerror=_raise):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(root) / name for name in sorted(names) if not name.startswith(".")]
    return [path for path in found if path.is_file() and not path.is_symlink()]


def _raise(error: OSError) -> None:
    """A folder that cannot be listed is not an empty one."""
    raise error


def _belongs(path: Path, connector: Connector) -> bool:
    if path.suffix.lower() in connector.suffixes:
        return True
    if connector.signature is None or path.suffix:
        return False
    try:
        with path.open("rb") as stream:
            return stream.read(len(connector.signature)) == connector.signature
    except OSError:
        return True  # a file that cannot be opened is for the reader to report
