"""What counts as an interaction: every rule of the contract, each with the decoy next to it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.settings import Home
from tests.pipeline import ME, ask, make_home, sync
from warehouse.derive.interactions import COLUMNS, interactions

Row = dict[str, Any]

INSTANT = pl.Datetime("us", "UTC")
UNTIL = datetime(2026, 6, 30, 22, tzinfo=UTC)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MESSAGES: dict[str, Any] = {
    "message_id": pl.String, "thread_id": pl.String, "sent_at": INSTANT, "from_person_id": pl.String,
    "channel": pl.String, "is_bulk": pl.Boolean, "is_automatic": pl.Boolean, "recipients": pl.Int64,
    "party_size": pl.Int64, "my_role": pl.String,
    "source": pl.String, "ingested_at": INSTANT,
}  # fmt: skip
MESSAGE_PARTIES: dict[str, Any] = dict.fromkeys(("message_id", "person_id", "role", "address"), pl.String)
MEETINGS: dict[str, Any] = {
    "meeting_id": pl.String, "starts_at": INSTANT, "ends_at": INSTANT, "is_all_day": pl.Boolean,
    "status": pl.String, "my_response": pl.String, "party_size": pl.Int64, "attendees": pl.Int64,
    "source": pl.String, "ingested_at": INSTANT,
}  # fmt: skip
MEETING_PARTIES: dict[str, Any] = dict.fromkeys(("meeting_id", "person_id", "response", "kind"), pl.String)
PEOPLE: dict[str, Any] = {"person_id": pl.String, "kind": pl.String, "is_me": pl.Boolean}
CAST = [
    {"person_id": "me", "kind": "human", "is_me": True},
    {"person_id": "ada", "kind": "human", "is_me": False},
    {"person_id": "bo", "kind": "human", "is_me": False},
]


def letter(sender: str = "ada", my_role: str | None = "to", **more: object) -> Row:
    """A message, from Ada to me unless said otherwise."""
    row = {
        "message_id": "m1", "thread_id": "t1", "sent_at": NOON, "from_person_id": sender, "is_bulk": False,
        "channel": "email", "is_automatic": False, "recipients": 1, "party_size": 2, "my_role": my_role,
        "source": "mail", "ingested_at": UNTIL,
    }  # fmt: skip
    return row | more


def mine(**more: object) -> Row:
    return letter("me", "from", **more)


def party(person: str, role: str = "to", address: str = "", message: str = "m1") -> Row:
    return {
        "message_id": message,
        "person_id": person,
        "role": role,
        "address": address or f"{person}@x.test",
    }


def meeting(my_response: str | None = "accepted", **more: object) -> Row:
    row = {
        "meeting_id": "k1", "starts_at": NOON, "ends_at": NOON + timedelta(minutes=45), "is_all_day": False,
        "status": "confirmed", "my_response": my_response, "party_size": 2, "attendees": 2,
        "source": "calendar", "ingested_at": UNTIL,
    }  # fmt: skip
    return row | more


def attendee(person: str = "ada", response: str | None = "accepted", kind: str = "individual") -> Row:
    return {"meeting_id": "k1", "person_id": person, "response": response, "kind": kind}


def contact(
    messages: Iterable[Row] = (),
    parties: Iterable[Row] = (),
    meetings: Iterable[Row] = (),
    attendees: Iterable[Row] = (),
    people: Iterable[Row] = CAST,
    until: datetime = UNTIL,
) -> pl.DataFrame:
    return interactions(
        pl.LazyFrame(list(messages), MESSAGES),
        pl.LazyFrame(list(parties), MESSAGE_PARTIES),
        pl.LazyFrame(list(meetings), MEETINGS),
        pl.LazyFrame(list(attendees), MEETING_PARTIES),
        pl.LazyFrame(list(people), PEOPLE),
        until=until,
    ).collect()


def who(found: pl.DataFrame) -> list[tuple[str, str]]:
    """Persons and directions, in order."""
    return sorted(found.select("person_id", "direction").iter_rows())


def met(one: Row, *attendees: Row, people: Iterable[Row] = CAST, until: datetime = UNTIL) -> list[str]:
    """The persons whom a meeting counts for."""
    found = contact(meetings=[one], attendees=attendees or [attendee()], people=people, until=until)
    return sorted(found["person_id"])


# Mail to and from me


def test_a_message_to_me_is_contact_with_its_sender() -> None:
    assert who(contact([letter()], [party("ada", "from"), party("me")])) == [("ada", "in")]


@pytest.mark.parametrize("my_role", ["to", "cc", "bcc"])
def test_a_message_reaches_me_in_any_of_the_three_ways(my_role: str) -> None:
    assert who(contact([letter(my_role=my_role)])) == [("ada", "in")]


def test_a_message_that_i_am_not_on_is_no_contact() -> None:
    assert contact([letter(my_role=None)], [party("ada", "from"), party("bo")]).is_empty()


def test_others_on_a_message_to_me_are_copresent_and_no_contact() -> None:
    found = contact([letter(recipients=2)], [party("ada", "from"), party("me"), party("bo", "cc")])
    assert who(found) == [("ada", "in")]


def test_a_message_of_mine_is_contact_with_each_human_in_to_and_cc() -> None:
    found = contact([mine(recipients=2)], [party("me", "from"), party("ada"), party("bo", "cc")])
    assert who(found) == [("ada", "out"), ("bo", "out")]


@pytest.mark.parametrize("role", ["bcc", "reply_to", "from"])
def test_a_message_of_mine_is_no_contact_with_who_stands_elsewhere(role: str) -> None:
    assert who(contact([mine()], [party("ada"), party("bo", role)])) == [("ada", "out")]


def test_the_one_who_answers_go_to_is_no_contact() -> None:
    assert who(contact([letter()], [party("ada", "from"), party("bo", "reply_to")])) == [("ada", "in")]


def test_two_addresses_of_one_person_on_a_message_are_one_contact() -> None:
    twice = [party("ada", "to", "ada@work.test"), party("ada", "cc", "ada@home.test")]
    assert who(contact([mine(recipients=2)], twice)) == [("ada", "out")]


def test_two_messages_on_one_day_are_two_contacts() -> None:
    assert contact([letter(), letter(message_id="m2")]).height == 2


def test_a_message_from_nobody_is_no_contact() -> None:
    assert contact([letter(from_person_id=None)]).is_empty()


def test_a_message_without_a_date_is_no_contact() -> None:
    assert contact([letter(sent_at=None)]).is_empty()


@pytest.mark.parametrize(("sent_at", "count"), [(UNTIL, 1), (UNTIL + timedelta(seconds=1), 0)])
def test_a_message_counts_once_it_has_been_sent(sent_at: datetime, count: int) -> None:
    assert contact([letter(sent_at=sent_at)]).height == count


@pytest.mark.parametrize(("recipients", "count"), [(10, 1), (11, 0)])
def test_a_message_to_more_than_ten_is_no_contact(recipients: int, count: int) -> None:
    assert contact([letter(recipients=recipients)]).height == count
    assert contact([mine(recipients=recipients)], [party("ada")]).height == count


@pytest.mark.parametrize("sign", ["is_bulk", "is_automatic"])
@pytest.mark.parametrize("one", [letter(), mine()], ids=["theirs", "mine"])
def test_bulk_and_automatic_mail_is_no_contact(sign: str, one: Row) -> None:
    parties = [party("ada")]
    assert contact([one], parties).height == 1
    assert contact([one | {sign: True}], parties).is_empty()


@pytest.mark.parametrize("kind", ["role", "list", "bot", "room"])
def test_only_humans_are_contacts(kind: str) -> None:
    people = [CAST[0], CAST[2], CAST[1] | {"kind": kind}]
    assert who(contact([mine()], [party("ada"), party("bo")], people=people)) == [("bo", "out")]
    assert contact([letter()], people=people).is_empty()
    assert met(meeting(), attendee("ada"), attendee("bo"), people=people) == ["bo"]


def test_i_am_no_contact_of_mine() -> None:
    assert contact([mine()], [party("me", "from"), party("me")]).is_empty()
    assert contact([letter("me", "to")]).is_empty()
    assert met(meeting(), attendee("me")) == []


# Meetings


def test_a_meeting_is_contact_with_everyone_who_came() -> None:
    assert met(meeting(), attendee("me"), attendee("ada"), attendee("bo")) == ["ada", "bo"]


def test_a_meeting_is_mutual() -> None:
    assert who(contact(meetings=[meeting()], attendees=[attendee()])) == [("ada", "mutual")]


@pytest.mark.parametrize("my_response", ["organizer", "accepted", "tentative", None])
def test_a_meeting_that_i_called_took_or_simply_have_is_contact(my_response: str | None) -> None:
    assert met(meeting(my_response)) == ["ada"]


@pytest.mark.parametrize("my_response", ["declined", "needs-action", "delegated"])
def test_a_meeting_that_i_declined_or_never_answered_is_not_an_interaction(my_response: str) -> None:
    assert met(meeting(my_response)) == []


def test_a_meeting_that_they_declined_is_not_an_interaction() -> None:
    assert met(meeting(), attendee("ada", "declined"), attendee("bo")) == ["bo"]


@pytest.mark.parametrize("response", ["accepted", "tentative", "needs-action", "delegated", None])
def test_an_answer_of_theirs_other_than_no_leaves_them_in(response: str | None) -> None:
    assert met(meeting(), attendee("ada", response)) == ["ada"]


def test_a_cancelled_meeting_is_not_an_interaction() -> None:
    assert met(meeting(status="cancelled")) == []
    assert met(meeting(status="tentative")) == ["ada"]


def test_an_all_day_banner_is_not_an_interaction() -> None:
    assert met(meeting(is_all_day=True)) == []


@pytest.mark.parametrize(("begins_in", "expected"), [(0, ["ada"]), (1, [])])
def test_a_meeting_counts_once_it_has_begun(begins_in: int, expected: list[str]) -> None:
    starts_at = UNTIL + timedelta(seconds=begins_in)
    assert met(meeting(starts_at=starts_at, ends_at=starts_at + timedelta(hours=1))) == expected


@pytest.mark.parametrize(("attendees", "expected"), [(12, ["ada"]), (13, [])])
def test_a_meeting_of_more_than_twelve_is_not_an_interaction(attendees: int, expected: list[str]) -> None:
    assert met(meeting(attendees=attendees)) == expected


@pytest.mark.parametrize("kind", ["room", "resource"])
def test_a_room_that_was_booked_is_no_contact_though_it_has_a_name(kind: str) -> None:
    assert met(meeting(), attendee("ada", kind=kind), attendee("bo")) == ["bo"]


# The rows


def test_a_message_says_when_how_and_where_it_happened() -> None:
    [row] = contact([letter(recipients=3, party_size=4)]).to_dicts()
    assert row == {
        "interaction_id": "email:m1:ada", "person_id": "ada", "occurred_at": NOON, "channel": "email",
        "direction": "in", "party_size": 4, "duration_minutes": None, "thread_id": "t1", "source": "mail",
        "source_record": "m1", "ingested_at": UNTIL,
    }  # fmt: skip


def test_a_meeting_says_when_how_long_and_among_how_many() -> None:
    [row] = contact(meetings=[meeting(party_size=3)], attendees=[attendee()]).to_dicts()
    assert row == {
        "interaction_id": "meeting:k1:ada", "person_id": "ada", "occurred_at": NOON, "channel": "meeting",
        "direction": "mutual", "party_size": 3, "duration_minutes": 45, "thread_id": None,
        "source": "calendar", "source_record": "k1", "ingested_at": UNTIL,
    }  # fmt: skip


def test_the_time_of_import_is_never_the_time_of_contact() -> None:
    late = letter(ingested_at=UNTIL + timedelta(days=900))
    assert contact([late])["occurred_at"].to_list() == [NOON]


def test_without_anything_there_is_an_empty_table_with_all_columns() -> None:
    found = contact()
    assert found.is_empty()
    assert tuple(found.columns) == COLUMNS
    assert found.schema["occurred_at"] == INSTANT


MOMENTS = st.integers(-50, 50).map(lambda hours: UNTIL + timedelta(hours=hours))


@given(st.lists(st.tuples(st.sampled_from(["me", "ada", "bo"]), MOMENTS), max_size=12), st.randoms())
@settings(max_examples=25, deadline=None)
def test_the_order_of_rows_in_does_not_matter_and_nothing_is_counted_twice(
    sent: list[tuple[str, datetime]], random: Random
) -> None:
    letters = [
        letter(sender, "from" if sender == "me" else "to", message_id=f"m{number}", sent_at=at)
        for number, (sender, at) in enumerate(sent)
    ]
    parties = [party(person, message=one["message_id"]) for one in letters for person in ("ada", "bo")]
    found = contact(letters, parties)
    random.shuffle(letters)
    random.shuffle(parties)
    assert contact(letters, parties).equals(found)
    assert found["interaction_id"].is_unique().all()
    in_time = [sender for sender, at in sent if at <= UNTIL]
    assert found.height == len(in_time) + in_time.count("me")


# The rules on headers, from real files. Everyone has also written one plain message, so who is no contact
# here is so for the header, not for being a machine.

TO_ME = f"To: {ME}"
LIST = "Beekeepers <bees@lists.meadow.example>"
LIST_ID = "List-Id: <bees.lists.meadow.example>"
TEN = [f"guest{number}@crowd.example" for number in range(10)]
HEADERS = {
    "plain": (TO_ME, True),
    "copied": (f"To: guest1@crowd.example\nCc: Robin Ferrow <{ME.upper()}>", True),
    "not on it": ("To: guest1@crowd.example", False),
    "answers to me": (f"To: guest1@crowd.example\nReply-To: {ME}", False),
    "blind": (f"To: guest1@crowd.example\nDelivered-To: {ME}", True),
    "blind through a list": (f"To: {LIST}\n{LIST_ID}\nDelivered-To: {ME}", False),
    "list": (f"To: {LIST}\n{LIST_ID}", False),
    "list and me": (f"To: {LIST}\n{LIST_ID}\nCc: {ME}", True),
    "newsletter": (f"{TO_ME}\nList-Unsubscribe: <https://meadow.example/off>", False),
    "bulk": (f"{TO_ME}\nPrecedence: bulk", False),
    "list precedence": (f"{TO_ME}\nPrecedence: List", False),
    "junk": (f"{TO_ME}\nPrecedence: junk", False),
    "first class": (f"{TO_ME}\nPrecedence: first-class", True),
    "robot": (f"{TO_ME}\nAuto-Submitted: auto-generated", False),
    "away": (f"{TO_ME}\nAuto-Submitted: auto-replied; owner-email=x@y.example", False),
    "by hand": (f"{TO_ME}\nAuto-Submitted: no", True),
    "bounce": (f"{TO_ME}\nReturn-Path: <>", False),
    "return path": (f"{TO_ME}\nReturn-Path: <someone@crowd.example>", True),
    "campaign": (f"{TO_ME}\nFeedback-ID: 1:2:3:sender", False),
    "to ten": (f"To: {', '.join([ME, *TEN[1:]])}", True),
    "to eleven": (f"To: {', '.join([ME, *TEN])}", False),
}  # fmt: skip
NAMES = [
    "Ada Unruh", "Bo Quill", "Cleo Marsh", "Dov Tanner", "Edda Voss", "Finn Oakes", "Gerda Pohl",
    "Hal Winter", "Ilse Krone", "Jory Flint", "Kaja Lund", "Lev Adler", "Mina Holt", "Nils Brandt",
    "Olga Reuter", "Piet Daalder", "Quinn Hazel", "Runa Falk", "Silvio Neri", "Thora Blom", "Uwe Stark",
]  # fmt: skip
PEOPLE_OF = dict(zip(HEADERS, NAMES, strict=True))
SENDERS = {
    "noreply@shop.example": False,
    "do-not-reply@mill.example": False,
    "no_reply+42@forge.example": False,
    "feedback@brewery.example": False,
    "MAILER-DAEMON@harbour.example": False,
    "noreen@orchard.example": True,
    "postmasterson@quarry.example": True,
}


def address_of(name: str) -> str:
    return f"{name.replace(' ', '.').lower()}@{name.split()[1].lower()}.example"


def mailbox_of(name: str) -> str:
    return f"{name} <{address_of(name)}>"


def id_of(case: str) -> str:
    return f"{case.replace(' ', '-')}@post.example"


def mbox(path: Path, *letters: str) -> Path:
    """An mbox of messages given by their headers; each has its own date, and an ID unless it names one."""
    texts = []
    for number, headers in enumerate(letters):
        at = NOON + timedelta(minutes=number)
        identity = "" if "Message-ID:" in headers else f"\nMessage-ID: <{path.stem}{number}@post.example>"
        date = f"\nDate: {at:%a, %d %b %Y %H:%M:%S} +0000"
        texts.append(f"From x@post.example {at:%a %b %d %H:%M:%S %Y}\n{headers}{identity}{date}\n\nHello\n\n")
    path.write_text("".join(texts))
    return path


TWICE = f"From: {mailbox_of('Vera Twin')}\n{TO_ME}\nMessage-ID: <{id_of('twice')}>"
BOTH_WAYS = f"From: {mailbox_of('Wim Both')}\nTo: {LIST}, {ME}\nMessage-ID: <{id_of('both ways')}>"
POST = (
    f"From: Robin Ferrow <{ME}>\nTo: {LIST}\nCc: {mailbox_of('Xenia Post')}\n{LIST_ID}\nPrecedence: list\n"
    "List-Post: <mailto:bees@lists.meadow.example>\nList-Unsubscribe: <mailto:off@meadow.example>"
)
COPIES = (
    f"From: {ME}\nTo: {mailbox_of('Yule To')}\nCc: {mailbox_of('Zita Copy')}\nBcc: {mailbox_of('Zeno Blind')}"
)
CARD = (
    f"BEGIN:VCARD\r\nVERSION:4.0\r\nUID:1\r\nFN:Cara Dean\r\nEMAIL:{address_of('Cara Dean')}\r\n"
    "REV:20260601T120000Z\r\nEND:VCARD\r\n"
)


@pytest.fixture(scope="module")
def mail_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home of two mailboxes and an address book."""
    folder = tmp_path_factory.mktemp("mail")
    plain = [f"From: {mailbox_of(name)}\n{TO_ME}" for name in NAMES]
    odd = [
        f"From: {mailbox_of(name)}\n{HEADERS[case][0]}\nMessage-ID: <{id_of(case)}>"
        for case, name in PEOPLE_OF.items()
    ]
    machines = [f"From: {name.title()} Team <{name}>\n{TO_ME}" for name in SENDERS]
    work = mbox(folder / "work.mbox", TWICE, f"{BOTH_WAYS}\n{LIST_ID}\nPrecedence: list", *odd, *machines)
    private = mbox(folder / "private.mbox", TWICE, BOTH_WAYS, *plain, POST, COPIES)
    book = folder / "book.vcf"
    book.write_text(CARD, newline="")
    sources = {"work": ("mbox", work), "private": ("mbox", private), "book": ("vcard", book)}
    home = make_home(folder / "home", sources)
    sync(home)
    return home


def contacts_with(home: Home, address: str) -> list[tuple[str, str]]:
    """Channel and direction of each interaction with the person of an address."""
    query = "select channel, direction from interactions join identifiers using (person_id) where value = ?"
    return sorted(set(ask(home, f"{query} and kind = 'email'", address.lower())))


@pytest.mark.parametrize("case", HEADERS)
def test_the_headers_decide_whether_a_message_is_contact(case: str, mail_home: Home) -> None:
    query = "select p.primary_email from interactions join people p using (person_id) where source_record = ?"
    expected = [(address_of(PEOPLE_OF[case]),)] if HEADERS[case][1] else []
    assert ask(mail_home, query, id_of(case)) == expected


def test_every_one_of_them_is_a_human_and_in_contact_by_the_plain_message(mail_home: Home) -> None:
    query = "select p.name from interactions i join people p using (person_id) where p.kind = 'human'"
    found = ask(mail_home, f"{query} and source_record like 'private%' and direction = 'in'")
    assert sorted(name for (name,) in found) == NAMES


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("list", "List-Id"),
        ("newsletter", "List-Unsubscribe"),
        ("junk", "Precedence: junk"),
        ("away", "Auto-Submitted: auto-replied"),
        ("bounce", "null return path"),
        ("campaign", "Feedback-ID"),
        ("plain", None),
        ("list and me", None),
    ],
)
def test_the_reason_is_stored(case: str, reason: str | None, mail_home: Home) -> None:
    query = "select bulk_reason, is_bulk or is_automatic from messages where message_id = ?"
    assert ask(mail_home, query, id_of(case)) == [(reason, reason is not None)]


@pytest.mark.parametrize(("sender", "counts"), SENDERS.items())
def test_a_sender_that_takes_no_answer_is_no_contact(sender: str, counts: bool, mail_home: Home) -> None:
    assert contacts_with(mail_home, sender) == [("email", "in")] * counts


def test_the_same_message_in_two_mailboxes_counts_once(mail_home: Home) -> None:
    query = "select person_id from interactions where source_record = ?"
    assert len(ask(mail_home, query, id_of("twice"))) == 1


def test_what_reached_me_directly_counts_though_the_list_sent_a_second_copy(mail_home: Home) -> None:
    assert contacts_with(mail_home, address_of("Wim Both")) == [("email", "in")]


def test_my_own_post_to_a_list_is_contact_with_the_humans_it_names(mail_home: Home) -> None:
    assert contacts_with(mail_home, address_of("Xenia Post")) == [("email", "out")]
    assert contacts_with(mail_home, "bees@lists.meadow.example") == []


def test_my_message_is_contact_with_each_human_in_to_and_cc_but_not_in_bcc(mail_home: Home) -> None:
    assert contacts_with(mail_home, address_of("Yule To")) == [("email", "out")]
    assert contacts_with(mail_home, address_of("Zita Copy")) == [("email", "out")]
    assert contacts_with(mail_home, address_of("Zeno Blind")) == []


def test_a_card_is_never_an_interaction(mail_home: Home) -> None:
    assert contacts_with(mail_home, address_of("Cara Dean")) == []
    assert ask(mail_home, "select kind from people where name = 'Cara Dean'") == [("human",)]


# The rules on meetings, from real calendars. The guests of the assemblies stand in no other meeting.


def ics(path: Path, *events: str) -> Path:
    """A calendar of meetings given by their lines; on 1 June 2026, with a UID, unless they say otherwise."""
    texts = []
    for number, lines in enumerate(events):
        times = "" if "DTSTART" in lines else "\nDTSTART:20260601T090000Z\nDTEND:20260601T100000Z"
        uid = "" if "UID:" in lines else f"\nUID:{path.stem}{number}@calendar.example"
        texts.append(f"BEGIN:VEVENT\nDTSTAMP:20260501T080000Z{uid}{times}\n{lines}\nEND:VEVENT\n")
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Kithline//tests//EN\n{''.join(texts)}END:VCALENDAR\n"
    path.write_text(text.replace("\n", "\r\n"), newline="")
    return path


def invited(name: str) -> str:
    return f"ATTENDEE;CN={name};PARTSTAT=ACCEPTED:mailto:{address_of(name)}"


I_ACCEPTED = f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{ME}"
MEETING_CASES = {
    "accepted": (I_ACCEPTED, 1),
    "tentative": (f"ATTENDEE;PARTSTAT=TENTATIVE:mailto:{ME}", 1),
    "organized": (f"ORGANIZER:mailto:{ME}", 1),
    "my own entry": ("CLASS:PRIVATE", 1),
    "listed without an answer": (f"ATTENDEE:mailto:{ME}", 1),
    "declined": (f"ATTENDEE;PARTSTAT=DECLINED:mailto:{ME}", 0),
    "never answered": (f"ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{ME}", 0),
    "organized and declined": (f"ORGANIZER:mailto:{ME}\nATTENDEE;PARTSTAT=DECLINED:mailto:{ME}", 0),
    "cancelled": (f"{I_ACCEPTED}\nSTATUS:CANCELLED", 0),
    "all day": (f"{I_ACCEPTED}\nDTSTART;VALUE=DATE:20260601", 0),
    "tomorrow": (f"{I_ACCEPTED}\nDTSTART:20260701T090000Z\nDTEND:20260701T100000Z", 0),
    "late on the day": (f"{I_ACCEPTED}\nDTSTART:20260630T213000Z\nDTEND:20260630T223000Z", 1),
    "after midnight here": (f"{I_ACCEPTED}\nDTSTART:20260630T220000Z\nDTEND:20260630T223000Z", 0),
    "thrice but once": (
        f"{I_ACCEPTED}\nDTSTART:20260601T090000Z\nDTEND:20260601T100000Z\n"
        "RRULE:FREQ=WEEKLY;COUNT=3\nEXDATE:20260608T090000Z",
        2,
    ),
}  # fmt: skip
MEETING_PEOPLE = dict(zip(MEETING_CASES, NAMES, strict=False))
MY_OTHER_ADDRESS = "robin@northlight.example"
ROOM = "ATTENDEE;CUTYPE=ROOM;CN=Attic:mailto:attic@rooms.example"
TABLE = [f"{name.split()[0]} Table" for name in NAMES[:11]]
CROWD = [f"{name.split()[0]} Crowd" for name in NAMES[:12]]


@pytest.fixture(scope="module")
def calendar_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home of two calendars; robin@northlight.example is mine, too."""
    folder = tmp_path_factory.mktemp("meetings")
    cases = (f"{lines}\n{invited(MEETING_PEOPLE[case])}" for case, (lines, _) in MEETING_CASES.items())
    me_twice = f"{I_ACCEPTED}\nATTENDEE;PARTSTAT=ACCEPTED:mailto:{MY_OTHER_ADDRESS}"
    table, crowd = (f"{me_twice}\n{ROOM}\n" + "\n".join(map(invited, names)) for names in (TABLE, CROWD))
    shared = f"UID:shared@calendar.example\n{I_ACCEPTED}\n{invited('Vera Twin')}"
    sources = {
        "work": ("ics", ics(folder / "work.ics", shared, *cases)),
        "private": ("ics", ics(folder / "private.ics", shared, table, crowd)),
    }
    home = make_home(folder / "home", sources, me=(ME, MY_OTHER_ADDRESS))
    sync(home)
    return home


def meetings_with(home: Home, name: str) -> int:
    query = "select count(*) from interactions join people using (person_id) where channel = 'meeting'"
    [(count,)] = ask(home, f"{query} and primary_email = ?", address_of(name))
    return int(count)


@pytest.mark.parametrize("case", MEETING_CASES)
def test_the_calendar_decides_how_often_we_met(case: str, calendar_home: Home) -> None:
    assert meetings_with(calendar_home, MEETING_PEOPLE[case]) == MEETING_CASES[case][1]


def test_the_same_meeting_in_two_calendars_counts_once(calendar_home: Home) -> None:
    assert meetings_with(calendar_home, "Vera Twin") == 1


def test_twelve_around_a_table_are_a_meeting_and_thirteen_an_assembly(calendar_home: Home) -> None:
    """I am one of the twelve, once; the room is none."""
    assert [meetings_with(calendar_home, name) for name in TABLE] == [1] * 11
    assert [meetings_with(calendar_home, name) for name in CROWD] == [0] * 12


def test_a_room_is_not_met(calendar_home: Home) -> None:
    query = "select kind, first_contact_at from people where primary_email = 'attic@rooms.example'"
    assert ask(calendar_home, query) == [("room", None)]
