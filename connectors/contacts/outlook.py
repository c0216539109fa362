"""Outlook's contacts as CSV: of Outlook for Windows in six languages, of Outlook.com, and Google's imitation.

The heading is in the language of the program, the delimiter and the dates are those of the country. What a
date such as ``3/4/1980`` means is said nowhere: it is decided over the whole column, or not at all.
"""

import re
from collections.abc import Iterator

from connectors.contacts.rows import addresses, birthday, card
from connectors.inputs import Input
from connectors.records import Item
from connectors.tables import Layout, Row, items, looked_ahead, rows

_NAMES = {
    "given": ("first name", "vorname", "prénom", "nombre", "voornaam", "nome"),
    "middle": (
        *("middle name", "weitere vornamen", "zweiter vorname", "deuxième prénom"),
        *("segundo nombre", "middelste naam", "tweede naam", "secondo nome"),
    ),
    "family": ("last name", "nachname", "nom", "apellidos", "apellido", "achternaam", "cognome"),
    "suffix": ("suffix", "suffixe", "sufijo", "achtervoegsel", "titolo straniero"),
    "nickname": ("nickname",),
    "organization": ("company", "firma", "société", "organización", "compañía", "bedrijf", "società"),
    "department": ("department", "abteilung", "service", "departamento", "afdeling", "reparto"),
    "title": ("job title", "position", "titre", "puesto", "cargo", "functie", "posizione"),
    "email 1": (
        *("e-mail address", "e-mail-adresse", "adresse de messagerie"),
        *("dirección de correo electrónico", "e-mailadres", "indirizzo posta elettronica"),
    ),
    "email 2": (
        *("e-mail 2 address", "e-mail 2: adresse", "adresse de messagerie 2"),
        *("dirección de correo electrónico 2", "e-mailadres 2", "indirizzo posta elettronica 2"),
    ),
    "email 3": (
        *("e-mail 3 address", "e-mail 3: adresse", "adresse de messagerie 3", "e-mailadres 3"),
        *("dirección de correo electrónico 3", "dirección del correo electrónico 3"),
        "indirizzo posta elettronica 3",
    ),
    "type 1": (
        *("e-mail type", "e-mail-typ", "type de messagerie"),
        *("tipo de correo electrónico", "e-mailtype", "tipo posta elettronica"),
    ),
    "type 2": (
        *("e-mail 2 type", "e-mail 2: typ", "type de messagerie 2"),
        *("tipo de correo electrónico 2", "e-mailtype 2", "tipo posta elettronica 2"),
    ),
    "type 3": (
        *("e-mail 3 type", "e-mail 3: typ", "type de messagerie 3"),
        *("tipo de correo electrónico 3", "e-mailtype 3", "tipo posta elettronica 3"),
    ),
    # A company's main number and an assistant's are others' too: they would make colleagues one person.
    "phone": (
        *("primary phone", "mobile phone", "mobile phone 2", "business phone", "business phone 2"),
        *("home phone", "home phone 2", "other phone", "car phone"),
        *("haupttelefon", "mobiltelefon", "mobiltelefon 2", "telefon geschäftlich", "telefon geschäftlich 2"),
        *("telefon privat", "telefon privat 2", "telefon (privat)", "telefon (privat 2)", "weiteres telefon"),
        *("téléphone principal", "tél. mobile", "téléphone (bureau)", "téléphone 2 (bureau)"),
        *("téléphone (domicile)", "téléphone 2 (domicile)", "téléphone (autre)"),
        *("teléfono principal", "teléfono móvil", "móvil", "teléfono del trabajo", "teléfono del trabajo 2"),
        *("particular", "otro teléfono"),
        *("hoofdtelefoon", "mobiele telefoon", "telefoon op werk", "telefoon op werk 2"),
        *("telefoon thuis", "telefoon thuis 2", "andere telefoon"),
        *("telefono principale", "cellulare", "ufficio", "ufficio 2", "abitazione", "abitazione 2"),
        "altro telefono",
    ),
    "url": (
        *("web page", "personal web page", "webseite", "page web", "página web"),
        *("webpagina", "pagina web"),
    ),
    "categories": (
        *("categories", "kategorien", "catégories", "categorías"),
        *("categorieën", "categorien", "categorie"),
    ),
    "birthday": ("birthday",),
    "birthday abroad": ("geburtstag", "anniversaire", "cumpleaños", "verjaardag", "compleanno"),
}
_BY_COLUMN = {column: name for name, columns in _NAMES.items() for column in columns}
_LAYOUT = Layout(
    "Outlook contacts",
    "export them in Outlook as comma-separated values",
    _BY_COLUMN.get,
    {"First Name or Last Name": ("given", "family"), "E-mail Address": ("email 1",)},
)
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d).*")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4}|\d\d)(?!\d).*")
_INSIDE_EXCHANGE = "EX"


def read(source: Input) -> Iterator[Item]:
    """One item for every row, in file order. Raises NotThisFormat for a file with another heading."""
    is_day_first, source = looked_ahead(source, _is_day_first)

    def to_card(row: Row) -> Item:
        day = _birthday(row.one("birthday") or row.one("birthday abroad"), is_day_first)
        categories = re.split("[;,]", ";".join(row.many("categories")))
        return card(row, _emails(row), day, map(str.strip, categories), source.dated)

    yield from items(source, _LAYOUT, to_card)


def _emails(row: Row) -> tuple[str, ...]:
    """The addresses, without those that only the Exchange server of the person's office can read."""
    outside = [n for n in "123" if row.one(f"type {n}").upper() != _INSIDE_EXCHANGE]
    return addresses(value for n in outside for value in row.many(f"email {n}"))


def _is_day_first(source: Input) -> bool | None:
    """Whether ``3/4/1980`` is in April; None if no row of the column tells, or if two rows disagree."""
    told: set[bool] = set()
    is_abroad = False
    for row in rows(source, _LAYOUT):
        if isinstance(row, Row) and (date := row.one("birthday abroad") or row.one("birthday")):
            is_abroad = is_abroad or "birthday abroad" in row.fields
            found = _YEAR_LAST.fullmatch(date)
            if found and found[2] != "." and max(first := int(found[1]), int(found[3])) > 12:
                told.add(first > 12)
    # Of these languages, English alone is written where the month comes first.
    return True if is_abroad and not told else told.pop() if len(told) == 1 else None


def _birthday(text: str, is_day_first: bool | None) -> str | None:
    if found := _YEAR_FIRST.fullmatch(text):
        return birthday(*found.groups())
    found = _YEAR_LAST.fullmatch(text)
    if not found:
        return None
    first, separator, second, year = found.groups()
    if separator == "." or is_day_first:
        return birthday(year, second, first)
    return None if is_day_first is None else birthday(year, first, second)
