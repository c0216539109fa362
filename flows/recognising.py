"""What a path holds, told by looking into it: the sources that `kith source add PATH` makes of it."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from connectors import FORMATS, IN_ARCHIVES, KINDS
from connectors.bounds import Bounds
from connectors.kinds import Found, Kinds, kinds_of, summary, to_recognise
from connectors.orders import Job, Listed, Place
from connectors.recognise import missing_parts, parts_of
from flows import reading
from flows.parts import parts_of_source, readable, refusal_of, unpacked_name
from flows.settings import Source
from warehouse.errors import SourceError, UserError

_FEW = 3  # files that may be sources of their own
NOT_UTF8 = "its name is not UTF-8; rename it"


@dataclass(frozen=True)
class Recognition:
    """Sources that are not named yet, and what to tell of the path."""

    sources: list[Source]
    told: list[str]


class _Looking:
    """One look at a path. Archives that are exports come out as sources, others are told."""

    def __init__(self, path: Path, bounds: Bounds, scratch: Path) -> None:
        self.path = path
        self.bounds = bounds
        self.scratch = scratch
        self.told: list[str] = []

    def look(self) -> list[Source]:
        is_folder = self.path.is_dir()
        folder = self.path if is_folder else self.path.parent
        names = list(self._names()) if is_folder else [self.path.name]
        formats, reasons = self._formats(
            {name: Place(path=os.fsencode(folder / name)) for name in to_recognise(names)}
        )
        kinds = kinds_of(names, formats)
        self.told.append(summary(kinds))
        self.told += [f"{name}: {reasons[name]}" for name in kinds.unknown[:5] if reasons.get(name)]
        if len(kinds.unknown) > 5:
            self.told.append(f"and {len(kinds.unknown) - 5} more")
        every = [source for found in kinds.sources for source in self._sources(found, folder)]
        sources = [each for number, each in enumerate(every) if each not in every[:number]]
        zips = [name for name in kinds.archives if formats[name] == "zip"]
        archives = self._in_archives(zips, folder, are_alone=not sources)
        return sources + [each for each in archives if each not in sources]

    def _names(self) -> Iterator[str]:
        """All files below the folder, relative, and its folders with a slash at the end.

        What is hidden is left out, save the hidden folders of a Maildir; links are not followed.
        """
        for root, folders, names in os.walk(self.path, onerror=self._tell):
            place = Path(root)
            self.told += [f"{place / name}: {NOT_UTF8}" for name in [*folders, *names] if not _is_utf8(name)]
            folders[:] = sorted(
                name
                for name in folders
                if _is_utf8(name) and (not name.startswith(".") or (place / name / "cur").is_dir())
            )
            for name in folders:
                yield f"{(place / name).relative_to(self.path).as_posix()}/"
            seen = [name for name in [*folders, *names] if _is_utf8(name) and not name.startswith(".")]
            refusals = {place / name: refusal_of(place / name) for name in sorted(seen)}
            self.told += [
                f"{path}: {why}"
                for path, why in refusals.items()
                if why and (path.is_symlink() or not path.is_dir())
            ]
            for name in sorted(filter(_is_utf8, names)):
                if not name.startswith(".") and not refusals[place / name]:
                    yield (place / name).relative_to(self.path).as_posix()

    def _tell(self, error: OSError) -> None:
        self.told.append(f"{error.filename}: {error.strerror}; check its permissions")

    def _formats(self, places: Mapping[str, Place]) -> tuple[dict[str, str], dict[str, str]]:
        """What each file is, and why others are nothing, by name."""
        jobs = []
        for number, (name, place) in enumerate(places.items()):  # names need not be text, numbers are
            bare, packer = unpacked_name(readable(name))
            unpacking = Place(path=place.path, member=place.member, packer="" if place.member else packer)
            jobs.append(Job(file=str(number), name=bare, place=unpacking, formats=(), is_certain=False))
        told = dict(zip(places, reading.read(jobs, self.bounds, self.scratch, most=0), strict=True))
        return (
            {name: each.format for name, each in told.items() if each.format},
            {name: each.refusal or each.fault for name, each in told.items() if each.refusal or each.fault},
        )

    def _sources(self, found: Found, folder: Path) -> Iterator[Source]:
        """The source of files that belong together, and one for each of a few that have another name."""
        if not self.path.is_dir():
            yield _source(found.kind, self.path)
            return
        # Of LinkedIn the folder that was named, whatever it holds: the next export is put beside this one.
        own = folder / found.folder if found.kind in ("takeout", "maildir") else folder
        whole = _source(found.kind, own)
        try:
            known = {part.path for part in parts_of_source(whole, _unlisted).values()}
        except SourceError:
            known = set()
        if known:
            yield whole
        strays = [name for name in found.files if folder / name not in known]
        if len(strays) > _FEW:
            self.told.append(
                f"{len(strays)} files of kind {found.kind} are called otherwise, such as {strays[0]}: "
                f"rename them so that they end in {''.join(FORMATS[KINDS[found.kind][0]].suffixes[:1])}"
            )
            return
        yield from (_source(found.kind, folder / name) for name in strays)

    def _in_archives(self, names: Sequence[str], folder: Path, *, are_alone: bool) -> list[Source]:
        """The exports among archives. are_alone: nothing else in the folder is a source."""
        kinds: dict[str, list[str]] = {}
        listed = reading.list_archives([folder / name for name in names], self.bounds, self.scratch)
        for name in names:
            contents = listed[folder / name]
            if contents.refusal:
                self.told.append(f"{name}: {contents.refusal}")
                continue
            self.told += [
                f"{name}: {each.name}: {each.reason}; {each.mend}" for each in contents.refused[:_FEW]
            ]
            inside = {
                each.name: Place(path=os.fsencode(folder / name), member=each) for each in contents.members
            }
            formats, _ = self._formats({each: place for each, place in inside.items() if _may_be_ours(each)})
            found = kinds_of(inside, formats)
            inside_it = [each for each in found.sources if each.kind in IN_ARCHIVES]
            self.told.append(f"{name}: {summary(found)}")
            for each in inside_it:
                kinds.setdefault(each.kind, []).append(name)
            self.told += self._beside(name, found)
        self.told += [f"{name} is missing: download it too" for name in missing_parts(self._all_parts(names))]
        return [
            _source(kind, place)
            for kind, exports in kinds.items()
            for place in self._places(kind, exports, folder, are_alone=are_alone)
        ]

    def _places(self, kind: str, names: Sequence[str], folder: Path, *, are_alone: bool) -> list[Path]:
        """The folder, so that later exports are read too, unless it holds files that would be read twice.

        Then it is the first part of each export, as its parts belong together.
        """
        if self.path.is_dir() and (are_alone or kind == "linkedin"):
            return [self.path]
        beside = [folder / name for name in names]
        firsts = dict.fromkeys(
            place.with_name((parts_of(place.name, [each.name for each in beside]) or [place.name])[0])
            for place in beside
        )
        return [*firsts]

    def _beside(self, name: str, found: Kinds) -> Iterator[str]:
        if any(each.kind not in IN_ARCHIVES for each in found.sources):
            yield f"{name}: unpack it and add the folder: it is no export whose archive is read as it is"

    def _all_parts(self, names: Sequence[str]) -> list[str]:
        if self.path.is_dir():
            return list(names)
        return parts_of(self.path.name, [each.name for each in self.path.parent.iterdir()])


def recognise(path: Path, bounds: Bounds) -> Recognition:
    """The sources that a file or folder holds. Raises UserError if there is none, with the reasons."""
    if not path.exists():
        raise UserError(f"{path} is not there; name a file or a folder")
    if not (path.is_dir() or path.is_file()):
        raise UserError(f"{path} is neither a file nor a folder; name a file or a folder")
    try:
        with TemporaryDirectory(prefix="kith-") as scratch:
            looking = _Looking(path.resolve(), bounds, Path(scratch))
            sources = looking.look()
    except OSError as error:
        raise UserError(f"{error.filename}: {error.strerror}; check its permissions") from error
    if not sources:
        raise UserError(f"{path}: {'; '.join(looking.told)}")
    return Recognition(sources, looking.told)


def _is_utf8(name: str) -> bool:
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False


def _unlisted(archives: Iterable[Path]) -> dict[Path, Listed]:
    """Archives as if nothing were in them: they are looked into apart."""
    return {path: Listed() for path in archives}


def _may_be_ours(name: str) -> bool:
    """Whether a member's name is one of a format that is read in archives: photos need not be looked at."""
    lower = f"/{name.lower()}"
    return any(lower.endswith(FORMATS[each].suffixes) for kind in IN_ARCHIVES for each in KINDS[kind])


def _source(kind: str, location: Path) -> Source:
    return Source(name="new", kind=kind, location=str(location))
