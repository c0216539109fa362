"""Forgetting: nothing of a person is left in a home, and no later sync brings them back."""

import hmac
import json
import os
import re
import shutil
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from click.testing import Result
from msgspec.structs import replace
from pipeline import ME, ask, make_home, sync
from traces import card, left, letter, run

from flows.forgetting import forget
from flows.known_by import find
from flows.reporting import write_reports
from flows.settings import Home
from warehouse import loading
from warehouse.connection import opened, rows
from warehouse.errors import WarehouseError
from warehouse.forgetting import purging
from warehouse.forgetting.memory import (
    FILE,
    is_unfinished,
    new_memory,
    read_memory,
    with_identifiers,
    write_memory,
)
from warehouse.landing import MANIFEST, Landing, Manifest, Run, SourceRun, verify
from warehouse.schema import RECORD_KINDS

EVERY = 1 if os.environ.get("HYPOTHESIS_PROFILE") == "search" else 12  # kill in the suite
WILMA = "wilma.quince@quince.example"
TRACES = (
    b"wilma.quince", b"wilma quince", b"quince, wilma", b"2025550143", b"202-555-0143", b"wilma-quince-7",
    b"uid-of-wilma",
)  # fmt: skip
BO = "bo.larch@larch.example"


MAIL = "".join(
    [
        letter(1, f"Wilma Quince <{WILMA}>", f"Robin <{ME}>, Bo Larch <{BO}>"),
        letter(2, f"Robin <{ME}>", f"Wilma Quince <{WILMA}>"),
        letter(3, f"Bo Larch <{BO}>", f"Robin <{ME}>", "Cc: Wilma <WILMA.QUINCE+news@quince.example>\n"),
        letter(4, f"Robin <{ME}>", f"Bo Larch <{BO}>",
               f"References: <77.{WILMA}> <m3@mail.example>\nIn-Reply-To: <77.{WILMA}>\n"),
        letter(5, f"Bo Larch <{BO}>", f"Robin <{ME}>",
               "Return-Path: <bounces+wilma.quince=quince.example@l.example>\n"),
        letter(6, f'"Quince, Wilma" <{WILMA}>', f"Robin <{ME}>"),
    ]
)  # fmt: skip


BOS_CARD = card("uid-of-bo", "Bo Larch", f"EMAIL:{BO}", f"EMAIL:{WILMA}", "TEL:+1 202-555-0177")
WILMAS_CARD = card("uid-of-wilma", "Wilma Quince", f"EMAIL:{WILMA}", "TEL:+1 (202) 555-0143")
BROKEN = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:uid-of-wilma\r\nEND:VCARD\r\n"
CALENDAR = f"""BEGIN:VCALENDAR\r
VERSION:2.0\r
BEGIN:VEVENT\r
UID:planning\r
DTSTART:20260105T100000Z\r
DTEND:20260105T110000Z\r
ORGANIZER;CN=Wilma Quince:mailto:{WILMA}\r
ATTENDEE;CN=Wilma Quince;PARTSTAT=ACCEPTED:mailto:{WILMA}\r
ATTENDEE;CN=Bo Larch;PARTSTAT=ACCEPTED:mailto:{BO}\r
ATTENDEE;PARTSTAT=ACCEPTED:mailto:{ME}\r
END:VEVENT\r
END:VCALENDAR\r
"""
PROFILE = "https://www.linkedin.com/in/wilma-quince-7"
CONNECTIONS = (
    "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
    f"Wilma,Quince,{PROFILE},{WILMA},Quince & Co,Baker,05 Jan 2024\n"
    "Bo,Larch,https://www.linkedin.com/in/bo-larch,,Larch Ltd,Joiner,06 Jan 2024\n"
)
MESSAGES = (
    "CONVERSATION ID,FROM,SENDER PROFILE URL,TO,RECIPIENT PROFILE URLS,DATE,CONTENT,FOLDER\n"
    f"c1,Wilma Quince,{PROFILE},Robin,https://www.linkedin.com/in/robin-f,2024-02-01 10:00:00 UTC,Hi,INBOX\n"
    "c2,Bo Larch,https://www.linkedin.com/in/bo-larch,Robin,https://www.linkedin.com/in/robin-f,"
    "2024-02-02 10:00:00 UTC,Hi,INBOX\n"
)
INVITATIONS = (
    "From,To,Sent At,Message,Direction,inviterProfileUrl,inviteeProfileUrl\n"
    f'Wilma Quince,Robin,"1/5/24, 10:00 AM",,INCOMING,{PROFILE},https://www.linkedin.com/in/robin-f\n'
)


AT = '"at": "2026-01-01T00:00:00Z", "note": ""'
DECISIONS = (
    f'{{"id": "d1", {AT}, "do": "merge", "records": ["header:{WILMA}|Wilma Quince", "header:{BO}"]}}',
    f'{{"id": "d2", {AT}, "do": "retract", "decision": "d1"}}',
    f'{{"id": "d3", {AT}, "do": "kind", "records": ["header:{BO}"], "kind": "human"}}',
    f'{{"id": "d4", {AT}, "do": "rename", "records": ["vcard:book:uid-of-wilma"], "name": "Wilma Quince"}}',
)


LATER = letter(7, f"Bo Larch <{BO}>", f"Robin <{ME}>, Wilma Quince <{WILMA}>")
NEWER_CARD = BOS_CARD.replace("END:", f"NICKNAME:of {WILMA}\r\nEND:")


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home in which one person stands everywhere, synced twice, with decisions, reports and a history."""
    folder = tmp_path_factory.mktemp("planted")
    data = folder / "data"
    files = {
        "mail/inbox.mbox": MAIL,
        "book/all.vcf": BOS_CARD + WILMAS_CARD + BROKEN,
        f"book/{WILMA}.vcf": WILMAS_CARD,
        "book/Wilma Quince.vcf": card("other", "Bo Larch", f"EMAIL:{BO}"),
        "diary/work.ics": CALENDAR,
        "linkedin/Connections.csv": CONNECTIONS,
        "linkedin/messages.csv": MESSAGES,
        "linkedin/Invitations.csv": INVITATIONS,
    }
    for name, text in files.items():
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(text, newline="")
    kinds = {"mail": "mbox", "book": "vcard", "diary": "ics", "linkedin": "linkedin"}
    home = make_home(folder / "home", {name: (kind, data / name) for name, kind in kinds.items()})
    sync(home)
    (data / "mail" / "inbox.mbox").write_text(MAIL + LATER)
    (data / "book" / "all.vcf").write_text(NEWER_CARD + WILMAS_CARD + BROKEN, newline="")
    (home.folder / "decisions.jsonl").write_text("\n".join(DECISIONS) + "\n")
    sync(home)
    write_reports(home, home.reports)
    (home.reports / "last-year.md").write_text("# Wilma Quince\n")
    (home.inbox / "old.txt").write_text(f"call {WILMA}")
    prefect = home.folder / "prefect"
    prefect.mkdir(exist_ok=True)
    (prefect / "prefect.db").write_bytes(b"\0" * 100 + WILMA.encode() + b"\0" * 100)
    (prefect / "prefect.db-wal").write_bytes(b"\0")
    (prefect / "other.db").write_bytes(b"\0")
    return home


@pytest.fixture
def home(synced: Home, tmp_path: Path) -> Home:
    """A copy of that home and its data, to be changed."""
    return copied(synced, tmp_path)


class Done(NamedTuple):
    """A home in which she was forgotten, what the command said, and every change of a file that it made."""

    home: Home
    result: Result
    changes: list[str]


@pytest.fixture(scope="module")
def done(synced: Home, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A copy in which she is forgotten, to be looked at."""
    home = copied(synced, tmp_path_factory.mktemp("forgetful"))
    with cut_off(home.folder) as changes:
        result = run(home, WILMA, "--yes")
    return Done(home, result, changes)


@pytest.fixture
def forgetful(done: Done, tmp_path: Path) -> Home:
    """A copy of that, to be changed."""
    return copied(done.home, tmp_path)


def copied(home: Home, folder: Path) -> Home:
    """The same home and its data in another folder."""
    before = home.folder.parent
    shutil.copytree(before, folder, copy_function=shutil.copy2, dirs_exist_ok=True)
    copy = Home(folder / "home")
    copy.config.write_text(copy.config.read_text().replace(str(before), str(folder)))
    return copy


@contextmanager
def cut_off(root: Path, after: int | None = None) -> Iterator[list[str]]:
    """Let the process die after so many changes to files in a folder; of what it then writes half is there.

    Out: the changes, as they are made; without `after` all of them. Who is dead does not clean up either.
    """
    made: list[str] = []

    def watch(owner: object, name: str) -> None:
        whole = getattr(owner, name)

        def changed(path: Path, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - in place of many
            if not ("dir_fd" in options or str(path).startswith(str(root))):
                return whole(path, *arguments, **options)
            made.append(f"{name} {path}")
            if after is not None and len(made) > after:
                if name == "write_bytes" and len(made) == after + 1:
                    whole(path, arguments[0][: len(arguments[0]) // 2])
                raise Killed
            return whole(path, *arguments, **options)

        patch.setattr(owner, name, changed)

    with pytest.MonkeyPatch.context() as patch:
        for name in ("rename", "replace", "unlink", "rmdir", "mkdir"):
            watch(os, name)
        for name in ("write_bytes", "touch"):
            watch(Path, name)
        yield made


class Killed(BaseException):
    """The process ended here."""


# The whole of it


def test_nothing_of_somebody_forgotten_is_left_but_in_my_own_files(synced: Home, done: Done) -> None:
    assert {re.split("[/: ]", each)[0] for each in left(synced.folder, TRACES)} >= {
        "landing", "network.duckdb", "decisions.jsonl", "reports", "prefect",
    }  # fmt: skip
    assert done.result.exception is None or isinstance(done.result.exception, SystemExit)
    assert (done.result.exit_code, done.result.stderr) == (
        1,
        f"kith: {WILMA} is left in inbox/old.txt; take them out of this file yourself; "
        "no sync will read them from it\n",
    )
    assert left(done.home.folder, TRACES) == []
    assert [path.name for path in (done.home.folder / "prefect").iterdir()] == ["other.db"]
    assert not is_unfinished(done.home.folder)


def test_no_later_sync_brings_them_back(forgetful: Home) -> None:
    data = forgetful.folder.parent / "data"
    with (data / "mail" / "inbox.mbox").open("a") as mailbox:
        mailbox.write(letter(8, f"Wilma Quince <{WILMA}>", f"Robin <{ME}>"))
        mailbox.write(letter(9, f"Bo Larch <{BO}>", f"Robin <{ME}>, Wilma <wilma.quince+x@quince.example>"))
    for touched in (data / "book").iterdir():
        touched.write_bytes(touched.read_bytes())
    (data / "linkedin" / "messages.csv").write_text(
        MESSAGES + MESSAGES.splitlines()[1].replace("c1", "c9") + "\n"
    )
    books = {each.name: each for each in sync(forgetful).sources}
    assert left(forgetful.folder, TRACES) == []
    assert (books["mail"].read, books["mail"].skipped, books["mail"].new) == (9, {"forgotten": 4}, 1)
    assert (books["book"].skipped, books["book"].withdrawn) == ({"forgotten": 2}, 0)
    assert ask(forgetful, "select count(*) from main.people where name ilike '%wilma%'") == [(0,)]


def test_what_others_said_stays(done: Done) -> None:
    def told(query: str) -> list[tuple[Any, ...]]:
        return ask(done.home, query)

    mail = told("select message_id from main.messages where channel = 'email' order by all")
    assert mail == [("m3@mail.example",), ("m4@mail.example",), ("m5@mail.example",), ("m7@mail.example",)]
    assert told("select name from main.contacts where source = 'book' order by all") == [("Bo Larch",)] * 2
    assert told("select emails from landed.cards where key = 'uid-of-bo'") == [([BO],)]
    assert told("select count(*) from main.meeting_parties") == [(2,)]
    assert told("select count(*) from main.messages where channel = 'linkedin'") == [(1,)]
    assert (done.home.folder / "decisions.jsonl").read_text() == DECISIONS[2] + "\n"


def test_a_dry_run_shows_what_would_go_and_changes_nothing(home: Home) -> None:
    def content() -> dict[str, bytes]:
        files = [path for path in home.folder.rglob("*") if path.is_file() and path.name != ".writer.lock"]
        return {str(path): path.read_bytes() for path in files}

    before = content()
    result = run(home, "wilma quince", "--format", "json")
    assert result.exit_code == 0
    assert content() == before
    shown = json.loads(result.stdout)
    assert {"kind": "email", "value": WILMA} in shown["identifiers"]
    assert shown["counts"]["decisions"] == 3
    assert shown["reports"]
    assert {each["batch"].partition("/")[0] for each in shown["batches"]} == {
        "mail",
        "book",
        "diary",
        "linkedin",
    }
    assert "Nothing was changed" in run(home, WILMA).stdout


def test_the_books_of_a_file_still_balance_after_forgetting(done: Done) -> None:
    [(told,)] = ask(done.home, "select state from ledger.files where file = 'inbox.mbox'")
    state = json.loads(told)
    assert (state["records"], state["skipped"], state["tail_outcome"]) == (4, {"forgotten": 3}, "record")


# What is remembered


def test_the_memory_is_a_key_and_hashes_for_its_owner_only(done: Done) -> None:
    path = done.home.folder / FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    memory = json.loads(path.read_text())
    key = bytes.fromhex(memory["key"])
    for identifier in (WILMA, "+12025550143", "linkedin:wilma-quince-7", "vcard:book:uid-of-wilma"):
        assert hmac.digest(key, identifier.encode(), "sha256").hex() in memory["hashes"]
    assert run(done.home, "--list").stdout == f"1 forgotten, by {len(memory['hashes'])} hashes\n"


def test_nobody_forgets_themselves(synced: Home) -> None:
    result = run(synced, ME, "--yes")
    assert result.exit_code != 0
    assert "kith.toml" in str(result.exception)
    assert not (synced.folder / FILE).exists()


def test_a_home_that_has_forgotten_nobody_remembers_nothing(synced: Home) -> None:
    assert read_memory(synced.folder) is None
    assert run(synced, "--list").stdout == "0 forgotten, by 0 hashes\n"
    assert run(synced).exit_code != 0
    assert not is_unfinished(synced.folder)


def test_a_batch_that_is_damaged_is_not_written_anew(home: Home) -> None:
    part = next(home.landing.glob("mail/*/message.parquet"))
    part.write_bytes(part.read_bytes()[:-1])
    result = run(home, WILMA, "--yes")
    assert isinstance(result.exception, WarehouseError)
    assert "damaged or missing" in str(result.exception)


# Cut off


def content(home: Home) -> dict[str, object]:
    """What stands in landing and in the decisions, by file, however often it was written."""
    found: dict[str, object] = {"decisions": (home.folder / "decisions.jsonl").read_bytes()}
    for path in home.landing.rglob("*"):
        if path.is_file():
            place = re.sub(r"(/\d{8})-\w+/", r"\1/", path.relative_to(home.folder).as_posix())
            assert place not in found
            found[place] = path.read_bytes()
            if path.name == MANIFEST:
                found[place] = replace(msgspec.json.decode(path.read_bytes(), type=Manifest), rewritten=0)
    return found


def test_landing_is_whole_before_every_change_of_a_file_and_can_be_finished(
    home: Home, tmp_path: Path
) -> None:
    """Of two sources with two batches each, people's history, a run and decisions."""
    for source in ("diary", "linkedin"):
        shutil.rmtree(home.landing / source)
    (home.landing / "runs" / "00000099-x.json").write_bytes(a_run_that_failed_with(f"{WILMA}: no such file"))
    order(home, WILMA)
    whole = part_of(home, tmp_path / "whole")
    with cut_off(whole.folder) as changes:
        assert purging.finish(whole.folder, whole.scratch)
    shutil.rmtree(whole.scratch)
    assert left(whole.folder, TRACES) == []
    assert_books_balance(whole)
    for after in range(0, len(changes), EVERY):
        cut = part_of(home, tmp_path / str(after))
        with pytest.raises(Killed), cut_off(cut.folder, after):
            purging.finish(cut.folder, cut.scratch)
        batches = Landing(cut.landing).batches()
        assert len({each.manifest.batch for each in batches}) == len(batches) == 4
        for each in batches:
            verify(each)
        assert purging.finish(cut.folder, cut.scratch)
        assert content(cut) == content(whole)


def part_of(home: Home, folder: Path) -> Home:
    """A copy of what a database is made of."""
    folder.mkdir()
    shutil.copytree(home.landing, folder / "landing")
    for name in ("decisions.jsonl", FILE):
        shutil.copy(home.folder / name, folder / name)
    return Home(folder)


def assert_books_balance(home: Home) -> None:
    """Files count their records as a load of landing finds them."""
    with opened(Path(":memory:"), read_only=False) as connection:
        loading.prepare(connection)
        loading.load_pending(connection, Landing(home.landing))
        every = " union all ".join(
            f"select source, file from landed.{kind.table}" for kind in RECORD_KINDS.values()
        )
        counted = Counter(rows(connection, every))
        states = rows(connection, "select source, file, state from ledger.files")
    assert counted == Counter(
        {(source, file): json.loads(state)["records"] for source, file, state in states}
    )


def test_an_order_of_which_nothing_is_done_is_carried_out_by_the_next_sync(home: Home, done: Done) -> None:
    after = next(n for n, change in enumerate(done.changes, 1) if FILE in change and "replace" in change)
    with pytest.raises(Killed), cut_off(home.folder, after):
        forget(home, WILMA)
    assert is_unfinished(home.folder)
    assert left(home.folder, TRACES)
    sync(home)
    assert left(home.folder, TRACES) == []


def order(home: Home, who: str) -> None:
    """The order to forget somebody, of which nothing is done yet."""
    settings = home.settings()
    with opened(home.database, read_only=True) as connection:
        known = find(connection, who, settings).identifiers
    write_memory(home.folder, with_identifiers(new_memory(), known, mine=settings.my_addresses, region=None))


def a_run_that_failed_with(error: str) -> bytes:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    source = SourceRun(name="mail", kind="mbox", status="failed", error=error)
    run = Run(batch=99, run_id="x", started_at=now, finished_at=now, as_of=now.date(), sources=[source])
    return msgspec.json.encode(run)
