"""A frame as CSV that every spreadsheet opens and none obeys. RFC 4180."""

import csv
import io
from datetime import date
from decimal import Decimal

import polars as pl

from warehouse.escaping import inert, iso


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
            return iso(value)
        case list():
            return inert("; ".join("" if part is None else str(part) for part in value))
        case _:
            return inert(str(value))
