"""Whether there is anything to do is asked before Prefect starts, and the answer is never wrong for long."""

import os
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import pytest
from pipeline import AS_OF, ask, make_home, sync

from flows.reporting import write_reports
from flows.settings import Home
from flows.standing import is_anything_new

EVENT = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:{0}\r\nDTSTART:{1}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
MAIL = "From a@b.example Mon Jun  1 10:00:00 2026\nFrom: a@b.example\nDate: 1 Jun 2026 10:00:00 +0000\n\nx\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "data"
    place.mkdir()
    (place / "a.ics").write_text(EVENT.format("a", "20260101T100000Z"))
    (place / "broken.ics").write_text("no calendar")
    (place / "link.ics").symlink_to(place / "a.ics")
    with zipfile.ZipFile(place / "takeout-20260101T000000Z-001.zip", "w") as archive:
        archive.writestr("Takeout/Mail/All.mbox", MAIL)
        archive.writestr("Takeout/Photos/a.jpg", "x")
    with zipfile.ZipFile(place / "photos.zip", "w") as archive:
        archive.writestr("a.jpg", "x")
    return place


@pytest.fixture
def home(folder: Path, tmp_path: Path) -> Home:
    home = make_home(tmp_path / "home", {"calendars": ("ics", folder), "export": ("takeout", folder)})
    sync(home)
    write_reports(home, home.reports)
    return home


def is_new(home: Home, day: date = AS_OF) -> bool:
    return is_anything_new(home, (), day)


def test_after_a_sync_nothing_is_new_whatever_the_source_holds(home: Home) -> None:
    assert not is_new(home)
    assert not is_anything_new(home, ("calendars",), AS_OF)


def test_a_home_that_was_never_synced_has_all_before_it(folder: Path, tmp_path: Path) -> None:
    assert is_new(make_home(tmp_path / "home", {"calendars": ("ics", folder)}))


def test_another_day_has_other_answers(home: Home) -> None:
    assert is_new(home, date(2026, 7, 1))


@pytest.mark.parametrize("change", ["new", "touched", "grown", "gone", "mended", "all gone"])
def test_any_change_of_a_file_is_new(change: str, home: Home, folder: Path) -> None:
    path = folder / "a.ics"
    if change == "new":
        (folder / "b.ics").write_text(EVENT.format("b", "20260101T100000Z"))
    elif change == "touched":
        os.utime(path, ns=(1, 1))
    elif change == "grown":
        path.write_bytes(path.read_bytes() + b"\r\n")
    elif change == "gone":
        path.unlink()
    elif change == "mended":
        (folder / "broken.ics").write_text(EVENT.format("c", "20260101T100000Z"))
    else:
        for each in folder.glob("*.ics"):
            each.unlink()
    assert is_new(home)


@pytest.mark.parametrize("change", ["another archive", "another content", "gone"])
def test_any_change_of_an_archive_is_new(change: str, home: Home, folder: Path) -> None:
    path = folder / "takeout-20260101T000000Z-001.zip"
    if change == "another archive":
        path.rename(folder / "takeout-20260101T000000Z-002.zip")
    elif change == "another content":
        with zipfile.ZipFile(folder / "photos.zip", "a") as archive:
            archive.writestr("b.mbox", MAIL)
    else:
        path.unlink()
    assert is_new(home)


def test_a_source_that_was_added_or_removed_is_new(home: Home, folder: Path) -> None:
    text = home.config.read_text()
    home.config.write_text(
        text + f'\n[[sources]]\nname = "more"\nkind = "ics"\nlocation = "{folder / "a.ics"}"\n'
    )
    assert is_new(home)
    home.config.write_text(text[: text.rindex("[[sources]]")])
    assert is_new(home)


def test_another_address_of_mine_makes_other_answers(home: Home) -> None:
    text = home.config.read_text()
    home.config.write_text(text.replace("addresses = [", 'addresses = ["other@ferrow.example", '))
    assert is_new(home)


def test_what_a_killed_run_left_in_landing_is_new(home: Home) -> None:
    runs = sorted((home.landing / "runs").iterdir())
    (home.landing / "runs" / "00000099-beef.json").write_bytes(runs[-1].read_bytes())
    assert is_new(home)


def test_a_report_that_was_deleted_is_written_again(home: Home) -> None:
    (home.reports / "index.html").unlink()
    assert is_new(home)


def test_a_meeting_that_has_begun_since_makes_other_answers(
    home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the day itself answers hold up to the instant of the sync."""
    (folder / "a.ics").write_text(EVENT.format("a", "20260701T100000Z"))
    sync(home)
    later = ask(home, "select until + interval 1 day from meta.publication")[0][0]
    assert not is_new(home)
    monkeypatch.setattr("flows.standing.instant_of", lambda *_: later)
    assert is_new(home)


def test_a_sync_with_nothing_new_is_recorded_and_never_imports_prefect(home: Home) -> None:
    before = ask(home, "select count(*) from sync_runs")[0][0]
    answers = ask(home, "from interactions"), ask(home, "from rhythms")
    script = f"""
import os, sys
leave = os._exit
os._exit = lambda code: (print("prefect" in sys.modules, flush=True), leave(code))
from flows.cli.main import main
main(["--home", {str(home.folder)!r}, "sync", "--as-of", "{AS_OF}", "--format", "csv"])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    *_, calendars, export, is_prefect_there = done.stdout.splitlines()
    assert calendars.startswith("calendars,unchanged,")
    assert export.startswith("export,unchanged,4,0,0,2,")
    assert is_prefect_there == "False"
    assert ask(home, "select count(*) from sync_runs") == [(before + 2,)]
    assert (ask(home, "from interactions"), ask(home, "from rhythms")) == answers
    assert not is_new(home)
