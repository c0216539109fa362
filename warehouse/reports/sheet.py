"""A frame as CSV that every spreadsheet opens and none obeys."""

from io import StringIO

import polars as pl

from warehouse.escaping import write_csv


def to_csv(frame: pl.DataFrame) -> str:
    """A header and one line per row, by the rules of `write_csv`."""
    out = StringIO(newline="")
    write_csv(out, frame.columns, frame.iter_rows())
    return out.getvalue()
