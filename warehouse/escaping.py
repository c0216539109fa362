"""Text made harmless for where it is shown: spreadsheets and terminals. Standard library only.

HTML is escaped by the template engine; Markdown by the report that writes it.
"""

import re
from datetime import UTC, date, datetime

# A text cell that begins so is a formula to a spreadsheet (OWASP, CSV injection), full width included.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# C0 and C1 controls (escape sequences begin with one) and the bidirectional and invisible format controls.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def inert(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would compute."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def printable(text: str) -> str:
    """The text without what a terminal would obey instead of show; lines and tabs stay."""
    return _UNPRINTABLE.sub("", text)


def iso(moment: date) -> str:
    """A day, or an instant: in UTC with Z if it has a zone, as it stands if it has none."""
    if isinstance(moment, datetime) and moment.tzinfo:
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return moment.isoformat()
