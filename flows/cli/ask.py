"""`kith quiet`, `kith person` and `kith status`: questions to the published warehouse."""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, cast

import click

from flows.asking import published_day, published_quiet, today
from flows.cli import render
from flows.cli.main import home_of
from flows.cli.options import as_of_option, format_option, home_option
from flows.settings import Home
from warehouse.connection import Connection, opened, rows
from warehouse.errors import UserError
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
            from flows.answers import answers

            found = answers(connection, place, day).gone_quiet.head(number)
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
    """One person: identifiers, rhythm, timeline. WHO is an id, an address, or a name or part of one."""
    from flows.answers import answers

    place = home_of(ctx, home)
    with opened(place.require_database(), read_only=True) as connection:
        person_id = _find(connection, who)
        found = answers(connection, place, as_of or today(place.settings()))
        document = _document(connection, found, person_id)
    if style == "json":
        render.write_json(document)
    elif style == "table":
        _print(document)
    else:
        timeline = _rows(document, "timeline")
        columns = ("occurred_at", "channel", "direction", "party_size", "source")
        render.write(style, columns, [[each[column] for column in columns] for each in timeline])


def _find(connection: Connection, who: str) -> str:
    """The one person meant. Raises UserError if there is none, or if there are several."""
    wanted = who.strip().lower().encode("utf-8", "replace").decode()
    if not wanted:
        raise UserError("WHO is empty; name an id, an address, or a part of a name")
    for query in (
        "select person_id, name from main.people where person_id = $who",
        """select distinct p.person_id, p.name from main.people p join main.identifiers i using (person_id)
        where lower(i.value) = $who""",
        "select person_id, name from main.people where lower(name) = $who",
        "select person_id, name from main.people where contains(lower(name), $who) order by name, person_id",
    ):
        found = connection.execute(query, {"who": wanted}).fetchall()
        if len(found) == 1:
            return str(found[0][0])
        if found:
            named = ", ".join(f"{name} ({person_id})" for person_id, name in found[:5])
            raise UserError(f"'{who}' may be {named}{' and others' if len(found) > 5 else ''}; name the id")
    raise UserError(f"nobody is known as '{who}'; try a part of the name, or an address")


def _document(connection: Connection, found: "Answers", person_id: str) -> dict[str, object]:
    def table(query: str) -> list[dict[str, object]]:
        relation = connection.execute(query, {"who": person_id})
        columns = [column[0] for column in relation.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in relation.fetchall()]

    [facts] = table("select * from main.people where person_id = $who")
    import polars as pl

    mine = pl.col("person_id") == person_id
    rhythm = found.rhythms.filter(mine).to_dicts()
    timeline = found.interactions.filter(mine).sort("occurred_at", descending=True)
    times = timeline["occurred_at"]
    return {
        **facts,
        "first_contact_at": times.min(),
        "last_contact_at": times.max(),
        "as_of": found.as_of,
        "identifiers": table("select * exclude (person_id) from main.identifiers where person_id = $who"),
        "contacts": table("select * exclude (person_id) from main.contacts where person_id = $who"),
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


def _rows(document: dict[str, object], key: str) -> list[dict[str, object]]:
    return cast(list[dict[str, object]], document[key])


@click.command()
@format_option()
@home_option
@click.pass_context
def status(ctx: click.Context, style: str, home: str | None) -> None:
    """Freshness and counts of each source, and what could not be read."""
    place = home_of(ctx, home)
    columns, found = _status(place)
    render.write(style, columns, found)
    if style == "table":
        with opened(place.require_database(), read_only=True) as connection:
            lost = rows(
                connection,
                "select reason, count(*) n from main.quarantine group by all order by n desc limit 5",
            )
        for reason, number in lost:
            click.echo(to_terminal(f"quarantined: {number} × {reason}"))


def _status(place: Home) -> tuple[list[str], list[list[object]]]:
    """One row per configured source, synced or not."""
    columns = ["name", "kind", "status", "records", "quarantined", "synced_at", "hours_ago", "error"]
    with opened(place.require_database(), read_only=True) as connection:
        known = {
            str(name): (status, records, synced_at)
            for name, status, records, synced_at in rows(
                connection, "select source, status, records, synced_at from main.sources"
            )
        }
        lost = dict(rows(connection, "select source, count(*) from main.quarantine group by all"))
        last = dict(
            rows(
                connection,
                "select source, arg_max(coalesce(error, ''), started_at) from main.sync_runs group by all",
            )
        )
    now = datetime.now(UTC)
    found: list[list[object]] = []
    for source in place.settings().sources:
        status, records, synced_at = known.get(source.name, (None, 0, None))
        error = last.get(source.name) or None
        status = "failed" if error else status or "never synced"
        age = round((now - synced_at).total_seconds() / 3600, 1) if isinstance(synced_at, datetime) else None
        found.append(
            [source.name, source.kind, status, records, lost.get(source.name, 0), synced_at, age, error]
        )
    return columns, found
