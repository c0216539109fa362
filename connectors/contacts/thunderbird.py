"""Thunderbird's address book as CSV or tab-separated text.

Its heading is in the language of the program, but its columns are always in one order; old versions write
no heading at all. So a heading that is not known by its words is passed over, and the order decides.
"""

import re
from collections.abc import Iterator

from connectors.contacts.rows import addresses, birthday, card
from connectors.inputs import Input
from connectors.records import Item
from connectors.tables import Layout, Row, items

_NAMES = {
    "given": ("first name", "vorname", "prénom"),
    "family": ("last name", "nachname", "nom de famille"),
    "name": ("display name", "anzeigename", "nom à afficher", "nome visualizzato"),
    "nickname": ("nickname", "spitzname", "surnom", "soprannome"),
    "email": ("primary email", "primäre e-mail-adresse", "adresse électronique principale", "email primaria"),
    "email 2": (
        "secondary email",
        "sekundäre e-mail-adresse",
        "adresse électronique secondaire",
        "email secondaria",
    ),
    "phone": (
        *("work phone", "home phone", "mobile number"),
        *("tel. dienstlich", "tel. privat", "mobil-tel.-nr."),
        *("tél. professionnel", "tél. personnel", "portable"),
        *("telefono lavoro", "telefono casa", "numero cellulare"),
    ),
    "title": ("job title", "arbeitstitel", "profession", "qualifica"),
    "department": ("department", "abteilung", "service", "reparto"),
    "organization": ("organization", "organisation", "société", "organizzazione"),
    "url": (
        "web page 1",
        "web page 2",
        "webseite 1",
        "webseite 2",
        "site web 1",
        "site web 2",
        "pagina web 1",
    ),
    "year": ("birth year", "geburtsjahr", "année de naissance"),
    "month": ("birth month", "geburtsmonat", "mois"),
    "day": ("birth day", "geburtstag", "jour"),
}
_BY_COLUMN = {column: name for name, columns in _NAMES.items() for column in columns}

# Name, two addresses, a screen name, telephones, six lines of each address, the work, the birthday, notes.
_ORDER = (
    *("given", "family", "name", "nickname", "email", "email 2", None),
    *("phone", "phone", None, None, "phone"),
    *(None,) * 12,
    *("title", "department", "organization", "url", "url", "year", "month", "day"),
)
_WIDTHS = range(36, 40)  # with four columns of one's own, and notes in newer versions
_ADDRESS_AT = _ORDER.index("email")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")


def _is_ordered(cells: list[str]) -> bool:
    return len(cells) in _WIDTHS and bool(_ADDRESS.fullmatch(cells[_ADDRESS_AT]))


_LAYOUT = Layout(
    "Thunderbird address book",
    "export it in Thunderbird's address book as comma-separated (UTF-8)",
    _BY_COLUMN.get,
    {"Display Name": ("name",), "Primary Email": ("email",)},
    _ORDER,
    _is_ordered,
)


def read(source: Input) -> Iterator[Item]:
    """One item for every row, in file order. Raises NotThisFormat for a file with another heading."""

    def to_card(row: Row) -> Item:
        born = birthday(row.one("year"), row.one("month"), row.one("day"))
        emails = addresses(row.many("email") + row.many("email 2"))
        return card(row, emails, born, (), source.dated)

    return items(source, _LAYOUT, to_card)
