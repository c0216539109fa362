"""The archive that LinkedIn makes of one's data: what its files have in common.

Every file is CSV in UTF-8, in English whatever the language of the member, with the columns of its year.
"""

import re
from datetime import UTC, date, datetime, time
from urllib.parse import unquote

from connectors.text import clean

MEND = "download the archive again from LinkedIn's settings, and leave its files as they are"

_PROFILE = re.compile(
    r"(?:https?://)?(?:[\w-]{1,20}\.)?linkedin\.com/(?:mwlite/)?in/([^/?#\s]{1,400})", re.IGNORECASE
)
_NOBODY = "unknown"  # stands for a member who has left
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY = re.compile(r"(\d{1,2})[ -]([a-z]{3})[a-z]*[ -](\d{4}|\d\d)")
_MONTH = re.compile(r"(?:([a-z]{3})[a-z]* )?(\d{4})")
_ISO = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)(?:[ t](\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?)?(?: ?(?:utc|z))?")
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d\d)(?:,? (\d{1,2}):(\d\d)(?::\d\d)? ?([ap]m)?)?")
_YEARS = range(1970, 2101)


def profile_url(text: str) -> str:
    """A member's page in its one spelling, ``https://www.linkedin.com/in/slug``; empty if it is no such."""
    found = _PROFILE.match(text.strip())
    slug = clean(unquote(found[1]), 400).lower() if found else ""
    return f"https://www.linkedin.com/in/{slug}" if slug and slug != _NOBODY else ""


def day(text: str) -> date | None:
    """A day as ``05 Mar 2024`` or in ISO 8601; None if it is none."""
    if found := _DAY.fullmatch(text.lower()):
        month = _month_number(found[2])
        return _date(_year(found[3]), month, int(found[1])) if month else None
    at = instant(text)
    return at.date() if at else None


def month(text: str) -> str:
    """``YYYY-MM`` or ``YYYY`` of ``Mar 2021``, ``2021`` or a day; else empty."""
    found = _MONTH.fullmatch(text.lower())
    if found and int(found[2]) in _YEARS:
        number = _month_number(found[1] or "")
        return f"{found[2]}-{number:02}" if number else found[2] if not found[1] else ""
    on = day(text)
    return f"{on:%Y-%m}" if on else ""


def instant(text: str) -> datetime | None:
    """``2024-03-05 14:03:22 UTC`` or ``3/5/24, 2:03 PM``, the latter without a zone and taken as UTC, too."""
    text = " ".join(text.lower().split())
    if found := _ISO.fullmatch(text):
        year, month_, day_ = map(int, found.groups()[:3])
        hour, minute, second = (int(part or 0) for part in found.groups()[3:])
    elif found := _AMERICAN.fullmatch(text):
        month_, day_, year = int(found[1]), int(found[2]), _year(found[3])
        hour, minute, second = int(found[4] or 0), int(found[5] or 0), 0
        if found[6]:
            hour = hour % 12 + (12 if found[6] == "pm" else 0)
    else:
        return None
    on = _date(year, month_, day_)
    try:
        return datetime.combine(on, time(hour, minute, second), UTC) if on else None
    except ValueError:
        return None


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)  # LinkedIn opened in 2003


def _month_number(text: str) -> int:
    """1 to 12, or 0 for what is no month."""
    return _MONTHS.index(text) + 1 if text in _MONTHS else 0


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year in _YEARS else None
    except ValueError:
        return None
