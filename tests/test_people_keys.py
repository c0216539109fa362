"""What an address and a phone number say by themselves."""

from string import ascii_letters, digits

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.people.addresses import normalise, parse, parse_all, written
from warehouse.people.phones import e164, linkedin_slug


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("mira@kovalenko.example", "MAILTO:Mira@Kovalenko.EXAMPLE"),
        ("tobin.ashgrove@gmail.com", "tobinashgrove+lists@googlemail.com"),
        ("tobin@fastmail.com", "tobin+conf@fastmail.com"),
        ("ute@bücherstube.example", "ute@xn--bcherstube-9db.example"),
        ("<ute@brandner.example>", "'ute@brandner.example' "),
        ("77+octo@users.noreply.github.com", "octo@users.noreply.github.com"),
    ],
)
def test_two_spellings_reach_one_mailbox(a: str, b: str) -> None:
    assert normalise(a) == normalise(b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("jan.berg@proton.me", "janberg@proton.me"),
        ("team+a@acme.example", "team+b@acme.example"),
        ("jan@berg.example", "jan@berg.test"),
    ],
)
def test_two_mailboxes_stay_two(a: str, b: str) -> None:
    assert normalise(a) != normalise(b)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("lena@roth.example", "personal"),
        ("talbot@abbot.example", "personal"),
        ("maria.l@example.org", "personal"),
        ("sales.manager@acme.example", "personal"),
        ("octo@users.noreply.github.com", "personal"),
        ("info@acme.example", "role"),
        ("dev-list@acme.example", "list"),
        ("anything@lists.acme.example", "list"),
        ("abc@group.calendar.google.com", "list"),
        ("no-reply@acme.example", "bot"),
        ("reply+0af3@acme.example", "bot"),
        ("calendar-notification@acme.example", "bot"),
        ("c_12@resource.calendar.google.com", "room"),
        ("unknownorganizer@calendar.google.com", "placeholder"),
        ("root@localhost", "placeholder"),
        ("lena@laptop.local", "placeholder"),
        ("", "placeholder"),
        ("/o=ExchangeLabs/cn=lena", "placeholder"),
    ],
)
def test_an_address_has_a_class(raw: str, kind: str) -> None:
    assert parse(raw).kind == kind


def test_a_robot_with_a_token_for_each_message_is_one_robot() -> None:
    assert normalise("reply+0af3@acme.example") == normalise("reply+99@acme.example")


@given(
    st.builds(
        "{}@{}.{}".format,
        st.text(f"{ascii_letters}{digits}.+_-", min_size=1, max_size=12),
        st.text(f"{ascii_letters}{digits}-", min_size=1, max_size=8),
        st.sampled_from(["example", "test"]),
    )
)
def test_normalising_twice_is_normalising_once(raw: str) -> None:
    assert normalise(normalise(raw)) == normalise(raw)


LOCALS = ["mira", "Mira.K", "m+x", "no-reply", "info", "root", "dev-list", "a_b-c", "-", "bot"]
DOMAINS = [
    "acme.example", "ACME.Example", "gmail.com", "googlemail.com", "lists.acme.example", "groups.io", "a..b",
    "users.noreply.github.com", "calendar.google.com", "laptop.local", "localhost", "xn--bcherstube-9db.test",
]  # fmt: skip


@given(
    st.lists(
        st.builds("{}@{}".format, st.sampled_from(LOCALS), st.sampled_from(DOMAINS)) | st.text(max_size=20),
        max_size=9,
    )
)
def test_addresses_read_as_columns_are_those_read_one_by_one(raws: list[str]) -> None:
    expected = {(raw, parse(raw).value, written(raw), parse(raw).kind) for raw in raws}
    assert set(parse_all(pl.Series(raws, dtype=pl.String)).iter_rows()) == expected


@pytest.mark.parametrize(
    "raw",
    ["https://www.linkedin.com/in/J%C3%BCrgen-1/", "http://de.linkedin.com/in/jürgen-1", "linkedin:jürgen-1"],
)
def test_a_profile_is_a_personal_key_and_no_address(raw: str) -> None:
    found = parse(raw)
    assert (found.value, found.slug, found.kind, found.domain) == (
        "linkedin:jürgen-1",
        "jürgen-1",
        "personal",
        "",
    )
    assert normalise(found.value) == found.value


def test_a_number_with_its_country_has_one_form() -> None:
    assert e164("+49 (0)30 1234567", None) == e164("tel:+49301234567", None) == "+49301234567"
    assert e164("+1 650 253 0000 ext 12", None) == "+16502530000;ext=12"


def test_a_national_number_needs_a_named_region() -> None:
    assert e164("030 1234567", None) is None
    assert e164("030 1234567", "DE") == "+49301234567"
    assert e164("reception", "DE") is None


def test_a_profile_has_one_name_in_all_its_links() -> None:
    assert linkedin_slug("https://www.linkedin.com/in/Ana-Prado-1b2/?trk=x") == "ana-prado-1b2"
    assert linkedin_slug("https://acme.example/in/ana") is None
