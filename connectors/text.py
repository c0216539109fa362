"""Pure text helpers that every connector may use: bytes to text, and text to one clean line."""

import codecs
import re
import unicodedata

# UTF-32 first: its little-endian mark begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 4096
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # C0 and C1 controls, save those that are white space
    "\xad\u061c\u180e\u200b-\u200f\u2060-\u2064\ufeff"  # soft hyphen, zero width, direction marks
    "\u202a-\u202e\u2066-\u2069"  # bidirectional embeddings, overrides and isolates
    "\ud800-\udfff"  # lone surrogates: no encoding can hold them
    "]"
)


def wide_encoding(data: bytes) -> str | None:
    """The UTF-16 or UTF-32 codec that `data` is written in, by its mark or its pattern of NULs; else None."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    sample = data[:_SAMPLE]
    half = len(sample) // 2
    # Marked-up text in any script has many NULs in its high bytes and hardly one in its low bytes.
    in_even, in_odd = sample[::2].count(0), sample[1::2].count(0)
    if half >= 2 and in_odd > 0.4 * half and in_even < 0.05 * half:
        return "utf-16-le"
    if half >= 2 and in_even > 0.4 * half and in_odd < 0.05 * half:
        return "utf-16-be"
    return None


def decode(data: bytes) -> str:
    """Text of bytes in an unstated encoding, without byte-order mark, NULs and lone surrogates; never raises.

    Tried in this order: UTF-16 and UTF-32, UTF-8, cp1252, Latin-1 (which reads anything).
    """
    return _UNSTORABLE.sub("", _decoded(data))


def visible(text: str) -> str:
    """`text` in NFC, without controls and invisible characters; its white space stays."""
    if not text.isprintable():  # a printable text holds none of them
        text = _INVISIBLE.sub("", text)
    if text.isascii() or unicodedata.is_normalized("NFC", text):
        return text
    return unicodedata.normalize("NFC", text)


def clean(text: str, limit: int = 200) -> str:
    """`text` as one line in NFC of at most `limit` characters, without controls and invisible characters."""
    text = " ".join(visible(text).split())
    return text if len(text) <= limit else text[:limit].rstrip()


def _decoded(data: bytes) -> str:
    if encoding := wide_encoding(data):
        return data.decode(encoding, "ignore").removeprefix("\ufeff")
    data = data.removeprefix(codecs.BOM_UTF8)
    for encoding in ("utf-8", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")
