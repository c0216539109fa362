"""A folder that has lost all its files is a shrunken source: refused, until it is accepted."""

from pathlib import Path

from pipeline import ask, make_home, sync

EVENT = (
    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:{0}\r\nDTSTART:20260101T100000Z\r\n"
    "END:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_an_emptied_folder_is_refused_until_it_is_accepted(tmp_path: Path) -> None:
    folder = tmp_path / "calendars"
    folder.mkdir()
    for uid in "abc":
        (folder / f"{uid}.ics").write_text(EVENT.format(uid))
    home = make_home(tmp_path / "home", {"calendars": ("ics", folder)})
    sync(home)
    for path in folder.iterdir():
        path.unlink()
    [refused] = sync(home).sources
    assert refused.status == "failed"
    assert "--accept-shrink" in str(refused.error)
    assert ask(home, "select count(*) from meetings") == [(3,)]
    [accepted] = sync(home, accept_shrink=True).sources
    assert (accepted.status, accepted.withdrawn) == ("ok", 3)
    assert ask(home, "select count(*) from meetings") == [(0,)]
