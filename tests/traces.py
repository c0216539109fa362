"""What the tests of forgetting share: small files, the command, and what is left of somebody in a home."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
from click.testing import CliRunner, Result

from flows.cli.main import kith
from flows.settings import Home


def letter(number: int, sender: str, to: str, more: str = "") -> str:
    return (
        f"From x@y.example Mon Jan  5 10:00:00 2026\nMessage-ID: <m{number}@mail.example>\n"
        f"Date: Mon, {number:02d} Jan 2026 10:00:00 +0000\nFrom: {sender}\nTo: {to}\n{more}\nHello\n\n"
    )


def card(uid: str, name: str, *lines: str) -> str:
    body = "".join(f"{line}\r\n" for line in lines)
    return f"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:{name}\r\n{body}END:VCARD\r\n"


def run(home: Home, *arguments: str) -> Result:
    return CliRunner().invoke(kith, ["--home", str(home.folder), "forget", *arguments])


def texts(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Everything that a home holds but my own files, names of files and compressed values included."""
    with duckdb.connect() as connection:
        for path in folder.rglob("*"):
            place = path.relative_to(folder).as_posix()
            if place.startswith("inbox/") or not path.is_file():
                continue
            yield f"the name {place}", place.encode()
            yield place, path.read_bytes()
            if path.suffix == ".parquet":
                yield place, repr(connection.sql(f"from read_parquet('{path}')").fetchall()).encode()
            if path.suffix == ".duckdb":
                connection.sql(f"attach '{path}' as found (read_only)")
                tables = connection.sql(
                    "select schema_name, table_name from duckdb_tables() where database_name = 'found'"
                ).fetchall()
                for schema, table in tables:
                    values = repr(connection.sql(f'from found."{schema}"."{table}"').fetchall())
                    yield f"{place} {schema}.{table}", values.encode()
                connection.sql("detach found")


def left(folder: Path, traces: Iterable[bytes]) -> list[str]:
    """Where something of somebody stands."""
    found = {
        f"{place}: {trace!r}" for place, text in texts(folder) for trace in traces if trace in text.lower()
    }
    return sorted(found)
