"""The sample world: the generator repeats itself, and independent readers find in its files what it says."""

import json
import mailbox
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
import vobject

SAMPLES = Path(__file__).parents[1] / "samples"
DATA = SAMPLES / "data"
TRUTH: dict[str, Any] = json.loads((SAMPLES / "truth.json").read_text("utf-8"))
PEOPLE = set(TRUTH["interaction_counts"])
DAYS = ((2023, 7, 1), (2026, 9, 1))
TRUNCATED = re.compile(r"BEGIN:VEVENT\r\nUID:half-written.*?(?=BEGIN:VEVENT)", re.S)


@cache
def calendar_text(name: str) -> str:
    return (DATA / f"calendar/{name}.ics").read_bytes().decode()


@cache
def strict_calendar(name: str) -> icalendar.Calendar:
    """The calendar without its one truncated event."""
    icalendar.timezone.tzp.use_default()
    return icalendar.Calendar.from_ical(TRUNCATED.sub("", calendar_text(name)))


def messages(name: str) -> Iterator[Message]:
    """What the standard library finds: it splits one body at a line that begins with From."""
    box = mailbox.mbox(DATA / f"mail/{name}.mbox", create=False)
    try:
        yield from box
    finally:
        box.close()


def cards(name: str) -> list[str]:
    text = (DATA / f"contacts/{name}.vcf").read_bytes().decode()
    return re.findall(r"BEGIN:VCARD.*?END:VCARD\r\n", text, re.S)


def written_by(seed: int | None, out: Path) -> dict[str, bytes]:
    choice = [] if seed is None else ["--seed", str(seed)]
    command = [sys.executable, "-B", str(SAMPLES / "make_world.py"), "--out", str(out), *choice]
    subprocess.run(command, check=True, capture_output=True)
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}


def test_the_files_that_ship_are_what_the_generator_writes(tmp_path: Path) -> None:
    for path, content in written_by(None, tmp_path).items():
        assert (SAMPLES / path).read_bytes() == content, path


def test_the_same_seed_gives_the_same_bytes_and_another_seed_the_same_plot(tmp_path: Path) -> None:
    first, again, other = (
        written_by(seed, tmp_path / folder) for seed, folder in ((7, "a"), (7, "b"), (8, "c"))
    )
    assert first == again
    assert first["data/mail/inbox.mbox"] != other["data/mail/inbox.mbox"]
    one, two = (json.loads(world["truth.json"]) for world in (first, other))
    assert [who["email"] for who in one["gone_quiet"]] == [who["email"] for who in two["gone_quiet"]]
    assert one["meetings"] == two["meetings"]


def test_the_files_together_stay_under_three_megabytes() -> None:
    assert sum(path.stat().st_size for path in DATA.rglob("*") if path.is_file()) < 3_000_000


def test_every_truth_is_about_somebody_in_the_world() -> None:
    everybody = set(TRUTH["kinds"])
    told = [fact["email"] for key in ("gone_quiet", "not_quiet", "meetings") for fact in TRUTH[key]]
    assert set(told) <= everybody
    assert set(TRUTH["last_contact"]) <= PEOPLE <= everybody
    assert {address for group in TRUTH["same_person"] for address in group} <= everybody | set(TRUTH["me"])
    assert {TRUTH["different_people_one_address"][0]["address"]} <= PEOPLE


@cache
def unfolded() -> str:
    """Every file in one text, long lines joined again."""
    whole = b"".join(path.read_bytes() for path in sorted(DATA.rglob("*.*")))
    return re.sub(r"\r\n[ \t]", "", whole.decode())


def test_every_address_is_in_a_domain_reserved_for_examples() -> None:
    domains = set(re.findall(r"[\w.+-]+@([\w.-]+)", unfolded()))
    assert {domain for domain in domains if not domain.endswith(".example")} == set()


def test_every_address_of_the_truth_stands_in_a_file() -> None:
    assert [address for address in TRUTH["kinds"] if address not in unfolded()] == []


def test_no_planted_silence_is_at_the_edge_of_the_rules() -> None:
    as_of = date.fromisoformat(TRUTH["as_of"])
    for who in TRUTH["gone_quiet"]:
        counts = TRUTH["interaction_counts"][who["email"]]
        silent = as_of - date.fromisoformat(who["last_contact_on"])
        assert timedelta(45) <= silent <= timedelta(150)
        assert who["last_contact_on"] == TRUTH["last_contact"][who["email"]]
        assert min(counts["email_in"], counts["email_out"]) >= 8


@pytest.mark.parametrize("name", ["work", "private"])
def test_a_strict_reader_reads_each_calendar_but_for_the_truncated_event(name: str) -> None:
    books = TRUTH["books"][f"calendar/{name}.ics"]
    whole = strict_calendar(name)
    assert len(whole.todos) == books["skipped"]["VTODO"]
    assert len(whole.events) + len(whole.todos) + books["quarantined"] == books["records"]
    assert [event.errors for event in whole.events if event.errors] == []
    assert len(TRUNCATED.findall(calendar_text(name))) == books["quarantined"]


def test_calendar_lines_are_at_most_75_octets() -> None:
    for name in ("work", "private"):
        assert max(len(line.encode()) for line in calendar_text(name).split("\r\n")) <= 75


@cache
def expanded(name: str) -> dict[tuple[str, str], icalendar.Event]:
    """Every occurrence by UID and start, as another library expands the calendar.

    Without X-WR-TIMEZONE: the library would let it win over a VTIMEZONE that it finds no name for.
    """
    calendar = strict_calendar(name).copy(recursive=True)
    del calendar["X-WR-TIMEZONE"]
    found = recurring_ical_events.of(calendar).between(*DAYS)
    return {(str(event["UID"]), start_of(event)): event for event in found}


def start_of(event: icalendar.Event) -> str:
    start = event.start
    if not isinstance(start, datetime):
        return start.isoformat()
    aware = start if start.tzinfo else start.replace(tzinfo=ZoneInfo(TRUTH["owner_zone"]))
    return f"{aware.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def response(event: icalendar.Event, addresses: list[str]) -> str | None:
    """The PARTSTAT of the first attendee with one of the addresses."""
    answers = (a.params.get("PARTSTAT") for a in event.attendees if a.email in addresses)
    return next((answer.lower() if answer else None for answer in answers), None)


@pytest.mark.parametrize("fact", TRUTH["meetings"], ids=lambda fact: fact["what"])
def test_another_library_expands_each_planted_meeting_as_the_truth_has_it(fact: dict[str, Any]) -> None:
    found = [
        expanded(name)[(fact["uid"], fact["starts_at"])]
        for name in ("work", "private")
        if (fact["uid"], fact["starts_at"]) in expanded(name)
    ]
    is_on = [event for event in found if event.get("STATUS") != "CANCELLED"]
    if fact["fate"] in ("cancelled", "removed"):
        assert is_on == []
        return
    assert is_on
    for event in is_on:
        assert response(event, TRUTH["me"]) == fact["my_response"]
        assert response(event, [fact["email"]]) == fact["their_response"]
    if fact["fate"] == "moved":
        assert fact["original_start"] != fact["starts_at"]
        assert (fact["uid"], fact["original_start"]) not in expanded("work")


def test_only_meetings_that_happened_are_interactions() -> None:
    counted = {fact["fate"] for fact in TRUTH["meetings"] if fact["interaction"]}
    assert counted == {"happened", "moved"}
    assert len(TRUTH["meetings"]) >= 15


def test_a_strict_reader_reads_every_card() -> None:
    for name in ("phone", "laptop"):
        books = TRUTH["books"][f"contacts/{name}.vcf"]
        assert len(cards(name)) == books["records"]
        parsed = [vobject.readOne(card, allowQP=name == "phone") for card in cards(name)]
        assert all(card.fn.value for card in parsed)
        assert all("=" not in card.fn.value for card in parsed)
    groups = [card for card in cards("laptop") if "X-ADDRESSBOOKSERVER-KIND:group" in card]
    assert len(groups) == TRUTH["books"]["contacts/laptop.vcf"]["skipped"]["group"]


def test_a_card_links_the_addresses_of_one_person() -> None:
    world = [card for name in ("phone", "laptop") for card in cards(name)]
    for addresses in TRUTH["same_person"]:
        assert any(all(address in card for address in addresses) for card in world), addresses


@pytest.mark.parametrize(("name", "body_lines"), [("inbox", 1), ("sent", 0)])
def test_the_standard_library_reads_every_message_and_one_body_line_too_many(
    name: str, body_lines: int
) -> None:
    books = TRUTH["books"][f"mail/{name}.mbox"]
    found = list(messages(name))
    assert len(found) - body_lines == books["records"]
    headless = [m for m in found if not (m["From"] or m["Date"] or m["Message-ID"])]
    assert len(headless) - body_lines == books["quarantined"]


def addresses(message: Message, *names: str) -> list[str]:
    return [address for _, address in getaddresses([str(v) for n in names for v in message.get_all(n, [])])]


def is_machine_made(message: Message) -> bool:
    return (
        "List-Unsubscribe" in message
        or message["Precedence"] in ("bulk", "list")
        or "Auto-Submitted" in message
        or message["Return-Path"] == "<>"
    )


def test_the_mailboxes_hold_the_mail_that_the_truth_counts() -> None:
    persons = {a: group[0] for group in TRUTH["same_person"] for a in group}
    counts, seen = Counter[tuple[str, str]](), set[str]()
    for message in (m for name in ("inbox", "sent") for m in messages(name)):
        receivers = addresses(message, "To", "Cc")
        [sender] = addresses(message, "From") or [""]
        identity = message["Message-ID"] or f"{sender} {message['Date']}"
        if not sender or identity in seen or is_machine_made(message) or len(receivers) > 10:
            continue
        seen.add(identity)
        direction, partners = ("email_out", receivers) if sender in TRUTH["me"] else ("email_in", [sender])
        counts.update((persons.get(partner, partner), direction) for partner in partners)
    for email, told in TRUTH["interaction_counts"].items():
        assert (counts[email, "email_in"], counts[email, "email_out"]) == (
            told["email_in"],
            told["email_out"],
        ), email


def test_the_calendars_hold_the_meetings_that_the_truth_counts() -> None:
    persons = {a: group[0] for group in TRUTH["same_person"] for a in group}
    counts = Counter[str]()
    for (_, starts_at), event in (expanded("private") | expanded("work")).items():
        organizer = str(event.get("ORGANIZER", TRUTH["me"][0])).removeprefix("mailto:")
        answer = response(event, TRUTH["me"])
        guests = [a for a in event.attendees if a.params.get("CUTYPE") != "ROOM"]
        party = {a.email for a in guests} - set(TRUTH["me"])
        if event.get("STATUS") == "CANCELLED" or "T" not in starts_at or starts_at > "2026-06-30T22:00:00Z":
            continue
        if len(party) + 1 > 12 or not (answer in ("accepted", "tentative") or organizer in TRUTH["me"]):
            continue
        counts.update(
            persons.get(p, p) for p in party if response(event, [p]) != "declined" and answer != "declined"
        )
    told = {email: counted["meeting"] for email, counted in TRUTH["interaction_counts"].items()}
    assert {email: counts[email] for email in told} == told


def test_the_marker_stands_only_where_nobody_reads() -> None:
    marker = TRUTH["marker"]
    for name in ("inbox", "sent"):
        for message in messages(name):
            assert [key for key, value in message.items() if marker in str(value) and key != "Subject"] == []
    private = {"SUMMARY", "DESCRIPTION", "LOCATION"}
    for name in ("work", "private"):
        unfolded = TRUNCATED.sub("", calendar_text(name)).replace("\r\n ", "")
        assert {line.split(":")[0] for line in unfolded.splitlines() if marker in line} <= private
    for name in ("phone", "laptop"):
        for card in cards(name):
            lines = card.replace("=\r\n" if name == "phone" else "\r\n ", "").splitlines()
            assert {re.split("[;:]", line)[0] for line in lines if marker in line} <= {"NOTE"}


def test_encoded_names_decode_to_the_names_on_the_cards() -> None:
    on_cards = {
        vobject.readOne(c, allowQP=True).fn.value for name in ("phone", "laptop") for c in cards(name)
    }
    encoded = {
        str(make_header(decode_header(name)))
        for message in messages("inbox")
        for name, _ in getaddresses([message["From"] or ""])
        if name.startswith("=?")
    }
    assert len(encoded) >= 5
    assert encoded <= on_cards
