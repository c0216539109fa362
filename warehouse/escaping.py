"""Values as text that is harmless where it is shown: in spreadsheets, JSON and terminals. Light to import.

HTML is escaped by the template engine; Markdown by the report that writes it.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import TextIO

# A text cell that begins so is a formula to a spreadsheet (OWASP, CSV injection), full width included.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# ECMA-48: CSI, then the string commands (OSC, DCS, SOS, PM, APC) up to BEL or ST, then the short escapes.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# UAX 9: marks, embeddings, overrides and isolates. They reorder text that follows them, beyond the name.
_BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

# What of these can stand in JSON as it is; escaped there, nothing of the text is lost.
OBEYED = re.compile(r"[\x7f-\x9f]|" + _BIDI_CONTROLS.pattern)


def inert(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would compute."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def to_terminal(text: str) -> str:
    """The text without what a terminal would obey: escape sequences, C0 and C1, bidi controls.

    Line feeds and tabs stay, so that a whole document can pass; carriage returns, which overwrite, do not.
    """
    return _BIDI_CONTROLS.sub("", _CONTROLS.sub("", _ESCAPES.sub("", text)))


def iso(moment: date) -> str:
    """A day, or an instant: in UTC with Z if it has a zone, as it stands if it has none."""
    if isinstance(moment, datetime) and moment.tzinfo:
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return moment.isoformat()


def plain(value: object) -> object:
    """A value as JSON knows it: instants in UTC with Z, durations in seconds, no number that is none."""
    match value:
        case None | bool() | int():
            return value
        case str():
            return value.encode("utf-8", "replace").decode()  # a lone surrogate cannot be written as UTF-8
        case float():
            return value if isfinite(value) else None
        case Decimal():
            return float(value)
        case date():
            return iso(value)
        case timedelta():
            return value.total_seconds()
        case dict():
            return {str(plain(str(key))): plain(each) for key, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
        case _:
            return str(value)


def write_csv(
    out: TextIO,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    shown: Callable[[str], str] = str,
) -> None:
    """A header and one line per row, ended by CRLF, that every spreadsheet opens and none obeys. RFC 4180.

    shown: what is done to a cell beyond that, where the file is a terminal.
    """
    import csv  # only this format needs it

    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([shown(inert(column)) for column in columns])
    writer.writerows([shown(csv_cell(value)) for value in row] for row in rows)


def csv_cell(value: object) -> str:
    """A value as the text of its cell: nulls are empty, numbers keep their sign, what nests is JSON.

    Days and instants are ISO 8601, instants in UTC with Z; lists are joined by ``; ``. Text that would start
    a formula gets a leading apostrophe.
    """
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int() | float() | Decimal():
            return str(value)
        case date():
            return iso(value)
        case time():
            return value.isoformat()
        case dict():
            from json import dumps  # few tables hold such values

            return inert(dumps(plain(value), ensure_ascii=False))
        case list() | tuple():
            return inert("; ".join(csv_cell(part) for part in value))
        case _:
            return inert(str(value))
