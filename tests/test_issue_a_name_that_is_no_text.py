"""A file whose name is no UTF-8 is read like any other, and two names never stand for one file."""

import os
import zipfile
from pathlib import Path

import pytest
from pipeline import ask, make_home, sync

from connectors.bounds import Bounds
from flows.checking import checked
from flows.recognising import recognise
from flows.settings import Source

EVENT = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:{0}\r\n{1}END:VEVENT\r\nEND:VCALENDAR\r\n"
START = "DTSTART:20260101T100000Z\r\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "data"
    place.mkdir()
    for name, uid in ((b"m\xfcnchen.ics", "a"), (b"m\xfcnchen.vcs.ics", "b"), (b"m\\xfcnchen.ics", "c")):
        Path(os.fsdecode(os.fsencode(place) + b"/" + name)).write_text(EVENT.format(uid, START))
    (place / "broken.ics").write_text(EVENT.format("x", ""))
    return place


def test_it_is_read_and_its_name_shown_as_text(folder: Path, tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", {"calendars": ("ics", folder)})
    [source] = sync(home).sources
    assert (source.new, source.quarantined) == (3, 1)
    assert ask(home, "select file, uid from landed.events order by uid") == [
        ("m\\xfcnchen.ics (2)", "a"),
        ("m\\xfcnchen.vcs.ics", "b"),
        ("m\\xfcnchen.ics", "c"),
    ]
    [again] = sync(home).sources
    assert again.status == "unchanged"


def test_it_is_read_by_a_confined_process_too(folder: Path) -> None:
    found = checked(Source(name="new", kind="ics", location=str(folder)), Bounds())
    assert found.records["event"] == 3


def test_it_is_recognised(folder: Path) -> None:
    found = recognise(folder, Bounds())
    assert [source.kind for source in found.sources] == ["ics"]


def test_of_two_members_with_one_name_one_is_read_and_the_other_told(tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.mkdir()
    with zipfile.ZipFile(place / "takeout-20260101T000000Z-001.zip", "w") as archive:
        archive.writestr("Takeout/Calendar/me.ics", EVENT.format("a", START))
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("Takeout/Calendar/me.ics", EVENT.format("b", START))
    home = make_home(tmp_path / "home", {"export": ("takeout", place)})
    [source] = sync(home).sources
    assert (source.read, source.new, source.quarantined) == (2, 1, 1)
