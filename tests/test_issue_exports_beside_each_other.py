"""Exports of LinkedIn and Google as people keep them: replaced in place, beside the former, in parts."""

import os
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from pipeline import ask, make_home, sync

from connectors.bounds import Bounds
from flows.cli.main import kith
from flows.recognising import recognise
from warehouse.errors import UserError

HEADER = "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
ADA = "Ada,Quill,https://www.linkedin.com/in/ada-quill,,{0},Editor,05 Mar 2024\n"
CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nFN:Ada Quill\r\nEND:VCARD\r\n"
TALK = (
    "CONVERSATION ID,CONVERSATION TITLE,FROM,SENDER PROFILE URL,TO,RECIPIENT PROFILE URLS,DATE,SUBJECT,"
    "CONTENT,FOLDER\n"
)


def export(folder: Path, company: str, day: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "Connections.csv"
    path.write_text(HEADER + ADA.format(company))
    seconds = datetime.fromisoformat(f"{day}T12:00:00+00:00").timestamp()
    os.utime(path, (seconds, seconds))


def takeout(folder: Path, *numbers: int) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"takeout-20260101T000000Z-00{number}.zip" for number in numbers]
    for path in paths:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"Takeout/Contacts/{path.stem}.vcf", CARD)
    return paths


def test_an_export_that_takes_the_place_of_another_leaves_both_though_the_folder_has_a_date(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "li-2024-01-15"
    export(folder, "Old Press", "2024-01-15")
    home = make_home(tmp_path / "home", {"linkedin": ("linkedin", folder)})
    sync(home)
    export(folder, "New Press", "2025-01-15")
    sync(home)
    assert ask(home, "select file, organization from landed.cards order by all") == [
        ("Connections.csv@2024-01-15", "Old Press"),
        ("Connections.csv@2025-01-15", "New Press"),
    ]
    assert ask(home, "select organization from contacts") == [("New Press",)]


def test_the_folder_that_was_named_is_the_source_so_that_the_next_export_is_read(tmp_path: Path) -> None:
    export(tmp_path / "li" / "Basic_LinkedInDataExport_01-15-2023", "Old Press", "2023-01-15")
    [source] = recognise(tmp_path / "li", Bounds()).sources
    assert source.location == str((tmp_path / "li").resolve())
    export(tmp_path / "li" / "Basic_LinkedInDataExport_01-15-2024", "New Press", "2024-01-15")
    [source] = recognise(tmp_path / "li", Bounds()).sources
    home = make_home(tmp_path / "home", {"linkedin": ("linkedin", Path(source.location))})
    sync(home)
    assert ask(home, "select organization from contacts") == [("New Press",)]


def test_parts_of_one_takeout_in_a_subfolder_are_one_source(tmp_path: Path) -> None:
    takeout(tmp_path / "all" / "google", 1, 2)
    (tmp_path / "all" / "a.vcf").write_text(CARD)
    kinds = [source.kind for source in recognise(tmp_path / "all", Bounds()).sources]
    assert kinds == ["vcard", "takeout"]


def test_what_a_source_reads_already_is_not_added_again(tmp_path: Path) -> None:
    first, second = takeout(tmp_path / "google", 1, 2)
    home = make_home(tmp_path / "home", {"google": ("takeout", first)})
    for path in (first, second):
        with pytest.raises(UserError, match="is there already, as 'google'"):
            CliRunner().invoke(
                kith, ["--home", str(home.folder), "source", "add", str(path)], catch_exceptions=False
            )


def test_a_group_that_leaves_me_out_does_not_make_me_a_stranger(tmp_path: Path) -> None:
    me, url = "https://www.linkedin.com/in/robin", "https://www.linkedin.com/in/{0}"
    rows = [
        f"{number},,P,{url.format(f'p{number}')},Robin,{me},2024-03-{number:02d} 10:00:00 UTC,,,INBOX\n"
        for number in range(1, 9)
    ]
    rows.append(f"99,,X,{url.format('x')},Y,{url.format('y')},2024-03-20 10:00:00 UTC,,,INBOX\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "messages.csv").write_text(TALK + "".join(rows))
    home = make_home(tmp_path / "home", {"linkedin": ("linkedin", tmp_path / "data")})
    sync(home)
    assert ask(home, "select channel, direction, count(*) from interactions group by all") == [
        ("linkedin", "in", 9)  # what is in my export was delivered to me, whomever it names
    ]


def test_links_and_pipes_are_told_when_a_folder_is_added(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.vcf").write_text(CARD)
    (folder / "b.ics").symlink_to(folder / "a.vcf")
    os.mkfifo(folder / "c.mbox")
    told = "\n".join(recognise(folder, Bounds()).told)
    assert "b.ics: a symbolic link is not followed" in told
    assert "c.mbox: neither a file nor a folder" in told


def test_a_linked_folder_of_a_maildir_is_in_quarantine(tmp_path: Path) -> None:
    for name in ("cur", "new", "tmp"):
        (tmp_path / "Maildir" / name).mkdir(parents=True)
        (tmp_path / "elsewhere" / name).mkdir(parents=True)
    letter = "From: a@b.example\nDate: 1 Jun 2026 10:00:00 +0000\n\n"
    (tmp_path / "Maildir" / "cur" / "1700000001.a:2,S").write_text(letter)
    (tmp_path / "Maildir" / "cur" / "1700000003.c:2,S").write_text("")
    (tmp_path / "Maildir" / ".Archive").symlink_to(tmp_path / "elsewhere")
    home = make_home(tmp_path / "home", {"mail": ("maildir", tmp_path / "Maildir")})
    [source] = sync(home).sources
    assert (source.read, source.new, source.quarantined) == (3, 1, 2)
    assert [place for (place,) in ask(home, "select locator from quarantine order by 1")] == [
        ".Archive: whole file",
        "1700000003.c: whole file",
    ]
