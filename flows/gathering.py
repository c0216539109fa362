"""One source in one run: which of its files are new or changed, and what reading them gave."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from connectors import FORMATS
from connectors.bounds import Bounds
from connectors.orders import Job, Listed, Told
from connectors.records import NotThisFormat
from flows import files
from flows.files import Change
from flows.parts import Part, parts_of_source
from flows.reading import CONFINED, Hands
from flows.settings import Source
from warehouse.errors import SourceError, SourceShrunk
from warehouse.intake import Intake
from warehouse.landing import FileState

Progress = Callable[[int, int], None]
_CHANGED = "it changed while it was read; the next sync reads it again"


@dataclass(frozen=True)
class _Plan:
    """A file that is to be read: as it is now, and from where."""

    part: Part
    now: FileState
    start: int


def listed(source: Source, bounds: Bounds) -> dict[str, Part]:
    """What a source consists of, by its name in the books. Raises SourceError if it is nothing."""
    with TemporaryDirectory(prefix="kith-") as scratch:
        parts = parts_of_source(
            source, lambda archives: CONFINED.list_archives([*archives], bounds, Path(scratch))
        )
    return {file: part for file, part in parts.items() if part.refusal or not part.is_archive}


class Gathering:
    """What one source gives in one run. `gather` fills the intake."""

    def __init__(self, source: Source, intake: Intake, hands: Hands, bounds: Bounds, scratch: Path) -> None:
        self.source = source
        self.intake = intake
        self.hands = hands
        self.bounds = bounds
        self.scratch = scratch
        self.refused: dict[Path, str] = {}
        self.has_read = False
        self.again = False

    def gather(self, progress: Progress, *, again: bool = False, may_be_empty: bool = False) -> None:
        """Keep, read, refuse or drop every file of the source.

        again: read also what is as it was, where something of it is in quarantine. may_be_empty: a folder
        that has lost all of its files is believed. progress: bytes read and bytes to read.

        Raises SourceError if there is nothing of the kind or nothing of it can be read, SourceShrunk if a
        folder that held files holds none.
        """
        self.again = again
        parts = self._parts(may_be_empty=may_be_empty)
        plans = {part.file: plan for part in parts.values() if (plan := self._plan(part))}
        self._read(plans, progress)
        unopened = [
            part.file for part in parts.values() if part.is_archive and (part.refusal or not part.is_listed)
        ]
        for file in self.intake.known.keys() - parts.keys() - self.intake.kept.keys():
            state = self.intake.known[file]
            # What was true on the day of an export stays so; of an archive that was not opened all stays.
            if files.is_snapshot(state) or any(files.is_inside(file, archive) for archive in unopened):
                self._keep(file, state)
            else:
                self.intake.drop(file)
        if self.refused and not self.has_read:
            path, reason = next(iter(self.refused.items()))
            place = path if len(self.refused) == 1 else self.source.location
            raise SourceError(f"{self.source.name}: {place}: {reason}")

    def _parts(self, *, may_be_empty: bool) -> dict[str, Part]:
        found = parts_of_source(
            self.source,
            self._listed,
            may_be_empty=bool(self.intake.known),
        )
        if not found and not may_be_empty:
            name, location = self.source.name, self.source.location
            raise SourceShrunk(
                f"{name}: {location} holds no such files any more; nothing was changed. "
                f"If that is right, run `kith sync {name} --accept-shrink`"
            )
        return found

    def _listed(self, archives: Mapping[Path, str]) -> Mapping[Path, Listed]:
        """What is in the archives that have changed, or of which something is to be read."""
        known = self.intake.known
        new = [
            path
            for path, file in archives.items()
            if not files.is_archive_untouched(path, file, known)
            or any(self._is_due(state) for name, state in known.items() if files.is_inside(name, file))
        ]
        return self.hands.list_archives(new, self.bounds, self.scratch) if new else {}

    def _is_due(self, known: FileState) -> bool:
        """Whether a file is to be read again though it is as it was."""
        return self.again and (known.quarantined > 0 or known.is_refused)

    def _plan(self, part: Part) -> _Plan | None:
        """What there is to read of a file; None if it is kept or refused as it is."""
        known = self.intake.known.get(part.file)
        if known and not self._is_due(known) and self._is_settled(part, known):
            self._keep(part.file, known)
            return None
        if part.refusal:
            self._refuse(part, part.refusal, files.unread(part))
            return None
        if part.is_archive:
            self.intake.take(part.file, files.unread(part), items=0)
            return None
        try:
            now = files.look(part)
        except (OSError, NotThisFormat) as error:
            text = error.strerror if isinstance(error, OSError) else str(error)
            self._refuse(part, f"{text}; check its permissions", _passing(files.unread(part)))
            return None
        if self._is_known_snapshot(part, now):
            return None
        change = files.change_of(part, now, known) if known and not self._is_due(known) else Change.REPLACED
        if known and change is Change.NONE:
            self._renew(part.file, known, now)
            return None
        start = known.resume_at or 0 if known and change is Change.GREW else 0
        return _Plan(part, now, start)

    def _is_settled(self, part: Part, known: FileState) -> bool:
        """Whether nothing is new of a part: an archive that was refused and is listed now is."""
        return files.is_untouched(part, known) and not (
            part.is_archive and known.is_refused and not part.refusal
        )

    def _renew(self, file: str, known: FileState, now: FileState) -> None:
        self.intake.renew(file, now)
        self.has_read = self.has_read or bool(known.format)

    def _keep(self, file: str, known: FileState) -> None:
        self.intake.keep(file)
        self.has_read = self.has_read or (bool(known.format) and not known.is_refused)

    def _refuse(self, part: Part, reason: str, state: FileState) -> None:
        self.refused[part.path] = reason
        self.intake.refuse(part.file, state, reason)

    def _is_known_snapshot(self, part: Part, now: FileState) -> bool:
        """Whether an export of another date holds the very same: then it was only copied or touched."""
        if same := files.same_snapshot(part, self.intake.known):
            self._keep(same, self.intake.known[same])
            return True
        for file in files.snapshots_like(part, self.intake.known):
            known = self.intake.known[file]
            if files.change_of(part, now, known) is Change.NONE and not self._is_due(known):
                self._renew(file, known, now)
                return True
        return False

    def _read(self, plans: dict[str, _Plan], progress: Progress) -> None:
        sizes = [plan.part.size for plan in plans.values()]
        before = dict(zip(plans, accumulate(sizes, initial=0), strict=False))
        total = sum(sizes)

        def show(file: str, position: int) -> None:
            progress(before[file] + position, total)

        jobs = [self._job(number, plan) for number, plan in enumerate(plans.values())]
        for told in self.hands.read(jobs, self.bounds, self.intake.spool, show):
            self._settle(plans[told.file], told)
            show(told.file, plans[told.file].part.size)

    def _job(self, number: int, plan: _Plan) -> Job:
        known = None
        state = self.intake.known.get(plan.part.file)
        if state and state.format and not state.is_refused and plan.start == 0:
            is_same_reader = FORMATS[state.format].version == state.reader_version
            known = (
                self.intake.digests(plan.part.file, self.scratch / f"{number}.known")
                if is_same_reader
                else None
            )
        return plan.part.job(start=plan.start, known=known)

    def _settle(self, plan: _Plan, told: Told) -> None:
        """Hand the outcome of one file to the intake."""
        part, known = plan.part, self.intake.known.get(plan.part.file)
        if told.fault:
            self._refuse(part, f"{told.fault} while reading it; please report it", plan.now)
        elif told.refusal:
            self._refuse(part, told.refusal, _passing(plan.now) if told.may_pass else plan.now)
        elif not files.is_unchanged_since(part):
            self._refuse(part, _CHANGED, plan.now)
        elif not told.format and known and known.records:
            self._refuse(part, "it is of another format now; put it back, or remove it", plan.now)
        else:
            self.has_read = self.has_read or bool(told.format)
            self.intake.take(
                part.file, _state(plan.now, told), items=told.taken.items, from_position=plan.start
            )


def _passing(now: FileState) -> FileState:
    """A state that no file is ever in: the next sync tries again."""
    return msgspec.structs.replace(now, mtime_ns=0, fingerprint="?")


def _state(now: FileState, told: Told) -> FileState:
    """The file as it was read."""
    if not told.format:
        return now
    found, tail = FORMATS[told.format], told.taken
    state = msgspec.structs.replace(
        now, format=told.format, record_kind=found.record_kind, reader_version=found.version
    )
    if state.resume_at is None or tail.position is None:
        return state
    return msgspec.structs.replace(
        state, resume_at=tail.position, tail_key=tail.key, tail_outcome=tail.outcome
    )
