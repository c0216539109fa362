"""`kith quarantine`: what could not be read, and another try."""

import click

from flows.cli import render
from flows.cli.main import home_of
from flows.cli.options import format_option, home_option
from flows.settings import Home
from warehouse.connection import Connection, opened, rows
from warehouse.errors import UserError

_COLUMNS = ("source", "locator", "reason", "mend", "excerpt", "seen_at")
_PARTIAL = ("source", "locator", "left_out")


@click.command()
@click.argument("names", nargs=-1, metavar="[SOURCE]...")
@click.option(
    "--retry", is_flag=True, help="Read again the files that hold such records, then list the rest."
)
@click.option(
    "--partial", is_flag=True, help="List the records that were read in part, and what was left out."
)
@format_option()
@home_option
@click.pass_context
def quarantine(
    ctx: click.Context, names: tuple[str, ...], retry: bool, partial: bool, style: str, home: str | None
) -> None:
    """What could not be read: where it stands, why, and the mend."""
    place = home_of(ctx, home)
    known = [source.name for source in place.settings().sources]
    for name in names:
        if name not in known:
            raise UserError(f"there is no source '{name}'; there are {', '.join(known) or 'none'}")
    failed = _retry(place, names) if retry else False
    with opened(place.require_database(), read_only=True) as connection:
        listed = _read_in_part(connection) if partial else _quarantined(connection)
    listed = [row for row in listed if not names or row[0] in names]
    render.write(style, _PARTIAL if partial else _COLUMNS, listed)
    if style == "table" and not listed:
        click.echo("Everything was read whole." if partial else "Nothing is in quarantine.")
    ctx.exit(1 if failed else 0)


def _retry(place: Home, names: tuple[str, ...]) -> bool:
    """Read again what is in quarantine; whether a source failed."""
    from flows.cli.sync import run_nightly

    with opened(place.require_database(), read_only=True) as connection:
        holding = {
            str(source) for (source,) in rows(connection, "select distinct source from main.quarantine")
        }
    enabled = [
        source.name for source in place.settings().sources if source.enabled and source.name in holding
    ]
    wanted = tuple(name for name in enabled if not names or name in names)
    if not wanted:
        return False
    run = run_nightly(place, wanted, retry=True)
    for each in run.sources:
        if each.error:
            click.echo(f"kith: {each.error}", err=True)
    return any(each.status == "failed" for each in run.sources)


def _quarantined(connection: Connection) -> list[tuple[object, ...]]:
    return rows(connection, f"select {', '.join(_COLUMNS)} from main.quarantine order by source, locator")


def _read_in_part(connection: Connection) -> list[tuple[object, ...]]:
    """Records of which a bound left something out, of all kinds."""
    tables = rows(
        connection,
        "select table_name from duckdb_columns() where schema_name = 'landed' and column_name = 'capped'",
    )
    query = " union all ".join(
        f"select source, file || ': ' || locator, capped from landed.{table} where capped <> ''"
        for (table,) in sorted(tables)
    )
    return rows(connection, f"{query} order by all") if query else []
