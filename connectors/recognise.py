"""What a file is, told from its first bytes, and from its name only where they leave it open."""

import csv
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from connectors import FORMATS
from connectors.mail.dates import ASCTIME
from connectors.signatures import (
    BINARY,
    EMPTY,
    JSON,
    LDIF,
    LOGIN,
    MAGIC,
    PACKED,
    PAGE,
    TABLES,
    TEXT,
    UNKNOWN_TABLE,
    VCALENDAR_1,
    WRAPPED,
    XML,
    Recognised,
)
from connectors.text import decode

HEAD_BYTES = 64 * 1024
_PREAMBLE_LINES = 30
_DELIMITERS = ",;\t"
_ADDRESS = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}")

_COMPONENT = re.compile(
    r"^[ \t]*BEGIN[ \t]*:[ \t]*(VCALENDAR|VEVENT|VTODO|VJOURNAL|VFREEBUSY|VTIMEZONE|VCARD)[ \t]*\r?$",
    re.IGNORECASE | re.MULTILINE,
)
_VERSION_1 = re.compile(r"^VERSION[^:\r\n]{0,100}:[ \t]*1\.0[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_SEPARATOR = re.compile(
    rf"^From [^\r\n]{{1,300}}? +{ASCTIME}[^\r\n]{{0,130}}\r?\n"
    r"(?:>From [^\n]{0,300}\n){0,3}[!-9;-~]{1,100}[ \t]*:",
    re.MULTILINE,
)
_HEADER = re.compile(r"([!-9;-~]{1,100})[ \t]*:")
_MAIL_HEADERS = {
    *("from", "date", "message-id", "subject", "received", "to"),
    *("mime-version", "return-path", "delivered-to"),
}
_BYTE_COUNT = re.compile(r"\d{1,12}[ \t]*\r?\n")  # Apple Mail writes it before a message, in .emlx
_JSON = re.compile(r"[\[{]\s*[\"\[{}\]]")
# One export has one instant; `-1-` is a batch of it, and the last number that of the part in the batch.
_TAKEOUT = re.compile(r"(takeout-\d{8}T\d{6}Z)((?:-\d{1,4})?)-(\d{3,5})\.zip", re.IGNORECASE)


def recognise(name: str, head: bytes) -> Recognised:
    """What a file called `name` is, of which `head` is the beginning: HEAD_BYTES are enough."""
    head = head[:HEAD_BYTES]
    if not head.strip(b"\0\t\r\n \xef\xbb\xbf"):
        return EMPTY
    for offset, magic, found in MAGIC:
        if head.startswith(magic, offset):
            return _within(name, found)
    text = _text(head)
    found_in_text = _markup(text) or _component(text) or _mail(name, text) or _table(text)
    if found_in_text is None:
        # A proxy's headers or a remark may precede what was meant.
        at = _COMPONENT.search(text)
        found_in_text = _component(text[at.start() :]) if at else None
    if found_in_text is None and text.startswith(("dn: ", "dn:: ", "version: 1\ndn:")):
        return LDIF
    return found_in_text or _by_name(name, text)


def _within(name: str, found: Recognised) -> Recognised:
    """What is packed, if the name tells."""
    if found.format in PACKED:
        for suffixes, wrapped in WRAPPED:
            if name.lower().endswith(suffixes):
                return wrapped
    return found


def _text(head: bytes) -> str:
    """The lines of a head, without its last one where it is cut, which may be within a character."""
    if len(head) == HEAD_BYTES:
        head = head[: head.rfind(b"\n") + 1] or head
    return decode(head).lstrip("\ufeff \t\r\n")


def _markup(text: str) -> Recognised | None:
    start = text[:4096].lower()
    if start.startswith("<"):
        if not any(tag in start for tag in ("<!doctype html", "<html", "<head", "<body")):
            return XML
        asks = any(
            word in text.lower() for word in ('type="password"', "sign in", "log in", "login", "signin")
        )
        return LOGIN if asks else PAGE
    if _JSON.match(start):
        return JSON
    return None


def _component(text: str) -> Recognised | None:
    """What begins with the first line of `text`: a calendar, an event without one, or a card."""
    begin = _COMPONENT.match(text)
    if begin is None:
        return None
    if begin[1].upper() == "VCARD":
        return Recognised("vcard")
    inner = _COMPONENT.search(text, begin.end())
    properties = text[begin.end() : inner.start() if inner else len(text)]
    return (
        VCALENDAR_1
        if begin[1].upper() == "VCALENDAR" and _VERSION_1.search(properties)
        else Recognised("ics")
    )


def _mail(name: str, text: str) -> Recognised | None:
    """A mailbox, or a message. A message may quote a mailbox: then its name tells."""
    if _SEPARATOR.match(text):
        return Recognised("mbox")
    if (count := _BYTE_COUNT.match(text)) and _is_message(text[count.end() :]):
        return Recognised("emlx")
    is_message, suffix = _is_message(text), _by_suffix(name)
    if is_message and suffix in {"eml", "mbox"}:
        return Recognised(suffix)
    if _SEPARATOR.search(text):
        return Recognised("mbox")
    return Recognised("eml") if is_message else None


def _is_message(text: str) -> bool:
    """Whether it begins with a header block that has two of the headers that mail has."""
    return len(_MAIL_HEADERS & {name.lower() for name in islice(_header_names(text), 300)}) >= 2


def _header_names(text: str) -> Iterator[str]:
    """The names of the headers up to the first line that is none. A mailbox's separator may precede them."""
    for line in text[:HEAD_BYTES].split("\n"):
        if header := _HEADER.match(line):
            yield header[1]
        elif not line.startswith((" ", "\t", ">From ", "From ")):
            return


def _table(text: str) -> Recognised | None:
    """A table whose header is among the first lines, whatever precedes it."""
    for line in text.splitlines()[:_PREAMBLE_LINES]:
        for delimiter in _DELIMITERS:
            if delimiter not in line:
                continue
            cells = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
            columns = {cell.strip(" \"'").casefold() for cell in cells}
            for found, sets in TABLES:
                if all(columns & names for names in sets):
                    return found
            # Old Thunderbirds write no heading; their columns have an order, and the fifth is an address.
            if len(cells) in range(36, 40) and _ADDRESS.fullmatch(cells[4].strip()):
                return Recognised("thunderbird-csv")
    return None


def _by_name(name: str, text: str) -> Recognised:
    """What is left: text that its name calls something, other text, or neither."""
    sample = text[:4096]
    if sum(character < " " and character not in "\t\r\n\f\x1a\x1b" for character in sample) * 20 > len(
        sample
    ):
        return BINARY
    if suffix := _by_suffix(name):
        return Recognised(suffix)
    if name.lower().endswith((".csv", ".tsv")):
        return UNKNOWN_TABLE
    return TEXT


def _by_suffix(name: str) -> str | None:
    """The only format whose files are called so; tables are known by their columns alone."""
    lower = name.lower()
    fitting = [
        key
        for key, one in FORMATS.items()
        if lower.endswith(tuple(suffix for suffix in one.suffixes if not suffix.endswith(".csv")))
    ]
    return fitting[0] if len(fitting) == 1 else None


def parts_of(name: str, siblings: Iterable[str]) -> list[str]:
    """The archives, in order, that Google made of the same export as the archive `name`; empty if it is none.

    siblings: the names of what lies in the same folder, `name` among them or not.
    """
    own = _TAKEOUT.fullmatch(name)
    if own is None:
        return []
    matches = filter(None, map(_TAKEOUT.fullmatch, {name, *siblings}))
    together = [each for each in matches if each[1].lower() == own[1].lower()]
    return [
        each[0] for each in sorted(together, key=lambda each: (int(each[2][1:] or 0), int(each[3]), each[0]))
    ]


def missing_parts(names: Iterable[str]) -> list[str]:
    """Google's archives that are lacking between the others; whether the last one is, no name tells."""
    batches: dict[tuple[str, str], set[int]] = {}
    for match in filter(None, map(_TAKEOUT.fullmatch, names)):
        batches.setdefault((match[1], match[2]), set()).add(int(match[3]))
    return [
        f"{export}{batch}-{number:03d}.zip"
        for (export, batch), numbers in sorted(batches.items())
        for number in range(1, min(max(numbers), 10_000))
        if number not in numbers
    ]
