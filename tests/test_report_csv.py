"""CSV that every spreadsheet opens and none obeys."""

import csv
import io
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from warehouse.escaping import FORMULA_STARTS
from warehouse.reports import to_csv


def read_back(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), min_size=1))
@example(
    ['=HYPERLINK("https://evil.example")', "+1", "-1", "@SUM(A1)", "\tx", "\rx", 'a"b', "a,b", "a\r\nb", "\0"]
)
def test_every_text_comes_back_and_none_is_a_formula(names: list[str]) -> None:
    header, *rows = read_back(to_csv(pl.DataFrame({"name": names, "next": ["next"] * len(names)})))
    assert header == ["name", "next"]
    assert len(rows) == len(names)
    for name, (cell, neighbour) in zip(names, rows, strict=True):
        assert neighbour == "next"
        assert not cell.startswith(FORMULA_STARTS)
        assert cell == (f"'{name}" if name.startswith(FORMULA_STARTS) else name)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (date(2026, 3, 14), "2026-03-14"),
        (datetime(2026, 3, 14, 1, 10, tzinfo=UTC), "2026-03-14T01:10:00Z"),
        (-3, "-3"),
        (-0.5, "-0.5"),
        (True, "true"),
        (None, ""),
        (["=a", "b"], "'=a; b"),
        ("+49 30 1234", "'+49 30 1234"),
    ],
)
def test_a_value_has_one_form(value: object, cell: str) -> None:
    assert read_back(to_csv(pl.DataFrame({"a": [value], "b": [1]})))[1] == [cell, "1"]


def test_an_instant_of_another_zone_is_written_in_utc() -> None:
    frame = pl.DataFrame({"at": [datetime(2026, 3, 14, 1, 10, tzinfo=UTC)]}).with_columns(
        pl.col("at").dt.convert_time_zone("Asia/Tokyo")
    )
    assert to_csv(frame) == "at\r\n2026-03-14T01:10:00Z\r\n"


def test_lines_end_as_rfc_4180_says_and_quotes_are_doubled() -> None:
    assert to_csv(pl.DataFrame({"a": ['x "y"', "z"], "b": [1, 2]})) == 'a,b\r\n"x ""y""",1\r\nz,2\r\n'


def test_a_frame_without_rows_is_its_header() -> None:
    assert to_csv(pl.DataFrame(schema={"a": pl.String, "b": pl.Date})) == "a,b\r\n"
