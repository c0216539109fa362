"""What a calendar is recognised by, so that a known event is not parsed again."""

import io
from dataclasses import dataclass, field

import pytest

from benchmarks.calendars import calendar
from connectors.bounds import Bounds
from connectors.calendar.ics import read
from connectors.inputs import Input
from connectors.records import Event, Item, Seen

ZONE = (
    "BEGIN:VTIMEZONE\nTZID:Elsewhere\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
    "TZOFFSETFROM:+0130\nTZOFFSETTO:+0130\nEND:STANDARD\nEND:VTIMEZONE\n"
)


@dataclass
class Calendar:
    """A calendar of one event, every part of which can be said otherwise."""

    head: str = ""
    zone: str = ZONE
    stamp: str = "DTSTAMP:20240101T000000Z"
    lines: list[str] = field(default_factory=list)

    def items(self, known: frozenset[str] = frozenset(), bounds: Bounds | None = None) -> list[Item]:
        event = "\n".join(["BEGIN:VEVENT", self.stamp, "DTSTART;TZID=Elsewhere:20240305T120000", *self.lines])
        text = f"BEGIN:VCALENDAR\n{self.head}{self.zone}{event}\nEND:VEVENT\nEND:VCALENDAR\n"
        return list(read(Input(io.BytesIO(text.encode()), "a.ics", known=known, bounds=bounds or Bounds())))

    def digest(self, bounds: Bounds | None = None) -> str:
        [event] = self.items(bounds=bounds)
        assert isinstance(event, Event)
        return event.digest


def test_a_known_event_is_seen_where_it_stands() -> None:
    [event] = Calendar().items()
    assert isinstance(event, Event)
    assert len(event.digest) == 32
    assert Calendar().items(frozenset({event.digest})) == [Seen(position=event.position, digest=event.digest)]


@pytest.mark.parametrize(
    "changed",
    [
        Calendar(head="METHOD:CANCEL\n"),
        Calendar(head="X-WR-TIMEZONE:Asia/Tokyo\n"),
        Calendar(zone=ZONE.replace("+0130", "+0230")),
        Calendar(zone=""),
        Calendar(stamp="DTSTAMP:20240102T000000Z"),
        Calendar(lines=["STATUS:CANCELLED"]),
    ],
)
def test_an_event_is_new_when_anything_it_depends_on_changed(changed: Calendar) -> None:
    assert changed.digest() != Calendar().digest()
    assert isinstance(changed.items(frozenset({Calendar().digest()}))[0], Event)


def test_other_bounds_read_anew() -> None:
    assert Calendar().digest() != Calendar().digest(Bounds(recipients=12))


@pytest.mark.parametrize(
    ("revised", "is_same"),
    [("LAST-MODIFIED:20240101T000000Z", True), ("LAST-MODIFIED:soon", False), ("LAST-MODIFIED:", False)],
)
def test_a_new_stamp_is_no_change_where_the_event_says_when_it_was_revised(
    revised: str, is_same: bool
) -> None:
    first = Calendar(lines=[revised])
    later = Calendar(lines=[revised], stamp="DTSTAMP:20250101T000000Z")
    assert (first.digest() == later.digest()) == is_same
    [one], [other] = first.items(), later.items()
    assert isinstance(one, Event)
    assert isinstance(other, Event)
    assert (one.stamped_at == other.stamped_at) == is_same


def test_an_alarm_is_no_part_of_an_event() -> None:
    alarm = ["BEGIN:VALARM", "TRIGGER:-PT15M", "ATTENDEE:mailto:mira@example.org", "END:VALARM"]
    assert Calendar(lines=alarm).digest() == Calendar().digest()


def test_of_a_calendar_read_again_only_what_changed_is_parsed() -> None:
    before = {item.digest for item in _generated(0) if isinstance(item, Event)}
    after = list(_generated(50, frozenset(before)))
    assert sum(isinstance(item, Event) for item in after) == 6
    assert sum(isinstance(item, Seen) for item in after) == 294


def _generated(changed_every: int, known: frozenset[str] = frozenset()) -> list[Item]:
    text = "".join(calendar(300, changed_every=changed_every))
    return list(read(Input(io.BytesIO(text.encode()), "a.ics", known=known)))
