"""connectors.calendar.zones: whatever a calendar calls a zone, its clock is found."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.bounds import Bounds
from connectors.calendar import ics
from connectors.calendar.blocks import blocks
from connectors.calendar.times import duration, moment, plain_instant, plain_moment
from connectors.calendar.zones import (
    Definition,
    definitions,
    iana_name,
    offset_table,
    to_utc,
    to_wall,
    zone_of,
)
from connectors.inputs import plain
from connectors.records import Event, Item

DATA = Path(__file__).parent / "data" / "calendar"


def read(path: Path) -> Iterator[Item]:
    """The items of a file on disk."""
    with plain(path) as source:
        yield from ics.read(source)


@pytest.mark.parametrize(
    ("tzid", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ('"Europe/Berlin"', "Europe/Berlin"),
        ("/freeassociation.sourceforge.net/Europe/Berlin", "Europe/Berlin"),
        ("/freeassociation.sourceforge.net/Tzfile/America/Argentina/Salta", "America/Argentina/Salta"),
        ("/mozilla.org/20070129_1/Europe/Berlin", "Europe/Berlin"),
        ("Europe_Berlin", "Europe/Berlin"),
        ("US-Eastern", "US/Eastern"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("GMT Standard Time", "Europe/London"),
        ("(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "Europe/Amsterdam"),
        ("(GMT+01.00) Sarajevo/Warsaw/Zagreb", "Europe/Sarajevo"),
        ("(UTC-05:00) Eastern Time (US & Canada)", "America/New_York"),
        ("(UTC) Coordinated Universal Time", "UTC"),
        ("tzone://Microsoft/Utc", "UTC"),
        ("UTC", "UTC"),
        ("Customized Time Zone", None),
        ("(UTC+09:00) Berlin", None),
        ("../../etc/passwd", None),
        ("", None),
    ],
)
def test_the_names_that_programs_give_a_zone_are_known(tzid: str, zone: str | None) -> None:
    assert iana_name(tzid) == zone


def test_an_offset_for_a_name_is_a_constant_table() -> None:
    assert zone_of("UTC+01", {}, "") == ("table:3600", True)
    assert zone_of("(GMT -03:30)", {}, "") == ("table:-12600", True)


def test_a_zone_that_nobody_knows_is_the_calendars_or_floats() -> None:
    assert zone_of("Elsewhere", {}, "Asia/Tokyo") == ("Asia/Tokyo", False)
    assert zone_of("Elsewhere", {}, "") == ("", False)


def test_a_file_may_define_its_zones_after_their_use() -> None:
    zones = {event.uid: event.zone for event in read(DATA / "zones.ics") if isinstance(event, Event)}
    assert zones["windows@example.org"] == "Europe/Berlin"
    assert zones["located@example.org"] == "Europe/Lisbon"
    assert zones["custom@example.org"].startswith("table:5400;")
    assert to_utc(datetime.fromisoformat("2024-07-05T09:00"), zones["custom@example.org"]) == datetime(
        2024, 7, 5, 6, 30, tzinfo=UTC
    )


def test_two_files_that_define_the_same_name_do_not_touch_each_other(tmp_path: Path) -> None:
    text = (DATA / "zones.ics").read_text()
    (tmp_path / "a.ics").write_text(text)
    (tmp_path / "b.ics").write_text(text.replace("+0130", "-0400").replace("+0230", "-0300"))
    first = [item.zone for item in read(tmp_path / "a.ics") if isinstance(item, Event)]
    other = [item.zone for item in read(tmp_path / "b.ics") if isinstance(item, Event)]
    assert [item.zone for item in read(tmp_path / "a.ics") if isinstance(item, Event)] == first
    assert first[1].startswith("table:5400;")
    assert other[1].startswith("table:-14400;")


def defined_in(data: bytes) -> dict[str, Definition]:
    return definitions(data, list(blocks(data, Bounds().depth)), Bounds())


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kolkata"])
def test_a_table_agrees_with_the_zone_it_was_made_from(name: str) -> None:
    definition = icalendar.Timezone.from_tzid(name, first_date=date(1990, 1, 1), last_date=date(2036, 1, 1))
    [defined] = defined_in(definition.to_ical()).values()
    table = offset_table(defined)
    assert table is not None
    for days in range(0, 30 * 365, 11):
        local = datetime.fromisoformat("2000-01-01T12:00") + timedelta(days=days)
        assert to_utc(local, table) == to_utc(local, name)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=YEARLY;INTERVAL=0",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYDAY=XX",
        "x",
    ],
)
def test_hostile_rules_of_a_zone_end(rule: str) -> None:
    text = (DATA / "zones.ics").read_text().replace("FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", rule)
    island = defined_in(text.encode())["Island Time"]
    assert (offset_table(island) or "").startswith("table:")


TABLE = "table:3600;1711846800,7200;1729990800,3600"  # the year 2024 in Berlin


@given(st.datetimes(datetime.fromisoformat("2024-01-02"), datetime.fromisoformat("2024-12-30")))
def test_a_table_and_its_zone_agree_on_every_time(local: datetime) -> None:
    local = local.replace(microsecond=0, fold=0)
    assert to_utc(local, TABLE) == to_utc(local, "Europe/Berlin")
    assert to_wall(local.replace(tzinfo=UTC), TABLE) == to_wall(local.replace(tzinfo=UTC), "Europe/Berlin")


def test_skipped_times_move_forward_and_doubled_ones_are_the_first() -> None:
    for zone in (TABLE, "Europe/Berlin"):
        assert to_utc(datetime.fromisoformat("2024-03-31T02:30"), zone) == datetime(
            2024, 3, 31, 1, 30, tzinfo=UTC
        )
        assert to_utc(datetime.fromisoformat("2024-10-27T02:30"), zone) == datetime(
            2024, 10, 27, 0, 30, tzinfo=UTC
        )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20240305T101112Z", ("2024-03-05T10:11:12", "UTC", False)),
        ("20240305T101112", ("2024-03-05T10:11:12", "Asia/Tokyo", False)),
        ("20240305", ("2024-03-05", "", True)),
        ("2024-03-05T10:11:12+02:00", ("2024-03-05T08:11:12", "UTC", False)),
        ("20240305T1011", ("2024-03-05T10:11", "Asia/Tokyo", False)),
        ("20161231T235960Z", ("2016-12-31T23:59:59", "UTC", False)),
    ],
)
def test_times_are_read_as_written(text: str, expected: tuple[str, str, bool]) -> None:
    found = moment(text, "Asia/Tokyo")
    assert found is not None
    assert (found.wall, found.zone, found.is_day) == (datetime.fromisoformat(expected[0]), *expected[1:])


@pytest.mark.parametrize(
    "text", ["", "soon", "2024", "20241301", "20240305T250000", "20240305Z", "٢٠٢٤٠٣٠٥x"]
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert moment(text, "") is None


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("PT1H30M", timedelta(minutes=90)),
        ("P1W", timedelta(weeks=1)),
        ("P1DT12H", timedelta(hours=36)),
        ("-PT15M", timedelta(minutes=-15)),
        ("P99999999999999D", None),
        ("1 hour", None),
    ],
)
def test_durations_are_read_as_written(text: str, length: timedelta | None) -> None:
    assert duration(text) == length


SHAPES = st.from_regex(r"\A[0-3]\d{3}[01]\d[0-3]\d(T[0-2]\d[0-6]\d[0-6]\d)?Z?[ \t]?\r?\Z", fullmatch=True)


@given(SHAPES | st.text(alphabet="0123456789TZ:+- \r", max_size=20), st.booleans())
def test_the_short_way_to_a_time_is_the_long_way_or_no_way(text: str, is_day: bool) -> None:
    short = plain_moment(text.encode(), "Europe/Berlin", is_day)
    long = moment(text, "Europe/Berlin", is_day=is_day)
    assert short in {None, long}
    at = plain_instant(f":{text}".encode())
    assert at is None or (long is not None and at == long.in_utc())
