"""A reader must yield what it cannot read; one that raises instead must cost its source and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pipeline import ask, make_home, sync

from connectors.calendar import ics
from connectors.inputs import Input
from connectors.records import Item

CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:1\r\nFN:Ada Quill\r\nEMAIL:ada@quill.example\r\nEND:VCARD\r\n"
EVENT = (
    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260101T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_a_reader_that_breaks_costs_its_source_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.ics").write_text(EVENT)
    (tmp_path / "b.vcf").write_text(CARD)
    home = make_home(
        tmp_path / "home", {"calendar": ("ics", tmp_path / "a.ics"), "cards": ("vcard", tmp_path / "b.vcf")}
    )
    sync(home)
    (tmp_path / "a.ics").write_text(EVENT.replace("UID:1", "UID:2"))
    (tmp_path / "b.vcf").write_text(CARD.replace("Ada", "Ida"))

    def broken(source: Input) -> Iterator[Item]:
        raise RecursionError("maximum depth of what Ada wrote exceeded")
        yield  # pragma: no cover

    monkeypatch.setattr(ics, "read", broken)
    calendar, cards = sync(home).sources
    assert (calendar.status, cards.status) == ("failed", "ok")
    assert (
        calendar.error == f"calendar: {tmp_path / 'a.ics'}: RecursionError while reading it; please report it"
    )
    assert ask(home, "select series_id from meetings") == [("1",)]
    assert ask(home, "select name from contacts") == [("Ida Quill",)]
