"""Staged mail is kept from build to build, and whatever changes, it is what a build of everything makes."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from warehouse import building, history, loading, staging
from warehouse.connection import Connection, opened, rows
from warehouse.owner import Owner, Rules

Row = dict[str, Any]

ME = "robin@ferrow.example"
OWNER = Owner([ME], "UTC")
UNTIL = datetime(2026, 6, 30, 22, tzinfo=UTC)
FIRST = datetime(2026, 3, 1, 9, tzinfo=UTC)
BUILT = ("main.messages", "main.message_parties", "main.identifiers", "people.persons", "people.suggestions")
ADA, BO, ROBIN = ("Ada Ash", "ada@ash.example"), ("Bo Birch", "bo@birch.example"), ("Robin Ferrow", ME)
PROFILE = "https://www.linkedin.com/in/"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Connection]:
    """A warehouse with nothing in it."""
    with opened(tmp_path / "world.duckdb", read_only=False) as connection:
        loading.prepare(connection)
        yield connection


def letter(message_id: str = "a", sender: tuple[str, str] = ADA, *to: tuple[str, str], **more: object) -> Row:
    """A landed message; of the order of its name, from Ada to me unless said otherwise."""
    given_parties = [("from", *sender), *(("to", *each) for each in to or [ROBIN])]
    row = {
        "source": "mail", "file": "inbox", "message_id": message_id,
        "sent_at": FIRST + timedelta(hours=ord((message_id or "z")[0]) - ord("a")),
        "parties": [dict(zip(("role", "name", "address"), party, strict=True)) for party in given_parties],
        "in_reply_to": None, "references": [], "list_id": None, "delivered_to": [], "labels": [],
        "service": "email",
    } | more  # fmt: skip
    return {"key": f"{row['message_id']} {sender[1]} {row['sent_at']}", **row}


def land(connection: Connection, letters: Iterable[Row], *, batch: int = 1) -> None:
    """Land messages; one with the source, file and key of another takes its place."""
    for number, row in enumerate(letters):
        values = {
            "hash": "", "born_batch": batch, "batch": batch, "ingested_at": UNTIL, "position": number,
            "locator": "", "has_list_unsubscribe": False, "has_feedback_id": False,
        } | row  # fmt: skip
        connection.execute(
            "delete from landed.messages where source = ? and file = ? and key = ?",
            [row["source"], row["file"], row["key"]],
        )
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" for _ in values)
        connection.execute(f"insert into landed.messages ({names}) values ({marks})", list(values.values()))
    connection.execute(
        """
        insert into ledger.births
        select distinct if(service = 'linkedin', 'linkedin', 'header') as origin, p.name, p.address, ?
        from landed.messages, unnest(parties) as u (p)
        anti join ledger.births b
            on b.origin = if(service = 'linkedin', 'linkedin', 'header')
            and b.name = p.name and b.address = p.address""",
        [batch],
    )


def build(connection: Connection, scratch: Path, owner: Owner = OWNER) -> None:
    build_until(connection, scratch, UNTIL, owner)


def build_until(connection: Connection, scratch: Path, until: datetime, owner: Owner = OWNER) -> None:
    building.build_marts(
        connection,
        owner,
        Rules(),
        until=until,
        scratch=scratch,
        remember=lambda news: history.keep(connection, scratch, news, at=UNTIL),
    )


def build_from_nothing(connection: Connection, scratch: Path, owner: Owner = OWNER) -> None:
    connection.execute("drop schema if exists meta cascade")
    build(connection, scratch, owner)


def built(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """All that a build makes, in one order."""
    return {table: sorted(rows(connection, f"from {table}"), key=repr) for table in BUILT}


def roles(connection: Connection) -> dict[str, str | None]:
    return dict(rows(connection, "select message_id, my_role from main.messages"))


def threads(connection: Connection) -> dict[str, str]:
    return dict(rows(connection, "select message_id, thread_id from main.messages"))


# Any series of changes


NAMES = st.sampled_from("abcdef")
PEOPLE = st.sampled_from(
    [ADA, BO, ROBIN, ("", BO[1]), ("Bo Birch", "BO@birch.example"), ("Bo Birch", ADA[1])]
)
LETTERS = st.builds(
    lambda name, sender, to, **more: letter(name, sender, *to, **more),
    NAMES | st.just(""),
    PEOPLE,
    st.lists(PEOPLE, min_size=1, max_size=3),
    source=st.sampled_from(["mail", "sent"]),
    sent_at=st.sampled_from([FIRST, FIRST + timedelta(days=1), None]),
    in_reply_to=st.none() | NAMES,
    references=st.lists(NAMES | st.just(""), max_size=2),
    list_id=st.none() | st.just("crew.lists.example"),
    labels=st.lists(st.just("sent"), max_size=1),
    delivered_to=st.lists(st.just(ME), max_size=1),
)
CHANGES = st.lists(st.tuples(st.lists(LETTERS, max_size=4), NAMES | st.none()), min_size=2, max_size=3)


@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CHANGES)
def test_whatever_landed_and_went_what_is_kept_is_what_a_new_build_makes(
    world: Connection, tmp_path: Path, changes: list[tuple[list[Row], str | None]]
) -> None:
    assert_kept_is_new(world, tmp_path, OWNER, changes)


@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CHANGES)
def test_an_address_of_a_time_is_kept_apart_as_a_new_build_would(
    world: Connection, tmp_path: Path, changes: list[tuple[list[Row], str | None]]
) -> None:
    until_the_first = Owner([ME], "UTC", periods=[(ME, None, FIRST.date())])
    assert_kept_is_new(world, tmp_path, until_the_first, changes)


def assert_kept_is_new(
    world: Connection, scratch: Path, owner: Owner, changes: list[tuple[list[Row], str | None]]
) -> None:
    world.execute("delete from landed.messages; delete from ledger.births")
    build_from_nothing(world, scratch, owner)
    for batch, (letters, withdrawn) in enumerate(changes):
        land(world, letters, batch=batch)
        world.execute("delete from landed.messages where message_id = ?", [withdrawn])
        build(world, scratch, owner)
    kept = built(world)
    build_from_nothing(world, scratch, owner)
    assert built(world) == kept


def test_a_build_leaves_nothing_behind_that_it_did_not_want_to_keep(
    world: Connection, tmp_path: Path
) -> None:
    land(world, [letter()])
    build(world, tmp_path)
    assert rows(world, "select table_name from duckdb_tables() where temporary") == []
    assert rows(world, "select view_name from duckdb_views() where temporary and not internal") == []


def test_marts_made_in_portions_are_those_made_at_once(world: Connection, tmp_path: Path) -> None:
    land(world, [letter(name, sender) for name in "abcde" for sender in (ADA, BO)])
    build(world, tmp_path)
    at_once = built(world)
    with mock.patch.object(staging, "PORTION", 3):
        build_from_nothing(world, tmp_path)
    assert built(world) == at_once


def test_other_addresses_of_mine_are_heeded_though_nothing_landed(world: Connection, tmp_path: Path) -> None:
    land(world, [letter("a"), letter("b", ROBIN, ADA)])
    build(world, tmp_path)
    assert roles(world) == {"a": "to", "b": "from"}
    build(world, tmp_path, Owner([ADA[1]], "UTC"))
    assert roles(world) == {"a": "from", "b": "to"}


def test_other_periods_are_heeded_though_nothing_landed(world: Connection, tmp_path: Path) -> None:
    later = FIRST + timedelta(days=9)
    land(world, [letter("a"), letter("b", ROBIN, ADA), letter("c", sent_at=later), letter("d", sent_at=None)])
    for periods, found in (
        ([], {"a": "to", "b": "from", "c": "to", "d": "to"}),
        ([(ME, None, FIRST.date())], {"a": "to", "b": "from", "c": None, "d": "to"}),
        ([(ME, later.date(), None)], {"a": None, "b": None, "c": "to", "d": "to"}),
    ):
        build(world, tmp_path, Owner([ME], "UTC", periods=periods))
        assert roles(world) == found


def test_what_an_address_sent_while_it_was_not_mine_is_not_sent_by_me(
    world: Connection, tmp_path: Path
) -> None:
    later = FIRST + timedelta(days=9)
    shared = {"sent_at": later, "labels": ["sent"]}
    land(world, [letter("a", ROBIN, ADA, **shared), letter("b", BO, ROBIN, delivered_to=[ME], sent_at=later)])
    build(world, tmp_path, Owner([ME], "UTC", periods=[(ME, None, FIRST.date())]))
    assert roles(world) == {"a": None, "b": None}


# What reaches beyond what landed


def test_a_late_first_message_names_the_thread_of_those_that_answered_it(
    world: Connection, tmp_path: Path
) -> None:
    land(world, [letter("b", in_reply_to="a"), letter("c", references=["a", "b"]), letter("d")])
    build(world, tmp_path)
    assert threads(world) == {"b": "b", "c": "b", "d": "d"}
    land(world, [letter("a")], batch=2)
    build(world, tmp_path)
    assert threads(world) == {"a": "a", "b": "a", "c": "a", "d": "d"}


def test_a_thread_whose_link_is_withdrawn_falls_apart(world: Connection, tmp_path: Path) -> None:
    land(world, [letter("a"), letter("b"), letter("c", references=["a", "b"])])
    build(world, tmp_path)
    assert set(threads(world).values()) == {"a"}
    world.execute("delete from landed.messages where message_id = 'c'")
    build(world, tmp_path)
    assert threads(world) == {"a": "a", "b": "b"}


def test_empty_references_are_none(world: Connection, tmp_path: Path) -> None:
    land(world, [letter("a", references=[""]), letter("b", references=None), letter("c", in_reply_to="")])
    build(world, tmp_path)
    assert threads(world) == {"a": "a", "b": "b", "c": "c"}


def test_a_card_that_ties_two_addresses_changes_who_wrote_the_old_messages(
    world: Connection, tmp_path: Path
) -> None:
    land(world, [letter("a", BO), letter("b", ("Bo Birch", "bo@work.example"))])
    build(world, tmp_path)
    writers = "select distinct from_person_id from main.messages"
    assert len(rows(world, writers)) == 2
    world.execute(
        """
        insert into landed.cards (source, file, hash, born_batch, batch, ingested_at, key, uid, name,
            nickname, organization, emails, phones, urls, kind, position, locator)
        values ('book', 'b.vcf', '', 2, 2, now(), 'k', '', 'Bo Birch', '', '',
            ['bo@birch.example', 'bo@work.example'], [], [], 'individual', 0, '');
        insert into ledger.births values ('card', 'book', 'k', 2)"""
    )
    build(world, tmp_path)
    assert len(rows(world, writers)) == 1
    assert len(rows(world, "select distinct person_id from main.message_parties where role = 'from'")) == 1


def test_series_are_expanded_anew_if_an_event_changed_or_time_has_passed(
    world: Connection, tmp_path: Path
) -> None:
    world.execute(
        """
        insert into landed.events (source, file, hash, born_batch, batch, ingested_at, key, uid, sequence,
            starts_local, ends_local, is_all_day, zone, rule, added, removed, is_recurrence_all_day,
            is_this_and_future, is_transparent, organizer_name, organizer_address, attendees, position,
            locator)
        values ('work', 'w.ics', '', 1, 1, now(), 'k', 'k', 0, '2026-06-01 09:00', '2026-06-01 10:00', false,
            'UTC', 'FREQ=WEEKLY', [], [], false, false, false, '', '', [], 0, '')"""
    )
    counts = []
    for days in (0, 1, 300):
        build_until(world, tmp_path, UNTIL + timedelta(days=days))
        counts += rows(world, "select count(*) from main.meetings")
    assert counts[0] == counts[1] < counts[2]
    world.execute("delete from landed.events")
    build(world, tmp_path)
    assert rows(world, "select count(*) from main.meetings") == [(0,)]


# What a label and a service say


def test_what_lies_in_a_sent_folder_is_from_me_whatever_its_from(world: Connection, tmp_path: Path) -> None:
    land(world, [letter("a", ("R. F.", "old@ferrow.example"), ADA, labels=["sent"])])
    build(world, tmp_path)
    assert rows(world, "select my_role, party_size, is_bulk from main.messages") == [("from", 2, False)]


def test_of_two_copies_one_in_a_sent_folder_is_enough(world: Connection, tmp_path: Path) -> None:
    sent = letter("a", ("R. F.", "old@ferrow.example"), ADA, source="sent", labels=["sent"])
    land(world, [sent, sent | {"source": "mail", "labels": [], "list_id": "crew.lists.example"}])
    build(world, tmp_path)
    assert rows(world, "select my_role, bulk_reason from main.messages") == [("from", None)]


def test_a_message_on_linkedin_is_between_profiles_and_the_export_says_which_is_mine(
    world: Connection, tmp_path: Path
) -> None:
    ana, own = ("Ana Prado", f"{PROFILE}Ana-Prado"), ("Robin F.", f"{PROFILE}robin")
    shared = {"service": "linkedin", "source": "linkedin", "delivered_to": [own[1]]}
    land(world, [letter("a", ana, own, **shared), letter("b", own, ana, **shared)])
    build(world, tmp_path)
    assert rows(world, "select message_id, channel, my_role from main.messages order by 1") == [
        ("a", "linkedin", "to"),
        ("b", "linkedin", "from"),
    ]
    found = rows(
        world,
        """
        select p.is_me, i.kind, i.value, i.evidence
        from main.identifiers i join people.persons p using (person_id)""",
    )
    assert sorted(found) == [
        (False, "linkedin", "ana-prado", "in messages 2 times"),
        (True, "linkedin", "robin", "in messages 2 times"),
    ]


def test_an_address_that_an_export_names_is_not_taken_for_mine(world: Connection, tmp_path: Path) -> None:
    world.execute(
        """
        insert into landed.own_identifiers
            (source, file, hash, born_batch, batch, ingested_at, key, kind, "value", evidence, position,
            locator)
        values ('linkedin', 'f', '', 1, 1, now(), 'k', 'email', 'ada@ash.example', 'export', 0, '')"""
    )
    land(world, [letter("a")])
    build(world, tmp_path)
    assert roles(world) == {"a": "to"}


def test_of_two_exports_the_later_one_is_the_contact_and_both_are_evidence(
    world: Connection, tmp_path: Path
) -> None:
    for day, firm in (("2025-01-05", "Ash"), ("2026-01-05", "Birch")):
        world.execute(
            """
            insert into landed.cards (source, file, hash, born_batch, batch, ingested_at, key, uid, name,
                nickname, organization, title, emails, phones, urls, kind, connected_on, position, locator)
            values ('linkedin', ?, '', 1, 1, now(), 'ana', '', 'Ana Prado', '', ?, '', [?], [],
                ['https://www.linkedin.com/in/ana'], 'individual', '2020-02-02', 0, '')""",
            [f"Connections.csv@{day}", firm, f"ana@{firm.lower()}.example"],
        )
    world.execute("insert into ledger.births values ('card', 'linkedin', 'ana', 1)")
    build(world, tmp_path)
    assert rows(world, "select organization, connected_on::varchar from main.contacts") == [
        ("Birch", "2020-02-02")
    ]
    values = rows(world, "select value from main.identifiers where kind <> 'vcard_uid' order by value")
    assert values == [("ana",), ("ana@ash.example",), ("ana@birch.example",)]
