"""The models: what each says of itself holds on the sample world, and the public tables keep the contract."""

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from flows.settings import Home
from tests.pipeline import ask, make_home, sync
from warehouse.building import LAST_MARTS, MARTS, STAGING
from warehouse.connection import Connection, opened, rows
from warehouse.staging import MAIL

SAMPLES = Path(__file__).parents[1] / "samples" / "data"
ME = ("robin@ferrow.example", "robin.ferrow@northlight.example")
MODELS = Path(str(files("warehouse"))) / "models"
GRAIN = re.compile(r"-- one row per [^()]+ \(([a-z_]+(?:, [a-z_]+)*)\)\n")

CONTRACT = {
    "people": (
        "person_id name primary_email organization title kind is_me circles first_contact_at last_contact_at"
    ),
    "identifiers": "person_id kind value source first_seen_at last_seen_at evidence",
    "contacts": (
        "contact_id person_id source name organization title birthday categories revised_at connected_on"
    ),
    "messages": (
        "message_id thread_id sent_at channel from_person_id is_bulk is_automatic bulk_reason recipients "
        "in_reply_to source"
    ),
    "message_parties": "message_id person_id role",
    "meetings": (
        "meeting_id series_id starts_at ends_at is_all_day status my_response organizer_person_id "
        "party_size source"
    ),
    "meeting_parties": "meeting_id person_id response role kind",
    "interactions": (
        "interaction_id person_id occurred_at channel direction party_size duration_minutes "
        "thread_id source source_record ingested_at"
    ),
    "rhythms": (
        "person_id interactions first_at last_at usual_gap_days long_gap_days silent_days "
        "tie_strength still_alive quiet_score"
    ),
    "gone_quiet": "rank person_id name last_contact_on silent_days usual_gap_days quiet_score why",
    "affiliations": "person_id organization title valid_from valid_to source evidence is_current",
    "person_links": "person_id left_record right_record rule evidence since",
    "suggestions": "card left_person_id right_person_id score preset shared conflicting",
    "identity_events": "event_number happened_at event person_id other_person_id detail",
    "sources": "source",
    "sync_runs": "run_id source",
    "quarantine": "source locator reason excerpt seen_at",
}
LATER = {"open_loops", "introductions", "milestones", "goals"}
DERIVED = {
    "interactions": ["interaction_id"],
    "rhythms": ["person_id"],
    "gone_quiet": ["rank"],
    "affiliations": ["person_id", "organization", "valid_from"],
}
VOCABULARY = {
    "messages.channel": {"email", "linkedin"},
    "people.kind": {"human", "role", "list", "bot", "room"},
    "identifiers.kind": {"email", "phone", "linkedin", "vcard_uid"},
    "message_parties.role": {"from", "to", "cc", "bcc", "reply_to"},
    "interactions.channel": {"email", "meeting", "linkedin"},
    "interactions.direction": {"in", "out", "mutual"},
    "meetings.status": {"confirmed", "tentative", "cancelled"},
    "meetings.my_response": {"accepted", "tentative", "declined", "needs-action", "delegated", "organizer"},
    "gone_quiet.level": {"cooling", "gone quiet"},
    "identity_events.event": {"new", "redirect", "revived", "split", "ended", "decision_refused"},
    "suggestions.preset": {"certain", "rare name", "same company", ""},
    "person_links.rule": {
        "address",
        "card",
        "phone",
        "profile",
        "office",
        "spelling",
        "decision",
        "organisation",
        "handle",
        "long_name",
        "rare_name",
    },
}
BELONGS = [
    *(
        f"{table}.person_id"
        for table in CONTRACT
        if "person_id" in CONTRACT[table].split() and table != "people"
    ),
    "messages.from_person_id",
    "meetings.organizer_person_id",
]


def models(layer: str) -> list[str]:
    return sorted(path.stem for path in (MODELS / layer).glob("*.sql"))


def grain(layer: str, name: str) -> list[str]:
    """The columns that the first line of a model says there is one row per."""
    found = GRAIN.match((MODELS / layer / f"{name}.sql").read_text("utf-8"))
    assert found, f"{layer}/{name}.sql does not open with `-- one row per … (columns)`"
    return found[1].split(", ")


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The sample world, synced."""
    kinds = {"calendar": "ics", "contacts": "vcard", "mail": "mbox"}
    sources = {name: (kind, SAMPLES / name) for name, kind in kinds.items()}
    home = make_home(tmp_path_factory.mktemp("sample") / "home", sources, me=ME)
    sync(home)
    return home


@pytest.fixture(scope="module")
def warehouse(sample_home: Home) -> Iterator[Connection]:
    with opened(sample_home.database, read_only=True) as connection:
        yield connection


# What models say of themselves


@pytest.mark.parametrize("layer", ["staging", "marts"])
def test_every_model_states_its_grain_in_its_first_line(layer: str) -> None:
    assert all(grain(layer, name) for name in models(layer))


def test_every_model_is_built_and_every_one_built_is_a_file() -> None:
    assert sorted(STAGING) == models("staging")
    assert sorted(MARTS + LAST_MARTS) == models("marts")


def test_staging_alone_reads_what_landed() -> None:
    reading = [
        name for name in models("marts") if "landed." in (MODELS / "marts" / f"{name}.sql").read_text("utf-8")
    ]
    assert reading == ["sources"], "only the count of records needs the landed tables"


@pytest.mark.parametrize("name", [*MARTS, *LAST_MARTS, *DERIVED])
def test_the_grain_holds_on_the_sample_world(name: str, warehouse: Connection) -> None:
    columns = DERIVED.get(name) or grain("marts", name)
    listed = ", ".join(columns)
    nulls = " or ".join(f"{column} is null" for column in columns)
    twice = rows(warehouse, f"select {listed} from main.{name} group by all having count(*) > 1 limit 3")
    assert twice == []
    assert rows(warehouse, f"select {listed} from main.{name} where {nulls} limit 3") == []
    [(number,)] = rows(warehouse, f"select count(*) from main.{name}")
    assert number > 0, "an empty table proves nothing"


def test_no_person_stands_twice_on_the_list(warehouse: Connection) -> None:
    [(number, persons, last)] = rows(
        warehouse, "select count(*), count(distinct person_id), max(rank) from main.gone_quiet"
    )
    assert number == persons == last


@pytest.fixture(scope="module")
def staged(sample_home: Home) -> Iterator[Connection]:
    """The staging models: those that are kept, and the others once more over the published tables."""
    with opened(sample_home.database, read_only=True) as connection:
        for name in STAGING:
            is_kept = name in MAIL
            query = (
                f"from staging.{name}" if is_kept else (MODELS / "staging" / f"{name}.sql").read_text("utf-8")
            )
            connection.execute(f"create temp table {name} as {query}")
        yield connection


@pytest.mark.parametrize("name", STAGING)
def test_the_grain_of_staging_holds_on_the_sample_world(name: str, staged: Connection) -> None:
    listed = ", ".join(grain("staging", name))
    assert rows(staged, f"select {listed} from {name} group by all having count(*) > 1 limit 3") == []
    assert rows(staged, f"from {name} limit 1")


def test_no_two_messages_have_one_id(staged: Connection) -> None:
    query = "select message_id from stg_mail__messages group by all having count(*) > 1 limit 3"
    assert rows(staged, query) == []


# The contract


@pytest.mark.parametrize("name", CONTRACT)
def test_a_public_table_has_the_contracts_columns(name: str, warehouse: Connection) -> None:
    columns = [column for column, *_ in rows(warehouse, f"describe main.{name}")]
    assert set(CONTRACT[name].split()) <= set(columns)


def test_whatever_is_public_is_in_the_contract(warehouse: Connection) -> None:
    found = rows(
        warehouse,
        "select table_name from duckdb_tables() where schema_name = 'main' "
        "union all select view_name from duckdb_views() where schema_name = 'main' and not internal",
    )
    assert {name for (name,) in found} - LATER == CONTRACT.keys()


@pytest.mark.parametrize("name", CONTRACT)
def test_a_public_table_and_each_of_its_columns_has_a_comment(name: str, warehouse: Connection) -> None:
    [(comment,)] = rows(
        warehouse, "select comment from duckdb_tables() where schema_name = 'main' and table_name = ?", [name]
    )
    assert comment
    bare = rows(
        warehouse,
        "select column_name from duckdb_columns() where schema_name = 'main' and table_name = ? "
        "and coalesce(comment, '') = ''",
        [name],
    )
    assert bare == []


def test_instants_have_a_zone_and_days_have_none(warehouse: Connection) -> None:
    found = rows(
        warehouse,
        "select table_name || '.' || column_name, data_type from duckdb_columns() "
        "where schema_name = 'main' and (ends_with(column_name, '_at') or ends_with(column_name, '_on'))",
    )
    wanted = {"_at": "TIMESTAMP WITH TIME ZONE", "_on": "DATE"}
    assert {name: kind for name, kind in found if kind != wanted[name[-3:]]} == {}
    assert len(found) > 20


def test_no_column_is_an_instant_without_a_zone(warehouse: Connection) -> None:
    found = rows(
        warehouse,
        "select table_name, column_name from duckdb_columns() "
        "where schema_name = 'main' and data_type in ('TIMESTAMP', 'TIME', 'TIMESTAMP_NS')",
    )
    assert found == []


def test_yes_and_no_are_booleans_and_numbers_of_days_are_numbers(warehouse: Connection) -> None:
    found = rows(
        warehouse,
        "select column_name, data_type from duckdb_columns() where schema_name = 'main' "
        "and (starts_with(column_name, 'is_') or ends_with(column_name, '_days'))",
    )
    assert {name: kind for name, kind in found if name.startswith("is_") and kind != "BOOLEAN"} == {}
    assert {kind for name, kind in found if name.endswith("_days")} <= {"BIGINT", "DOUBLE"}


@pytest.mark.parametrize("column", VOCABULARY)
def test_a_column_of_words_knows_only_the_contracts(column: str, warehouse: Connection) -> None:
    table, name = column.split(".")
    found = {word for (word,) in rows(warehouse, f"select distinct {name} from main.{table}")} - {None}
    assert found
    assert found <= VOCABULARY[column]


@pytest.mark.parametrize("column", BELONGS)
def test_every_person_named_is_in_people(column: str, warehouse: Connection) -> None:
    table, name = column.split(".")
    strangers = rows(
        warehouse,
        f"select {name} from main.{table} where {name} is not null "
        f"and {name} not in (select person_id from main.people) limit 3",
    )
    assert strangers == []


@pytest.mark.parametrize(
    ("table", "key", "whole"),
    [
        ("message_parties", "message_id", "messages"),
        ("meeting_parties", "meeting_id", "meetings"),
        ("gone_quiet", "person_id", "rhythms"),
        ("rhythms", "person_id", "interactions"),
    ],
)
def test_a_part_has_its_whole(table: str, key: str, whole: str, warehouse: Connection) -> None:
    orphans = rows(warehouse, f"select {key} from main.{table} anti join main.{whole} using ({key}) limit 3")
    assert orphans == []


# What must hold of any world, on the sample world


@pytest.mark.parametrize(
    ("claim", "counterexamples"),
    [
        (
            "an interaction is with a human who is not me",
            "from interactions join people using (person_id) where kind <> 'human' or is_me",
        ),
        (
            "an interaction comes from a message or a meeting on record",
            "from interactions where source_record not in "
            "(select message_id from messages union all select meeting_id from meetings)",
        ),
        (
            "an interaction has happened by the end of the day",
            "from interactions where occurred_at >= '2026-06-30 22:00Z'",
        ),
        (
            "what is no contact says why, personal mail does not",
            """from messages where (is_bulk or is_automatic or recipients > 10 or sent_at is null)
                <> (bulk_reason is not null)""",
        ),
        ("a meeting does not end before it starts", "from meetings where ends_at < starts_at"),
        (
            "a probability is one",
            "from rhythms where probability not between 0 and 1 or still_alive not between 0 and 1",
        ),
        (
            "nobody is silent before the first contact",
            "from rhythms where silent_days > tenure_days or silent_days < 0",
        ),
        (
            "the first contact of a person is not after the last",
            "from people where first_contact_at > last_contact_at",
        ),
        (
            "the books balance",
            "from sync_runs where read <> new + changed + unchanged + quarantined + "
            "coalesce(list_sum(map_values(skipped)), 0)",
        ),
        ("exactly one person is me", "from (select count(*) as n from people where is_me) where n <> 1"),
    ],
    ids=lambda value: "" if value.startswith("from") else value,
)
def test_it_holds_that(claim: str, counterexamples: str, sample_home: Home) -> None:
    assert ask(sample_home, counterexamples) == [], claim


def test_first_and_last_contact_are_those_of_the_interactions(sample_home: Home) -> None:
    found = ask(
        sample_home,
        "select person_id, first_contact_at, last_contact_at from people where first_contact_at is not null "
        "except select person_id, min(occurred_at), max(occurred_at) from interactions group by all",
    )
    assert found == []
    assert ask(sample_home, "from rhythms r anti join people p on p.last_contact_at = r.last_at") == []


def test_syncing_the_same_world_again_changes_no_answer(sample_home: Home) -> None:
    tables = ("people", "interactions", "rhythms", "gone_quiet", "messages", "meetings", "identifiers")
    before = {name: sorted(ask(sample_home, f"from {name}"), key=repr) for name in tables}
    run = sync(sample_home)
    assert {source.status for source in run.sources} == {"unchanged"}
    assert {name: sorted(ask(sample_home, f"from {name}"), key=repr) for name in tables} == before
