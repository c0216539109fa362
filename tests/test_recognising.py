"""flows.recognising: one path becomes the sources that it holds, and what it does not hold is told."""

import gzip
import os
from pathlib import Path

import pytest
from attacks import zipped

from connectors.bounds import Bounds
from flows.recognising import NOT_UTF8, Recognition, recognise
from warehouse.errors import UserError

EVENT = (
    b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260105T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
CARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada Byte\r\nEMAIL:ada@fern.example\r\nEND:VCARD\r\n"
HEADERS = (
    b"From: Ada <ada@fern.example>\nTo: bo@fern.example\nDate: Mon, 05 Jan 2026 10:00:00 +0000\n\nbody\n"
)
MAIL = b"From ada@fern.example Mon Jan  5 10:00:00 2026\n" + HEADERS
CONNECTIONS = (
    b"First Name,Last Name,URL,Email Address,Company,Position,Connected On\nAda,Byte,,,,,05 Jan 2026\n"
)
GOOGLE = b"First Name,Labels,E-mail 1 - Value\nAda,,ada@fern.example\n"
TAKEOUT = "takeout-20260105T100000Z-{:03}.zip"


def written(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def found(path: Path) -> list[tuple[str, str]]:
    """Kinds, and locations below the path."""
    return relative(recognise(path, Bounds()), path)


def relative(recognition: Recognition, path: Path) -> list[tuple[str, str]]:
    root = path if path.is_dir() else path.parent
    return [(each.kind, Path(each.location).relative_to(root).as_posix()) for each in recognition.sources]


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.ics", EVENT, "ics"),
        ("calendar", EVENT, "ics"),
        ("a.txt", CARD, "vcard"),
        ("Inbox", MAIL, "mbox"),
        ("a.eml", HEADERS, "eml"),
        ("a.csv", GOOGLE, "google-csv"),
        ("Inbox.mbox.gz", gzip.compress(MAIL), "mbox"),
        ("Connections.csv", CONNECTIONS, "linkedin"),
    ],
)
def test_a_file_is_one_source_whatever_it_is_called(
    name: str, data: bytes, kind: str, tmp_path: Path
) -> None:
    assert found(written(tmp_path / name, data)) == [(kind, name)]


def test_a_folder_of_mixed_exports_becomes_a_source_for_each_kind(tmp_path: Path) -> None:
    for name, data in (("a.ics", EVENT), ("b/c.ics", EVENT), ("d.vcf", CARD), ("mail/Sent.mbox", MAIL)):
        written(tmp_path / name, data)
    assert found(tmp_path) == [("ics", "."), ("vcard", "."), ("mbox", ".")]


def test_a_file_that_its_name_does_not_tell_is_a_source_of_its_own(tmp_path: Path) -> None:
    written(tmp_path / "a.ics", EVENT)
    written(tmp_path / "really-a-calendar.txt", EVENT)
    assert found(tmp_path) == [("ics", "."), ("ics", "really-a-calendar.txt")]


def test_a_maildir_is_found_where_it_is(tmp_path: Path) -> None:
    for folder in ("cur", "new", "tmp"):
        (tmp_path / "Mail" / folder).mkdir(parents=True)
    written(tmp_path / "Mail" / "cur" / "1700000000.a:2,S", HEADERS)
    written(tmp_path / "a.vcf", CARD)
    assert found(tmp_path) == [("vcard", "."), ("maildir", "Mail")]


def test_the_parts_of_a_takeout_are_one_source_and_a_missing_one_is_told(tmp_path: Path) -> None:
    for number, name in ((1, "Takeout/Mail/All.mbox"), (3, "Takeout/Calendar/a.ics")):
        data = MAIL if name.endswith(".mbox") else EVENT
        written(tmp_path / TAKEOUT.format(number), zipped((name, data)))
    assert found(tmp_path) == [("takeout", ".")]
    for path in (tmp_path, tmp_path / TAKEOUT.format(1)):
        told = recognise(path, Bounds()).told
        assert f"{TAKEOUT.format(2)} is missing: download it too" in told
    assert found(tmp_path / TAKEOUT.format(1)) == [("takeout", TAKEOUT.format(1))]


def test_a_takeout_beside_other_files_is_a_source_without_them(tmp_path: Path) -> None:
    """Else its folder would be read for it, and the other files twice."""
    for number in (1, 2):
        written(tmp_path / TAKEOUT.format(number), zipped((f"Takeout/Calendar/{number}.ics", EVENT)))
    written(tmp_path / "a.ics", EVENT)
    assert found(tmp_path) == [("ics", "."), ("takeout", TAKEOUT.format(1))]


def test_an_unpacked_takeout_beside_its_archive_is_looked_into(tmp_path: Path) -> None:
    written(tmp_path / "Takeout" / "archive_browser.html", b"<html>")
    written(tmp_path / "Takeout" / "Calendar" / "a.ics", EVENT)
    written(tmp_path / "Takeout" / "old.zip", zipped(("x.txt", b"x")))
    assert found(tmp_path) == [("takeout", "Takeout")]


def test_linkedins_archive_is_read_as_it_is(tmp_path: Path) -> None:
    name = "Basic_LinkedInDataExport_01-05-2026.zip"
    archive = written(tmp_path / name, zipped(("Connections.csv", CONNECTIONS)))
    assert found(archive) == [("linkedin", name)]


def test_a_folder_of_linkedins_exports_is_one_source_whether_packed_or_not(tmp_path: Path) -> None:
    written(tmp_path / "Basic_LinkedInDataExport_01-05-2026.zip", zipped(("Connections.csv", CONNECTIONS)))
    written(tmp_path / "Connections.csv", CONNECTIONS)
    assert found(tmp_path) == [("linkedin", ".")]


def test_an_archive_that_is_no_export_is_to_be_unpacked(tmp_path: Path) -> None:
    archive = written(tmp_path / "backup.zip", zipped(("a.vcf", CARD), ("b.eml", HEADERS)))
    with pytest.raises(UserError, match=r"backup\.zip: .*unpack it and add the folder"):
        recognise(archive, Bounds())


def test_an_archive_that_cannot_be_trusted_is_told_with_its_reason(tmp_path: Path) -> None:
    written(tmp_path / "a.ics", EVENT)
    written(tmp_path / "bad.zip", b"PK\3\4" + bytes(100))
    recognition = recognise(tmp_path, Bounds())
    assert relative(recognition, tmp_path) == [("ics", ".")]
    assert any(line.startswith("bad.zip: ") for line in recognition.told)


def test_what_is_nothing_is_an_error_with_the_reasons(tmp_path: Path) -> None:
    written(tmp_path / "photo.jpg", b"\xff\xd8\xff\xe0")
    written(tmp_path / "page.html", b"<html>Sign in</html>")
    with pytest.raises(UserError) as raised:
        recognise(tmp_path, Bounds())
    assert "photo.jpg: an image" in str(raised.value)
    assert "page.html: a web page that asks to sign in" in str(raised.value)


def test_at_most_five_of_the_unknown_files_are_named(tmp_path: Path) -> None:
    written(tmp_path / "a.ics", EVENT)
    for number in range(8):
        written(tmp_path / f"{number}.txt", b"text")
    told = recognise(tmp_path, Bounds()).told
    assert sum("text of no known kind" in line for line in told) == 5
    assert "and 3 more" in told


def test_what_is_hidden_and_links_are_left_alone(tmp_path: Path) -> None:
    written(tmp_path / "in" / "a.ics", EVENT)
    written(tmp_path / "in" / ".hidden" / "b.vcf", CARD)
    written(tmp_path / "out" / "c.vcf", CARD)
    (tmp_path / "in" / "out").symlink_to(tmp_path / "out")
    (tmp_path / "in" / "c.vcf").symlink_to(tmp_path / "out" / "c.vcf")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    os.mkfifo(tmp_path / "in" / "pipe.vcf")
    assert found(tmp_path / "in") == [("ics", ".")]


def test_a_name_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    written(tmp_path / "a.ics", EVENT)
    bad = Path(os.fsdecode(os.fsencode(tmp_path) + b"/Entw\xfcrfe.mbox"))
    written(bad, MAIL)
    recognition = recognise(tmp_path, Bounds())
    assert relative(recognition, tmp_path) == [("ics", ".")]
    assert f"{bad}: {NOT_UTF8}" in recognition.told


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not there"):
        recognise(tmp_path / "gone", Bounds())
