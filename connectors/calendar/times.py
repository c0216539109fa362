"""Date-times, dates and durations of iCalendar (RFC 5545 3.3.4, 3.3.5, 3.3.6), read from their text."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import msgspec

from connectors.calendar.zones import to_utc, to_wall

_SHORT = 40
_MOMENT = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d):?(\d\d)?(?:[.,]\d+)?\s?(Z|[+-]\d\d:?\d\d)?)?",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"[12][0-9]{7}T[0-9]{6}Z?")
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
    if _PLAIN.fullmatch(text):
        try:  # the form of RFC 5545, which nearly all have, read in C
            wall = datetime.fromisoformat(text[:15])
        except ValueError:
            pass
        else:
            if not is_day or text[9:15] != "000000":
                return Moment(wall, "UTC" if len(text) == 16 else zone, is_day=False)
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


@lru_cache(maxsize=4096)
def plain_moment(raw: bytes) -> Moment | None:
    """The moment of a short line that states nothing but a time, from its colon on."""
    return moment(raw[1:].decode("latin-1"), "")


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
