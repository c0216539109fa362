"""`kith sql`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import click

from flows.cli import render
from flows.cli.main import home_of
from flows.cli.options import format_option, home_option
from warehouse.errors import KithlineError, UserError
from warehouse.query import Limits, Write, answer


@click.command()
@click.argument("query", required=False)
@click.option(
    "--file",
    "file",
    type=click.File("r"),
    metavar="F",
    help="Read the query from a file, - for standard input.",
)
@click.option("--out", metavar="F", help="With --format parquet: the file to write.")
@format_option("parquet")
@home_option
@click.pass_context
def sql(
    ctx: click.Context, query: str | None, file: TextIO | None, out: str | None, style: str, home: str | None
) -> None:
    """Read-only SQL on your relationships, also while a sync runs.

    Without a query, an interactive prompt. SELECT and EXPLAIN only; no files, no network, no settings.
    """
    if (style == "parquet") != (out is not None):
        raise UserError("--format parquet and --out FILE go together")
    if query is not None and file is not None:
        raise UserError("give a query or --file, not both")
    place = home_of(ctx, home)
    bounds = place.settings().sql
    limits = Limits(bounds.memory_limit_mb, bounds.time_limit_seconds)
    database = place.require_database()
    text = file.read() if file is not None else query
    if text is None and not sys.stdin.isatty():
        text = sys.stdin.read()
    writer: Write = _parquet(Path(out)) if out else lambda columns, rows: render.write(style, columns, rows)
    if text is None:
        _prompt(database, writer, limits)
    else:
        answer(database, text, writer, limits)


def _prompt(database: Path, writer: Write, limits: Limits) -> None:
    import readline  # noqa: F401 - gives input() its history and editing

    click.echo("SQL on your relationships; end a query with ; and leave with .quit", err=True)
    query = ""
    while True:
        try:
            line = input("kith> " if not query else "  ... ")
        except (EOFError, KeyboardInterrupt):
            click.echo(err=True)
            return
        if line.strip() in (".quit", ".exit"):
            return
        if line.strip() == ".tables":
            line = "show tables;"
        query += line + "\n"
        if line.rstrip().endswith(";"):
            try:
                answer(database, query, writer, limits)
            except KithlineError as error:
                click.echo(f"kith: {error}", err=True)
            query = ""


def _parquet(out: Path) -> Write:
    def write(columns: list[str], rows: Iterator[tuple[object, ...]]) -> None:
        import polars as pl  # only this format needs it

        frame = pl.DataFrame(
            list(rows), schema=render.distinct(columns), orient="row", infer_schema_length=None
        )
        try:
            frame.write_parquet(out)
        except OSError as error:
            raise UserError(f"{out}: {error}; choose another file") from error

    return write
