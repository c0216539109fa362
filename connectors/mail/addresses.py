"""Addresses of a header, as tolerant as mail is: RFC 5322 3.4 and 4.4, and what mailers make of them.

Two promises: nothing raises, and no address comes out whose text is not in the header.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from connectors.mail.words import ENCODED_WORD, decode_words
from connectors.text import clean

T = TypeVar("T")

Mailbox = tuple[str, str]  # display name, address

MOST = 500  # addresses kept of one header
_LONGEST_TOKEN = 1000  # the rest is cut at the front: the address stands at the end
_LONGEST_ADDRESS = 512

_QUOTED = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_FLAT = r"[^()\\]*+(?:\\.[^()\\]*+)*+"
_COMMENT = rf"\({_FLAT}(?:\({_FLAT}\){_FLAT})*+\)"
_SPAN = rf"{_QUOTED}|{_COMMENT}|<[^<>]*+>|\[[^\[\]]*+\]|{ENCODED_WORD}|\\."

# Nearly all: a name of letters and digits, in quotes or not, and an address without any of the rarer signs.
_PLAIN = re.compile(
    r"""[ \t]*(?:"?([A-Za-z0-9][A-Za-z0-9 .,-]{0,190}[A-Za-z0-9.])"?[ ]*)?"""
    r"""<([A-Za-z0-9._+-]{1,80}@[A-Za-z0-9._-]{1,80})>[ \t]*"""
)

# Between delimiters: text, spans that hide delimiters, and openers that nothing closes.
_PIECES = re.compile(rf'(?:[^,;:"(<\[\\=]++|{_SPAN}|["(<\[\\=])++|[,;:]', re.DOTALL)
_ATOMS = re.compile(rf'[^"(<\[\\=]++|{_SPAN}|.', re.DOTALL)
_COMMENTS = re.compile(_COMMENT, re.DOTALL)
_QUOTES = re.compile(_QUOTED, re.DOTALL)
_WORDS = re.compile(rf'(?:{_QUOTED}|[^\s"])++', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_AT = re.compile(r"\s*@\s*")
_ADDR_SPEC = re.compile(
    rf'(?:{_QUOTED}|[^\s"<>(),;:@\\\[\]]+)@(?:[^\s"<>(),;:@\\\[\]]+|\[[^\s\[\]]+\])', re.DOTALL
)


def parse(text: str, most: int = MOST) -> list[Mailbox]:
    """(name, address) for each address of an unfolded header value, in order, at most `most`.

    Groups give their members. An unquoted comma in a name (``Doe, Jane <j@x>``) stays in the name.
    """
    return each(text, mailbox, most)


def each(text: str, reading: Callable[[str], T | None], most: int = MOST) -> list[T]:
    """What `reading` makes of each token of an address list that it takes for an address, at most `most`."""
    found: list[T] = []
    held = ""  # text without an address: the first half of such a name, or nothing of interest
    for piece in _PIECES.findall(text):
        if "@" in piece:
            token = held + piece if held and "<" in piece else piece
            item = reading(token[-_LONGEST_TOKEN:])
            held = ""
            if item is not None:
                found.append(item)
                if len(found) == most:
                    break
        elif piece == ",":
            held = held and held + ","
        elif piece in (":", ";"):
            held = ""
        else:
            held += piece
    return found


@lru_cache(maxsize=1 << 14)
def mailbox(token: str) -> Mailbox | None:
    """One token of an address list. ``Name <a@b>``, ``a@b (Name)``, ``<a@b>``, ``Name a@b`` and ``a@b``."""
    if plain := _PLAIN.fullmatch(token):
        return " ".join((plain[1] or "").split()), plain[2]
    return tolerant_mailbox(token)


def tolerant_mailbox(token: str) -> Mailbox | None:
    """The same of any token, at a higher cost."""
    token = token.strip()
    atoms = _ATOMS.findall(token)
    angles = [i for i, atom in enumerate(atoms) if atom[0] == "<" and atom[-1] == ">" and "@" in atom]
    if not angles:
        return _without_brackets(token)
    before, angle, after = atoms[: angles[-1]], atoms[angles[-1]], atoms[angles[-1] + 1 :]
    address = _address(angle[1:-1])
    if not address:
        return None
    name = "".join(atom for atom in before if not _COMMENTS.fullmatch(atom))
    return _name(name) or _comment(token) or _name("".join(after)), address


def _without_brackets(token: str) -> Mailbox | None:
    """A token whose address stands free: the only word in it that is one. Two such words are no address."""
    words = _WORDS.findall(_COMMENTS.sub(" ", token))
    addresses = [(i, address) for i, word in enumerate(words) if (address := _address(word))]
    if len(addresses) != 1:
        return None
    [(i, address)] = addresses
    return _name(" ".join(words[:i] + words[i + 1 :])) or _comment(token), address


def _address(text: str) -> str:
    """The addr-spec in `text`, or nothing. RFC 5322 4.4 lets a route stand before it, and spaces around @."""
    text = _AT.sub("@", _COMMENTS.sub("", text)).strip().strip("<>")
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    if text[:7].lower() == "mailto:":
        text = text[7:].partition("?")[0]
    if text.startswith("@"):
        text = text.rpartition(":")[2]
    if len(text) > 2 and text[0] == text[-1] == "'":
        text = text[1:-1]
    if len(text) > _LONGEST_ADDRESS or "=?" in text or not text.isprintable():
        return ""
    return text if _ADDR_SPEC.fullmatch(text) else ""


def _name(text: str) -> str:
    """A phrase as a person reads it: unquoted, decoded, one clean line."""
    if '"' in text:
        text = _QUOTES.sub(lambda quoted: _ESCAPE.sub(r"\1", quoted[0][1:-1]), text)
    text = clean(decode_words(text)).strip('"<> ')
    return text[1:-1] if len(text) > 2 and text[0] == text[-1] == "'" else text


def _comment(token: str) -> str:
    """The last comment of a token, where old mailers put the name. Quoted parentheses are no comments."""
    comments = _COMMENTS.findall(_QUOTES.sub("", token))
    return _name(_ESCAPE.sub(r"\1", comments[-1][1:-1])) if comments else ""
