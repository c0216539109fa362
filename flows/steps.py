"""The steps of one sync, without Prefect: read each source, load, build, publish, report.

The flows say when these run; here is what they do. One `Night` is one run: it holds the writer's lock, a
shadow of the database, and the instant at which it began.
"""

import gc
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from connectors import CONNECTORS, Connector
from connectors.records import ConnectorError, Item
from flows import files
from flows.asking import instant_of
from flows.files import Change
from flows.settings import Home, Settings, Source
from warehouse import building, landing, loading
from warehouse.connection import Connection, rows
from warehouse.errors import SourceError, SourceShrunk, UserError
from warehouse.intake import Intake, remove_source
from warehouse.landing import Landing, Run, SourceRun
from warehouse.publish import shadow, writer

Progress = Callable[[str, int, int], None]


def silent(source: str, done: int, total: int) -> None:
    """No progress is shown. In: the source, bytes read and bytes to read."""


class Night:
    """One run of the sync. Not a dataclass on purpose: nothing may look inside it, copy it or store it."""

    def __init__(
        self,
        home: Home,
        settings: Settings,
        connection: Connection,
        *,
        as_of: date,
        now: datetime,
        accept_shrink: bool = False,
        progress: Progress = silent,
    ) -> None:
        self.home = home
        self.settings = settings
        self.connection = connection
        self.as_of = as_of
        self.now = now
        self.accept_shrink = accept_shrink
        self.progress = progress
        self.run_id = uuid.uuid4().hex
        self.landing = Landing(home.landing)
        self.next_batch = self.landing.next_batch()
        self.outcomes: list[SourceRun] = []
        self.loaded = 0
        self.failure: Exception | None = None
        self.finished: Run

    def catch_up(self) -> None:
        """Load what an earlier run landed and could not publish; withdraw sources that were removed."""
        loading.prepare(self.connection)
        self.loaded += loading.load_pending(self.connection, self.landing)
        configured = {source.name: source.kind for source in self.settings.sources}
        for name, kind in rows(self.connection, "select source, kind from ledger.sources"):
            if configured.get(name) != kind:
                remove_source(
                    self.connection,
                    name,
                    self.landing,
                    batch=self._take_number(),
                    run_id=self.run_id,
                    landed_at=self.now,
                    scratch=self.home.scratch / "removal",
                )
        self.loaded += loading.load_pending(self.connection, self.landing)

    def read(self, source: Source) -> SourceRun:
        """Read what is new in one source and land it. A failure is an outcome: the other sources go on."""
        started = time.monotonic()
        gc.disable()  # records hold no cycles, and every collection would walk through all of Prefect
        try:
            outcome = self._read(source)
        except (SourceError, ConnectorError) as error:
            outcome = SourceRun(name=source.name, kind=source.kind, status="failed", error=str(error))
        except OSError as error:
            place = error.filename or source.location
            message = f"{source.name}: {place}: {error.strerror}; {_mend(error)}"
            outcome = SourceRun(name=source.name, kind=source.kind, status="failed", error=message)
        finally:
            gc.enable()
            landing.clear(self.home.scratch / "intake")  # what filled the disk must not fill it further
        seconds = round(time.monotonic() - started, 3)
        outcome = msgspec.structs.replace(outcome, kind=source.kind, seconds=seconds)
        self.outcomes.append(outcome)
        return outcome

    def build(self) -> None:
        """Record the run, load what has landed, and make the public tables and the answers."""
        self.finished = Run(
            batch=self._take_number(),
            run_id=self.run_id,
            started_at=self.now,
            finished_at=datetime.now(UTC),
            as_of=self.as_of,
            sources=self.outcomes,
        )
        if self.outcomes:
            self.landing.add_run(self.finished)
        self.loaded += loading.load_pending(self.connection, self.landing)
        settings, scratch = self.settings, landing.clear(self.home.scratch / "frames")
        owner = building.Owner(settings.my_addresses, settings.me.timezone, settings.me.region)
        until = instant_of(self.as_of, settings, self.now)
        if self.loaded or not building.are_marts_current(self.connection, owner, until=until):
            building.build_marts(self.connection, owner, until=until, scratch=scratch)
        building.build_answers(
            self.connection,
            owner,
            as_of=self.as_of,
            until=until,
            published_at=self.finished.finished_at,
            scratch=scratch,
        )

    def _read(self, source: Source) -> SourceRun:
        connector = CONNECTORS[source.kind]
        intake = Intake(self.connection, source.name, connector.record_kind, self.home.scratch / "intake")
        present = self._files(source, connector, had_files=bool(intake.known))
        to_read = {
            file: path
            for file, path in present.items()
            if file not in intake.known or not files.is_untouched(path, intake.known[file], connector)
        }
        total = sum(path.stat().st_size for path in to_read.values())
        done = 0
        refused: list[str] = []
        for file, path in present.items():
            if file not in to_read:
                intake.keep(file)
                continue
            try:
                self._take(intake, source, connector, file, path, (done, total))
            except ConnectorError as error:
                reason = str(error)
                if len(present) == 1:
                    raise SourceError(f"{source.name}: {path}: {reason}") from error
                refused.append(reason)
                intake.refuse(file, files.look(path, connector), reason)
            done += path.stat().st_size
        if refused and len(refused) == len(present):
            raise SourceError(f"{source.name}: {source.location}: {refused[0]}")
        for file in intake.known.keys() - present.keys():
            intake.drop(file)
        outcome = intake.compare()
        intake.guard_against_shrinking(accept=self.accept_shrink)
        intake.land(
            self.landing,
            batch=self._take_number(),
            kind=source.kind,
            location=source.location,
            run_id=self.run_id,
            landed_at=self.now,
        )
        return outcome

    def _files(self, source: Source, connector: Connector, *, had_files: bool) -> dict[str, Path]:
        """The files of a source. A folder that has lost all of them is a shrunken source."""
        found = files.files_of(source, connector, may_be_empty=had_files)
        if not found and not self.accept_shrink:
            raise SourceShrunk(
                f"{source.name}: {source.location} holds no such files any more; nothing was changed. "
                f"If that is right, run `kith sync {source.name} --accept-shrink`"
            )
        return found

    def _take(
        self,
        intake: Intake,
        source: Source,
        connector: Connector,
        file: str,
        path: Path,
        span: tuple[int, int],
    ) -> None:
        now = files.look(path, connector)
        known = intake.known.get(file)
        was_read = known is not None and not known.is_refused
        change = files.change_of(path, now, known) if known and was_read else Change.REPLACED
        if known and change is Change.NONE:
            intake.keep(file)
            return
        start = known.resume_at or 0 if known and change is Change.GREW else 0
        items = connector.read(path, start)
        intake.take(file, self._watched(items, source.name, span), now, from_position=start)

    def _watched(self, items: Iterator[Item], source: str, span: tuple[int, int]) -> Iterator[Item]:
        """The items, with progress told. A fault of the reader itself costs the source, never the run."""
        done, total = span
        try:
            for number, item in enumerate(items):
                if number % 500 == 0:
                    self.progress(source, done + item.position, total)
                yield item
        except (ConnectorError, OSError):
            raise
        except Exception as error:  # a reader must not raise anything else, and one day one will
            fault = f"{type(error).__name__} while reading"
            raise SourceError(f"{source}: {fault}; nothing of it was changed, please report it") from error

    def _take_number(self) -> int:
        self.next_batch += 1
        return self.next_batch - 1


@contextmanager
def night(
    home: Home,
    *,
    as_of: date | None = None,
    accept_shrink: bool = False,
    progress: Progress = silent,
    from_landing_alone: bool = False,
) -> Iterator[Night]:
    """One run with the writer's lock and a shadow that is published at the end.

    If the body raises, nothing is published. What the run knows of the time is read here; only the end of
    the run is read later. Files made from here on are the owner's alone.
    """
    os.umask(0o077)
    settings = home.settings()
    now = datetime.now(UTC)
    with writer(home.folder, wait_seconds=settings.sync.wait_seconds):
        home.landing.mkdir(exist_ok=True)
        landing.clear(home.scratch)
        with shadow(
            home.database, memory_limit_mb=settings.sync.memory_limit_mb, from_nothing=from_landing_alone
        ) as connection:
            run = Night(
                home,
                settings,
                connection,
                as_of=as_of or now.astimezone(settings.owner_zone).date(),
                now=now,
                accept_shrink=accept_shrink,
                progress=progress,
            )
            run.catch_up()
            yield run
        shutil.rmtree(home.scratch, ignore_errors=True)


def chosen_sources(settings: Settings, names: tuple[str, ...]) -> list[Source]:
    """The sources of these names, or every enabled one. Raises UserError for a name that there is not."""
    known = {source.name: source for source in settings.sources}
    for name in names:
        if name not in known:
            raise UserError(f"there is no source '{name}'; there are {', '.join(known) or 'none'}")
    if names:
        return [known[name] for name in names]
    return [source for source in settings.sources if source.enabled]


def _mend(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "check its permissions"
    return "free some disk space" if error.errno == 28 else "check the file and the disk"
