"""A header block taken apart: the raw values of the few headers that are ever looked at. RFC 5322 2.2.

Values are text of one character a byte (Latin-1), still folded; `plain_text` makes them readable. A block
begins with the newline before its first line, so that every line begins alike.
"""

import re

from connectors.mail.words import plain_text

Fields = dict[str, str]

DELIVERY_NAMES = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
LABELS = "x-gmail-labels"
_NAMES = (
    "from", "reply-to", "to", "cc", "bcc", *DELIVERY_NAMES, "date", "message-id", "in-reply-to", "references",
    "list-id", "list-post", "list-unsubscribe", "precedence", "auto-submitted", "return-path", "feedback-id",
    "sender", LABELS, "x-mozilla-status", "x-unsent",
)  # fmt: skip
# What people and programs change or lists add is no part of what tells a message from another.
NOT_SAID = frozenset((LABELS, "sender", "x-mozilla-status", "x-unsent"))
# Some mailers write one line per recipient.
_REPEATABLE = frozenset(("to", "cc", "bcc", *DELIVERY_NAMES))

_VALUE = r"[ \t]*:([^\n]*+(?:\n[ \t][^\n]*+)*+)"
# The look-ahead at the first letter spares most lines the walk through all the names.
_INITIALS = "".join(sorted({name[0] + name[0].upper() for name in _NAMES}))
_WANTED = re.compile(rf"\n(?=[{_INITIALS}])((?i:{'|'.join(_NAMES)})){_VALUE}", re.ASCII)
_MAIL_ONLY = re.compile(r"\n(?:received|subject|sender|mime-version|content-type)[ \t]*:", re.I | re.ASCII)
_ANY_NAME = re.compile(r"\n([!-9;-~]{1,40})[ \t]*:")


def text_of(block: bytes) -> str:
    """The block as text of one character a byte."""
    return block.decode("latin-1")


def wanted(text: str, longest: int) -> tuple[Fields, bool]:
    """Values by lower-case name: the first of each header, all of the repeatable ones, of at most `longest`
    characters; and whether one of them was cut."""
    found = _WANTED.findall(text)
    fields = {written.lower(): value for written, value in found}
    if len(fields) < len(found):
        fields = _merged(found, longest)
    if len(text) <= longest or max(map(len, fields.values()), default=0) <= longest:
        return fields, False
    return {name: value[:longest] for name, value in fields.items()}, True


def _merged(found: list[tuple[str, str]], longest: int) -> Fields:
    """Of headers that a message has several times, the first or all, as their name demands."""
    fields: Fields = {}
    for written, value in found:
        name = written.lower()
        if name not in fields:
            fields[name] = value
        elif name in _REPEATABLE and len(fields[name]) <= longest:
            fields[name] += "," + value
    return fields


def first(text: str, name: str) -> str:
    """The readable value of the first header of this name that a block has, or nothing."""
    match = re.search(rf"\n{name}{_VALUE}", text, re.IGNORECASE | re.ASCII)
    return plain_text(match[1]) if match else ""


def is_mail(text: str) -> bool:
    """Whether a header block is a message's, readable or not, rather than a card's or a calendar's."""
    return bool(_WANTED.search(text) or _MAIL_ONLY.search(text))


def names(text: str) -> str:
    """The names of a block's first headers: what may be shown of a message that could not be read."""
    return ", ".join(_ANY_NAME.findall(text[:4096]))[:80]
