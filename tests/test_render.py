"""Rows on standard output: nothing in a cell steers a spreadsheet, a terminal or a document."""

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.cli import render
from warehouse.escaping import FORMULA_STARTS, csv_cell, inert, plain, to_terminal
from warehouse.reports.sheet import to_csv

HOSTILE = st.text(
    st.one_of(st.characters(), st.sampled_from("\x1b\x9b\x07\r\n\t|\\`*_[]<>=+-@＝\u202e\u2066,;\"'[m31;"))
)
CELLS = st.one_of(
    HOSTILE,
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
    st.lists(HOSTILE, max_size=3),
    st.dictionaries(HOSTILE, st.floats(), max_size=2),
)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.tuples(
        st.lists(HOSTILE, min_size=width, max_size=width),
        st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=4),
    )
)
Table = tuple[list[str], list[list[object]]]


def printed(style: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    with redirect_stdout(io.StringIO(newline="")) as out:
        render.write(style, columns, rows)
    return out.getvalue()


@given(TABLES)
def test_json_is_one_array_of_objects_without_what_a_terminal_obeys(table: Table) -> None:
    columns, rows = table
    text = printed("json", columns, rows)
    found = json.loads(text)
    assert [len(each) for each in found] == [len(columns)] * len(rows)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    text.encode()


@given(st.lists(HOSTILE.filter(lambda text: not re.search("[\ud800-\udfff]", text)), min_size=1))
def test_json_loses_nothing_of_a_text(texts: list[str]) -> None:
    assert json.loads(printed("json", ["text"], [[text] for text in texts])) == [
        {"text": each} for each in texts
    ]


@given(TABLES)
def test_no_cell_or_head_of_a_csv_is_a_formula(table: Table) -> None:
    columns, rows = table
    found = list(csv.reader(io.StringIO(printed("csv", columns, rows), newline=""), strict=True))
    assert len(found) == len(rows) + 1
    sources: list[Sequence[object]] = [columns, *rows]
    for line, source in zip(found, sources, strict=True):
        assert len(line) == len(columns) or line == []
        for cell, value in zip(line, source, strict=False):
            if not isinstance(value, int | float):
                assert not cell.startswith(FORMULA_STARTS)


@given(HOSTILE)
def test_inert_text_is_the_text_but_for_an_apostrophe(text: str) -> None:
    assert inert(text).removeprefix("'" if text.startswith(FORMULA_STARTS) else "") == text


@given(TABLES)
def test_a_markdown_table_has_one_line_a_row_and_as_many_cells_as_columns(table: Table) -> None:
    columns, rows = table
    lines = printed("md", columns, rows).removesuffix("\n").split("\n")
    assert len(lines) == len(rows) + 2
    assert "".join(lines).isprintable() or not re.search(r"[\x00-\x1f\x7f-\x9f]", "".join(lines))
    for line in lines:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == len(columns) + 1
        assert not re.search(r"(?<!\\)(?:\\\\)*[<>\[\]`*]", line)


@given(TABLES)
def test_a_table_has_one_line_a_row_and_no_control(table: Table) -> None:
    columns, rows = table
    text = printed("table", columns, rows)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert text.count("\n") == len(rows) + 2


@given(HOSTILE)
def test_a_text_for_the_terminal_stays_harmless_when_cleaned_again(text: str) -> None:
    once = to_terminal(text)
    assert to_terminal(once) == once
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", once)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;https://x.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPq#0\x1b\\after", "after"),
        ("Ada\rEve", "AdaEve"),
        ("exe.\u202egpj", "exe.gpj"),
        ("Renée 李 🙂", "Renée 李 🙂"),
    ],
)
def test_a_terminal_gets_text_alone(text: str, clean: str) -> None:
    assert to_terminal(text) == clean


def test_columns_stay_aligned_beside_wide_and_combining_characters() -> None:
    rows = [["李雷", 1], ["Rene\u0301e", 2], ["👩\u200d🔬", 3], ["Ada", 4]]
    lines = printed("table", ["name", "n"], rows).splitlines()
    assert lines[2:] == ["李雷   1", "Rene\u0301e  2", "👩\u200d🔬   3", "Ada    4"]


@pytest.mark.parametrize(
    ("value", "in_json", "text"),
    [
        (None, None, ""),
        (True, True, "true"),
        (datetime(2026, 6, 30, 22, 0, tzinfo=UTC), "2026-06-30T22:00:00Z", "2026-06-30T22:00:00Z"),
        (
            datetime(2026, 7, 1, 0, 0, tzinfo=timezone(timedelta(hours=2))),
            "2026-06-30T22:00:00Z",
            "2026-06-30T22:00:00Z",
        ),
        (date(2026, 6, 30), "2026-06-30", "2026-06-30"),
        (time(9, 30), "09:30:00", "09:30:00"),
        (timedelta(minutes=90), 5400.0, "1:30:00"),
        (Decimal("1.50"), 1.5, "1.50"),
        (float("nan"), None, "nan"),
        (0.25, 0.25, "0.25"),
        (0.0, 0.0, "0"),
        (0.00004, 0.00004, "4e-05"),
        (1e300, 1e300, "1e+300"),
        (["a", "b"], ["a", "b"], "a; b"),
        ({"on": date(2026, 6, 30)}, {"on": "2026-06-30"}, '{"on": "2026-06-30"}'),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000001"),
        ("\ud800", "?", "\ud800"),
    ],
)
def test_a_value_has_one_form_in_json_and_one_in_a_table(value: object, in_json: object, text: str) -> None:
    assert plain(value) == in_json
    assert printed("table", ["x"], [[value]]).split("\n")[2] == text


@given(st.lists(st.sampled_from(["a", "a_2", "a_3", "b", ""])))
def test_json_keys_are_distinct_whatever_the_columns_are_called(columns: list[str]) -> None:
    names = render.distinct(columns)
    assert len(set(names)) == len(columns)
    assert all(name.startswith(column) for name, column in zip(names, columns, strict=True))


@pytest.mark.parametrize("style", ["table", "json", "csv", "md"])
def test_no_rows_are_an_answer_too(style: str) -> None:
    text = printed(style, ["name"], [])
    assert json.loads(text) == [] if style == "json" else text.startswith(("name", "| name"))


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_row_fits_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    with redirect_stdout(_Terminal()) as out:
        render.write("table", ["name", "why"], [["Ada Quill", "silent " * 20], ["李" * 40, "x"]])
    assert all(render._width(line) <= 40 for line in out.getvalue().splitlines())
    assert "…" in out.getvalue()


def test_csv_on_a_terminal_is_harmless_and_in_a_file_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    style: Callable[[], None] = lambda: render.write("csv", ["name"], [["\x1b[31mAda"]])  # noqa: E731 - twice below
    with redirect_stdout(_Terminal()) as shown:
        style()
    with redirect_stdout(io.StringIO()) as kept:
        style()
    assert ("\x1b" in shown.getvalue(), "\x1b" in kept.getvalue()) == (False, True)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "true"),
        (-3, "-3"),
        (0.1234567, "0.1234567"),
        (Decimal("-1.50"), "-1.50"),
        (date(2026, 6, 30), "2026-06-30"),
        (datetime(2026, 7, 1, 0, 0, tzinfo=timezone(timedelta(hours=2))), "2026-06-30T22:00:00Z"),
        (time(9, 30), "09:30:00"),
        (timedelta(minutes=90), "1:30:00"),
        ("=1+1", "'=1+1"),
        ([], ""),
        (["=a", None, 0.1234567, date(2026, 6, 30)], "'=a; ; 0.1234567; 2026-06-30"),
        ({"on": date(2026, 6, 30), 1: None}, '{"on": "2026-06-30", "1": null}'),
    ],
)
def test_a_value_has_one_form_in_a_csv(value: object, cell: str) -> None:
    assert csv_cell(value) == cell


def test_a_frame_and_an_answer_become_the_same_csv() -> None:
    frame = pl.DataFrame(
        {"name": ["=Ada", None], "days": [[1, None], []], "score": [0.1234567, 2.0], "is_me": [True, None]}
    )
    assert to_csv(frame) == printed("csv", frame.columns, frame.rows())
