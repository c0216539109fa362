"""Who is who: persons from mentions and cards, by keys alone."""

from collections.abc import Iterable
from datetime import UTC, datetime
from random import Random
from typing import Any
from unittest import mock

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.people import resolve as resolving
from warehouse.people.resolve import Resolution, resolve

INSTANT = pl.Datetime("us", "UTC")
MENTIONS: dict[str, Any] = {
    "source": pl.String, "origin": pl.String, "name": pl.String, "address": pl.String, "count": pl.Int64,
    "sent": pl.Int64, "automatic": pl.Int64, "listed": pl.Boolean, "cutype": pl.String, "born": pl.Int64,
    "first_at": INSTANT, "last_at": INSTANT,
}  # fmt: skip
CARDS: dict[str, Any] = {
    "source": pl.String, "key": pl.String, "uid": pl.String, "name": pl.String, "nickname": pl.String,
    "organization": pl.String, "emails": pl.List(pl.String), "phones": pl.List(pl.String),
    "urls": pl.List(pl.String), "kind": pl.String, "born": pl.Int64, "revised_at": INSTANT,
}  # fmt: skip
Row = dict[str, Any]


def mention(name: str, address: str, count: int = 1, **more: object) -> Row:
    row = {
        "source": "work-mail", "origin": "header", "name": name, "address": address, "count": count,
        "sent": 0, "automatic": 0, "listed": False, "cutype": None, "born": 1,
        "first_at": None, "last_at": None,
    }  # fmt: skip
    return row | more


def card(name: str, *emails: str, **more: object) -> Row:
    row = {
        "source": "book", "key": f"{name} {' '.join(emails)}", "uid": "", "name": name, "nickname": "",
        "organization": "", "emails": list(emails), "phones": [], "urls": [], "kind": "individual", "born": 1,
        "revised_at": None,
    }  # fmt: skip
    return row | more


def found(
    mentions: Iterable[Row] = (), cards: Iterable[Row] = (), me: Iterable[str] = (), region: str | None = None
) -> Resolution:
    return resolve(
        pl.DataFrame(list(mentions), schema=MENTIONS),
        pl.DataFrame(list(cards), schema=CARDS),
        me=list(me),
        region=region,
    )


def who(result: Resolution, name: str, address: str) -> str:
    """The person id of a mention."""
    links = result.mention_links.filter(name=name, address=address)
    [person] = links["person_id"]
    return str(person)


def people(result: Resolution) -> list[tuple[str, str]]:
    """Names and kinds."""
    return sorted(result.persons.select("name", "kind").rows())


def test_one_address_in_two_spellings_is_one_person() -> None:
    result = found(
        [mention("Mira Kovalenko", "mira@kovalenko.example"), mention("", "mailto:MIRA@Kovalenko.example")],
        [card("Kovalenko, Mira", "Mira@kovalenko.example")],
    )
    assert people(result) == [("Mira Kovalenko", "human")]
    assert result.persons["primary_email"].to_list() == ["mira@kovalenko.example"]


def test_one_name_on_two_addresses_is_two_persons() -> None:
    assert (
        len(people(found([mention("Wei Wang", "wei@a.example"), mention("Wei Wang", "wei@b.example")]))) == 2
    )


def test_a_card_ties_its_addresses_together() -> None:
    result = found(
        [mention("Nora Fink", "nora@fink.example"), mention("N. Fink", "nfink@acme.example", 7)],
        [card("Nora Fink", "nora@fink.example", "nfink@acme.example")],
    )
    assert people(result) == [("Nora Fink", "human")]
    assert result.persons["primary_email"].to_list() == ["nfink@acme.example"]


def test_a_couple_that_shares_an_address_stays_two_people() -> None:
    result = found(
        [mention("Hanna Weiss", "weiss@home.example", 5), mention("Karl Weiss", "weiss@home.example", 4)],
        [
            card("Hanna Weiss", "weiss@home.example", "hanna@weiss.example"),
            card("Karl Weiss", "weiss@home.example", "karl@weiss.example"),
        ],
    )
    assert people(result) == [("Hanna Weiss", "human"), ("Karl Weiss", "human")]
    [suggestion] = result.suggestions.to_dicts()
    assert any("weiss@home.example" in fact for fact in suggestion["shared"])
    assert any("Hanna Weiss" in fact and "Karl Weiss" in fact for fact in suggestion["conflicting"])


def test_a_card_without_a_name_does_not_bridge_two_people() -> None:
    result = found(
        [mention("Hanna Weiss", "hanna@weiss.example"), mention("Karl Weiss", "karl@weiss.example")],
        [card("", "hanna@weiss.example", "karl@weiss.example")],
    )
    assert people(result) == [("Hanna Weiss", "human"), ("Karl Weiss", "human")]
    assert result.suggestions.height == 1


def test_an_assistant_does_not_become_the_boss() -> None:
    result = found(
        [mention("Vera Holt", "vera@corp.example", 9), mention("Tim Marsh", "vera@corp.example", 3)],
        [card("Tim Marsh", "tim@corp.example")],
    )
    assert who(result, "Vera Holt", "vera@corp.example") != who(result, "Tim Marsh", "vera@corp.example")


def test_a_name_on_less_than_a_fifth_of_the_mail_is_no_person() -> None:
    result = found(
        [mention("Junko Hamada", "git@pobox.example", 900), mention("Winston Colette", "git@pobox.example")]
    )
    assert people(result) == [("Junko Hamada", "human")]
    assert result.suggestions.is_empty()


def test_a_father_and_a_son_stay_two_people() -> None:
    names = ("Robert Hale Sr.", "Robert Hale Jr.")
    result = found(cards=[card(name, "hale@home.example", phones=["+4930123456"]) for name in names])
    assert people(result) == [("Robert Hale Jr", "human"), ("Robert Hale Sr", "human")]


def test_a_card_with_a_pet_name_is_whoever_has_its_only_address() -> None:
    result = found([mention("Karen Weiss", "karen@weiss.example")], [card("Mum", "karen@weiss.example")])
    assert people(result) == [("Mum", "human")]


def test_an_updated_card_is_the_same_person() -> None:
    old, new = card("Nora Fink", "nora@fink.example"), card("Nora Fink-Adler", "nora@adler.example")
    assert len(people(found(cards=[old | {"uid": "u9"}, new | {"uid": "u9"}]))) == 1
    assert len(people(found(cards=[old | {"uid": "u9"}, new | {"uid": "u9", "source": "other"}]))) == 2


def test_a_phone_is_a_key_only_with_a_country_and_names_that_fit() -> None:
    here, there = card("Nora Fink", phones=["030 1234567"]), card("N. Fink", phones=["+49 30 1234567"])
    other, firm = card("Paul Stein", phones=["+49301234567"]), card("ACME GmbH", phones=["+49301234567"])
    assert len(people(found(cards=[here, there]))) == 2
    assert len(people(found(cards=[here, there], region="DE"))) == 1
    assert len(people(found(cards=[there, other, firm]))) == 3


def test_two_profiles_are_two_people() -> None:
    one, two = (card("Ana Prado", "ana@p.example", urls=[f"https://linkedin.com/in/ana-{i}"]) for i in (1, 2))
    assert len(people(found(cards=[one, two | {"key": "other"}]))) == 2
    assert len(people(found(cards=[one, card("Ana Prado", urls=one["urls"])]))) == 1


def test_an_office_is_a_role_and_whoever_signs_there_a_person_of_their_own() -> None:
    result = found(
        [
            mention("ACME Info", "info@acme.example", 9),
            mention("Lena Roth", "info@acme.example"),
            mention("Paul Stein", "info@acme.example"),
        ],
        [
            card("Lena Roth", "lena@acme.example", "info@acme.example"),
            card("Paul Stein", "info@acme.example"),
        ],
    )
    assert people(result) == [("ACME Info", "role"), ("Lena Roth", "human"), ("Paul Stein", "human")]


def test_the_office_of_one_person_is_that_person() -> None:
    result = found([mention("Lena Roth", "hello@roth.example", 5), mention("", "hello@roth.example", 4)])
    assert people(result) == [("Lena Roth", "human")]


def test_headers_and_calendars_tell_lists_robots_and_rooms() -> None:
    result = found(
        [
            mention("Crew", "crew@acme.example", 3, listed=True),
            mention("Ines Duarte via Team", "team@duarte.example"),
            mention("Otto Lind via Team", "team@duarte.example"),
            mention("Blue Room", "blue@acme.example", origin="calendar", cutype="ROOM"),
            mention("All hands", "all@acme.example", origin="calendar", cutype="group"),
            mention("Shop", "no-reply@shop.example"),
            mention("Ada Weekly", "ada@weekly.example", 9, sent=9, automatic=9),
            mention("Bo Reader", "bo@reader.example", 9, sent=8, automatic=8),
        ]
    )
    kinds = dict(result.persons.select("primary_email", "kind").rows())
    assert kinds == {
        "crew@acme.example": "list",
        "team@duarte.example": "list",
        "blue@acme.example": "room",
        "all@acme.example": "list",
        "no-reply@shop.example": "bot",
        "ada@weekly.example": "bot",
        "bo@reader.example": "human",
    }
    assert all(result.persons["kind_reason"])


def test_somebody_on_a_card_is_no_robot_however_automatic_the_mail() -> None:
    result = found(
        [mention("Ada Ash", "ada@ash.example", 9, sent=9, automatic=9)], [card("Ada Ash", "ada@ash.example")]
    )
    assert people(result) == [("Ada Ash", "human")]


def test_all_my_addresses_are_me_whatever_the_names() -> None:
    result = found(
        [
            mention("Jo Lark", "jo@lark.example", 9),
            mention("Office Printer", "jo@lark.example"),
            mention("J. Lark", "jlark@work.example"),
        ],
        [
            card("Jo Lark", "jo@lark.example", "jo@old.example"),
            card("Kim Lark", "jo@lark.example", "kim@lark.example"),
        ],
        me=["JO@lark.example", "jlark@work.example"],
    )
    assert result.persons.filter("is_me")["name"].to_list() == ["Jo Lark"]
    assert people(result) == [("Jo Lark", "human"), ("Kim Lark", "human")]
    assert result.suggestions.is_empty()


def test_a_profile_is_one_person_on_cards_and_in_messages() -> None:
    profile = "https://www.linkedin.com/in/Ana-Prado-1b2/"
    on_linkedin = mention("Ana Prado", profile, 3, origin="linkedin")
    result = found(
        [on_linkedin, mention("Ana Prado", "ana@prado.example")],
        [card("Ana Prado", "ana@prado.example", urls=["linkedin.com/in/ana-prado-1b2?trk=x"])],
    )
    assert people(result) == [("Ana Prado", "human")]
    assert result.persons["primary_email"].to_list() == ["ana@prado.example"]
    [evidence] = result.identifiers.filter(kind="linkedin", value="ana-prado-1b2")["evidence"]
    assert evidence == "profile on a card of book; in messages 3 times"


def test_a_profile_whose_name_changes_stays_one_person() -> None:
    names = ("Nora Fink", "Nora Adler", "")
    rows = [mention(name, "https://linkedin.com/in/nora", origin="linkedin") for name in names]
    result = found(rows)
    assert people(result) == [("Nora Adler", "human")]
    assert result.suggestions.is_empty()
    assert result.persons["primary_email"].to_list() == [None]


def test_my_profile_is_me() -> None:
    result = found(
        [mention("Jo Lark", "https://www.linkedin.com/in/jo-lark", origin="linkedin")],
        me=["jo@lark.example", "linkedin:jo-lark"],
    )
    assert result.persons.select("name", "is_me").rows() == [("Jo Lark", True)]


def test_an_identifier_says_where_it_was_seen() -> None:
    early, late = datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)
    result = found(
        [
            mention("Nora Fink", "nora@fink.example", 200, first_at=early, last_at=early),
            mention("Nora Fink", "nora@fink.example", 14, origin="calendar", first_at=late, last_at=late),
        ],
        [card("Nora Fink", "nora@fink.example", uid="u1", phones=["+49301234567"])],
    )
    rows = result.identifiers.drop("person_id").rows()
    assert rows == [
        (
            "email",
            "nora@fink.example",
            "book",
            early,
            late,
            "address on a card of book; in mail and calendar 214 times",
        ),
        ("phone", "+49301234567", "book", None, None, "number on a card of book"),
        ("vcard_uid", "u1", "book", None, None, "identifier on a card of book"),
    ]


def test_nothing_at_all_is_no_person_but_me() -> None:
    assert found().persons.is_empty()
    assert found(me=["jo@lark.example"]).persons["is_me"].to_list() == [True]


def test_a_merge_keeps_the_older_id() -> None:
    first = [mention("Nora Fink", "nora@fink.example"), mention("Nora Fink", "nora@acme.example", born=2)]
    before = found(first)
    after = found(first, [card("Nora Fink", "nora@fink.example", "nora@acme.example", born=3)])
    assert after.persons["person_id"].to_list() == [who(before, "Nora Fink", "nora@fink.example")]


NAMES = [
    "", "Hanna", "Karl", "Hanna Weiss", "Karl Weiss", "K. Weiss", "Weiss, Hanna", "Robert Hale", "Bob Hale",
    "Robert Hale Jr.", "Robert Hale Sr.", "ACME GmbH", "Karl Weiss via Crew",
]  # fmt: skip
ADDRESSES = [
    "a@weiss.example", "A@Weiss.example", "b@weiss.example", "c.d@gmail.com", "cd+x@googlemail.com",
    "info@weiss.example", "root@localhost", "no-reply@weiss.example", "me@lark.example", "",
    "d.weiss@gmail.com", "e@weiss.example", "https://www.linkedin.com/in/weiss",
]  # fmt: skip
some_mentions = st.lists(
    st.builds(
        mention,
        st.sampled_from(NAMES),
        st.sampled_from(ADDRESSES),
        st.integers(1, 9),
        born=st.integers(1, 3),
        source=st.sampled_from(["work-mail", "home-mail"]),
        origin=st.sampled_from(["header", "calendar"]),
        sent=st.integers(0, 9),
        automatic=st.integers(0, 9),
        first_at=st.none() | st.just(datetime(2024, 1, 1, tzinfo=UTC)),
    ),
    max_size=14,
)
some_cards = st.lists(
    st.builds(
        lambda name, emails, **more: card(name, *emails, **more),
        st.sampled_from(NAMES),
        st.lists(st.sampled_from(ADDRESSES), max_size=3),
        born=st.integers(1, 3),
        source=st.sampled_from(["book", "phone"]),
        uid=st.sampled_from(["", "u1"]),
        phones=st.lists(st.just("+49301234567"), max_size=1),
    ),
    max_size=5,
    unique_by=lambda row: (row["source"], row["key"]),
)
ME = ["me@lark.example"]


def frames(result: Resolution) -> list[list[tuple[Any, ...]]]:
    tables = (result.persons, result.mention_links, result.card_links, result.identifiers, result.suggestions)
    return [table.rows() for table in tables]


@settings(max_examples=20, deadline=None)
@given(some_mentions, some_cards, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(mentions: list[Row], cards: list[Row], chance: Random) -> None:
    expected = frames(found(mentions, cards, ME))
    assert frames(found(mentions, cards, ME)) == expected
    chance.shuffle(mentions)
    chance.shuffle(cards)
    assert frames(found(mentions, cards, ME)) == expected


@settings(max_examples=20, deadline=None)
@given(some_mentions, some_cards)
def test_addresses_without_a_question_are_read_as_all_others_are(
    mentions: list[Row], cards: list[Row]
) -> None:
    """What is read as columns is what it is when it is asked one by one."""
    by_columns = frames(found(mentions, cards, ME))
    with mock.patch.object(resolving, "is_plain", return_value=pl.lit(value=False)):
        assert frames(found(mentions, cards, ME)) == by_columns


@settings(max_examples=20, deadline=None)
@given(some_mentions, some_cards)
def test_everybody_is_linked_once_and_every_id_is_a_person(mentions: list[Row], cards: list[Row]) -> None:
    result = found(mentions, cards, ME)
    ids = set(result.persons["person_id"])
    assert len(ids) == result.persons.height
    pairs = {(row["name"], row["address"]) for row in mentions}
    assert set(result.mention_links.select("name", "address").rows()) == pairs
    assert result.mention_links.height == len(pairs)
    assert result.card_links.height == len(cards)
    assert {*result.mention_links["person_id"], *result.card_links["person_id"]} <= ids
    assert result.persons["is_me"].sum() == 1


@settings(max_examples=30, deadline=None)
@given(some_mentions, some_cards, some_mentions)
def test_a_later_mention_leaves_every_id_or_merges_it_into_an_older(
    mentions: list[Row], cards: list[Row], later: list[Row]
) -> None:
    before = found(mentions, cards, ME)
    after = found([*mentions, *({**row, "born": 4} for row in later)], cards, ME)
    moved = (
        before.mention_links.join(after.mention_links, on=["name", "address"], suffix="_after")
        .select("person_id", "person_id_after")
        .vstack(
            before.card_links.join(after.card_links, on=["source", "key"], suffix="_after").select(
                "person_id", "person_id_after"
            )
        )
    )
    known, still = set(before.persons["person_id"]), set(after.persons["person_id"])
    born = dict(before.persons.select("person_id", "born").iter_rows())
    for gone in (known & set(moved["person_id"])) - still:
        heirs = set(moved.filter(person_id=gone)["person_id_after"])
        assert any(heir in known and born[heir] <= born[gone] for heir in heirs)


def test_a_father_and_a_son_with_one_landline_stay_two_people() -> None:
    cards = [
        card("John Smith", "john@smith.example", phones=["+493012345678"]),
        card("John Smith Jr.", "jack@smith.example", phones=["+49 30 12345678"]),
    ]
    assert people(found([], cards)) == [("John Smith", "human"), ("John Smith Jr", "human")]


def test_a_list_is_not_called_after_who_writes_through_it() -> None:
    result = found([mention("Fritz Foe via makers", "makers@lists.example", listed=True)])
    assert people(result) == [("makers@lists.example", "list")]


def test_one_writer_on_an_address_that_is_spelled_like_a_list_is_a_human() -> None:
    own = mention("Steven Davison", "makers-list@davison.example", 3, sent=3)
    silent = mention("", "makers-users@davison.example", 3)
    free = mention("Julian Smithers", "julian.smithers@list.example", 3, sent=3)
    assert people(found([own, silent, free])) == [
        ("Julian Smithers", "human"),
        ("Steven Davison", "human"),
        ("makers-users@davison.example", "list"),
    ]


def test_a_couple_that_shares_two_keys_is_one_suggestion() -> None:
    cards = [
        card(name, "weiss@home.example", "weiss@family.example", phones=["+493012345678"])
        for name in ("Hanna Weiss", "Karl Weiss")
    ]
    assert len(found([], cards).suggestions) == 1


def test_an_initial_on_a_familys_number_joins_nobody() -> None:
    phone = {"phones": ["+493012345678"]}
    cards = [
        card("Jane Doe", "jane@doe.example", **phone),
        card("J. Doe", "jd@doe.example", **phone),
        card("John Doe", "john@doe.example", **phone),
    ]
    assert people(found([], cards)) == [("J. Doe", "human"), ("Jane Doe", "human"), ("John Doe", "human")]


def test_a_shared_number_makes_nobody_me() -> None:
    cards = [
        card("Robin Ferrow", "robin@ferrow.example", phones=["+493012345678"]),
        card("Robin Ferrow", "third@ferrow.example", phones=["+493012345678"]),
    ]
    result = found([], cards, me=["robin@ferrow.example"])
    assert len(result.persons) == 2


def test_a_robot_that_writes_for_many_is_called_after_none_of_them() -> None:
    posts = [mention(name, "notifications@forge.example") for name in ("Uma Ulrich", "Vic Vance")]
    assert people(found(posts)) == [("notifications@forge.example", "bot")]


def surest(result: Resolution) -> float:
    """The score of the surest suggestion; none of them is one that a preset would accept."""
    assert set(result.suggestions["preset"]) <= {"", "same company"}
    return max(result.suggestions["score"])


def test_a_boss_and_an_assistant_on_one_address_are_asked_about_and_no_more() -> None:
    result = found(
        [
            mention("Ann Lee", "ann.lee@corp.example", 10),
            mention("Bob Ray", "ann.lee@corp.example", 4),
            mention("Bob Ray", "bob.ray@corp.example", 5),
        ],
        [card("Bob Ray", "bob.ray@corp.example", "ann.lee@corp.example")],
    )
    assert surest(result) <= 0.6


def test_an_initial_that_fits_two_does_not_make_them_one() -> None:
    result = found(
        [
            mention("Sam Smith", "sam@smith.example", 5),
            mention("S. Smith", "sam@smith.example", 5),
            mention("Sue Smith", "sam@smith.example", 5),
        ]
    )
    assert surest(result) <= 0.6


def test_two_cards_of_one_book_are_never_certain() -> None:
    cards = [card("Mira Holt", "mira.holt@cobble.example"), card("Mira Holt", "mira.holt@pinnacle.example")]
    [suggestion] = found([], cards).suggestions.to_dicts()
    assert suggestion["score"] <= 0.9
    assert "two cards of one address book: book" in suggestion["conflicting"]


def test_who_may_be_either_of_two_is_certainly_neither() -> None:
    result = found(
        [mention("Dora Diver", "dora@diver.example", 5), mention("Emil Ender", "emil@ender.example", 5)],
        [card("Mum", "dora@diver.example", "emil@ender.example")],
    )
    assert surest(result) < 0.98
