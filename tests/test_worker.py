"""connectors.worker: jobs become lines; what cannot be read is told, and the next job is read."""

import gzip
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from attacks import zipped

from connectors import FORMATS, worker
from connectors.archives import Member, members
from connectors.bounds import Bounds
from connectors.inputs import Input
from connectors.orders import Job, Orders, Place, Told
from connectors.records import ConnectorError, Item, Skipped
from connectors.worker import Worker, list_archive, opened

EVENT = (
    b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260105T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def job(path: Path, formats: tuple[str, ...] = ("ics",), **options: object) -> Job:
    made = Job(file=path.name, name=path.name, place=Place(path=os.fsencode(path)), formats=formats)
    return msgspec.structs.replace(made, **options)


def run(jobs: list[Job], spool: Path, bounds: Bounds | None = None, most: int | None = None) -> list[Told]:
    spool.mkdir(exist_ok=True)
    told: list[Told] = []
    orders = Orders(bounds=bounds or Bounds(), spool=str(spool), jobs=tuple(jobs), most=most)
    Worker(orders, told.append).run()
    return [each for each in told if each.is_done]


def written(path: Path, data: bytes = EVENT) -> Path:
    path.write_bytes(data)
    return path


def reader(monkeypatch: pytest.MonkeyPatch, read: object) -> None:
    """Put a reader in the place of that of calendars."""
    monkeypatch.setattr("connectors.calendar.ics.read", read)


def skipped(position: int) -> Skipped:
    return Skipped(position=position, locator="", reason="x")


def test_jobs_are_told_of_in_order_with_what_they_gave(tmp_path: Path) -> None:
    paths = [written(tmp_path / name) for name in ("a.ics", "b.ics", "c.ics")]
    told = run([job(path) for path in paths], tmp_path / "spool")
    assert [(each.file, each.format, each.taken.items) for each in told] == [
        ("a.ics", "ics", 1),
        ("b.ics", "ics", 1),
        ("c.ics", "ics", 1),
    ]


def test_the_lengths_told_are_those_of_the_spool(tmp_path: Path) -> None:
    told = run([job(written(tmp_path / "a.ics"))], tmp_path / "spool")
    assert told[-1].lengths == {"event": (tmp_path / "spool" / "event.ndjson").stat().st_size}


def test_a_table_is_read_as_what_its_columns_say(tmp_path: Path) -> None:
    google = written(tmp_path / "g.csv", b"First Name,Labels,E-mail 1 - Value\nAda,,ada@fern.example\n")
    other = written(tmp_path / "o.csv", b"Dish,Price\nSoup,3\n")
    jobs = [job(path, ("google-csv",), is_certain=False) for path in (google, other)]
    assert [(each.format, each.refusal) for each in run(jobs, tmp_path / "spool")] == [
        ("google-csv", ""),
        ("", ""),
    ]


def test_at_most_so_many_items_are_read(tmp_path: Path) -> None:
    path = written(tmp_path / "a.ics", EVENT * 5)
    assert [each.taken.items for each in run([job(path)], tmp_path / "spool", most=2)] == [2]


def test_with_none_asked_for_a_file_is_recognised_alone(tmp_path: Path) -> None:
    calendar, page = written(tmp_path / "a"), written(tmp_path / "b", b"<html>")
    told = run([job(path, (), is_certain=False) for path in (calendar, page)], tmp_path / "spool", most=0)
    assert [each.format for each in told] == ["ics", ""]
    assert told[1].refusal.startswith("a web page")
    assert not (tmp_path / "spool" / "event.ndjson").exists()


def test_known_digests_are_handed_to_the_reader(tmp_path: Path) -> None:
    path = written(tmp_path / "a.ics")
    run([job(path)], tmp_path / "first")
    line = msgspec.json.decode((tmp_path / "first" / "event.ndjson").read_bytes())
    known = written(tmp_path / "known", line["digest"].encode())
    run([job(path, known=str(known))], tmp_path / "second")
    assert not (tmp_path / "second" / "event.ndjson").exists()
    assert (tmp_path / "second" / "seen.ndjson").read_bytes().count(b"\n") == 1


def refusals(path: Path, spool: Path) -> str:
    """Why a file is refused; the one behind it is read."""
    behind = written(spool.parent / "behind.ics")
    refused, good = run([job(path), job(behind)], spool)
    assert good.taken.items == 1
    assert refused.taken.items == 0
    return refused.refusal or refused.fault


def test_what_is_no_regular_file_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path / "real.ics")
    (tmp_path / "link.ics").symlink_to(tmp_path / "real.ics")
    os.mkfifo(tmp_path / "pipe.ics")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket.ics")
    assert "symbolic link is not followed" in refusals(tmp_path / "link.ics", tmp_path / "s1")
    assert "not a regular file" in refusals(tmp_path / "pipe.ics", tmp_path / "s2")
    assert "not a regular file" in refusals(tmp_path / "socket.ics", tmp_path / "s3")
    assert refusals(tmp_path, tmp_path / "s4")


def test_a_file_that_has_gone_is_refused_with_the_systems_words(tmp_path: Path) -> None:
    refusal = refusals(tmp_path / "gone.ics", tmp_path / "spool")
    assert refusal == "No such file or directory; check the file and the disk"


def test_a_reader_that_fails_in_a_way_of_its_own_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(source: Input) -> Iterator[Item]:
        yield skipped(0)
        if source.stream.read() == b"bad":
            raise KeyError

    reader(monkeypatch, read)
    assert refusals(written(tmp_path / "bad.ics", b"bad"), tmp_path / "spool") == "KeyError"
    assert (tmp_path / "spool" / "others.ndjson").read_bytes().count(b"\n") == 1


def test_memory_that_is_lacking_is_the_files_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(source: Input) -> Iterator[Item]:
        yield skipped(0)
        if source.stream.read() == b"bad":
            raise MemoryError

    reader(monkeypatch, read)
    refusal = refusals(written(tmp_path / "bad.ics", b"bad"), tmp_path / "spool")
    assert refusal.startswith("needs more than 1024 MB to read")


def test_what_was_read_of_a_file_that_breaks_off_is_kept_with_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(source: Input) -> Iterator[Item]:
        yield skipped(0)
        raise ConnectorError("it ends")

    reader(monkeypatch, read)
    [told] = run([job(written(tmp_path / "a.ics"))], tmp_path / "spool")
    assert (told.refusal, told.taken.items, told.taken.outcome) == ("", 2, "quarantined")


def test_of_a_file_that_the_disk_cannot_give_nothing_is_kept_and_it_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(source: Input) -> Iterator[Item]:
        yield skipped(0)
        raise OSError(5, "Input/output error")

    reader(monkeypatch, read)
    [told] = run([job(written(tmp_path / "a.ics"))], tmp_path / "spool")
    assert (told.taken.items, told.may_pass) == (0, True)
    assert told.refusal.startswith("Input/output error")
    assert not (tmp_path / "spool" / "others.ndjson").read_bytes()


def test_damage_is_told_by_the_unpacker_even_if_the_reader_stumbles_over_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the items told of are the lines of the spool."""

    def read(source: Input) -> Iterator[Item]:
        yield skipped(0)
        source.stream.read()
        raise ConnectorError("a quote is open")

    reader(monkeypatch, read)
    path = written(tmp_path / "a.ics.gz", gzip.compress(os.urandom(50_000))[:-20_000])
    place = Place(path=os.fsencode(path), packer="gz")
    [told] = run([job(path, place=place)], tmp_path / "spool")
    said = (tmp_path / "spool" / "others.ndjson").read_bytes()
    assert told.taken.items == said.count(b"\n") == 2
    assert b"ends early" in said
    assert not told.refusal


def test_a_reader_is_heard_of_while_it_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each item and each read is a sign of life."""
    monkeypatch.setattr(worker, "_TELL_EVERY_SECONDS", 0.0)

    def read(source: Input) -> Iterator[Item]:
        yield from map(skipped, range(3))

    reader(monkeypatch, read)
    told: list[Told] = []
    (tmp_path / "spool").mkdir()
    orders = Orders(bounds=Bounds(), spool=str(tmp_path / "spool"), jobs=(job(written(tmp_path / "a.ics")),))
    Worker(orders, told.append).run()
    assert [each.position for each in told if not each.is_done] == [0, 1, 2]


def test_a_member_of_an_archive_is_read_in_place(tmp_path: Path) -> None:
    path = written(tmp_path / "x.zip", zipped(("a/b.ics", EVENT)))
    [member] = members(path)
    assert isinstance(member, Member)
    place = Place(path=os.fsencode(path), member=member)
    with opened(place, Bounds()) as stream:
        assert stream.read() == EVENT


def test_an_archive_is_listed_or_refused_with_its_reason(tmp_path: Path) -> None:
    sound = written(tmp_path / "x.zip", zipped(("a/b.ics", EVENT), ("../c.ics", EVENT)))
    listed = list_archive(str(sound), Bounds())
    assert [each.name for each in listed.members] == ["a/b.ics"]
    assert [each.reason for each in listed.refused] == ["its name leads out of the archive"]
    assert list_archive(str(written(tmp_path / "y.zip", b"x")), Bounds()).refusal
    assert list_archive(str(tmp_path / "gone.zip"), Bounds()).refusal.startswith("No such file")


def test_every_format_has_a_reader_of_its_own() -> None:
    assert len({each.module for each in FORMATS.values()}) == len(FORMATS)
