"""Gone quiet: who is on the list, in which order, with which words."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.answering import derive
from warehouse.derive.gone_quiet import COLUMNS, expected_meetings, gone_quiet, replies_owed
from warehouse.derive.interactions import interactions

Row = dict[str, Any]

AS_OF = date(2026, 6, 30)
ZONE = "Europe/Berlin"
INSTANT = pl.Datetime("us", "UTC")
RHYTHMS: dict[str, Any] = {
    "person_id": pl.String, "last_contact_on": pl.Date, "is_two_way": pl.Boolean, "contact_days": pl.Int64,
    "usual_gap_days": pl.Float64, "long_gap_days": pl.Int64, "silent_days": pl.Int64,
    "active_days": pl.Float64, "recent_contact_days": pl.Int64, "usual_per_day": pl.Float64,
    "probability": pl.Float64, "quiet_score": pl.Float64,
}  # fmt: skip
MESSAGES: dict[str, Any] = {
    "message_id": pl.String, "thread_id": pl.String, "sent_at": INSTANT, "from_person_id": pl.String,
    "is_bulk": pl.Boolean, "is_automatic": pl.Boolean, "recipients": pl.Int64, "party_size": pl.Int64,
    "my_role": pl.String, "channel": pl.String,
    "source": pl.String, "ingested_at": INSTANT,
}  # fmt: skip
MESSAGE_PARTIES: dict[str, Any] = dict.fromkeys(("message_id", "person_id", "role"), pl.String)
MEETINGS: dict[str, Any] = {
    "meeting_id": pl.String, "starts_at": INSTANT, "ends_at": INSTANT, "is_all_day": pl.Boolean,
    "status": pl.String, "my_response": pl.String, "party_size": pl.Int64, "attendees": pl.Int64,
    "source": pl.String, "created_at": INSTANT, "ingested_at": INSTANT,
}  # fmt: skip
MEETING_PARTIES: dict[str, Any] = dict.fromkeys(("meeting_id", "person_id", "response", "kind"), pl.String)
PEOPLE: dict[str, Any] = {"person_id": pl.String, "name": pl.String, "kind": pl.String, "is_me": pl.Boolean}
CAST = pl.LazyFrame(
    [("me", "Robin", "human", True), ("ada", "Ada", "human", False), ("bo", "Bo", "human", False)],
    PEOPLE,
    orient="row",
)


def end_of(day: date) -> datetime:
    return datetime.combine(day, time.max, ZoneInfo(ZONE)).astimezone(UTC)


def ago(days: int, hour: int = 10) -> datetime:
    return datetime.combine(AS_OF, time(hour), UTC) - timedelta(days=days)


# The gate


def tie(person: str = "ada", /, **more: object) -> Row:
    """A rhythm that has broken, unless said otherwise."""
    row = {
        "person_id": person, "last_contact_on": date(2026, 5, 12), "is_two_way": True, "contact_days": 20,
        "usual_gap_days": 10.6, "long_gap_days": 30, "silent_days": 49, "active_days": 200.0,
        "recent_contact_days": 18, "usual_per_day": 0.095, "probability": 0.6, "quiet_score": -0.9,
    }  # fmt: skip
    return row | more


def listed(*ties: Row, expected: Iterable[str] = (), owed: Iterable[str] = ()) -> pl.DataFrame:
    expected_people, owed_people = (
        pl.LazyFrame({"person_id": list(people)}, {"person_id": pl.String}) for people in (expected, owed)
    )
    return gone_quiet(pl.LazyFrame(list(ties), RHYTHMS), CAST, expected_people, owed_people).collect()


def is_listed(**more: object) -> bool:
    return listed(tie(**more)).height == 1


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        ({"contact_days": 6}, {"contact_days": 5}),
        ({"silent_days": 7}, {"silent_days": 6}),
        ({"silent_days": 180}, {"silent_days": 181}),
        ({"active_days": 60.0}, {"active_days": 59.0}),
        ({"usual_per_day": 3 / 90}, {"usual_per_day": 2.99 / 90}),
        ({"is_two_way": True}, {"is_two_way": False}),
        ({"quiet_score": -3.0}, {"quiet_score": -3.01}),
    ],
    ids=lambda change: " ".join(f"{name}={value}" for name, value in change.items()),
)
def test_each_gate_has_its_boundary(inside: Row, outside: Row) -> None:
    assert is_listed(**inside)
    assert not is_listed(**outside)


@given(st.integers(6, 3000))
@settings(max_examples=100)
def test_three_expected_in_ninety_days_is_exact(contact_days: int) -> None:
    """A contact every 30 days is just enough, however long it has lasted."""
    assert (contact_days - 1) / (30.0 * (contact_days - 1)) * 90 >= 3


def test_who_has_no_rhythm_is_not_listed() -> None:
    nothing = dict.fromkeys(RHYTHMS) | {"person_id": "ada", "is_two_way": False}
    assert listed(nothing).is_empty()


def test_i_am_not_on_my_list() -> None:
    assert listed(tie("me")).is_empty()


def test_whom_i_am_to_meet_is_not_listed() -> None:
    assert listed(tie("ada"), tie("bo"), expected=["ada"])["person_id"].to_list() == ["bo"]


def test_whom_i_owe_a_reply_is_not_listed() -> None:
    assert listed(tie("ada"), tie("bo"), owed=["ada"])["person_id"].to_list() == ["bo"]


@pytest.mark.parametrize(
    ("quiet_score", "level"), [(-3.0, "cooling"), (-1.01, "cooling"), (-1.0, "gone quiet")]
)
def test_the_score_gives_the_level(quiet_score: float, level: str) -> None:
    assert listed(tie(quiet_score=quiet_score))["level"].to_list() == [level]


# The order


def test_the_most_contact_lost_comes_first_not_the_longest_silence_or_the_surest() -> None:
    much = tie("bo", probability=0.5, recent_contact_days=20, silent_days=20)
    little = tie("ada", probability=0.9, recent_contact_days=5, silent_days=170)
    found = listed(little, much)
    assert list(found.select("rank", "person_id").iter_rows()) == [(1, "bo"), (2, "ada")]


def test_of_equals_the_first_by_id_comes_first_whatever_the_order_of_rows() -> None:
    assert listed(tie("bo"), tie("ada")).equals(listed(tie("ada"), tie("bo")))


def test_an_empty_list_has_all_columns() -> None:
    found = listed()
    assert tuple(found.columns) == COLUMNS
    assert found.is_empty()


# The sentence


def test_the_sentence_says_the_facts_in_the_columns() -> None:
    [row] = listed(tie()).to_dicts()
    assert row["why"] == (
        "Usually every 11 days (20 contact days); last contact on 2026-05-12, silent for 49 days, "
        "longest silence so far 30 days; 60 % likely gone quiet."
    )


def test_a_daily_rhythm_is_every_day() -> None:
    [why] = listed(tie(usual_gap_days=1.0))["why"]
    assert why.startswith("Usually every day (20 contact days); ")


def test_a_longest_silence_of_one_day_is_one_day() -> None:
    [why] = listed(tie(usual_gap_days=1.0, long_gap_days=1))["why"]
    assert "longest silence so far 1 day; " in why


@given(
    st.integers(6, 500), st.integers(7, 180), st.floats(1.5, 30), st.integers(2, 900), st.floats(0.01, 0.99)
)
@settings(max_examples=15, deadline=None)
def test_every_number_in_the_sentence_is_that_of_its_column(
    contact_days: int, silent_days: int, usual_gap_days: float, long_gap_days: int, probability: float
) -> None:
    last = AS_OF - timedelta(days=silent_days)
    facts = {
        "contact_days": contact_days, "silent_days": silent_days, "usual_gap_days": usual_gap_days,
        "long_gap_days": long_gap_days, "probability": probability, "last_contact_on": last,
    }  # fmt: skip
    [row] = listed(tie(**facts)).to_dicts()
    assert row.items() >= facts.items()
    numbers = re.findall(r"\d{4}-\d\d-\d\d|\d+", row["why"])
    assert numbers[1:5] == [str(contact_days), str(last), str(silent_days), str(long_gap_days)]
    assert abs(int(numbers[0]) - usual_gap_days) <= 0.5
    assert abs(int(numbers[5]) - probability * 100) <= 0.5 + 1e-9


# A meeting on record


def expected(as_of: date = AS_OF, response: str | None = "accepted", **more: object) -> list[str]:
    row = {
        "meeting_id": "k1", "starts_at": ago(-3), "ends_at": ago(-3, 11), "is_all_day": False,
        "status": "confirmed", "my_response": "accepted", "party_size": 2, "attendees": 2, "source": "work",
        "created_at": ago(20), "ingested_at": ago(0),
    }  # fmt: skip
    parties = pl.LazyFrame([("k1", "ada", response, "individual")], MEETING_PARTIES, orient="row")
    found = expected_meetings(pl.LazyFrame([row | more], MEETINGS), parties, after=end_of(as_of))
    return found.collect()["person_id"].to_list()


def test_a_future_meeting_on_record_is_expected() -> None:
    assert expected() == ["ada"]


def test_a_calendar_that_does_not_say_when_it_was_made_is_believed() -> None:
    assert expected(created_at=None) == ["ada"]


@pytest.mark.parametrize("my_response", ["organizer", "tentative", "needs-action", None])
def test_any_answer_of_mine_but_no_leaves_it_expected(my_response: str | None) -> None:
    assert expected(my_response=my_response) == ["ada"]


@pytest.mark.parametrize(
    "change",
    [
        {"status": "cancelled"},
        {"my_response": "declined"},
        {"response": "declined"},
        {"is_all_day": True},
        {"starts_at": ago(3)},
        {"starts_at": ago(-400)},
        {"created_at": ago(-1)},
    ],
    ids=["cancelled", "declined by me", "declined by them", "all day", "past", "far off", "not yet made"],
)
def test_what_will_not_happen_or_was_not_known_is_not_expected(change: Row) -> None:
    assert expected(**change) == []


def test_a_meeting_was_expected_on_a_past_day_once_it_had_been_made() -> None:
    assert expected(AS_OF - timedelta(days=20)) == ["ada"]
    assert expected(AS_OF - timedelta(days=21)) == []


# A reply owed


def letter(days_ago: int, sender: str, my_role: str, thread: str = "t") -> Row:
    """A message in a thread; its id is its age and its thread."""
    return {
        "message_id": f"{thread}{days_ago}", "thread_id": thread, "sent_at": ago(days_ago),
        "from_person_id": sender, "is_bulk": False, "is_automatic": False, "recipients": 1, "party_size": 2,
        "my_role": my_role, "channel": "email", "source": "mail", "ingested_at": ago(0),
    }  # fmt: skip


def theirs(days_ago: int, my_role: str = "to", thread: str = "t", sender: str = "ada") -> Row:
    return letter(days_ago, sender, my_role, thread)


def mine(days_ago: int, thread: str = "t") -> Row:
    return letter(days_ago, "me", "from", thread)


def meeting(days_ago: int, **more: object) -> Row:
    row = {
        "meeting_id": f"k{days_ago}", "starts_at": ago(days_ago), "ends_at": ago(days_ago, 11),
        "is_all_day": False, "status": "confirmed", "my_response": "accepted", "party_size": 2,
        "attendees": 2, "source": "work", "created_at": ago(days_ago + 20), "ingested_at": ago(0),
    }  # fmt: skip
    return row | more


def public_tables(letters: Iterable[Row], meetings: Iterable[Row] = ()) -> dict[str, pl.LazyFrame]:
    """The public tables of a world in which I write to Ada only and meet Ada only."""
    letters, meetings = list(letters), list(meetings)
    written = [(one["message_id"], "ada", "to") for one in letters if one["my_role"] == "from"]
    met = [(one["meeting_id"], "ada", "accepted", "individual") for one in meetings]
    return {
        "messages": pl.LazyFrame(letters, MESSAGES),
        "message_parties": pl.LazyFrame(written, MESSAGE_PARTIES, orient="row"),
        "meetings": pl.LazyFrame(meetings, MEETINGS),
        "meeting_parties": pl.LazyFrame(met, MEETING_PARTIES, orient="row"),
        "people": CAST,
    }


def owed(*letters: Row, meetings: Iterable[Row] = (), as_of: date = AS_OF) -> list[str]:
    tables = public_tables(letters, meetings)
    happened = interactions(**tables, until=end_of(as_of))
    found = replies_owed(tables["messages"], happened, as_of=as_of, owner_zone=ZONE)
    return sorted(found.collect()["person_id"])


def test_a_message_of_theirs_that_nobody_answered_is_owed() -> None:
    assert owed(theirs(20)) == ["ada"]


def test_the_third_message_of_a_thread_that_i_opened_is_owed() -> None:
    assert owed(mine(22), mine(21), theirs(20)) == ["ada"]


def test_an_answer_to_what_i_asked_is_not_owed() -> None:
    assert owed(mine(21), theirs(20)) == []


def test_what_i_answered_is_not_owed() -> None:
    assert owed(theirs(20), mine(19)) == []


def test_what_i_answered_in_another_thread_is_not_owed() -> None:
    assert owed(theirs(20), mine(19, "u")) == []
    assert owed(theirs(20), mine(21, "u")) == ["ada"]


def test_whom_i_met_since_is_owed_nothing() -> None:
    assert owed(theirs(20), meetings=[meeting(10)]) == []
    assert owed(theirs(20), meetings=[meeting(30)]) == ["ada"]
    assert owed(theirs(20), meetings=[meeting(10, my_response="declined")]) == ["ada"]
    assert owed(theirs(20), meetings=[meeting(-10)]) == ["ada"]


@pytest.mark.parametrize("my_role", ["cc", "bcc"])
def test_who_only_copied_me_waits_for_no_answer(my_role: str) -> None:
    assert owed(theirs(20, my_role)) == []


def test_what_somebody_else_answered_is_owed_to_them_only_if_it_is_their_turn() -> None:
    assert owed(theirs(22), theirs(20, sender="bo")) == []
    assert owed(theirs(22), mine(21), theirs(20, sender="bo")) == ["bo"]


def test_bulk_mail_waits_for_no_answer() -> None:
    assert owed(theirs(20) | {"is_bulk": True}) == []


def test_a_message_waits_for_half_a_year_and_no_longer() -> None:
    assert owed(theirs(179)) == ["ada"]
    assert owed(theirs(181)) == []


def test_on_a_past_day_later_answers_are_not_known() -> None:
    before = AS_OF - timedelta(days=15)
    assert owed(theirs(20), mine(10), as_of=before) == ["ada"]
    assert owed(theirs(20), as_of=AS_OF - timedelta(days=21)) == []


# All of it together


# We wrote to each other by turns every five days, until 100 days ago; their messages ask for no answer.
BY_TURNS = [
    mine(days, f"m{days}") if days % 2 else theirs(days, "cc", f"m{days}") for days in range(100, 600, 5)
]


def quiet(letters: Iterable[Row], meetings: Iterable[Row] = (), as_of: date = AS_OF) -> pl.DataFrame:
    tables = public_tables(letters, meetings)
    return derive(**tables, owner_zone=ZONE, as_of=as_of, until=end_of(as_of))["gone_quiet"]


def test_a_broken_rhythm_is_listed_with_its_facts() -> None:
    [row] = quiet(BY_TURNS).to_dicts()
    assert (row["rank"], row["name"], row["contact_days"], row["level"]) == (1, "Ada", 100, "gone quiet")
    assert (row["silent_days"], row["usual_gap_days"], row["long_gap_days"]) == (100, 5, 5)
    assert row["last_contact_on"] == AS_OF - timedelta(days=100)


SINCE: dict[str, tuple[list[Row], list[Row], bool]] = {
    "they wrote and wait": ([theirs(90)], [], False),
    "they wrote and we met": ([theirs(90)], [meeting(85)], True),
    "they answered me": ([mine(91), theirs(90)], [], True),
    "they copied me": ([theirs(90, "cc")], [], True),
    "a meeting lies ahead": ([], [meeting(-9)], False),
    "a cancelled meeting lies ahead": ([], [meeting(-9, status="cancelled")], True),
    "a meeting was made after the day": ([], [meeting(-9, created_at=ago(-1))], True),
    "we met this week": ([], [meeting(3)], False),
    "we sat in one assembly this week": ([], [meeting(3, attendees=13)], True),
}


@pytest.mark.parametrize("case", SINCE)
def test_what_happened_since_decides_who_is_listed(case: str) -> None:
    letters, meetings, is_on_the_list = SINCE[case]
    assert quiet([*BY_TURNS, *letters], meetings).height == is_on_the_list


LETTERS = st.lists(
    st.builds(
        lambda days, is_mine, thread: mine(days, thread) if is_mine else theirs(days, "to", thread),
        st.integers(-60, 200),
        st.booleans(),
        st.sampled_from("tuv"),
    ),
    max_size=40,
    unique_by=lambda one: str(one["message_id"]),
)
AHEAD = st.lists(st.integers(-90, -1).map(meeting), max_size=3, unique_by=lambda one: str(one["meeting_id"]))


@given(LETTERS, AHEAD, st.integers(-10, 60))
@settings(max_examples=12, deadline=None)
def test_a_past_day_is_answered_as_it_would_have_been_then(
    letters: list[Row], meetings: list[Row], days: int
) -> None:
    as_of = AS_OF - timedelta(days=days)
    until = end_of(as_of)
    all_letters = [*BY_TURNS, *letters]
    known_letters = [one for one in all_letters if one["sent_at"] <= until]
    known_meetings = [one for one in meetings if one["created_at"] <= until]
    assert quiet(all_letters, meetings, as_of).equals(quiet(known_letters, known_meetings, as_of))
