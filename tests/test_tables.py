"""connectors.tables, connectors.delimited: any bytes become rows, and a broken row costs itself alone."""

import csv
import io
from collections.abc import Callable, Iterable
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.bounds import Bounds
from connectors.inputs import Input
from connectors.records import ConnectorError, NotThisFormat, Rejected, Skipped
from connectors.tables import Layout, Row, looked_ahead, rows

LAYOUT = Layout(
    "things",
    "export them again",
    {"name": "name", "mail": "mail", "note": "note"}.get,
    {"Name": ("name",), "Mail": ("mail",)},
)
HEADING = "name,mail,note\n"
MEGABYTE = 2**20


def read(content: str | bytes, bounds: Bounds | None = None) -> list[Row | Rejected | Skipped]:
    data = content.encode() if isinstance(content, str) else content
    return list(rows(Input(io.BytesIO(data), "x.csv", bounds=bounds or Bounds()), LAYOUT))


def names(content: str | bytes) -> list[str]:
    return [row.one("name") if isinstance(row, Row) else row.reason for row in read(content)]


class OnDemand(io.RawIOBase):
    """A stream of these pieces that cannot be sought in."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)

    def read(self, size: int = -1) -> bytes:
        return next(self._pieces, b"")


# Rows


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_the_delimiter_and_the_ends_of_lines_are_found(delimiter: str, newline: str) -> None:
    lines = ("name,mail,note", "Ada,ada@example.org,x", 'Bo,bo@example.org,"y"', "")
    [ada, bo] = read(newline.join(lines).replace(",", delimiter))
    assert isinstance(ada, Row)
    assert isinstance(bo, Row)
    assert (ada.one("mail"), bo.one("note"), bo.locator) == ("ada@example.org", "y", "line 3")


def test_a_quoted_field_may_hold_delimiters_quotes_and_lines() -> None:
    text = HEADING + 'Ada,a@example.org,"one, ""two""\nthree"\nBo,b@example.org,\n'
    [row, after] = read(text)
    assert isinstance(row, Row)
    assert isinstance(after, Row)
    assert row.one("note") == 'one, "two" three'
    assert (after.line, after.position) == (4, text.index("Bo"))


def test_quotes_that_nobody_doubled_are_read_within_a_line() -> None:
    assert names(HEADING + '"Jo "Bo" Bay",j@example.org,\nAda,,\n') == ['Jo "Bo" Bay', "Ada"]


def test_blanks_around_quotes_are_no_part_of_a_field() -> None:
    assert names(HEADING + ' "Bay, Bo" , "b@example.org" ,\n') == ["Bay, Bo"]


def test_lines_before_the_heading_are_passed_over() -> None:
    [row] = read('Notes:\n"A note, with ""quotes"""\n\n' + HEADING + "Ada,,\n")
    assert isinstance(row, Row)
    assert row.locator == "line 5"


def test_empty_rows_are_told_as_skipped() -> None:
    assert names(HEADING + ',,\n\n"",,\nAda,,\n') == ["empty row"] * 3 + ["Ada"]


def test_the_position_is_where_the_row_begins_in_the_bytes_of_the_file() -> None:
    text = HEADING + "Zoë,z@example.org,\nBo,,\n"
    for data in (
        text.encode(),
        b"\xef\xbb\xbf" + text.encode(),
        text.encode("utf-16"),
        text.encode("cp1252"),
    ):
        bo = read(data)[1]
        start = data.index("B".encode("utf-16-le") if b"\x00" in data else b"B")
        assert bo.position == start


def test_more_fields_than_headings_are_rejected_because_values_stand_in_wrong_columns() -> None:
    assert names(HEADING + "Bay, Bo,b@example.org,note\nAda,,,\n") == [
        "more than the 3 columns of the heading",
        "Ada",
    ]


def test_a_short_row_is_read_and_a_lone_word_is_not() -> None:
    assert names(HEADING + "Ada,a@example.org\nword\n") == ["Ada", "1 of the 3 columns of the heading"]


# Encodings


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-32"]
)
def test_names_are_read_in_every_encoding_that_programs_write(encoding: str) -> None:
    assert names((HEADING + "Zoë,z@example.org,\nRené,r@example.org,\n").encode(encoding)) == ["Zoë", "René"]


def test_one_bad_byte_costs_at_most_its_field() -> None:
    bad = f"{HEADING}Zoë,z@example.org,é".encode() + b"a\xffb\n"
    [row, after] = read(bad + "Änne".encode("cp1252") + b",,\n")
    assert isinstance(row, Row)
    assert isinstance(after, Row)
    assert (row.one("name"), row.one("note"), after.one("name")) == ("Zoë", "éab", "Änne")


def test_nuls_and_controls_do_not_reach_a_field() -> None:
    assert names((HEADING + "A\x00d\u202ea\x07,a@example.org,\n").encode()) == ["Ada"]


# Quotes that nobody closed


def test_an_unclosed_quote_costs_its_own_row() -> None:
    items = read(HEADING + 'Ada,,\nBo,"b@example.org,\nCy,,\n"Di, D",,\n')
    assert [item.one("name") if isinstance(item, Row) else "" for item in items] == ["Ada", "", "Cy", "Di, D"]
    assert isinstance(items[1], Rejected)
    assert items[1].reason == "a quote opened on line 3 is not closed"
    assert (items[1].locator, items[1].mend) == ("line 3", "close the quote, or export the file again")


def test_an_unclosed_quote_does_not_reach_over_a_window_of_rows() -> None:
    items = read(HEADING + '"Bo,,\n' + ("Ada,a@example.org," + "x" * 300 + "\n") * 5_000)
    assert isinstance(items[0], Rejected)
    assert sum(isinstance(item, Row) for item in items) == 5_000


def test_a_text_behind_a_forgotten_quote_is_told_as_one_piece() -> None:
    text = "Hello, you\nand goodbye\n" * 60_000
    reasons = names(HEADING + f'Bo,,"{text}",\nAda,,\n')
    assert reasons[:2] == [
        "a quote opened on line 2 is not closed",
        "text without the 3 columns of the heading, up to the next row",
    ]
    assert reasons[-1] == "Ada"
    assert len(reasons) <= 4


# Bounds


def test_a_field_of_many_megabytes_is_cut_and_told() -> None:
    for long in (b"x" * 3 * MEGABYTE, b'"' + b'x,""' * MEGABYTE + b'"'):
        [bo, ada] = read(HEADING.encode() + b"Bo,b@example.org," + long + b"\nAda,,\n")
        assert isinstance(bo, Row)
        assert (bo.one("name"), bo.capped) == ("Bo", "note beyond 65536 bytes")
        assert len(bo.one("note", MEGABYTE)) <= 65_536
        assert isinstance(ada, Row)
        assert (ada.one("name"), ada.line, ada.capped) == ("Ada", 3, "")


def test_the_fields_after_a_long_one_are_read() -> None:
    [bo] = read(b'name,note,mail\nBo,"' + b"x" * 2 * MEGABYTE + b'",b@example.org\r\n')
    assert isinstance(bo, Row)
    assert bo.one("mail") == "b@example.org"


def test_a_field_is_cut_between_two_characters() -> None:
    [row] = read(HEADING + "é" * 2000 + ",,\n", Bounds(field_bytes=1025))
    assert isinstance(row, Row)
    assert row.one("name", 5000) == "é" * 512


@pytest.mark.parametrize(
    "attack",
    [
        b"," * 2 * MEGABYTE,
        b"a," * MEGABYTE,
        b'"' * MEGABYTE,
        b'"' * (MEGABYTE + 1),
        b'a",b,"c\n' * 20_000,
        b'"\n' * 20_001,
        b"\x00" * 3 * MEGABYTE,
        b'"a' + b'" ' * MEGABYTE,
        b" " * 2 * MEGABYTE,
        b'"' + b"\n" * 20_000,
    ],
    ids=lambda attack: repr(attack[:8]),
)
def test_hostile_rows_cost_neither_the_others_nor_much_time(attack: bytes) -> None:
    found = names(HEADING.encode() + b"Ada,,\n" + attack + b"\nBo,,\n")
    assert found[0] == "Ada"
    assert found[-1] == "Bo"


# What is no table


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", HEADING, "name,mail"])
def test_a_file_without_rows_yields_nothing(content: str) -> None:
    assert read(content) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<!DOCTYPE html><title>Log in</title>", "a web page or XML, perhaps a login page"),
        ("BEGIN:VCARD\r\nFN:Ada\r\nEND:VCARD\r\n", "a vCard or iCalendar file"),
        ("name,age\nAda,36\n", "no heading with Mail; export them again"),
        ("\x00\x01\x02", "no heading with Name, Mail"),
        ("a," * MEGABYTE, "no heading with Name, Mail"),
    ],
)
def test_another_file_is_refused_with_what_is_missing_and_the_mend(content: str, said: str) -> None:
    with pytest.raises(NotThisFormat, match=said):
        read(content)


# Reading twice


@pytest.mark.parametrize("make", [io.BytesIO, lambda data: OnDemand([data[:9], data[9:]])])
def test_a_source_is_looked_over_and_then_read_from_its_start(make: Callable[[bytes], io.IOBase]) -> None:
    stream = make((HEADING + "Ada,,\nBo,,\n").encode())
    count, source = looked_ahead(Input(stream, "x.csv"), lambda seen: len(list(rows(seen, LAYOUT))))  # type: ignore[arg-type]  # BinaryIO and IOBase overlap
    assert count == 2
    assert [row.one("name") for row in rows(source, LAYOUT) if isinstance(row, Row)] == ["Ada", "Bo"]


def test_what_does_not_fit_into_the_look_ahead_is_read_all_the_same() -> None:
    body = [b"Ada,,%b\n" % (b"x" * 9000)] * 400
    source = Input(OnDemand([HEADING.encode(), *body]), "x.csv", bounds=Bounds(whole_file_mb=1))  # type: ignore[arg-type]  # as above
    seen, again = looked_ahead(source, lambda ahead: sum(1 for _ in rows(ahead, LAYOUT)))
    assert 0 < seen < 400
    assert sum(1 for _ in rows(again, LAYOUT)) == 400


# Invariants


@given(st.binary(max_size=300) | st.text('abé,;\t"\r\n \x00', max_size=200).map(str.encode))
@example(b'"')
@example(b'a,"\r')
@settings(max_examples=300)
def test_any_bytes_below_a_heading_are_read_without_another_error(data: bytes) -> None:
    items = read(HEADING.encode() + data)
    positions = [item.position for item in items]
    assert positions == sorted(set(positions))
    assert all(len(HEADING) <= position < len(HEADING) + len(data) for position in positions)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_refused(data: bytes) -> None:
    with suppress(ConnectorError):
        read(data)


_CELL = st.text(
    st.characters(codec="utf-8", categories=("L", "P", "N", "Zs")) | st.sampled_from('",;\n'), max_size=12
)


@given(
    st.lists(st.tuples(_CELL, _CELL, _CELL), max_size=20),
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n"]),
)
def test_every_row_that_a_program_writes_is_one_item(
    table: list[tuple[str, str, str]], mark: str, end: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=mark, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("name", "mail", "note"), *table])
    items = read(text.getvalue())
    assert len(items) == len(table)
    for item, cells in zip(items, table, strict=True):
        if isinstance(item, Row):
            assert "".join(item.one("name").split()) in "".join(cells[0].split()) or not cells[0].isascii()
