"""What an archive brought stays until an archive that was read says otherwise."""

import dataclasses
import os
import zipfile
from pathlib import Path

import pytest
from pipeline import ask, make_home, sync

from connectors import FORMATS
from flows.reading import TRUSTING
from flows.settings import Home
from flows.standing import is_as_it_was
from flows.steps import How, chosen_sources, night
from warehouse.connection import opened
from warehouse.landing import SourceRun

NAME = "takeout-20260101T000000Z-001.zip"
EVENT = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:{0}\r\n{1}END:VEVENT\r\nEND:VCALENDAR\r\n"
START = "DTSTART:20260101T100000Z\r\n"
CONNECTIONS = "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n{0}\n"
ADA = "Ada,Quill,https://www.linkedin.com/in/ada-quill,,Quill Press,Editor,05 Mar 2024"


def packed(path: Path, **members: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(f"Takeout/Calendar/{name}.ics", text)


def touched(path: Path, nanoseconds: int = 10**18) -> None:
    os.utime(path, ns=(nanoseconds, nanoseconds))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "data"
    place.mkdir()
    packed(place / NAME, a=EVENT.format("a", START), b=EVENT.format("b", ""), c=EVENT.format("c", START))
    return place


@pytest.fixture
def home(folder: Path, tmp_path: Path) -> Home:
    home = make_home(tmp_path / "home", {"export": ("takeout", folder)})
    sync(home)
    return home


def is_settled(home: Home) -> bool:
    with opened(home.database, read_only=True) as connection:
        return is_as_it_was(connection, home.settings().sources[0])


def again(home: Home, *, retry: bool = False) -> SourceRun:
    with night(home, how=How(retry=retry, hands=TRUSTING)) as run:
        outcome = run.read(chosen_sources(run.settings, ())[0])
        run.build()
    assert outcome.is_balanced
    assert outcome.error is None
    return outcome


def uids(home: Home) -> list[str]:
    return [uid for (uid,) in ask(home, "select uid from landed.events order by uid")]


def test_a_touched_archive_keeps_what_it_holds_and_is_soon_settled(home: Home, folder: Path) -> None:
    touched(folder / NAME)
    assert not is_settled(home)
    for _ in range(3):
        outcome = again(home)
        assert (outcome.read, outcome.unchanged, outcome.quarantined, outcome.withdrawn) == (3, 2, 1, 0)
        assert is_settled(home)
    assert uids(home) == ["a", "c"]


def test_an_archive_that_was_made_again_with_more_in_it_loses_nothing(home: Home, folder: Path) -> None:
    packed(
        folder / NAME,
        a=EVENT.format("a", START), c=EVENT.format("c", START), d=EVENT.format("d", START),
    )  # fmt: skip
    assert (again(home).new, again(home).withdrawn, again(home).withdrawn) == (1, 0, 0)
    assert uids(home) == ["a", "c", "d"]


def test_a_touched_file_is_settled_after_one_sync(tmp_path: Path) -> None:
    path = tmp_path / "a.ics"
    path.write_text(EVENT.format("a", START))
    home = make_home(tmp_path / "home", {"calendar": ("ics", path)})
    sync(home)
    touched(path)
    assert not is_settled(home)
    assert again(home).status == "unchanged"
    assert is_settled(home)


def test_a_damaged_archive_costs_nothing_of_what_it_brought(home: Home, folder: Path) -> None:
    other = folder / "takeout-20260201T000000Z-001.zip"
    packed(other, d=EVENT.format("d", START))
    again(home)
    other.write_bytes(other.read_bytes()[:-30])
    for _ in range(2):
        assert again(home).withdrawn == 0
        assert uids(home) == ["a", "c", "d"]
        assert (other.name + ": whole file",) in ask(home, "select locator from quarantine")
    packed(other, d=EVENT.format("d", START))
    again(home)
    assert ask(home, "select locator from quarantine where locator like '%whole file'") == []
    assert uids(home) == ["a", "c", "d"]


def test_a_retry_reads_the_members_in_quarantine(home: Home) -> None:
    outcome = again(home, retry=True)
    assert (outcome.read, outcome.unchanged, outcome.quarantined) == (3, 2, 1)
    [(reason,)] = ask(home, "select reason from quarantine")
    assert "DTSTART" in reason


def test_a_reader_of_another_version_reads_the_members_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FORMATS, "ics", dataclasses.replace(FORMATS["ics"], version=99))
    assert not is_settled(home)
    outcome = again(home)
    assert (outcome.read, outcome.unchanged, outcome.quarantined) == (3, 2, 1)
    assert is_settled(home)


def test_a_snapshot_is_read_again_when_that_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data" / "Connections.csv"
    path.parent.mkdir()
    path.write_text(CONNECTIONS.format(f"{ADA}\n,,,,Quill Press,Editor,"))
    touched(path)
    home = make_home(tmp_path / "home", {"linkedin": ("linkedin", path.parent)})
    sync(home)
    assert again(home, retry=True).status == "ok"
    monkeypatch.setitem(
        FORMATS,
        "linkedin-connections",
        dataclasses.replace(FORMATS["linkedin-connections"], version=99),
    )
    assert again(home).status == "ok"
    assert again(home).status == "unchanged"
    assert is_settled(home)


def test_a_touched_snapshot_is_the_same_snapshot(tmp_path: Path) -> None:
    path = tmp_path / "data" / "Connections.csv"
    path.parent.mkdir()
    path.write_text(CONNECTIONS.format(ADA))
    touched(path)
    home = make_home(tmp_path / "home", {"linkedin": ("linkedin", path.parent)})
    sync(home)
    touched(path, 2 * 10**18 - 5 * 10**17)
    assert again(home).status == "unchanged"
    assert is_settled(home)
    assert len(ask(home, "select file from ledger.files")) == 1


def test_a_message_that_moved_while_it_was_to_be_read_is_read_the_next_time(tmp_path: Path) -> None:
    place = tmp_path / "Maildir"
    for folder in ("cur", "new", "tmp"):
        (place / folder).mkdir(parents=True)
    (place / "cur" / "1700000001.a:2,S").write_text("From: a@b.example\nDate: 1 Jun 2026 10:00:00 +0000\n\n")
    message = place / "new" / "1700000002.b"
    message.symlink_to(place / "gone")
    home = make_home(tmp_path / "home", {"mail": ("maildir", place)})
    sync(home)
    message.unlink()
    (place / "cur" / "1700000002.b:2,").write_text("From: c@d.example\nDate: 2 Jun 2026 10:00:00 +0000\n\n")
    outcome = again(home)
    assert (outcome.new, outcome.quarantined) == (1, 0)
    assert again(home).status == "unchanged"
