"""Address lists as people's mailers write them; each pair is a header and what it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.mail.addresses import MOST, mailbox, parse, tolerant_mailbox

ADA = "ada@kvist.example"
BEN = "ben@okoro.example"


@pytest.mark.parametrize(
    ("text", "mailboxes"),
    [
        (ADA, [("", ADA)]),
        (f"<{ADA}>", [("", ADA)]),
        (f"Ada Kvist <{ADA}>", [("Ada Kvist", ADA)]),
        (f"{ADA} (Ada Kvist)", [("Ada Kvist", ADA)]),
        (f"Ada (the first) Kvist <{ADA}>", [("Ada Kvist", ADA)]),
        (f'"Kvist, Ada" <{ADA}>, {BEN}', [("Kvist, Ada", ADA), ("", BEN)]),
        (f'"Ada \\"the\\" Kvist" <{ADA}>', [('Ada "the" Kvist', ADA)]),
        (f"'Ada Kvist' <{ADA}>", [("Ada Kvist", ADA)]),
        (f"Ada Kvist <{ADA}>; {BEN};", [("Ada Kvist", ADA), ("", BEN)]),
        (f"{ADA},, {BEN},", [("", ADA), ("", BEN)]),
        (f'"{BEN}" <{ADA}>', [(BEN, ADA)]),
        ('"ada kvist"@kvist.example', [("", '"ada kvist"@kvist.example')]),
        (
            "Ada <ada@[192.0.2.1]>, ada@[IPv6:2001:db8::1]",
            [("Ada", "ada@[192.0.2.1]"), ("", "ada@[IPv6:2001:db8::1]")],
        ),
        ("Ada(of \\) old) <ada(home)@kvist.example(net)>", [("Ada", ADA)]),
        (f"<@relay.example,@mx.example:{ADA}>", [("", ADA)]),
        ("Ada < ada @ kvist.example >", [("Ada", ADA)]),
    ],
)
def test_a_mailbox_is_its_name_and_its_address(text: str, mailboxes: list[tuple[str, str]]) -> None:
    assert parse(text) == mailboxes


@pytest.mark.parametrize(
    ("text", "mailboxes"),
    [
        (f"Kvist, Ada <{ADA}>", [("Kvist, Ada", ADA)]),
        (f"{BEN}, Kvist, Ada <{ADA}>", [("", BEN), ("Kvist, Ada", ADA)]),
        (f"ada, {BEN}", [("", BEN)]),
        (f"Ada Kvist {ADA}", [("Ada Kvist", ADA)]),
        (f"Ada <{ADA}", [("Ada", ADA)]),
        (f"{ADA}>", [("", ADA)]),
        (f'"Ada <{ADA}>, {BEN}', [("Ada", ADA), ("", BEN)]),
        (f"mailto:{ADA}", [("", ADA)]),
        (f"<mailto:{ADA}?subject=hello>", [("", ADA)]),
        (f"Ada [mailto:{ADA}]", [("Ada", ADA)]),
        (f"<'{ADA}'>", [("", ADA)]),
    ],
)
def test_what_should_have_been_quoted_or_closed_is_understood(
    text: str, mailboxes: list[tuple[str, str]]
) -> None:
    assert parse(text) == mailboxes


@pytest.mark.parametrize(
    ("text", "mailboxes"),
    [
        ("undisclosed-recipients:;", []),
        ("unlisted-recipients:; (no To-header on input)", []),
        (f"Team: Ada <{ADA}>, {BEN};", [("Ada", ADA), ("", BEN)]),
        (f"Team: {ADA};, {BEN}", [("", ADA), ("", BEN)]),
    ],
)
def test_a_group_gives_its_members(text: str, mailboxes: list[tuple[str, str]]) -> None:
    assert parse(text) == mailboxes


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("=?utf-8?Q?J=C3=BCrgen_Fels?=", "Jürgen Fels"),
        ("=?utf-8?Q?Fels=2C_J=C3=BCrgen?=", "Fels, Jürgen"),
        ("=?utf-8?Q?Fels,_J=C3=BCrgen?=", "Fels, Jürgen"),
        ("=?utf-8?Q?Re:_Fels?=", "Re: Fels"),
        ('"=?utf-8?B?SsO8cmdlbg==?="', "Jürgen"),
        ("=?utf-8?Q?=22J=C3=BCrgen=22?=", "Jürgen"),
    ],
)
def test_an_encoded_name_is_decoded_after_the_list_is_split(text: str, name: str) -> None:
    assert parse(f"{text} <{ADA}>, {BEN}") == [(name, ADA), ("", BEN)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "ada at kvist.example",
        "@kvist.example",
        "ada@",
        "a@b@c.example",
        "<>",
        f'"{ADA}" <>',
        f"{ADA} {BEN}",
        "<ada kvist@kvist.example>",
        "=?utf-8?Q?ada@kvist.example?=",
        "<a,b@kvist.example>",
    ],
)
def test_what_is_not_one_address_is_none(text: str) -> None:
    assert parse(text) == []


def test_no_more_than_a_bounded_number_is_kept() -> None:
    assert len(parse(f"{ADA}, " * (MOST + 1))) == MOST


@given(st.text(alphabet="ab@.,;:<>\"'\\ =?q[]\n\tü", max_size=60))
def test_no_address_is_invented(text: str) -> None:
    solid = "".join(text.split())
    for _, address in parse(text):
        assert "".join(address.split()) in solid


@given(st.text(max_size=80))
def test_any_text_is_parsed(text: str) -> None:
    for name, address in parse(text):
        assert name.isprintable()
        assert "@" in address.strip("@")


words = st.text(alphabet="abcdefgh", min_size=1, max_size=8)


@given(st.lists(st.tuples(st.lists(words, min_size=1, max_size=3), words, words), max_size=8))
def test_a_well_formed_list_comes_back_whole(people: list[tuple[list[str], str, str]]) -> None:
    expected = [(", ".join(name), f"{local}@{domain}.example") for name, local, domain in people]
    assert parse(", ".join(f'"{name}" <{address}>' for name, address in expected)) == expected


@pytest.mark.parametrize(
    "evil", ["(", '"', "<", '"\\', '\\"', "(a", "[(", "=?a?q?", "=?a?q?x?= ", "a@b,", '" <"> ', "@"]
)
def test_hostile_text_is_parsed_to_its_end(evil: str) -> None:
    found = parse((evil * 65_536)[:65_536] + f", {ADA}")
    assert len(found) <= MOST


letters = st.text("aZ9 .,'\"<>@()[]\\:;=?_-+\té\x1c", max_size=12)
tokens = st.builds(
    lambda *parts: "".join(parts),
    st.sampled_from(["", " ", "\t"]) | letters,
    st.sampled_from(["", '"Kvist, Ada"', "Ada  Kvist", '"Ada Kvist', "Ada", "'Ada'", "A. B-C, D"]) | letters,
    st.sampled_from(["", " ", "  ", "\t"]),
    st.sampled_from(["<ada@kvist.example>", "<a.b+c@x.example>", "ada@kvist.example", "<@x>"]) | letters,
    st.sampled_from(["", " "]) | letters,
)


@given(tokens)
def test_a_plain_token_reads_as_the_tolerant_reading_does(token: str) -> None:
    assert mailbox(token) == tolerant_mailbox(token)
