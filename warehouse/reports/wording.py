"""Values in, words out: how the report cleans the text of others and says days, rhythms and chances."""

import math
import re
from datetime import date, datetime
from urllib.parse import quote

from warehouse.escaping import to_terminal

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
          "October", "November", "December")  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_ACCENT = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_PILED_ACCENTS = re.compile(f"({_ACCENT}{{3}}){_ACCENT}+")
_ADDRESS = re.compile(r"[^\s@<>\"(),:;\[\]\\]+@[^\s@<>\"(),:;\[\]\\]+")

LIKELIHOODS = ((0.9, "very likely"), (0.66, "likely"), (0.5, "more likely than not"), (0.33, "perhaps"))


def one_line(text: str | None) -> str:
    """A value written by others as one clean line: no controls, single spaces, three accents a letter."""
    spaced = re.sub(r"[\r\x85\x0b\x0c\x1c-\x1f]", " ", text or "")
    return " ".join(_PILED_ACCENTS.sub(r"\1", to_terminal(spaced)).split())


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, the last one an ellipsis if anything was left out."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def count(number: int) -> str:
    """``12,480``."""
    return f"{number:,}"


def plural(number: int, one: str, many: str = "") -> str:
    """``1 day``, ``1,200 days``."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def day(on: date) -> str:
    """``24 January 2026``, the same on every machine, whatever its locale."""
    return f"{on.day} {MONTHS[on.month - 1]} {on.year}"


def weekday(on: date) -> str:
    """``Saturday``."""
    return WEEKDAYS[on.weekday()]


def minute(at: datetime) -> str:
    """``14 Mar 2026, 02:10``, in the zone that `at` carries."""
    return f"{at.day} {MONTHS[at.month - 1][:3]} {at.year}, {at:%H:%M}"


def rhythm(usual_gap_days: float | None) -> str:
    """``every 11 days``; a gap is a length of time, so tenths of a day would claim too much."""
    if usual_gap_days is None or math.isnan(usual_gap_days):
        return "no rhythm yet"
    days = max(1, round(usual_gap_days))
    return "every day or two" if days == 1 else f"every {count(days)} days"


def likelihood(probability: float | None) -> str:
    """``likely, 60 %``: the chance that the contact has gone quiet, in words and as a number."""
    if probability is None or math.isnan(probability):
        return "not known"
    words = next((words for least, words in LIKELIHOODS if probability >= least), "probably not")
    return f"{words}, {round(probability * 100)}\N{NO-BREAK SPACE}%"


def listed(parts: list[str]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def mailto(address: str) -> str:
    """A ``mailto:`` link (RFC 6068) to one plain address, empty for anything else.

    Everything that could add a header or a second recipient is percent-encoded.
    """
    return f"mailto:{quote(address, safe='@')}" if _ADDRESS.fullmatch(address) else ""
