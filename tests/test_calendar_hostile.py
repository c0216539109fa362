"""Calendars that were made to do harm: each costs little and gets the verdict it must get."""

import io
import time
import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.bounds import Bounds
from connectors.calendar.ics import read
from connectors.calendar.rules import shortfall
from connectors.inputs import Input
from connectors.records import Event, Item, NotThisFormat, Rejected, Skipped
from warehouse.derive.clocks import Clocks
from warehouse.derive.recurrence import parsed

START = "DTSTART:20240305T120000Z\n"


def items(text: str | bytes, bounds: Bounds | None = None) -> list[Item]:
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return list(read(Input(io.BytesIO(data), "a.ics", bounds=bounds or Bounds())))


def vevent(*lines: str) -> str:
    return "BEGIN:VEVENT\n" + "".join(f"{line}\n" for line in lines) + "END:VEVENT\n"


def event(*lines: str, before: str = "", bounds: Bounds | None = None) -> Event:
    [found] = items(f"BEGIN:VCALENDAR\n{before}{vevent(*lines)}END:VCALENDAR\n", bounds)
    assert isinstance(found, Event)
    return found


# Size


MANY = 30_000
HOSTILE = {
    "begun and never ended": ("BEGIN:VEVENT\n" * MANY, Rejected, MANY),
    "alarms begun and never ended": (
        vevent(START, *(["BEGIN:VALARM"] * MANY)).replace("END:VEVENT\n", ""), Rejected, 1,
    ),
    "nested": (vevent(START.strip(), *["BEGIN:VALARM"] * MANY, *["END:VALARM"] * MANY), Event, 1),
    "nested without end": (vevent(START.strip(), *["BEGIN:X-DEEP"] * MANY), Event, 1),
    "ends without beginnings": ("END:VALARM\n" * MANY + vevent(START.strip()), Event, 1),
    "calendars": ("BEGIN:VCALENDAR\n" * MANY, Rejected, MANY),
    "a line without end": (vevent(START.strip(), "DESCRIPTION:" + "x" * 5_000_000), Event, 1),
    "a name without end": ("BEGIN:" + "V" * 5_000_000 + "\n" + vevent(START.strip()), Event, 1),
    "folds": (vevent(START.strip(), "UID:" + "x\n " * 200_000), Event, 1),
    "blank lines": (vevent(START.strip(), "UID:1", "\n" * 300_000), Event, 1),
    "blank lines and a folded name": (vevent(START.strip(), "UID\n :1", "\r\n" * 200_000), Event, 1),
    "folds of blank lines": (vevent(START.strip(), "UID:1", "\n\n " * 200_000), Event, 1),
    "attendees": (vevent(START.strip(), *["ATTENDEE:mailto:a@example.org"] * MANY), Event, 1),
    "removals": (vevent(START.strip(), *["EXDATE:20240305T120000Z"] * MANY), Event, 1),
    "removals in a line": (vevent(START.strip(), "EXDATE:" + "20240305T120000Z," * MANY), Event, 1),
    "parameters": (vevent(START.strip(), "ATTENDEE" + ";X=1" * MANY + ":mailto:a@example.org"), Event, 1),
    "quotes": (vevent(START.strip(), "ATTENDEE" + ';X="' * MANY + ":mailto:a@example.org"), Event, 1),
    "properties": (vevent(START.strip(), *["X-A:1"] * MANY), Event, 1),
    "zones": (
        "BEGIN:VTIMEZONE\nTZID:a\nBEGIN:STANDARD\nEND:STANDARD\nEND:VTIMEZONE\n" * 2_000
        + vevent(START.strip()), Event, 1,
    ),
    "returns only": ("\r".join(["BEGIN:VEVENT", START.strip(), "X:1\r" * MANY, "END:VEVENT"]), Event, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_too_much_costs_little_time_and_memory(name: str) -> None:
    text, verdict, count = HOSTILE[name]
    began = time.process_time()
    found = items(text)
    assert time.process_time() - began < 4  # a guard against what is not linear, far above what it takes
    assert [type(item) for item in found] == [verdict] * count


@pytest.mark.parametrize("name", ["attendees", "removals in a line", "blank lines"])
def test_memory_stays_within_a_few_times_the_input(name: str) -> None:
    text, _, _ = HOSTILE[name]
    tracemalloc.start()
    items(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6 * len(text) + 5_000_000


@pytest.mark.parametrize(
    ("lines", "capped"),
    [
        ([f"ATTENDEE:mailto:a{n}@example.org" for n in range(13)], "recipients beyond 12"),
        ([f"ATTENDEE:mailto:a{n}@example.org" for n in range(12)], ""),
        ([f"EXDATE:20240305T12{n // 60:02}{n % 60:02}Z" for n in range(200)], "properties beyond 100"),
        (["EXDATE:" + "20240305T120000Z," * 100], "EXDATE beyond 1024 bytes; EXDATE beyond 100 times"),
        (["UID:" + "x" * 2000], "UID beyond 1024 bytes"),
        (["EXRULE:FREQ=DAILY"], "EXRULE not applied"),
    ],
)
def test_what_a_bound_leaves_out_is_told(lines: list[str], capped: str) -> None:
    few = Bounds(recipients=12, properties=100, line_bytes=1024)
    told = event(START.strip(), *lines, bounds=few).capped
    assert told in capped if "EXDATE beyond" in capped else told == capped


def test_a_list_that_is_cut_keeps_only_whole_times() -> None:
    cut = event(START.strip(), "EXDATE:" + "20240305T120000Z," * 100, bounds=Bounds(line_bytes=1024))
    assert {wall.hour for wall in cut.removed} == {12}


def test_the_years_that_are_kept_are_a_setting() -> None:
    assert event("DTSTART:19300101", bounds=Bounds(first_year=1900)).starts_local.year == 1930


# Characters


@pytest.mark.parametrize("junk", ["\0", "\ud800", "\u202e", "\x07", "\u200b"])
def test_no_control_reaches_a_record(junk: str) -> None:
    found = event(START.strip(), f"UID:a{junk}b", f"ORGANIZER;CN=Mi{junk}ra:mailto:mira@example.org")
    text = f"{found.uid}{found.organizer_name}{found.locator}{found.key}"
    assert junk not in text
    assert text.encode()


def test_nuls_in_a_time_are_ignored() -> None:
    assert event("DTSTART:2024\x000305T12\x000000Z").starts_local.year == 2024


# What files are not


@pytest.mark.parametrize(
    ("data", "looks"),
    [
        (b"<!DOCTYPE html><title>Sign in</title>", "a web page"),
        (b"BEGIN:VCARD\nEND:VCARD\n", "an address book"),
        (b"PK\x03\x04\0\0", "a zip archive"),
        (b"\x89PNG\r\n\x1a\n\0", "binary data"),
        (b"Name,Date\n", "no BEGIN: line"),
        (b'{"events": []}', "JSON"),
    ],
)
def test_a_refused_file_is_told_what_it_looks_like(data: bytes, looks: str) -> None:
    with pytest.raises(NotThisFormat, match=f"no calendar in it \\({looks}.*export it again as iCalendar"):
        items(data)


def test_a_calendar_without_events_is_read() -> None:
    assert items("BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR\n") == []


# What events are not


@pytest.mark.parametrize("method", ["REPLY", "counter", "REFRESH"])
def test_an_answer_to_an_invitation_is_no_event(method: str) -> None:
    [found] = items(f"BEGIN:VCALENDAR\nMETHOD:{method}\n{vevent(START.strip())}END:VCALENDAR\n")
    assert isinstance(found, Skipped)
    assert found.reason == "reply"


# Zones


def test_a_zone_that_nobody_knows_is_told() -> None:
    found = event("DTSTART;TZID=Elsewhere:20240305T120000")
    assert (found.zone, found.capped) == ("", "unknown zone")
    assert event("DTSTART;TZID=Elsewhere:20240305T120000Z").capped == ""


def test_a_broken_zone_costs_only_the_events_that_need_it() -> None:
    broken = "BEGIN:VTIMEZONE\nTZID:Elsewhere\nBEGIN:STANDARD\nDTSTART:x\nEND:STANDARD\nEND:VTIMEZONE\n"
    lost, kept = items(
        f"BEGIN:VCALENDAR\n{broken}{vevent('DTSTART;TZID=Elsewhere:20240305T120000')}{vevent(START.strip())}"
    )
    assert isinstance(lost, Event)
    assert isinstance(kept, Event)
    assert (lost.capped, kept.capped) == ("unknown zone", "")


def test_a_calendar_uses_its_own_zone_before_its_neighbours() -> None:
    def island(offset: str) -> str:
        part = f"BEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\n"
        zone = f"BEGIN:VTIMEZONE\nTZID:tzone://Microsoft/Custom\n{part}END:STANDARD\nEND:VTIMEZONE\n"
        one = vevent("DTSTART;TZID=tzone://Microsoft/Custom:20240305T120000")
        return f"BEGIN:VCALENDAR\n{one}{zone}END:VCALENDAR\n"

    found = items(island("+0130") + island("+0230"))
    assert [one.zone for one in found if isinstance(one, Event)] == ["table:5400", "table:9000"]


def test_periods_keep_their_starts() -> None:
    found = event(START.strip(), "RDATE;VALUE=PERIOD:20240306T120000Z/PT1H,20240307T120000Z/20240307T130000Z")
    assert [wall.day for wall in found.added] == [6, 7]


# Rules


@pytest.mark.parametrize(
    ("rule", "capped"),
    [
        ("FREQ=WEEKLY;BYDAY=MO", ""),
        ("FREQ=DAILY;COUNT=20000", ""),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", ""),
        ("FREQ=YEARLY;BYDAY=53MO", ""),
        ("FREQ=SECONDLY", "rule finer than a day"),
        ("FREQ=MINUTELY;COUNT=3", "rule finer than a day"),
        ("FREQ=DAILY;BYHOUR=0,1,2,3,4,5;BYMINUTE=" + ",".join(map(str, range(60))), "rule finer than a day"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "rule never matches"),
        ("FREQ=YEARLY;BYMONTH=13", "rule never matches"),
        ("FREQ=MONTHLY;BYDAY=6MO", "rule never matches"),
        ("FREQ=DAILY;INTERVAL=0", "rule not understood"),
        ("FREQ=NEVER", "rule not understood"),
        ("FREQ=DAILY;UNTIL=20241399", "rule not understood"),
        ("FREQ=DAILY;COUNT=99999999999", "rule beyond 20000 times"),
        ("FREQ=DAILY;BYMONTHDAY=" + ",".join(["1"] * 10_000), "rule not understood"),
    ],
)
def test_a_rule_that_cannot_be_followed_is_kept_and_told(rule: str, capped: str) -> None:
    found = event(START.strip(), f"RRULE:{rule}")
    assert (found.rule, found.capped) == (rule, capped)


@given(st.text(alphabet="FREQDAILYBMONTH=;,0123456789-+ ", max_size=60))
@example("FREQ=YEARLY;BYDAY=0MO")
def test_any_rule_gets_a_verdict(rule: str) -> None:
    assert shortfall(rule) == "" or shortfall(rule).startswith("rule ")


_RULES = st.builds(
    lambda frequency, parts: ";".join([f"FREQ={frequency}", *parts]),
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY", "HOURLY", "SOMETIMES"]),
    st.lists(
        st.builds(
            lambda name, numbers: f"{name}={numbers}",
            st.sampled_from(
                ["BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "BYHOUR", "COUNT"]
            ),
            st.integers(-400, 400).map(str) | st.just("x"),
        )
        | st.sampled_from(
            ["BYDAY=6MO", "BYDAY=-1FR,MO", "BYDAY=XX", "INTERVAL=0", "UNTIL=soon", "UNTIL=20250101"]
        ),
        max_size=3,
    ),
)


@given(_RULES)
def test_a_rule_is_told_if_and_only_if_the_warehouse_does_not_follow_it(rule: str) -> None:
    series = event(START.strip())
    followed = parsed(rule, series, Clocks("UTC").of_zone("UTC"))
    assert (followed is None) == bool(shortfall(rule))
