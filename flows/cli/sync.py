"""`kith sync`, `kith rebuild` and `kith report`: what writes."""

import os
import sys
from contextlib import nullcontext
from datetime import date
from pathlib import Path

import click
import msgspec

from flows.cli import render
from flows.cli.main import home_of
from flows.cli.options import as_of_option, format_option, home_option
from flows.settings import Home
from warehouse.errors import UserError
from warehouse.forgetting.memory import is_unfinished
from warehouse.landing import Landing, Run
from warehouse.publish import writer

_COLUMNS = (
    "name",
    "status",
    "read",
    "new",
    "changed",
    "unchanged",
    "skipped",
    "quarantined",
    "withdrawn",
    "seconds",
)


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--accept-shrink", is_flag=True, help="Believe a source that offers less than half of what it had."
)
@as_of_option
@format_option()
@home_option
@click.pass_context
def sync(
    ctx: click.Context,
    names: tuple[str, ...],
    accept_shrink: bool,
    as_of: date | None,
    style: str,
    home: str | None,
) -> None:
    """The nightly job, now: read every source, build, report."""
    from flows.steps import chosen_sources

    place = home_of(ctx, home)
    settings = place.settings()
    chosen_sources(settings, names)
    if not settings.sources and not Landing(place.landing).batches():
        raise UserError("there is no source yet; `kith source add FILE-OR-FOLDER` adds one")
    run = run_nightly(place, names, as_of, accept_shrink=accept_shrink)
    print_run(run, place, style)
    ctx.exit(0 if all(each.status != "failed" and each.is_balanced for each in run.sources) else 1)


def run_nightly(
    place: Home,
    names: tuple[str, ...],
    as_of: date | None = None,
    *,
    accept_shrink: bool = False,
    retry: bool = False,
) -> Run:
    """The nightly flow, now. Raises what stopped it."""
    from flows.standing import is_anything_new

    with writer(place.folder, wait_seconds=place.settings().sync.wait_seconds):
        pass  # who is second is told so at once, not after Prefect has started
    if is_unfinished(place.folder):
        from flows.forgetting import finish

        finish(place)
    if not (retry or accept_shrink or is_anything_new(place, names, as_of)):
        return _note_run(place, names, as_of)
    from flows import engine
    from flows.progress import progress_bars

    os.environ["KITH_HOME"] = str(place.folder)
    bars = progress_bars() if sys.stderr.isatty() else nullcontext()
    with bars, engine.running(place.folder):
        from flows.nightly import nightly, opaque_id

        state = nightly(
            as_of=as_of,
            sources=tuple(opaque_id(name) for name in names),
            accept_shrink=accept_shrink,
            retry=retry,
            return_state=True,
        )
        result = state.result(raise_on_failure=False)
    if isinstance(result, Exception):
        raise result
    if not isinstance(result, Run):
        raise TypeError(f"the nightly flow returned {type(result).__name__}")
    return result


def _note_run(place: Home, names: tuple[str, ...], as_of: date | None) -> Run:
    """A run that has nothing to do but to say so: the same steps, without a flow around them."""
    from flows.steps import chosen_sources, night

    with night(place, as_of=as_of) as run:
        for source in chosen_sources(run.settings, names):
            run.read(source)
        run.build()
    return run.finished


def print_run(run: Run, place: Home, style: str) -> None:
    """What a run did, and what went wrong on standard error."""
    from flows.asking import totals
    from warehouse.connection import opened, rows

    with opened(place.database, read_only=True) as connection:
        counts = totals(connection)
        [(quiet,)] = rows(connection, "select count(*) from main.gone_quiet")
    if style == "json":
        document = {
            "run_id": run.run_id,
            "started_at": run.started_at,
            "finished_at": run.finished_at,
            "people": counts["people"],
            "interactions": counts["interactions"],
            "gone_quiet": quiet,
            "sources": [msgspec.structs.asdict(each) for each in run.sources],
        }
        render.write_json(document)
    else:
        rows_ = [
            [
                _skipped(value) if isinstance(value, dict) else value
                for value in (getattr(each, name) for name in _COLUMNS)
            ]
            for each in run.sources
        ]
        render.write(style, _COLUMNS, rows_)
        if style == "table":
            click.echo(
                f"\n{counts['people']} people, {counts['interactions']} interactions, {quiet} gone quiet"
            )
            click.echo(f"Report: {place.reports / 'index.html'}")
    for each in run.sources:
        if each.error:
            click.echo(f"kith: {each.error}", err=True)


def _skipped(reasons: dict[str, int]) -> str:
    return ", ".join(f"{number} {reason}" for reason, number in reasons.items()) or "0"


@click.command()
@as_of_option
@home_option
@click.pass_context
def rebuild(ctx: click.Context, as_of: date | None, home: str | None) -> None:
    """Make network.duckdb anew from landing alone."""
    from flows.steps import night

    place = home_of(ctx, home)
    with night(place, as_of=as_of, from_landing_alone=True) as run:
        run.build()
    click.echo(f"Rebuilt {place.database} from {place.landing}")


@click.command()
@click.option("--out", metavar="DIR", help="Where to write it (default: reports/ in the home).")
@as_of_option
@home_option
@click.pass_context
def report(ctx: click.Context, out: str | None, as_of: date | None, home: str | None) -> None:
    """Write the report: HTML, Markdown and CSV."""
    from flows.asking import today
    from flows.reporting import write_reports

    place = home_of(ctx, home)
    folder = Path(out).expanduser().absolute() if out else place.reports
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file; choose a folder with --out")
    for path in write_reports(place, folder, as_of=as_of or today(place.settings())):
        click.echo(path)
