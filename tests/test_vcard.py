"""connectors.contacts.vcard: every card of an address book is one item, kept as written."""

import io
import re
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.bounds import Bounds
from connectors.contacts import vcard
from connectors.contacts.properties import blocks, content, properties
from connectors.inputs import Input, plain
from connectors.records import Card, Item, NotThisFormat, Rejected, Seen, Skipped
from connectors.text import clean

DATA = Path(__file__).parent / "data" / "contacts"


def read(path: Path, bounds: Bounds | None = None) -> list[Item]:
    """The items of a file on disk."""
    with plain(path, bounds=bounds) as source:
        return list(vcard.read(source))


@pytest.fixture
def book(tmp_path: Path):
    """A function from the bytes or text of a file to its items."""

    def items(content: bytes | str) -> list[Item]:
        path = tmp_path / "book.vcf"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return list(read(path))

    return items


def card_of(*lines: str, version: str = "3.0") -> str:
    return "\r\n".join(("BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""))


@pytest.fixture
def card(book):
    """A function from property lines to the one card that they make."""

    def only(*lines: str, version: str = "3.0") -> Card:
        [item] = book(card_of(*lines, version=version))
        assert isinstance(item, Card)
        return item

    return only


# Whole files, as programs write them


def test_a_2_1_card_of_a_phone_is_read_with_its_quoted_printable_and_charsets() -> None:
    [zoe] = read(DATA / "phone-2.1.vcf")
    assert isinstance(zoe, Card)
    assert (zoe.name, zoe.given_name, zoe.family_name) == (
        "Zoë Müller-Lüdenscheidt",
        "Zoë",
        "Müller-Lüdenscheidt",
    )
    assert zoe.organization == "König & Söhne, Vertrieb"
    assert zoe.emails == ("zoe@koenig.example", "zoe@home.example")
    assert zoe.phones == ("+49 1234 000002", "+49 1234 000001")
    assert zoe.birthday == "1985-04-12"
    assert zoe.revised_at == datetime(2019, 6, 2, 11, 57, 9, tzinfo=UTC)


def test_a_3_0_card_of_apple_is_read_with_its_groups_escapes_and_year_less_birthday() -> None:
    ada, group = read(DATA / "apple-3.0.vcf")
    assert isinstance(ada, Card)
    assert len(ada.digest) == 32
    assert msgspec.structs.replace(ada, digest="") == Card(
        key="0F1E2D3C-0000-4000-8000-00000000000A",
        position=0,
        locator="line 1, UID 0F1E2D3C-0000-4000-8000-00000000000A",
        uid="0F1E2D3C-0000-4000-8000-00000000000A",
        name="Dr. Adaeze Okafor, PhD",
        given_name="Adaeze",
        family_name="Okafor",
        nickname="Ada",
        kind="individual",
        organization="Lagoon; Sons Ltd., Research",
        title="Head of R\\D",
        emails=("Ada.Okafor@mail.example", "ada@lagoon.example"),
        phones=("+234 800 000 0001", "+234-800-000-0002"),
        urls=("https://lagoon.example/ada", "https://social.example/in/ada"),
        birthday="--04-12",
        categories=("friends", "sailing, boats"),
        revised_at=datetime(2024, 2, 29, 21, 30, tzinfo=UTC),
    )
    assert isinstance(group, Skipped)
    assert group.reason == "group"


def test_a_4_0_card_is_read_with_its_preferences_and_uris() -> None:
    kim, harbour = read(DATA / "modern-4.0.vcf")
    assert isinstance(kim, Card)
    assert (kim.name, kim.given_name, kim.family_name) == ("김민준", "민준", "김")
    assert kim.key == kim.uid == "11111111-2222-4333-8444-555555555555"
    assert kim.emails == ("minjun@first.example", "minjun@second.example")
    assert kim.phones == ("+82-10-0000-0001;ext=7",)
    assert (kim.title, kim.birthday) == ("Programme lead", "--04-12")
    assert isinstance(harbour, Card)
    assert harbour.kind == "org"


def test_a_broken_card_never_loses_its_neighbours() -> None:
    items = list(read(DATA / "broken.vcf"))
    names = [item.name for item in items if isinstance(item, Card)]
    assert names == ["Ana Before", "Cleo Broken", "Dov Indented With A Very Long Name", "Eve Owner"]
    assert [(item.locator, item.reason) for item in items if isinstance(item, Rejected)] == [
        ("line 6, UID never-closed", "card has no END:VCARD"),
        ("line 19, UID nobody", "card holds no name, address or phone"),
        ("line 42", "card has no END:VCARD"),
    ]


def test_an_impossible_date_costs_the_date_and_not_the_card() -> None:
    cleo = list(read(DATA / "broken.vcf"))[2]
    assert isinstance(cleo, Card)
    assert (cleo.birthday, cleo.revised_at) == (None, None)
    assert cleo.emails == ("cleo@open-quote.example",)


def test_the_phone_of_an_agent_is_not_its_owners() -> None:
    eve = list(read(DATA / "broken.vcf"))[-2]
    assert isinstance(eve, Card)
    assert eve.phones == ("+1 555 0101",)


def test_positions_are_the_byte_offsets_of_begin() -> None:
    for name in ("apple-3.0.vcf", "broken.vcf", "modern-4.0.vcf"):
        data = (DATA / name).read_bytes()
        assert all(data[item.position :][:11].upper() == b"BEGIN:VCARD" for item in read(DATA / name))


def test_windows_text_is_read_card_by_card() -> None:
    names = [item.name for item in read(DATA / "windows-1252.vcf") if isinstance(item, Card)]
    assert names == ["Jörg Größler", "Ilse “Ille” Ångström"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_file_in_another_unicode_encoding_reads_the_same(book, encoding: str) -> None:
    text = (DATA / "modern-4.0.vcf").read_text("utf-8")
    data = text.encode(encoding)
    items = book(data)
    assert [item.name for item in items] == ["김민준", "Harbour Example Cooperative"]
    before = data[: items[1].position].decode(encoding)
    assert text.startswith(before + "BEGIN:VCARD")


@pytest.mark.parametrize("newline", ["\n", "\r", "\r\n", "\r\r\n"])
def test_every_kind_of_line_end_reads_the_same(book, newline: str) -> None:
    text = (DATA / "phone-2.1.vcf").read_bytes().decode().replace("\r\n", newline)
    assert [item.name for item in book(text)] == ["Zoë Müller-Lüdenscheidt"]


# Files that are no address book


@pytest.mark.parametrize("content", [b"", b"\r\n \n", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_an_empty_file_is_refused(book, content: bytes) -> None:
    with pytest.raises(NotThisFormat, match="empty: export"):
        book(content)


@pytest.mark.parametrize(
    ("content", "mend"),
    [
        (b"<!DOCTYPE html><title>Sign in</title>", "web page"),
        (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "ics source"),
        (b'<?xml version="1.0"?>\n<vcards xmlns="urn:ietf:params:xml:ns:vcard-4.0">', "xCard .* export"),
        (b'["vcard",[["version",{},"text","4.0"]]]', "jCard .* export"),
        (b'{"@type":"Card","version":"1.0"}', "JSON: export"),
        (b"\x89PNG\r\n\x1a\n", "binary data: export"),
        (b"PK\x03\x04\x14\x00", "unpack"),
        (b"First Name,Last Name\nJo,Doe\n", "google-csv"),
        ("Vorname;Nachname\nJo;Doe\n".encode("utf-16"), "google-csv"),
        (b"FN:x\nNOTE:BEGIN:VCARD is how a card begins\n", "export"),
        (bytes(range(256)) * 8, "export"),
        (b"\x00" * 64, "export"),
    ],
)
def test_a_file_without_cards_is_refused_with_its_mend(book, content: bytes, mend: str) -> None:
    with pytest.raises(NotThisFormat, match=mend) as refusal:
        book(content)
    assert "\n" not in str(refusal.value)


# Fields


@pytest.mark.parametrize(
    ("line", "birthday"),
    [
        ("BDAY:1985-04-12", "1985-04-12"),
        ("BDAY;VALUE=date:19850412", "1985-04-12"),
        ("BDAY:1985-04-12T00:00:00Z", "1985-04-12"),
        ("BDAY:19850412T235959-0500", "1985-04-12"),
        ("BDAY:--0412", "--04-12"),
        ("BDAY:--04-12", "--04-12"),
        ("BDAY:--0229", "--02-29"),
        ("BDAY:1604-04-12", "--04-12"),
        ("BDAY;X-APPLE-OMIT-YEAR=1600:1600-04-12", "--04-12"),
        ("BDAY:1985-02-29", None),
        ("BDAY:0001-01-01", None),
        ("BDAY:---12", None),
        ("BDAY:1985-04", None),
        ("BDAY:198504123", None),
        ("BDAY;VALUE=text:circa 1800", None),
    ],
)
def test_a_birthday_is_a_day_with_or_without_its_year(card, line: str, birthday: str | None) -> None:
    assert card("FN:Jo", line).birthday == birthday


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("20190602T115709Z", datetime(2019, 6, 2, 11, 57, 9, tzinfo=UTC)),
        ("2019-06-02T11:57:09.123Z", datetime(2019, 6, 2, 11, 57, 9, 123000, tzinfo=UTC)),
        ("2019-06-02T11:57:09+0200", datetime(2019, 6, 2, 9, 57, 9, tzinfo=UTC)),
        ("20190602T115709", datetime(2019, 6, 2, 11, 57, 9, tzinfo=UTC)),
        ("2019-06-02", datetime(2019, 6, 2, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("soon", None),
    ],
)
def test_a_revision_is_an_instant_in_utc(card, written: str, expected: datetime | None) -> None:
    assert card("FN:Jo", f"REV:{written}").revised_at == expected


@pytest.mark.parametrize(
    ("line", "emails"),
    [
        ("EMAIL:mailto:jo%2Bx@a.example", ("jo+x@a.example",)),
        ("EMAIL:<jo@a.example>", ("jo@a.example",)),
        ("EMAIL:'jo@a.example'", ("jo@a.example",)),
        ("EMAIL:jo@a.example; jo@b.example", ("jo@a.example", "jo@b.example")),
        ("EMAIL;TYPE=EX:/o=Example/ou=Site/cn=jo", ()),
        ("EMAIL:jo doe@a.example", ()),
        ("EMAIL:", ()),
        ("EMAIL:jo@a.example\r\nEMAIL:JO@A.example", ("jo@a.example",)),
    ],
)
def test_only_addresses_are_kept_of_email_lines(card, line: str, emails: tuple[str, ...]) -> None:
    assert card("FN:Jo", line).emails == emails


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (("FN: ", "N:Doe;Jo;Q;Dr.;Jr."), "Dr. Jo Q Doe Jr."),
        (("N:;;;;", "ORG:Acme Example;Sales", "EMAIL:jo@a.example"), "Acme Example, Sales"),
        (("EMAIL:jo@a.example", "NICKNAME:J"), "jo@a.example"),
        (("NICKNAME:J", "TEL:+1 555 0100"), "J"),
        (("TEL:+1 555 0100",), "+1 555 0100"),
        (("FN:\u202eevil\u202c \u200bJo",), "evil Jo"),
    ],
)
def test_a_card_is_named_by_the_best_that_it_has(card, lines: tuple[str, ...], name: str) -> None:
    assert card(*lines).name == name


def test_a_card_without_uid_keeps_its_key_when_other_facts_change(card) -> None:
    plain = card("FN:Jo", "EMAIL:jo@a.example")
    assert plain.uid == ""
    assert card("FN:Jo", "EMAIL:jo@a.example", "TITLE:Captain").key == plain.key
    assert card("FN:Jo", "EMAIL:jo@b.example").key != plain.key


def test_a_note_that_looks_like_properties_stays_a_note(card) -> None:
    jo = card("FN:Jo", "NOTE;ENCODING=QUOTED-PRINTABLE:call=0A=", "TEL:+1 555 0199=0A=", "EMAIL:no@a.example")
    assert (jo.phones, jo.emails) == ((), ())


def test_a_charset_parameter_left_over_from_before_a_conversion_does_no_harm(card) -> None:
    assert card("FN;CHARSET=ISO-8859-1:Zoë", version="2.1").name == "Zoë"


def test_a_character_folded_in_its_middle_is_whole_again(book) -> None:
    data = card_of("FN:Zoë").encode().replace(b"\xc3\xab", b"\xc3\r\n \xab")
    assert [item.name for item in book(data)] == ["Zoë"]


def test_what_is_beyond_the_bounds_is_dropped_and_told_and_not_the_card(card) -> None:
    jo = card("FN:Jo", "URL:" + "x" * 70_000, *["", "TEL:1"] * 10_001, "EMAIL:late@a.example")
    assert (jo.name, jo.urls, jo.phones, jo.emails) == ("Jo", (), ("1",), ())
    assert jo.capped == "properties beyond 10000"
    assert card("FN:Jo", "URL:" + "x" * 70_000).capped == "lines beyond 65536 bytes"
    assert card("FN:Jo", "NOTE:" + "x" * 70_000, "PHOTO:" + "x" * 70_000).capped == ""


def test_a_photo_of_a_megabyte_takes_no_room_from_later_lines(card) -> None:
    jo = card("PHOTO;ENCODING=BASE64:", *["A" * 74] * 14_000, "", "FN:Jo")
    assert jo.name == "Jo"


def test_hostile_charsets_are_not_looked_up(card) -> None:
    assert card("FN;CHARSET=punycode;ENCODING=QUOTED-PRINTABLE:Zo=C3=AB").name == "Zoë"


def test_an_excerpt_shows_property_names_and_no_values(book) -> None:
    [item] = book("BEGIN:VCARD\nUID:a\nJane Secret:+1 555\nSECRET:x\nNOTE:secret\n")
    assert isinstance(item, Rejected)
    assert item.excerpt == "UID NOTE"


def test_a_messenger_or_profile_is_a_link_only_if_it_is_written_as_one(card) -> None:
    jo = card(
        "FN:Jo",
        "item1.URL;type=pref:https://jo.example",
        "item1.X-ABLabel:_$!<HomePage>!$_",
        "X-SOCIALPROFILE;type=linkedin;x-user=jo:https://www.linkedin.test/in/jo",
        "X-SOCIALPROFILE;type=custom:x-apple:jo",
        "IMPP;X-SERVICE-TYPE=LinkedIn:https://www.linkedin.test/in/jo-doe",
        "IMPP;X-SERVICE-TYPE=Skype:skype:jo",
    )
    assert jo.urls == (
        "https://jo.example",
        "https://www.linkedin.test/in/jo",
        "https://www.linkedin.test/in/jo-doe",
    )


def test_how_a_name_is_spoken_does_not_become_the_name(card) -> None:
    spoken = "N;ALTID=1;PHONETIC=ipa;SCRIPT=Latn:/oʊ/;/dʒ/;;;;;"
    jo = card(spoken, "N;ALTID=1:Doe;Jo;;;;Smith;Jr.", "GRAMGENDER:animate", "PRONOUNS;PREF=1:they/them")
    assert (jo.name, jo.given_name, jo.family_name) == ("Jo Doe", "Jo", "Doe")


def test_nothing_that_hides_in_a_text_reaches_a_fact(book) -> None:
    hidden = "\x00\x07\x9f\u202e\u2066\u200b".encode() + b"\xed\xa0\x80"
    text = b"".join(b"\n%s:Jo%sX" % (name, hidden) for name in (b"FN", b"ORG", b"TITLE", b"NICKNAME", b"UID"))
    [item] = book(b"BEGIN:VCARD" + text + b"\nN:Jo%sX;Jo\nEND:VCARD\n" % hidden)
    assert not {"\x00", "\x07", "\x9f", "\u202e", "\u2066", "\u200b"} & set(repr(item))
    for fact in (item.name, item.organization, item.title, item.nickname, item.uid, item.family_name):
        assert fact.startswith("Jo")
        assert fact.isprintable()


def test_a_card_cut_off_at_its_first_line_is_one_rejected_record_however_often(book) -> None:
    for times in (1, 2, 1_000):
        items = book("BEGIN:VCARD\n" * times + card_of("FN:Jo"))
        assert [type(item).__name__ for item in items] == ["Rejected", "Card"]


# What makes a card known


def test_a_known_card_is_seen_and_its_changed_neighbour_is_read(tmp_path: Path) -> None:
    path = tmp_path / "book.vcf"
    path.write_text(card_of("FN:Jo", "PHOTO;ENCODING=b:" + "A" * 3_000) + card_of("FN:Kim"))
    jo, kim = read(path)
    path.write_text(card_of("FN:Jo", "PHOTO;ENCODING=b:" + "B" * 3_000) + card_of("FN:Kim", "TEL:1"))
    with plain(path) as source:
        seen, changed = vcard.read(replace(source, known=frozenset({"", jo.digest, kim.digest})))
    assert seen == Seen(position=0, digest=jo.digest)
    assert (changed.name, changed.phones) == ("Kim", ("1",))


def test_a_card_that_never_ends_is_never_known(tmp_path: Path) -> None:
    path = tmp_path / "book.vcf"
    path.write_text("BEGIN:VCARD\nFN:Jo\n")
    with plain(path) as source:
        [item] = vcard.read(replace(source, known=frozenset({""})))
    assert isinstance(item, Rejected)


def test_cards_that_say_something_else_have_other_digests(book) -> None:
    texts = [card_of("FN:Jo", f"TEL:{number}") for number in range(50)]
    assert len({item.digest for item in book("".join(texts))}) == len(texts)


def test_other_bounds_make_another_digest(tmp_path: Path) -> None:
    path = tmp_path / "book.vcf"
    path.write_text(card_of("FN:Jo"))
    [wide], [narrow] = read(path), read(path, Bounds(properties=100))
    assert wide.digest != narrow.digest


# Photos


@pytest.mark.parametrize(
    "photo",
    [
        "PHOTO;ENCODING=b;TYPE=JPEG:/9j/\n AAAA\n BBB=",
        "item1.photo;BASE64:\nAAAA\nBBBB\n",
        "PHOTO;VALUE=uri:https://jo.example/face.jpg",
        "PHOTO:data:image/png;base64\n ,AAAA:BBBB\n CCCC",
        "PHOTO;ENCODING=QUOTED-PRINTABLE:a=\nTEL:2",
        "NOTE;ENCODING=QUOTED-PRINTABLE:a=\nPHOTO:x=\nTEL:2",
        "NOTE;ENCODING=QUOTED-PRINTABLE:a=\nPHOTO:x\nNOTE:y",
        "PHOTO;X=no colon\nNOTE:y",
        "LOGO:a\nSOUND:b\nKEY:c",
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_photo_hides_nothing_before_or_after_it(book, photo: str, newline: str) -> None:
    [item] = book(
        card_of("FN:Jo", photo, "EMAIL:jo@a.example", "TEL:1").replace("\r", "").replace("\n", newline)
    )
    assert (item.name, item.emails, item.phones) == ("Jo", ("jo@a.example",), ("1",))


# Invariants


@given(st.lists(st.sampled_from([b"BEGIN:VCARD", b"END:VCARD", b"FN:x", b"AGENT:", b" fold", b"\xff=", b""])))
@example([b"BEGIN:VCARD", b"AGENT:", b"BEGIN:VCARD", b"END:VCARD", b"END:VCARD"])
def test_every_top_level_begin_is_exactly_one_item(tmp_path_factory, lines: list[bytes]) -> None:
    path = tmp_path_factory.getbasetemp() / "lines.vcf"
    path.write_bytes(b"\n".join(lines))
    written = [line for line in lines if line]
    agents = sum(pair == (b"AGENT:", b"BEGIN:VCARD") for pair in pairwise(written))
    runs = sum(pair == (b"BEGIN:VCARD", b"BEGIN:VCARD") for pair in pairwise(written))
    begins = lines.count(b"BEGIN:VCARD")
    try:
        items = len(read(path))
    except NotThisFormat:
        assert begins == 0
    else:
        assert begins - agents - runs <= items <= begins


@given(st.binary(max_size=300))
def test_no_bytes_within_a_card_lose_the_next_card(tmp_path_factory, junk: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "junk.vcf"
    path.write_bytes(b"BEGIN:VCARD\nFN:x\n" + junk + b"\nEND:VCARD\n" + card_of("FN:Jo Next").encode())
    assert list(read(path))[-1].name == "Jo Next"


def escaped(text: str) -> str:
    return re.sub(r"([\\,;])", r"\\\1", text)


def folded(line: str) -> str:
    data = line.encode()
    return b"\r\n ".join(data[at : at + 74] for at in range(0, len(data), 74)).decode("latin-1")


words = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=60
).filter(clean)
addresses = st.from_regex(r"[a-z0-9.+_-]{1,20}@[a-z]{1,10}\.example", fullmatch=True)


@settings(max_examples=60)
@given(words, words, words, st.lists(words, max_size=3), st.lists(addresses, max_size=4, unique=True))
def test_a_card_that_was_written_is_read_back_equal(
    tmp_path_factory, family: str, given_name: str, unit: str, categories: list[str], emails: list[str]
) -> None:
    family, given_name, unit, *categories = map(clean, (family, given_name, unit, *categories))
    lines = [
        f"FN:{escaped(given_name)} {escaped(family)}",
        f"N:{escaped(family)};{escaped(given_name)};;;",
        f"ORG:{escaped(unit)};{escaped(unit)}",
        "CATEGORIES:" + ",".join(map(escaped, categories)),
        *(f"EMAIL;TYPE=INTERNET:{email}" for email in emails),
    ]
    path = tmp_path_factory.getbasetemp() / "written.vcf"
    path.write_bytes(card_of(*map(folded, lines)).encode("latin-1"))
    [item] = read(path)
    assert isinstance(item, Card)
    assert (item.name, item.given_name, item.family_name) == (f"{given_name} {family}", given_name, family)
    assert item.organization == f"{unit}, {unit}"
    assert Counter(map(str.casefold, item.categories)) == Counter({c.casefold() for c in categories})
    assert item.emails == tuple(emails)


_PIECES = [
    *(
        b"BEGIN:VCARD END:VCARD AGENT: FN:x EMAIL:a@b.example TEL;TYPE=x:1 PHOTO;ENCODING=b: KIND:group"
    ).split(),
    *(b"\n", b"\r\n", b"\r", b"\n ", b"=\n", b"=", b'"', b":", b";", b"\x00", b"\xff\xfe", b"\xe9", b"\\"),
    *(
        b"NOTE;ENCODING=QUOTED-PRINTABLE:",
        b"N;CHARSET=utf-16;QUOTED-PRINTABLE:=D8=00",
        b"BDAY:--0412",
        b"REV:1",
    ),
]
anything = st.one_of(
    st.binary(max_size=400),
    st.lists(st.sampled_from(_PIECES), max_size=40).map(b"".join),
    st.lists(st.sampled_from(_PIECES), max_size=40).map(b"\n".join),
)


@settings(max_examples=400)
@given(anything)
def test_any_bytes_give_items_in_file_order_or_a_refusal(tmp_path_factory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "anything.vcf"
    path.write_bytes(data)
    try:
        items = read(path)
    except NotThisFormat:
        return
    positions = [item.position for item in items]
    assert positions == sorted(set(positions))
    assert all(0 <= position < len(data) for position in positions)
    msgspec.json.encode(items)
    assert not any("\x00" in repr(item) for item in items)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(_PIECES[2:]), max_size=40).map(b"\n".join))
def test_a_large_card_is_read_as_a_small_one(data: bytes) -> None:
    card = b"BEGIN:VCARD\n" + data + b"\nEND:VCARD\n"
    large = b"BEGIN:VCARD\n" + b"NOTE:%s\n" % (b"x" * 70_000) + data + b"\nEND:VCARD\n"
    [small_facts, large_facts] = (
        [properties(own.text, 1_000) for block in blocks(text) for own in [content(text, block, Bounds())]]
        for text in (card, large)
    )
    assert small_facts == large_facts


@pytest.mark.parametrize(
    "line",
    [
        "BEGIN:VCARD",
        "END:VCARD",
        "BEGIN:VCARD\nX:1",
        "AGENT:\nBEGIN:VCARD\nFN:y",
        "EMAIL:jo@a.example",
        "NOTE;ENCODING=QUOTED-PRINTABLE:a=\nb=",
        "FN;ENCODING=QUOTED-PRINTABLE:a=",
        "PHOTO;X",
        "PHOTO:\n a:",
        "a.b;c\r",
        'FN;X=";',
        "\r",
    ],
)
def test_twice_the_bytes_take_no_more_than_twice_the_work(line: str) -> None:
    def work(times: int) -> int:
        """Lines of Python that run, for what is not counted is one pass of a pattern over the file."""
        steps = 0

        def count(*_: object) -> object:
            nonlocal steps
            steps += 1
            return count

        data = b"BEGIN:VCARD\nFN:x\n" + f"{line}\n".encode() * times
        sys.settrace(count)
        try:
            list(vcard.read(Input(io.BytesIO(data), "book.vcf")))
        finally:
            sys.settrace(None)
        return steps

    assert work(2_000) <= 2.1 * work(1_000) + 100
