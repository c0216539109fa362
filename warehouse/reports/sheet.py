"""A frame as CSV that every spreadsheet opens and none obeys. RFC 4180."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl

# A text cell that begins so is a formula to a spreadsheet (OWASP, CSV injection), full width included.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def to_csv(frame: pl.DataFrame) -> str:
    """A header and one line per row, ended by CRLF; nulls are empty, lists are joined by ``; ``.

    Days and instants are ISO 8601, instants in UTC with Z. Text that would start a formula gets a leading
    apostrophe; numbers keep their sign.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(frame.columns)
    writer.writerows([_cell(value) for value in row] for row in frame.iter_rows())
    return out.getvalue()


def _cell(value: object) -> str:
    """One value as the text of its cell."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case int() | float() | Decimal():
            return str(value)
        case date():
            return _iso(value)
        case list():
            return _inert("; ".join("" if part is None else str(part) for part in value))
        case _:
            return _inert(str(value))


def _iso(moment: date) -> str:
    """A day, or an instant: in UTC if it has a zone, as it stands if it has none."""
    if isinstance(moment, datetime) and moment.tzinfo:
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return moment.isoformat()


def _inert(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would compute."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
