"""Time zones as calendars name them, turned into names that everyone knows or into tables of offsets.

Nothing here remembers one file while reading another: names are looked up in fixed tables, and a file's
own VTIMEZONE is computed from its own text.
"""

import re
from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import chain, islice, pairwise, takewhile
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from connectors.bounds import Bounds
from connectors.calendar.blocks import Block
from connectors.calendar.lines import Lines

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - compared with wall-clock times, which have no zone
_LAST = datetime(2101, 1, 1)  # noqa: DTZ001 - as above
_MOST_CHANGES = 2000  # twice a year since 1601, where Windows begins, and a margin
_MOST_RULES = 100  # of one zone; the longest in the IANA database has had some 40
# The time of the day is that of the start; what else a rule may say, we do not follow.
_RULE = frozenset(
    {"FREQ", "INTERVAL", "UNTIL", "COUNT", "BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS", "WKST"}
    | {"BYHOUR", "BYMINUTE", "BYSECOND"}
)
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_OFFSET = re.compile(r"([+-]?)(\d\d)(\d\d)(\d\d)?")
_STATED_OFFSET = re.compile(r"\(?(?:UTC|GMT)\s?([+-])(\d\d?)(?:[:.]?(\d\d))?\)?", re.IGNORECASE)
_WALL = re.compile(r"(\d{8}T\d{6})Z?", re.IGNORECASE)
# Outlook's display names that list no city of the IANA database.
_DISPLAY_NAMES = {
    "coordinated universal time": "UTC",
    "atlantic time": "America/Halifax",
    "eastern time": "America/New_York",
    "central time": "America/Chicago",
    "mountain time": "America/Denver",
    "pacific time": "America/Los_Angeles",
    "brasília": "America/Sao_Paulo",
    "brasilia": "America/Sao_Paulo",
    "alaska": "America/Anchorage",
    "arizona": "America/Phoenix",
    "hawaii": "Pacific/Honolulu",
    "indiana": "America/Indiana/Indianapolis",
    "newfoundland": "America/St_Johns",
    "new delhi": "Asia/Kolkata",
}


class Table(NamedTuple):
    """Offsets before the first change and after each; the changes in UTC and on the wall clock."""

    offsets: list[int]
    changes: list[int]
    jumps: list[int]


class Definition(NamedTuple):
    """A VTIMEZONE (RFC 5545 3.6.5): its own lines, and those of its STANDARD and DAYLIGHT parts."""

    own: Lines
    parts: tuple[Lines, ...]


def definitions(data: bytes, found: list[Block], bounds: Bounds) -> dict[str, Definition]:
    """VTIMEZONEs by name, of equal names the first; `found`: them and their parts, as `blocks` gives them."""
    named: dict[str, Definition] = {}
    parts: list[Block] = []
    for block in found:
        if block.name in {"STANDARD", "DAYLIGHT"}:
            parts.append(block)
        elif block.name == "VTIMEZONE":
            own = Lines(block.own(data), bounds)
            inner = islice((part for part in parts if part.position > block.position), _MOST_RULES)
            defined = Definition(own, tuple(Lines(part.own(data), bounds) for part in inner))
            parts = []
            if name := own.text("TZID"):
                named.setdefault(name, defined)
    return named


def zone_of(tzid: str, timezones: Mapping[str, Definition], default: str) -> tuple[str, bool]:
    """The `zone` of an Event for a TZID: an IANA name, else the file's own rules, else `default`.

    And whether it is known, rather than the default.
    """
    definition = timezones.get(tzid.strip())
    location = definition.own.text("X-LIC-LOCATION") if definition else ""
    zone = (
        iana_name(tzid)
        or iana_name(location)
        or (definition and offset_table(definition))
        or _stated_offset(tzid)
    )
    return zone or default, bool(zone)


@lru_cache(maxsize=1024)
def iana_name(tzid: str) -> str | None:
    """The IANA name that a TZID means: itself, a Windows or Outlook name, or the tail of a vendor's path."""
    names = _known_names()
    bare = tzid.strip().strip("\"'").replace("\\", "").removeprefix("TZID=")
    parts = bare.strip("/").split("/")
    tails = ["/".join(parts[-length:]) for length in (3, 2, 1)]
    for candidate in (
        bare,
        *tails,
        bare.replace("_", "/", 1),
        bare.replace("-", "/", 1),
        bare.replace(" ", "_"),
    ):
        if found := names.get(candidate.lower()) or _windows_names().get(candidate.lower()):
            return found
    if bare.lower() == "tzone://microsoft/utc":
        return "UTC"
    return _of_display_name(bare)


def offset_table(definition: Definition) -> str | None:
    """A VTIMEZONE as ``table:`` text with its changes of 1970 to 2100; None if unusable."""
    onsets = sorted(set(islice(chain.from_iterable(map(_onsets, definition.parts)), 2 * _MOST_CHANGES)))
    if not onsets:
        return None
    current = onsets[0][1]
    changes: list[tuple[int, int]] = []
    for seconds, _, after in onsets:
        if seconds > 0 and after != current:
            changes.append((seconds, after))
        current = after
    before = [after for seconds, _, after in onsets if seconds <= 0]
    return ";".join(
        [f"table:{before[-1] if before else onsets[0][1]}", *(f"{at},{to}" for at, to in changes)]
    )


def to_utc(wall: datetime, zone: str) -> datetime:
    """The instant of a wall-clock time; a time that is skipped moves forward, of a doubled one the first."""
    if zone.startswith("table:"):
        table = _table(zone)
        index = bisect_right(table.jumps, (wall - _EPOCH).total_seconds())
        return wall.replace(tzinfo=UTC) - timedelta(seconds=table.offsets[index])
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def to_wall(instant: datetime, zone: str) -> datetime:
    """What a clock in `zone` shows at an instant."""
    if zone.startswith("table:"):
        table = _table(zone)
        index = bisect_right(table.changes, instant.timestamp())
        return instant.replace(tzinfo=None) + timedelta(seconds=table.offsets[index])
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@lru_cache(maxsize=1)
def _known_names() -> dict[str, str]:
    names = {name.lower(): name for name in available_timezones() - {"Factory", "localtime", "posixrules"}}
    return names | {"z": "UTC"}


@lru_cache(maxsize=1)
def _windows_names() -> dict[str, str]:
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON  # dear to import, and seldom needed

    return {name.lower(): zone for name, zone in WINDOWS_TO_OLSON.items()}


@lru_cache(maxsize=1)
def _cities() -> dict[str, str]:
    return {
        name.rpartition("/")[2].replace("_", " ").lower(): name
        for name in sorted(available_timezones())
        if "/" in name and not name.startswith("Etc/")
    }


def _of_display_name(text: str) -> str | None:
    """Outlook's ``(UTC+01:00) Amsterdam, Berlin``: the first place we know whose clock fits the offset."""
    stated = _STATED_OFFSET.match(text)
    if stated is None and "," not in text and not text.startswith("("):
        return None
    for place in re.split(r"[,/():]", text[stated.end() :] if stated else text):
        name = place.strip().lower()
        zone = _DISPLAY_NAMES.get(name) or _cities().get(name)
        if zone and (stated is None or _has_offset(zone, _seconds(*stated.groups()))):
            return zone
    return None


def _has_offset(zone: str, seconds: int) -> bool:
    return any(
        datetime(2020, month, 1, tzinfo=ZoneInfo(zone)).utcoffset() == timedelta(seconds=seconds)
        for month in (1, 7)
    )


def _stated_offset(text: str) -> str | None:
    """``UTC+01``, ``(GMT +01:00)``: a constant offset."""
    stated = _STATED_OFFSET.match(text.strip())
    return f"table:{_seconds(*stated.groups())}" if stated else None


def _seconds(sign: str | None, hours: str, minutes: str | None = None, seconds: str | None = None) -> int:
    total = int(hours) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return -total if sign == "-" else total


def _onsets(part: Lines) -> Iterator[tuple[int, int, int]]:
    """(UTC epoch second, offset before, offset after) of a STANDARD or DAYLIGHT, nothing if it is broken."""
    offsets = [_OFFSET.fullmatch(part.text(name)) for name in ("TZOFFSETFROM", "TZOFFSETTO")]
    begun = _WALL.fullmatch(part.text("DTSTART"))
    if offsets[0] is None or offsets[1] is None or begun is None:
        return
    before, after = (_seconds(*found.groups()) for found in offsets if found)
    try:
        start = datetime.fromisoformat(begun[1].upper())
        walls = {start, *_recurrences(part, start, timedelta(seconds=before))}
    except (ValueError, OverflowError, KeyError):
        return
    for wall in walls:
        if wall < _LAST:
            yield int((wall - _EPOCH).total_seconds()) - before, before, after


def _recurrences(part: Lines, start: datetime, before: timedelta) -> Iterator[datetime]:
    stated = chain.from_iterable(_WALL.finditer(added.value) for added in part.all("RDATE"))
    for found in islice(stated, _MOST_CHANGES):
        yield datetime.fromisoformat(found[1].upper())
    for rule in part.all("RRULE")[:_MOST_RULES]:
        fields = dict(field.split("=", 1) for field in rule.value.upper().split(";") if "=" in field)
        until = _until(fields.get("UNTIL", ""), before)
        yield from takewhile(
            until.__ge__, islice(_yearly(fields, start), int(fields.get("COUNT") or _MOST_CHANGES))
        )


def _yearly(fields: Mapping[str, str], start: datetime) -> Iterator[datetime]:
    """The times of a yearly rule from its start on, if its days are of stated months.

    Clocks change by the year; anything finer is a mistake or an attack.
    """
    interval = int(fields.get("INTERVAL") or 1)
    if fields.get("FREQ") != "YEARLY" or interval < 1 or not _RULE.issuperset(fields):
        return
    if "BYMONTH" not in fields and fields.keys() & {"BYDAY", "BYMONTHDAY"}:
        return
    months = sorted({int(month) for month in fields.get("BYMONTH", str(start.month)).split(",")})
    places = [int(place) for place in fields.get("BYSETPOS", "").split(",") if place]
    for year in range(start.year, _LAST.year, interval):
        days = [day for month in months for day in _days(year, month, fields, start)]
        if places:
            days = [days[place - (place > 0)] for place in places if 0 < abs(place) <= len(days)]
        for day in days:
            if (wall := datetime.combine(day, start.time())) >= start:
                yield wall


def _days(year: int, month: int, fields: Mapping[str, str], start: datetime) -> list[date]:
    """The days of a month that BYMONTHDAY and BYDAY leave, else that of the start."""
    first, length = monthrange(year, month)
    days = set(range(1, length + 1))
    by_number, by_name = fields.get("BYMONTHDAY"), fields.get("BYDAY")
    if by_number:
        days &= {number if number > 0 else length + 1 + number for number in map(int, by_number.split(","))}
    if by_name:
        days &= {day for name in by_name.split(",") for day in _weekdays(name, first, length)}
    if not by_number and not by_name:
        days &= {start.day}
    return [date(year, month, day) for day in sorted(days)]


def _weekdays(name: str, first: int, length: int) -> Sequence[int]:
    """``-1SU``: the days that it means in a month of `length` days that begins on weekday `first`."""
    same = range(1 + (_WEEKDAYS.index(name[-2:]) - first) % 7, length + 1, 7)
    which = int(name[:-2] or 0)
    if not which:
        return same
    return [same[which - (which > 0)]] if abs(which) <= len(same) else []


def _until(text: str, before: timedelta) -> datetime:
    """UNTIL is in UTC (RFC 5545 3.3.10), the onsets are on the wall clock before the change."""
    if len(text) < 8:
        return _LAST
    found = datetime.strptime((text.rstrip("Z") + "T235959")[:15], "%Y%m%dT%H%M%S")  # noqa: DTZ007 - wall-clock time
    return min(_LAST, found + before if text.endswith("Z") else found)


@lru_cache(maxsize=64)
def _table(zone: str) -> Table:
    first, *changes = (
        tuple(map(int, change.split(","))) for change in zone.removeprefix("table:").split(";")
    )
    offsets = [first[0], *(to for _, to in changes)]
    at = [second for second, _ in changes]
    # The clock jumps when it would show the larger of the two offsets, for gaps and overlaps alike.
    return Table(
        offsets, at, [second + max(pair) for second, pair in zip(at, pairwise(offsets), strict=True)]
    )
