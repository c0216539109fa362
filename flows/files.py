"""The files of a source: which there are, and whether they are as they were."""

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path

from connectors import FORMATS, IN_ARCHIVES, KINDS
from connectors.archives import Member
from connectors.inputs import opened_regular
from connectors.orders import Job, Listed, Place
from connectors.packed import PACKERS
from connectors.recognise import parts_of
from connectors.records import NotThisFormat
from flows.settings import Source
from warehouse.errors import SourceError, SourceVanished
from warehouse.landing import FileState

_WHOLE_UP_TO = 64 * 2**20
_BLOCK = 2**20
_SAMPLES = 32
_ARCHIVES = (".zip",)
_CRC = "crc32"
_EXPORTED_ON = re.compile(r"(?<!\d)(?:(\d{4})-(\d\d)-(\d\d)|(\d\d)-(\d\d)-(\d{4}))(?!\d)")
_MAILDIR_FLAGS = re.compile(r"[:;!]2,([A-Za-z]*)$")

Lister = Callable[[Mapping[Path, str]], Mapping[Path, Listed]]
"""What is in archives, given as path and name in the books; without those that are as they were."""


class Change(Enum):
    """What became of a file since it was last read."""

    NONE = "none"
    GREW = "grew"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file of a source, on disk or in an archive.

    file: its name in the books. name: what its reader is told. formats: those it may be in; is_certain: it is
    in the first. size, mtime_ns, inode: of the file on disk, the archive of a member. flags: what of its name
    may change, of an immutable file. refusal: why it must not be opened, else empty. is_archive: it is noted
    that it was looked into, and its members are parts; is_listed: they are, else they are as they were.
    """

    file: str
    name: str
    path: Path
    formats: tuple[str, ...]
    is_certain: bool = True
    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    packer: str = ""
    member: Member | None = None
    dated: datetime | None = None
    flags: str = ""
    refusal: str = ""
    is_archive: bool = False
    is_listed: bool = True

    @property
    def appends(self) -> bool:
        """Whether it may be read from the middle."""
        return FORMATS[self.formats[0]].appends and not self.packer and self.member is None

    @property
    def is_immutable(self) -> bool:
        """Whether its name alone tells that it is known."""
        return FORMATS[self.formats[0]].is_immutable

    def job(self, *, start: int = 0, known: Path | None = None) -> Job:
        """What a worker is told to read."""
        return Job(
            file=self.file,
            name=self.name,
            place=Place(path=os.fsencode(self.path), member=self.member, packer=self.packer),
            formats=self.formats,
            is_certain=self.is_certain,
            start=start,
            size=None if self.packer or self.member or self.is_immutable else self.size,
            dated=self.dated,
            known=str(known or ""),
        )


def parts_of_source(source: Source, listed: Lister, *, may_be_empty: bool = False) -> dict[str, Part]:
    """What a source consists of, by its name in the books.

    listed: what is in archives. Raises SourceVanished if the location is not there, SourceError if it holds
    nothing of the kind, unless it may.
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
        found = list(_of_file(location.resolve(), source.kind, listed))
    elif not stat.S_ISDIR(mode):
        raise SourceError(f"{source.name}: {location} is neither a file nor a folder")
    elif source.kind == "maildir":
        found = list(_of_maildir(location))
    else:
        found = list(_of_folder(location, source.kind, listed))
    is_nothing = all(part.is_archive and part.is_listed and not part.refusal for part in found)
    if is_nothing and not may_be_empty:
        raise SourceError(f"{source.name}: {location} holds no {_wanted(source.kind)}")
    return _by_name(found)


def _by_name(parts: list[Part]) -> dict[str, Part]:
    """Parts by their names in the books, which are text, and each of them another."""
    found: dict[str, Part] = {}
    for part in sorted(parts, key=lambda part: (part.file, bool(part.refusal))):
        file, number = readable(part.file), 2
        while file in found:
            file, number = f"{readable(part.file)} ({number})", number + 1
        found[file] = replace(part, file=file, name=readable(part.name))
    return found


def readable(name: str) -> str:
    """A file's name as text: bytes that are no UTF-8 are shown by their numbers."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


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


def _of_file(path: Path, kind: str, listed: Lister) -> Iterator[Part]:
    """The parts of a lone file, which is of the kind whatever it is called."""
    if kind in IN_ARCHIVES and path.suffix.lower() in _ARCHIVES:
        together = parts_of(path.name, [each.name for each in path.parent.iterdir()]) or [path.name]
        yield from _of_archives([(path.with_name(name), name) for name in together], kind, listed)
        return
    bare, packer = unpacked_name(path.name)
    formats = _formats_of(bare, kind) or KINDS[kind]
    yield replace(_dated(_on_disk(path, path.name, bare, formats[:1], packer)), is_certain=True)


def _of_folder(location: Path, kind: str, listed: Lister) -> Iterator[Part]:
    archives = []
    for path in _walk(location):
        file = path.relative_to(location).as_posix()
        bare, packer = unpacked_name(file)
        is_archive = kind in IN_ARCHIVES and path.suffix.lower() in _ARCHIVES
        is_archive = is_archive or (path.is_symlink() and path.is_dir())
        formats = _formats_of(bare, kind) or (_by_signature(path, kind) if not packer else ())
        if not (is_archive or formats):
            continue
        if refusal := refusal_of(path):
            yield replace(_on_disk(path, file, bare, formats or KINDS[kind][:1]), refusal=refusal)
        elif is_archive:
            archives.append((path, file))
        else:
            yield _dated(_on_disk(path, file, bare, formats, packer))
    yield from _of_archives(archives, kind, listed)


def _of_archives(archives: Sequence[tuple[Path, str]], kind: str, listed: Lister) -> Iterator[Part]:
    """The members of archives that are of the kind, and what could not be opened."""
    if not archives:
        return
    contents = listed(dict(archives))
    for path, file in archives:
        found = contents.get(path, Listed())
        whole = _on_disk(path, file, file, KINDS[kind][:1])
        yield replace(whole, refusal=found.refusal, is_archive=True, is_listed=path in contents)
        for refused in found.refused:
            if formats := _formats_of(unpacked_name(refused.name)[0], kind):
                text = f"{refused.reason}; {refused.mend}" if refused.mend else refused.reason
                yield replace(whole, file=f"{file}!/{refused.name}", formats=formats, refusal=text)
        for member in found.members:
            bare, packer = unpacked_name(member.name)
            formats = _formats_of(bare, kind)
            if formats and not packer:
                part = replace(whole, file=f"{file}!/{member.name}", name=bare, member=member)
                yield _dated(replace(part, formats=formats, is_certain=_is_certain(formats)))


def _of_maildir(location: Path) -> Iterator[Part]:
    """The messages of a Maildir and of its folders. What stands after ``:2,`` in a name may change."""
    for root, folders, names in os.walk(location, onerror=_raise):
        folders.sort()
        place = Path(root)
        for linked in (place / name for name in folders if (place / name).is_symlink()):
            file = linked.relative_to(location).as_posix()
            yield replace(_on_disk(linked, file, file, ("maildir",)), refusal=refusal_of(linked))
        if place.name not in ("cur", "new"):
            continue
        above = place.parent.relative_to(location).as_posix()
        for name in sorted(names):
            if name.startswith("."):
                continue
            flags = _MAILDIR_FLAGS.search(name)
            unique = name[: flags.start()] if flags else name
            telling = "".join(sorted({flag for flag in (flags[1] if flags else "") if flag in "DT"}))
            yield Part(
                file=unique if above == "." else f"{above}/{unique}",
                name=(place / name).relative_to(location).as_posix(),
                path=place / name,
                formats=("maildir",),
                flags=telling,
            )


def _on_disk(path: Path, file: str, bare: str, formats: tuple[str, ...], packer: str = "") -> Part:
    status = path.lstat()
    return Part(
        file=file,
        name=bare,
        path=path,
        formats=formats,
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        inode=status.st_ino,
        packer=packer,
        is_certain=_is_certain(formats),
    )


def _is_certain(formats: tuple[str, ...]) -> bool:
    """Tables of many programs end in .csv: what is inside decides whether one is ours."""
    return ".csv" not in FORMATS[formats[0]].suffixes


def _dated(part: Part) -> Part:
    """The part with the date of its export; a snapshot's date is part of its name in the books.

    What is above the source has no say: the next export may be put in the same place.
    """
    if not FORMATS[part.formats[0]].is_snapshot:
        return part
    dated = _date_in(part.file) or (part.member.dated if part.member else None)
    dated = dated or datetime.fromtimestamp(part.mtime_ns / 1e9, UTC)
    return replace(part, file=f"{part.file}@{dated:%Y-%m-%d}", dated=dated)


def _date_in(name: str) -> datetime | None:
    """The last date in a path: exports carry theirs in their names, year first or month first."""
    for found in reversed([*_EXPORTED_ON.finditer(name)]):
        year, month, day, us_month, us_day, us_year = (int(part or 0) for part in found.groups())
        try:
            day_of = date(year or us_year, month or us_month, day or us_day)
        except ValueError:
            continue
        return datetime(day_of.year, day_of.month, day_of.day, tzinfo=UTC)
    return None


def _formats_of(name: str, kind: str) -> tuple[str, ...]:
    whole = f"/{name.lower()}"
    return tuple(each for each in KINDS[kind] if whole.endswith(FORMATS[each].suffixes or ("\0",)))


def _by_signature(path: Path, kind: str) -> tuple[str, ...]:
    """Mailboxes of many programs have names without an ending: their first bytes tell."""
    if "mbox" not in KINDS[kind] or path.suffix:
        return ()
    if path.is_symlink() or not path.is_file():
        return ()
    try:
        with opened_regular(path) as stream:
            return ("mbox",) if stream.read(5) == b"From " else ()
    except (OSError, NotThisFormat):
        return ("mbox",)  # a file that cannot be opened is for the reader to report


def unpacked_name(name: str) -> tuple[str, str]:
    """The name without a packer's ending, and the packer."""
    for ending, packer in PACKERS.items():
        if name.lower().endswith(ending):
            return name[: -len(ending)], packer
    return name, ""


def refusal_of(path: Path) -> str:
    """Why a thing in a folder is not opened, or nothing."""
    if path.is_symlink():
        return "a symbolic link is not followed; add what it points to as a source of its own"
    if not path.is_file():
        return "neither a file nor a folder; remove it, or move it elsewhere"
    return ""


def _walk(folder: Path) -> Iterator[Path]:
    """Everything visible below a folder that is no folder; links are not followed, so there are no loops."""
    for root, folders, names in os.walk(folder, onerror=_raise):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        linked = [name for name in folders if (Path(root) / name).is_symlink()]
        yield from (Path(root) / name for name in sorted([*names, *linked]) if not name.startswith("."))


def _raise(error: OSError) -> None:
    """A folder that cannot be listed is not an empty one."""
    raise error


def _wanted(kind: str) -> str:
    endings = dict.fromkeys(ending for each in KINDS[kind] for ending in FORMATS[each].suffixes)
    return f"{' or '.join(ending.lstrip('/') for ending in endings) or kind} files"
