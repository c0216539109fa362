"""The reader against icalendar, on generated calendars and, where the corpora are at hand, on real ones.

`KITHLINE_CORPORA` names their folder. The two may differ only by a rule that is named here.
"""

import io
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import icalendar
import pytest

from benchmarks.calendars import calendar
from connectors.calendar.ics import read
from connectors.calendar.zones import to_utc
from connectors.inputs import Input
from connectors.records import ConnectorError, Event

FOLDER = os.environ.get("KITHLINE_CORPORA")


def ours(data: bytes) -> list[Event]:
    return [item for item in read(Input(io.BytesIO(data), "a.ics")) if isinstance(item, Event)]


def judged(event: Event, data: bytes) -> Iterator[str]:
    """The facts in which icalendar's reading of the event's own bytes differs, none if they agree."""
    end = data.index(b"END:VEVENT", event.position) + len(b"END:VEVENT\r\n")
    theirs = icalendar.Event.from_ical(data[event.position : end].rstrip() + b"\r\n")
    if not isinstance(theirs, icalendar.Event) or theirs.errors:
        return  # rule: what the judge cannot read, it cannot judge
    if theirs.get("UID", "") != event.uid:
        yield f"uid {theirs.get('UID')!r} {event.uid!r}"
    if int(theirs.get("SEQUENCE", 0)) != event.sequence:
        yield "sequence"
    if wall(theirs["DTSTART"].dt) != event.starts_local:
        yield f"start {theirs['DTSTART'].dt} {event.starts_local}"
    if "DTEND" in theirs and is_comparable(theirs) and wall(theirs["DTEND"].dt) != event.ends_local:
        yield f"end {theirs['DTEND'].dt} {event.ends_local}"
    if len(theirs.attendees) != len(event.attendees):
        yield "attendees"
    if (rule := theirs.get("RRULE")) and parts(rule.to_ical().decode()) != parts(event.rule or ""):
        yield f"rule {rule.to_ical()!r} {event.rule!r}"


def wall(moment: date | datetime) -> datetime:
    return datetime.fromisoformat(moment.isoformat()).replace(tzinfo=None)


def is_comparable(theirs: icalendar.Event) -> bool:
    """Rule: an end in another zone is put on the clock of the start, and is never before it."""
    start, end = theirs["DTSTART"], theirs["DTEND"]
    is_same = start.params.get("TZID") == end.params.get("TZID") and _is_utc(start.dt) == _is_utc(end.dt)
    return is_same and wall(end.dt) >= wall(start.dt)


def _is_utc(moment: date | datetime) -> bool:
    return isinstance(moment, datetime) and moment.tzname() == "UTC"


def parts(rule: str) -> set[str]:
    """Rule: icalendar writes the parts in an order of its own, and no empty ones."""
    return set(rule.upper().split(";")) - {""}


def test_icalendar_agrees_on_every_event_of_the_generator() -> None:
    data = "".join(calendar(400)).encode()
    events = ours(data)
    assert len(events) == 400
    assert [[*judged(event, data)] for event in events] == [[]] * 400


def test_a_generated_zone_has_the_clock_that_icalendar_gives_it() -> None:
    data = "".join(calendar(400)).encode()
    icalendar.use_zoneinfo()  # forgets the zones of other files
    theirs = icalendar.Calendar.from_ical(data).walk("VEVENT")
    for event, judge in zip(ours(data), theirs, strict=True):
        if event.zone:
            assert to_utc(event.starts_local, event.zone) == judge.start.astimezone(UTC)


@pytest.mark.skipif(not FOLDER, reason="KITHLINE_CORPORA names no folder with ics/")
def test_icalendar_agrees_on_calendars_from_the_wild() -> None:
    read_count, faults = 0, list[str]()
    for path in sorted(Path(FOLDER or "", "ics").rglob("*.ics")):
        data = path.read_bytes()
        try:
            items = list(read(Input(io.BytesIO(data), path.name)))
        except ConnectorError:
            continue
        for event in (item for item in items if isinstance(item, Event)):
            read_count += 1
            try:
                faults += [f"{path.name} {event.locator}: {fault}" for fault in judged(event, data)]
            except (ValueError, TypeError, KeyError, AttributeError, icalendar.error.InvalidCalendar):
                continue  # rule: as above
    assert read_count > 0
    assert faults == []
