"""The syntax of vCard files: bytes into cards, a card into the properties that we keep.

RFC 6350 section 3 (4.0), RFC 2426 with RFC 2425 section 5.8 (3.0), and vCard 2.1, as programs write them.
The structure is ASCII in every version, so cards and lines are cut as bytes and only the values that we
keep are decoded: a line in another encoding, or one folded inside a character, harms nobody else.
"""

import re
from binascii import a2b_qp
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from connectors.text import decode

_FRAME = {"BEGIN", "END", "AGENT"}
_RECORD = {"KIND", "X-ADDRESSBOOKSERVER-KIND", "UID", "REV", "CATEGORIES", "BDAY"}
_PERSON = {"FN", "N", "NICKNAME", "ORG", "TITLE", "ROLE"}
_REACH = {"EMAIL", "TEL", "URL", "X-SOCIALPROFILE", "SOCIALPROFILE"}
_DROPPED = {"VERSION", "PRODID", "PHOTO", "LOGO", "SOUND", "KEY", "NOTE", "ADR", "LABEL", "GEO", "TZ", "IMPP"}
_KEPT = _FRAME | _RECORD | _PERSON | _REACH
_NAMEABLE = (_KEPT | _DROPPED) - _FRAME
_LINES_KEPT = 10_000
_LINE_BYTES_KEPT = 64 * 1024
_HEAD_BYTES_KEPT = 2_000
_UNRANKED = 101  # after 100, the last PREF that RFC 6350 section 5.3 allows

# The colon comes first so that a search leaps from colon to colon, and a photo costs nothing.
_EDGE = re.compile(rb":[ \t]*VCARD[ \t]*(?=[\r\n]|\Z)", re.IGNORECASE)
_EDGE_NAME = re.compile(rb"(?:\xef\xbb\xbf)?([ \t]*)(AGENT:)?(BEGIN|END)[ \t]*", re.IGNORECASE)
_AGENT = re.compile(rb"\s*(?:[\w-]+\.)?AGENT[^:]*:", re.IGNORECASE)
_BEFORE = 120  # how far back from a colon an edge's name, indentation and AGENT line may reach

_RETURNS = re.compile(rb"\r+\n?")
_LOGICAL_LINE = re.compile(rb"[^\n]++(?:\n[ \t][^\n]*+)*+")
_FOLD = re.compile(rb"\n[ \t]")
_SOFT_BREAK = re.compile(rb"=[ \t]*+\n")
_HEAD = re.compile(rb"(?:[\w-]{1,80}\.)?([A-Za-z][\w-]{0,80})\s{0,80}[;:]")
_QUOTED = re.compile(rb"[\w.-]{1,80};[^:]{0,400}QUOTED-PRINTABLE", re.IGNORECASE)
_INLINE_AGENT = re.compile(rb"(?:[\w-]{1,80}\.)?AGENT:BEGIN[ \t]*:[ \t]*VCARD\s*", re.IGNORECASE)
_PROPERTY = re.compile(rb'[^;:]*+((?:[^":]++|"[^"]*+")*+):(.*)', re.DOTALL)
_PARAMETER = re.compile(r';\s*([^=;"]*)(?:=((?:"[^"]*"|[^;"])*))?')
_CHARSET = re.compile(rb"CHARSET=\"?([\w.:-]{1,40})", re.IGNORECASE)
# Python also calls punycode, idna and escape notations charsets; on hostile input those are slow or wrong.
_CHARSETS = re.compile(
    r"(us-)?ascii|(utf|windows|cp|iso|latin|koi8|gb|big5|shift|sjis|euc|mac)[\w-]*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Block:
    """Where one top-level card lies: data[start:end], its white space before BEGIN, and whether it closes."""

    start: int
    end: int
    indent: bytes
    is_closed: bool


@dataclass(frozen=True, slots=True)
class Property:
    """One property: its name and parameters in upper case (bare ones as TYPE), its value still escaped."""

    name: str
    parameters: dict[str, str]
    value: str

    @property
    def rank(self) -> int:
        """1 is the most preferred: PREF=1 (4.0), TYPE=PREF (3.0) or PREF (2.1)."""
        if (pref := self.parameters.get("PREF", "")).isdecimal():
            return min(int(pref[:3]), _UNRANKED)
        return 1 if "PREF" in self.parameters.get("TYPE", "").split(",") else _UNRANKED


def blocks(data: bytes) -> Iterator[Block]:
    """The top-level cards of a file. A card in an AGENT belongs to its owner; any other BEGIN starts anew."""
    start, depth, indent = 0, 0, b""
    for edge in _EDGE.finditer(data):
        before = data[max(0, edge.start() - _BEFORE) : edge.start()]
        line = _last_line(before)
        name = _EDGE_NAME.fullmatch(line)
        if not name or len(line) == _BEFORE:
            continue
        if name[3].upper() == b"END":
            if depth == 1:
                yield Block(start, edge.end(), indent, is_closed=True)
            depth = max(0, depth - 1)
        elif depth and (name[2] or _AGENT.fullmatch(_last_line(before[: -len(line)].rstrip()))):
            depth += 1
        else:
            begin = edge.start() - len(line) + name.start(3)
            if depth:
                yield Block(start, begin, indent, is_closed=False)
            start, depth, indent = begin, 1, name[1]
    if depth:
        yield Block(start, len(data), indent, is_closed=False)


def properties(card: bytes, indent: bytes = b"") -> Iterator[Property]:
    """The kept properties of a card, in its order, without those of an AGENT within it."""
    stated = None if card.isascii() else _CHARSET.search(card)
    charset = stated[1].decode("latin-1") if stated else ""
    depth = 0
    for name, line in islice(_kept_lines(card, indent), _LINES_KEPT):
        if name == "END":
            depth -= 1
        elif name == "BEGIN" or _INLINE_AGENT.fullmatch(line):
            depth += 1
        elif depth == 1 and (found := _property(name, line, charset)):
            yield found


def property_names(card: bytes) -> str:
    """The names of a card's first standard properties, never its values: what a quarantine may show."""
    heads = (match[1].upper().decode() for line in card[:4096].splitlines() if (match := _HEAD.match(line)))
    names = dict.fromkeys(name for name in heads if name in _NAMEABLE)
    return " ".join(names)[:80]


def _kept_lines(card: bytes, indent: bytes) -> Iterator[tuple[str, bytes]]:
    """Name and unfolded line of each property that we keep; junk between the lines is passed over."""
    text = card.replace(b"\r\n", b"\n")
    if b"\r" in text:
        text = _RETURNS.sub(b"\n", text)
    if indent:
        text = text.replace(b"\n" + indent, b"\n")
    for line in _unfolded(text):
        if (head := _HEAD.match(line)) and (name := head[1].decode("latin-1").upper()) in _KEPT:
            yield name, line


def _unfolded(text: bytes) -> Iterator[bytes]:
    """Logical lines that are not too long: RFC 6350 3.2, and the soft breaks of RFC 2045 6.7."""
    parts: list[bytes] = []
    size, is_open = 0, False
    for match in _LOGICAL_LINE.finditer(text):
        line = match[0]
        size += len(line)
        if is_open or _QUOTED.match(line):
            line = _SOFT_BREAK.sub(b"", line).rstrip()
            is_open = line.endswith(b"=")
            if size <= _LINE_BYTES_KEPT:
                parts.append(line[:-1] if is_open else line)
            if is_open:
                continue
            line = b"".join(parts)
        if size <= _LINE_BYTES_KEPT:
            yield _FOLD.sub(b"", line)
        parts, size = [], 0


def _last_line(text: bytes) -> bytes:
    return text[max(text.rfind(b"\n"), text.rfind(b"\r")) + 1 :]


def _property(name: str, line: bytes, card_charset: str) -> Property | None:
    match = _PROPERTY.match(line)
    head, value = match.groups() if match else line.partition(b":")[::2]
    parameters = _parameters(head[:_HEAD_BYTES_KEPT].decode("latin-1"))
    how = parameters.get("ENCODING", parameters.get("TYPE", "")).split(",")
    if "BASE64" in how or "B" in how:
        return None
    charset = parameters.get("CHARSET", "")
    if "QUOTED-PRINTABLE" in how:
        return Property(name, parameters, _decoded(a2b_qp(value), charset, "utf-8", card_charset))
    # Programs convert a whole file to UTF-8 and leave its CHARSET parameters behind.
    return Property(name, parameters, _decoded(value, "utf-8", charset, card_charset))


def _parameters(head: str) -> dict[str, str]:
    """``;TYPE=home,pref;TYPE=x`` or 2.1's ``;HOME;PREF`` as a mapping from name to comma-joined values."""
    found: dict[str, str] = {}
    for key, value in _PARAMETER.findall(head):
        name, word = (key, value) if value else ("TYPE", key)
        name, word = name.strip().upper(), word.replace('"', "").strip().upper()
        found[name] = f"{found[name]},{word}" if name in found else word
    return found


def _decoded(value: bytes, *charsets: str) -> str:
    if value.isascii():
        return value.decode("ascii").replace("\x00", "")
    for charset in charsets:
        if _CHARSETS.fullmatch(charset):
            try:
                return value.decode(charset).replace("\x00", "")
            except (LookupError, UnicodeError):
                continue
    return decode(value)
