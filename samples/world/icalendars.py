"""Writer of iCalendar files (RFC 5545): appointments as VEVENTs, with exceptions where plans changed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from .plan import AS_OF, BERLIN, MARKER, TOWN_TIME, WINDOWS_BERLIN, Appointment, Guest, answered, instant

_OFFSETS = {BERLIN: ("+0100", "+0200"), WINDOWS_BERLIN: ("+0100", "+0200"), TOWN_TIME: ("+0130", "+0230")}
_HEAD = ("VERSION:2.0", "PRODID:-//Oderling//Sample World//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH")
_TODO = (
    "BEGIN:VTODO", "UID:{uid}", "DTSTAMP:20260105T080000Z", f"SUMMARY:Mend the kiln, {MARKER}",
    "DUE:20260801T100000Z", "END:VTODO",
)  # fmt: skip
_TRUNCATED = (
    "BEGIN:VEVENT", "UID:half-written@ferrow.example", "DTSTAMP:20260210T090000Z", f"SUMMARY:Half a {MARKER}",
    "DTSTART;TZID=Europe/Ber",
)  # fmt: skip
TODOS = {"work": 1, "private": 2}
TRUNCATED = {"work": 0, "private": 1}


def calendar(name: str, appointments: list[Appointment]) -> tuple[bytes, int]:
    """The bytes of a calendar and the number of VEVENTs that are whole in it."""
    ours = sorted((a for a in appointments if name in a.calendars), key=lambda a: (a.starts, a.uid))
    zones = [zone for zone in _OFFSETS if any(a.zone == zone for a in ours)]
    events = [event for appointment in ours for event in _events(appointment)]
    lines = ["BEGIN:VCALENDAR", *_HEAD, f"X-WR-CALNAME:{name.title()}", f"X-WR-TIMEZONE:{BERLIN}"]
    for zone in zones:
        lines += _timezone(zone)
    for number, event in enumerate(events):
        if number == len(events) // 2:
            lines += _TRUNCATED * TRUNCATED[name]
        lines += event
    for number in range(TODOS[name]):
        lines += [line.format(uid=f"todo-{number}@{name}.ferrow.example") for line in _TODO]
    lines.append("END:VCALENDAR")
    return b"".join(fold(line) for line in lines), len(events)


def fold(line: str) -> bytes:
    """A content line in octets, folded after at most 75 without breaking a character (RFC 5545 3.1)."""
    octets, parts = line.encode(), []
    while len(octets) > 75:
        cut = 75
        while octets[cut] & 0xC0 == 0x80:
            cut -= 1
        parts.append(octets[:cut])
        octets = b" " + octets[cut:]
    return b"\r\n".join([*parts, octets, b""])


def _timezone(name: str) -> Iterator[str]:
    """A VTIMEZONE that turns on Central European dates; the town keeps clocks half an hour ahead."""
    winter, summer = _OFFSETS[name]
    yield from ("BEGIN:VTIMEZONE", f"TZID:{name}")
    for kind, month, before, after, hour in (
        ("DAYLIGHT", 3, winter, summer, 2),
        ("STANDARD", 10, summer, winter, 3),
    ):
        half = 30 if name == TOWN_TIME else 0
        yield from (
            f"BEGIN:{kind}",
            f"DTSTART:1996{month:02}{31 if month == 3 else 27}T{hour:02}{half:02}00",
            f"RRULE:FREQ=YEARLY;BYMONTH={month};BYDAY=-1SU",
            f"TZOFFSETFROM:{before}",
            f"TZOFFSETTO:{after}",
            f"END:{kind}",
        )
    yield "END:VTIMEZONE"


def _events(plan: Appointment) -> Iterator[list[str]]:
    """The VEVENT of the plan, then one for each exception."""
    yield _event(plan, [*_recurrence(plan)])
    for day, change in sorted(plan.changes.items()):
        original = datetime.combine(day, plan.starts.time())
        exception = replace(
            plan,
            starts=change.moved_to or original,
            guests=answered(plan.guests, change.declined_by, "DECLINED"),
            status="CANCELLED" if change.is_cancelled else "",
        )
        yield _event(exception, [_moment("RECURRENCE-ID", original, plan)], sequence=1)
    if onwards := plan.shifted_from or plan.stopped_from:
        original = datetime.combine(onwards, plan.starts.time())
        exception = replace(
            plan,
            starts=datetime.combine(onwards, plan.shifted_to or plan.starts.time()),
            status="CANCELLED" if plan.stopped_from else "",
        )
        identity = _moment("RECURRENCE-ID;RANGE=THISANDFUTURE", original, plan)
        yield _event(exception, [identity], sequence=2)


def _recurrence(plan: Appointment) -> Iterator[str]:
    if plan.weeks:
        rule = f"RRULE:FREQ=WEEKLY;INTERVAL={plan.weeks}"
        if plan.until:
            rule += f";UNTIL={_utc(instant(datetime.combine(plan.until, plan.starts.time()), plan.zone))}"
        yield rule + (f";COUNT={plan.count}" if plan.count else "")
    for day in plan.removed:
        yield _moment("EXDATE", datetime.combine(day, plan.starts.time()), plan)
    for moment in plan.added:
        yield _moment("RDATE", moment, plan)


def _event(plan: Appointment, identity: list[str], sequence: int = 0) -> list[str]:
    """A VEVENT; identity: what makes it a series or an exception of one."""
    stamped = datetime.combine(min(plan.starts.date() - timedelta(days=7), AS_OF), time(8), UTC)
    length = timedelta(days=plan.days) if plan.days else timedelta(minutes=plan.minutes)
    lines = ["BEGIN:VEVENT", f"UID:{plan.uid}", f"DTSTAMP:{_utc(stamped + timedelta(hours=sequence))}"]
    lines += [f"SEQUENCE:{sequence}", *identity, _moment("DTSTART", plan.starts, plan)]
    lines.append(
        f"DURATION:PT{plan.minutes}M" if plan.has_duration else _moment("DTEND", plan.starts + length, plan)
    )
    lines += [
        f"SUMMARY:Talk about {MARKER}",
        f"LOCATION:Pier house\\, {MARKER}",
        f"DESCRIPTION:Bring the {MARKER}",
    ]
    if plan.status:
        lines.append(f"STATUS:{plan.status}")
    if plan.organizer and plan.guests:
        lines.append(f"ORGANIZER;CN={_quoted(plan.organizer.name)}:mailto:{plan.organizer.address}")
    lines += [_attendee(guest) for guest in plan.guests]
    if plan.weeks and not sequence:
        lines += ["BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT10M", f"DESCRIPTION:{MARKER}", "END:VALARM"]
    return [*lines, "END:VEVENT"]


def _attendee(guest: Guest) -> str:
    parts = ["ATTENDEE", f"CN={_quoted(guest.mailbox.name)}"]
    parts += [f"CUTYPE={guest.kind}"] if guest.kind else []
    parts += [f"PARTSTAT={guest.response}"] if guest.response else []
    parts += ["RSVP=TRUE"] if guest.response == "NEEDS-ACTION" else []
    return f"{';'.join(parts)}:mailto:{guest.mailbox.address}"


def _quoted(name: str) -> str:
    return f'"{name}"'


def _moment(name: str, wall: datetime, plan: Appointment) -> str:
    if plan.days:
        return f"{name};VALUE=DATE:{wall:%Y%m%d}"
    if plan.zone in ("", "UTC"):
        return f"{name}:{wall:%Y%m%dT%H%M%S}{'Z' if plan.zone else ''}"
    return f"{name};TZID={plan.zone}:{wall:%Y%m%dT%H%M%S}"


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
