"""One VEVENT (RFC 5545 3.6.1) into an Event: who meets whom and when, never about what."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import NamedTuple
from urllib.parse import unquote

from connectors.bounds import Bounds
from connectors.calendar.blocks import unfolded
from connectors.calendar.lines import KEPT, Lines, Property, stated
from connectors.calendar.rules import shortfall
from connectors.calendar.times import Moment, duration, known_moment, moment, plain_moment
from connectors.calendar.zones import Definition, zone_of
from connectors.records import Attendee, Event
from connectors.text import clean

_MAX_SEQUENCE = 2**31 - 1
_SHORT, _SHORT_TIME = 512, 24
_MOST_REMEMBERED = 4096
_EXAMPLE = b"20000101T000000"
_ADDRESS = re.compile(r"[^\s<>\"',;:]+@[^\s<>\"',;:]+")
_MEND_START = "give the event a start in the calendar program and export again"


class UnreadableEvent(Exception):
    """Why one VEVENT could not be read, and what its owner can do about it."""

    def __init__(self, reason: str, mend: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.mend = mend


class _Stated(NamedTuple):
    """What stands before the value of a date-time: its zone, VALUE=DATE, and whether the zone is known."""

    zone: str
    is_day: bool
    is_known: bool


_FLOATING = _Stated("", False, True)


@dataclass(frozen=True, slots=True)
class Context:
    """What a VCALENDAR says about all of its events, and the bounds that they keep."""

    bounds: Bounds = field(default_factory=Bounds)
    version: str = ""
    method: str = ""
    default_zone: str = ""
    timezones: Mapping[str, Definition] = field(default_factory=dict)
    zones: dict[str, tuple[str, bool]] = field(default_factory=dict)
    heads: dict[bytes, _Stated | None] = field(default_factory=dict)

    def zone(self, tzid: str) -> tuple[str, bool]:
        """The zone of a TZID, and whether it is known; without one the time floats with its owner."""
        if not tzid:
            return "", True
        if tzid not in self.zones:
            self.zones[tzid] = zone_of(tzid, self.timezones, self.default_zone)
        return self.zones[tzid]


class Facts:
    """The lines of one event, read as times of its calendar. capped: what was left out, a clause each."""

    __slots__ = ("capped", "context", "lines")

    def __init__(self, lines: Lines, context: Context) -> None:
        self.lines, self.context, self.capped = lines, context, lines.capped

    def moments(self, name: str) -> Iterator[Moment]:
        """The readable and plausible times of a property; of a PERIOD its start."""
        for raw in self.lines.raw(name):
            values, how = self._stated(name, raw)
            for value in values:
                if found := self._moment(value, how):
                    yield found

    def first(self, name: str) -> Moment | None:
        """The first of them."""
        bounds = self.context.bounds
        for raw in self.lines.raw(name):
            if len(raw) < _SHORT_TIME and raw.startswith(b":"):
                found = plain_moment(raw)
                if found and bounds.first_year <= found.wall.year <= bounds.last_year:
                    return found
            values, how = self._stated(name, raw)
            for value in values:
                if found := self._moment(value, how):
                    return found
        return None

    def listed(self, name: str, zone: str) -> tuple[datetime, ...]:
        """RDATE or EXDATE on the wall clock of `zone`, sorted, each once."""
        if not self.lines.raw(name):
            return ()
        most = self.context.bounds.properties
        found = [one.on_clock_of(zone) for one in islice(self.moments(name), most + 1)]
        if len(found) > most:
            self.tell(f"{name} beyond {most} times")
        return tuple(sorted(set(found[:most])))

    def instant(self, name: str) -> datetime | None:
        """The first of them in UTC."""
        found = self.first(name)
        return found.in_utc() if found else None

    def tell(self, clause: str) -> None:
        """What was left out, once."""
        if clause and clause not in self.capped:
            self.capped.append(clause)

    def _moment(self, value: str, how: _Stated) -> Moment | None:
        if "/" in value:
            value = value.partition("/")[0]
        found = known_moment(value, how.zone, how.is_day)
        bounds = self.context.bounds
        if found is None or not bounds.first_year <= found.wall.year <= bounds.last_year:
            return None
        if not how.is_known and not found.is_day and found.zone != "UTC":
            self.tell("unknown zone")
        return found

    def _stated(self, name: str, raw: bytes) -> tuple[list[str], _Stated]:
        """The values of a line and what stands before them, which most lines of a calendar share."""
        if b"\n" in raw:
            raw = unfolded(raw)
        head, _, value = raw.rpartition(b":")
        heads = self.context.heads
        if head not in heads and len(heads) < _MOST_REMEMBERED and len(head) < _SHORT:
            example = stated(name, head + b":" + _EXAMPLE)
            heads[head] = self._read(example) if example and example.value.encode() == _EXAMPLE else None
        if (known := heads.get(head)) and b'"' not in value:
            return value.decode("latin-1").strip().split(","), known
        found = stated(name, raw)
        return (found.value.split(","), self._read(found)) if found else ([], _FLOATING)

    def _read(self, found: Property) -> _Stated:
        zone, is_known = self.context.zone(found.parameters.get("TZID", ""))
        return _Stated(zone, found.parameters.get("VALUE", "").upper() == "DATE", is_known)


def to_event(lines: Lines, context: Context, uid: str, *, position: int, locator: str, digest: str) -> Event:
    """The event that a VEVENT describes; raises UnreadableEvent if it does not say when."""
    facts = Facts(lines, context)
    begins = _start(facts)
    zone = begins.zone
    status = lines.text("STATUS").lower()[:_SHORT]
    organizer = lines.raw("ORGANIZER")
    who = _known_party(organizer[0]) if organizer else None
    recurrence = _recurrence(facts)
    return Event(
        key=uid if uid and recurrence is None else _key(uid, begins, recurrence, lines),
        uid=uid,
        sequence=_sequence(lines.text("SEQUENCE")),
        stamped_at=facts.instant("LAST-MODIFIED") or facts.instant("DTSTAMP"),
        created_at=facts.instant("CREATED"),
        starts_local=begins.wall,
        ends_local=_end(facts, begins),
        is_all_day=begins.is_day,
        zone=zone,
        rule=_rule(facts),
        added=facts.listed("RDATE", zone),
        removed=facts.listed("EXDATE", zone),
        recurrence_local=recurrence.on_clock_of(zone) if recurrence else None,
        is_recurrence_all_day=recurrence is not None and recurrence.is_day,
        is_this_and_future=recurrence is not None and _is_turn(lines),
        status="cancelled" if context.method == "CANCEL" or status == "canceled" else _status(status),
        is_transparent=lines.text("TRANSP").upper() == "TRANSPARENT",
        organizer_name=who.name if who else "",
        organizer_address=who.address if who else "",
        attendees=_attendees(facts),
        capped="; ".join(facts.capped),
        digest=digest,
        position=position,
        locator=locator,
    )


def uid_of(lines: Lines) -> str:
    """The UID on one line, empty if there is none."""
    return clean(lines.text("UID"), limit=1000)


def is_time(text: str, bounds: Bounds) -> bool:
    """Whether a value is a time that would be read."""
    found = known_moment(text, "", False)
    return found is not None and bounds.first_year <= found.wall.year <= bounds.last_year


def _start(facts: Facts) -> Moment:
    if found := facts.first("DTSTART"):
        return found
    begun = facts.lines.all("DTSTART")
    if not begun:
        raise UnreadableEvent("the event has no DTSTART", _MEND_START)
    if any(moment(one.value, "") for one in begun):
        bounds = facts.context.bounds
        years = f"{bounds.first_year} to {bounds.last_year}"
        raise UnreadableEvent(f"the event starts outside the years {years}", _MEND_START)
    raise UnreadableEvent("DTSTART is neither a date nor a date-time", _MEND_START)


def _end(facts: Facts, begins: Moment) -> datetime:
    """RFC 5545 3.6.1: DTEND, else DTSTART and DURATION, else a day or nothing; never before the start."""
    wall = begins.wall
    if ends := facts.first("DTEND"):
        wall = ends.on_clock_of(begins.zone)
    else:
        length = duration(facts.lines.text("DURATION"))
        if length is not None and length < timedelta(days=36525):
            wall = begins.wall + max(length, timedelta(0))
        elif begins.is_day:
            wall = begins.wall + timedelta(days=1)
    if begins.is_day:
        wall = wall.replace(hour=0, minute=0, second=0)
    return max(wall, begins.wall)


def _recurrence(facts: Facts) -> Moment | None:
    """RECURRENCE-ID; an exception that does not say of which occurrence must not pass for its series."""
    if not facts.lines.raw("RECURRENCE-ID"):
        return None
    found = facts.first("RECURRENCE-ID")
    if found is None and facts.lines.all("RECURRENCE-ID"):
        raise UnreadableEvent("RECURRENCE-ID is neither a date nor a date-time")
    return found


def _is_turn(lines: Lines) -> bool:
    first = next(iter(lines.all("RECURRENCE-ID")), None)
    return first is not None and first.parameters.get("RANGE", "").upper() == "THISANDFUTURE"


def _rule(facts: Facts) -> str | None:
    """The RRULEs as written, and told what of them cannot be followed."""
    if not (facts.lines.raw("RRULE") or facts.lines.raw("EXRULE")):
        return None
    rules = [rule.value for rule in facts.lines.all("RRULE") if rule.value]
    for rule in rules:
        facts.tell(shortfall(rule))
    if facts.lines.raw("EXRULE"):
        facts.tell("EXRULE not applied")
    return "\n".join(rules) or None


@lru_cache(maxsize=_MOST_REMEMBERED)
def _status(text: str) -> str | None:
    return clean(text) or None


def _sequence(text: str) -> int:
    return min(int(text), _MAX_SEQUENCE) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _key(uid: str, begins: Moment, recurrence: Moment | None, lines: Lines) -> str:
    """UID and the instant of RECURRENCE-ID, the same in whatever zone it is written; else a hash."""
    if uid and recurrence:
        instant = recurrence.in_utc() if recurrence.zone else recurrence.wall
        return f"{uid} {instant:%Y%m%d}" if recurrence.is_day else f"{uid} {instant:%Y%m%dT%H%M%S}"
    told = (
        f"{name}:{found.value}"
        for name in KEPT
        if name not in {"DTSTAMP", "EXRULE"}
        for found in lines.all(name)
    )
    facts = "\n".join([begins.wall.isoformat(), begins.zone, *sorted(told)])
    return hashlib.sha256(facts.encode("utf-8", "replace")).hexdigest()[:32]


def _attendees(facts: Facts) -> tuple[Attendee, ...]:
    """Those who have a name or an address, up to the bound (RFC 5545 3.8.4.1)."""
    most = facts.context.bounds.recipients
    found: list[Attendee] = []
    for raw in facts.lines.raw("ATTENDEE"):
        party = _known_party(raw)
        if party is None:
            continue
        if len(found) == most:
            facts.tell(f"recipients beyond {most}")
            break
        found.append(party)
    return tuple(found)


def _known_party(raw: bytes) -> Attendee | None:
    """Who a line means. The same people meet again and again."""
    return _remembered_party(raw) if len(raw) < _SHORT else _party(raw)


def _party(raw: bytes) -> Attendee | None:
    """Who an ATTENDEE or ORGANIZER line means; None if nobody."""
    found = stated("ATTENDEE", raw)
    if found is None:
        return None
    who, address = _name(found), _address(found)
    if not who and not address:
        return None
    return Attendee(
        name=who,
        address=address,
        response=_parameter(found, "PARTSTAT"),
        role=_parameter(found, "ROLE"),
        kind=_parameter(found, "CUTYPE"),
        is_asked=_parameter(found, "RSVP") == "true",
    )


_remembered_party = lru_cache(maxsize=_MOST_REMEMBERED)(_party)


def _parameter(found: Property, name: str) -> str | None:
    return clean(found.parameters.get(name, "")).lower() or None


def _name(found: Property) -> str:
    name = clean(found.parameters.get("CN", "").replace("\\,", ",").replace("\\;", ";"))
    return name[1:-1].strip() if len(name) > 1 and name[0] == name[-1] == "'" else name


def _address(found: Property) -> str:
    """The address of ``mailto:`` in any case, else of EMAIL= (calendar servers write paths and UUIDs)."""
    for text in (found.value, found.parameters.get("EMAIL", "")):
        scheme, colon, rest = text.strip().partition(":")
        if colon and scheme.strip().lower() not in {"mailto", "smtp"}:
            continue
        bare = unquote((rest if colon else text).partition("?")[0])
        if address := _ADDRESS.search(bare):
            return clean(address[0], limit=320)
    return ""
