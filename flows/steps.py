"""The steps of one sync, without Prefect: read each source, load, build, publish, report.

The flows say when these run; here is what they do. One `Night` is one run: it holds the writer's lock, a
shadow of the database, and the instant at which it began.
"""

import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime

import msgspec
import polars as pl

from flows.asking import instant_of
from flows.decisions import load as load_decisions
from flows.gathering import Gathering
from flows.reading import CONFINED, Hands
from flows.settings import Home, Settings, Source
from warehouse import building, history, landing, loading
from warehouse.connection import Connection, rows
from warehouse.errors import SourceError, UserError
from warehouse.forgetting import purging
from warehouse.forgetting.recognising import of_home
from warehouse.intake import Intake
from warehouse.landing import Landing, Run, SourceRun
from warehouse.owner import Owner, Rules
from warehouse.people.decisions import active
from warehouse.publish import schema_of, shadow, writer
from warehouse.removal import remove_source
from warehouse.schema import SCHEMA_VERSION

Progress = Callable[[str, int, int], None]


def silent(source: str, done: int, total: int) -> None:
    """No progress is shown. In: the source, bytes read and bytes to read."""


@dataclass(frozen=True)
class How:
    """How a run treats its sources.

    accept_shrink: believe one that offers less than half of what it had. retry: read again what is in
    quarantine. progress: who is told how far it has come. hands: who opens the files.
    """

    accept_shrink: bool = False
    retry: bool = False
    progress: Progress = silent
    hands: Hands = CONFINED


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
        how: How,
    ) -> None:
        self.home = home
        self.settings = settings
        self.connection = connection
        self.as_of = as_of
        self.now = now
        self.how = how
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
        self.loaded += history.load_pending(self.connection, self.home.landing)
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
        try:
            outcome = self._read(source)
        except SourceError as error:
            outcome = SourceRun(name=source.name, kind=source.kind, status="failed", error=str(error))
        except OSError as error:
            place = error.filename or source.location
            message = f"{source.name}: {place}: {error.strerror}; {_mend(error)}"
            outcome = SourceRun(name=source.name, kind=source.kind, status="failed", error=message)
        finally:
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
            told = purging.without_errors(self.finished, of_home(self.home.folder))
            self.landing.add_run(told)
        self.loaded += loading.load_pending(self.connection, self.landing)
        settings, scratch = self.settings, landing.clear(self.home.scratch / "frames")
        owner, rules = owner_of(settings), rules_of(self.home, settings)
        until = instant_of(self.as_of, settings, self.now)
        published_at = self.finished.finished_at
        if self.loaded or not building.are_marts_current(self.connection, owner, rules, until=until):
            building.build_marts(
                self.connection, owner, rules, until=until, scratch=scratch, remember=self._remember
            )
        elif building.are_answers_current(self.connection, as_of=self.as_of, until=until):
            building.note_run(self.connection, published_at=published_at)
            return
        building.build_answers(
            self.connection,
            owner,
            as_of=self.as_of,
            until=until,
            published_at=published_at,
            scratch=scratch,
        )

    def _read(self, source: Source) -> SourceRun:
        scratch = self.home.scratch / "intake"
        intake = Intake(self.connection, source.name, scratch)
        Gathering(source, intake, self.how.hands, self.settings.bounds, scratch).gather(
            lambda done, total: self.how.progress(source.name, done, total),
            again=self.how.retry,
            may_be_empty=self.how.accept_shrink,
        )
        outcome = intake.compare()
        intake.guard_against_shrinking(accept=self.how.accept_shrink)
        intake.land(
            self.landing,
            batch=self._take_number(),
            kind=source.kind,
            location=source.location,
            run_id=self.run_id,
            landed_at=self.now,
        )
        return outcome

    def _remember(self, news: pl.DataFrame) -> None:
        history.keep(self.connection, self.home.landing, news, at=self.now)

    def _take_number(self) -> int:
        self.next_batch += 1
        return self.next_batch - 1


@contextmanager
def night(
    home: Home,
    *,
    as_of: date | None = None,
    how: How | None = None,
    from_landing_alone: bool = False,
) -> Iterator[Night]:
    """One run with the writer's lock and a shadow that is published at the end.

    A database of another schema version is made anew from landing, and so is one that still knows somebody
    who was to be forgotten when the power failed. If the body raises, nothing is published.
    What the run knows of the time is read here; only its end is read later. Files made from here on are the
    owner's alone.
    """
    os.umask(0o077)
    settings = home.settings()
    now = datetime.now(UTC)
    with writer(home.folder, wait_seconds=settings.sync.wait_seconds):
        home.landing.mkdir(exist_ok=True)
        landing.clear(home.scratch)
        was_cut_off = purging.finish(home.folder, home.scratch / "forget")
        is_older = schema_of(home.database) not in (None, SCHEMA_VERSION)
        with shadow(
            home.database,
            memory_limit_mb=settings.sync.memory_limit_mb,
            from_nothing=from_landing_alone or is_older or was_cut_off,
        ) as connection:
            run = Night(
                home,
                settings,
                connection,
                as_of=as_of or now.astimezone(settings.owner_zone).date(),
                now=now,
                how=how or How(),
            )
            run.catch_up()
            yield run
        shutil.rmtree(home.scratch, ignore_errors=True)


def owner_of(settings: Settings) -> Owner:
    """Whose warehouse it is, by the configuration."""
    return Owner(settings.my_addresses, settings.me.timezone, settings.me.region, settings.my_periods)


def rules_of(home: Home, settings: Settings) -> Rules:
    """What says who is who beside the records. Raises UserError for a damaged file of decisions."""
    return Rules(active(load_decisions(home)), settings.identity.rare_names)


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
