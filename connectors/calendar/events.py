"""One VEVENT (RFC 5545 3.6.1) into an Event: who meets whom and when, never about what."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from connectors.bounds import Bounds
from connectors.calendar.blocks import unfolded
from connectors.calendar.lines import KEPT, Lines, Property, stated, text_of
from connectors.calendar.parties import known_party
from connectors.calendar.rules import shortfall
from connectors.calendar.times import Moment, duration, known_moment, moment, plain_instant, plain_moment
from connectors.calendar.zones import Definition, zone_of
from connectors.records import Attendee, Event
from connectors.text import clean

_MAX_SEQUENCE = 2**31 - 1
_SHORT = 512
_MOST_REMEMBERED = 4096
_OF_SERIES = frozenset({b"RRULE", b"EXRULE", b"RDATE", b"EXDATE", b"RECURRENCE-ID"})
_EXAMPLE = b"20000101T000000"
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
        raw = self.lines.first(name)
        if raw is None:
            return None
        head, _, value = raw.rpartition(b":")
        if how := self.context.heads.get(head):
            found = plain_moment(value, how.zone, how.is_day)
            if found and self._is_plausible(found, how):
                return found
        return next(self.moments(name), None)

    def listed(self, name: str, zone: str) -> tuple[datetime, ...]:
        """RDATE or EXDATE on the wall clock of `zone`, sorted, each once."""
        if self.lines.first(name) is None:
            return ()
        most = self.context.bounds.properties
        found = [one.on_clock_of(zone) for one in islice(self.moments(name), most + 1)]
        if len(found) > most:
            self.tell(f"{name} beyond {most} times")
        return tuple(sorted(set(found[:most])))

    def instant(self, name: str) -> datetime | None:
        """The first of them in UTC."""
        raw = self.lines.first(name)
        if raw is None:
            return None
        bounds = self.context.bounds
        at = plain_instant(raw)
        if at and bounds.first_year <= at.year <= bounds.last_year:
            return at
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
        return found if found and self._is_plausible(found, how) else None

    def _is_plausible(self, found: Moment, how: _Stated) -> bool:
        """Whether the year is within the bounds; and what a zone that nobody knows means is told."""
        bounds = self.context.bounds
        if not bounds.first_year <= found.wall.year <= bounds.last_year:
            return False
        if not how.is_known and not found.is_day and found.zone != "UTC":
            self.tell("unknown zone")
        return True

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
    status = lines.word("STATUS").lower()[:_SHORT]
    organizer = lines.first("ORGANIZER")
    who = known_party(organizer) if organizer else None
    is_series = lines.has_any(_OF_SERIES)
    recurrence = _recurrence(facts) if is_series else None
    return Event(
        key=uid if uid and recurrence is None else _key(uid, begins, recurrence, lines),
        uid=uid,
        sequence=_sequence(lines.word("SEQUENCE")),
        stamped_at=facts.instant("LAST-MODIFIED") or facts.instant("DTSTAMP"),
        created_at=facts.instant("CREATED"),
        starts_local=begins.wall,
        ends_local=_end(facts, begins),
        is_all_day=begins.is_day,
        zone=zone,
        rule=_rule(facts) if is_series else None,
        added=facts.listed("RDATE", zone) if is_series else (),
        removed=facts.listed("EXDATE", zone) if is_series else (),
        recurrence_local=recurrence.on_clock_of(zone) if recurrence else None,
        is_recurrence_all_day=recurrence is not None and recurrence.is_day,
        is_this_and_future=recurrence is not None and _is_turn(lines),
        status="cancelled" if context.method == "CANCEL" or status == "canceled" else _status(status),
        is_transparent=lines.word("TRANSP").upper() == "TRANSPARENT",
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


def is_time(raw: bytes, bounds: Bounds) -> bool:
    """Whether a line, from its colon on, states a time that would be read."""
    at = plain_instant(raw)
    if at is None:
        found = known_moment(text_of(raw[1:]).strip(), "", False)
        at = found.wall if found else None
    return at is not None and bounds.first_year <= at.year <= bounds.last_year


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
        length = duration(facts.lines.word("DURATION"))
        if length is not None and length < timedelta(days=36525):
            wall = begins.wall + max(length, timedelta(0))
        elif begins.is_day:
            wall = begins.wall + timedelta(days=1)
    if begins.is_day:
        wall = wall.replace(hour=0, minute=0, second=0)
    return max(wall, begins.wall)


def _recurrence(facts: Facts) -> Moment | None:
    """RECURRENCE-ID; an exception that does not say of which occurrence must not pass for its series."""
    if facts.lines.first("RECURRENCE-ID") is None:
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
    has_exceptions = facts.lines.first("EXRULE") is not None
    if facts.lines.first("RRULE") is None and not has_exceptions:
        return None
    rules = [rule.value for rule in facts.lines.all("RRULE") if rule.value]
    for rule in rules:
        facts.tell(shortfall(rule))
    if has_exceptions:
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
    found = tuple(islice(filter(None, map(known_party, facts.lines.raw("ATTENDEE"))), most + 1))
    if len(found) > most:
        facts.tell(f"recipients beyond {most}")
    return found[:most]
