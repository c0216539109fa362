"""`kith quiet`, `kith person` and `kith status`: questions to the published warehouse."""

import gc
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, cast

import click

from flows.asking import find_person, published_day, published_quiet, today
from flows.cli import render
from flows.cli.main import home_of
from flows.cli.options import as_of_option, format_option, home_option
from flows.settings import Home, Source
from warehouse.connection import Connection, opened, rows, table
from warehouse.escaping import to_terminal

if TYPE_CHECKING:
    from flows.answers import Answers


@click.command()
@click.option(
    "--top", type=click.IntRange(1, 1_000_000), metavar="N", help="How many people (default: report.top)."
)
@as_of_option
@format_option()
@home_option
@click.pass_context
def quiet(ctx: click.Context, top: int | None, as_of: date | None, style: str, home: str | None) -> None:
    """Who has gone quiet, the one to write to first at the top."""
    place = home_of(ctx, home)
    settings = place.settings()
    number = top or settings.report.top
    day = as_of or today(settings)
    with opened(place.require_database(), read_only=True) as connection:
        if day == published_day(connection):
            columns, listed = published_quiet(connection, number)
        else:
            found = _derived(connection, place, day).gone_quiet.head(number)
            columns, listed = found.columns, found.rows()
    if style != "table":
        render.write(style, columns, listed)
    elif not listed:
        click.echo(f"Nobody has gone quiet as of {day}.")
    for row in listed if style == "table" else ():
        facts = dict(zip(columns, row, strict=True))
        click.echo(to_terminal(f"{facts['rank']:>3}  {facts['name']}"))
        click.echo(to_terminal(f"     {facts['why']}"))


@click.command()
@click.argument("who")
@as_of_option
@format_option()
@home_option
@click.pass_context
def person(ctx: click.Context, who: str, as_of: date | None, style: str, home: str | None) -> None:
    """One person: identifiers, affiliations, why they are linked, rhythm, timeline.

    WHO is an id, an address, or a name or part of one.
    """
    place = home_of(ctx, home)
    with opened(place.require_database(), read_only=True) as connection:
        person_id = find_person(connection, who)
        found = _derived(connection, place, as_of or today(place.settings()))
        document = _document(connection, found, person_id)
    if style == "json":
        render.write_json(document)
    elif style == "table":
        _print(document)
    else:
        timeline = _rows(document, "timeline")
        columns = ("occurred_at", "channel", "direction", "party_size", "source")
        render.write(style, columns, [[each[column] for column in columns] for each in timeline])


def _derived(connection: Connection, place: Home, day: date) -> "Answers":
    """The derived tables as of a day. Polars is imported only here.

    Without the garbage collector: an import makes no garbage, and to look for it takes a tenth of its time.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        from flows.answers import answers
    finally:
        if collects:
            gc.enable()
    return answers(connection, place, day)


def _document(connection: Connection, found: "Answers", person_id: str) -> dict[str, object]:
    def facts_of(query: str) -> list[dict[str, object]]:
        columns, found = table(connection, query, [person_id])
        return [dict(zip(columns, row, strict=True)) for row in found]

    [facts] = facts_of("from main.people where person_id = ?")
    import polars as pl

    from flows.explaining import former_ids, why_linked

    mine = pl.col("person_id") == person_id
    rhythm = found.rhythms.filter(mine).to_dicts()
    timeline = found.interactions.filter(mine).sort("occurred_at", descending=True)
    times = timeline["occurred_at"]
    return {
        **facts,
        "first_contact_at": times.min(),
        "last_contact_at": times.max(),
        "as_of": found.as_of,
        "identifiers": facts_of("select * exclude (person_id) from main.identifiers where person_id = ?"),
        "affiliations": facts_of(
            "select * exclude (person_id) from main.affiliations where person_id = ? "
            "order by valid_from desc nulls last, organization"
        ),
        "links": why_linked(connection, person_id),
        "former_ids": former_ids(connection, person_id),
        "contacts": facts_of("select * exclude (person_id) from main.contacts where person_id = ?"),
        "rhythm": rhythm[0] if rhythm else None,
        "quiet": next(iter(found.gone_quiet.filter(mine).to_dicts()), None),
        "timeline": timeline.drop("person_id").to_dicts(),
    }


def _print(document: dict[str, object]) -> None:
    def say(text: str) -> None:
        click.echo(to_terminal(text))

    place = " at ".join(str(document[key]) for key in ("title", "organization") if document[key])
    say(f"{document['name']}{', ' + place if place else ''}")
    say(f"  {document['person_id']}, {document['kind']} ({document['kind_reason']})")
    for each in _rows(document, "identifiers"):
        say(f"  {each['kind']}: {each['value']}  ({each['evidence']})")
    for each in _rows(document, "affiliations"):
        what = " at ".join(str(each[key]) for key in ("title", "organization") if each[key])
        say(f"  {_span(each)}: {what}  ({each['evidence']})")
    for each in _rows(document, "links"):
        seen = f", last in message {each['seen_in']}" if each["seen_in"] else ""
        say(f"  one person because {each['evidence']}{seen}")
    quiet = document["quiet"]
    rhythm = document["rhythm"]
    if isinstance(quiet, dict):
        say(f"  {quiet['why']}")
    elif isinstance(rhythm, dict):
        say(f"  {rhythm['interactions']} interactions, the last on {rhythm['last_at']:%Y-%m-%d}")
    else:
        say(f"  no contact on record as of {document['as_of']}")
    for each in _rows(document, "timeline")[:20]:
        say(f"  {each['occurred_at']:%Y-%m-%d}  {each['channel']} {each['direction']}  ({each['source']})")


def _span(affiliation: dict[str, object]) -> str:
    """From when to when: years and months as they are known."""
    begins, ends = (affiliation[key] or "" for key in ("valid_from", "valid_to"))
    return f"{begins}…{ends}" if begins or ends else "some time"


def _rows(document: dict[str, object], key: str) -> list[dict[str, object]]:
    return cast(list[dict[str, object]], document[key])


@click.command()
@format_option()
@home_option
@click.pass_context
def status(ctx: click.Context, style: str, home: str | None) -> None:
    """Freshness and counts of each source, and what could not be read."""
    place = home_of(ctx, home)
    database = place.require_database()
    sources = place.settings().sources
    with opened(database, read_only=True) as connection:
        found = _states(connection, sources, now=datetime.now(UTC))
        lost = rows(
            connection, "select reason, count(*) n from main.quarantine group by all order by n desc limit 5"
        )
    columns = [
        "name",
        "kind",
        "status",
        "records",
        "quarantined",
        "partial",
        "synced_at",
        "hours_ago",
        "error",
    ]
    render.write(style, columns, found)
    for reason, number in lost if style == "table" else ():
        click.echo(to_terminal(f"quarantined: {number} × {reason}"))


def _states(connection: Connection, sources: list[Source], *, now: datetime) -> list[list[object]]:
    """One row per configured source, synced or not."""
    known = {
        name: rest
        for name, *rest in rows(
            connection, "select source, status, records, read_in_part, synced_at from main.sources"
        )
    }
    lost = dict(rows(connection, "select source, count(*) from main.quarantine group by all"))
    last_errors = dict(
        rows(
            connection,
            "select source, arg_max(coalesce(error, ''), started_at) from main.sync_runs group by all",
        )
    )
    found: list[list[object]] = []
    for source in sources:
        status, records, partial, synced_at = known.get(source.name, (None, 0, 0, None))
        error = last_errors.get(source.name) or None
        state = "failed" if error else status or "never synced"
        age = round((now - synced_at).total_seconds() / 3600, 1) if isinstance(synced_at, datetime) else None
        quarantined = lost.get(source.name, 0)
        found.append([source.name, source.kind, state, records, quarantined, partial, synced_at, age, error])
    return found
