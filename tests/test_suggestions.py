from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.face_rows import NO_RIVALS, NONE_FORBIDDEN, card, frame, mention, people
from warehouse.people.suggestions import CERTAIN, LEAST_SCORE, suggest

Row = dict[str, Any] | list[dict[str, Any]]


def asked(
    *rows: Row, rivals: pl.DataFrame = NO_RIVALS, forbidden: pl.DataFrame = NONE_FORBIDDEN
) -> pl.DataFrame:
    faces = frame(*rows)
    return suggest(faces, people(faces), rivals, forbidden)


def pairs(*rows: Row) -> set[tuple[str, str]]:
    found = asked(*rows).select("left_person_id", "right_person_id")
    return {(left.removeprefix("p-"), right.removeprefix("p-")) for left, right in found.iter_rows()}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (("Ivo Petkov", "ivo.petkov@a.example"), ("Ivo Petkov", "ivo@b.example")),
        (("Bob Hargrove", "bob@a.example"), ("Robert Hargrove", "rh@b.example")),
        (("Mike Boylan", "mike@a.example"), ("Michael Boylan", "mob@b.example")),
        (("R. Hargrove", "r.hargrove@a.example"), ("Robert Hargrove", "robert@b.example")),
        (("Jürgen Götz", "jg@a.example"), ("Juergen Goetz", "goetz@b.example")),
        (("Marta Kowalczyk", "mk@a.example"), ("Marta Kowalczyc", "marta@b.example")),
        (("Nils Holm Brandt", "nhb@a.example"), ("Nils Brandt", "nils@b.example")),
        (("thunderfox", "tf@a.example"), ("Ana Prado", "thunderfox@b.example")),
        (("", "anaprado@a.example"), ("Ana Prado", "ap@b.example")),
    ],
)
def test_what_may_be_one_person_is_suggested(left: tuple[str, str], right: tuple[str, str]) -> None:
    assert pairs(mention(*left), mention(*right)) == {tuple(sorted((left[1], right[1])))}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (("Ole Sandvik", "ole@sandvik.example"), ("Kari Sandvik", "kari@sandvik.example")),
        (("Robert Hale Sr.", "robert@hale.example"), ("Robert Hale Jr.", "bobby@hale.example")),
        (("David Mato", "david@a.example"), ("David McKee", "david@b.example")),
        (("Mario Conti", "mario@a.example"), ("Maria Conti", "maria@b.example")),
        (("info", "anything@a.example"), ("info", "other@b.example")),
    ],
)
def test_relatives_and_strangers_are_not_suggested(left: tuple[str, str], right: tuple[str, str]) -> None:
    assert pairs(mention(*left), mention(*right)) == set()


def test_a_profile_and_a_header_of_one_company_are_suggested() -> None:
    profile = card("Ana Prado", book="linkedin", slug="ana-prado-1b2", organization="Nubra")
    [found] = asked(profile, mention("Ana Prado", "ana.prado@nubra.example")).rows(named=True)
    assert "a card that names the organisation of the other's address: Nubra" in found["shared"]
    assert found["preset"] in ("certain", "rare name", "same company")


def test_two_profiles_are_never_suggested() -> None:
    assert not pairs(*(card("Ana Prado", book=slug, slug=slug) for slug in ("ana-1", "ana-2")))


def test_two_cards_of_one_book_are_suggested() -> None:
    cards = card("John Howe", "jhowe@a.example", uid="1"), card("John Howe", "howejohn@b.example", uid="2")
    assert len(pairs(*cards)) == 1


def test_a_list_that_writes_for_somebody_is_suggested_to_them_alone() -> None:
    rows = [
        mention(f"{name} via dev-list", "dev-list@lists.example", kind="list")
        for name in ("Ines Duarte", "Otto Lind")
    ]
    [found] = asked(*rows, mention("Ines Duarte", "ines@duarte.example")).rows(named=True)
    assert {found["left_record"], found["right_record"]} == {
        "header:dev-list@lists.example|duarte ines",
        "header:ines@duarte.example|duarte ines",
    }


def test_me_and_robots_are_never_suggested() -> None:
    faces = frame(mention("Ivo Petkov", "ivo@a.example"), mention("Ivo Petkov", "ivo.petkov@b.example"))
    robots = suggest(faces, people(faces, "bot"), NO_RIVALS, NONE_FORBIDDEN)
    mine = suggest(faces, people(faces).with_columns(is_me=pl.lit(value=True)), NO_RIVALS, NONE_FORBIDDEN)
    assert robots.is_empty()
    assert mine.is_empty()


def test_what_was_decided_is_not_asked_again() -> None:
    rows = mention("Ivo Petkov", "ivo@a.example"), mention("Ivo Petkov", "ivo.petkov@b.example")
    decided = asked(*rows).select("left_person_id", "right_person_id")
    assert asked(*rows, forbidden=decided).is_empty()


@pytest.mark.parametrize("other", ["Nora Adler", "Карина Финк", "Paul Stein"])
def test_two_names_on_one_address_are_asked_about_with_the_reason(other: str) -> None:
    faces = frame(mention("Nora Fink", "nora@a.example"), mention(other, "nora@a.example"))
    faces = faces.with_columns(person_id=pl.Series(["p1", "p2"]))
    rivals = pl.DataFrame([("p1", "p2", "they share the address")], NO_RIVALS.schema, orient="row")
    [found] = suggest(faces, people(faces), rivals, NONE_FORBIDDEN).rows(named=True)
    assert "they share the address" in found["shared"]
    assert found["conflicting"][0].startswith("the names differ: ")
    assert LEAST_SCORE <= found["score"] < CERTAIN


def test_all_of_one_name_are_one_card_and_contradictions_are_not() -> None:
    hales = [mention("Ingrid Hale", f"{handle}@{handle}.example") for handle in ("ingrid", "ihale", "hale")]
    johns = [
        mention(name, f"{name[0].lower()}{name[2]}@{name[1]}.example") for name in ("Jon Smit", "Jan Smit")
    ]
    found = asked(*hales, *johns, mention("J. Smit", "smit@q.example"))
    of_hales = found.filter(pl.col("shared").list.join(" ").str.contains("Ingrid"))
    of_smits = found.filter(pl.col("left_record").str.contains("smit"))
    assert of_hales.height == 3
    assert of_hales["card"].n_unique() == 1
    assert of_smits["card"].n_unique() == of_smits.height


def test_the_more_have_a_name_the_less_sure_it_is() -> None:
    def score(sharers: int) -> float:
        rows = [mention("Ivo Petkov", f"x{at}@host{at}.example") for at in range(sharers)]
        return float(asked(*rows)["score"].max() or 0)  # type: ignore[arg-type]  # of a column of floats

    assert score(2) >= CERTAIN > score(3) > score(6)


def test_addresses_that_a_number_tells_apart_speak_against_it() -> None:
    rows = mention("Orla Quist", "orla.quist@acme.example"), mention("Orla Quist", "orla.quist2@acme.example")
    [found] = asked(*rows).rows(named=True)
    assert found["conflicting"] == ["at acme.example only a number tells the addresses apart"]
    assert found["score"] < CERTAIN


def test_a_name_that_thousands_share_asks_nothing() -> None:
    assert asked(*(mention("Ana Silva", f"x{at}@h{at}.example") for at in range(1000))).is_empty()


@settings(max_examples=6, deadline=None)
@given(st.permutations(range(7)))
def test_the_order_of_faces_changes_nothing(order: list[int]) -> None:
    rows = [
        mention("Ivo Petkov", "ivo.petkov@a.example"), mention("Petkov Ivo", "ivo@b.example"),
        mention("I. Petkov", "thunderfox@a.example"), mention("thunderfox", "tf@c.example"),
        mention("Wei Wang", "wei@x.example"), mention("Wang Wei", "ww@x.example"),
        mention("Ivo Pettkov", "pettkov@d.example"),
    ]  # fmt: skip
    assert asked(*(rows[at] for at in order)).equals(asked(*rows))
