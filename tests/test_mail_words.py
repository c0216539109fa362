"""Encoded words and raw header bytes, whole and broken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.mail.words import decode_words, plain_text


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("=?utf-8?Q?J=C3=BCrgen_F?=", "Jürgen F"),
        ("=?ISO-8859-1?q?J=FCrgen?= Fels", "Jürgen Fels"),
        ("=?utf-8?B?SsO8?= =?utf-8?B?cmdlbg==?=", "Jürgen"),
        ("=?utf-8?B?SsM=?=\t=?utf-8?B?vHJnZW4=?=", "Jürgen"),
        ("=?utf-8?Q?J=C3?= =?UTF-8?Q?=BCrgen?=", "Jürgen"),
        ("=?utf-8?B?SsO8?= =?iso-8859-1?Q?=FC?=", "Jüü"),
        ("=?utf-8*de?Q?J=C3=BCrgen?=", "Jürgen"),
        ("=?utf-8?B?SsO8cmdlb?=", "Jürge"),
        ("=?utf-8?B?S s O 8!?=", "Jü"),
        ("=?utf-8?Q?Jane Doe?=", "Jane Doe"),
        ("=?x-unknown?Q?J=C3=BC?=", "Jü"),
        ("=?unicode_escape?Q?=5Cud800?=", "\\ud800"),
        ("=?hex?Q?41?=", "41"),
        ("=?utf-8?Q?=ZZ=4?=", "=ZZ=4"),
        ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        ("1 =? 2 ?= 3", "1 =? 2 ?= 3"),
    ],
)
def test_an_encoded_word_reads_as_it_was_meant(text: str, decoded: str) -> None:
    assert decode_words(text) == decoded


def test_raw_bytes_are_utf_8_else_cp1252() -> None:
    assert plain_text("Jürgen".encode().decode("latin-1")) == "Jürgen"
    assert plain_text("Jürgen\u2019s".encode("cp1252").decode("latin-1")) == "Jürgen\u2019s"
    assert plain_text("J\x81") == "J\ufffd"


def test_folding_is_undone() -> None:
    assert plain_text(" a,\r\n\tb,\n c\r") == "a,\tb, c"


@given(st.text(alphabet="=?utf-8QBbq_ABC= \n", max_size=60) | st.text(max_size=60))
def test_any_text_decodes(text: str) -> None:
    decode_words(text)


@given(st.text(max_size=40))
def test_what_the_utf_8_encoding_wrote_is_read_back(text: str) -> None:
    quoted = "".join(f"={byte:02X}" for byte in text.encode())
    assert decode_words(f"=?utf-8?Q?{quoted}?=") == text
