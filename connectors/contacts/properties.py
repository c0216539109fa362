"""The syntax of vCard files: bytes into cards, a card into the properties that we keep.

RFC 6350 section 3 (4.0), RFC 2426 with RFC 2425 section 5.8 (3.0), and vCard 2.1, as programs write them.
The structure is ASCII in every version, so cards are cut as bytes; photos are leapt over and never decoded.
Every pattern is linear on any input: what it repeats is possessive, or bounded, or cannot match in two ways.
"""

import re
from binascii import a2b_qp
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from connectors.bounds import Bounds
from connectors.text import decode, visible

_RECORD = {"KIND", "X-ADDRESSBOOKSERVER-KIND", "UID", "REV", "CATEGORIES", "BDAY"}
_PERSON = {"FN", "N", "NICKNAME", "ORG", "TITLE", "ROLE"}
_REACH = {"EMAIL", "TEL", "URL", "X-SOCIALPROFILE", "SOCIALPROFILE", "IMPP"}
_DROPPED = {"VERSION", "PRODID", "PHOTO", "LOGO", "SOUND", "KEY", "NOTE", "ADR", "LABEL", "GEO", "TZ"}
_KEPT = _RECORD | _PERSON | _REACH
_NAMEABLE = _KEPT | _DROPPED
_HEAD_KEPT = 2_000  # characters of a name with its parameters
_WORTH = 2_000  # bytes in which a photo is worth looking for
_SMALL = 2**20  # bytes of a card that may be copied whole
_UNRANKED = 101  # after 100, the last PREF that RFC 6350 section 5.3 allows

# The colon comes first so that a search leaps from colon to colon, and a photo costs nothing.
# BEGIN lines one after the other, with nothing between, are one opening.
_EDGE = re.compile(
    rb":(?=[ \t]*+VCARD)(?:(?<=BEGIN:)|(?<=END:)|(?<=[ \t]:))[ \t]*+VCARD[ \t]*+(?=[\r\n]|\Z)"
    rb"(?:(?:(?<=[\r\n]BEGIN:VCARD)|(?<=\ABEGIN:VCARD))(?:[\r\n]{1,2}BEGIN:VCARD(?=[\r\n]{1,2}BEGIN:VCARD[\r\n]))*+)?+",
    re.IGNORECASE,
)
_EDGE_NAME = re.compile(rb"(?:\xef\xbb\xbf)?([ \t]*)(AGENT:)?(BEGIN|END)[ \t]*", re.IGNORECASE)
_AGENT = re.compile(rb"\s*(?:[\w-]+\.)?AGENT[^:]*:", re.IGNORECASE)
_PLAIN_BEGINS = {b"\nBEGIN", b"\rBEGIN", b"BEGIN"}
_PLAIN_ENDS = {b"\nEND", b"\rEND"}
_BEFORE = 120  # how far back from a colon an edge's name, indentation and AGENT line may reach

# A soft break (RFC 2045 6.7) of the line above hides the name; so does a photo that is itself quoted.
_PHOTO = re.compile(
    rb"\n(?<![= \t]\n)(?<![=\r \t]\r\n)(?:[\w-]{1,80}+\.)?(?:PHOTO|LOGO|SOUND|KEY)(?=[;:])"
    rb"(?![^:]{0,400}QUOTED)[^:\r\n]*+(?:\r?\n[ \t][^:\r\n]*+)*+:",
    re.IGNORECASE,
)
_LINE_END = re.compile(rb"[\r\n](?![\r\n \t])")
_LONE_RETURN = re.compile(rb"\r(?!\n)")
_QUOTED_HEAD = rb"[\w.-]{1,80}+;[^:\n]{0,400}(?:\n[ \t][^:\n]{0,400})?QUOTED-PRINTABLE"
_QUOTED_LINE = (
    rb"\n" + _QUOTED_HEAD + rb"[^\n]*+"
    rb"(?:\n(?:(?=[ \t])|(?<==\n)|(?<==\r\n)|(?<==[ \t]\n)|(?<==[ \t]\r\n))"
    rb"(?!(?:BEGIN|END)[ \t]{0,80}:)[^\n]*+)*+"
)
_QUOTED = re.compile(_QUOTED_LINE, re.IGNORECASE)
_LINE = re.compile(
    _QUOTED_LINE + rb"|\n(?=[\w.-]{1,160}+[ \t]{0,80}+[;:])[^\n]*+(?:\n[ \t][^\n]*+)*+", re.IGNORECASE
)
_PLAIN = bytes(range(ord(" "), ord("~") + 1)) + b"\n"
_SOFT_BREAK = re.compile(rb"=[ \t]*+\n")
_FOLD = re.compile(rb"(?<!\n)\n[ \t]")
_NAME = re.compile(rb"\n?(?:[\w-]{1,80}+\.)?([A-Za-z][\w-]{0,80})\s{0,80}[;:]")
_HEAD = re.compile(r"(?:[\w-]{1,80}+\.)?([A-Za-z][\w-]{0,80})\s{0,80}(;.*)?", re.DOTALL | re.ASCII)
_HEAD_WITH_QUOTES = re.compile(r'[^;:]*+(?:[^":]++|"[^"]*+")*+(?=:)')
_PARAMETER = re.compile(r';\s*+([^=;"]*)(?:=((?:"[^"]*"|[^;"])*+))?')
_CHARSET = re.compile(rb"CHARSET=\"?([\w.:-]{1,40})", re.IGNORECASE)
# Python also calls punycode, idna and escape notations charsets; on hostile input those are slow or wrong.
_CHARSETS = re.compile(
    r"(us-)?ascii|(utf|windows|cp|iso|latin|koi8|gb|big5|shift|sjis|euc|mac)[\w-]*", re.IGNORECASE
)


class Block(msgspec.Struct, frozen=True, gc=False):
    """Where one top-level card lies: data[start:end], its white space before BEGIN, and whether it closes.

    agents: the spans of the cards within it.
    """

    start: int
    end: int
    indent: bytes
    is_closed: bool
    agents: tuple[tuple[int, int], ...] = ()


class Header(msgspec.Struct, frozen=True, gc=False):
    """A property's name in upper case, and what its parameters say of the value.

    rank: 1 is the most preferred: PREF=1 (4.0), TYPE=PREF (3.0) or PREF (2.1).
    omitted_year: X-APPLE-OMIT-YEAR.
    """

    name: str
    rank: int
    charset: str
    is_quoted_printable: bool
    omitted_year: str


Property = tuple[Header, str]  # its value is decoded, unfolded and visible, still escaped


class Content(msgspec.Struct, frozen=True, gc=False):
    """The lines of a card that may matter, unfolded; is_cut: one was too long and is left out."""

    text: bytes
    is_cut: bool = False


def blocks(data: bytes) -> Iterator[Block]:
    """The top-level cards of a file. A card in an AGENT belongs to its owner; any other BEGIN starts anew."""
    start, depth, indent, agent = 0, 0, b"", 0
    agents: list[tuple[int, int]] = []
    for edge in _EDGE.finditer(data):
        at = edge.start()
        if data[max(0, at - 4) : at] in _PLAIN_ENDS:
            is_end, begin, indented, is_inline = True, at - 3, b"", False
        elif data[max(0, at - 6) : at] in _PLAIN_BEGINS:
            is_end, begin, indented, is_inline = False, at - 5, b"", False
        else:
            line = _last_line(data[max(0, at - _BEFORE) : at])
            name = _EDGE_NAME.fullmatch(line)
            if not name or len(line) == _BEFORE:
                continue
            is_end, indented, is_inline = name[3].upper() == b"END", name[1], name[2] is not None
            begin = at - len(line) + name.start(3)
        if is_end:
            if depth == 1:
                yield Block(start, edge.end(), indent, True, tuple(agents))
                agents.clear()
            elif depth == 2:
                agents.append((agent, edge.end()))
            depth = max(0, depth - 1)
        elif depth and (is_inline or _is_in_agent(data[max(0, at - _BEFORE) : begin])):
            depth += 1
            agent = begin if depth == 2 else agent
        else:
            if depth:
                yield Block(start, begin, indent, False, _unclosed(agents, agent, begin, depth))
                agents.clear()
            start, depth, indent = begin, 1, indented
    if depth:
        yield Block(start, len(data), indent, False, _unclosed(agents, agent, len(data), depth))


def content(data: bytes, block: Block, bounds: Bounds) -> Content:
    """What may matter of a card: without its photos and AGENTs."""
    if block.indent:
        data = _with_plain_ends(data[block.start : block.end]).replace(b"\n" + block.indent, b"\n")
        block = next(blocks(data))
    if not block.agents:
        own = _own(data, block.start, block.end, bounds)
    else:
        starts = (block.start, *(end for _, end in block.agents))
        ends = (*(start for start, _ in block.agents), block.end)
        parts = [_own(data, start, end, bounds) for start, end in zip(starts, ends, strict=True)]
        own = Content(b"".join([part.text for part in parts]), any(part.is_cut for part in parts))
    text = _with_plain_ends(own.text)
    if _SOFT_BREAK.search(text) and b"QUOTED-PRINTABLE" in text.upper():
        text = _QUOTED.sub(lambda line: _SOFT_BREAK.sub(b"", line[0]), text)
    if b"\n " in text or b"\n\t" in text:
        text = _FOLD.sub(b"", text)
    return Content(text, own.is_cut)


def properties(text: bytes, most: int) -> tuple[dict[str, list[Property]], bool]:
    """The kept properties of a card's `content` by name, in its order; whether there are more than `most`."""
    try:
        lines, codec, stated = text.decode(), "utf-8", ""
    except UnicodeDecodeError:
        lines, codec = text.decode("latin-1"), "latin-1"
        stated = charset[1].decode("latin-1") if (charset := _CHARSET.search(text)) else ""
    if text.translate(None, _PLAIN):
        lines = visible(lines) if codec == "utf-8" else lines.replace("\x00", "")
    has_quotes = '"' in lines
    found: dict[str, list[Property]] = {}
    room = most
    for line in lines.split("\n"):
        head, _, value = line.partition(":")
        if has_quotes and '"' in head and (quoted := _HEAD_WITH_QUOTES.match(line)):
            head, value = quoted[0], line[quoted.end() + 1 :]
        header = _header(head[:_HEAD_KEPT])
        if header is None or not value:
            continue
        if not room:
            return found, True
        room -= 1
        # Programs convert a whole file to UTF-8 and leave its CHARSET parameters behind.
        if header.is_quoted_printable:
            value = visible(_decoded(a2b_qp(value.encode(codec)), header.charset, "utf-8", stated))
        elif codec == "latin-1":
            value = visible(_decoded(value.encode(codec), "utf-8", header.charset, stated))
        if header.name in found:
            found[header.name].append((header, value))
        else:
            found[header.name] = [(header, value)]
    return found, False


def property_names(card: bytes) -> str:
    """The names of a card's first standard properties, never its values: what a quarantine may show."""
    heads = (match[1].upper().decode() for line in card.splitlines() if (match := _NAME.match(line)))
    names = dict.fromkeys(name for name in heads if name in _NAMEABLE)
    return " ".join(names)[:80]


def _is_in_agent(before: bytes) -> bool:
    """Whether the last line that is not blank opens an AGENT (2.1)."""
    return b"AGENT" in before.upper() and _AGENT.fullmatch(_last_line(before.rstrip())) is not None


def _unclosed(agents: list[tuple[int, int]], agent: int, end: int, depth: int) -> tuple[tuple[int, int], ...]:
    return (*agents, (agent, end)) if depth > 1 else tuple(agents)


def _with_plain_ends(data: bytes) -> bytes:
    """LF for CRLF, CR CR LF and CR."""
    data = data.replace(b"\r\n", b"\n")
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def _own(data: bytes, start: int, end: int, bounds: Bounds) -> Content:
    """The lines of data[start:end] without photos; of many, only those that we keep and within the bounds."""
    if end - start <= _SMALL:
        data = _without_photos(data, start, end)
        start, end = 0, len(data)
        if end <= bounds.line_bytes:
            return Content(data)
    if _LONE_RETURN.search(data, start, end):
        data = _with_plain_ends(data[start:end])
        start, end = 0, len(data)
    lines: list[bytes] = []
    is_cut = False
    for found in _LINE.finditer(data, start, end):
        at, after = found.span()
        name = _NAME.match(data, at, after)
        if not name or name[1].decode().upper() not in _KEPT:
            continue
        if after - at > bounds.line_bytes:
            is_cut = True
        else:
            lines.append(found[0])
            if len(lines) > bounds.properties:
                break
    return Content(b"".join(lines), is_cut)


def _without_photos(data: bytes, start: int, end: int) -> bytes:
    kept = []
    while end - start > _WORTH:
        usual = data.find(b"\nPHOTO", start, end)
        if not (photo := (usual >= 0 and _PHOTO.match(data, usual, end)) or _PHOTO.search(data, start, end)):
            break
        kept.append(data[start : photo.start()])
        start = _after_value(data, photo.end(), end)
    kept.append(data[start:end])
    return b"".join(kept)


def _after_value(data: bytes, at: int, end: int) -> int:
    """Where the line ends whose value begins at `at`; lines without a colon after it may go with it."""
    # Base64 holds no colon: the next line with one is the next property, unless it is a folded line.
    colon = data.find(b":", at, end)
    while colon >= 0:
        line_end = max(data.rfind(b"\n", at, colon), data.rfind(b"\r", at, colon))
        if line_end >= 0:
            if data[line_end + 1] not in b" \t":
                return line_end
            break
        at, colon = colon, data.find(b":", colon + 1, end)
    found = _LINE_END.search(data, at, end)
    return found.start() if found else end


def _last_line(text: bytes) -> bytes:
    return text[max(text.rfind(b"\n"), text.rfind(b"\r")) + 1 :]


@lru_cache(maxsize=2048)
def _header(head: str) -> Header | None:
    """The header of this name and these parameters; None if we keep no such property, or no such value."""
    match = _HEAD.fullmatch(head)
    if not match or (name := match[1].upper()) not in _KEPT:
        return None
    parameters = _parameters(match[2] or "")
    kinds = parameters.get("TYPE", "").split(",")
    how = parameters["ENCODING"].split(",") if "ENCODING" in parameters else kinds
    if "BASE64" in how or "B" in how:
        return None
    if "PHONETIC" in parameters:  # how a name is spoken (RFC 9554 section 4.6)
        rank = _UNRANKED + 1
    elif (pref := parameters.get("PREF", "")).isdecimal():
        rank = min(int(pref[:3]), _UNRANKED)
    else:
        rank = 1 if "PREF" in kinds else _UNRANKED
    return Header(
        name,
        rank,
        charset=parameters.get("CHARSET", ""),
        is_quoted_printable="QUOTED-PRINTABLE" in how,
        omitted_year=parameters.get("X-APPLE-OMIT-YEAR", ""),
    )


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
