"""Cards of a .vcf file: what its properties mean. RFC 6350, RFC 2426 and vCard 2.1, as found in the wild."""

import re
from codecs import BOM_UTF8, getincrementaldecoder
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from urllib.parse import unquote

from connectors.bounds import Bounds
from connectors.contacts.properties import (
    Block,
    Content,
    Property,
    blocks,
    content,
    properties,
    property_names,
)
from connectors.inputs import Input
from connectors.records import Card, Item, NotThisFormat, Rejected, Seen, Skipped
from connectors.text import clean, wide_encoding

Found = Mapping[str, list[Property]]

_ESCAPE = re.compile(r"\\([nN,;:\\])")
_ADDRESS = re.compile(r"[^\s@<>\"]{1,250}@[^\s@<>\"]{1,250}")
_PLAIN_ADDRESS = re.compile(r"[\w.+-]{1,250}@[\w.-]{1,250}", re.ASCII)
_BRACKETED = re.compile(r"<([^<>]*@[^<>]*)>")
_BIRTHDAY = re.compile(r"(\d{4}|--(?!-))-?(\d\d)-?(\d\d)(?!\d)", re.ASCII)
_NO_YEAR = "1604"  # what Apple writes for a birthday without a year
_LEAP_YEAR = 2000
_OLDEST_BIRTH_YEAR = 1800  # earlier years are the year 1 of empty fields
_NO_NAME = ["", "", "", "", ""]
_LINKS = ("URL", "X-SOCIALPROFILE", "SOCIALPROFILE", "IMPP")
_LONGEST_URL = 2000
_HEAD_BYTES = 4096  # what is looked at of a file or card for telling what it is

# What other programs' files begin with, and the mend.
_OTHER_FORMATS = [
    (re.compile(beginning, re.IGNORECASE), mend)
    for beginning, mend in (
        (rb"PK\x03\x04", "a ZIP archive: unpack it and add the .vcf file inside"),
        (rb"\x1f\x8b", "a gzip archive: unpack it and add the .vcf file inside"),
        (rb"BEGIN:V(CALENDAR|EVENT)", "a calendar: add it as an ics source"),
        (
            rb"(<\?xml[^>]*>\s*)?<vcards?\b",
            "an xCard (XML): export the address book as vCard 3.0 or 4.0 (.vcf)",
        ),
        (rb"<", "a web page or XML, perhaps a login page: download the address book again as vCard (.vcf)"),
        (rb"\[+\s*\"vcard\"", "a jCard (JSON): export the address book as vCard 3.0 or 4.0 (.vcf)"),
        (rb"[\[{]", "JSON: export the address book as vCard (.vcf)"),
        (rb"[^\r\n]*\x00|%PDF|\x89PNG|\xff\xd8", "binary data: export the address book as vCard (.vcf)"),
        (
            rb"[^\r\n:,;\t]+[,;\t][^\r\n:]*[\r\n]",
            "a table: add it as google-csv or outlook-csv, or export it as vCard (.vcf)",
        ),
    )
]


def read(source: Input) -> Iterator[Item]:
    """One item for every top-level card, in file order. An address book is always read whole.

    A card whose digest is known is Seen and not parsed. Raises NotThisFormat for a file without a card.
    """
    data = source.whole()
    if encoding := wide_encoding(data):
        data = _as_utf8(data, encoding)
    newline = b"\n" if b"\n" in data else b"\r"
    line, seen, position = 1, 0, 0
    block = None
    for block in blocks(data):
        line += data.count(newline, seen, block.start)
        position += _length(data[seen : block.start], encoding) if encoding else block.start - seen
        seen = block.start
        yield _item(data, block, content(data, block, source.bounds), source, position, line)
    if block is None:
        raise NotThisFormat(f"no vCard in it (no BEGIN:VCARD): {_other_format(data[:_HEAD_BYTES])}")


def _as_utf8(data: bytes, encoding: str) -> bytes:
    """The text in UTF-8, piece by piece lest a large file stand in memory three times."""
    decoder = getincrementaldecoder(encoding)("ignore")
    return b"".join([decoder.decode(data[at : at + 2**20]).encode() for at in range(0, len(data), 2**20)])


def _length(data: bytes, encoding: str) -> int:
    """How many bytes this UTF-8 is in its file."""
    return len(data.decode().encode(encoding))


def _item(data: bytes, block: Block, own: Content, source: Input, position: int, line: int) -> Item:
    digest = _digest(own, source.bounds) if block.is_closed else ""
    if digest and digest in source.known:
        return Seen(position=position, digest=digest)
    # Of a card that is cut off nothing but its UID is told, and that seldom.
    found, capped = _found(own, source.bounds) if block.is_closed or b"UID" in own.text.upper() else ({}, "")
    uid = _uid(found)
    locator = f"line {line}, UID {uid}" if uid else f"line {line}"
    if not block.is_closed:
        reason, mend = "card has no END:VCARD", "export the address book again: this copy may be cut short"
    elif (kind := _first(found, "KIND", "X-ADDRESSBOOKSERVER-KIND").lower() or "individual") == "group":
        return Skipped(position=position, locator=locator, reason="group")
    elif card := _card(found, uid, kind, capped, digest, position, locator):
        return card
    else:
        reason, mend = "card holds no name, address or phone", "give the card a name, or delete it"
    excerpt = property_names(data[block.start : min(block.end, block.start + _HEAD_BYTES)])
    return Rejected(position=position, locator=locator, reason=reason, mend=mend, excerpt=excerpt)


def _digest(own: Content, bounds: Bounds) -> str:
    """Of all that a card's record is made from, the bounds that cut it included."""
    made_by = b"%d %d %d" % (bounds.line_bytes, bounds.properties, own.is_cut)
    return sha256(own.text + made_by).hexdigest()[:32]


def _found(own: Content, bounds: Bounds) -> tuple[Found, str]:
    """The properties by name, preferred first, else in the card's order; and what a bound cut."""
    found, has_more = properties(own.text, bounds.properties)
    for items in found.values():
        if len(items) > 1:
            items.sort(key=_rank)
    if has_more:
        return found, f"properties beyond {bounds.properties}"
    return found, f"lines beyond {bounds.line_bytes} bytes" if own.is_cut else ""


def _rank(item: Property) -> int:
    return item[0].rank


def _card(
    found: Found, uid: str, kind: str, capped: str, digest: str, position: int, locator: str
) -> Card | None:
    """The card of these properties, or None if they name nobody and nothing to reach them by."""
    structured = _structured_name(found) if "N" in found else _NO_NAME
    emails = _distinct([address for _, value in found.get("EMAIL", ()) for address in _addresses(value)])
    phones = _distinct([_without_scheme(_text(value), "tel:") for _, value in found.get("TEL", ())])
    organization = _organization(found)
    nickname = next(iter(_list(found, "NICKNAME")), "") if "NICKNAME" in found else ""
    name = _first(found, "FN") or _full_name(structured) or organization
    name = name or next(filter(None, (*emails[:1], nickname, *phones[:1])), "")
    if not name:
        return None
    return Card(
        key=uid or _hash(name, emails, phones),
        uid=uid,
        name=name,
        given_name=structured[1],
        family_name=structured[0],
        nickname=nickname,
        kind=kind,
        organization=organization,
        title=_first(found, "TITLE", "ROLE"),
        emails=emails,
        phones=phones,
        urls=_urls(found),
        birthday=_birthday(found),
        categories=_distinct(_list(found, "CATEGORIES")) if "CATEGORIES" in found else (),
        revised_at=_revision(found),
        capped=capped,
        digest=digest,
        position=position,
        locator=locator,
    )


def _first(found: Found, *names: str) -> str:
    """The text of the preferred property that has one, the earlier name before the later."""
    for name in names:
        for _, value in found.get(name, ()):
            if text := _text(value):
                return text
    return ""


def _text(value: str) -> str:
    """A value without its escapes (RFC 6350 3.4), as one clean line."""
    if "\\" in value or len(value) > 200:
        return clean(_unescaped(value))
    return " ".join(value.split())


def _unescaped(value: str) -> str:
    return _ESCAPE.sub(lambda m: " " if m[1] in "nN" else m[1], value)


def _parts(value: str, separator: str) -> list[str]:
    """The still escaped components of a value, cut at the separators that no backslash precedes."""
    if "\\" not in value:
        return value.split(separator)
    # Decoded values hold no NUL, so it can stand for an escaped backslash meanwhile.
    parts = re.split(rf"(?<!\\){separator}", value.replace("\\\\", "\x00"))
    return [part.replace("\x00", "\\\\") for part in parts]


def _texts(value: str, separator: str) -> list[str]:
    return [text for part in _parts(value, separator) if (text := _text(part))]


def _list(found: Found, name: str) -> list[str]:
    """The texts of the properties of that name, whose values are lists."""
    return [text for _, value in found[name] for text in _texts(value, ",")]


def _structured_name(found: Found) -> list[str]:
    """N: family, given, additional names, prefixes, suffixes (RFC 6350 6.2.2), each on one line."""
    for _, value in found.get("N", ()):
        parts = [
            " ".join(_texts(part, ",")) if "," in part else part and _text(part)
            for part in _parts(value, ";")[:5]
        ]
        if any(parts):
            return (parts + _NO_NAME)[:5]
    return _NO_NAME


def _full_name(structured: list[str]) -> str:
    family, given, additional, prefix, suffix = structured
    return clean(" ".join((prefix, given, additional, family, suffix)))


def _organization(found: Found) -> str:
    """ORG's name and units (RFC 6350 6.6.4), joined."""
    for _, value in found.get("ORG", ()):
        if units := _texts(value, ";"):
            return clean(", ".join(units)) if len(units) > 1 else units[0]
    return ""


def _uid(found: Found) -> str:
    for _, value in found.get("UID", ()):
        if bare := _without_scheme(clean(_unescaped(value), 1000), "urn:uuid:"):
            return bare
    return ""


def _hash(name: str, emails: tuple[str, ...], phones: tuple[str, ...]) -> str:
    return sha256("|".join((name, ",".join(emails), ",".join(phones))).encode()).hexdigest()[:16]


def _addresses(value: str) -> list[str]:
    """The addresses of one EMAIL: some programs write ``mailto:``, ``Name <address>`` or a list."""
    if _PLAIN_ADDRESS.fullmatch(value):
        return [value]
    text = clean(_unescaped(value), 4000)
    if (bare := _without_scheme(text, "mailto:")) != text:
        text = clean(unquote(bare.partition("?")[0]), 4000)
    parts = _BRACKETED.findall(text) or re.split("[,;]", text)
    addresses = [_without_scheme(part.strip(" '\"<>"), "mailto:") for part in parts]
    return [address for address in addresses if _ADDRESS.fullmatch(address)]


def _urls(found: Found) -> tuple[str, ...]:
    """Links; of messengers and profiles only those that are links too, no ``skype:name``."""
    if found.keys().isdisjoint(_LINKS):
        return ()
    items = [item for name in _LINKS for item in found.get(name, ()) if name == "URL" or "://" in item[1]]
    return _distinct([clean(_unescaped(value), _LONGEST_URL) for _, value in sorted(items, key=_rank)])


def _without_scheme(text: str, scheme: str) -> str:
    if ":" not in text or text[: len(scheme)].lower() != scheme:
        return text
    return text[len(scheme) :].strip()


def _distinct(texts: Sequence[str]) -> tuple[str, ...]:
    """The non-empty texts in order, the first spelling of each."""
    if len(texts) < 2:
        return tuple(filter(None, texts))
    found: dict[str, str] = {}
    for text in texts:
        if text:
            found.setdefault(text.casefold(), text)
    return tuple(found.values())


def _birthday(found: Found) -> str | None:
    """``YYYY-MM-DD`` or ``--MM-DD`` of any form of BDAY (RFC 6350 6.2.5); None if it is no such date."""
    for header, value in found.get("BDAY", ()):
        if match := _BIRTHDAY.match(value.strip()):
            year, month, day = match.groups()
            is_known = year not in ("--", _NO_YEAR, header.omitted_year)
            try:
                date(int(year) if is_known else _LEAP_YEAR, int(month), int(day))
            except ValueError:
                continue
            if not is_known:
                return f"--{month}-{day}"
            if int(year) >= _OLDEST_BIRTH_YEAR:
                return f"{year}-{month}-{day}"
    return None


def _revision(found: Found) -> datetime | None:
    """REV in UTC, from ISO 8601 in its basic or extended form; a time without a zone is taken as UTC."""
    for _, value in found.get("REV", ()):
        try:
            at = datetime.fromisoformat(value.strip().upper())
            if at.tzinfo is UTC:
                return at
            return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            continue
    return None


def _other_format(head: bytes) -> str:
    """What a file that begins with `head` is, and the mend."""
    head = head.removeprefix(BOM_UTF8).lstrip()
    if not head:
        return "the file is empty: export the address book again"
    mends = (mend for beginning, mend in _OTHER_FORMATS if beginning.match(head))
    return next(mends, "export the address book as vCard (.vcf) and add that file")
