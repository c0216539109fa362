"""A calendar cut off before its first event must not pass for an empty calendar."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.calendar import ics
from connectors.inputs import plain
from connectors.records import Event, Item, Rejected

WHOLE = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:Elsewhere\r\nBEGIN:STANDARD\r\n"
    "DTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    "BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260101T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def read(path: Path) -> Iterator[Item]:
    """The items of a file on disk."""
    with plain(path) as source:
        yield from ics.read(source)


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        ("VERSION:2.0", "VCALENDAR has no END:VCALENDAR"),
        ("TZID:Elsewhere", "VTIMEZONE has no END:VTIMEZONE"),
        ("TZOFFSETTO:+0100", "VTIMEZONE has no END:VTIMEZONE"),
        ("UID:1", "no END:VEVENT"),
    ],
)
def test_a_calendar_that_was_cut_off_is_one_rejected_record(tmp_path: Path, last: str, reason: str) -> None:
    path = tmp_path / "cut.ics"
    path.write_text(WHOLE[: WHOLE.index(last) + len(last)])
    [item] = read(path)
    assert isinstance(item, Rejected)
    assert reason in item.reason


def test_a_whole_calendar_has_no_such_record(tmp_path: Path) -> None:
    path = tmp_path / "whole.ics"
    path.write_text(WHOLE)
    [item] = read(path)
    assert isinstance(item, Event)
