"""Landing and loading: a batch is all or nothing, and the same batches always make the same rows."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from connectors.records import Card, Item, Message, MessageParty, Rejected, Skipped
from connectors.spool import Spool
from warehouse import landing, loading
from warehouse.connection import Connection, rows
from warehouse.errors import SourceShrunk, WarehouseError
from warehouse.intake import Intake, known_files
from warehouse.landing import (
    MANIFEST,
    Batch,
    FileState,
    Landing,
    Manifest,
    Run,
    SourceRun,
    clear,
    verify,
    write_durably,
)
from warehouse.removal import remove_source

FIRST_NIGHT = datetime(2026, 1, 1, 3, tzinfo=UTC)
Files = dict[str, list[Item]]


def state(resume_at: int | None = None) -> FileState:
    return FileState(size=1, mtime_ns=1, inode=1, fingerprint="f", reader_version=1, resume_at=resume_at)


def card(key: str, title: str = "", position: int = 0) -> Card:
    return Card(
        key=key, position=position, locator="line 1", uid=key, name=key.title(), given_name="",
        family_name="", nickname="", kind="individual", organization="", title=title,
        emails=(f"{key}@x.example",), phones=(), urls=(), birthday=None, categories=(), revised_at=None,
    )  # fmt: skip


def message(key: str, position: int = 0, precedence: str | None = None) -> Message:
    return Message(
        key=key, position=position, locator="byte 0", message_id=key, sent_at=FIRST_NIGHT, dated_by="date",
        parties=(MessageParty(role="from", name="", address=f"{key}@x.example"),), in_reply_to=None,
        references=(), list_id=None, list_post=None, has_list_unsubscribe=False, precedence=precedence,
        auto_submitted=None, return_path=None, has_feedback_id=False, delivered_to=(), labels=(),
    )  # fmt: skip


@contextmanager
def database() -> Iterator[Connection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("set TimeZone = 'UTC'")
        loading.prepare(connection)
        yield connection


def read(intake: Intake, file: str, items: Iterable[Item], now: FileState, start: int = 0) -> None:
    """What a reader does with a file: its items into the spool, its last one into its state."""
    spool = Spool(intake.spool)
    taken = spool.take(file, items)
    spool.close()
    if now.resume_at is not None and taken.position is not None:
        now = structs.replace(now, resume_at=taken.position, tail_key=taken.key, tail_outcome=taken.outcome)
    intake.take(file, now, items=taken.items, from_position=start)


class Nights:
    """Nights over one landing: what each source offers is taken in, landed and loaded."""

    def __init__(self, folder: Path, connection: Connection) -> None:
        self.folder = folder
        self.connection = connection
        self.landing = Landing(folder / "landing")

    def take(self, source: str, files: Files) -> SourceRun:
        """One night's read of a source that consists of these files."""
        intake = Intake(self.connection, source, self.folder / "intake")
        for file, items in files.items():
            read(intake, file, items, state())
        for file in intake.known.keys() - files.keys():
            intake.drop(file)
        return self._land(intake)

    def grow(self, source: str, items: Sequence[Item]) -> SourceRun:
        """One night's read of a mailbox that only grows: from its last item on."""
        intake = Intake(self.connection, source, self.folder / "intake")
        known = intake.known.get("m")
        start = known.resume_at or 0 if known else 0
        tail = [item for item in items if item.position >= start]
        read(intake, "m", tail, state(resume_at=0), start)
        return self._land(intake)

    def remove(self, source: str) -> None:
        remove_source(
            self.connection, source, self.landing, batch=self.landing.next_batch(), run_id="r",
            landed_at=FIRST_NIGHT, scratch=self.folder / "removal",
        )  # fmt: skip
        loading.load_pending(self.connection, self.landing)

    def _land(self, intake: Intake) -> SourceRun:
        books = intake.compare()
        number = self.landing.next_batch()
        intake.land(
            self.landing, batch=number, kind="vcard", location="/nowhere", run_id="r",
            landed_at=FIRST_NIGHT + timedelta(days=number),
        )  # fmt: skip
        loading.load_pending(self.connection, self.landing)
        assert books.is_balanced
        return books


@pytest.fixture
def nights(tmp_path: Path) -> Iterator[Nights]:
    with database() as connection:
        yield Nights(tmp_path, connection)


def held(connection: Connection, table: str = "cards") -> list[tuple[Any, ...]]:
    return sorted(rows(connection, f"select source, file, key, born_batch, batch from landed.{table}"))


CONTENT = (
    "from landed.cards", "from landed.messages", "from landed.events", "from ledger.births",
    "from ledger.card_versions",
    "from ledger.quarantine", "from ledger.files", "from ledger.sources",
    "select batch, source, landed_at from ledger.batches",
)  # fmt: skip


def content(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row that loading makes."""
    return {query: sorted(rows(connection, query), key=repr) for query in CONTENT}


# A batch on disk


def test_of_two_batches_with_one_number_the_one_written_later_counts(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    nights.take("book", {"a.vcf": [card("ada")]})
    [batch] = nights.landing.batches()
    parts = clear(nights.folder / "parts")
    for name in batch.manifest.parts:
        (parts / name).write_bytes((batch.folder / name).read_bytes())
    with monkeypatch.context() as killed:
        killed.setattr(landing, "remove", lambda path: None)
        added = nights.landing.replace(batch, parts, batch.manifest)
    assert nights.landing.batches() == [added]
    assert nights.landing.leftovers() == [batch.folder]
    assert added.manifest.rewritten == 1
    assert nights.landing.next_batch() == 2


def test_a_batch_is_what_was_put_into_it(nights: Nights) -> None:
    nights.take("book", {"a.vcf": [card("ada"), card("bo", position=9)]})
    [batch] = nights.landing.batches()
    verify(batch)
    assert batch.folder.parent == nights.landing.folder / "book"
    assert {part.name for part in batch.folder.iterdir()} == {MANIFEST, *batch.manifest.parts}
    assert (batch.manifest.batch, batch.manifest.source, batch.manifest.record_kind) == (1, "book", "")
    assert not (nights.folder / "intake" / "batch").exists()


def test_what_a_killed_run_left_behind_is_not_a_batch(nights: Nights) -> None:
    nights.take("book", {"a.vcf": [card("ada")]})
    [batch] = nights.landing.batches()
    for leftover in (".00000002-tmp", "tmp", "00000002-torn"):
        (batch.folder.parent / leftover).mkdir()
    hidden = batch.folder.parent / ".00000002-tmp" / MANIFEST
    hidden.write_bytes((batch.folder / MANIFEST).read_bytes()[:20])
    assert nights.landing.batches() == [batch]


def test_the_number_of_a_torn_batch_is_not_given_again(nights: Nights) -> None:
    nights.take("book", {"a.vcf": [card("ada")]})
    (nights.landing.folder / "book" / "00000007-torn").mkdir()
    assert nights.landing.next_batch() == 8


def test_numbers_run_over_all_sources_and_runs(nights: Nights) -> None:
    assert nights.landing.next_batch() == 1
    nights.take("book", {"a.vcf": [card("ada")]})
    nights.take("other", {"a.vcf": [card("bo")]})
    run = Run(
        batch=3, run_id="r", started_at=FIRST_NIGHT, finished_at=FIRST_NIGHT, as_of=date(2026, 1, 1),
        sources=[],
    )  # fmt: skip
    nights.landing.add_run(run)
    assert [batch.manifest.batch for batch in nights.landing.batches()] == [1, 2]
    assert nights.landing.runs() == [run]
    assert nights.landing.next_batch() == 4


@pytest.mark.parametrize("part", ["card.parquet", "withdrawn.parquet", "rejected.parquet"])
def test_a_damaged_or_missing_part_is_found_out(part: str, nights: Nights) -> None:
    nights.take("book", {"a.vcf": [card("ada")]})
    [batch] = nights.landing.batches()
    damaged = bytearray((batch.folder / part).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (batch.folder / part).write_bytes(damaged)
    with pytest.raises(WarehouseError, match=f"{part}: damaged or missing; restore landing from a backup"):
        verify(batch)
    (batch.folder / part).unlink()
    with pytest.raises(WarehouseError, match="damaged or missing"):
        verify(batch)


def test_of_a_landing_with_a_damaged_part_nothing_is_loaded(nights: Nights) -> None:
    nights.take("book", {"a.vcf": [card("ada")]})
    nights.take("other", {"a.vcf": [card("bo")]})
    _, last = nights.landing.batches()
    (last.folder / "card.parquet").write_bytes(b"PAR1")
    with database() as fresh:
        with pytest.raises(WarehouseError, match="damaged"):
            loading.load_pending(fresh, nights.landing)
        assert not any(content(fresh).values())


def test_a_manifest_that_cannot_be_read_stops_everything(nights: Nights) -> None:
    nights.take("book", {"a.vcf": [card("ada")]})
    [batch] = nights.landing.batches()
    (batch.folder / MANIFEST).write_bytes((batch.folder / MANIFEST).read_bytes()[:40])
    with pytest.raises(WarehouseError, match="restore it from a backup"):
        nights.landing.batches()


def test_a_batch_whose_folder_cannot_be_renamed_has_not_landed(tmp_path: Path) -> None:
    """A file stands where the folder of the source should be."""
    landing = Landing(tmp_path / "landing")
    landing.folder.mkdir()
    (landing.folder / "book").write_bytes(b"")
    parts = clear(tmp_path / "parts")
    (parts / "card.parquet").write_bytes(b"x")
    manifest = Manifest(
        schema_version=1, batch=1, source="book", kind="vcard", location="/", run_id="r",
        landed_at=FIRST_NIGHT, files={}, parts={},
    )  # fmt: skip
    with pytest.raises(OSError, match="book"):
        landing.add(parts, manifest)
    assert landing.batches() == []


def test_a_durable_file_is_replaced_as_a_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    for text in (b"first", b"second, and longer"):
        write_durably(path, text)
        assert path.read_bytes() == text
    assert list(tmp_path.iterdir()) == [path]


def test_a_cleared_folder_is_empty(tmp_path: Path) -> None:
    (tmp_path / "scratch" / "deep").mkdir(parents=True)
    (tmp_path / "scratch" / "deep" / "old").write_bytes(b"x")
    assert list(clear(tmp_path / "scratch").iterdir()) == []


# Records over the nights


def test_a_card_keeps_its_birth_through_a_change_and_loses_it_by_withdrawal(nights: Nights) -> None:
    nights.take("book", {"a.vcf": [card("ada"), card("bo", position=9)]})
    nights.take("book", {"a.vcf": [card("ada", "Miller"), card("bo", position=99)]})
    assert held(nights.connection) == [("book", "a.vcf", "ada", 1, 2), ("book", "a.vcf", "bo", 1, 1)]
    nights.take("book", {"a.vcf": [card("bo")]})
    nights.take("book", {"a.vcf": [card("ada"), card("bo", position=9)]})
    assert held(nights.connection) == [("book", "a.vcf", "ada", 4, 4), ("book", "a.vcf", "bo", 1, 1)]


def test_a_file_that_is_gone_takes_its_records_with_it(nights: Nights) -> None:
    nights.take("book", {"a.vcf": [card("ada")], "b.vcf": [card("ada"), card("bo", position=9)]})
    books = nights.take("book", {"a.vcf": [card("ada")]})
    assert (books.read, books.unchanged, books.withdrawn) == (1, 1, 2)
    assert held(nights.connection) == [("book", "a.vcf", "ada", 1, 1)]
    assert known_files(nights.connection, "book").keys() == {"a.vcf"}


def test_a_removed_source_leaves_nothing_but_births(nights: Nights) -> None:
    broken = Rejected(position=50, locator="line 5", reason="no name")
    nights.take("book", {"a.vcf": [card("ada"), broken]})
    nights.take("other", {"a.vcf": [card("ada"), broken]})
    births = content(nights.connection)["from ledger.births"]
    nights.remove("book")
    assert held(nights.connection) == [("other", "a.vcf", "ada", 2, 2)]
    assert rows(nights.connection, "select source from ledger.quarantine") == [("other",)]
    assert rows(nights.connection, "select source from ledger.sources") == [("other",)]
    assert not known_files(nights.connection, "book")
    assert content(nights.connection)["from ledger.births"] == births


def test_a_source_that_comes_back_is_born_again(nights: Nights) -> None:
    nights.take("book", {"a.vcf": [card("ada")]})
    nights.remove("book")
    books = nights.take("book", {"a.vcf": [card("ada")]})
    assert (books.new, books.unchanged) == (1, 0)
    assert held(nights.connection) == [("book", "a.vcf", "ada", 3, 3)]


def test_a_source_may_come_back_as_another_kind(nights: Nights) -> None:
    nights.take("book", {"a": [card("ada")]})
    nights.remove("book")
    nights.take("book", {"a": [message("m")]})
    assert held(nights.connection) == []
    assert held(nights.connection, "messages") == [("book", "a", "m", 3, 3)]


def test_what_is_read_again_leaves_quarantine_if_it_can_be_read_now(nights: Nights) -> None:
    broken = Rejected(position=50, locator="line 5", reason="no name")
    nights.take("book", {"a.vcf": [card("ada"), broken], "b.vcf": [card("bo"), broken]})
    nights.take("book", {"a.vcf": [card("ada"), card("cleo", position=50)], "b.vcf": [card("bo"), broken]})
    assert rows(nights.connection, "select file from ledger.quarantine") == [("b.vcf",)]


def test_a_repeated_card_is_skipped_once_as_duplicate_or_superseded(nights: Nights) -> None:
    books = nights.take(
        "book", {"a.vcf": [card("ada"), card("ada", position=5), card("ada", "Miller", position=9)]}
    )
    assert (books.read, books.new, books.skipped) == (3, 1, {"duplicate": 1, "superseded": 1})


def test_less_than_half_of_what_there_was_is_refused_unless_accepted(tmp_path: Path) -> None:
    with database() as connection:
        nights = Nights(tmp_path, connection)
        nights.take("book", {"a.vcf": [card(name, position=at) for at, name in enumerate("abcd")]})
        for left, is_refused in ((2, False), (1, True), (0, True)):
            intake = Intake(connection, "book", tmp_path / "intake")
            cards = [card(name, position=at) for at, name in enumerate("abcd"[:left])]
            read(intake, "a.vcf", cards, state())
            intake.compare()
            intake.guard_against_shrinking(accept=True)
            if is_refused:
                with pytest.raises(SourceShrunk, match=f"had 4 records and now offers {left}"):
                    intake.guard_against_shrinking(accept=False)
            else:
                intake.guard_against_shrinking(accept=False)


# The fold

KEYS = ("ada", "bo", "cleo")
Offer = dict[str, dict[str, str]]
OFFERS = st.dictionaries(
    st.sampled_from(["a.vcf", "b.vcf"]),
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from("xy"), max_size=3),
)
HISTORIES = st.lists(
    st.tuples(st.sampled_from(["book", "other"]), st.none() | OFFERS), min_size=1, max_size=6
)


def play(nights: Nights, history: Iterable[tuple[str, Offer | None]]) -> list[tuple[Any, ...]]:
    """The nights of a history (None: the source was removed), and what should be held in the end."""
    now: dict[tuple[str, str, str], tuple[str, int, int]] = {}
    there: set[str] = set()
    for source, offer in history:
        number = nights.landing.next_batch()
        if offer is None:
            if source in there:
                nights.remove(source)
            there.discard(source)
        else:
            files: Files = {
                file: [card(key, title, at) for at, (key, title) in enumerate(cards.items())]
                for file, cards in offer.items()
            }
            nights.take(source, files)
            if nights.landing.next_batch() > number:
                there.add(source)
        offered = {
            (source, file, key): title
            for file, cards in (offer or {}).items()
            for key, title in cards.items()
        }
        now = {place: told for place, told in now.items() if place[0] != source or place in offered}
        for place, title in offered.items():
            before = now.get(place)
            if before is None or before[0] != title:
                now[place] = (title, before[1] if before else number, number)
    return sorted((*place, born, batch) for place, (_, born, batch) in now.items())


@given(HISTORIES, st.lists(st.integers(1, 3), min_size=6, max_size=6))
@settings(max_examples=12, deadline=None)
def test_batches_make_the_same_rows_one_by_one_all_at_once_or_in_heaps(
    history: list[tuple[str, Offer | None]], heaps: list[int]
) -> None:
    with TemporaryDirectory() as folder, database() as nightly, database() as rebuilt, database() as heaped:
        nights = Nights(Path(folder), nightly)
        expected = play(nights, history)
        assert held(nightly) == expected
        loading.load_pending(rebuilt, nights.landing)
        assert content(rebuilt) == content(nightly)
        batches = nights.landing.batches()
        for size in heaps:
            loading.load(heaped, batches[:size])
            batches = batches[size:]
        assert content(heaped) == content(nightly)


def test_a_second_load_of_the_same_batches_changes_nothing(nights: Nights) -> None:
    for title in ("", "Miller"):
        nights.take("book", {"a.vcf": [card("ada", title), Rejected(position=50, locator="l", reason="r")]})
    before = content(nights.connection)
    assert loading.load_pending(nights.connection, nights.landing) == 0
    assert content(nights.connection) == before


def test_a_night_on_which_nothing_was_read_lands_nothing(nights: Nights) -> None:
    nights.take("book", {"a.vcf": [card("ada")]})
    intake = Intake(nights.connection, "book", nights.folder / "intake")
    intake.keep("a.vcf")
    books = intake.compare()
    landed = intake.land(
        nights.landing, batch=9, kind="vcard", location="/", run_id="r", landed_at=FIRST_NIGHT
    )  # fmt: skip
    assert landed is None
    assert (books.status, books.read, books.unchanged) == ("unchanged", 1, 1)


def test_a_run_is_recorded_once(nights: Nights) -> None:
    books = nights.take("book", {"a.vcf": [card("ada"), Skipped(position=9, locator="l", reason="group")]})
    run = Run(
        batch=2, run_id="r", started_at=FIRST_NIGHT, finished_at=FIRST_NIGHT, as_of=date(2026, 1, 1),
        sources=[books],
    )  # fmt: skip
    nights.landing.add_run(run)
    for _ in range(2):
        loading.load_pending(nights.connection, nights.landing)
    query = "select run_id, source, read, new, skipped from ledger.runs"
    assert rows(nights.connection, query) == [("r", "book", 2, 1, {"group": 1})]


# A mailbox that grows

ITEMS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from("abc"), st.sampled_from([None, "bulk"])),
        st.sampled_from(["rejected", "skipped"]),
    ),
    min_size=1,
    max_size=8,
)


def positioned(kinds: Iterable[str | tuple[str, str | None]]) -> list[Item]:
    items: list[Item] = []
    for position, kind in zip(count(0, 100), kinds, strict=False):
        if kind == "rejected":
            items.append(Rejected(position=position, locator=f"byte {position}", reason="no header"))
        elif kind == "skipped":
            items.append(Skipped(position=position, locator=f"byte {position}", reason="folder data"))
        else:
            items.append(message(kind[0], position, kind[1]))
    return items


@given(ITEMS, st.sets(st.integers(1, 8), max_size=3))
@settings(max_examples=12, deadline=None)
def test_a_mailbox_read_as_it_grew_holds_what_one_read_whole_holds(
    kinds: list[str | tuple[str, str | None]], cuts: set[int]
) -> None:
    """Rows, quarantine and books; only that a repeat differs from the first is not noticed late."""
    items = positioned(kinds)
    queries = (
        "select key, precedence, position from landed.messages",
        "select position from ledger.quarantine",
    )
    told = []
    for stops in (sorted({cut for cut in cuts if cut < len(items)} | {len(items)}), [len(items)]):
        with TemporaryDirectory() as folder, database() as connection:
            nights = Nights(Path(folder), connection)
            for stop in stops:
                books = nights.grow("mail", items[:stop])
            mailbox = known_files(connection, "mail")["m"]
            told.append(
                (
                    *(sorted(rows(connection, query)) for query in queries),
                    (books.read, books.quarantined, sum(books.skipped.values())),
                    (mailbox.records, mailbox.quarantined, sum(mailbox.skipped.values())),
                )
            )
    assert told[0] == told[1]


def test_a_last_message_that_was_half_written_is_replaced_by_the_whole_one(nights: Nights) -> None:
    nights.grow("mail", [message("a", 0), message("half", 100)])
    books = nights.grow("mail", [message("a", 0), message("whole", 100), message("c", 200)])
    assert (books.read, books.new, books.unchanged, books.withdrawn) == (3, 2, 1, 1)
    assert [row[2] for row in held(nights.connection, "messages")] == ["a", "c", "whole"]


def test_a_last_message_that_was_unreadable_leaves_quarantine_when_it_is_whole(nights: Nights) -> None:
    nights.grow("mail", [message("a", 0), Rejected(position=100, locator="byte 100", reason="no date")])
    books = nights.grow("mail", [message("a", 0), message("b", 100)])
    assert (books.read, books.new, books.unchanged, books.quarantined) == (2, 1, 1, 0)
    assert rows(nights.connection, "from ledger.quarantine") == []


def test_landed_records_are_rebuilt_from_landing_alone(nights: Nights) -> None:
    """Batches are found again by a landing that has just been opened."""
    nights.take("book", {"a.vcf": [card("ada")]})
    nights.grow("mail", [message("a")])
    reopened: list[Batch] = Landing(nights.landing.folder).batches()
    with database() as fresh:
        loading.load(fresh, reopened)
        assert content(fresh) == content(nights.connection)
