"""A file of a folder that suddenly holds another format was not read: what it brought stays."""

from pathlib import Path

from pipeline import ask, make_home, sync

EVENT = (
    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:{0}\r\nDTSTART:20260101T100000Z\r\n"
    "END:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_what_a_refused_file_had_brought_stays_until_it_is_read_again(tmp_path: Path) -> None:
    folder = tmp_path / "calendars"
    folder.mkdir()
    for uid in "abc":
        (folder / f"{uid}.ics").write_text(EVENT.format(uid))
    home = make_home(tmp_path / "home", {"calendars": ("ics", folder)})
    sync(home)
    (folder / "b.ics").write_text("<html>Please log in</html>")
    (folder / "c.ics").write_text(EVENT.format("d"))
    for _ in range(2):
        [source] = sync(home).sources
        assert (source.read, source.quarantined) == (4, 1)
        assert ask(home, "select series_id from meetings order by 1") == [("a",), ("b",), ("d",)]
        assert ask(home, "select locator from quarantine") == [("b.ics: whole file",)]
    (folder / "b.ics").write_text(EVENT.format("b"))
    [source] = sync(home).sources
    assert (source.read, source.quarantined, source.withdrawn) == (3, 0, 0)
    assert ask(home, "select series_id from meetings order by 1") == [("a",), ("b",), ("d",)]
    assert ask(home, "select count(*) from quarantine") == [(0,)]


def test_a_file_that_was_never_readable_and_changes_is_refused_once_for_each_change(tmp_path: Path) -> None:
    folder = tmp_path / "calendars"
    folder.mkdir()
    (folder / "a.ics").write_text(EVENT.format("a"))
    (folder / "b.ics").write_text("<html>Please log in</html>")
    home = make_home(tmp_path / "home", {"calendars": ("ics", folder)})
    sync(home)
    (folder / "b.ics").write_text("<html>Please log in, once more</html>")
    assert [sync(home).sources[0].status for _ in range(2)] == ["ok", "unchanged"]
    assert ask(home, "select locator from quarantine") == [("b.ics: whole file",)]
