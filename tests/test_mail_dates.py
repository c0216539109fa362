"""Dates as mailers write them; each pair is a header and its instant in UTC."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.mail.dates import instant, received_at, separator_instant, usual_instant


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Mon, 4 Mar 2024 09:15:30 +0100", "2024-03-04 08:15:30"),
        ("4 Mar 2024 09:15 -0000", "2024-03-04 09:15"),
        ("Mon,4 Mar 2024 09:15:30", "2024-03-04 09:15:30"),
        ("Mon, 04 Mar 2024 09:15:30 +0530 (IST)", "2024-03-04 03:45:30"),
        ("Mon, 04 Mar 2024 09:15:30 GMT+0100", "2024-03-04 08:15:30"),
        ("Mon, 04 Mar 2024 09:15:30 +01:00", "2024-03-04 08:15:30"),
        ("Mon, 04 Mar 2024 09:15:30 EST", "2024-03-04 14:15:30"),
        ("Mon, 04 Mar 2024 09:15:30 CEST", "2024-03-04 07:15:30"),
        ("Mon, 04 Mar 2024 09:15:30 K", "2024-03-04 09:15:30"),
        ("Monday, 04-Mar-24 09:15:30 GMT", "2024-03-04 09:15:30"),
        ("Wed, 04 Mar 98 09:15:30 GMT", "1998-03-04 09:15:30"),
        ("Mon, 04 Mar 102 09:15:30 GMT", "2002-03-04 09:15:30"),
        ("Mon, 04 March 2024 09.15.30 +0000", "2024-03-04 09:15:30"),
        ("Mon, 04 (spring) Mar 2024 09:15:60 +0000", "2024-03-04 09:15:59"),
        ("Mon Mar  4 09:15:30 2024", "2024-03-04 09:15:30"),
        ("Mon Mar  4 09:15:30 EST 2024", "2024-03-04 14:15:30"),
        ("March 4, 2024 09:15", "2024-03-04 09:15"),
        ("2024-03-04T09:15:30+01:00", "2024-03-04 08:15:30"),
        ("2024-03-04T09:15:30.250Z", "2024-03-04 09:15:30"),
        ("2024-03-04 09:15:30 +0100", "2024-03-04 08:15:30"),
        ("2024-03-04 09:15", "2024-03-04 09:15"),
        ("Mon, 4 Mar 2024 9:15:30 PM +0100", "2024-03-04 20:15:30"),
        ("3/4/2024 12:15:30 AM", "2024-03-04 00:15:30"),
        ("4 Mar 2024 12:15 pm", "2024-03-04 12:15"),
    ],
)
def test_a_date_is_one_instant(text: str, moment: str) -> None:
    assert instant(text) == utc(moment)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "today",
        "Thu, 1 Jan 1970 00:00:00 +0000",
        "Mon, 4 Mar 3609 09:15:30 +0000",
        "Sat, 31 Feb 2024 09:00:00 +0000",
        "Mon, 4 Mar 2024 29:15:30 +0000",
        "4 Mar 2024",
        "Mon, 4 Xyz 2024 09:15:30 +0000",
    ],
)
def test_what_is_not_a_plausible_date_is_none(text: str) -> None:
    assert instant(text) is None


def test_an_impossible_offset_is_ignored_only_on_request() -> None:
    text = "Mon, 4 Mar 2024 09:15:30 +9900"
    assert instant(text) is None
    assert instant(text, any_offset=True) == utc("2024-03-04 09:15:30")


def test_a_received_header_is_dated_after_its_last_semicolon() -> None:
    text = "from a (b; c) by d with ESMTP; Mon, 4 Mar 2024 09:15:30 +0100 (CET)"
    assert received_at(text) == utc("2024-03-04 08:15:30")
    assert received_at("from a by b Mon, 4 Mar 2024 09:15:30 +0100") is None


@pytest.mark.parametrize(
    ("line", "moment"),
    [
        ("From - Mon Mar  4 09:15:30 2024", "2024-03-04 09:15:30"),
        ("From 1@xxx Mon Mar 04 09:15:30 +0100 2024", "2024-03-04 08:15:30"),
        ("From a@kvist.example Mon Mar  4 09:15 2024 -0500", "2024-03-04 14:15"),
    ],
)
def test_a_separator_is_read_as_utc_unless_it_names_an_offset(line: str, moment: str) -> None:
    assert separator_instant(line) == utc(moment)


def test_the_separator_of_a_program_without_dates_says_nothing() -> None:
    assert separator_instant("From - Thu Jan  1 00:00:00 1970") is None


@given(st.text(max_size=60) | st.text(alphabet="0123456789:+- ,()MonJaGT", max_size=40))
def test_any_text_is_an_instant_in_range_or_none(text: str) -> None:
    for moment in (instant(text, any_offset=True), received_at(";" + text), separator_instant(text)):
        assert moment is None or 1970 <= moment.year <= 2100


@given(st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001  hypothesis wants naive bounds
def test_a_written_date_is_read_back(moment: datetime, minutes: int) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    local = datetime.fromtimestamp(moment.timestamp() + minutes * 60, UTC)
    assert instant(f"{local:%a, %d %b %Y %H:%M:%S} {sign}{hours:02d}{rest:02d}") == moment


@given(
    st.sampled_from([" ", "  ", "\n ", ""]),
    st.integers(0, 32),
    st.sampled_from(["Jan", "Feb", "Dec", "Foo"]),
    st.sampled_from([1000, 1969, 1970, 1971, 2024, 2100, 2101, 2999]),
    st.sampled_from(["00:00:00", "23:59:59", "24:00:00", "09:60:00", "12:00:60", "7:05:09"]),
    st.sampled_from(["+0000", "-0000", "+1459", "-1400", "+0530", "+9900", "+0160"]),
    st.sampled_from(["", " (CET)", " (x)", "\r"]),
)
def test_the_usual_form_is_read_as_any_other_is(
    lead: str, day: int, month: str, year: int, time: str, zone: str, end: str
) -> None:
    text = f"{lead}Mon, {day} {month} {year} {time} {zone}{end}"
    assert instant(text) == instant(text.replace("Mon", "mon"))
    assert usual_instant(text) in (None, instant(text))
