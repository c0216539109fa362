"""warehouse.derive.occurrences: what a series says becomes the meetings that are on record."""

import os
import re
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import msgspec
import polars as pl
import pytest
import recurring_ical_events
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.calendar import ics
from connectors.inputs import plain
from connectors.records import ConnectorError, Event, Item
from warehouse.derive.occurrences import MAX_OCCURRENCES, occurrences

DATA = Path(__file__).parent / "data" / "calendar"
OWNER = "Europe/Berlin"
UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
INGESTED = datetime(2026, 1, 2, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")
WALL = pl.Datetime("us")
PARTY = pl.Struct(
    {
        "name": pl.String,
        "address": pl.String,
        "response": pl.String,
        "role": pl.String,
        "kind": pl.String,
        "is_asked": pl.Boolean,
    }
)
SCHEMA: dict[str, Any] = {
    "key": pl.String,
    "position": pl.Int64,
    "locator": pl.String,
    "uid": pl.String,
    "sequence": pl.Int64,
    "stamped_at": INSTANT,
    "created_at": INSTANT,
    "starts_local": WALL,
    "ends_local": WALL,
    "is_all_day": pl.Boolean,
    "zone": pl.String,
    "rule": pl.String,
    "added": pl.List(WALL),
    "removed": pl.List(WALL),
    "recurrence_local": WALL,
    "is_recurrence_all_day": pl.Boolean,
    "is_this_and_future": pl.Boolean,
    "status": pl.String,
    "is_transparent": pl.Boolean,
    "organizer_name": pl.String,
    "organizer_address": pl.String,
    "attendees": pl.List(PARTY),
    "source": pl.String,
    "ingested_at": INSTANT,
}


def read(path: Path) -> Iterator[Item]:
    """The items of a file on disk."""
    with plain(path) as source:
        yield from ics.read(source)


def event(
    starts: str = "2024-03-05T15:00",
    minutes: int = 60,
    *,
    recurrence: str | None = None,
    added: Sequence[str] = (),
    removed: Sequence[str] = (),
    **facts: object,
) -> dict[str, Any]:
    """A landed event of the work calendar, a confirmed hour in Berlin unless said otherwise."""
    begins = datetime.fromisoformat(starts)
    plain = {
        "key": facts.get("uid", "m1@example.org"),
        "position": 0,
        "locator": "line 1",
        "uid": "m1@example.org",
        "sequence": 0,
        "stamped_at": datetime(2024, 1, 1, tzinfo=UTC),
        "created_at": None,
        "starts_local": begins,
        "ends_local": begins + timedelta(minutes=minutes),
        "is_all_day": False,
        "zone": OWNER,
        "rule": None,
        "added": [datetime.fromisoformat(wall) for wall in added],
        "removed": [datetime.fromisoformat(wall) for wall in removed],
        "recurrence_local": datetime.fromisoformat(recurrence) if recurrence else None,
        "is_recurrence_all_day": False,
        "is_this_and_future": False,
        "status": None,
        "is_transparent": False,
        "organizer_name": "",
        "organizer_address": "",
        "attendees": [],
        "source": "work",
        "ingested_at": INGESTED,
    }
    return plain | facts


def frame(*events: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(events), schema=SCHEMA)


def landed(path: Path, source: str = "work") -> pl.DataFrame:
    """The events of a calendar file, as they land."""
    found = [
        msgspec.structs.asdict(item) | {"attendees": [msgspec.structs.asdict(who) for who in item.attendees]}
        for item in read(path)
        if isinstance(item, Event)
    ]
    return frame(*(row | {"source": source, "ingested_at": INGESTED} for row in found))


def meetings(*events: dict[str, Any], until: datetime = UNTIL, owner_zone: str = OWNER) -> pl.DataFrame:
    return occurrences(frame(*events), owner_zone=owner_zone, until=until)


def starts(*events: dict[str, Any], until: datetime = UNTIL, owner_zone: str = OWNER) -> list[str]:
    """The starts in UTC of what is not cancelled."""
    found = meetings(*events, until=until, owner_zone=owner_zone).filter(pl.col("status") != "cancelled")
    return [instant.strftime("%Y-%m-%d %H:%M") for instant in found["starts_at"]]


# Single events


def test_an_empty_warehouse_has_no_meetings() -> None:
    found = meetings()
    assert found.is_empty()
    assert found.schema["attendees"] == pl.List(PARTY)
    assert found.schema["starts_at"] == INSTANT


def test_a_single_event_is_one_meeting_with_its_facts() -> None:
    guest = {
        "name": "Mira Vale",
        "address": "mira@example.org",
        "response": "accepted",
        "role": None,
        "kind": None,
    }
    found = meetings(event(attendees=[guest | {"is_asked": True}], organizer_name="Ivo Stern", sequence=3))
    [row] = found.to_dicts()
    assert (row["starts_at"], row["ends_at"]) == (
        datetime(2024, 3, 5, 14, tzinfo=UTC),
        datetime(2024, 3, 5, 15, tzinfo=UTC),
    )
    assert row["series_id"] == "m1@example.org"
    assert row["status"] == "confirmed"
    assert row["organizer_name"] == "Ivo Stern"
    assert row["attendees"][0]["name"] == "Mira Vale"
    assert (row["source"], row["sequence"]) == ("work", 3)


def test_all_day_and_floating_times_are_the_owners() -> None:
    banner = event("2024-07-01", 24 * 60, is_all_day=True, zone="", uid="banner")
    walk = event("2024-07-01T08:00", zone="", uid="walk")
    assert starts(banner, walk, owner_zone="America/New_York") == ["2024-07-01 04:00", "2024-07-01 12:00"]


def test_a_zone_that_nobody_knows_is_the_owners() -> None:
    assert starts(event(zone="Nowhere/Atlantis")) == ["2024-03-05 14:00"]


def test_a_table_of_offsets_jumps_when_it_says() -> None:
    table = "table:3600;1711846800,7200;1729990800,3600"  # the year 2024 in Berlin
    for wall in (
        "2024-03-31T01:59",
        "2024-03-31T02:30",
        "2024-03-31T03:00",
        "2024-10-27T02:30",
        "2024-10-27T03:00",
    ):
        assert starts(event(wall, zone=table)) == starts(event(wall))


def test_a_time_that_does_not_exist_moves_forward_and_of_a_doubled_one_the_first_counts() -> None:
    assert starts(event("2024-03-31T02:30")) == ["2024-03-31 01:30"]
    assert starts(event("2024-10-27T02:30")) == ["2024-10-27 00:30"]


def test_meetings_after_the_given_instant_are_not_on_record() -> None:
    assert starts(event(), until=datetime(2024, 3, 5, 13, 59, tzinfo=UTC)) == []
    assert starts(event(), until=datetime(2024, 3, 5, 14, 0, tzinfo=UTC)) == ["2024-03-05 14:00"]


def test_an_event_without_a_uid_is_known_by_its_key() -> None:
    found = meetings(event(uid="", key="k1"), event("2024-03-06T15:00", uid="", key="k2"))
    assert found["series_id"].to_list() == ["k1", "k2"]
    assert found["meeting_id"].n_unique() == 2


# Series


def test_a_series_keeps_its_wall_clock_time_through_summer_time() -> None:
    assert starts(event("2024-03-26T15:00", rule="FREQ=WEEKLY;COUNT=2")) == [
        "2024-03-26 14:00",
        "2024-04-02 13:00",
    ]


def test_dtstart_is_the_first_occurrence_even_where_the_rule_skips_it() -> None:
    found = starts(event("2024-03-05T15:00", rule="FREQ=WEEKLY;BYDAY=TH;COUNT=3"))
    assert found == ["2024-03-05 14:00", "2024-03-07 14:00", "2024-03-14 14:00"]


def test_added_dates_come_in_and_removed_ones_go() -> None:
    found = starts(
        event(
            rule="FREQ=DAILY;COUNT=4",
            added=["2024-03-20T10:00", "2024-03-06T15:00"],
            removed=["2024-03-07T15:00", "2024-03-08T00:00"],
        )
    )
    assert found == ["2024-03-05 14:00", "2024-03-06 14:00", "2024-03-20 09:00"]


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20240307T140000Z", "2024-03-07 14:00"),
        ("20240307T135959Z", "2024-03-06 14:00"),
        ("20240307T150000", "2024-03-07 14:00"),
        ("20240307T145959", "2024-03-06 14:00"),
        ("20240307", "2024-03-07 14:00"),
    ],
)
def test_until_includes_its_own_instant_and_a_date_its_whole_day(until: str, last: str) -> None:
    assert starts(event(rule=f"FREQ=DAILY;UNTIL={until}"))[-1] == last


@pytest.mark.parametrize("until", ["20240307", "20240307T000000Z", "20240306T230000Z"])
def test_until_of_an_all_day_series_means_the_day_however_it_is_written(until: str) -> None:
    banner = event("2024-03-05", 24 * 60, is_all_day=True, zone="", rule=f"FREQ=DAILY;UNTIL={until}")
    assert starts(banner)[-1] == "2024-03-06 23:00"


def test_a_count_of_minus_one_leaves_the_end_to_until() -> None:
    assert len(starts(event(rule="FREQ=DAILY;COUNT=-1;UNTIL=20240307"))) == 3


def test_two_rules_of_one_event_are_joined() -> None:
    found = starts(event(rule="FREQ=DAILY;COUNT=2\nFREQ=WEEKLY;COUNT=2"))
    assert found == ["2024-03-05 14:00", "2024-03-06 14:00", "2024-03-12 14:00"]


# Exceptions


SERIES = event("2024-03-05T15:00", rule="FREQ=WEEKLY;COUNT=4")


def exception(recurrence: str, begins: str, minutes: int = 60, **facts: object) -> dict[str, Any]:
    return event(begins, minutes, recurrence=recurrence, **({"key": f"m1 {recurrence}"} | facts))


def test_a_moved_occurrence_stands_at_its_new_time_and_keeps_its_id() -> None:
    before = meetings(SERIES)
    after = meetings(SERIES, exception("2024-03-12T15:00", "2024-03-13T09:00", 30))
    assert set(after["meeting_id"]) == set(before["meeting_id"])
    moved = after.row(1, named=True)
    assert moved["starts_at"] == datetime(2024, 3, 13, 8, tzinfo=UTC)
    assert moved["ends_at"] == datetime(2024, 3, 13, 8, 30, tzinfo=UTC)
    assert moved["meeting_id"] == before["meeting_id"][1]


def test_a_cancelled_occurrence_stays_as_a_cancelled_row() -> None:
    found = meetings(SERIES, exception("2024-03-12T15:00", "2024-03-12T15:00", status="cancelled"))
    assert found["status"].to_list() == ["confirmed", "cancelled", "confirmed", "confirmed"]


def test_an_exception_in_another_zone_replaces_the_same_instant() -> None:
    found = starts(SERIES, exception("2024-03-12T10:00", "2024-03-12T11:00", zone="America/New_York"))
    assert found == ["2024-03-05 14:00", "2024-03-12 15:00", "2024-03-19 14:00", "2024-03-26 14:00"]


def test_an_exception_that_names_only_the_day_replaces_that_days_occurrence() -> None:
    found = starts(SERIES, exception("2024-03-12", "2024-03-12T18:00", is_recurrence_all_day=True))
    assert found == ["2024-03-05 14:00", "2024-03-12 17:00", "2024-03-19 14:00", "2024-03-26 14:00"]


def test_an_exception_without_its_series_stands_alone() -> None:
    assert starts(exception("2024-03-12T15:00", "2024-03-12T16:00")) == ["2024-03-12 15:00"]


def test_an_exception_moved_from_the_future_into_the_past_is_on_record() -> None:
    found = starts(
        SERIES, exception("2024-03-12T15:00", "2024-03-06T15:00"), until=datetime(2024, 3, 8, tzinfo=UTC)
    )
    assert found == ["2024-03-05 14:00", "2024-03-06 14:00"]


def test_this_and_future_moves_shortens_and_reinvites_all_later_occurrences() -> None:
    turn = exception(
        "2024-03-12T15:00", "2024-03-13T09:00", 30, is_this_and_future=True, organizer_name="Ivo Stern"
    )
    found = meetings(SERIES, turn)
    assert starts(SERIES, turn) == [
        "2024-03-05 14:00",
        "2024-03-13 08:00",
        "2024-03-20 08:00",
        "2024-03-27 08:00",
    ]
    assert found["organizer_name"].to_list() == ["", "Ivo Stern", "Ivo Stern", "Ivo Stern"]
    assert (found["ends_at"] - found["starts_at"]).dt.total_minutes().to_list() == [60, 30, 30, 30]


def test_a_later_turn_and_a_single_exception_win_over_an_earlier_turn() -> None:
    found = starts(
        SERIES,
        exception("2024-03-12T15:00", "2024-03-12T16:00", is_this_and_future=True),
        exception("2024-03-19T15:00", "2024-03-19T10:00"),
        exception("2024-03-26T15:00", "2024-03-26T17:00", is_this_and_future=True),
    )
    assert found == ["2024-03-05 14:00", "2024-03-12 15:00", "2024-03-19 09:00", "2024-03-26 16:00"]


def test_a_turn_to_an_earlier_day_brings_later_occurrences_onto_the_record() -> None:
    turn = exception("2024-03-12T15:00", "2024-03-11T15:00", is_this_and_future=True)
    assert starts(SERIES, turn, until=datetime(2024, 3, 18, 23, tzinfo=UTC))[-1] == "2024-03-18 14:00"


def test_a_cancelled_series_keeps_all_its_occurrences_as_cancelled_rows() -> None:
    found = meetings(SERIES | {"status": "cancelled"}, exception("2024-03-12T15:00", "2024-03-12T18:00"))
    assert found["status"].to_list() == ["cancelled"] * 4


def test_a_stale_exception_does_not_bring_back_what_the_series_removed_or_revised_away() -> None:
    gone = event(rule="FREQ=WEEKLY;COUNT=4", removed=["2024-03-12T15:00"])
    assert len(starts(gone, exception("2024-03-12T15:00", "2024-03-13T09:00"))) == 3
    revised = event(rule="FREQ=WEEKLY;COUNT=1", sequence=2)
    assert len(starts(revised, exception("2024-03-12T15:00", "2024-03-13T09:00", sequence=1))) == 1
    assert len(starts(revised, exception("2024-03-12T15:00", "2024-03-13T09:00", sequence=2))) == 2


# The same meeting in several calendars


def test_the_same_uid_in_two_sources_counts_once() -> None:
    assert meetings(SERIES, SERIES | {"source": "archive"})["source"].to_list() == ["archive"] * 4


def test_of_two_copies_the_higher_sequence_then_the_later_stamp_wins() -> None:
    later = event("2024-03-05T16:00", source="b", stamped_at=datetime(2024, 2, 1, tzinfo=UTC))
    assert starts(event(source="a"), later) == ["2024-03-05 15:00"]
    assert starts(event(source="a", sequence=1), later) == ["2024-03-05 14:00"]
    assert starts(event(source="a", stamped_at=None), later) == ["2024-03-05 15:00"]


def test_an_exception_in_one_calendar_replaces_the_occurrence_of_the_series_in_another() -> None:
    moved = exception("2024-03-12T15:00", "2024-03-12T18:00", source="private")
    assert starts(SERIES, moved)[1] == "2024-03-12 17:00"


@given(st.permutations(range(8)), st.data())
@settings(max_examples=30, deadline=None)
def test_the_order_of_the_input_changes_nothing(order: list[int], data: st.DataObject) -> None:
    rows = [
        SERIES,
        SERIES | {"source": "private", "organizer_name": "Ivo Stern"},
        event("2024-03-05T16:00"),
        exception("2024-03-12T15:00", "2024-03-12T18:00"),
        exception("2024-03-12T10:00", "2024-03-12T11:00", zone="America/New_York"),
        exception("2024-03-19T15:00", "2024-03-19T11:00", is_this_and_future=True),
        event("2024-05-01", is_all_day=True, zone="", uid="banner"),
        event("2024-05-01", is_all_day=True, zone="", uid="", key="k"),
    ]
    chosen = data.draw(st.sets(st.sampled_from(range(8)), min_size=1))
    expected = meetings(*(rows[number] for number in sorted(chosen)))
    assert meetings(*(rows[number] for number in order if number in chosen)).equals(expected)


# Hostile and malformed rules


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY;COUNT=10",
        "FREQ=HOURLY",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=x",
        "FREQ=DAILY;UNTIL=soon",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYWEEKNO=60",
        "FREQ=YEARLY;INTERVAL=99999999999999999999",
        "FREQ=DAILY;INTERVAL=99999999999999999999",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=MONTHLY;BYDAY=99MO",
        "FREQ=DAILY;BYHOUR=24",
        "FREQ=YEARLY;BYSETPOS=0",
        "FREQ=NEVER",
        "nonsense",
        ";;;=",
        "FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=" + ",".join(map(str, range(60))),
    ],
)
def test_a_rule_that_cannot_be_followed_leaves_only_the_first_occurrence(rule: str) -> None:
    assert starts(event("1950-06-01T12:00", zone="UTC", rule=rule)) == ["1950-06-01 12:00"]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYSETPOS=" + ",".join(map(str, range(-366, 367))) + ";BYDAY=MO,TU,WE,TH,FR,SA,SU",
        "FREQ=DAILY;BYHOUR=" + ",".join(map(str, range(24))) + ";BYMINUTE=0,10,20,30,40,50",
        "FREQ=YEARLY;BYYEARDAY=" + ",".join(map(str, range(-366, 367))),
        "FREQ=DAILY;COUNT=999999999",
    ],
)
def test_a_rule_without_measure_ends_at_the_cap(rule: str) -> None:
    began = time.process_time()
    found = starts(event("1950-06-01T12:00", zone="UTC", rule=rule), until=datetime(2100, 1, 1, tzinfo=UTC))
    assert len(found) == MAX_OCCURRENCES
    assert time.process_time() - began < 5  # a guard against hanging, far above what it takes


# Judges


def _lists(low: int, high: int) -> st.SearchStrategy[str]:
    values = st.integers(low, high).filter(bool)
    return st.lists(values, min_size=1, max_size=3, unique=True).map(lambda found: ",".join(map(str, found)))


_DAYS = st.lists(
    st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), min_size=1, max_size=3, unique=True
)
# Not numbered and bare days in one rule: of those dateutil wants both where RFC 5545 allows either.
_PLACED_DAYS = (
    st.lists(st.sampled_from(["1MO", "-1FR", "2TU", "-2SU", "3WE"]), min_size=1, max_size=2) | _DAYS
)


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Rules as RFC 5545 allows them."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = {"FREQ": frequency, "INTERVAL": str(draw(st.integers(1, 4)))}
    optional: dict[str, st.SearchStrategy[str]] = {
        "BYMONTH": st.integers(1, 12).map(str),
        "BYHOUR": _lists(1, 23),
    }
    optional["BYDAY"] = (_PLACED_DAYS if frequency in {"MONTHLY", "YEARLY"} else _DAYS).map(",".join)
    if frequency != "WEEKLY":
        optional["BYMONTHDAY"] = _lists(-31, 31)
    if frequency == "YEARLY":
        optional["BYYEARDAY"] = _lists(-366, 366)
        optional["BYWEEKNO"] = _lists(-53, 53)
    # Two at a time: rules that never match are slow to judge, dateutil looks for them until the year 9999.
    for name in draw(st.lists(st.sampled_from(sorted(optional)), max_size=2, unique=True)):
        parts[name] = draw(optional[name])
    if "BYWEEKNO" in parts and "BYDAY" in parts:
        parts["BYDAY"] = draw(_DAYS.map(",".join))  # RFC 5545 3.3.10: no numbers beside BYWEEKNO
    if frequency in {"MONTHLY", "YEARLY"} and "BYDAY" in parts and draw(st.booleans()):
        parts["BYSETPOS"] = draw(_lists(-3, 3))
    parts["WKST"] = draw(st.sampled_from(["MO", "SU", "WE"]))
    return ";".join(f"{name}={value}" for name, value in parts.items())


@given(rules(), st.integers(0, 10_000), st.integers(0, 23))
@settings(max_examples=30, deadline=None)
def test_rules_are_expanded_as_dateutil_does(rule: str, day: int, hour: int) -> None:
    first = datetime.fromisoformat("1995-01-01") + timedelta(days=day, hours=hour)
    last = first + timedelta(days=3000)
    judge = rrulestr(rule, dtstart=first, cache=False).replace(until=last)
    expected = sorted({first, *judge})
    found = meetings(event(first.isoformat(), zone="UTC", rule=rule), until=last.replace(tzinfo=UTC))
    assert [instant.replace(tzinfo=None) for instant in found["starts_at"]] == expected


def judged(path: Path, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The occurrences that recurring-ical-events sees, in UTC; the owner's zone for all-day and floating."""
    calendar = icalendar.Calendar.from_ical(path.read_bytes())
    for one in recurring_ical_events.of(calendar).between((1950, 1, 1), until.replace(tzinfo=None)):
        yield _instant(one.start), _instant(one.end)


def _instant(moment: date | datetime) -> datetime:
    if not isinstance(moment, datetime):
        moment = datetime.fromisoformat(moment.isoformat())
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(OWNER))).astimezone(UTC)


@pytest.mark.parametrize("path", sorted(DATA.glob("series_*.ics")), ids=lambda path: path.stem)
def test_our_calendars_are_expanded_as_recurring_ical_events_does(path: Path) -> None:
    found = occurrences(landed(path), owner_zone=OWNER, until=UNTIL)
    assert sorted(found.select("starts_at", "ends_at").rows()) == sorted(judged(path, UNTIL))


@pytest.mark.skipif(
    "KITHLINE_CORPORA" not in os.environ, reason="KITHLINE_CORPORA names no folder of calendars"
)
def test_calendars_from_the_wild_are_expanded_as_recurring_ical_events_does() -> None:
    until = datetime(2030, 1, 1, tzinfo=UTC)
    paths = sorted(Path(os.environ["KITHLINE_CORPORA"]).rglob("*.ics"))
    same, compared = 0, 0
    for path in paths:
        if re.search(rb"FREQ=(SECOND|MINUTE|HOUR)LY|BYMINUTE", path.read_bytes()):
            continue  # finer than days: we do not expand them, and the judge takes minutes
        try:
            expected = sorted(start for start, _ in judged(path, until))
            found = occurrences(landed(path), owner_zone=OWNER, until=until)
        except (ConnectorError, ValueError, TypeError, KeyError, AttributeError):
            continue  # what the judge cannot read, it cannot judge
        compared += 1
        same += sorted(found["starts_at"]) == expected
    assert compared > 0
    assert same / compared > 0.85
