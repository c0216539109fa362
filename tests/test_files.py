"""The files of a source, and whether they are as they were."""

import os
import shutil
import zipfile
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from connectors import FORMATS
from connectors.bounds import Bounds
from flows import files
from flows.files import Change, change_of, fingerprint, is_unchanged_since, is_untouched, look
from flows.parts import Part, parts_of_source
from flows.reading import list_here
from flows.settings import Source
from warehouse.errors import SourceError, SourceVanished
from warehouse.landing import FileState


def source(location: Path, kind: str = "mbox") -> Source:
    return Source(name="mine", kind=kind, location=str(location))


def parts(location: Path, kind: str = "mbox") -> dict[str, Part]:
    return parts_of_source(
        source(location, kind), lambda archives: list_here([*archives], Bounds(), location)
    )


def names(location: Path, kind: str = "mbox") -> list[str]:
    return [file for file, each in parts(location, kind).items() if not each.is_archive]


def part(path: Path, kind: str = "mbox") -> Part:
    [found] = parts(path, kind).values()
    return found


def read(path: Path, kind: str = "mbox") -> FileState:
    """The file as it is after it was read."""
    found = part(path, kind)
    return msgspec.structs.replace(look(found), format=kind, reader_version=FORMATS[kind].version)


def written(path: Path, content: bytes = b"From x@y.example Mon Jun  1 10:00:00 2026\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def became(path: Path, known: FileState, kind: str = "mbox") -> Change:
    return change_of(part(path, kind), look(part(path, kind)), known)


# Which files there are


def test_a_file_is_a_source_whatever_it_is_called(tmp_path: Path) -> None:
    assert names(written(tmp_path / "All mail.backup")) == ["All mail.backup"]


def test_a_folder_is_read_with_all_its_folders_in_order(tmp_path: Path) -> None:
    for name in ("z.mbox", "2024/b.mbox", "2024/a.MBX", "2023/archive/c.mbox"):
        written(tmp_path / name)
    assert names(tmp_path) == ["2023/archive/c.mbox", "2024/a.MBX", "2024/b.mbox", "z.mbox"]


def test_only_files_of_the_kind_belong_to_it(tmp_path: Path) -> None:
    for name in ("a.mbox", "b.ics", "c.ical", "d.vcf", "e.msf"):
        written(tmp_path / name)
    assert names(tmp_path) == ["a.mbox"]
    assert names(tmp_path, "ics") == ["b.ics", "c.ical"]


def test_a_mailbox_without_a_suffix_is_told_by_its_first_bytes(tmp_path: Path) -> None:
    written(tmp_path / "INBOX")
    written(tmp_path / "README", b"Mail of the years 2020 to 2024")
    written(tmp_path / "empty", b"")
    written(tmp_path / "INBOX.msf")
    assert names(tmp_path) == ["INBOX"]


def test_hidden_files_and_folders_are_left_out(tmp_path: Path) -> None:
    for name in (".hidden.mbox", ".trash/a.mbox", "kept/.b.mbox", "kept/c.mbox"):
        written(tmp_path / name)
    assert names(tmp_path) == ["kept/c.mbox"]


def test_links_are_not_followed_so_there_are_no_loops(tmp_path: Path) -> None:
    real = written(tmp_path / "mail" / "a.mbox")
    elsewhere = written(tmp_path / "elsewhere" / "b.mbox")
    (tmp_path / "mail" / "link.mbox").symlink_to(real)
    (tmp_path / "mail" / "gone.mbox").symlink_to(tmp_path / "nothing")
    (tmp_path / "mail" / "folder").symlink_to(elsewhere.parent)
    (tmp_path / "mail" / "loop").symlink_to(tmp_path / "mail")
    found = parts(tmp_path / "mail")
    assert [name for name, each in found.items() if not each.refusal] == ["a.mbox"]
    assert {name for name, each in found.items() if "not followed" in each.refusal} == {
        "folder",
        "gone.mbox",
        "link.mbox",
        "loop",
    }


def test_a_location_may_be_a_link_itself(tmp_path: Path) -> None:
    written(tmp_path / "mail" / "a.mbox")
    (tmp_path / "folder").symlink_to(tmp_path / "mail")
    (tmp_path / "file").symlink_to(tmp_path / "mail" / "a.mbox")
    assert names(tmp_path / "folder") == ["a.mbox"]
    assert names(tmp_path / "file") == ["a.mbox"]


def test_a_named_pipe_in_the_folder_is_not_opened(tmp_path: Path) -> None:
    written(tmp_path / "a.mbox")
    os.mkfifo(tmp_path / "b.mbox")
    found = parts(tmp_path)
    assert not found["a.mbox"].refusal
    assert found["b.mbox"].refusal == "neither a file nor a folder; remove it, or move it elsewhere"


def test_a_location_that_is_not_there_has_vanished(tmp_path: Path) -> None:
    with pytest.raises(SourceVanished, match="is not there; put it back or `kith source remove mine`"):
        names(tmp_path / "gone")


def test_a_folder_without_such_files_is_an_error_and_says_which_are_looked_for(tmp_path: Path) -> None:
    written(tmp_path / "a.vcf")
    with pytest.raises(SourceError, match=r"holds no \.ics or \.ical or \.icalendar or \.ifb or \.vcs files"):
        names(tmp_path, "ics")


def test_a_location_that_is_neither_file_nor_folder_is_an_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="neither a file nor a folder"):
        names(tmp_path / "pipe")


def test_a_folder_that_cannot_be_listed_is_an_error_not_a_withdrawal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests may run as root, whom no permission stops: the system's refusal is put in its place."""
    written(tmp_path / "open" / "a.mbox")
    locked = written(tmp_path / "locked" / "b.mbox").parent
    scandir = os.scandir

    def refusing(path: str) -> object:
        if Path(path) == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises((SourceError, PermissionError), match="locked"):
        names(tmp_path)


# What became of a file


def test_a_file_that_nobody_touched_is_untouched(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mbox")
    assert is_untouched(part(path), read(path))


@pytest.mark.parametrize("change", ["mtime_ns", "size", "inode", "reader_version"])
def test_any_difference_in_size_time_inode_or_reader_is_a_touch(change: str, tmp_path: Path) -> None:
    path = written(tmp_path / "a.mbox")
    known = read(path)
    other = msgspec.structs.replace(known, **{change: getattr(known, change) + 1})
    assert not is_untouched(part(path), other)


def test_a_touched_file_with_the_same_bytes_has_not_changed(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mbox", b"From one")
    known = read(path)
    os.utime(path, ns=(1, 1))
    assert not is_untouched(part(path), known)
    assert became(path, known) is Change.NONE


def test_a_copy_in_the_place_of_the_file_has_not_changed(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mbox", b"From one")
    known = read(path)
    shutil.copyfile(path, tmp_path / "copy")
    (tmp_path / "copy").replace(path)
    assert became(path, known) is Change.NONE


def test_a_file_with_more_at_its_end_grew(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mbox", b"From one")
    known = read(path)
    written(path, b"From one\nFrom two")
    assert became(path, known) is Change.GREW


@pytest.mark.parametrize(
    "content",
    [b"From two", b"From one but other", b"From", b"", b"From 0ne\nFrom two"],
    ids=["same size", "same size then more", "cut", "emptied", "grown and edited"],
)
def test_a_file_with_other_bytes_where_it_had_been_read_was_replaced(content: bytes, tmp_path: Path) -> None:
    path = written(tmp_path / "a.mbox", b"From ONE")
    known = read(path)
    written(path, content)
    os.utime(path, ns=(known.mtime_ns, known.mtime_ns))
    assert became(path, known) is Change.REPLACED


def test_a_format_that_cannot_be_read_from_the_middle_never_grows(tmp_path: Path) -> None:
    path = written(tmp_path / "a.ics", b"BEGIN:VCALENDAR")
    known = read(path, "ics")
    assert known.resume_at is None
    written(path, b"BEGIN:VCALENDAR\r\nEND:VCALENDAR")
    assert became(path, known, "ics") is Change.REPLACED


def test_a_file_that_was_empty_is_read_whole(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mbox", b"")
    known = read(path)
    written(path, b"From one")
    assert became(path, known) is Change.REPLACED


def test_another_reader_reads_the_same_bytes_anew(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mbox")
    known = msgspec.structs.replace(read(path), reader_version=FORMATS["mbox"].version + 1)
    assert became(path, known) is Change.REPLACED


def test_a_file_that_changes_after_it_was_looked_at_is_found_out_unless_it_grows_at_its_end(
    tmp_path: Path,
) -> None:
    mail, calendar = written(tmp_path / "a.mbox"), written(tmp_path / "a.ics", b"BEGIN:VCALENDAR\r\n")
    seen_mail, seen_calendar = part(mail), part(calendar, "ics")
    assert is_unchanged_since(seen_mail)
    for path in (mail, calendar):
        path.write_bytes(path.read_bytes() + b"more")
    assert is_unchanged_since(seen_mail)
    assert not is_unchanged_since(seen_calendar)
    mail.write_bytes(b"less")
    assert not is_unchanged_since(seen_mail)
    mail.unlink()
    assert not is_unchanged_since(seen_mail)


# Packed files, archives and Maildirs


@pytest.mark.parametrize("ending", ["gz", "xz", "bz2", "GZ"])
def test_a_packed_file_is_of_the_kind_that_its_name_tells_and_does_not_grow(
    ending: str, tmp_path: Path
) -> None:
    written(tmp_path / f"a.mbox.{ending}")
    written(tmp_path / f"a.ics.{ending}")
    [found] = parts(tmp_path).values()
    assert (found.name, found.packer, found.appends) == ("a.mbox", ending.lower(), False)
    assert look(found).resume_at is None


def test_what_is_in_an_archive_is_known_by_archive_and_name(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "takeout-20260101T000000Z-001.zip", "w") as archive:
        for name in ("Takeout/Mail/All.mbox", "Takeout/Calendar/me.ics", "Takeout/Photos/a.jpg"):
            archive.writestr(name, "x")
    found = parts(tmp_path, "takeout")
    archive_itself = found.pop("takeout-20260101T000000Z-001.zip")
    assert archive_itself.is_archive
    assert [(each.file.partition("!/")[2], each.formats) for each in found.values()] == [
        ("Takeout/Calendar/me.ics", ("ics",)),
        ("Takeout/Mail/All.mbox", ("mbox",)),
    ]
    known = [look(each) for each in found.values()]
    assert all(state.fingerprint.startswith("crc32:") for state in known)


def test_the_parts_of_one_takeout_belong_together(tmp_path: Path) -> None:
    for number in (1, 2):
        with zipfile.ZipFile(tmp_path / f"takeout-20260101T000000Z-00{number}.zip", "w") as archive:
            archive.writestr(f"Takeout/Mail/{number}.mbox", "x")
    with zipfile.ZipFile(tmp_path / "takeout-20250101T000000Z-001.zip", "w") as archive:
        archive.writestr("Takeout/Mail/other.mbox", "x")
    found = names(tmp_path / "takeout-20260101T000000Z-001.zip", "takeout")
    assert [file.rpartition("/")[2] for file in found] == ["1.mbox", "2.mbox"]


@pytest.mark.parametrize(
    ("container", "day"),
    [
        ("Basic_LinkedInDataExport_03-05-2026.zip", "2026-03-05"),
        ("Complete_LinkedInDataExport_2026-04-01.zip", "2026-04-01"),
        ("linkedin.zip", "2024-02-29"),
    ],
)
def test_a_snapshot_is_named_after_the_day_of_its_export(container: str, day: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / container, "w") as archive:
        archive.writestr(zipfile.ZipInfo("Connections.csv", (2024, 2, 29, 10, 0, 0)), "x")
        archive.writestr(zipfile.ZipInfo("messages.csv", (2024, 2, 29, 10, 0, 0)), "x")
    assert names(tmp_path, "linkedin") == [
        f"{container}!/Connections.csv@{day}",
        f"{container}!/messages.csv",
    ]


def test_the_messages_of_a_maildir_are_known_by_the_part_of_their_names_that_never_changes(
    tmp_path: Path,
) -> None:
    for name in ("cur/17.a:2,S", "new/18.b", "tmp/19.c", ".Sent/cur/20.d:2,ST", "cur/.hidden"):
        written(tmp_path / name, b"x")
    found = parts(tmp_path, "maildir")
    assert {file: (each.name, each.flags) for file, each in found.items()} == {
        "17.a": ("cur/17.a:2,S", ""),
        "18.b": ("new/18.b", ""),
        ".Sent/20.d": (".Sent/cur/20.d:2,ST", "T"),
    }
    known = msgspec.structs.replace(
        look(found["17.a"]), format="maildir", reader_version=FORMATS["maildir"].version
    )
    (tmp_path / "cur" / "17.a:2,S").rename(tmp_path / "cur" / "17.a:2,RS")
    assert is_untouched(parts(tmp_path, "maildir")["17.a"], known)
    (tmp_path / "cur" / "17.a:2,RS").rename(tmp_path / "cur" / "17.a:2,RST")
    assert not is_untouched(parts(tmp_path, "maildir")["17.a"], known)


def test_a_table_in_a_folder_is_only_ours_if_what_is_in_it_says_so(tmp_path: Path) -> None:
    written(tmp_path / "a.csv", b"Name,E-mail 1 - Value\n")
    assert not part(tmp_path, "google-csv").is_certain
    assert part(tmp_path / "a.csv", "google-csv").is_certain


# The fingerprint


def test_the_fingerprint_is_of_the_first_bytes_only(tmp_path: Path) -> None:
    short, long = written(tmp_path / "short", b"From one"), written(tmp_path / "long", b"From one and two")
    assert fingerprint(short, 8) == fingerprint(long, 8)
    assert fingerprint(long, 8) != fingerprint(long, 9)


def test_the_fingerprint_of_nothing_is_one_for_all(tmp_path: Path) -> None:
    assert fingerprint(written(tmp_path / "a", b"x"), 0) == fingerprint(written(tmp_path / "b", b""), 0)


def test_every_byte_of_a_file_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_BLOCK", 16)
    content = bytes(range(100))
    whole = fingerprint(written(tmp_path / "a", content), 100)
    for at in range(100):
        changed = content[:at] + b"\xff" + content[at + 1 :]
        assert fingerprint(written(tmp_path / "b", changed), 100) != whole


def test_a_huge_file_is_known_by_samples_from_its_first_byte_to_its_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With blocks of 16 bytes; a real one has 1 MiB."""
    monkeypatch.setattr(files, "_BLOCK", 16)
    monkeypatch.setattr(files, "_WHOLE_UP_TO", 1024)
    content = bytes(5000)
    whole = fingerprint(written(tmp_path / "a", content), 5000)

    def is_seen(at: int) -> bool:
        changed = content[:at] + b"\xff" + content[at + 1 :]
        return fingerprint(written(tmp_path / "b", changed), 5000) != whole

    seen = [at for at in (*range(0, 5000, 8), 4999) if is_seen(at)]
    assert (seen[0], seen[-1]) == (0, 4999)
    assert max(later - earlier for earlier, later in pairwise(seen)) < 5000 / 32
    assert len(seen) < 5000 / 8 / 8


def test_a_huge_file_that_was_touched_but_did_not_grow_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its samples may have missed the change."""
    monkeypatch.setattr(files, "_BLOCK", 16)
    monkeypatch.setattr(files, "_WHOLE_UP_TO", 1024)
    path = written(tmp_path / "a.mbox", bytes(5000))
    known = read(path)
    assert became(path, known) is Change.REPLACED
    written(path, bytes(5001))
    assert became(path, known) is Change.GREW
