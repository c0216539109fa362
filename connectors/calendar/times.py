"""Date-times, dates and durations of iCalendar (RFC 5545 3.3.4, 3.3.5, 3.3.6), read from their text."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import msgspec

from connectors.calendar.zones import to_utc, to_wall

_SHORT = 40
_DATE, _IN_UTC, _MIDNIGHT = len("20000101"), len("20000101T000000Z"), "000000"
_MOMENT = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d):?(\d\d)?(?:[.,]\d+)?\s?(Z|[+-]\d\d:?\d\d)?)?",
    re.IGNORECASE,
)
_PLAIN = re.compile(rb"([12][0-9]{7}(?:T[0-9]{6}Z?+)?+)[ \t\r]*+")
_PLAIN_INSTANT = re.compile(rb":([12][0-9]{7}T[0-9]{6}Z)[ \t\r]*+")
_DURATION = re.compile(
    r"([+-]?)P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?",
    re.IGNORECASE,
)


class Moment(msgspec.Struct, frozen=True, gc=False):
    """A wall-clock time in a zone (empty: floating), or a day (its midnight)."""

    wall: datetime
    zone: str
    is_day: bool

    def on_clock_of(self, zone: str) -> datetime:
        """The wall-clock time in `zone`; days and floating times are the same everywhere."""
        if self.is_day or not self.zone or not zone or self.zone == zone:
            return self.wall
        return to_wall(to_utc(self.wall, self.zone), zone)

    def in_utc(self) -> datetime:
        """The instant; a floating one is taken as UTC."""
        if self.zone in {"", "UTC"}:
            return self.wall.replace(tzinfo=UTC)
        return to_utc(self.wall, self.zone)


def moment(text: str, zone: str, *, is_day: bool = False) -> Moment | None:
    """What a value says; `zone` is that of its TZID, which ``Z`` overrules. None if it is not a time.

    is_day: the property says VALUE=DATE; some programs say so and write a time of day, which then counts.
    Also read: ISO 8601's punctuation and offsets, which some programs write. A leap second is the one
    before it.
    """
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second, offset = found.groups()
    try:
        wall = _wall(year, month, day, hour or "0", minute or "0", str(min(int(second or 0), 59)))
        if hour is None or (is_day and wall.time() == datetime.min.time()):
            return Moment(wall, "", is_day=True)
        if offset is None:
            return Moment(wall, zone, is_day=False)
        return Moment(wall - _offset(offset), "UTC", is_day=False)
    except (ValueError, OverflowError):
        return None


def known_moment(text: str, zone: str, is_day: bool) -> Moment | None:
    """The same, remembered: many events are stamped alike."""
    return _remembered(text, zone, is_day) if len(text) < _SHORT else moment(text, zone, is_day=is_day)


def plain_moment(raw: bytes, zone: str, is_day: bool) -> Moment | None:
    """The same of a value in the form of RFC 5545, which nearly all have, read in C; else None."""
    found = _PLAIN.fullmatch(raw)
    if found is None:
        return None
    text = found[1].decode()
    try:
        wall = datetime.fromisoformat(text[:15])
    except ValueError:
        return None
    if len(text) == _DATE:
        return Moment(wall, "", True)
    if is_day and text[9:15] == _MIDNIGHT:
        return None
    return Moment(wall, "UTC" if len(text) == _IN_UTC else zone, False)


def plain_instant(raw: bytes) -> datetime | None:
    """The instant that a line, from its colon on, states in UTC and nothing else; None if it does not."""
    found = _PLAIN_INSTANT.fullmatch(raw)
    try:
        return datetime.fromisoformat(found[1].decode()) if found else None
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _remembered(text: str, zone: str, is_day: bool) -> Moment | None:
    return moment(text, zone, is_day=is_day)


def duration(text: str) -> timedelta | None:
    """How long a DURATION lasts; None if it is not one."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        return None
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -length if found[1] == "-" else length


def _wall(*parts: str) -> datetime:
    year, month, day, hour, minute, second = map(int, parts)
    return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - a wall-clock time has no zone


def _offset(text: str) -> timedelta:
    if text in "zZ":
        return timedelta(0)
    length = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return -length if text[0] == "-" else length
