"""Threads: which messages belong to one conversation, whatever is missing and in whatever order they come."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.derive.threads import threads

Row = dict[str, Any]

FIRST = datetime(2026, 3, 1, 9, tzinfo=UTC)
SCHEMA: dict[str, Any] = {
    "letter": pl.String, "message_id": pl.String, "nodes": pl.List(pl.String),
    "sent_at": pl.Datetime("us", "UTC"),
}  # fmt: skip


def letter(name: str, *references: str, reply_to: str | None = None, hour: int | None = None) -> Row:
    """A message; its name is its Message-ID, and without an hour it is sent in alphabetical order."""
    at = FIRST + timedelta(hours=ord(name[0]) - ord("a") if hour is None else hour)
    return {
        "letter": name, "message_id": name, "nodes": [name, *references, *filter(None, [reply_to])],
        "sent_at": at,
    }  # fmt: skip


def grouped(letters: Iterable[Row]) -> dict[str, str]:
    """The thread of each message."""
    return dict(threads(pl.DataFrame(list(letters), SCHEMA)).iter_rows())


def test_an_answer_is_in_the_thread_of_what_it_answers() -> None:
    assert grouped([letter("a"), letter("b", reply_to="a")]) == {"a": "a", "b": "a"}


def test_messages_that_name_nothing_in_common_are_threads_of_their_own() -> None:
    assert grouped([letter("a"), letter("b"), letter("c", "x")]) == {"a": "a", "b": "b", "c": "c"}


def test_references_join_what_in_reply_to_leaves_apart() -> None:
    """Mail programs that cut In-Reply-To still name the conversation."""
    assert set(grouped([letter("a"), letter("b", "a"), letter("c", "a", "b")]).values()) == {"a"}


def test_two_answers_to_a_message_that_is_not_there_are_one_thread() -> None:
    assert grouped([letter("b", reply_to="gone"), letter("c", "gone")]) == {"b": "b", "c": "b"}


def test_a_missing_link_is_bridged_by_the_references_around_it() -> None:
    found = grouped([letter("a"), letter("c", "a", "b", reply_to="b"), letter("d", "b", "c")])
    assert set(found.values()) == {"a"}


def test_a_late_message_joins_two_threads_into_one_named_by_the_earliest() -> None:
    found = grouped([letter("a"), letter("b"), letter("c", "b", "a")])
    assert found == {"a": "a", "b": "a", "c": "a"}


def test_a_thread_is_named_by_its_earliest_message_even_if_that_answers_another() -> None:
    assert grouped([letter("b", hour=5), letter("c", "b", hour=2)]) == {"b": "c", "c": "c"}


def test_messages_that_answer_each_other_are_one_thread() -> None:
    found = grouped([letter("a", reply_to="c"), letter("b", "a"), letter("c", "b")])
    assert found == {"a": "a", "b": "a", "c": "a"}


def test_a_message_that_answers_itself_is_a_thread() -> None:
    assert grouped([letter("a", "a", reply_to="a")]) == {"a": "a"}


def test_two_messages_with_one_message_id_are_one_thread() -> None:
    """The later one was given another message_id; who answers cannot have told them apart."""
    twin = letter("b") | {"nodes": ["a"]}
    assert grouped([letter("a"), twin, letter("c", reply_to="a")]) == {"a": "a", "b": "a", "c": "a"}


def test_a_message_without_message_id_can_still_answer() -> None:
    nameless = letter("b") | {"nodes": ["no-id:b", "a"]}
    assert grouped([letter("a"), nameless]) == {"a": "a", "b": "a"}


def test_a_message_without_a_date_never_names_a_thread_that_has_one() -> None:
    undated = letter("a") | {"sent_at": None}
    assert grouped([undated, letter("b", "a")]) == {"a": "b", "b": "b"}


def test_without_messages_there_are_no_threads() -> None:
    found = threads(pl.DataFrame([], SCHEMA))
    assert (found.height, found.columns) == (0, ["letter", "thread"])


def test_a_conversation_of_thousands_is_one_thread() -> None:
    """A chain, each message naming only the one before it, is as deep as it is long."""
    chain = [letter(f"a{n}", reply_to=f"a{n - 1}", hour=n) for n in range(5000)]
    assert set(grouped(reversed(chain)).values()) == {"a0"}


NAMES = st.sampled_from("abcdefgh")
LETTERS = st.lists(
    st.builds(
        lambda name, references, reply_to, hour: letter(name, *references, reply_to=reply_to, hour=hour),
        NAMES,
        st.lists(st.sampled_from("abcdefghxyz"), max_size=3),
        st.none() | NAMES,
        st.integers(0, 5),
    ),
    max_size=8,
    unique_by=lambda one: str(one["message_id"]),
)


@given(LETTERS, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_messages_does_not_matter(letters: list[Row], random: Random) -> None:
    found = grouped(letters)
    random.shuffle(letters)
    assert grouped(letters) == found


@given(LETTERS)
@settings(max_examples=60, deadline=None)
def test_threads_are_the_connected_messages_each_named_by_its_earliest(letters: list[Row]) -> None:
    """Against a slow search that spreads from message to message."""
    named = {one["message_id"]: set(one["nodes"]) for one in letters}
    expected = {}
    for name, words in named.items():
        reached = set(words)
        while more := {word for other in named.values() if other & reached for word in other} - reached:
            reached |= more
        members = [one for one in letters if one["message_id"] in reached]
        expected[name] = min(members, key=lambda one: (one["sent_at"], one["message_id"]))["message_id"]
    assert grouped(letters) == expected
