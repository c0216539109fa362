"""What is a name, what is a company's tail, and which two names can be one person's."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.people.names import clean, clean_all, compatible


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("=?utf-8?Q?J=C3=BCrgen_M=C3=BCller?=", "Jürgen Müller"),
        ("Okafor, Adaeze", "Adaeze Okafor"),
        ("Dr. Vera Holt", "Vera Holt"),
        ("Ana Prado, PhD 🚀", "Ana Prado"),
        ("Hale, Robert, Jr.", "Robert Hale Jr"),
        ("Robert Hale III", "Robert Hale III"),
        ("'Ines Duarte' via Team", "Ines Duarte"),
        ("Lena Roth (via DocSign)", "Lena Roth"),
        ("Lena Roth - ACME GmbH", "Lena Roth"),
        ("ACME GmbH | Lena Roth", "Lena Roth"),
        ("Lena Roth | Head of Sales", "Lena Roth"),
        ("Lena Roth, ACME GmbH", "Lena Roth"),
        ("Lena Roth (ACME)", "Lena Roth"),
        ('Robert "Bob" Hale', "Robert Hale"),
        ("Lena Roth <lena@roth.example>", "Lena Roth"),
        ("Jack Ma", "Jack Ma"),
        ("O’Brien, Siobhán", "Siobhán O'Brien"),
    ],
)
def test_a_name_is_read_without_what_surrounds_it(raw: str, text: str) -> None:
    name = clean(raw)
    assert name.text == text
    assert name.is_full


@pytest.mark.parametrize(
    "raw", ["", "ute@brandner.example", "'ute@brandner.example'", "Tim on behalf of Vera Holt"]
)
def test_an_address_or_a_deputy_is_no_name(raw: str) -> None:
    assert clean(raw).text == ""


@pytest.mark.parametrize(
    "raw",
    [
        "ACME GmbH",
        "ACME, Inc.",
        "Zoom Support",
        "Hanna & Karl Weiss",
        "undisclosed-recipients:;",
        "Meeting Room 4",
    ],
)
def test_a_company_or_a_couple_is_no_personal_name(raw: str) -> None:
    name = clean(raw)
    assert not name.is_full
    assert not name.tokens
    assert compatible(name, clean("Lena Roth"))


@pytest.mark.parametrize("raw", ["Hanna", "J. R. Hale", "lena.roth", "JaneDoe", "jane99 doe99"])
def test_a_short_name_contradicts_nobody_by_itself(raw: str) -> None:
    assert not clean(raw).is_full


def test_every_order_and_spelling_has_one_key() -> None:
    assert clean("WANG Xiaofeng").key == clean("Xiaofeng Wang").key == clean("wang, xiaofeng").key
    assert clean("JaneDoe").key == clean("Jane Doe").key


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Bob Hargrove", "Robert Hargrove"),
        ("R. Hargrove", "Robert Hargrove"),
        ("Sara Weiss", "Sarah Weiss"),
        ("Jürgen Müller", "Juergen Mueller"),
        ("Jon Smith", "John Smith"),
        ("Robert Hale", "Robert Hale Jr"),
        ("Carla Reyes Otero", "Carla Maria Reyes Otero"),
        ("Nora Fink", "Nora Fink-Adler"),
        ("Hanna", "Hanna Weiss"),
        ("WANG Xiaofeng", "Xiaofeng Wang"),
        ("janedoe", "Jane Doe"),
        ("", "Hanna Weiss"),
    ],
)
def test_two_names_can_be_one_persons(a: str, b: str) -> None:
    assert compatible(clean(a), clean(b))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Hanna Weiss", "Karl Weiss"),
        ("Karl Weiss", "Karla Weiss"),
        ("Mario Weiss", "Maria Weiss"),
        ("Nora Fink", "Nora Adler"),
        ("Robert Hale Sr.", "Robert Hale Jr."),
        ("John A. Smith", "John B. Smith"),
        ("Борис Верховин", "Boris Verhovin"),
        ("Mum", "Karen Weiss"),
        ("Martin Weiss", "Paul Martin"),
    ],
)
def test_two_names_contradict_each_other(a: str, b: str) -> None:
    assert not compatible(clean(a), clean(b))


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_read_and_compared_both_ways_alike(a: str, b: str) -> None:
    left, right = clean(a), clean(b)
    assert compatible(left, right) == compatible(right, left)
    assert compatible(left, left)


@given(st.sampled_from(["Ada", "Bo", "Cy", "Dee", "Eve"]), st.sampled_from(["Ash", "Birch", "Cedar Elm"]))
def test_cleaning_a_clean_name_changes_nothing(given_name: str, family: str) -> None:
    once = clean(f"{family}, {given_name}")
    assert clean(once.text).text == once.text


WORDS = [
    "Ada",
    "Birch",
    "ash",
    "Dr",
    "Jr",
    "And",
    "Via",
    "Team",
    "Inc",
    "McKay",
    "X",
    "Ma",
    "Élan",
    "MBA",
    "At",
]


@given(
    st.lists(st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join) | st.text(max_size=20), max_size=9)
)
def test_names_read_as_columns_are_those_read_one_by_one(raws: list[str]) -> None:
    names = {raw: clean(raw) for raw in raws}
    expected = sorted(
        (raw, name.key, name.is_full, name.text, list(name.tokens), name.suffix, bool(name.via))
        for raw, name in names.items()
    )
    assert sorted(clean_all(pl.Series(raws, dtype=pl.String)).iter_rows()) == expected
