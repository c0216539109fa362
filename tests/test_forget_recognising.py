"""Whom a home has forgotten: recognised in whatever text, and taken out of a row without harm to others."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline import ME

from warehouse.forgetting import deciding
from warehouse.forgetting.cleansing import cleansed
from warehouse.forgetting.memory import name_identifiers, new_memory, with_identifiers
from warehouse.forgetting.recognising import Forgotten
from warehouse.forgetting.searching import Needles
from warehouse.people.addresses import parse

WILMA = "wilma.quince@quince.example"
BO = "bo.larch@larch.example"
HOLDING = [
    WILMA,
    f"<77.{WILMA}>",
    f"byte 12, Message-ID <{WILMA}>",
    "bounces+wilma.quince=quince.example@lists.example",
    "Wilma.Quince+shop@Quince.Example",
    '"wilma.quince"@quince.example',
    "SRS0=x1=2y=quince.example=wilma.quince@forwarder.example",
    "1@wilma.quince@quince.example",
    "https://x.example/?of=wilma.quince%40quince.example",
    "wilma.quince＠quince.example",
    f"header:{WILMA}|quince wilma",
    f"/home/robin/{WILMA}.vcf: permission denied",
    f"same address {WILMA} on card 7",
]


def somebody(*identifiers: str) -> Forgotten:
    memory = new_memory()
    return Forgotten(with_identifiers(memory, identifiers, mine=[ME], region=None))


@pytest.mark.parametrize("text", HOLDING)
def test_an_address_is_found_wherever_it_stands(text: str) -> None:
    assert somebody(WILMA).holds(text)


@pytest.mark.parametrize(
    "text", ["", "bo@quince.example", "wilma.quince@other.example", "2026-01-05", "Wilma"]
)
def test_another_text_is_left_alone(text: str) -> None:
    assert not somebody(WILMA, "+12025550143").holds(text)


@given(st.sampled_from(HOLDING), st.text(max_size=5), st.text(max_size=5))
def test_a_line_is_suspect_if_any_text_in_it_holds_one(held: str, before: str, after: str) -> None:
    forgotten = somebody(WILMA, "+12025550143", "linkedin:wilma-q-7")
    text = f"{before}{held}{after}"
    if forgotten.holds(text):
        assert forgotten.may_hold(json.dumps({"a": 1, "b": [text]}, ensure_ascii=False))


@pytest.mark.parametrize(
    "text", ["call +1 (202) 555-0143 now", "tel:+12025550143", "+1 202 555 01 43, 7 p.m."]
)
def test_a_number_is_found_however_its_digits_are_grouped(text: str) -> None:
    assert somebody("+12025550143").holds(text)
    assert not somebody("+12025550144").holds(text)


def test_a_text_that_says_a_full_name_names_them() -> None:
    forgotten = somebody(*name_identifiers("Wilma Quince"))
    assert forgotten.names("no such file: /home/robin/book/Wilma B. Quince.vcf")
    assert forgotten.names("WilmaQuince-2024.vcf")
    assert not forgotten.names("Wilma and Bo went to see Mr. Quince")


@pytest.mark.parametrize(
    "raw", ["mary.wilma@quince.example", "wilma@quince.example.org", "wilma@aquince.example"]
)
def test_an_address_that_only_contains_theirs_is_somebody_elses(raw: str) -> None:
    assert not somebody("wilma@quince.example").is_address(raw)


@given(st.emails(), st.emails())
def test_only_who_was_forgotten_is_recognised(theirs: str, others: str) -> None:
    forgotten = somebody(parse(theirs).value)
    assert forgotten.is_address(theirs)
    if parse(others).value.partition("+")[0] != parse(theirs).value.partition("+")[0]:
        assert not forgotten.is_address(others)


def test_a_name_is_theirs_whatever_stands_in_between() -> None:
    forgotten = somebody(*name_identifiers("Wilma Quince"))
    assert forgotten.is_name("Quince, Wilma")
    assert forgotten.is_name("Wilma B. Quince")
    assert not forgotten.is_name("Bo Quince")
    assert forgotten.hidden_path("cards/Wilma Quince.vcf") != "cards/Wilma Quince.vcf"
    assert forgotten.hidden_path("cards/Bo Quince.vcf") == "cards/Bo Quince.vcf"


def test_a_hidden_file_keeps_what_its_name_tells_of_archives_and_days() -> None:
    forgotten = somebody(WILMA)
    hidden = forgotten.hidden_path(f"{WILMA}.zip!/book@2026-01-05")
    assert hidden.endswith("!/book@2026-01-05")
    assert "wilma" not in hidden
    assert hidden == forgotten.hidden_path(f"{WILMA}.zip!/book@2026-01-05")


def a_card(name: str, *emails: str, phones: tuple[str, ...] = ()) -> dict[str, object]:
    return {
        "file": "a.vcf", "key": "k", "uid": "k", "name": name, "emails": [*emails], "phones": [*phones],
        "urls": [], "position": 0,
    }  # fmt: skip


def test_a_card_of_somebody_else_loses_only_what_it_shares() -> None:
    forgotten = somebody(WILMA, *name_identifiers("Wilma Quince"))
    kept = cleansed("card", a_card("Bo Larch", BO, WILMA), forgotten, "book")
    assert kept is not None
    assert (kept["name"], kept["emails"]) == ("Bo Larch", [BO])
    for name in ("Wilma Quince", "W. Quince", "Wilma", ""):
        assert cleansed("card", a_card(name, WILMA, "new@quince.example"), forgotten, "book") is None
    assert cleansed("card", a_card("Wilfried Larch", WILMA), forgotten, "book") is None


def test_a_decision_that_is_left_with_one_side_goes() -> None:
    content = (
        f'{{"id":"a","do":"split","left":["header:{WILMA}"],"right":["header:{BO}"]}}\n'
        f'{{"id":"b","do":"merge","records":["header:{WILMA}","header:{BO}","vcard:book:bo"]}}\n'
        "no decision at all\n"
    )
    kept = deciding.without(content.encode(), somebody(WILMA)).decode().splitlines()
    assert json.loads(kept[0]) == {"id": "b", "do": "merge", "records": [f"header:{BO}", "vcard:book:bo"]}
    assert kept[1] == "no decision at all"


def test_a_search_takes_no_longer_word_for_it() -> None:
    needles = Needles(["wilma@quince.example", "Wilma Öhm"])
    assert needles.found_in(b"<WILMA@quince.example>")
    assert needles.found_in("WILMA ÖHM".encode())
    assert not needles.found_in(b"mary.wilma@quince.example wilma@quince.example.org")
