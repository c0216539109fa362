"""Text made harmless for where it is shown: spreadsheets and terminals. Standard library only.

HTML is escaped by the template engine; Markdown by the report that writes it.
"""

import re
from datetime import UTC, date, datetime

# A text cell that begins so is a formula to a spreadsheet (OWASP, CSV injection), full width included.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# ECMA-48: CSI, then the string commands (OSC, DCS, SOS, PM, APC) up to BEL or ST, then the short escapes.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# UAX 9: marks, embeddings, overrides and isolates. They reorder text that follows them, beyond the name.
_BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

# What of these can stand in JSON as it is; escaped there, nothing of the text is lost.
OBEYED = re.compile(r"[\x7f-\x9f]|" + _BIDI_CONTROLS.pattern)


def inert(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would compute."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def to_terminal(text: str) -> str:
    """The text without what a terminal would obey: escape sequences, C0 and C1, bidi controls.

    Line feeds and tabs stay, so that a whole document can pass; carriage returns, which overwrite, do not.
    """
    return _BIDI_CONTROLS.sub("", _CONTROLS.sub("", _ESCAPES.sub("", text)))


def iso(moment: date) -> str:
    """A day, or an instant: in UTC with Z if it has a zone, as it stands if it has none."""
    if isinstance(moment, datetime) and moment.tzinfo:
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return moment.isoformat()
