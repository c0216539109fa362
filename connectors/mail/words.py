"""Header text: raw bytes to str, and the encoded words of RFC 2047 to what a person would read.

Nothing here raises: an unknown charset or broken base64 costs at most the characters it was to carry.
"""

import binascii
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")

_REMEMBERED = 1024  # characters

# Section 2, without its ban on spaces in the text, which mailers break; RFC 2231 adds "*language".
ENCODED_WORD = r"=\?[\w.:+-]{1,40}(?:\*[\w-]{0,20})?\?[bBqQ]\?[^?]{0,4000}+\?="

_WORDS = re.compile(rf"{ENCODED_WORD}(?:\s*{ENCODED_WORD})*+")
_WORD = re.compile(r"=\?([^?*]+)(?:\*[^?]*)?\?([bBqQ])\?([^?]*)\?=")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_NOT_A_CHARSET = re.compile(r"escape|punycode|idna|undefined", re.IGNORECASE)


def plain_text(value: str) -> str:
    """A raw header value, one character a byte, as unfolded text (RFC 5322 2.2.3); 8-bit bytes are UTF-8,
    else cp1252."""
    if "\n" in value:
        value = value.replace("\r", "").replace("\n", "")
    if value.isascii():
        return value.strip()
    data = value.encode("latin-1")
    try:
        return data.decode().strip()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace").strip()


def remembered(reading: Callable[[str], T]) -> Callable[[str], T]:
    """`reading` that keeps its latest results. Long values are read each time, so that hostile mail cannot
    fill the memory."""
    known = lru_cache(maxsize=1024)(reading)
    return lambda value: known(value) if len(value) <= _REMEMBERED else reading(value)


def decode_words(text: str) -> str:
    """`text` with its encoded words decoded, adjacent ones without the space between them (RFC 2047 6.2)."""
    return _WORDS.sub(_decode_run, text) if "=?" in text else text


def _decode_run(run: re.Match[str]) -> str:
    """Adjacent encoded words as one text. Mailers cut characters in two at a word's end, so bytes are joined
    first wherever the charset stays the same."""
    parts: list[tuple[str, bytes]] = []
    for charset, encoding, text in _WORD.findall(run[0]):
        data = _base64(text) if encoding in "bB" else _quoted_printable(text)
        if parts and parts[-1][0] == charset.lower():
            parts[-1] = (charset.lower(), parts[-1][1] + data)
        else:
            parts.append((charset.lower(), data))
    return "".join(_in_charset(data, charset) for charset, data in parts)


def _base64(text: str) -> bytes:
    data = _NOT_BASE64.sub(b"", text.encode("ascii", "ignore"))
    if len(data) % 4 == 1:
        data = data[:-1]
    return binascii.a2b_base64(data + b"=" * (-len(data) % 4))


def _quoted_printable(text: str) -> bytes:
    data = text.replace("_", " ").encode("utf-8", "replace")
    return _HEX.sub(lambda match: bytes.fromhex(match[1].decode()), data)


def _in_charset(data: bytes, charset: str) -> str:
    try:
        if not _NOT_A_CHARSET.search(charset):
            return data.decode(charset, "replace")
    except (LookupError, ValueError):  # no such charset, or a codec that replaces nothing
        pass
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
