"""Message and list identifiers as mail writes them: RFC 5322 3.6.4, RFC 2919. Nothing raises."""

import re

from connectors.mail.words import plain_text, remembered
from connectors.text import clean

MOST_REFERENCES = 100
_LONGEST = 998  # a line's limit in RFC 5322 2.1.1

_PLAIN = re.compile(r"\s*<([!-;=?-~]{1,998})>\s*")  # printable ASCII without brackets and spaces
_PLAIN_IDS = re.compile(r"<([!-;=?-~]+)>")
_MSG_ID = re.compile(r"<([^<>]+)>")


def message_id(value: str) -> str:
    """The first msg-id of a raw value, without brackets; a broken one as written."""
    if match := _PLAIN.fullmatch(value):
        return match[1]
    text = plain_text(value)
    match = _MSG_ID.search(text)
    return _one_word(match[1]) if match else clean(text, _LONGEST).strip("<> ")


def message_ids(value: str) -> tuple[str, ...]:
    """All msg-ids of a raw value, phrases and comments between them left out."""
    plain = _PLAIN_IDS.findall(value)
    # An id that needs mending is not among them, but its bracket is counted.
    if len(plain) == value.count(">") and (
        len(value) <= _LONGEST or max(map(len, plain), default=0) <= _LONGEST
    ):
        return tuple(plain)
    return tuple(filter(None, map(_one_word, _MSG_ID.findall(plain_text(value)))))


@remembered
def list_id(value: str) -> str | None:
    """The identifier of a mailing list without its phrase, in lower case."""
    text = plain_text(value)
    ids = _MSG_ID.findall(text)
    return (_one_word(ids[-1]) if ids else clean(text)).lower() or None


def _one_word(text: str) -> str:
    """A msg-id without the white space that folding left in it."""
    return text[:_LONGEST] if _is_word(text) else clean("".join(text.split()), _LONGEST)


def _is_word(text: str) -> bool:
    """Whether nothing in `text` needs mending, as in nearly all msg-ids."""
    return text.isascii() and text.isprintable() and " " not in text
