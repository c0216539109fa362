"""A home whose marts an older version made gets new ones, though no record is new."""

from pathlib import Path

import pytest
from pipeline import ask, make_home, sync

from warehouse import building, models

EVENT = (
    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260101T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_marts_follow_their_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.ics").write_text(EVENT)
    home = make_home(tmp_path / "home", {"calendar": ("ics", tmp_path / "a.ics")})
    current = models.model_query

    def older(layer: str, name: str) -> str:
        query = current(layer, name)
        return query.replace("o.status,", "upper(o.status) as status,") if name == "meetings" else query

    monkeypatch.setattr(building, "model_query", older)
    sync(home)
    assert ask(home, "select status from meetings") == [("CONFIRMED",)]
    monkeypatch.undo()
    sync(home)
    assert ask(home, "select status from meetings") == [("confirmed",)]
