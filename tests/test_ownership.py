"""Which addresses are mine: what is shown and asked, what `kith me` writes, and addresses of a time only."""

import json
import tomllib
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import polars as pl
import pytest
import tomlkit
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from pipeline import ME, ask, make_home, sync

from flows.cli.me import count_candidates, me
from flows.settings import Home
from warehouse.connection import opened
from warehouse.errors import UserError
from warehouse.people.ownership import EVIDENCE, absences, candidates, spelled

Row = dict[str, Any]

OLD = "jo@old.example"
SHOP = "jo@shop.example"
ADA, BO = "Ada Ash <ada@ash.example>", "Bo Birch <bo@birch.example>"


def letter(sender: str, to: str, day: str, *more: str) -> str:
    """One message of an mbox, sent at noon UTC. more: further header lines."""
    sent = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
    number = crc32("".join((sender, to, day, *more)).encode())
    head = [
        f"From sender@mailbox.example {sent:%a %b %d %H:%M:%S %Y}",
        f"From: {sender}",
        f"To: {to}",
        f"Date: {sent:%a, %d %b %Y %H:%M:%S +0000}",
        f"Message-ID: <{number}@mailbox.example>",
        *more,
    ]
    return "\n".join(head) + "\n\n\n"


def days(count: int, first: str = "2025-03-03") -> list[str]:
    return [f"{date.fromisoformat(first) + timedelta(days=day)}" for day in range(count)]


def mail_home(folder: Path, letters: Iterable[str], name: str = "inbox.mbox", more: str = "") -> Home:
    """A home with one mailbox and more lines in [me], after a sync."""
    (folder / name).write_text("".join(letters))
    home = make_home(folder / "home", {"mail": ("mbox", folder / name)})
    home.config.write_text(home.config.read_text().replace("\n[[sources]]", f"{more}\n[[sources]]", 1))
    sync(home)
    return home


def say(home: Home, *arguments: str) -> str:
    """What a command of `kith me` prints. Raises the error that it ends with."""
    result = CliRunner().invoke(me, [*arguments, "--home", str(home.folder)])
    if isinstance(result.exception, UserError):
        assert "\n" not in str(result.exception)
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def asked(home: Home) -> dict[str, Row]:
    """The candidates by their address."""
    return {each["address"]: each for each in json.loads(say(home, "--format", "json"))["candidates"]}


# What is shown, and never assumed

TAKEN, FILED, ALIAS = "jo@takeout.example", "jo@filed.example", "jo@alias.example"
CREW = [f"p{number}@crew.example" for number in range(6)]
BOXES = {
    "takeout.mbox": [
        *(letter(f"Jo <{TAKEN}>", ADA, day, "X-Gmail-Labels: Sent") for day in days(20)),
        *(letter(TAKEN, BO, day, "X-Gmail-Labels: Inbox,Gesendet") for day in days(20, "2025-04-01")),
        *(letter(f"info@{at}.example", ADA, "2025-03-03", "X-Gmail-Labels: Sent") for at in "abcd"),
        letter(BO, ME, "2025-06-01", "X-Gmail-Labels: Inbox"),
    ],
    "Sent.mbox": [
        *(letter(f"Jo <{FILED}>", ADA, day) for day in days(40)),
        *(letter(BO, FILED, day) for day in days(2)),
    ],
    "inbox.mbox": [
        *(letter(BO, ME, day, f"Delivered-To: {ME}") for day in days(9)),
        *(letter(BO, ALIAS, day, f"X-Original-To: {ALIAS}") for day in days(3)),
    ],
    "list.mbox": [
        letter(f"P <{number}@list.example>", "crew@lists.example", day,
               "List-Id: <crew.lists.example>", f"Delivered-To: {number}@list.example")
        for number, day in enumerate(days(30))
    ],
    "archive.mbox": [
        letter(BO, CREW[number % 6], day, f"Delivered-To: {CREW[number % 6]}")
        for number, day in enumerate(days(60))
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with mailboxes of many sorts."""
    folder = tmp_path_factory.mktemp("boxes")
    for name, letters in BOXES.items():
        (folder / name).write_text("".join(letters))
    home = make_home(
        folder / "home", {name.lower().partition(".")[0]: ("mbox", folder / name) for name in BOXES}
    )
    (folder / "linkedin").mkdir()
    (folder / "linkedin" / "Email Addresses.csv").write_text(
        f"Email Address,Confirmed,Primary,Updated On\n{SHOP},Yes,Yes,1/2/25\nno@shop.example,No,No,1/2/25\n"
    )
    linkedin = f'\n[[sources]]\nname = "linkedin"\nkind = "linkedin"\nlocation = "{folder / "linkedin"}"\n'
    home.config.write_text(home.config.read_text() + linkedin)
    sync(home)
    return home


def test_who_wrote_what_is_labelled_sent_is_asked_about_and_not_assumed(boxes: Home) -> None:
    found = asked(boxes)[TAKEN]
    assert found["evidence"] == ["wrote 40 messages labelled sent of takeout, 2025-03 to 2025-04"]
    assert found["first_at"] == "2025-03-03T12:00:00Z"
    mine = "select i.value from main.identifiers i join main.people p using (person_id) where is_me"
    assert ask(boxes, mine) == [(ME,)]


def test_of_a_sent_folder_a_rare_writer_is_hardly_asked_about(boxes: Home) -> None:
    found = asked(boxes)
    assert found[FILED]["score"] > 0.8
    assert found["bo@birch.example"]["score"] < 0.3
    assert found["bo@birch.example"]["evidence"][0].endswith("little of what lies there")


def test_an_address_to_which_my_mail_was_delivered_is_asked_about(boxes: Home) -> None:
    found = asked(boxes)[ALIAS]
    assert found["evidence"] == ["3 messages of inbox were delivered to it, 2025-03"]
    assert found["score"] > 0.5


def test_an_archive_that_many_share_is_weak_evidence_and_says_so(boxes: Home) -> None:
    found = asked(boxes)
    assert max(found[address]["score"] for address in CREW) < 0.5
    assert "mail to 6 people lies there: it may be a shared archive" in found[CREW[0]]["evidence"][0]


def test_an_address_that_linkedin_calls_mine_is_asked_about(boxes: Home) -> None:
    assert asked(boxes)[SHOP]["evidence"] == ["LinkedIn export: confirmed, primary"]


def test_an_archive_of_a_list_and_offices_are_not_asked_about(boxes: Home) -> None:
    assert asked(boxes).keys() == {TAKEN, FILED, ALIAS, SHOP, "bo@birch.example", *CREW}


def test_only_what_is_likely_is_counted(boxes: Home) -> None:
    with opened(boxes.database, read_only=True) as connection:
        assert count_candidates(connection, boxes.settings()) == 4


def found_in(*, declined: Sequence[str] = (), mine: str = ME, **rows: Sequence[Row]) -> list[Row]:
    """The candidates of frames with these rows, others are empty; instants are the same in all."""
    columns = {
        "sent": ["source", "address", "is_labelled", "messages", "first_at", "last_at"],
        "delivered": ["source", "address", "messages", "first_at", "last_at"],
        "own": ["address", "evidence"],
        "calendars": ["calendar", "address", "events", "organized", "of", "first_at", "last_at"],
    }
    at = datetime(2025, 3, 3, tzinfo=UTC)
    told = {name: [{"first_at": at, "last_at": at} | row for row in rows.get(name, ())] for name in columns}
    frames = [
        pl.DataFrame(told[name], schema={column: EVIDENCE[column] for column in chosen})
        for name, chosen in columns.items()
    ]
    return candidates(*frames, mine=[mine], declined=declined).to_dicts()


def on(calendar: str, address: str, events: int, organized: int = 0, of: int = 50) -> Row:
    return {"calendar": calendar, "address": address, "events": events, "organized": organized, "of": of}


def test_what_an_export_calls_its_owners_is_asked_about_unless_it_was_answered() -> None:
    own = [{"address": SHOP, "evidence": "LinkedIn export: confirmed, primary"}]
    [found] = found_in(own=own)
    assert (found["address"], found["evidence"]) == (SHOP, ["LinkedIn export: confirmed, primary"])
    assert found_in(own=own, mine="JO@shop.example") == []
    assert found_in(own=own, declined=["JO@shop.example"]) == []


def test_a_calendar_without_me_is_likely_that_of_who_stands_on_all_of_it() -> None:
    [found] = found_in(calendars=[on("work.ics", OLD, 49, 30), on("work.ics", "ada@ash.example", 12, 3)])
    assert found["address"] == OLD
    assert found["evidence"] == [
        "stands on 49 of 50 events in work.ics, 2025-03",
        "organized 30 of 50 events in work.ics, 2025-03",
    ]


def test_a_calendar_on_which_i_stand_says_nothing_about_others() -> None:
    assert found_in(calendars=[on("work.ics", ME, 30), on("work.ics", "boss@work.example", 50, 50)]) == []


def test_a_calendar_that_two_share_is_weaker_evidence_and_says_so() -> None:
    shared = found_in(calendars=[on("team.ics", OLD, 50), on("team.ics", SHOP, 48)])
    [alone] = found_in(calendars=[on("team.ics", OLD, 50)])
    assert {each["address"] for each in shared} == {OLD, SHOP}
    assert max(each["score"] for each in shared) < alone["score"]
    assert all("but so does who else is on it: 1" in each["evidence"][0] for each in shared)


def test_a_calendar_of_a_few_events_says_nothing() -> None:
    assert found_in(calendars=[on("one.ics", OLD, 4, 4, of=4)]) == []


@settings(max_examples=20)
@given(st.lists(st.tuples(st.sampled_from([OLD, SHOP, ME, "x@a.example"]), st.integers(1, 400)), max_size=5))
def test_more_kinds_of_evidence_never_lower_a_score_and_what_is_mine_is_never_asked(
    counts: list[tuple[str, int]],
) -> None:
    sent = [{"address": a, "source": "m", "is_labelled": True, "messages": n} for a, n in counts]
    own = [{"address": a, "evidence": "export"} for a in sorted({a for a, _ in counts})]
    little = {each["address"]: each["score"] for each in found_in(sent=sent)}
    more = {each["address"]: each["score"] for each in found_in(sent=sent, own=own)}
    assert ME not in more
    assert all(more[address] >= score for address, score in little.items())


# What `kith me` writes


def test_an_address_is_added_declined_and_removed_and_comments_stay(tmp_path: Path) -> None:
    home = Home(tmp_path)
    text = f'[me]\naddresses = ["{ME}"]\n' + "\n# on reports\n[report]\ntop = 3  # enough\n"
    home.config.write_text(text)
    assert say(home, "add", SHOP) == f"{SHOP} is yours; the next `kith sync` applies it\n"
    said = say(home, "add", OLD, "--since", "2015-01-01", "--until", "2021-06-30")
    assert said.startswith(f"{OLD} is yours since 2015-01-01 until 2021-06-30; ")
    say(home, "add", OLD, "--since", "2024-01-01")
    say(home, "decline", "team@old.example")
    found = home.settings()
    assert found.my_addresses == [OLD, SHOP, ME]
    assert found.my_periods == [
        (OLD, date(2015, 1, 1), date(2021, 6, 30)),
        (OLD, date(2024, 1, 1), None),
    ]
    assert found.me.not_mine == ["team@old.example"]
    assert "\n# on reports\n[report]\ntop = 3  # enough\n" in home.config.read_text()
    for address in (SHOP, OLD):
        say(home, "remove", address)
    say(home, "add", "Team@old.example")
    say(home, "remove", "team@OLD.example")
    assert tomllib.loads(home.config.read_text()) == tomllib.loads(text)
    assert "# on reports\n[report]" in home.config.read_text()


def test_the_list_shows_what_is_mine_with_its_times(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", {})
    say(home, "add", OLD, "--until", "2021-06-30")
    assert say(home) == (f"Yours:\n  {OLD} until 2021-06-30\n  {ME}\nNo other address looks like yours.\n")
    [old, own] = json.loads(say(home, "--format", "json"))["mine"]
    assert old == {"address": OLD, "periods": [{"since": None, "until": "2021-06-30"}], "by": ["me"]}
    assert own == {"address": ME, "periods": [], "by": ["me"]}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "jo"), "'jo' is no mail address; write it as you@example.org"),
        (("add", ME), f"{ME} is yours already; --since and --until say for how long"),
        (("add", OLD, "--since", "2021-01-01", "--until", "2020-01-01"), "me.periods: 'jo@old.example' is"),
        (("add", "now@old.example", "--since", "2020-05-01"), "me.periods: two periods of 'now@old.example'"),
        (("remove", OLD), f"{OLD} is not among your addresses; `kith me` lists them"),
        (("remove", "work@s.example"), "work@s.example is yours by the source 'work'; take it out of its"),
        (("decline", ME), f"{ME} is among your addresses; `kith me remove {ME}` takes it out"),
        (("decline", ""), "'' is no mail address"),
    ],
)
def test_a_bad_answer_changes_nothing_and_says_what_mends_it(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    home = Home(tmp_path)
    home.config.write_text(f'[me]\naddresses = ["{ME}"]\n')
    say(home, "add", "now@old.example", "--until", "2021-06-30")
    source = '\n[[sources]]\nname = "work"\nkind = "ics"\nlocation = "/x"\nme = ["work@s.example"]\n'
    home.config.write_text(home.config.read_text() + source)
    before = home.config.read_text()
    with pytest.raises(UserError) as caught:
        say(home, *arguments)
    assert str(caught.value).startswith(said)
    assert home.config.read_text() == before


@pytest.mark.parametrize(
    "text",
    [
        f'me = {{addresses = ["{ME}"]}}\n',
        f'me.addresses = ["{ME}"]\n',
        f'[me]\naddresses = [\n  "{ME}", # mine\n]',
        f'[me]\naddresses = ["{ME}"]\n[[me.periods]]\naddress = "{ME}"\nuntil = 2020-01-01\n',
    ],
)
def test_however_the_configuration_is_written_it_can_be_added_to(tmp_path: Path, text: str) -> None:
    home = Home(tmp_path)
    home.config.write_text(text)
    before = home.settings()
    say(home, "add", OLD, "--since", "2015-01-01")
    say(home, "decline", SHOP)
    after = home.settings()
    assert after.my_addresses == [OLD, ME]
    assert after.my_periods == sorted([*before.my_periods, (OLD, date(2015, 1, 1), None)])
    assert after.me.not_mine == [SHOP]
    assert after.report == before.report
    assert tomlkit.parse(home.config.read_text()).as_string() == home.config.read_text()


# Addresses of a time only

SPANS = st.lists(st.tuples(st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(0, 900)), max_size=4)


@given(SPANS, st.datetimes(datetime(1999, 1, 1), datetime(2033, 1, 1)))  # noqa: DTZ001 - hypothesis wants naive ends
def test_every_instant_is_in_a_period_or_in_an_absence_of_an_address(
    spans: list[tuple[date, int]], instant: datetime
) -> None:
    periods = [(OLD, since, since + timedelta(days=length)) for since, length in spans]
    moment = instant.replace(tzinfo=UTC)
    is_mine = any(since <= moment.date() <= until for _, since, until in periods)
    is_absent = [each.since <= moment < each.until for each in absences(periods, "UTC")]
    assert sum(is_absent) == (not is_mine and bool(spans))


def test_days_are_those_of_my_zone_and_every_spelling_counts() -> None:
    found = absences([("Jo.Doe@gmail.com", date(2015, 1, 1), None)], "Europe/Berlin")
    assert [each.until for each in found] == [datetime(2014, 12, 31, 23, tzinfo=UTC)]
    written = pl.Series(["jodoe@googlemail.com", "JO.DOE@gmail.com", "ada@ash.example", None])
    assert spelled(found, written)["other"].to_list() == [
        "JO.DOE@gmail.com(not-mine)",
        "jodoe@googlemail.com(not-mine)",
    ]


PERIODS = f'periods = [{{address = "{OLD}", since = 2015-01-01, until = 2021-06-30}}]\n'
MAX = f"Max Successor <{OLD}>"
LETTERS = [
    letter(f"Jo Doe <{OLD}>", ADA, "2020-03-03"),
    letter(BO, f"Jo Doe <{OLD}>", "2020-03-04"),
    letter(MAX, ME, "2023-03-03", "X-Gmail-Labels: Sent"),
    letter(MAX, ME, "2023-03-04"),
    letter(BO, f"{MAX}, {ME}", "2023-03-05"),
    letter(BO, MAX, "2023-03-06", f"Delivered-To: {OLD}"),
]


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose owner has left an old employer."""
    return mail_home(tmp_path_factory.mktemp("left"), LETTERS, more=PERIODS)


def test_outside_of_its_period_an_address_is_its_next_holders(left: Home) -> None:
    roles = ask(left, "select my_role from main.messages order by sent_at")
    assert [role for (role,) in roles] == ["from", "to", "to", "to", "to", None]
    contacts = """
        select p.name, i.occurred_at::date::varchar, i.direction
        from main.interactions i join main.people p using (person_id) order by 2, 1"""
    assert ask(left, contacts) == [
        ("Ada Ash", "2020-03-03", "out"),
        ("Bo Birch", "2020-03-04", "in"),
        ("Max Successor", "2023-03-03", "in"),
        ("Max Successor", "2023-03-04", "in"),
        ("Bo Birch", "2023-03-05", "in"),
    ]
    assert OLD not in asked(left)


def test_both_holders_of_an_address_have_it_as_it_is_written(left: Home) -> None:
    holders = """
        select p.name, p.is_me, p.primary_email, i.value
        from main.identifiers i join main.people p using (person_id) where i.value = ? order by is_me"""
    assert ask(left, holders, OLD) == [("Max Successor", False, OLD, OLD), ("Jo Doe", True, ME, OLD)]
    shown = "select distinct address from main.message_parties where address like 'jo@%'"
    assert ask(left, shown) == [(OLD,)]


def test_ids_of_others_stay_whatever_the_periods_and_the_nights(left: Home, tmp_path: Path) -> None:
    people = "select person_id, name, is_me from main.people order by 1"
    home = mail_home(tmp_path, LETTERS[:3], more=PERIODS)
    (tmp_path / "inbox.mbox").write_text("".join(LETTERS))
    sync(home)
    assert ask(home, people) == ask(left, people)
    others = {row for row in ask(home, people) if row[1] in ("Ada Ash", "Bo Birch")}
    home.config.write_text(home.config.read_text().replace(PERIODS, ""))
    say(home, "add", OLD)
    sync(home)
    assert others <= set(ask(home, people))
    assert ask(home, "select count(*) from main.messages where my_role is null") == [(0,)]


def test_of_a_series_each_meeting_is_of_its_own_time(tmp_path: Path) -> None:
    calendar = tmp_path / "work.ics"
    calendar.write_text(
        "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:weekly\nDTSTAMP:20210601T080000Z\n"
        "DTSTART:20210614T080000Z\nDTEND:20210614T090000Z\nRRULE:FREQ=WEEKLY;COUNT=6\n"
        f"ORGANIZER;CN=Jo Doe:mailto:{OLD}\nATTENDEE;CN=Ada Ash;PARTSTAT=ACCEPTED:mailto:ada@ash.example\n"
        f"ATTENDEE;CN=Jo Doe;PARTSTAT=ACCEPTED:mailto:{OLD}\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    home = make_home(tmp_path / "home", {"work": ("ics", calendar)})
    home.config.write_text(home.config.read_text().replace("\n[[sources]]", f"{PERIODS}\n[[sources]]", 1))
    sync(home)
    mine = """
        select bool_or(p.is_me) from main.meeting_parties join main.people p using (person_id)
        join main.meetings using (meeting_id) group by meeting_id, starts_at order by starts_at"""
    assert ask(home, mine) == [(True,)] * 3 + [(False,)] * 3
