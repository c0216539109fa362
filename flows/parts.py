"""The parts of a source: its files, on disk and in archives, and what is to be told of them."""

import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
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

_ARCHIVES = (".zip",)
_EXPORTED_ON = re.compile(r"(?<!\d)(?:(\d{4})-(\d\d)-(\d\d)|(\d\d)-(\d\d)-(\d{4}))(?!\d)")
_MAILDIR_FLAGS = re.compile(r"[:;!]2,([A-Za-z]*)$")

Lister = Callable[[Mapping[Path, str]], Mapping[Path, Listed]]
"""What is in archives, given as path and name in the books; without those that are as they were."""


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
