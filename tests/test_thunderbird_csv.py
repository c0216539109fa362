"""connectors.contacts.thunderbird: headings in several languages, in an unknown one, and none at all."""

import io
from pathlib import Path

import pytest

from connectors.contacts.thunderbird import read
from connectors.inputs import Input, plain
from connectors.records import Card, Item, NotThisFormat

DATA = Path(__file__).parent / "data" / "contacts"
ENGLISH = "First Name,Last Name,Display Name,Primary Email,Secondary Email,Birth Year,Birth Month,Birth Day"


def items_of(name: str) -> list[Item]:
    with plain(DATA / name) as source:
        return list(read(source))


def read_text(text: str) -> list[Item]:
    return list(read(Input(io.BytesIO(text.encode()), "abook.csv")))


def test_a_german_export_is_read() -> None:
    [kaethe] = items_of("thunderbird-de.csv")
    assert isinstance(kaethe, Card)
    assert (kaethe.name, kaethe.given_name, kaethe.nickname) == ("Förster, Käthe", "Käthe", "Kathi")
    assert kaethe.emails == ("kaethe@wald.example", "k.foerster@example.org")
    assert kaethe.phones == ("+49 30 1111", "+49 30 2222", "+49 170 4444")
    assert (kaethe.organization, kaethe.title, kaethe.birthday) == (
        "Forstamt, Süd",
        "Försterin",
        "1990-02-28",
    )


def test_an_old_export_with_tabs_and_no_heading_is_read_by_the_order_of_its_columns() -> None:
    ida, jon = items_of("thunderbird-old.csv")
    assert isinstance(ida, Card)
    assert (ida.name, ida.emails, ida.locator) == (
        "Ida Boe",
        ("ida@boe.example", "boe@example.org"),
        "line 1",
    )
    assert ida.phones == ("+47 22 00 00 01", "+47 22 00 00 02", "+47 900 00 003")
    assert (ida.organization, ida.title, ida.birthday) == ("Press", "Writer", "--07-04")
    assert isinstance(jon, Card)
    assert jon.name == "Jon Vik"


def test_a_heading_in_an_unknown_language_is_read_by_the_order_of_its_columns() -> None:
    row = (DATA / "thunderbird-old.csv").read_text().splitlines()[0]
    heading = "\t".join(f"Sarake {n}" for n in range(row.count("\t") + 1))
    [ida] = read_text(f"{heading}\n{row}\n")
    assert isinstance(ida, Card)
    assert (ida.name, ida.locator) == ("Ida Boe", "line 2")


def test_a_short_english_export_is_read() -> None:
    [card] = read_text(f"{ENGLISH}\nAda,Quill,,ada@quill.example,,1980,3,5\n")
    assert isinstance(card, Card)
    assert (card.name, card.birthday) == ("Ada Quill", "1980-03-05")


@pytest.mark.parametrize("day", [",3,5", "1980,,5", "1980,13,5", "x,y,z"])
def test_an_incomplete_birthday_costs_no_more_than_the_birthday(day: str) -> None:
    [card] = read_text(f"{ENGLISH}\nAda,Quill,,ada@quill.example,,{day}\n")
    assert isinstance(card, Card)
    assert card.birthday == ("--03-05" if day == ",3,5" else None)


@pytest.mark.parametrize(
    "name", ["google-2024.csv", "outlook-en.csv", "outlook-de.csv", "../linkedin/Connections.csv"]
)
def test_the_address_book_of_another_program_is_refused(name: str) -> None:
    with pytest.raises(NotThisFormat, match="Thunderbird"):
        items_of(name)
