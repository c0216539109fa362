"""connectors.contacts.outlook: headings in six languages, Exchange's addresses, and dates of two orders."""

import io
from pathlib import Path

import pytest

from connectors.contacts.outlook import read
from connectors.inputs import Input, plain
from connectors.records import Card, Item, NotThisFormat, Rejected

DATA = Path(__file__).parent / "data" / "contacts"


class Once(io.BytesIO):
    """A stream that cannot be sought in, as a member of an archive."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation


def items_of(name: str) -> list[Item]:
    with plain(DATA / name) as source:
        return list(read(source))


def cards(text: str, encoding: str = "cp1252", stream: type[io.BytesIO] = io.BytesIO) -> list[Card]:
    items = list(read(Input(stream(text.encode(encoding)), "contacts.csv")))
    assert all(isinstance(item, Card) for item in items)
    return [item for item in items if isinstance(item, Card)]


def birthdays(*dates: str, heading: str = "First Name,E-mail Address,Birthday") -> list[str | None]:
    return [
        card.birthday for card in cards(heading + "".join(f"\nP{n},,{day}" for n, day in enumerate(dates)))
    ]


def test_an_english_export_is_read_without_exchange_addresses_and_faxes() -> None:
    rene, ola, undated, ghost = items_of("outlook-en.csv")
    assert isinstance(rene, Card)
    assert (rene.name, rene.emails) == ("René Q. Faßbinder", ("rene@mill.example",))
    assert rene.phones == ("+1 202 555 0101", "+1 202 555 0102")
    assert (rene.organization, rene.title, rene.categories) == (
        "Mill Ltd, Sales",
        "Buyer",
        ("Friends", "Work"),
    )
    assert (rene.birthday, rene.urls) == ("1980-03-25", ("https://mill.example",))
    assert isinstance(ola, Card)
    assert (ola.emails, ola.birthday, ola.locator) == (("ola@nord.example",), "1991-04-05", "line 4")
    assert isinstance(undated, Card)
    assert undated.birthday is None
    assert isinstance(ghost, Rejected)


def test_a_german_export_is_read_with_its_semicolons_and_dots() -> None:
    joerg, aenne = items_of("outlook-de.csv")
    assert isinstance(joerg, Card)
    assert (joerg.name, joerg.organization, joerg.title) == ("Jörg Strauß", "Bäckerei; Süd", "Meister")
    assert (joerg.birthday, joerg.emails) == ("1970-04-03", ("joerg@baeckerei.example",))
    assert isinstance(aenne, Card)
    assert (aenne.name, aenne.birthday) == ("Änne Groß", None)


@pytest.mark.parametrize(
    "heading",
    [
        "Prénom;Nom;Société;Tél. mobile;Adresse de messagerie;Type de messagerie;Anniversaire",
        "Nombre;Apellidos;Organización;Mobile Phone;E-mail Address;E-mail Type;Cumpleaños",
        "Voornaam;Achternaam;Bedrijf;Mobiele telefoon;E-mailadres;E-mailtype;Verjaardag",
        "Nome;Cognome;Società;Cellulare;Indirizzo posta elettronica;Tipo posta elettronica;Compleanno",
        "Vorname;Nachname;Firma;Mobiltelefon;E-Mail-Adresse;E-Mail-Typ;Geburtstag",
    ],
)
@pytest.mark.parametrize("encoding", ["cp1252", "utf-8-sig", "utf-16"])
def test_headings_in_other_languages_are_read_in_every_encoding(heading: str, encoding: str) -> None:
    [card] = cards(f"{heading}\r\nNoël;Bay;Mill;+31 6 1;noel@mill.example;SMTP;5/4/1980\r\n", encoding)
    assert (card.name, card.organization, card.phones) == ("Noël Bay", "Mill", ("+31 6 1",))
    assert (card.emails, card.birthday) == (("noel@mill.example",), "1980-04-05")


def test_a_heading_of_outlook_com_is_read() -> None:
    heading = "First Name,Middle Name,Last Name,Title,Suffix,Nickname,Given Yomi,Surname Yomi,E-mail Address"
    [card] = cards(f"{heading}\nAda,,Quill,,,Addy,,,ada@quill.example\n")
    assert (card.name, card.nickname) == ("Ada Quill", "Addy")


def test_the_order_of_dates_is_decided_over_the_whole_column() -> None:
    assert birthdays("3/4/1980", "3/25/1980") == ["1980-03-04", "1980-03-25"]
    assert birthdays("3/4/1980", "25/3/1980") == ["1980-04-03", "1980-03-25"]
    assert birthdays("3/4/1980", "") == [None, None]
    assert birthdays("3/25/1980", "25/3/1980", "3/4/1980") == [None, None, None]
    assert birthdays("3/25/1980", "3/4/1980", heading="Vorname,E-Mail-Adresse,Geburtstag") == [
        "1980-03-25",
        "1980-03-04",
    ]


def test_dates_that_say_their_order_need_no_column() -> None:
    assert birthdays("1980-03-04", "4.3.1980", "1980-03-04T00:00:00") == ["1980-03-04"] * 3


def test_dates_that_mean_no_date_are_none() -> None:
    assert birthdays("0/0/00", "1/25/4501", "0.0.00", "13/13/1980", "25.12.80") == [
        None,
        None,
        None,
        None,
        "--12-25",
    ]


def test_an_export_that_can_be_read_only_once_is_read_alike() -> None:
    text = (DATA / "outlook-en.csv").read_bytes()
    assert list(read(Input(Once(text), "outlook-en.csv"))) == items_of("outlook-en.csv")


@pytest.mark.parametrize("name", ["google-2024.csv", "thunderbird-de.csv", "../linkedin/Connections.csv"])
def test_the_export_of_another_program_is_refused(name: str) -> None:
    with pytest.raises(NotThisFormat, match="export them in Outlook"):
        items_of(name)
