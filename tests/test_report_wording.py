"""The words of the report, and text that a terminal can be shown."""

import unicodedata
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from warehouse.reports import to_terminal
from warehouse.reports.wording import day, likelihood, one_line, plural, rhythm, shorten, weekday

BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]))


@given(TEXT | st.text(alphabet="\x1b[]\x9b\x9d;0m\x07\\P\u202ea\n\t\r"))
@example("\x1b\x1b[m[31m")
def test_a_terminal_is_shown_nothing_that_it_would_obey(text: str) -> None:
    safe = to_terminal(text)
    assert not [c for c in safe if (unicodedata.category(c) == "Cc" and c not in "\n\t") or c in BIDI]
    assert to_terminal(safe) == safe


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;https://evil.example\x07link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jcleared", "cleared"),
        ("\x1b]0;unfinished title", "0;unfinished title"),
        ("over\rwritten", "overwritten"),
        ("exe.\u202egpj", "exe.gpj"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("نورا 👩🏽‍🚀 Zoë", "نورا 👩🏽‍🚀 Zoë"),
    ],
)
def test_escape_sequences_go_and_words_stay(text: str, safe: str) -> None:
    assert to_terminal(text) == safe


@given(TEXT)
def test_one_line_is_one_line_and_stays_as_it_is(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert one_line(line) == line


def test_a_pile_of_accents_is_cut_to_three() -> None:
    assert one_line("Z" + "\u0338" * 40 + "oe\u0308") == "Z" + "\u0338" * 3 + "oe\u0308"


@given(TEXT, st.integers(1, 20))
def test_shortened_text_never_exceeds_its_limit(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= limit


def test_days_are_said_without_a_locale() -> None:
    assert f"{weekday(date(2026, 3, 14))}, {day(date(2026, 3, 14))}" == "Saturday, 14 March 2026"
    assert (plural(1, "day"), plural(1200, "day"), plural(2, "person", "people")) == (
        "1 day",
        "1,200 days",
        "2 people",
    )


@pytest.mark.parametrize(
    ("gap", "words"),
    [(0.6, "every day or two"), (1.6, "every 2 days"), (11.2, "every 11 days"), (None, "no rhythm yet")],
)
def test_a_rhythm_is_said_in_whole_days(gap: float | None, words: str) -> None:
    assert rhythm(gap) == words


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.93, "very likely, 93 %"),
        (0.66, "likely, 66 %"),
        (0.6, "more likely than not, 60 %"),
        (0.4, "perhaps, 40 %"),
        (0.2, "probably not, 20 %"),
        (None, "not known"),
    ],
)
def test_a_chance_is_said_in_words_and_as_a_number(probability: float | None, words: str) -> None:
    assert likelihood(probability).replace("\N{NO-BREAK SPACE}", " ") == words
