"""Where in a home a text still stands: in every file byte by byte, in Parquet and DuckDB by their values.

Pages of both are compressed, so their bytes alone would hide what they hold.
"""

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from warehouse.connection import Connection, opened, quoted, rows

_CHUNK = 2**22
_LONGEST = 4096


@dataclass(frozen=True)
class Trace:
    """A text that still stands somewhere. place: a file, or a column of a table in it."""

    path: Path
    place: str
    text: str


class Needles:
    """What is looked for, whatever its case. A longer word or another's address is not taken for it."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = tuple(sorted({text.lower() for text in texts if text}))
        self._forms = {text: _forms(text) for text in self.texts}
        self._patterns = {
            text: re.compile(
                rb"(?<![a-z0-9._%+\-])(?:" + b"|".join(map(re.escape, forms)) + rb")(?![a-z0-9\-]|\.[a-z0-9])"
            )
            for text, forms in self._forms.items()
        }

    def found_in(self, content: bytes) -> str:
        """The first of the texts that stands in the content, or nothing."""
        folded = content.lower()
        for text, forms in self._forms.items():
            if any(form in folded for form in forms) and self._patterns[text].search(folded):
                return text
        return ""

    def found_in_name(self, name: str) -> str:
        """The same in the name of a file, which may go on with an ending."""
        folded = re.sub(r"[_]+", " ", name.lower())
        return next((text for text in self.texts if text in folded or text in name.lower()), "")


def traces(folder: Path, needles: Needles) -> Iterator[Trace]:
    """Every file under a folder that holds one of the texts. Links are not followed."""
    with opened(Path(":memory:"), read_only=False) as connection:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield from _in_file(connection, path, path.relative_to(folder).as_posix(), needles)


def _in_file(connection: Connection, path: Path, place: str, needles: Needles) -> Iterator[Trace]:
    if text := needles.found_in_name(place):
        yield Trace(path, f"{place}, its name", text)
    if text := in_bytes(path, needles):
        yield Trace(path, place, text)
    elif path.suffix == ".parquet":
        relation = f"read_parquet({quoted(path)})"
        yield from _in_relation(connection, relation, path, place, needles)
    elif path.suffix == ".duckdb":
        with opened(path, read_only=True) as database:
            tables = rows(database, "select schema_name, table_name from duckdb_tables() order by all")
            for schema, table in tables:
                relation = f'"{schema}"."{table}"'
                yield from _in_relation(database, relation, path, f"{place}, {relation}", needles)


def in_bytes(path: Path, needles: Needles) -> str:
    """The first of the texts that stands in the bytes of a file, or nothing."""
    before = b""
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            if text := needles.found_in(before + chunk):
                return text
            before = (before + chunk)[-_LONGEST:]
    return ""


def _in_relation(
    connection: Connection, relation: str, path: Path, place: str, needles: Needles
) -> Iterator[Trace]:
    """At most one trace of each column that holds text."""
    described = rows(connection, f"describe from {relation}")
    columns = [name for name, kind, *_ in described if "VARCHAR" in kind or "JSON" in kind]
    if not columns:
        return
    texts = ", ".join(f'lower("{column}"::varchar)' for column in columns)
    found = connection.execute(
        f"""
        select {texts} from (select *, concat_ws(chr(10), {texts}) as whole_row from {relation})
        where list_bool_or(list_transform($1::varchar[], lambda text: contains(whole_row, text)))""",
        [list(needles.texts)],
    )
    left = dict(enumerate(columns))
    for row in iter(found.fetchone, None):
        for index, column in list(left.items()):
            if row[index] and (text := needles.found_in(row[index].encode())):
                del left[index]
                yield Trace(path, f"{place}, {column}", text)


def _forms(text: str) -> tuple[bytes, ...]:
    """How a text may be written in a file: as it is, in HTML, in JSON without what is not ASCII."""
    escaped = json.dumps(text)[1:-1]
    spelled = (text, text.upper(), html.escape(text), escaped)
    return tuple(dict.fromkeys(each.encode("utf-8", "replace").lower() for each in spelled))
