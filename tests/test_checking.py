"""flows.checking and `kith source check`: what would be read and what not, and nothing is kept."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connectors.bounds import Bounds
from flows.checking import checked, first_refusal
from flows.cli.main import kith
from flows.gathering import listed
from flows.settings import Source
from warehouse.errors import SourceError

START = "DTSTART:20260105T100000Z\n"
EVENT = "BEGIN:VEVENT\nUID:{0}\n{1}END:VEVENT\n"
CALENDAR = "BEGIN:VCALENDAR\n{}END:VCALENDAR\n"
CARD = "BEGIN:VCARD\nVERSION:3.0\nFN:Ada Byte\nEMAIL:ada@fern.example\nEND:VCARD\n"


def source(path: Path, kind: str = "ics") -> Source:
    return Source(name="new", kind=kind, location=str(path))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one file for each fate."""
    made = tmp_path / "calendars"
    made.mkdir()
    good = CALENDAR.format(EVENT.format("1", START) + EVENT.format("2", START))
    (made / "good.ics").write_text(good + "BEGIN:VTODO\nUID:3\nEND:VTODO\n")
    (made / "bad.ics").write_text(CALENDAR.format(EVENT.format("4", "") * 5))
    (made / "capped.ics").write_text(CALENDAR.format(EVENT.format("5", f"{START}RRULE:FREQ=SECONDLY\n")))
    (made / "page.ics").write_text("<html>Sign in</html>")
    (made / "link.ics").symlink_to(made / "good.ics")
    return made


def test_everything_that_a_source_offers_is_counted_once(folder: Path) -> None:
    found = checked(source(folder), Bounds())
    assert found.files == 5
    assert found.records == {"event": 3}
    assert found.skipped == {"VTODO": 1}
    assert sum(found.quarantined.values()) == 5
    assert set(found.refused) == {"link.ics", "page.ics"}
    assert sum(found.capped.values()) == 1
    kind, _, files, read, records, skipped, quarantined, capped = found.row()
    assert (kind, files, records, skipped, capped) == ("ics", 5, "3 event", "1 VTODO", 1)
    assert (read, quarantined) == (3 + 1 + 5 + 2, 5 + 2)


def test_each_reason_has_a_few_examples(folder: Path) -> None:
    lines = list(checked(source(folder), Bounds()).lines())
    [at] = [number for number, line in enumerate(lines) if line.startswith("quarantined: 5 × ")]
    assert lines[at + 1 : at + 4] == [f"  bad.ics: line {number}, UID 4" for number in (2, 5, 8)]
    assert not lines[at + 4].startswith("  bad.ics")
    assert any(line.startswith("read in part: 1 × rule") for line in lines)
    assert any(line.startswith("not read: page.ics: ") for line in lines)
    assert any(line.startswith("not read: link.ics: a symbolic link") for line in lines)


def test_files_that_are_none_of_the_kind_are_told(tmp_path: Path) -> None:
    (tmp_path / "menu.csv").write_text("Dish,Price\nSoup,3\n")
    (tmp_path / "contacts.csv").write_text("First Name,Labels,E-mail 1 - Value\nAda,,ada@fern.example\n")
    found = checked(source(tmp_path, "google-csv"), Bounds())
    assert (found.records, found.other) == ({"card": 1}, ["menu.csv"])
    assert "none of the kind: 1 files, such as menu.csv" in found.lines()


def test_a_source_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is not there"):
        checked(source(tmp_path / "gone"), Bounds())


def test_the_first_refusal_is_told_from_the_beginning_of_a_file(folder: Path, tmp_path: Path) -> None:
    def refusal(path: Path) -> str:
        return first_refusal(listed(source(path), Bounds()), Bounds())

    assert refusal(folder / "good.ics") == ""
    assert "web page" in refusal(folder / "page.ics")
    assert "symbolic link" in refusal(folder)


# The command


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Where no home is; nothing may come to be there."""
    return tmp_path / "no-home"


def check(bare: Path, *arguments: object) -> Result:
    result = CliRunner().invoke(
        kith, ["--home", str(bare), "source", "check", *map(str, arguments)], terminal_width=200
    )
    assert not bare.exists()
    return result


def test_the_command_needs_no_home_and_keeps_nothing(folder: Path, bare: Path) -> None:
    before = sorted(folder.parent.rglob("*"))
    result = check(bare, folder)
    assert result.exit_code == 0
    assert sorted(folder.parent.rglob("*")) == before


def test_the_table_names_what_is_lost(folder: Path, bare: Path) -> None:
    printed = check(bare, "ics", folder).stdout
    assert "not read: page.ics" in printed
    assert "quarantined: 5 ×" in printed


def test_json_holds_all_of_it(folder: Path, bare: Path) -> None:
    result = check(bare, "ics", folder, "--format", "json")
    [found] = json.loads(result.stdout)
    assert (found["kind"], found["files"], found["read"], found["quarantined"]) == ("ics", 5, 11, 7)
    assert found["records"] == {"event": 3}
    assert found["skipped"] == {"VTODO": 1}
    assert [(each["count"], len(each["examples"])) for each in found["quarantine"]] == [(5, 3)]
    assert [each["count"] for each in found["read_in_part"]] == [1]
    assert {each["file"] for each in found["refused_files"]} == {"page.ics", "link.ics"}
    assert found["other_files"] == []


def test_without_a_kind_each_source_of_a_folder_is_checked(tmp_path: Path, bare: Path) -> None:
    (tmp_path / "mixed").mkdir()
    (tmp_path / "mixed" / "a.ics").write_text(CALENDAR.format(EVENT.format("1", START)))
    (tmp_path / "mixed" / "a.vcf").write_text(CARD)
    found = json.loads(check(bare, tmp_path / "mixed", "--format", "json").stdout)
    assert [(each["kind"], each["records"]) for each in found] == [
        ("ics", {"event": 1}),
        ("vcard", {"card": 1}),
    ]


def test_what_a_file_is_called_cannot_colour_the_terminal(tmp_path: Path, bare: Path) -> None:
    (tmp_path / "\x1b[31mred.ics").write_text("<html>")
    (tmp_path / "good.ics").write_text(CALENDAR.format(EVENT.format("1", START)))
    printed = check(bare, "ics", tmp_path).stdout
    assert "\x1b[31m" not in printed
    assert "red.ics" in printed


def test_a_path_that_holds_nothing_is_an_error_that_says_what_it_is(tmp_path: Path, bare: Path) -> None:
    (tmp_path / "page.ics").write_text("<html>Sign in</html>")
    result = check(bare, tmp_path / "page.ics")
    assert result.exit_code != 0
    assert "web page" in str(result.exception)
    assert check(bare, tmp_path / "gone").exit_code != 0


def test_a_pipe_is_neither_waited_for_nor_read(tmp_path: Path, bare: Path) -> None:
    os.mkfifo(tmp_path / "pipe.ics")
    result = check(bare, tmp_path / "pipe.ics")
    assert "neither a file nor a folder" in str(result.exception)
