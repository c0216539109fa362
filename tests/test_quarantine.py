"""`kith quarantine`: what could not be read is listed with place and mend, and read again when asked."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pipeline import ask, make_home, sync

from connectors.calendar import ics
from flows.cli import sync as cli_sync
from flows.cli.main import kith
from flows.reading import TRUSTING
from flows.settings import Home
from flows.steps import How, chosen_sources, night
from warehouse.landing import Run

EVENT = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:{0}\r\n{1}END:VEVENT\r\nEND:VCALENDAR\r\n"
START = "DTSTART:20260101T100000Z\r\n"
Ask = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    folder = tmp_path / "calendars"
    folder.mkdir()
    (folder / "a.ics").write_text(EVENT.format("a", START))
    (folder / "b.ics").write_text(EVENT.format("b", ""))
    (folder / "c.ics").write_text(EVENT.format("c", f"{START}RRULE:FREQ=SECONDLY\r\n"))
    (folder / "d.ics").symlink_to(folder / "a.ics")
    home = make_home(tmp_path / "home", {"calendars": ("ics", folder)})
    sync(home)
    return home


@pytest.fixture
def quarantine(home: Home) -> Ask:
    def ask_for(*arguments: str) -> Result:
        return CliRunner().invoke(kith, ["--home", str(home.folder), "quarantine", *arguments])

    return ask_for


def test_each_row_names_source_place_reason_and_mend(quarantine: Ask) -> None:
    listed = json.loads(quarantine("--format", "json").stdout)
    assert [(row["source"], row["locator"]) for row in listed] == [
        ("calendars", "b.ics: line 2, UID b"),
        ("calendars", "d.ics: whole file"),
    ]
    assert "no DTSTART" in listed[0]["reason"]
    assert "export again" in listed[0]["mend"]
    assert "not followed" in listed[1]["reason"]


def test_what_was_read_in_part_is_listed_apart(quarantine: Ask) -> None:
    [row] = json.loads(quarantine("--partial", "--format", "json").stdout)
    assert (row["source"], row["locator"]) == ("calendars", "c.ics: line 2, UID c")
    assert "rule" in row["left_out"]


def test_another_source_has_nothing_and_an_unknown_one_is_an_error(quarantine: Ask) -> None:
    refused = quarantine("nope")
    assert refused.exit_code != 0
    assert "there is no source 'nope'" in str(refused.exception)


def test_a_retry_reads_what_is_in_quarantine_again_and_nothing_else(
    home: Home, quarantine: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The flow itself is tested elsewhere: here its steps stand for it."""
    read: list[str] = []
    before = ics.read

    def watched(source: ics.Input) -> object:
        read.append(source.name)
        return before(source)

    def steps(place: Home, names: tuple[str, ...], *, retry: bool) -> Run:
        with night(place, how=How(retry=retry, hands=TRUSTING)) as run:
            for source in chosen_sources(run.settings, names):
                run.read(source)
            run.build()
        return run.finished

    monkeypatch.setattr(ics, "read", watched)
    monkeypatch.setattr(cli_sync, "run_nightly", steps)
    again = quarantine("--retry", "--format", "json")
    assert again.exit_code == 0
    assert read == ["b.ics"]
    assert len(json.loads(again.stdout)) == 2
    assert ask(home, "select count(*) from meetings") == [(2,)]


def test_a_mended_file_leaves_the_quarantine(home: Home, quarantine: Ask, tmp_path: Path) -> None:
    (tmp_path / "calendars" / "b.ics").write_text(EVENT.format("b", START))
    (tmp_path / "calendars" / "d.ics").unlink()
    sync(home)
    assert "Nothing is in quarantine." in quarantine().stdout
