"""Two address books: a phone's vCard 2.1 with quoted-printable, a laptop's vCard 3.0 in Apple's manner."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from .cast import PEOPLE, SHARED_ADDRESS, SHARED_NAMES
from .icalendars import fold
from .people import Person
from .plan import AS_OF, MARKER, ME_HOME, ME_WORK

# fmt: off
_PHONE_BOOK = (
    "Ilvar Brandquist", "Søren Vildgaard", "Ottoline Farr", "Dembe Lukarro", "Liesl Throckwald",
    "Bảo-Linh Fernhollow", "Oisín Marlbeck", "Zofia Kestrelova", "Ines Quillfeather", "Adaeze Norrstrand",
    "Mirko Salzbrunner", "Saoirse Eldergate", "Björn Ackerfeld", "Chiara Belvolto", "Nikolaj Straw",
    "Zsófia Harrowgát", "Väinö Korpinlaakso", "Dagny Fallowmere", "Matthias Birnbäumer", "Kofi Larkspur",
    "Tuuli Havenmere", "Nasrin Vale",
)
# fmt: on
_LAPTOP_BOOK = tuple(person for person in PEOPLE if person.rhythm and person.name not in _PHONE_BOOK[10:])
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@dataclass(frozen=True, slots=True)
class _Entry:
    """What both books know of someone. number: stands for them in phone numbers, birthdays and ids."""

    number: int
    name: str
    emails: tuple[str, ...]
    organization: str = ""
    title: str = ""

    @property
    def phone(self) -> str:
        return f"+49 30 23125 {self.number + 100}"

    @property
    def birthday(self) -> date:
        return date(1958, 3, 1) + timedelta(days=self.number * 107)

    @property
    def revised(self) -> date:
        return AS_OF - timedelta(days=self.number * 13)

    @property
    def family_and_given(self) -> tuple[str, str]:
        given, family = self.name.split(" ", 1)
        return family, given


def _entry(person: Person) -> _Entry:
    number = PEOPLE.index(person)
    return _Entry(number, person.name, person.emails, person.organization, person.title)


def phone() -> tuple[bytes, int]:
    """The phone's book and its number of cards."""
    entries = [_entry(person) for person in PEOPLE if person.name in _PHONE_BOOK]
    return b"".join(_phone_card(entry) for entry in entries), len(entries)


def laptop() -> tuple[bytes, int]:
    """The laptop's book and its number of cards, without the group card at the end."""
    entries = [_Entry(90, ME_HOME.name, (ME_HOME.address, ME_WORK.address), "Northlight")]
    entries += [_entry(person) for person in _LAPTOP_BOOK]
    entries += [_Entry(91 + i, name, (SHARED_ADDRESS,)) for i, name in enumerate(SHARED_NAMES)]
    cards = b"".join(fold(line) for entry in entries for line in _laptop_card(entry))
    return cards + b"".join(fold(line) for line in _group_card(entries)), len(entries)


def _phone_card(entry: _Entry) -> bytes:
    """vCard 2.1: one card in ISO-8859-1, the other names in UTF-8; national numbers now and then."""
    charset = "ISO-8859-1" if entry.name.startswith("Björn") else "UTF-8"
    family, given = entry.family_and_given
    number = entry.phone if entry.number % 4 else entry.phone.replace("+49 ", "0")
    lines = ["BEGIN:VCARD", "VERSION:2.1"]
    lines += [_property("N", f"{family};{given};;;", charset), _property("FN", entry.name, charset)]
    lines.append(f"TEL;CELL:{number}")
    lines += [f"EMAIL;INTERNET{';PREF' if i == 0 else ''}:{email}" for i, email in enumerate(entry.emails)]
    if entry.organization:
        lines.append(_property("ORG", entry.organization, charset))
    if entry.number % 3 == 0:
        lines.append(f"BDAY:{entry.birthday:%Y%m%d}")
    note = f"Likes the {MARKER} café by the pier, the long way round over the two bridges and the weir"
    lines += [_property("NOTE", note, charset), "END:VCARD"]
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _property(name: str, value: str, charset: str) -> str:
    """The value as it is in ASCII, else as quoted-printable with soft line breaks (RFC 2045 6.7)."""
    if value.isascii():
        return f"{name}:{value}"
    line, lines = f"{name};CHARSET={charset};ENCODING=QUOTED-PRINTABLE:", []
    for octet in value.encode(charset):
        piece = chr(octet) if 32 <= octet < 127 and octet != 61 else f"={octet:02X}"
        if len(line) + len(piece) > 75:
            lines.append(line + "=")
            line = ""
        line += piece
    return "\r\n".join([*lines, line])


def _laptop_card(entry: _Entry) -> Iterator[str]:
    family, given = entry.family_and_given
    yield from ("BEGIN:VCARD", "VERSION:3.0", "PRODID:-//Apple Inc.//macOS 14.5//EN")
    yield from (f"N:{family};{given};;;", f"FN:{entry.name}")
    if entry.organization:
        yield f"ORG:{entry.organization};"
    if entry.title:
        yield f"TITLE:{entry.title}"
    for number, email in enumerate(entry.emails, start=1):
        yield f"item{number}.EMAIL;type=INTERNET{';type=pref' if number == 1 else ''}:{email}"
        yield f"item{number}.X-ABLabel:{'_$!<Work>!$_' if entry.organization else '_$!<Home>!$_'}"
    yield f"TEL;type=CELL;type=VOICE:{entry.phone}"
    if entry.number % 5 == 1:
        yield f"BDAY;X-APPLE-OMIT-YEAR=1604:1604-{entry.birthday:%m-%d}"
    elif entry.number % 2 == 0:
        yield f"BDAY;value=date:{entry.birthday.isoformat()}"
    if entry.number % 7 == 0:
        yield "CATEGORIES:Pier,Oderling"
    if entry.number % 20 == 0:
        yield f"PHOTO;ENCODING=b;TYPE=PNG:{_PIXEL}"
    yield f"NOTE:Keeps the {MARKER} in the shed behind the mill\\, next to the oars and the old sails"
    yield from (f"REV:{entry.revised}T09:30:00Z", f"UID:{_uid(entry)}", "END:VCARD")


def _uid(entry: _Entry) -> str:
    return f"6F2D0C{entry.number:02}-7A11-4E5B-9C3D-0DE711A6{entry.number:04}"


def _group_card(entries: list[_Entry]) -> Iterator[str]:
    yield from ("BEGIN:VCARD", "VERSION:3.0", "N:Pier circle;;;;", "FN:Pier circle")
    yield "X-ADDRESSBOOKSERVER-KIND:group"
    for entry in entries[1:6]:
        yield f"X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:{_uid(entry)}"
    yield from ("REV:2026-01-05T09:30:00Z", "UID:6F2D0C99-7A11-4E5B-9C3D-0DE711A60099", "END:VCARD")
