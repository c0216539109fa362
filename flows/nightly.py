"""The nightly job: read every source, publish once, report.

    for each source: read and land what is new   (one failing source does not stop the others)
    load, build, publish                         (one transaction, one rename)
    report

Parameters and names are opaque: Prefect keeps what it is given.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.progress import current_progress
from flows.reporting import write_reports
from flows.settings import Home
from flows.steps import How, Night, chosen_sources, night
from warehouse.landing import Run


class StepFailed(Exception):
    """A step could not do its work. What and why stays in this process: Prefect keeps texts of exceptions."""


def opaque_id(name: str) -> str:
    """An id for a source that says nothing of it: names may hold people's."""
    return "s" + hashlib.sha256(name.encode()).hexdigest()[:8]


@contextmanager
def opaque_failure(run: Night) -> Iterator[None]:
    """Keep what was raised on the run and let Prefect see its type only."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - it is handed on whole by the flow; Prefect sees its type
        run.failure = error
        raise StepFailed(type(error).__name__) from None


@contextmanager
def told_whole(run: Night) -> Iterator[None]:
    """Outside the tasks, the failure itself again: who opened the database knows what it means."""
    try:
        yield
    except StepFailed:
        if run.failure is None:
            raise
        raise run.failure from None


@task(name="read", task_run_name="read {kind} {source_id}", cache_policy=NO_CACHE, persist_result=False)
def read(run: Night, kind: str, source_id: str) -> None:
    """Read what is new in one source and land it."""
    [source] = [each for each in run.settings.sources if opaque_id(each.name) == source_id]
    with opaque_failure(run):
        outcome = run.read(source)
    if outcome.status == "failed":
        raise StepFailed(source_id)


@task(name="build", cache_policy=NO_CACHE, persist_result=False)
def build(run: Night) -> None:
    """Load what landed and make the public tables."""
    with opaque_failure(run):
        run.build()


@task(name="report", cache_policy=NO_CACHE, persist_result=False)
def report(run: Night) -> None:
    """Write the reports of what is published."""
    with opaque_failure(run):
        write_reports(run.home, run.home.reports)


@flow(name="nightly", persist_result=False, validate_parameters=False)
def nightly(
    as_of: date | str | None = None,
    sources: tuple[str, ...] = (),
    accept_shrink: bool = False,
    retry: bool = False,
) -> State[Run | Exception]:
    """Sync now. sources: opaque ids, none for every enabled source; as_of: the day of the answers.

    accept_shrink: believe sources that lost most of their records. retry: read again what is in quarantine.

    The state carries the Run, or what stopped it. It is Failed if a source failed, the others being done.
    """
    try:
        how = How(accept_shrink=accept_shrink, retry=retry, progress=current_progress())
        done = _sync(as_of, sources, how)
    except Exception as error:  # noqa: BLE001 - it is handed to the caller whole; Prefect keeps its type
        return Failed(message=type(error).__name__, data=error)
    if any(outcome.status == "failed" for outcome in done.sources):
        return Failed(message="a source failed", data=done)
    return Completed(data=done)


def _sync(as_of: date | str | None, ids: tuple[str, ...], how: How) -> Run:
    home = Home.of_environment()
    settings = home.settings()
    names = tuple(each.name for each in settings.sources if opaque_id(each.name) in ids)
    day = date.fromisoformat(as_of) if isinstance(as_of, str) else as_of  # a deployment's parameters are text
    with (
        night(home, as_of=day, how=how) as run,
        told_whole(run),
    ):
        for source in chosen_sources(settings, names):
            _read(run, source.kind, opaque_id(source.name))
        build(run)
    with told_whole(run):
        report(run)
    return run.finished


def _read(run: Night, kind: str, source_id: str) -> None:
    """A source that fails is told by its outcome; any other failure stops the run."""
    try:
        read(run, kind, source_id)
    except StepFailed:
        if run.failure is not None:
            raise
