"""Rows as a table, JSON, CSV or Markdown on standard output."""

import json
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, time
from itertools import islice

from warehouse.escaping import OBEYED, iso, plain, to_terminal, write_csv

_TABLE_ROWS = 10_000


def write(style: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows. JSON is an array of objects, instants in it are ISO 8601 with Z."""
    {"table": _table, "json": _json, "csv": _csv, "md": _markdown}[style](columns, rows)


def write_json(document: object) -> None:
    """Print one JSON document."""
    print(_dumped(document, indent=2))  # noqa: T201 - the answer is the output


def _dumped(value: object, indent: int | None = None) -> str:
    """JSON in which what a terminal would obey is escaped: the controls that JSON itself leaves alone."""
    text = json.dumps(plain(value), ensure_ascii=False, indent=indent)
    return OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _json(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    names = distinct(columns)
    out = sys.stdout
    out.write("[")
    for number, row in enumerate(rows):
        out.write(("," if number else "") + "\n  " + _dumped(dict(zip(names, row, strict=True))))
    out.write("\n]\n")


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    write_csv(sys.stdout, columns, rows, shown=to_terminal if sys.stdout.isatty() else str)


def _markdown(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(cells) + " |\n"

    sys.stdout.write(line(_markdown_cell(column) for column in columns))
    sys.stdout.write(line("---" for _ in columns))
    for row in rows:
        sys.stdout.write(line(_markdown_cell(_text(value)) for value in row))


def _markdown_cell(text: str) -> str:
    one_line = " ".join(to_terminal(text).split())
    return "".join(f"\\{each}" if each in "\\`*_[]<>|#~" else each for each in one_line)


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    heads = [" ".join(to_terminal(column).split()) for column in columns]
    iterator: Iterator[Sequence[object]] = iter(rows)
    shown = [
        [" ".join(to_terminal(_text(value)).split()) for value in row]
        for row in islice(iterator, _TABLE_ROWS)
    ]
    more = next(iterator, None) is not None
    widths = _fit([max([_width(head), *(_width(row[i]) for row in shown)]) for i, head in enumerate(heads)])
    for cells in (heads, ["─" * width for width in widths], *shown):
        line = "  ".join(_pad(cell, width) for cell, width in zip(cells, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")
    if more:
        sys.stdout.write(f"… the first {_TABLE_ROWS} rows; use --format csv for all\n")


def _fit(widths: list[int]) -> list[int]:
    """Narrow the widest columns until a row fits the terminal; a file or a pipe is as wide as it must be."""
    if not sys.stdout.isatty():
        return widths
    import shutil  # a pipe does not need it

    room = shutil.get_terminal_size().columns - 2 * (len(widths) - 1)
    while sum(widths) > room and max(widths) > 12:
        widths[widths.index(max(widths))] -= 1
    return widths


def _pad(text: str, width: int) -> str:
    if _width(text) > width:
        while _width(text) > width - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    """Columns on a terminal: East Asian wide characters take two (UAX 11), marks and joiners none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(each) in "WF" for each in text)
    return len(text) + wide - sum(unicodedata.category(each) in {"Mn", "Me", "Cf"} for each in text)


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            ordinary = value == 0 or 1e-3 <= abs(value) < 1e15
            return f"{value:.3f}".rstrip("0").rstrip(".") if ordinary else f"{value:.3g}"
        case date() | time():
            return iso(value) if isinstance(value, date) else value.isoformat()
        case list() | tuple():
            return "; ".join(_text(each) for each in value)
        case dict():
            return json.dumps(plain(value), ensure_ascii=False)
        case _:
            return str(value)


def distinct(columns: Sequence[str]) -> list[str]:
    """Column names as JSON keys: a name that stands twice gets a number that no other name has."""
    names: list[str] = []
    taken = set(columns)
    for column in columns:
        name, number = column, 1
        while name in names or (number > 1 and name in taken):
            number += 1
            name = f"{column}_{number}"
        names.append(name)
    return names
