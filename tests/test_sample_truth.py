"""The whole pipeline on the sample world, held to the truths planted in it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from pipeline import AS_OF, ask, make_home, sync

from flows.settings import Home
from flows.steps import night
from warehouse.people.addresses import normalise

SAMPLES = Path(__file__).parent.parent / "samples"
TRUTH: dict[str, Any] = json.loads((SAMPLES / "truth.json").read_text())
PUBLIC = (
    "people",
    "identifiers",
    "contacts",
    "messages",
    "message_parties",
    "meetings",
    "meeting_parties",
    "interactions",
    "rhythms",
    "gone_quiet",
    "sources",
    "sync_runs",
    "quarantine",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home that has synced the sample world."""
    sources = {
        "calendar": ("ics", SAMPLES / "data/calendar"),
        "contacts": ("vcard", SAMPLES / "data/contacts"),
        "mail": ("mbox", SAMPLES / "data/mail"),
    }
    made = make_home(tmp_path_factory.mktemp("sample") / "home", sources, me=tuple(TRUTH["me"]))
    sync(made)
    return made


@pytest.fixture(scope="module")
def person_of(home: Home) -> dict[str, set[str]]:
    """The people who hold an address."""
    found: dict[str, set[str]] = {}
    for value, person_id in ask(home, "select value, person_id from identifiers where kind = 'email'"):
        found.setdefault(value, set()).add(person_id)
    return found


def one(person_of: dict[str, set[str]], address: str) -> str:
    [person_id] = person_of[normalise(address)]
    return person_id


def test_exactly_who_has_gone_quiet_is_listed_with_the_day_of_the_last_contact(
    home: Home, person_of: dict[str, set[str]]
) -> None:
    expected = {(one(person_of, each["email"]), each["last_contact_on"]) for each in TRUTH["gone_quiet"]}
    listed = ask(home, "select person_id, last_contact_on::varchar from gone_quiet")
    assert set(listed) == expected


@pytest.mark.parametrize("decoy", TRUTH["not_quiet"], ids=lambda decoy: decoy["why"][:50])
def test_a_decoy_is_not_listed(home: Home, person_of: dict[str, set[str]], decoy: dict[str, str]) -> None:
    listed = {person_id for (person_id,) in ask(home, "select person_id from gone_quiet")}
    assert not listed & person_of.get(normalise(decoy["email"]), set())


def test_every_interaction_is_counted_and_none_more(home: Home, person_of: dict[str, set[str]]) -> None:
    found = ask(
        home,
        """select person_id,
            count(*) filter (channel = 'email' and direction = 'in'),
            count(*) filter (channel = 'email' and direction = 'out'),
            count(*) filter (channel = 'meeting')
        from interactions group by all""",
    )
    counts = {person_id: numbers for person_id, *numbers in found}
    expected_people = set()
    for address, wanted in TRUTH["interaction_counts"].items():
        people = person_of.get(normalise(address), set())
        expected_people |= people
        held = [counts.get(each, [0, 0, 0]) for each in people] or [[0, 0, 0]]
        total = [sum(numbers) for numbers in zip(*held, strict=True)]
        assert total == [wanted["email_in"], wanted["email_out"], wanted["meeting"]], address
    assert counts.keys() <= expected_people


def test_the_last_contact_of_everyone_is_right(home: Home, person_of: dict[str, set[str]]) -> None:
    found = dict(
        ask(
            home,
            """select person_id, max((occurred_at at time zone 'Europe/Berlin')::date)::varchar
            from interactions group by all""",
        )
    )
    for address, day in TRUTH["last_contact"].items():
        assert max(found[each] for each in person_of[normalise(address)] if each in found) == day, address


@pytest.mark.parametrize("fact", TRUTH["meetings"], ids=lambda fact: f"{fact['fate']} {fact['uid'][:30]}")
def test_a_planted_meeting_is_contact_only_if_it_happened(
    home: Home, person_of: dict[str, set[str]], fact: dict[str, Any]
) -> None:
    people = person_of.get(normalise(fact["email"]), set())
    found = ask(
        home,
        """select count(*) from interactions i join meetings m on m.meeting_id = i.source_record
        where m.series_id = ? and list_contains(?::varchar[], i.person_id)
          and m.starts_at = (?::timestamptz)""",
        fact["uid"],
        sorted(people),
        fact["starts_at"],
    )
    assert found == [(int(fact["interaction"]),)]


def test_addresses_of_one_person_are_one_person(person_of: dict[str, set[str]]) -> None:
    for addresses in TRUTH["same_person"]:
        assert len({one(person_of, address) for address in addresses}) == 1


def test_two_people_at_one_address_stay_two(home: Home, person_of: dict[str, set[str]]) -> None:
    for each in TRUTH["different_people_one_address"]:
        names = ask(
            home,
            "select name from people where list_contains(?::varchar[], person_id) order by 1",
            sorted(person_of[normalise(each["address"])]),
        )
        assert [name for (name,) in names] == sorted(each["names"])


def test_everyone_is_of_the_planted_kind(home: Home, person_of: dict[str, set[str]]) -> None:
    kinds = dict(ask(home, "select person_id, kind from people"))
    for address, kind in TRUTH["kinds"].items():
        assert {kinds[each] for each in person_of[normalise(address)]} == {kind}, address


def test_no_word_of_a_body_subject_title_or_note_is_kept(home: Home) -> None:
    marker = TRUTH["marker"].encode()
    texts = [path.read_bytes() for path in (SAMPLES / "data").rglob("*") if path.is_file()]
    assert sum(marker in text for text in texts) >= 5
    kept = [path for path in home.folder.rglob("*") if path.is_file()]
    assert [path for path in kept if marker in path.read_bytes()] == []
    with_text = ask(home, "select count(*) from landed.messages m where m::varchar ilike '%zebra%'")
    assert with_text == [(0,)]


def test_a_rebuild_from_landing_alone_gives_the_same_public_tables(home: Home) -> None:
    before = {table: ask(home, f"select * from main.{table} order by all") for table in PUBLIC}
    aside = home.database.rename(home.database.with_suffix(".aside"))
    try:
        with night(home, as_of=AS_OF, from_landing_alone=True) as run:
            run.build()
        after = {table: ask(home, f"select * from main.{table} order by all") for table in PUBLIC}
    finally:
        aside.replace(home.database)
    for table in PUBLIC:
        assert after[table] == before[table], table


def test_a_second_sync_finds_nothing_new_and_changes_no_answer(home: Home, tmp_path: Path) -> None:
    again = Home(Path(shutil.copytree(home.folder, tmp_path / "again")))
    run = sync(again)
    assert [(each.status, each.new, each.changed, each.withdrawn) for each in run.sources] == [
        ("unchanged", 0, 0, 0)
    ] * 3
    for table in ("people", "interactions", "rhythms", "gone_quiet", "meetings", "messages"):
        assert ask(again, f"from main.{table} order by all") == ask(home, f"from main.{table} order by all")


def test_the_books_are_those_of_the_generator(home: Home) -> None:
    files = TRUTH["books"].values()
    runs = ask(home, "select sum(new), sum(quarantined), sum(read) from sync_runs")
    records = sum(each["records"] for each in files)
    quarantined = sum(each["quarantined"] for each in files)
    skipped = sum(sum(each["skipped"].values()) for each in files)
    assert runs == [(records - quarantined - skipped, quarantined, records)]
    assert ask(home, "select count(*) from quarantine") == [(quarantined,)]
