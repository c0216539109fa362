"""`kith sql`."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click

from flows.cli import render
from flows.cli.main import home_of
from flows.cli.options import format_option, home_option
from flows.settings import Home
from warehouse.errors import KithlineError, UserError
from warehouse.escaping import to_terminal
from warehouse.query import Limits, Write, answer

_COMMENT = re.compile(r"--\s|--[^\n]*\n")


class Query(click.Command):
    """A command whose argument may begin with an SQL comment, which looks like an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [f" {each}" if _COMMENT.match(each) else each for each in args])


@click.command(cls=Query)
@click.argument("query", required=False)
@click.option(
    "--file",
    "file",
    type=click.File("rb"),
    metavar="F",
    help="Read the query from a file, - for standard input.",
)
@click.option("--out", metavar="F", help="With --format parquet: the file to write.")
@format_option("parquet")
@home_option
@click.pass_context
def sql(
    ctx: click.Context,
    query: str | None,
    file: BinaryIO | None,
    out: str | None,
    style: str,
    home: str | None,
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
    written = file.read() if file is not None else None
    if query is None and written is None and not sys.stdin.isatty():
        written = sys.stdin.buffer.read()
    text = _decoded(written, query)
    writer: Write = (
        _parquet(_outside(place, out)) if out else lambda columns, rows: render.write(style, columns, rows)
    )
    if text is None:
        _prompt(database, writer, limits)
    else:
        answer(database, text, writer, limits)


def _decoded(written: bytes | None, query: str | None) -> str | None:
    """The query as text. In: what a file or standard input holds, else the argument, in whatever locale."""
    try:
        if written is None:
            written = None if query is None else os.fsencode(query)
        return None if written is None else written.decode("utf-8-sig")
    except UnicodeError as error:
        raise UserError("the query is not UTF-8 text; save it as UTF-8") from error


def _prompt(database: Path, writer: Write, limits: Limits) -> None:
    import readline  # noqa: F401 - gives input() its history and editing

    click.echo("SQL on your relationships; end a query with ; and leave with .quit", err=True)
    query = ""
    while True:
        try:
            line = input("  ... " if query else "kith> ")
        except EOFError:
            click.echo(err=True)
            return
        except KeyboardInterrupt:
            click.echo(err=True)
            query = ""
            continue
        if line.strip() in (".quit", ".exit"):
            return
        query += "show tables;" if line.strip() == ".tables" else line + "\n"
        if query.rstrip().endswith(";"):
            _try(database, query, writer, limits)
            query = ""
        elif not query.strip():
            query = ""


def _try(database: Path, query: str, writer: Write, limits: Limits) -> None:
    """Answer one query of the prompt, which goes on whatever becomes of it."""
    try:
        answer(database, query, writer, limits)
    except KithlineError as error:
        click.echo(f"kith: {to_terminal(str(error))}", err=True)
    except KeyboardInterrupt:
        click.echo("stopped", err=True)


def _outside(place: Home, out: str) -> Path:
    """The file to write. Raises UserError if it is one that Kithline lives on."""
    path = Path(out).expanduser().absolute()
    real, home = path.resolve(), place.folder.resolve()
    if real.is_relative_to(home) and not real.is_relative_to(home / "reports"):
        raise UserError(f"{path} is inside the Kithline home; choose a file elsewhere")
    if path.is_dir():
        raise UserError(f"{path} is a folder; name a file in it with --out")
    return path


def _parquet(out: Path) -> Write:
    def write(columns: list[str], rows: Iterator[tuple[object, ...]]) -> None:
        import polars as pl  # only this format needs it

        frame = pl.DataFrame(
            list(rows), schema=render.distinct(columns), orient="row", infer_schema_length=None
        )
        part = out.with_name(f".{out.name}.part")
        try:
            frame.write_parquet(part)
            part.replace(out)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise UserError(f"{out}: {error.strerror or 'cannot be written'}; choose another file") from error

    return write
