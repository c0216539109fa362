"""`kith me`: which addresses are mine, and which others may be, by evidence that is shown and asked."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import click
import msgspec
import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Array, InlineTable, Item, Table

from flows.cli import render
from flows.cli.main import Day, home_of
from flows.cli.options import format_option, home_option
from flows.settings import Home, Me, Settings, check, check_address
from warehouse.connection import Connection, opened, table
from warehouse.errors import UserError
from warehouse.escaping import to_terminal
from warehouse.landing import write_durably

if TYPE_CHECKING:
    import polars as pl

_NEXT = "the next `kith sync` applies it"
_IS_ONE_PERSONS = """address is not null and address not in (
    select lower(i.value) from main.identifiers as i join main.people as p using (person_id)
    where i.kind = 'email' and p.kind <> 'human')"""

# What lies in sent folders, by who wrote it; `sent folder` is the name of a folder alone.
_SENT = f"""
    with filed as (
        select source, key, labels, parties, sent_at from landed.messages
        where service = 'email' and list_has_any(labels, ['sent', 'sent folder'])
    )
    select
        source,
        lower(p.address) as address,
        list_contains(labels, 'sent') as is_labelled,
        count(distinct key) as messages,
        min(sent_at) as first_at,
        max(sent_at) as last_at
    from filed, unnest(parties) as u (p)
    where p.role = 'from' and {_IS_ONE_PERSONS}
    group by all"""

# What a list delivers says whom the list knows, not whose the mailbox is.
_DELIVERED = f"""
    select
        source,
        lower(d) as address,
        count(distinct key) as messages,
        min(sent_at) as first_at,
        max(sent_at) as last_at
    from landed.messages, unnest(delivered_to) as u (d)
    where service = 'email' and list_id is null and {_IS_ONE_PERSONS}
    group by all"""

_OWN = f"""
    select distinct address, evidence
    from (select lower("value") as address, evidence from landed.own_identifiers where kind = 'email')
    where {_IS_ONE_PERSONS}"""

# A calendar is a file, or, of files with few events each, their folder.
_CALENDARS = f"""
    with placed as (
        select
            if(count(*) over (partition by source, file) >= 5, file || ' of ' || source, source) as calendar,
            starts_local::timestamptz as starts_at,
            lower(organizer_address) as organizer,
            list_distinct(list_filter(
                list_append(list_transform(attendees, lambda a: lower(a.address)), lower(organizer_address)),
                lambda address: address <> ''
            )) as everyone
        from landed.events
    ),
    numbered as (
        select *, count(*) over (partition by calendar) as "of" from placed where len(everyone) > 0
    )
    select
        calendar,
        address,
        "of",
        count(*) as events,
        count(*) filter (address = organizer) as organized,
        min(starts_at) as first_at,
        max(starts_at) as last_at
    from numbered, unnest(everyone) as u (address)
    where {_IS_ONE_PERSONS}
    group by all"""


def find_candidates(connection: Connection, settings: Settings) -> "pl.DataFrame":
    """What the published database says about addresses that may be mine (`ownership.candidates`)."""
    import polars as pl  # only those who ask need it

    from warehouse.people.ownership import EVIDENCE, candidates

    frames = []
    for query in (_SENT, _DELIVERED, _OWN, _CALENDARS):
        columns, found = table(connection, query)
        schema = {column: EVIDENCE[column] for column in columns}
        frames.append(pl.DataFrame(found, schema=schema, orient="row"))
    return candidates(*frames, mine=settings.my_addresses, declined=settings.me.not_mine)


def count_candidates(connection: Connection, settings: Settings) -> int:
    """How many addresses are likely mine and not configured: `kith me` asks about them."""
    from warehouse.people.ownership import LIKELY

    found = find_candidates(connection, settings)["score"]
    return int((found >= LIKELY).sum())


@click.group(invoke_without_command=True)
@format_option()
@home_option
@click.pass_context
def me(ctx: click.Context, style: str, home: str | None) -> None:
    """Your addresses, and those that may be yours, with the evidence, best first.

    None becomes yours by evidence alone: `kith me add` and `kith me decline` answer.
    """
    if ctx.invoked_subcommand is not None:
        ctx.find_root().obj = home or ctx.find_root().obj
        return
    place = home_of(ctx, home)
    settings = place.settings()
    with opened(place.require_database(), read_only=True) as connection:
        found = find_candidates(connection, settings).to_dicts()
    mine = list(_mine(settings))
    if style == "json":
        render.write_json({"mine": mine, "candidates": found})
    elif style == "table":
        _print(mine, found)
    else:
        columns = ("address", "score", "first_at", "last_at", "evidence")
        told = [{**each, "evidence": "; ".join(each["evidence"])} for each in found]
        render.write(style, columns, [[each[column] for column in columns] for each in told])


@me.command()
@click.argument("address")
@click.option("--since", type=Day(), metavar="DATE", help="Its first day with you.")
@click.option("--until", type=Day(), metavar="DATE", help="Its last day with you; then it is another's.")
@home_option
@click.pass_context
def add(ctx: click.Context, address: str, since: date | None, until: date | None, home: str | None) -> None:
    """This address is yours, always or for a time; several times are added one by one."""
    check_address(address)
    place = home_of(ctx, home)
    settings = place.settings()
    is_known = address.lower() in {each.lower() for each in settings.my_addresses}
    if is_known and since is None and until is None:
        raise UserError(f"{address} is yours already; --since and --until say for how long")

    def change(section: Any) -> None:  # noqa: ANN401 - tomlkit's tables have no common type
        _take_out(section, "not_mine", address)
        if not is_known:
            _put_in(section, "addresses", address)
        if since or until:
            period = {"address": address, "since": since, "until": until}
            _put_in(section, "periods", {key: value for key, value in period.items() if value})

    _edit(place, change)
    click.echo(to_terminal(f"{address} is yours{_during(since, until)}; {_NEXT}"))


@me.command()
@click.argument("address")
@home_option
@click.pass_context
def remove(ctx: click.Context, address: str, home: str | None) -> None:
    """This address is not yours after all; it may be asked about again."""
    place = home_of(ctx, home)
    settings = place.settings()
    if address.lower() not in {each.lower() for each in settings.my_addresses}:
        raise UserError(f"{address} is not among your addresses; `kith me` lists them")
    for source in settings.sources:
        if address.lower() in map(str.lower, source.me):
            raise UserError(
                f"{address} is yours by the source '{source.name}'; take it out of its `me` in {place.config}"
            )

    def change(section: Any) -> None:  # noqa: ANN401 - tomlkit's tables have no common type
        _take_out(section, "addresses", address)
        _take_out(section, "periods", address)

    _edit(place, change)
    click.echo(to_terminal(f"{address} is not yours any more; {_NEXT}"))


@me.command()
@click.argument("address")
@home_option
@click.pass_context
def decline(ctx: click.Context, address: str, home: str | None) -> None:
    """This address is not yours: ask no more, whatever the evidence."""
    check_address(address)
    place = home_of(ctx, home)
    settings = place.settings()
    if address.lower() in {each.lower() for each in settings.my_addresses}:
        raise UserError(f"{address} is among your addresses; `kith me remove {address}` takes it out")
    if address.lower() not in map(str.lower, settings.me.not_mine):
        _edit(place, lambda section: _put_in(section, "not_mine", address))
    click.echo(to_terminal(f"{address} is not yours; `kith me` asks no more about it"))


def _mine(settings: Settings) -> Iterator[dict[str, Any]]:
    """My addresses, each with its periods and with what says that it is mine."""
    configured = {address.lower() for address in settings.me.addresses}
    configured |= {period.address.lower() for period in settings.me.periods}
    for address in settings.my_addresses:
        own = [each for each in settings.me.periods if each.address.lower() == address.lower()]
        sources = [each.name for each in settings.sources if address in each.me]
        yield {
            "address": address,
            "periods": [{"since": each.since, "until": each.until} for each in own],
            "by": (["me"] if address.lower() in configured else []) + sources,
        }


def _print(mine: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    click.echo("Yours:")
    for each in mine:
        spans = ",".join(_during(**period) for period in each["periods"])
        by = [f"source {name}" for name in each["by"] if name != "me"] if "me" not in each["by"] else []
        click.echo(to_terminal(f"  {each['address']}{spans}{' by ' + ', '.join(by) if by else ''}"))
    if not found:
        click.echo("No other address looks like yours.")
        return
    click.echo("May be yours (kith me add ADDRESS, kith me decline ADDRESS):")
    for each in found:
        click.echo(to_terminal(f"  {each['address']}  {each['score']:.2f}"))
        for evidence in each["evidence"]:
            click.echo(to_terminal(f"     {evidence}"))


def _during(since: date | None, until: date | None) -> str:
    return (f" since {since}" if since else "") + (f" until {until}" if until else "")


def _edit(place: Home, change: Callable[[Any], None]) -> None:
    """Change [me] in the configuration and leave all else in it as it stands. Raises UserError if the result
    would not hold, and changes nothing then.
    """
    document = tomlkit.parse(place.config.read_text(encoding="utf-8"))
    before = place.settings()
    change(document["me"])
    text = tomlkit.dumps(document)
    try:
        changed = msgspec.convert(tomlkit.parse(text).unwrap()["me"], Me)
    except (TOMLKitError, msgspec.ValidationError) as error:
        raise UserError(f"{place.config}: only you can change [me] as it stands: {error}") from error
    check(msgspec.structs.replace(before, me=changed))
    write_durably(place.config, text.encode())


def _put_in(section: Any, key: str, value: str | dict[str, Any]) -> None:  # noqa: ANN401 - tomlkit's tables have no common type
    """Add to a list of [me], which is made behind its last key if it is not there yet."""
    if key not in section:
        made = tomlkit.array()
        if isinstance(section, Table):
            made.multiline(multiline=key == "periods")
        _insert(section, key, made)
    entries = section[key]
    if isinstance(value, dict):
        entry: Table | InlineTable = tomlkit.inline_table() if isinstance(entries, Array) else tomlkit.table()
        entry.update(value)
        entries.append(entry)
    else:
        entries.append(value)


def _take_out(section: Any, key: str, address: str) -> None:  # noqa: ANN401 - tomlkit's tables have no common type
    """Take all entries of an address out of a list of [me], and the list if it is empty then."""
    if key not in section:
        return
    entries = section[key]
    for place in reversed(range(len(entries))):
        entry = entries[place] if isinstance(entries[place], str) else entries[place]["address"]
        if entry.lower() == address.lower():
            del entries[place]
    if not len(entries) and key != "addresses":
        del section[key]


def _insert(section: Any, key: str, item: Item) -> None:  # noqa: ANN401 - tomlkit's tables have no common type
    """A new key before the comments at the end of a table, which are about what follows it."""
    tail = []
    if isinstance(section, Table):
        body = section.value.body
        while body and body[-1][0] is None:
            tail.append(body.pop())
    section[key] = item
    if tail:
        section.value.body.extend(reversed(tail))
