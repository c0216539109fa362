"""The nightly job: read every source, publish once, report.

    for each source: read and land what is new   (one failing source does not stop the others)
    load, build, publish                         (one transaction, one rename)
    report

Parameters and names are opaque: Prefect keeps what it is given.
"""

import hashlib
from datetime import date

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.progress import current_progress
from flows.reporting import write_reports
from flows.settings import Home, Source
from flows.steps import Night, chosen_sources, night
from warehouse.landing import Run


class SourceFailed(Exception):
    """A source could not be read; the reason is in the run's own record, not here."""


def opaque_id(name: str) -> str:
    """An id for a source that says nothing of it: names may hold people's."""
    return "s" + hashlib.sha256(name.encode()).hexdigest()[:8]


@task(name="read", task_run_name="read {kind} {source_id}", cache_policy=NO_CACHE, persist_result=False)
def read(run: Night, kind: str, source_id: str) -> None:
    """Read what is new in one source and land it."""
    [source] = [each for each in run.settings.sources if opaque_id(each.name) == source_id]
    if run.read(source).status == "failed":
        raise SourceFailed(source_id)


@task(name="build", cache_policy=NO_CACHE, persist_result=False)
def build(run: Night) -> None:
    """Load what landed and make the public tables."""
    run.build()


@task(name="report", cache_policy=NO_CACHE, persist_result=False)
def report(home: Home) -> None:
    """Write the reports of what is published."""
    write_reports(home, home.reports)


@flow(name="nightly", persist_result=False, validate_parameters=False)
def nightly(
    as_of: date | None = None, sources: tuple[str, ...] = (), accept_shrink: bool = False
) -> State[Run]:
    """Sync now. sources: opaque ids, none for every enabled source; as_of: the day of the answers."""
    home = Home.of_environment()
    settings = home.settings()
    names = tuple(each.name for each in settings.sources if opaque_id(each.name) in sources)
    with night(home, as_of=as_of, accept_shrink=accept_shrink, progress=current_progress()) as run:
        for source in chosen_sources(settings, names):
            _read(run, source)
        build(run)
    report(home)
    done = run.finished
    if any(outcome.status == "failed" for outcome in done.sources):
        return Failed(message="a source failed", data=done)
    return Completed(data=done)


def _read(run: Night, source: Source) -> None:
    """A source that fails is told by its outcome; any other failure stops the run."""
    try:
        read(run, source.kind, opaque_id(source.name))
    except SourceFailed:
        return
