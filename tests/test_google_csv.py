"""connectors.contacts.google: both headings of Google Contacts, and what its fields mean."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contacts.google import read
from connectors.inputs import Input, plain
from connectors.records import Card, Item, NotThisFormat, Rejected, Skipped

DATA = Path(__file__).parent / "data" / "contacts"
HEADING = "First Name,Last Name,Birthday,Labels,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Value\n"


def items_of(name: str) -> list[Item]:
    with plain(DATA / name) as source:
        return list(read(source))


def read_text(text: str) -> list[Item]:
    return list(
        read(Input(io.BytesIO(text.encode()), "contacts.csv", dated=datetime(2024, 5, 1, tzinfo=UTC)))
    )


def test_the_heading_of_before_2024_is_read_with_its_joined_values() -> None:
    ada, phone, note, empty = items_of("google-2023.csv")
    assert isinstance(ada, Card)
    assert (ada.name, ada.given_name, ada.family_name, ada.nickname) == (
        "Dr. Ada Quill",
        "Ada",
        "Quill",
        "Addy",
    )
    assert ada.emails == ("ada@quill.example", "ada.quill@example.org", "ada@home.example")
    assert ada.phones == ("+44 20 7946 0001", "+44 20 7946 0002")
    assert (ada.organization, ada.title, ada.birthday) == ("Quill & Co, Books", "Editor", "--12-10")
    assert (ada.categories, ada.urls) == (("Choir",), ("https://quill.example",))
    assert isinstance(phone, Card)
    assert (phone.name, phone.locator) == ("+44 20 7946 0003", "line 4")
    assert isinstance(note, Rejected)
    assert note.reason == "row holds no name, address or phone"
    assert isinstance(empty, Skipped)
    assert empty.reason == "empty row"


def test_the_heading_since_2024_is_read() -> None:
    zoe, yard = items_of("google-2024.csv")
    assert isinstance(zoe, Card)
    assert (zoe.name, zoe.emails, zoe.birthday) == ("Zoë Müller PhD", ("zoe@holz.example",), "1985-04-30")
    assert (zoe.organization, zoe.title, zoe.categories) == ("Holz GmbH", "Tischlerin", ("Kunden",))
    assert isinstance(yard, Card)
    assert (yard.name, yard.organization) == ("Werft AG", "Werft AG")


def test_nothing_of_a_note_is_kept() -> None:
    assert "fair" not in repr(items_of("google-2023.csv"))


def test_a_card_is_as_old_as_its_export() -> None:
    [card] = read_text(HEADING + "Ada,Quill,,,,ada@quill.example,\n")
    assert isinstance(card, Card)
    assert card.revised_at == datetime(2024, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1990-02-28", "1990-02-28"),
        ("--02-29", "--02-29"),
        ("1990-02-29", None),
        ("0001-01-01", None),
        ("soon", None),
    ],
)
def test_an_unreadable_birthday_costs_the_birthday(written: str, meant: str | None) -> None:
    [card] = read_text(HEADING + f"Ada,,{written},,,,\n")
    assert isinstance(card, Card)
    assert card.birthday == meant


def test_what_is_no_address_is_left_out() -> None:
    [card] = read_text(HEADING + 'Ada,,,,,"Ada <MAILTO:ada@quill.example> ::: nonsense ::: a b",\n')
    assert isinstance(card, Card)
    assert card.emails == ("ada@quill.example",)


@pytest.mark.parametrize(
    "name", ["outlook-en.csv", "outlook-de.csv", "thunderbird-de.csv", "thunderbird-old.csv"]
)
def test_the_address_book_of_another_program_is_refused(name: str) -> None:
    with pytest.raises(NotThisFormat, match="as Google CSV"):
        items_of(name)


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters='",\r\n\x00'), max_size=20),
        min_size=7,
        max_size=7,
    )
)
def test_every_row_is_one_item(cells: list[str]) -> None:
    assert len(read_text(HEADING + ",".join(cells) + "\n")) == 1
