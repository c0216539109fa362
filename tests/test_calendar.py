"""connectors.calendar.ics: one item for each component, whatever the file looks like."""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.bounds import Bounds
from connectors.calendar import ics
from connectors.calendar.zones import to_utc
from connectors.inputs import Input, plain
from connectors.records import Attendee, Event, Item, NotThisFormat, Rejected, Seen, Skipped

DATA = Path(__file__).parent / "data" / "calendar"
Reader = Callable[[str | bytes], list[Item]]
MAX_ATTENDEES = Bounds().recipients


def read(path: Path) -> Iterator[Item]:
    """The items of a file on disk."""
    with plain(path) as source:
        yield from ics.read(source)


def told(text: str | bytes, known: frozenset[str] = frozenset(), bounds: Bounds | None = None) -> list[Item]:
    """The items of a text."""
    stream = io.BytesIO(text if isinstance(text, bytes) else text.encode())
    return list(ics.read(Input(stream, "calendar.ics", known=known, bounds=bounds or Bounds())))


@pytest.fixture
def items() -> Reader:
    """Reads text or bytes as a calendar file."""
    return told


@pytest.fixture
def only(items: Reader) -> Callable[..., Event]:
    """The event of a calendar with one VEVENT of these lines, after the lines of the calendar itself."""

    def reader(*lines: str, calendar: str = "") -> Event:
        [found] = items(
            "\r\n".join(["BEGIN:VCALENDAR", *calendar.splitlines(), vevent(*lines), "END:VCALENDAR", ""])
        )
        assert isinstance(found, Event)
        return found

    return reader


def vevent(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT"])


def positions(found: list[Item]) -> list[int]:
    return [item.position for item in found if isinstance(item, Event | Rejected | Skipped | Seen)]


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


# What a calendar says


def test_a_calendar_gives_one_item_for_each_component_in_file_order() -> None:
    found = list(read(DATA / "team.ics"))
    kinds = [type(item).__name__ for item in found]
    assert kinds == ["Event", "Skipped", "Event", "Rejected", "Skipped", "Event"]
    assert [item.reason for item in found if isinstance(item, Skipped)] == ["VTODO", "VJOURNAL"]
    assert positions(found) == sorted(positions(found))


def test_an_event_carries_its_metadata() -> None:
    event = next(read(DATA / "team.ics"))
    assert isinstance(event, Event)
    assert event.locator == "line 5, UID lunch-1@example.org"
    assert (DATA / "team.ics").read_bytes()[event.position :].startswith(b"BEGIN:VEVENT")
    assert event.zone == "Europe/Berlin"
    assert (event.starts_local, event.ends_local) == (wall("2024-03-05T12:00"), wall("2024-03-05T13:30"))
    assert (event.sequence, event.status, event.is_transparent) == (2, "tentative", True)
    assert event.stamped_at == datetime(2024, 1, 2, 8, tzinfo=UTC)
    assert event.created_at == datetime(2023, 12, 31, 8, tzinfo=UTC)
    assert (event.organizer_name, event.organizer_address) == ("Stern, Ivo", "ivo@example.org")


def test_attendees_keep_name_address_response_role_and_kind() -> None:
    event = next(read(DATA / "team.ics"))
    assert isinstance(event, Event)
    assert event.attendees == (
        Attendee(
            name="Mira Vale",
            address="mira+work@example.org",
            response="accepted",
            role="req-participant",
            kind="individual",
            is_asked=True,
        ),
        Attendee(
            name='Oran "Ori" Lake',
            address="oran@example.org",
            response=None,
            role=None,
            kind=None,
            is_asked=False,
        ),
        Attendee(
            name="", address="room-1@example.org", response=None, role=None, kind="room", is_asked=False
        ),
    )


def test_no_text_of_an_event_survives() -> None:
    assert not any(
        "never be read" in repr(item) or "Nor this" in repr(item) for item in read(DATA / "team.ics")
    )


def test_a_series_keeps_its_rules_additions_and_removals_on_its_own_clock() -> None:
    event = list(read(DATA / "team.ics"))[-1]
    assert isinstance(event, Event)
    assert event.zone == "UTC"
    assert event.ends_local - event.starts_local == timedelta(minutes=25)
    assert event.rule == "FREQ=WEEKLY;BYDAY=TH\nFREQ=MONTHLY;COUNT=3"
    assert event.added == (wall("2024-03-08T09:00"),)
    assert event.removed == (wall("2024-03-14T09:00"), wall("2024-03-21T09:00"), wall("2024-03-28T09:00"))


def test_an_all_day_event_ends_at_its_exclusive_midnight(only: Callable[..., Event]) -> None:
    event = list(read(DATA / "team.ics"))[2]
    assert isinstance(event, Event)
    assert (event.is_all_day, event.zone) == (True, "")
    assert (event.starts_local, event.ends_local) == (wall("2024-06-10"), wall("2024-06-12"))
    assert only("DTSTART:20240610").ends_local == wall("2024-06-11")


@pytest.mark.parametrize(
    "end", ["DTEND:20240305T110000Z", "DURATION:PT0S", "DURATION:-PT1H", "DTEND:never", "DURATION:long", ""]
)
def test_an_end_that_is_missing_broken_or_too_early_is_the_start(
    only: Callable[..., Event], end: str
) -> None:
    event = only("DTSTART:20240305T120000Z", *filter(None, [end]))
    assert event.ends_local == event.starts_local


def test_a_day_that_states_a_time_has_that_time(only: Callable[..., Event]) -> None:
    assert only("DTSTART;VALUE=DATE:20240305T120000").starts_local == wall("2024-03-05T12:00")
    assert only("DTSTART;VALUE=DATE:20240305T000000").is_all_day


def test_an_exception_names_its_occurrence_on_its_own_clock(only: Callable[..., Event]) -> None:
    lines = ("UID:m1@example.org", "DTSTART;TZID=Europe/Berlin:20240312T160000")
    event = only(*lines, "RECURRENCE-ID;RANGE=THISANDFUTURE:20240312T140000Z")
    assert event.recurrence_local == wall("2024-03-12T15:00")
    assert (event.is_this_and_future, event.is_recurrence_all_day) == (True, False)
    same = only(*lines, "RECURRENCE-ID;TZID=America/New_York:20240312T100000")
    assert same.key == event.key != "m1@example.org"
    assert only(*lines, "RECURRENCE-ID;VALUE=DATE:20240312").is_recurrence_all_day


def test_an_exception_of_no_known_occurrence_is_rejected(items: Reader) -> None:
    [found] = items(vevent("UID:m1@example.org", "DTSTART:20240312T160000Z", "RECURRENCE-ID:?"))
    assert isinstance(found, Rejected)


def test_events_without_a_uid_have_keys_of_their_facts(only: Callable[..., Event]) -> None:
    first, second = only("DTSTART:20240305T120000Z"), only("DTSTART:20240305T120000Z", "STATUS:CONFIRMED")
    assert first.key == only("DTSTART:20240305T120000Z").key != second.key
    assert first.uid == ""


def test_method_cancel_cancels_every_event(only: Callable[..., Event]) -> None:
    assert only("DTSTART:20240305", "STATUS:CONFIRMED", calendar="METHOD:CANCEL").status == "cancelled"
    assert only("DTSTART:20240305", "STATUS:CANCELED").status == "cancelled"


def test_at_most_500_attendees_are_kept(only: Callable[..., Event]) -> None:
    crowd = [f"ATTENDEE:mailto:guest{number}@example.org" for number in range(MAX_ATTENDEES + 5)]
    assert len(only("DTSTART:20240305", *crowd).attendees) == MAX_ATTENDEES


@pytest.mark.parametrize(
    ("line", "name", "address"),
    [
        ("ATTENDEE:mira@example.org", "", "mira@example.org"),
        ("ATTENDEE;CN='mira@example.org':MailTo: <mira@example.org>", "mira@example.org", "mira@example.org"),
        ("ATTENDEE;CN=Mira\u202e Vale\x07:invalid:nomail", "Mira Vale", ""),
        ("ATTENDEE;CN=Mira Vale;EMAIL=mira@example.org:/principals/1/", "Mira Vale", "mira@example.org"),
        ('ATTENDEE;CN="Mira Vale:mailto:mira@example.org', "Mira Vale", "mira@example.org"),
        ("ATTENDEE;CN=Mira\\, Vale:mailto:mira@example.org?subject=x", "Mira, Vale", "mira@example.org"),
    ],
)
def test_addresses_are_found_where_programs_put_them(
    only: Callable[..., Event], line: str, name: str, address: str
) -> None:
    [attendee] = only("DTSTART:20240305", line).attendees
    assert (attendee.name, attendee.address) == (name, address)


# What files look like


def test_line_endings_marks_and_encodings_change_nothing(items: Reader) -> None:
    text = (DATA / "team.ics").read_text().replace("Mira", "Zoë")
    [expected, *_] = items(text)
    assert isinstance(expected, Event)
    assert expected.attendees[0].name == "Zoë Vale"
    variants = [
        text.replace("\n", "\r\n").encode(),
        text.replace("\n", "\r").encode(),
        b"\xef\xbb\xbf" + text.encode(),
        text.encode("utf-16"),
        text.encode("utf-16-be"),
        text.encode("cp1252"),
        text.lower().replace("zoë vale", "Zoë Vale").encode(),
    ]
    for data in variants:
        found, *rest = items(data)
        assert isinstance(found, Event)
        assert len(rest) == 5
        assert found.attendees[0].name == "Zoë Vale"
        assert (found.starts_local, found.zone) == (expected.starts_local, expected.zone)


def test_a_position_is_a_byte_offset_also_in_utf_16(items: Reader) -> None:
    data = "BEGIN:VCALENDAR\r\nX-NAME:Zoë 😀\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\n".encode("utf-16-le")
    [found] = items(b"\xff\xfe" + data)
    assert isinstance(found, Rejected)
    assert data[found.position - 2 :].decode("utf-16-le").startswith("BEGIN:VEVENT")


def test_a_fold_may_cut_a_character(items: Reader) -> None:
    data = b"BEGIN:VEVENT\nDTSTART:20240305\nORGANIZER;CN=Zo\xc3\n \xab:mailto:zoe@example.org\nEND:VEVENT\n"
    [found] = items(data)
    assert isinstance(found, Event)
    assert found.organizer_name == "Zoë"


def test_bare_events_and_several_calendars_are_read(items: Reader) -> None:
    one = vevent("DTSTART:20240305T120000Z")
    found = items(f"{one}\nBEGIN:VCALENDAR\n{one}\nEND:VCALENDAR\nBEGIN:VCALENDAR\n{one}\n")
    assert [type(item) for item in found] == [Event, Event, Event]


def test_a_truncated_event_is_one_rejected_record_and_loses_no_neighbour(items: Reader) -> None:
    whole = vevent("DTSTART:20240305T120000Z")
    cut = "BEGIN:VEVENT\nUID:cut@example.org\nDTSTART:20240305T120000Z\nBEGIN:VALARM\n"
    assert [type(item) for item in items(f"{whole}\n{cut}")] == [Event, Rejected]
    assert [type(item) for item in items(f"{cut}{whole}\n")] == [Rejected, Event]
    assert [type(item) for item in items(f"BEGIN:VCALENDAR\n{cut}END:VCALENDAR\n{whole}")] == [
        Rejected,
        Event,
    ]


def test_stray_begin_and_end_lines_lose_nothing(items: Reader) -> None:
    [found] = items("BEGIN:\nEND:VEVENT\nBEGIN\n" + vevent("BEGIN:oops", "DTSTART:20240305", "END:VALARM"))
    assert isinstance(found, Event)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("SEQUENCE:1", "the event has no DTSTART"),
        ("DTSTART:tomorrow", "DTSTART is neither a date nor a date-time"),
        ("DTSTART:20240230", "DTSTART is neither a date nor a date-time"),
        ("DTSTART:19491231", "the event starts outside the years 1950 to 2100"),
        ("DTSTART:21010101T000000Z", "the event starts outside the years 1950 to 2100"),
    ],
)
def test_an_event_that_does_not_say_when_is_rejected_with_its_reason(
    items: Reader, line: str, reason: str
) -> None:
    [found] = items(vevent("UID:m1@example.org", line))
    assert isinstance(found, Rejected)
    assert (found.locator, found.reason) == ("line 1, UID m1@example.org", reason)
    assert found.excerpt == f"UID {line.partition(':')[0]}"


def test_broken_details_cost_only_themselves(only: Callable[..., Event]) -> None:
    event = only(
        "UID:m1@example.org", "DTSTART:20240305T120000Z", "SEQUENCE:many", "CREATED:once", "DTSTAMP:?",
        "EXDATE:,x", "ATTENDEE", "ATTENDEE;:", "ORGANIZER:", "RDATE:20240306T120000Z,oops", "DURATION:P",
        "STATUS:", ":", ";",
    )  # fmt: skip
    assert (event.sequence, event.created_at, event.stamped_at, event.removed) == (0, None, None, ())
    assert event.added == (wall("2024-03-06T12:00"),)
    assert event.attendees == ()


def test_vcalendar_1_is_rejected_with_its_mend(items: Reader) -> None:
    [found] = items(
        "BEGIN:VCALENDAR\nVERSION:1.0\n" + vevent("DTSTART:20240305T120000Z") + "\nEND:VCALENDAR\n"
    )
    assert isinstance(found, Rejected)
    assert (found.reason, found.mend) == ("vCalendar 1.0 is not iCalendar", "export as iCalendar (.ics)")


@pytest.mark.parametrize("data", [b"", b" \r\n\n", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_an_empty_file_is_refused_with_its_mend(items: Reader, data: bytes) -> None:
    with pytest.raises(NotThisFormat, match="the file is empty; export it again"):
        items(data)


@pytest.mark.parametrize(
    "data", [b"<html>Please log in</html>", b"\x89PNG\r\n\x1a\n\x00", b"Name,Date\nMira,2024\n"]
)
def test_a_file_without_a_calendar_is_refused_with_its_mend(items: Reader, data: bytes) -> None:
    with pytest.raises(NotThisFormat, match=r"no calendar in it .*export it again as iCalendar"):
        items(data)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_no_damage_raises_anything_else_or_unbalances_the_books(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = bytearray((DATA / "team.ics").read_bytes() + (DATA / "zones.ics").read_bytes())
    for _ in range(data.draw(st.integers(0, 6))):
        start = data.draw(st.integers(0, len(whole) - 1))
        whole[start : start + data.draw(st.integers(0, 12))] = data.draw(st.binary(max_size=12))
    path = tmp_path_factory.getbasetemp() / "damaged.ics"
    path.write_bytes(whole)
    for item in read(path):
        assert isinstance(item, Event | Rejected | Skipped)
        if isinstance(item, Event):
            assert item.ends_local >= item.starts_local


@given(st.binary(max_size=300))
@settings(max_examples=50, deadline=None)
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.ics"
    path.write_bytes(b"BEGIN:VEVENT\nDTSTART:20240305\n" + data)
    assert len(list(read(path))) >= 1


# The judge


@pytest.mark.parametrize("path", sorted(DATA.glob("*.ics")), ids=lambda path: path.stem)
def test_we_read_what_icalendar_reads(path: Path) -> None:
    icalendar.use_zoneinfo()  # forgets the zones of other files
    ours = {
        (one.uid, one.key): one
        for one in read(path)
        if isinstance(one, Event) and not one.zone.startswith("table:")
    }
    judged = 0
    for calendar in icalendar.Calendar.from_ical(path.read_bytes(), multiple=True):
        for theirs in calendar.walk("VEVENT"):
            match = [
                one for (uid, _), one in ours.items() if uid == theirs.get("UID") and _is_same(one, theirs)
            ]
            if theirs.errors or not match:
                continue
            judged += 1
            [one] = match
            assert _utc(one.ends_local, one) == _instant(theirs.end, one)
            assert one.sequence == theirs.get("SEQUENCE", 0)
            assert len(one.attendees) == len(theirs.attendees)
            assert [who.address for who in one.attendees if who.address[:4] != "oran"] == [
                str(who.email).replace("%2B", "+")
                for who in theirs.attendees
                if who.lower().startswith("mailto:")
            ]
    assert judged == len(ours)


def _is_same(ours: Event, theirs: icalendar.Event) -> bool:
    is_exception = ours.recurrence_local is not None
    return (
        not theirs.errors
        and is_exception == ("RECURRENCE-ID" in theirs)
        and (_utc(ours.starts_local, ours) == _instant(theirs.start, ours))
    )


def _utc(local: datetime, event: Event) -> datetime:
    return to_utc(local, event.zone or "UTC")


def _instant(moment: date | datetime, event: Event) -> datetime:
    """icalendar's time in UTC, floating ones taken as UTC."""
    bare = datetime.fromisoformat(moment.isoformat())
    return bare.astimezone(UTC) if bare.tzinfo else bare.replace(tzinfo=UTC)
