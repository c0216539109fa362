"""Cards of a .vcf file: what its properties mean. RFC 6350, RFC 2426 and vCard 2.1, as found in the wild."""

import re
from codecs import BOM_UTF8
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote

from connectors.contacts.properties import Block, Property, blocks, properties, property_names
from connectors.records import Card, NotThisFormat, Rejected, Skipped
from connectors.text import clean, wide_encoding

Properties = Mapping[str, list[Property]]

_ESCAPE = re.compile(r"\\([nN,;:\\])")
_ADDRESS = re.compile(r"[^\s@<>\"]{1,250}@[^\s@<>\"]{1,250}")
_BRACKETED = re.compile(r"<([^<>]*@[^<>]*)>")
_BIRTHDAY = re.compile(r"(\d{4}|--)-?(\d\d)-?(\d\d)(?!\d)")
_NO_YEAR = "1604"  # what Apple writes for a birthday without a year
_LEAP_YEAR = 2000
_OLDEST_BIRTH_YEAR = 1800  # earlier years are the year 1 of empty fields
_LONGEST_URL = 2000

# What other programs' files begin with, and the mend.
_OTHER_FORMATS = (
    (b"PK\x03\x04", "a ZIP archive: unpack it and add the .vcf file inside"),
    (b"\x1f\x8b", "a gzip archive: unpack it and add the .vcf file inside"),
    (b"BEGIN:VCALENDAR", "a calendar: add it as an ics source"),
    (b"<", "a web page or XML, perhaps a login page: download the address book again as vCard (.vcf)"),
)


def read(path: Path, start: int = 0) -> Iterator[Card | Rejected | Skipped]:
    """One item for every top-level card, in file order. An address book is always read whole: `start` is 0.

    Raises NotThisFormat for a file that has content but no card; an empty file yields nothing.
    """
    raw = path.read_bytes()
    encoding = wide_encoding(raw)
    data = raw.decode(encoding, "ignore").encode() if encoding else raw
    newline = b"\n" if b"\n" in data else b"\r"
    seen, line, position = 0, 1, 0
    is_settled = not data.removeprefix(BOM_UTF8).strip()
    for block in blocks(data):
        gap = data[seen : block.start]
        line += gap.count(newline)
        position += len(gap.decode().encode(encoding)) if encoding else len(gap)
        seen, is_settled = block.start, True
        yield _item(data[block.start : block.end], block, position, line)
    if not is_settled:
        raise NotThisFormat(f"no vCard in it (no BEGIN:VCARD): {_other_format(data)}")


def _item(data: bytes, block: Block, position: int, line: int) -> Card | Rejected | Skipped:
    found: dict[str, list[Property]] = defaultdict(list)
    for item in properties(data, block.indent):
        found[item.name].append(item)
    uid = _uid(found)
    locator = f"line {line}, UID {uid}" if uid else f"line {line}"
    kind = _first(found, "KIND", "X-ADDRESSBOOKSERVER-KIND").lower() or "individual"
    if not block.is_closed:
        reason, mend = "card has no END:VCARD", "export the address book again: this copy may be cut short"
    elif kind == "group":
        return Skipped(position=position, locator=locator, reason="group")
    elif card := _card(found, uid, kind, position, locator):
        return card
    else:
        reason, mend = "card holds no name, address or phone", "give the card a name, or delete it"
    excerpt = property_names(data)
    return Rejected(position=position, locator=locator, reason=reason, mend=mend, excerpt=excerpt)


def _card(found: Properties, uid: str, kind: str, position: int, locator: str) -> Card | None:
    """The card of these properties, or None if they name nobody and nothing to reach them by."""
    structured = _structured_name(found)
    emails = _distinct(address for item in _ranked(found, "EMAIL") for address in _addresses(item.value))
    phones = _distinct(_phone(item.value) for item in _ranked(found, "TEL"))
    organization = _organization(found)
    nickname = next((name for item in _ranked(found, "NICKNAME") for name in _texts(item.value, ",")), "")
    candidates = (_first(found, "FN"), _full_name(structured), organization, *emails, nickname, *phones)
    name = next(filter(None, candidates), "")
    if not name:
        return None
    return Card(
        key=uid or _hash(name, emails, phones),
        position=position,
        locator=locator,
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
        birthday=next((day for item in found.get("BDAY", ()) if (day := _birthday(item))), None),
        categories=_distinct(
            text for item in found.get("CATEGORIES", ()) for text in _texts(item.value, ",")
        ),
        revised_at=next((at for item in found.get("REV", ()) if (at := _instant(item.value))), None),
    )


def _ranked(found: Properties, *names: str) -> list[Property]:
    """The properties of these names, preferred first, else in the card's order."""
    return sorted((item for name in names for item in found.get(name, ())), key=lambda item: item.rank)


def _first(found: Properties, *names: str) -> str:
    """The text of the preferred property that has one, the earlier name before the later."""
    return next((text for name in names for item in _ranked(found, name) if (text := _text(item.value))), "")


def _text(value: str) -> str:
    """A value without its escapes (RFC 6350 3.4), as one clean line."""
    return clean(_unescaped(value))


def _unescaped(value: str) -> str:
    return _ESCAPE.sub(lambda m: " " if m[1] in "nN" else m[1], value) if "\\" in value else value


def _parts(value: str, separator: str) -> list[str]:
    """The still escaped components of a value, cut at the separators that no backslash precedes."""
    if "\\" not in value:
        return value.split(separator)
    # Decoded values hold no NUL, so it can stand for an escaped backslash meanwhile.
    parts = re.split(rf"(?<!\\){separator}", value.replace("\\\\", "\x00"))
    return [part.replace("\x00", "\\\\") for part in parts]


def _texts(value: str, separator: str) -> list[str]:
    return [text for part in _parts(value, separator) if (text := _text(part))]


def _structured_name(found: Properties) -> tuple[str, str, str, str, str]:
    """N: family, given, additional names, prefixes, suffixes (RFC 6350 6.2.2), each on one line."""
    names = [[" ".join(_texts(part, ",")) for part in _parts(n.value, ";")[:5]] for n in _ranked(found, "N")]
    family, given, additional, prefix, suffix = [*next(filter(any, names), []), "", "", "", "", ""][:5]
    return family, given, additional, prefix, suffix


def _full_name(structured: tuple[str, str, str, str, str]) -> str:
    family, given, additional, prefix, suffix = structured
    return clean(" ".join((prefix, given, additional, family, suffix)))


def _organization(found: Properties) -> str:
    """ORG's name and units (RFC 6350 6.6.4), joined."""
    return next(
        (clean(", ".join(units)) for o in _ranked(found, "ORG") if (units := _texts(o.value, ";"))), ""
    )


def _uid(found: Properties) -> str:
    uids = (clean(_unescaped(item.value), 1000) for item in found.get("UID", ()))
    return next((bare for uid in uids if (bare := _without_scheme(uid, "urn:uuid:"))), "")


def _hash(name: str, emails: tuple[str, ...], phones: tuple[str, ...]) -> str:
    return sha256("|".join((name, ",".join(emails), ",".join(phones))).encode()).hexdigest()[:16]


def _addresses(value: str) -> Iterator[str]:
    """The addresses of one EMAIL: some programs write ``mailto:``, ``Name <address>`` or a list."""
    text = clean(_unescaped(value), 4000)
    if (bare := _without_scheme(text, "mailto:")) != text:
        text = clean(unquote(bare.partition("?")[0]), 4000)
    for part in _BRACKETED.findall(text) or re.split("[,;]", text):
        address = _without_scheme(part.strip(" '\"<>"), "mailto:")
        if _ADDRESS.fullmatch(address):
            yield address


def _phone(value: str) -> str:
    return _without_scheme(_text(value), "tel:")


def _urls(found: Properties) -> tuple[str, ...]:
    items = _ranked(found, "URL", "X-SOCIALPROFILE", "SOCIALPROFILE")
    return _distinct(clean(_unescaped(item.value), _LONGEST_URL) for item in items)


def _without_scheme(text: str, scheme: str) -> str:
    return text[len(scheme) :].strip() if text[: len(scheme)].lower() == scheme else text


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    """The non-empty texts in order, the first spelling of each."""
    found: dict[str, str] = {}
    for text in filter(None, texts):
        found.setdefault(text.casefold(), text)
    return tuple(found.values())


def _birthday(item: Property) -> str | None:
    """``YYYY-MM-DD`` or ``--MM-DD`` of any form of BDAY (RFC 6350 6.2.5); None if it is no such date."""
    match = _BIRTHDAY.match(item.value.strip())
    if not match or (match[1] == "--" and item.value.strip().startswith("---")):
        return None
    omitted = ("--", _NO_YEAR, item.parameters.get("X-APPLE-OMIT-YEAR"))
    year = None if match[1] in omitted else int(match[1])
    try:
        day = date(_LEAP_YEAR if year is None else year, int(match[2]), int(match[3]))
    except ValueError:
        return None
    if year is None:
        return f"--{day:%m-%d}"
    return day.isoformat() if year >= _OLDEST_BIRTH_YEAR else None


def _instant(value: str) -> datetime | None:
    """REV in UTC, from ISO 8601 in its basic or extended form; a time without a zone is taken as UTC."""
    try:
        at = datetime.fromisoformat(value.strip().upper())
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _other_format(data: bytes) -> str:
    head = data[:1024].removeprefix(BOM_UTF8).lstrip()
    for beginning, mend in _OTHER_FORMATS:
        if head.upper().startswith(beginning):
            return mend
    return "export the address book as vCard (.vcf) and add that file"
