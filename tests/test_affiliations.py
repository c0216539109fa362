"""Affiliations: planted careers in cards, exports, positions and addresses come out as they were."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipeline import ask, make_home, sync

from flows.settings import Home
from flows.steps import night
from warehouse import loading
from warehouse.connection import Connection
from warehouse.derive import affiliations as derivation
from warehouse.derive.affiliations import affiliations, job_changes
from warehouse.derive.employers import organization_key
from warehouse.frames import frame

TODAY = date(2026, 6, 30)
Row = dict[str, Any]
Schema = dict[str, pl.DataType | type[pl.DataType]]
INSTANT = pl.Datetime("us", "UTC")
VERSIONS: Schema = {
    "person_id": pl.String, "source": pl.String, "file": pl.String, "key": pl.String, "batch": pl.Int64,
    "seen_at": INSTANT, "is_withdrawn": pl.Boolean, "organization": pl.String, "title": pl.String,
    "emails": pl.List(pl.String), "revised_at": INSTANT,
}  # fmt: skip
POSITIONS: Schema = {
    "person_id": pl.String, "source": pl.String, "organization": pl.String, "title": pl.String,
    "started_on": pl.String, "ended_on": pl.String, "seen_at": INSTANT,
}  # fmt: skip
ADDRESSES: Schema = {
    "person_id": pl.String, "name": pl.String, "address": pl.String, "source": pl.String,
    "first_seen_at": INSTANT, "last_seen_at": INSTANT,
}  # fmt: skip


def at(day: str | None) -> datetime | None:
    return None if day is None else datetime.fromisoformat(f"{day}T12:00:00+00:00")


def version(organization: str | None, seen: str, rev: str | None = None, /, **other: object) -> Row:
    """What a card says on the night of `seen`; batches follow the days."""
    return {
        "person_id": "ada", "source": "book", "file": "a.vcf", "key": "1", "title": None, "emails": [],
        "batch": date.fromisoformat(seen).toordinal(), "seen_at": at(seen), "is_withdrawn": False,
        "organization": organization, "revised_at": at(rev),
    } | other  # fmt: skip


def gone(seen: str, **other: object) -> Row:
    return version(None, seen, is_withdrawn=True, **other)


def export(organization: str, day: str, seen: str = "2026-06-01", **other: object) -> Row:
    """A connection in a LinkedIn export of a day."""
    return version(organization, seen, day, file=f"Connections.csv@{day}", source="linkedin", **other)


def address(address: str, first: str, last: str, person: str = "ada", name: str = "Ada Quill") -> Row:
    return {
        "person_id": person, "name": name, "address": address, "source": "mail",
        "first_seen_at": at(first), "last_seen_at": at(last),
    }  # fmt: skip


def position(organization: str, title: str, start: str, end: str = "") -> Row:
    return {
        "person_id": "me", "source": "linkedin", "organization": organization, "title": title,
        "started_on": start, "ended_on": end, "seen_at": at("2026-06-01"),
    }  # fmt: skip


def found(
    versions: Sequence[Row] = (),
    addresses: Sequence[Row] = (),
    positions: Sequence[Row] = (),
    as_of: date = TODAY,
) -> pl.DataFrame:
    return affiliations(
        pl.DataFrame(versions, VERSIONS, orient="row"),
        pl.DataFrame(positions, POSITIONS, orient="row"),
        pl.DataFrame(addresses, ADDRESSES, orient="row"),
        as_of=as_of,
    )


def spans(frame: pl.DataFrame) -> list[tuple[str, ...]]:
    """Organization, title, first day and last of each row, empty where there is none."""
    columns = ["organization", "title", "valid_from", "valid_to"]
    return [
        tuple("" if each is None else str(each) for each in row) for row in frame.select(columns).iter_rows()
    ]


def changes(frame: pl.DataFrame) -> list[tuple[str, ...]]:
    columns = ["from_organization", "to_organization", "after_on", "by_on"]
    return [tuple(map(str, row)) for row in job_changes(frame).select(columns).iter_rows()]


def current(frame: pl.DataFrame) -> str | None:
    rows = frame.filter("is_current")["organization"].to_list()
    assert len(rows) <= 1
    return rows[0] if rows else None


# Cards


def test_a_card_that_names_another_employer_is_a_job_change() -> None:
    frame = found([
        version("Quillpress", "2024-01-10", "2023-03-01"),
        version("Inkwell", "2025-02-10", "2025-02-03"),
    ])  # fmt: skip
    assert spans(frame) == [
        ("Quillpress", "", "2023-03-01", "2025-02-03"), ("Inkwell", "", "2025-02-03", ""),
    ]  # fmt: skip
    assert changes(frame) == [("Quillpress", "Inkwell", "2023-03-01", "2025-02-03")]
    assert current(frame) == "Inkwell"
    assert "changed between 2023-03-01 and 2025-02-03" in frame["evidence"][1]


def test_a_change_of_title_alone_is_a_promotion() -> None:
    frame = found([
        version("Quillpress", "2024-01-10", "2023-03-01", title="Editor"),
        version("Quillpress Ltd.", "2025-02-10", "2025-02-03", title="Chief Editor"),
    ])  # fmt: skip
    assert spans(frame) == [
        ("Quillpress Ltd.", "Editor", "2023-03-01", "2025-02-03"),
        ("Quillpress Ltd.", "Chief Editor", "2025-02-03", ""),
    ]
    [change] = job_changes(frame).iter_rows(named=True)
    assert change["is_promotion"]
    assert (change["from_title"], change["to_title"]) == ("Editor", "Chief Editor")
    assert str(change["after_on"]) == "2023-03-01"


def test_a_return_to_a_former_employer_is_a_span_of_its_own() -> None:
    frame = found([
        version("Quillpress", "2020-01-10", "2020-01-01"),
        version("Inkwell", "2022-01-10", "2022-01-01"),
        version("Quillpress", "2024-01-10", "2024-01-01"),
    ])  # fmt: skip
    assert spans(frame) == [
        ("Quillpress", "", "2020-01-01", "2022-01-01"),
        ("Inkwell", "", "2022-01-01", "2024-01-01"),
        ("Quillpress", "", "2024-01-01", ""),
    ]
    assert [change[:2] for change in changes(frame)] == [("Quillpress", "Inkwell"), ("Inkwell", "Quillpress")]


def test_a_new_spelling_is_no_change() -> None:
    frame = found([
        version("Quill & Co", "2020-01-10"), version("QUILL GmbH", "2022-01-10"),
        version("Quill & Co. KG, Books", "2023-01-10"),
    ])  # fmt: skip
    assert spans(frame) == [("Quill & Co. KG, Books", "", "2020-01-10", "")]
    assert changes(frame) == []


@pytest.mark.parametrize("rev", [None, "2024-05-01", "1970-01-01"])
def test_a_card_without_a_believable_revision_is_of_the_day_it_was_first_seen(rev: str | None) -> None:
    frame = found([version("Quillpress", "2024-01-10", rev)])
    assert spans(frame) == [("Quillpress", "", "2024-01-10", "")]
    assert found([version("Quillpress", "2024-01-10", rev)], as_of=date(2024, 1, 9)).is_empty()


def test_a_revision_that_was_not_renewed_does_not_date_what_is_new() -> None:
    frame = found([
        version("Quillpress", "2024-01-10", "2023-03-01"), version("Inkwell", "2025-02-10", "2023-03-01"),
    ])  # fmt: skip
    assert spans(frame)[1] == ("Inkwell", "", "2025-02-10", "")


def test_a_card_that_was_revised_in_other_words_goes_on() -> None:
    frame = found([
        version("Quillpress", "2024-01-10", "2023-03-01"), version("Quillpress", "2025-02-10", "2025-02-01"),
    ])  # fmt: skip
    assert spans(frame) == [("Quillpress", "", "2023-03-01", "")]
    assert str(frame["last_said_on"][0]) == "2025-02-01"


def test_a_withdrawn_card_no_longer_speaks() -> None:
    frame = found([version("Quillpress", "2024-01-10"), gone("2024-06-01")])
    assert spans(frame) == [("Quillpress", "", "2024-01-10", "2024-06-01")]
    assert current(frame) is None
    assert frame["ended_by"].to_list() == ["withdrawal"]
    assert changes(frame) == []


def test_a_card_that_loses_its_organization_no_longer_speaks() -> None:
    frame = found([version("Quillpress", "2024-01-10"), version(None, "2024-06-01")])
    assert spans(frame) == [("Quillpress", "", "2024-01-10", "2024-06-01")]
    assert changes(frame) == []


def test_a_card_that_moves_to_another_file_goes_on() -> None:
    moved = [
        version("Quillpress", "2024-01-10"),
        gone("2024-06-01"),
        version("Quillpress", "2024-06-01", file="b"),
    ]
    assert spans(found(moved)) == [("Quillpress", "", "2024-01-10", "")]


def test_of_two_address_books_that_disagree_the_one_that_spoke_last_is_believed() -> None:
    books = [
        version("Quillpress", "2026-01-10", "2019-03-01"),
        version("Inkwell", "2026-01-10", "2023-03-01", source="other"),
    ]
    frame = found(books)
    assert spans(frame) == [("Quillpress", "", "2019-03-01", ""), ("Inkwell", "", "2023-03-01", "")]
    assert current(frame) == "Inkwell"
    assert changes(frame) == [], "to disagree is not to change"


def test_what_one_book_saw_end_an_older_word_of_another_does_not_keep_open() -> None:
    frame = found([
        version("Quillpress", "2026-01-10", "2019-03-01"),
        export("Quillpress", "2022-01-01"), export("Inkwell", "2024-01-01"),
    ])  # fmt: skip
    assert spans(frame) == [
        ("Quillpress", "", "2019-03-01", "2024-01-01"), ("Inkwell", "", "2024-01-01", ""),
    ]  # fmt: skip
    assert changes(frame) == [("Quillpress", "Inkwell", "2022-01-01", "2024-01-01")]


def test_an_undated_card_does_not_undo_a_dated_title() -> None:
    frame = found([
        export("Quillpress", "2024-01-01", title="Chief Editor"),
        version("Quillpress", "2026-01-01", title="Editor"),
    ])  # fmt: skip
    assert spans(frame) == [("Quillpress", "Chief Editor", "2024-01-01", "")]


# Exports of several days


def test_a_change_between_two_exports_happened_somewhere_between() -> None:
    exports = [export("Quillpress", "2024-01-15"), export("Inkwell", "2025-01-15")]
    for landed in (exports, exports[::-1]):
        frame = found(landed)
        assert spans(frame) == [
            ("Quillpress", "", "2024-01-15", "2025-01-15"), ("Inkwell", "", "2025-01-15", ""),
        ]  # fmt: skip
        assert "changed between 2024-01-15 and 2025-01-15" in frame["evidence"][1]
    assert spans(found(exports, as_of=date(2025, 1, 14))) == [("Quillpress", "", "2024-01-15", "")]


def test_an_older_export_that_is_deleted_stays_history() -> None:
    exports = [
        export("Quillpress", "2024-01-15", "2024-02-01"), export("Inkwell", "2025-01-15", "2025-02-01"),
        gone("2025-03-01", file="Connections.csv@2024-01-15", source="linkedin"),
    ]  # fmt: skip
    assert len(spans(found(exports))) == 2
    last = gone("2025-04-01", file="Connections.csv@2025-01-15", source="linkedin")
    assert spans(found([*exports, last]))[1] == ("Inkwell", "", "2025-01-15", "2025-04-01")


# My positions


def test_my_positions_are_mine_by_month() -> None:
    frame = found(positions=[
        position("Quillpress", "Editor", "2019", "2020-03"),
        position("Quillpress", "Chief", "2020-04", "2021-12"),
        position("Inkwell", "Publisher", "2022-01"),
    ])  # fmt: skip
    assert spans(frame) == [
        ("Quillpress", "Editor", "2019-01-01", "2020-04-01"),
        ("Quillpress", "Chief", "2020-04-01", "2022-01-01"),
        ("Inkwell", "Publisher", "2022-01-01", ""),
    ]
    assert current(frame) == "Inkwell"
    assert [change[:2] for change in changes(frame)] == [
        ("Quillpress", "Quillpress"),
        ("Quillpress", "Inkwell"),
    ]


def test_as_of_a_day_in_between_a_position_still_lasts() -> None:
    held = [position("Quillpress", "Editor", "2019", "2020-03"), position("Inkwell", "Chief", "2020-05")]
    assert spans(found(positions=held, as_of=date(2020, 2, 1))) == [
        ("Quillpress", "Editor", "2019-01-01", "")
    ]


# Addresses


def test_freemail_is_never_an_employer() -> None:
    assert found(addresses=[address("ada@gmail.com", "2020-01-01", "2026-01-01")]).is_empty()


def test_a_domain_of_ones_own_name_is_no_employer_until_others_use_it() -> None:
    own = address("ada@quill.example", "2020-01-01", "2026-01-01")
    assert found(addresses=[own]).is_empty()
    other = address("bo@quill.example", "2020-01-01", "2026-01-01", "bo", "Bo Bay")
    assert found(addresses=[own, other])["person_id"].to_list() == ["ada", "bo"]


def test_an_address_at_a_domain_is_an_affiliation_with_it() -> None:
    frame = found(addresses=[address("ada@mail.inkwell.example", "2020-01-01", "2022-01-01")])
    assert spans(frame) == [("inkwell.example", "", "2020-01-01", "")]
    assert current(frame) == "inkwell.example"


def test_a_new_domain_and_half_a_year_without_the_old_one_is_a_job_change() -> None:
    seen = [
        address("ada@quillpress.example", "2020-01-01", "2024-03-01"),
        address("ada@inkwell.example", "2024-05-01", "2026-06-01"),
    ]
    frame = found(addresses=seen)
    assert spans(frame) == [
        ("quillpress.example", "", "2020-01-01", "2024-05-01"), ("inkwell.example", "", "2024-05-01", ""),
    ]  # fmt: skip
    assert changes(frame) == [("quillpress.example", "inkwell.example", "2024-03-01", "2024-05-01")]
    early = found(addresses=seen, as_of=date(2024, 8, 1))
    assert [span[3] for span in spans(early)] == ["", ""], "half a year has not passed"


def test_two_domains_at_one_time_are_no_change() -> None:
    frame = found(addresses=[
        address("ada@quillpress.example", "2020-01-01", "2026-05-01"),
        address("ada@inkwell.example", "2024-05-01", "2026-06-01"),
    ])  # fmt: skip
    assert changes(frame) == []


def test_a_domain_is_called_as_most_cards_with_an_address_there_say() -> None:
    cards = [
        version(name, "2024-01-01", key=key, person_id=key, emails=[f"{key}@nl.example"])
        for key, name in (
            ("bo", "Northlight"),
            ("cy", "Northlight AG"),
            ("di", "Somewhere"),
            ("ed", "Northlight"),
        )
    ]
    frame = found(cards, [address("ada@nl.example", "2024-01-01", "2026-01-01")])
    assert spans(frame.filter(person_id="ada")) == [("Northlight", "", "2024-01-01", "")]


def test_cards_in_a_tie_do_not_name_a_domain_that_sounds_like_neither() -> None:
    cards = [
        version(name, "2024-01-01", key=key, person_id=key, emails=[f"{key}@nl.example"])
        for key, name in (("bo", "Northlight"), ("cy", "Somewhere"))
    ]
    frame = found(cards, [address("ada@nl.example", "2024-01-01", "2026-01-01")])
    assert spans(frame.filter(person_id="ada")) == [("nl.example", "", "2024-01-01", "")]


def test_a_card_and_a_domain_of_one_name_are_one_span() -> None:
    frame = found(
        [version("Inkwell Ltd", "2025-01-01", "2024-06-01", title="Editor")],
        [address("ada@inkwell.example", "2022-01-01", "2026-01-01")],
    )
    assert spans(frame) == [("Inkwell Ltd", "Editor", "2022-01-01", "")]
    assert frame["evidence"].to_list() == [
        "card in book, 2024-06-01; address at inkwell.example, 2022-01-01 to 2026-01-01"
    ]


def test_a_card_outranks_an_address() -> None:
    frame = found(
        [version("Quillpress", "2024-01-01", "2023-01-01")],
        [address("ada@inkwell.example", "2022-01-01", "2026-01-01")],
    )
    assert current(frame) == "Quillpress"


def test_a_stale_card_is_outlived_by_the_end_of_its_own_domain() -> None:
    frame = found(
        [version("Quillpress", "2024-01-01", "2021-01-01")],
        [
            address("ada@quillpress.example", "2020-01-01", "2023-03-01"),
            address("ada@inkwell.example", "2023-05-01", "2026-06-01"),
        ],
    )
    assert spans(frame) == [
        ("Quillpress", "", "2020-01-01", "2023-05-01"), ("inkwell.example", "", "2023-05-01", ""),
    ]  # fmt: skip
    assert current(frame) == "inkwell.example"


def test_after_a_card_is_withdrawn_the_address_goes_on_to_speak() -> None:
    frame = found(
        [version("Inkwell", "2024-01-01", title="Editor"), gone("2025-01-01")],
        [address("ada@inkwell.example", "2024-02-01", "2026-06-01")],
    )
    assert spans(frame) == [
        ("Inkwell", "Editor", "2024-01-01", "2025-01-01"), ("inkwell.example", "", "2025-01-01", ""),
    ]  # fmt: skip
    assert changes(frame) == []


# Whatever there is

DAYS = st.dates(date(2020, 1, 1), date(2026, 6, 1)).map(str)
NAMES = st.sampled_from(["Quillpress", "Inkwell", "INKWELL Ltd", None])
WORDS = st.lists(
    st.builds(
        version, NAMES, DAYS, st.none() | DAYS,
        title=st.sampled_from(["Editor", "Chief", None]), source=st.sampled_from(["book", "other"]),
        file=st.sampled_from(["a.vcf", "x@2022-01-01", "x@2024-01-01"]), is_withdrawn=st.booleans(),
        person_id=st.sampled_from(["ada", "bo"]), emails=st.sampled_from([[], ["ada@inkwell.example"]]),
    ),
    max_size=8, unique_by=lambda row: (row["source"], row["file"], row["batch"]),
)  # fmt: skip
SEEN = st.lists(
    st.builds(
        lambda domain, days: address(f"ada@{domain}.example", min(days), max(days)),
        st.sampled_from(["inkwell", "quillpress", "nib"]), st.tuples(DAYS, DAYS),
    ),
    max_size=3,
)  # fmt: skip


@settings(max_examples=20)
@given(WORDS, SEEN, st.dates(date(2020, 1, 1), TODAY), st.randoms(use_true_random=False))
def test_spans_are_sound_and_do_not_depend_on_the_order_of_rows(
    words: list[Row], seen: list[Row], as_of: date, random: Random
) -> None:
    frame = found(words, seen, as_of=as_of)
    random.shuffle(words)
    random.shuffle(seen)
    assert found(words, seen, as_of=as_of).equals(frame)
    assert not frame.select("person_id", "organization", "valid_from").is_duplicated().any()
    assert frame.filter(pl.col("valid_from") > pl.col("valid_to")).is_empty()
    days = frame.select(pl.max_horizontal("valid_from", "valid_to", "last_said_on")).to_series().drop_nulls()
    assert (days <= as_of).all()
    assert frame["organization"].null_count() == 0
    assert frame.filter("is_current")["person_id"].is_unique().all()
    said = frame.filter(pl.col("valid_to").is_null())["person_id"].unique()
    assert set(frame.filter("is_current")["person_id"]) == set(said), (
        "who has an affiliation has a current one"
    )
    job_changes(frame)


@settings(max_examples=20)
@given(WORDS, st.dates(date(2020, 1, 1), TODAY))
def test_a_past_day_does_not_see_what_was_said_later(words: list[Row], as_of: date) -> None:
    """Neither by a later REV, nor by a later export, nor on a later night without a date."""
    before = [
        row for row in words
        if (row["is_withdrawn"] or "@" not in row["file"] or row["file"][-10:] <= str(as_of))
        and (row["seen_at"].date() <= as_of or not row["is_withdrawn"])
        and ("@" in row["file"] or min(row["seen_at"], row["revised_at"] or row["seen_at"]).date() <= as_of)
    ]  # fmt: skip
    assert found(before, as_of=as_of).equals(found(words, as_of=as_of))


def test_without_evidence_there_is_nothing() -> None:
    frame = found()
    assert frame.is_empty()
    assert frame.schema["valid_from"] == pl.Date
    assert frame.schema["is_current"] == pl.Boolean
    assert job_changes(frame).is_empty()


@pytest.mark.parametrize(
    "name",
    [
        *("Quill", "QUILL", "Quill, Books", "The Quill", "Quill Ltd.", "Quill & Co", "Quill GmbH & Co. KG"),
        *("Quill S.A.", "Quill e.V.", "Quill e. V.", "Quíll", "quill.example", "www.quill.example"),
    ],
)
def test_spellings_of_one_organization_have_one_key(name: str) -> None:
    assert organization_key(name) == "quill"


@pytest.mark.parametrize(
    ("name", "other"), [("Quill", "Quillpress"), ("Co", "AG"), ("株式会社", "!!!"), ("A", "B")]
)
def test_organizations_are_told_apart(name: str, other: str) -> None:
    assert organization_key(name) != organization_key(other) != ""


# Out of the warehouse


@contextmanager
def warehouse() -> Iterator[Connection]:
    """The tables that the queries read, with two persons: Ada, whose card is there, and Bo, whose is gone."""
    with duckdb.connect(config={"threads": 1}) as connection:
        loading.prepare(connection)
        connection.execute(
            """
            set TimeZone = 'UTC';
            create schema if not exists people;
            create table people.persons as from (values
                ('ada', 'Ada Quill', 'human', false), ('bo', 'Bo Bay', 'human', false),
                ('me', 'Robin Ferrow', 'human', true)) as t (person_id, name, kind, is_me);
            create temp table people_card_links as select 'book' as source, '1' as key,
                'ada' as person_id;
            create table main.identifiers as select *, '2024-01-01 12:00Z'::timestamptz as first_seen_at,
                '2026-01-01 12:00Z'::timestamptz as last_seen_at, 'mail' as source, 'email' as kind
                from (values ('ada', 'ada@inkwell.example'), ('bo', 'bo@inkwell.example'))
                    as t (person_id, value);
            insert into ledger.card_versions values
                ('book', 'a', '1', 1, '2026-01-01', false, 'Inkwell', 'Editor',
                    ['ada@inkwell.example'], '2025-03-01'),
                ('book', 'a', '2', 1, '2026-01-01', false, 'Quill', null, ['Bo@Inkwell.example'], null),
                ('book', 'a', '2', 2, '2026-02-01', true, null, null, [], null)"""
        )
        for day, title in (("2024-01-15", "Editor"), ("2025-01-15", "Publisher")):
            connection.execute(
                """
                insert into landed.positions by name
                select 'linkedin' as source, 'Positions.csv@' || $1 as file, $2 as title,
                    'Inkwell' as organization,
                    '2020-01' as started_on, '' as ended_on, '2026-01-01'::timestamptz as ingested_at,
                    '' as hash, 1 as born_batch, 1 as batch, $2 as key, 0 as position, '' as locator""",
                [day, title],
            )
        yield connection


def test_the_queries_bring_what_the_derivation_takes() -> None:
    with warehouse() as connection:
        queries = (derivation.VERSIONS, derivation.POSITIONS, derivation.ADDRESSES)
        versions, positions, addresses = (frame(connection, query) for query in queries)
    rows = affiliations(versions, positions, addresses, as_of=TODAY, owner_zone="Europe/Berlin")
    assert [(row[0], *span) for row, span in zip(rows.iter_rows(), spans(rows), strict=True)] == [
        ("ada", "Inkwell", "Editor", "2024-01-01", ""),
        ("bo", "Inkwell", "", "2024-01-01", ""),
        ("bo", "Quill", "", "2026-01-01", "2026-02-01"),
        ("me", "Inkwell", "Publisher", "2020-01-01", ""),
    ]
    assert versions.schema == pl.Schema(VERSIONS)


CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{0}\r\nFN:{0} Q\r\nORG:{1}\r\nREV:{2}\r\nEND:VCARD\r\n"
NOTED = "select * exclude (seen_at), seen_at from ledger.card_versions order by batch, file, key"


def test_what_cards_said_is_noted_and_noted_again_by_a_rebuild(tmp_path: Path) -> None:
    book = tmp_path / "book"
    book.mkdir()
    (book / "a.vcf").write_text(CARD.format("ada", "Quillpress", "2023-01-01T00:00:00Z"))
    (book / "b.vcf").write_text(CARD.format("bo", "Inkwell", "2023-01-01T00:00:00Z"))
    home = make_home(tmp_path / "home", {"book": ("vcard", book)})
    sync(home)
    (book / "a.vcf").write_text(CARD.format("ada", "Inkwell", "2025-01-01T00:00:00Z"))
    sync(home)
    (book / "b.vcf").unlink()
    sync(home)
    noted = ask(home, NOTED)
    assert [(row[2], row[4], row[5]) for row in noted] == [
        ("ada", False, "Quillpress"), ("bo", False, "Inkwell"), ("ada", False, "Inkwell"), ("bo", True, None),
    ]  # fmt: skip
    rebuild(home)
    assert ask(home, NOTED) == noted


def rebuild(home: Home) -> None:
    with night(home, from_landing_alone=True) as run:
        run.build()
