"""When a message was sent: RFC 5322 dates as mailers really write them, and the dates of mbox separators."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz
from functools import lru_cache

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_ZONE = r"[+-]\d{4}|[A-Z]{1,5}"

# C's asctime, with what ctime-like writers add: a zone before the year (`date`, Gmail) or after it.
ASCTIME = (
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) +(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +"
    r"(?P<day>\d{1,2}) +(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?"
    rf"(?: +(?P<zone>{_ZONE})(?: +DST)?)? +(?P<year>\d{{4}})(?: +(?P<late_zone>{_ZONE}))?(?![\d:])"
)

_ASCTIME = re.compile(ASCTIME)
_RFC_5322 = re.compile(
    r"\s*(?:[A-Za-z]{3,9}[,.]?\s*)?(\d{1,2})[\s-]+([A-Za-z]{3})[a-z]{0,6}[.]?[\s-]+(\d{2,4})\s+"
    r"(\d{1,2})[:.](\d\d)(?:[:.](\d\d))?(?:[.,]\d{1,9})?"
    r"(?:\s*(?:GMT|UTC|UT)?([+-]\d\d:?\d\d)|\s*([A-Za-z]{1,5}))?(?![\d:])"
)
# What nearly all mail has, and nothing else: days, zones and times of day are few, and remembered.
_USUAL = re.compile(
    r"\s*[A-Z][a-z][a-z], {1,2}(\d\d? [A-Z][a-z][a-z] [12]\d{3}) ((?:[01]\d|2[0-3]):[0-5]\d):([0-5]\d) "
    r"([+-]\d{4})(?: \([A-Z]{1,5}\))?\s*",
    re.ASCII,
)
_ISO_8601 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d))?(?:[.,]\d{1,9})?\s*(Z|[+-]\d\d:?\d\d)?(?![\d:])"
)
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}),? (\d{1,2}):(\d\d)(?::(\d\d))?")
_HALF_DAY = re.compile(r"\b(1[0-2]|0?\d)([:.]\d\d(?:[:.]\d\d)?) ?([AaPp])\.?[Mm]\b\.?")
_COMMENT = re.compile(r"\([^()]*\)")

# RFC 5322 4.3, then European ones that mailers write; any other name says nothing and counts as UTC.
_ZONES = {
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "CET": 1, "CEST": 2, "MET": 1, "MEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3,
}  # fmt: skip
_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)  # the day before it is what software without a clock writes
_LATEST = datetime(2101, 1, 1, tzinfo=UTC)
_NO_OFFSET = timedelta(0)
_DAY = timedelta(days=1)
_SECONDS = {f"{second:02d}": timedelta(seconds=second) for second in range(60)}


def instant(text: str, *, any_offset: bool = False) -> datetime | None:
    """The UTC instant of a Date header (RFC 5322 3.3 and 4.3), or None if it is not a date in 1970..2100.

    An offset beyond +-14:59 makes the date unusable, unless `any_offset`: then the time is read as UTC.
    """
    if moment := usual_instant(text):
        return moment
    match = _RFC_5322.match(text)
    if match is None:
        return _unusual(text, any_offset=any_offset)
    day, month, year, hour, minute, second, offset, zone = match.groups()
    if zone and zone.lower() in ("am", "pm"):
        return _unusual(text, any_offset=any_offset)
    number = _MONTHS.get(month.lower())
    if number is None:
        return None
    digits = (int(year), number, int(day), int(hour), int(minute), int(second or 0))
    return _utc(digits, offset or zone or "", any_offset=any_offset)


def usual_instant(text: str) -> datetime | None:
    """The instant of a Date header as nearly all mail has it, raw or plain; None if it has another form."""
    usual = _USUAL.fullmatch(text)
    if usual is None:
        return None
    day, time, second, zone = usual.groups()
    midnight = _midnight(day, zone)
    return midnight + _since_midnight(time) + _SECONDS[second] if midnight else None


@lru_cache(maxsize=4096)
def _midnight(day: str, zone: str) -> datetime | None:
    """The instant at which a day such as ``4 Mar 2024`` began in a zone, if there is such a day well within
    1970..2100."""
    number, month, year = day.split(" ")
    offset = _offset(zone)
    try:
        start = datetime(int(year), _MONTHS[month.lower()], int(number), tzinfo=UTC)
    except (KeyError, ValueError):
        return None
    return start - offset if offset is not None and _EARLIEST + _DAY < start < _LATEST - 2 * _DAY else None


@lru_cache(maxsize=24 * 60)
def _since_midnight(time: str) -> timedelta:
    """How long after midnight it is ``HH:MM``."""
    return timedelta(hours=int(time[:2]), minutes=int(time[3:]))


def received_at(text: str) -> datetime | None:
    """The instant after the last semicolon of a Received header (RFC 5321 4.4)."""
    _, semicolon, date = text.rpartition(";")
    return instant(date) if semicolon else None


def separator_instant(line: str) -> datetime | None:
    """The instant of an mbox separator line, read as UTC when it names no offset (RFC 4155)."""
    match = _ASCTIME.search(line)
    if match is None:
        return None
    year, day, hour, minute, second = (
        int(match[part] or 0) for part in ("year", "day", "hour", "minute", "second")
    )
    digits = (year, _MONTHS[match["month"].lower()], day, hour, minute, second)
    return _utc(digits, match["zone"] or match["late_zone"] or "")


def _utc(digits: tuple[int, ...], zone: str, *, any_offset: bool = False) -> datetime | None:
    """The instant of (year, month, day, hour, minute, second) in `zone`, if it is a plausible one."""
    year, month, day, hour, minute, second = digits
    if year < 1000:  # RFC 5322 4.3: two and three digits
        year += 2000 if year < 50 else 1900
    offset = _offset(zone)
    if offset is None:
        if not any_offset:
            return None
        offset = _NO_OFFSET
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC) - offset
    except (ValueError, OverflowError):
        return None
    return moment if _EARLIEST <= moment < _LATEST else None


@lru_cache(maxsize=256)
def _offset(zone: str) -> timedelta | None:
    """How far `zone` is ahead of UTC; None if no place on earth is."""
    if zone[:1] not in ("+", "-"):
        return timedelta(hours=_ZONES.get(zone.upper(), 0))
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 14 or minutes > 59:
        return None
    ahead = timedelta(hours=hours, minutes=minutes)
    return ahead if zone[0] == "+" else -ahead


def _unusual(text: str, *, any_offset: bool) -> datetime | None:
    """ISO 8601, hours with AM and PM, a date in another order or with comments inside; for what is left the
    standard library's parser is the judge."""
    text = " ".join(_COMMENT.sub(" ", text[:200]).split())
    if half := _HALF_DAY.search(text):
        hour = int(half[1]) % 12 + (12 if half[3] in "Pp" else 0)
        text = f"{text[: half.start()]}{hour:02d}{half[2]}{text[half.end() :]}"
        if american := _AMERICAN.match(text):
            month, day, year, *time = (int(part or 0) for part in american.groups())
            return _utc((year, month, day, *time), "", any_offset=any_offset)
    if iso := _ISO_8601.match(text):
        digits = tuple(int(part or 0) for part in iso.groups()[:6])
        return _utc(digits, (iso[7] or "").removeprefix("Z"), any_offset=any_offset)
    if match := _RFC_5322.match(text):
        return instant(match[0], any_offset=any_offset)
    if _ASCTIME.search(text):
        return separator_instant(text)
    try:
        parts = parsedate_tz(text)
    except (ValueError, TypeError, IndexError, OverflowError):  # it trips over digits where words should be
        return None
    if parts is None:
        return None
    minutes = (parts[9] or 0) // 60
    zone = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}{abs(minutes) % 60:02d}"
    return _utc(parts[:6], zone, any_offset=any_offset)
