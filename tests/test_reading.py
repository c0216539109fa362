"""flows.reading: files are read in a process of its own, and what kills it costs one file.

The process is the real one. Only the reader of calendars in it is another: it does what the file says.
"""

import errno
import gzip
import os
import time
from pathlib import Path

import msgspec
import pytest
from attacks import zipped

from connectors.bounds import Bounds
from connectors.orders import Job, Place, Told
from flows import reading
from warehouse.errors import SourceError

BOUNDS = Bounds(memory_mb=256, whole_file_mb=16, stall_seconds=2.0)
GOOD = "good " * 3
OBEDIENT = """
import os, signal, time
from connectors.records import Skipped

def read(source):
    text = source.whole().decode()
    for number, word in enumerate(text.split()):
        yield Skipped(position=number, locator="", reason=word)
        if word == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if word == "stall":
            time.sleep(60)
        if word == "slow":
            time.sleep(0.5)
        if word == "leave":
            os._exit(0)
        if word == "print":
            os.write(1, b"{nothing of ours}\\n" * 1000)
        if word == "eat":
            eaten = [bytearray(2**20) for _ in range(1000)]
"""
MODULES = {
    "obedient.py": OBEDIENT,
    "sitecustomize.py": (
        "import dataclasses, connectors\n"
        "ours = connectors.FORMATS\n"
        'ours["ics"] = dataclasses.replace(ours["ics"], module="obedient")\n'
    ),
}


@pytest.fixture
def obedient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of modules that the process imports before ours."""
    folder = tmp_path / "modules"
    folder.mkdir()
    for name, text in MODULES.items():
        (folder / name).write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


def jobs(folder: Path, *texts: str) -> list[Job]:
    made = []
    for number, text in enumerate(texts):
        path = folder / f"{number}.ics"
        path.write_text(text)
        made.append(
            Job(file=path.name, name=path.name, place=Place(path=os.fsencode(path)), formats=("ics",))
        )
    return made


def spooled(spool: Path) -> list[str]:
    """The files whose lines are in the spool."""
    path = spool / "others.ndjson"
    return (
        [msgspec.json.decode(line)["file"] for line in path.read_bytes().splitlines()]
        if path.exists()
        else []
    )


def confined(folder: Path, *texts: str, bounds: Bounds = BOUNDS) -> list[Told]:
    """What is told of files with these texts; of each that was read, its lines and no others are there."""
    spool = folder / "spool"
    spool.mkdir()
    told = list(reading.read(jobs(folder, *texts), bounds, spool))
    assert [each.file for each in told] == [f"{number}.ics" for number in range(len(texts))]
    assert spooled(spool) == [each.file for each in told for _ in range(each.taken.items)]
    return told


@pytest.mark.usefixtures("obedient")
@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("kill", "the process that read it ended (signal SIGKILL)"),
        ("crash", "the process that read it ended (signal SIGSEGV)"),
        ("leave", "the process that read it ended (without a word)"),
        ("eat", "needs more than 256 MB to read"),
        ("stall", "reading it came to a halt for 2 s and was stopped"),
    ],
)
def test_a_file_that_ends_its_process_costs_itself_alone(word: str, reason: str, tmp_path: Path) -> None:
    told = confined(tmp_path, GOOD, GOOD, f"some {word} more", GOOD, GOOD)
    assert [each.taken.items for each in told] == [3, 3, 0, 3, 3]
    assert told[2].refusal.startswith(reason)
    assert not any(each.refusal or each.fault for number, each in enumerate(told) if number != 2)


@pytest.mark.usefixtures("obedient")
def test_files_that_kill_one_after_the_other_cost_themselves_alone(tmp_path: Path) -> None:
    told = confined(tmp_path, "kill", GOOD, "kill", "kill", GOOD)
    assert [each.taken.items for each in told] == [0, 3, 0, 0, 3]


@pytest.mark.usefixtures("obedient")
def test_a_file_that_is_slow_but_goes_on_is_not_stopped(tmp_path: Path) -> None:
    began = time.monotonic()
    told = confined(tmp_path, "slow " * 6)
    assert time.monotonic() - began > BOUNDS.stall_seconds
    assert told[0].taken.items == 6


@pytest.mark.usefixtures("obedient")
def test_what_a_library_prints_is_not_taken_for_what_the_process_says(tmp_path: Path) -> None:
    assert [each.taken.items for each in confined(tmp_path, "print", GOOD)] == [1, 3]


@pytest.mark.usefixtures("obedient")
def test_progress_is_told_of_a_file_that_takes_time(tmp_path: Path) -> None:
    seen: list[tuple[str, int]] = []
    (tmp_path / "spool").mkdir()
    list(
        reading.read(jobs(tmp_path, "slow slow"), BOUNDS, tmp_path / "spool", lambda *told: seen.append(told))
    )
    assert ("0.ics", 1) in seen


def test_a_process_that_does_not_start_is_no_files_fault(obedient: Path, tmp_path: Path) -> None:
    (obedient / "sitecustomize.py").write_text("import os; os._exit(3)")
    with pytest.raises(SourceError, match=r"does not start \(3\); KITH_DEBUG=1 tells why"):
        confined(tmp_path, GOOD)


def test_a_disk_that_is_full_is_no_files_fault(obedient: Path, tmp_path: Path) -> None:
    with (obedient / "sitecustomize.py").open("a") as file:
        file.write("import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n")
    with pytest.raises(OSError, match="No space left") as raised:
        confined(tmp_path, "good " * 1000)
    assert raised.value.errno == errno.ENOSPC
    assert raised.value.filename == str(tmp_path / "spool")


def test_bombs_do_not_need_more_memory_together_than_one_of_them(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(80 * 2**20), 6)
    made = []
    for job in jobs(tmp_path, *"1234"):
        Path(os.fsdecode(job.place.path)).write_bytes(bomb)
        made.append(msgspec.structs.replace(job, place=Place(path=job.place.path, packer="gz")))
    bounds = Bounds(memory_mb=900)  # for what is made of one of them, but not of two
    refusals = [told.refusal for told in reading.read(made, bounds, tmp_path)]
    assert len(refusals) == 4
    assert all("it may be a bomb" in refusal for refusal in refusals)


def test_archives_are_listed_in_their_order_and_one_that_is_none_is_refused(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.zip", "b.zip", "c.zip")]
    for path in paths:
        path.write_bytes(zipped((f"{path.stem}.ics", b"x")))
    paths[1].write_bytes(b"junk")
    for lister in (reading.list_archives, reading.list_here):
        listed = lister(paths, Bounds(), tmp_path)
        assert [[each.name for each in listed[path].members] for path in paths] == [["a.ics"], [], ["c.ics"]]
        assert listed[paths[1]].refusal


def test_an_archive_that_ends_the_process_costs_itself_alone(obedient: Path, tmp_path: Path) -> None:
    (obedient / "sitecustomize.py").write_text(
        "import os, connectors.archives as archives\n"
        "whole = archives.members\n"
        "archives.members = lambda path, *more: os.abort() if path.name == 'b.zip' else whole(path, *more)\n"
    )
    paths = [tmp_path / name for name in ("a.zip", "b.zip", "c.zip")]
    for path in paths:
        path.write_bytes(zipped((f"{path.stem}.ics", b"x")))
    listed = reading.list_archives(paths, Bounds(), tmp_path)
    assert [len(listed[path].members) for path in paths] == [1, 0, 1]
    assert "signal SIGABRT" in listed[paths[1]].refusal


def test_reading_here_tells_the_same_as_reading_in_a_process(tmp_path: Path) -> None:
    text = "BEGIN:VEVENT\nUID:1\nDTSTART:20260105T100000Z\nEND:VEVENT\n"
    made = jobs(tmp_path, text, "<html>", text * 2)
    for spool in ("here", "there"):
        (tmp_path / spool).mkdir()
    here, there = (
        [msgspec.structs.replace(told, lengths={}) for told in read(made, Bounds(), tmp_path / spool)]
        for read, spool in ((reading.read_here, "here"), (reading.read, "there"))
    )  # when lengths are told depends on the clock
    assert here == there
    assert (tmp_path / "here/event.ndjson").read_bytes() == (tmp_path / "there/event.ndjson").read_bytes()
