import time
from collections.abc import Iterable

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.face_rows import card, frame, mention
from warehouse.people.corroborated import corroborated, is_made_of

IVO = "Ivo Petkov"


def rules(*rows: object, rare_names: bool = False) -> list[str]:
    return corroborated(frame(*rows), rare_names=rare_names)["rule"].to_list()  # type: ignore[arg-type]  # rows of the helpers


def test_a_handle_that_is_not_made_of_the_name_links() -> None:
    found = corroborated(frame(mention(IVO, "dragonsmith@gmail.com"), mention(IVO, "dragonsmith@proton.me")))
    assert found.rows() == [
        (
            "header:dragonsmith@gmail.com|ivo petkov",
            "header:dragonsmith@proton.me|ivo petkov",
            "handle",
            "the same full name and the handle dragonsmith at gmail.com and proton.me",
        )
    ]


def test_a_handle_that_others_use_too_links_nobody() -> None:
    other = mention("Mara Lind", "dragonsmith@posteo.example")
    assert not rules(mention(IVO, "dragonsmith@gmail.com"), mention(IVO, "dragonsmith@proton.me"), other)


@pytest.mark.parametrize("handle", ["ivo.petkov", "ipetkov", "petkov77", "ivopet", "mrpetkov", "abcd"])
def test_a_handle_made_of_the_name_or_too_short_links_nobody(handle: str) -> None:
    assert not rules(mention(IVO, f"{handle}@alpha.example"), mention(IVO, f"{handle}@beta.example"))


def test_two_hosts_of_one_organisation_link() -> None:
    rows = mention(IVO, "ipetkov@us.globex.com"), mention(IVO, "ipetkov@globex.com")
    assert rules(*rows) == ["organisation"]


def test_two_addresses_of_a_provider_do_not_link() -> None:
    assert not rules(mention(IVO, "ipetkov@gmx.de"), mention(IVO, "petkov.ivo@gmx.de"))


def test_namesakes_at_one_company_are_not_linked() -> None:
    wangs = [
        mention(f"{given} Wang", f"{given.lower()}.wang@intel.example") for given in ("Li", "Hong", "Jun")
    ]
    twins = mention("Wei Wang", "wei.wang@intel.example"), mention("Wei Wang", "ww@intel.example")
    assert not rules(*wangs, *twins)


def test_addresses_that_a_number_tells_apart_are_not_linked() -> None:
    twins = (
        mention("Orla Quist", "orla.quist@acme.example"),
        mention("Orla Quist", "orla.quist2@acme.example"),
    )
    assert not rules(*twins)


def test_a_name_of_three_long_parts_links() -> None:
    name = "Carla Reyes Otero"
    assert rules(mention(name, "carla@x.example"), mention(name, "cro@y.example")) == ["long_name"]


def test_a_name_of_three_syllables_does_not_link() -> None:
    name = "Xiao Ming Wang"
    assert not rules(mention(name, "xm@x.example"), mention(name, "wxm@y.example"), rare_names=True)


def test_a_full_name_alone_links_only_if_rare_names_are_asked_for() -> None:
    rows = mention(IVO, "ivo@x.example"), mention(IVO, "petkov@y.example")
    assert rules(*rows) == []
    assert rules(*rows, rare_names=True) == ["rare_name"]


def test_a_common_name_is_not_rare() -> None:
    namesakes = [mention(f"{given} Petkov", f"{given}@z.example") for given in ("Ana", "Eva", "Jan", "Pia")]
    namesakes += [
        mention(f"Ivo {family}", f"{family}@z.example") for family in ("Berg", "Holm", "Lund", "Roth")
    ]
    rows = mention(IVO, "ivo@x.example"), mention(IVO, "petkov@y.example")
    assert not rules(*rows, *namesakes, rare_names=True)


def test_father_and_son_are_never_linked() -> None:
    pair = (
        mention("Robert Hale Sr.", "dragonsmith@x.example"),
        mention("Robert Hale Jr.", "dragonsmith@y.example"),
    )
    assert not rules(*pair, rare_names=True)


def test_two_cards_of_one_book_and_two_profiles_are_never_linked() -> None:
    name = "Carla Reyes Otero"
    cards = card(name, "a@x.example", uid="1"), card(name, "b@y.example", uid="2")
    assert not rules(*cards, rare_names=True)
    profiles = [card(name, f"{slug}@z.example", book=slug, slug=slug) for slug in ("carla-1", "carla-2")]
    assert not rules(*profiles, rare_names=True)


def test_a_name_that_hardly_anybody_gives_an_address_is_no_evidence() -> None:
    borrowed = mention(IVO, "dragonsmith@gmail.com", share=0.1)
    assert not rules(borrowed, mention(IVO, "dragonsmith@proton.me"))


def test_short_names_and_offices_are_not_linked() -> None:
    assert not rules(mention("Ivo", "dragonsmith@gmail.com"), mention("Ivo", "dragonsmith@proton.me"))
    assert not rules(mention(IVO, "info@us.globex.com"), mention(IVO, "info@globex.com"), rare_names=True)


def test_umlauts_and_order_are_one_name() -> None:
    rows = (
        mention("Götz, Jürgen (ACME)", "thunderfox@x.example"),
        mention("Jürgen Götz", "thunderfox@y.example"),
    )
    assert rules(*rows) == ["handle"]


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(8)))
def test_the_order_of_faces_changes_nothing(order: Iterable[int]) -> None:
    rows = [
        mention(IVO, "dragonsmith@gmail.com"), mention(IVO, "dragonsmith@proton.me"),
        mention("Petkov Ivo", "ivo@globex.com"), mention(IVO, "ivo@us.globex.com"),
        mention("Carla Reyes Otero", "carla@x.example"), mention("Reyes Otero, Carla", "cro@y.example"),
        mention("Wei Wang", "wei@x.example"), mention("Wang Wei", "ww@x.example"),
    ]  # fmt: skip
    found = corroborated(frame(*(rows[at] for at in order)), rare_names=True)
    assert found.equals(corroborated(frame(*rows), rare_names=True))
    assert (found["left_record"] < found["right_record"]).all()
    assert not found.select("left_record", "right_record").is_duplicated().any()


def test_a_name_that_thousands_share_costs_no_more_than_others() -> None:
    rows = [mention("Ana Silva", f"ana{at}@host{at % 7}.example") for at in range(5000)]
    faces = frame(*rows)
    began = time.process_time()
    assert corroborated(faces, rare_names=True).is_empty()
    assert time.process_time() - began < 2


def test_beginnings_of_the_names_are_made_of_them() -> None:
    assert is_made_of("pietrobra", ("pietro", "brandt"))
    assert not is_made_of("dragonsmith", ("ivo", "petkov"))


def test_no_faces_have_no_links() -> None:
    assert corroborated(frame()).columns == ["left_record", "right_record", "rule", "evidence"]
    assert isinstance(corroborated(frame()), pl.DataFrame)
