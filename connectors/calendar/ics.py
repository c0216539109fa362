"""iCalendar files (RFC 5545) into events: who meets whom and when, never about what."""

import hashlib
import re
from collections import ChainMap
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

from connectors.calendar.lines import Component, Property, components
from connectors.calendar.times import FIRST_YEAR, LAST_YEAR, Moment, duration, moment
from connectors.calendar.zones import iana_name, zone_of
from connectors.records import Attendee, Event, NotThisFormat, Rejected, Skipped
from connectors.text import clean

MAX_ATTENDEES = 500
_MAX_SEQUENCE = 2**31 - 1
_OTHER_KINDS = frozenset({"VTODO", "VJOURNAL", "VFREEBUSY"})
_ADDRESS = re.compile(r"[^\s<>\"',;:]+@[^\s<>\"',;:]+")
_MEND_START = "give the event a start in the calendar program and export again"


class UnreadableEvent(Exception):
    """Why one VEVENT could not be read, and what its owner can do about it."""

    def __init__(self, reason: str, mend: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.mend = mend


@dataclass(frozen=True, slots=True)
class Context:
    """What a VCALENDAR says about all of its events."""

    version: str = ""
    is_cancelled: bool = False
    default_zone: str = ""
    timezones: ChainMap[str, Component] = field(default_factory=ChainMap)
    zones: dict[str, str] = field(default_factory=dict)

    def zone(self, stated: Property) -> str:
        """The zone of a date-time property, by its TZID; without one the time floats with its owner."""
        tzid = stated.parameters.get("TZID", "")
        if not tzid:
            return ""
        if tzid not in self.zones:
            self.zones[tzid] = zone_of(tzid, self.timezones, self.default_zone)
        return self.zones[tzid]


def read(path: Path, start: int = 0) -> Iterator[Event | Rejected | Skipped]:
    """One item for each VEVENT, VTODO, VJOURNAL and VFREEBUSY of an .ics file, in file order.

    A zone or an empty calendar that never ends is an item too: a file that was cut off does not pass for
    an empty one.

    `start` is always 0: a calendar is read whole. Raises NotThisFormat if the file is no calendar at all.
    """
    data = path.read_bytes()
    roots = components(data)
    if not roots and data.strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"):
        raise NotThisFormat("no calendar in it (no BEGIN: line); export it again as iCalendar (.ics)")
    defined = _timezones(list(_walk(roots)))
    for root in roots:
        context = _context(root, defined)
        for component in _walk([root]):
            if component.name == "VEVENT":
                yield _event_or_rejected(component, context)
            elif component.name in _OTHER_KINDS:
                yield Skipped(position=component.position, locator=_locator(component), reason=component.name)
            elif _breaks_off(component):
                yield Rejected(
                    position=component.position,
                    locator=_locator(component),
                    reason=f"{component.name} has no END:{component.name}",
                    mend="the file breaks off here; export it again",
                )


def _breaks_off(component: Component) -> bool:
    """Whether a zone, or a calendar with nothing in it, was begun and never ended: what followed is lost."""
    if component.is_closed:
        return False
    return component.name == "VTIMEZONE" or (component.name == "VCALENDAR" and not component.children)


def to_event(component: Component, context: Context) -> Event:
    """The event that a VEVENT describes; raises UnreadableEvent if it does not say when."""
    begins = _start(component, context)
    recurrence, stated = _recurrence(component, context)
    zone = begins.zone
    uid = clean(component.text("UID"), limit=1000)
    status = component.text("STATUS").lower()
    organizer = next(iter(component.all("ORGANIZER")), None)
    starts = begins.wall
    added = _listed(component, "RDATE", context, zone)
    attendees = _attendees(component)
    return Event(
        key=_key(uid, begins, recurrence, component),
        position=component.position,
        locator=_locator(component),
        uid=uid,
        sequence=_sequence(component.text("SEQUENCE")),
        stamped_at=_instant(component, "LAST-MODIFIED", context) or _instant(component, "DTSTAMP", context),
        created_at=_instant(component, "CREATED", context),
        starts_local=starts,
        ends_local=_end(component, context, begins),
        is_all_day=begins.is_day,
        zone=zone,
        rule="\n".join(rule.value for rule in component.all("RRULE") if rule.value) or None,
        added=added,
        removed=_listed(component, "EXDATE", context, zone),
        recurrence_local=recurrence.on_clock_of(zone) if recurrence else None,
        is_recurrence_all_day=recurrence is not None and recurrence.is_day,
        is_this_and_future=stated is not None
        and stated.parameters.get("RANGE", "").upper() == "THISANDFUTURE",
        status="cancelled" if context.is_cancelled or status == "canceled" else clean(status) or None,
        is_transparent=component.text("TRANSP").upper() == "TRANSPARENT",
        organizer_name=_name(organizer) if organizer else "",
        organizer_address=_address(organizer) if organizer else "",
        attendees=attendees,
    )


def _walk(roots: list[Component]) -> Iterator[Component]:
    """Components that may be records or zones, wherever they stand, in file order."""
    for root in roots:
        yield root
        if root.name != "VEVENT":
            yield from _walk(root.children)


def _timezones(found: list[Component]) -> dict[str, Component]:
    """VTIMEZONEs by name, of equal names the first."""
    named = ((zone.text("TZID"), zone) for zone in reversed(found) if zone.name == "VTIMEZONE")
    return {name: zone for name, zone in named if name}


def _context(root: Component, defined: dict[str, Component]) -> Context:
    """`defined`: the zones of the whole file, for calendars that use a neighbour's."""
    return Context(
        version=root.text("VERSION"),
        is_cancelled=root.text("METHOD").upper() == "CANCEL",
        default_zone=iana_name(root.text("X-WR-TIMEZONE")) or "",
        timezones=ChainMap(_timezones(root.children), defined),
    )


def _event_or_rejected(component: Component, context: Context) -> Event | Rejected:
    try:
        if not component.is_closed:
            raise UnreadableEvent("the event is cut off: no END:VEVENT", "export or download the file again")
        if context.version == "1.0":
            raise UnreadableEvent("vCalendar 1.0 is not iCalendar", "export as iCalendar (.ics)")
        return to_event(component, context)
    except UnreadableEvent as unreadable:
        return Rejected(
            position=component.position,
            locator=_locator(component),
            reason=unreadable.reason,
            mend=unreadable.mend,
            excerpt=" ".join(found.name for found in component.properties)[:80],
        )


def _locator(component: Component) -> str:
    uid = clean(component.text("UID"))
    return f"line {component.line}, UID {uid}" if uid else f"line {component.line}"


def _moments(component: Component, name: str, context: Context) -> Iterator[Moment]:
    """The readable and plausible times of a property; of a PERIOD its start."""
    for stated in component.all(name):
        is_day = stated.parameters.get("VALUE", "").upper() == "DATE"
        for value in stated.value.split(","):
            found = moment(value.partition("/")[0], context.zone(stated), is_day=is_day)
            if found and found.is_plausible:
                yield found


def _start(component: Component, context: Context) -> Moment:
    if found := next(_moments(component, "DTSTART", context), None):
        return found
    stated = component.all("DTSTART")
    if not stated:
        raise UnreadableEvent("the event has no DTSTART", _MEND_START)
    if any(moment(one.value, "") for one in stated):
        raise UnreadableEvent(f"the event starts outside the years {FIRST_YEAR} to {LAST_YEAR}", _MEND_START)
    raise UnreadableEvent("DTSTART is neither a date nor a date-time", _MEND_START)


def _end(component: Component, context: Context, begins: Moment) -> datetime:
    """RFC 5545 3.6.1: DTEND, else DTSTART and DURATION, else a day or nothing; never before the start."""
    ends = next(_moments(component, "DTEND", context), None)
    length = duration(component.text("DURATION"))
    wall = begins.wall
    if ends:
        wall = ends.on_clock_of(begins.zone)
    elif length is not None and length < timedelta(days=36525):
        wall = begins.wall + max(length, timedelta(0))
    elif begins.is_day:
        wall = begins.wall + timedelta(days=1)
    if begins.is_day:
        wall = wall.replace(hour=0, minute=0, second=0)
    return max(wall, begins.wall)


def _recurrence(component: Component, context: Context) -> tuple[Moment | None, Property | None]:
    """RECURRENCE-ID; an exception that does not say of which occurrence must not pass for its series."""
    stated = next(iter(component.all("RECURRENCE-ID")), None)
    found = next(_moments(component, "RECURRENCE-ID", context), None)
    if stated and found is None:
        raise UnreadableEvent("RECURRENCE-ID is neither a date nor a date-time")
    return found, stated


def _listed(component: Component, name: str, context: Context, zone: str) -> tuple[datetime, ...]:
    """RDATE or EXDATE on the wall clock of `zone`, sorted, each once."""
    return tuple(sorted({found.on_clock_of(zone) for found in _moments(component, name, context)}))


def _instant(component: Component, name: str, context: Context) -> datetime | None:
    found = next(_moments(component, name, context), None)
    return found.in_utc() if found else None


def _sequence(text: str) -> int:
    return min(int(text), _MAX_SEQUENCE) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _key(uid: str, begins: Moment, recurrence: Moment | None, component: Component) -> str:
    """UID and the instant of RECURRENCE-ID, the same in whatever zone it is written; else a hash."""
    if uid and recurrence is None:
        return uid
    if uid and recurrence:
        instant = recurrence.in_utc() if recurrence.zone else recurrence.wall
        return f"{uid} {instant:%Y%m%d}" if recurrence.is_day else f"{uid} {instant:%Y%m%dT%H%M%S}"
    parties = (
        f"{found.name}:{found.value}" for found in component.properties if found.name not in {"DTSTAMP"}
    )
    facts = "\n".join([begins.wall.isoformat(), begins.zone, *sorted(parties)])
    return hashlib.sha256(facts.encode("utf-8", "replace")).hexdigest()[:32]


def _attendees(component: Component) -> tuple[Attendee, ...]:
    """The first 500 who have a name or an address (RFC 5545 3.8.4.1)."""
    found: list[Attendee] = []
    for stated in component.all("ATTENDEE"):
        name, address = _name(stated), _address(stated)
        if (name or address) and len(found) < MAX_ATTENDEES:
            found.append(
                Attendee(
                    name=name,
                    address=address,
                    response=_parameter(stated, "PARTSTAT"),
                    role=_parameter(stated, "ROLE"),
                    kind=_parameter(stated, "CUTYPE"),
                    is_asked=_parameter(stated, "RSVP") == "true",
                )
            )
    return tuple(found)


def _parameter(stated: Property, name: str) -> str | None:
    return clean(stated.parameters.get(name, "")).lower() or None


def _name(stated: Property) -> str:
    name = clean(stated.parameters.get("CN", "").replace("\\,", ",").replace("\\;", ";"))
    return name[1:-1].strip() if len(name) > 1 and name[0] == name[-1] == "'" else name


def _address(stated: Property) -> str:
    """The address of ``mailto:`` in any case, else of EMAIL= (calendar servers write paths and UUIDs)."""
    for text in (stated.value, stated.parameters.get("EMAIL", "")):
        scheme, colon, rest = text.strip().partition(":")
        if colon and scheme.strip().lower() not in {"mailto", "smtp"}:
            continue
        bare = unquote((rest if colon else text).partition("?")[0])
        if found := _ADDRESS.search(bare):
            return clean(found[0], limit=320)
    return ""
