"""connectors.text: any bytes become storable text, any text becomes one clean line."""

import codecs
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.text import clean, decode

SENTENCE = "FN:Zoë Müller-Łukasz\r\nNOTE:x\r\n"


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (b"", "utf-8"),
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
    ],
)
def test_text_is_read_in_every_unicode_encoding_with_or_without_a_mark(mark: bytes, encoding: str) -> None:
    assert decode(mark + SENTENCE.encode(encoding)) == SENTENCE


def test_bytes_that_are_not_utf_8_are_read_as_windows_text() -> None:
    assert decode("Zoë “Z” €5".encode("cp1252")) == "Zoë “Z” €5"


def test_bytes_that_windows_does_not_define_are_read_as_latin_1() -> None:
    assert decode(b"a\x81\xe9") == "a\x81é"


def test_a_truncated_utf_16_file_loses_only_its_last_character() -> None:
    assert decode(codecs.BOM_UTF16_LE + "abc".encode("utf-16-le")[:-1]) == "ab"


def test_nuls_are_removed() -> None:
    assert decode(b"an\x00na likes long lines") == "anna likes long lines"


@given(st.binary(max_size=200))
def test_any_bytes_become_text_that_can_be_stored(data: bytes) -> None:
    text = decode(data)
    assert "\x00" not in text
    assert text.encode("utf-8").decode("utf-8") == text


@given(st.text(min_size=1, alphabet=st.characters(exclude_characters="\x00\ufeff", codec="utf-8")))
def test_marked_text_is_read_back_equal(text: str) -> None:
    assert decode(codecs.BOM_UTF16_LE + text.encode("utf-16-le")) == text
    assert decode(codecs.BOM_UTF8 + text.encode()) == text


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("  Ada \t\r\n Lovelace  ", "Ada Lovelace"),
        ("Ada\x00 \x07Love\x9flace", "Ada Lovelace"),
        ("\u202egpj.exe\u202c", "gpj.exe"),
        ("Ada\u200b\u200d\ufeff\u2066\u200e Lovelace", "Ada Lovelace"),
        ("Zoe\u0308", "Zoë"),
        ("Ada\ud83d", "Ada"),
        ("\u3000王 小明", "王 小明"),
    ],
)
def test_a_name_is_one_line_without_invisible_characters(raw: str, expected: str) -> None:
    assert clean(raw) == expected


def test_a_long_text_is_cut_at_the_limit_without_a_trailing_space() -> None:
    assert clean("ab " * 100, limit=3) == "ab"


@given(st.text(), st.integers(min_value=0, max_value=50))
def test_cleaning_twice_changes_nothing(text: str, limit: int) -> None:
    once = clean(text, limit)
    assert clean(once, limit) == once
    assert len(once) <= limit
    assert not any(unicodedata.category(character) in {"Cc", "Cs"} for character in once)
