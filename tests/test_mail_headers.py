"""One message's headers to one record."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.bounds import Bounds
from connectors.inputs import plain
from connectors.mail import mbox
from connectors.mail.addresses import MOST
from connectors.mail.headers import message
from connectors.records import Item, Message, MessageParty, Rejected, Skipped

DATA = Path(__file__).parent / "data" / "mail"


def record(headers: str | bytes, separator: bytes = b"") -> Message:
    block = b"\n" + (headers.encode() if isinstance(headers, str) else headers)
    item = message(block, position=0, locator="byte 0", separator=separator)
    assert isinstance(item, Message)
    return item


def read(name: str) -> list[Item]:
    with plain(DATA / name) as source:
        return list(mbox.read(source))


def messages(name: str) -> list[Message]:
    return [item for item in read(name) if isinstance(item, Message)]


def addresses(item: Message, role: str) -> list[str]:
    return [party.address for party in item.parties if party.role == role]


def test_a_letter_becomes_its_parties_and_its_instant() -> None:
    first = messages("thunderbird.mbox")[0]
    assert first.sent_at == datetime(2024, 3, 4, 8, 15, tzinfo=UTC)
    assert first.dated_by == "date"
    assert first.parties == (
        MessageParty(role="from", name="Ada Kvist", address="ada@kvist.example"),
        MessageParty(role="to", name="Okoro, Ben", address="ben@okoro.example"),
        MessageParty(role="to", name="Mira Sand", address="mira@sand.example"),
        MessageParty(role="cc", name="Jürgen Fels", address="j.fels@fels.example"),
    )


def test_a_reply_names_what_it_answers_oldest_first() -> None:
    reply = messages("thunderbird.mbox")[1]
    assert reply.in_reply_to == "bridge-1@kvist.example"
    assert reply.references == ("bridge-0@kvist.example", "bridge-1@kvist.example")


def test_a_bulk_letter_keeps_every_sign_that_it_is_one() -> None:
    letter = messages("takeout.mbox")[0]
    assert letter.list_id == "garden.letters.example"
    assert letter.list_post == "garden@letters.example"
    assert letter.has_list_unsubscribe
    assert letter.has_feedback_id
    assert (letter.precedence, letter.auto_submitted) == ("bulk", "auto-generated")
    assert letter.return_path == "bounce+77@letters.example"
    assert letter.delivered_to == ("mira@sand.example",)
    assert letter.labels == ("Posteingang", "Geöffnet", "Verein, Garten")


def test_a_plain_letter_shows_none_of_those_signs() -> None:
    letter = record("From: a@kvist.example\n")
    assert letter.list_id is letter.list_post is letter.precedence is letter.auto_submitted is None
    assert letter.return_path is letter.in_reply_to is None
    assert letter.sent_at is None
    assert letter.labels == letter.delivered_to == ()
    assert (letter.has_list_unsubscribe, letter.has_feedback_id) == (False, False)
    assert (letter.dated_by, letter.message_id) == ("none", "")


def test_no_subject_and_no_body_reaches_a_record() -> None:
    for name in ("thunderbird.mbox", "takeout.mbox", "single.eml", "preamble.mbox"):
        for item in read(name):
            assert not any(
                word in repr(item) for word in ("the bridge", "Seeds", "tower", "says who", "Late")
            )


RECEIVED = "Received: by mx; Tue, 5 Mar 2024 10:00:00 +0000\nReceived: by x; Mon, 4 Mar 2024 10:00:00 +0000\n"
BAD_DATE = "From: a@kvist.example\nDate: Fri, 1 Jan 3609 00:00:00 +0000\n"
STAMPED = b"From - Wed Mar  6 10:00:00 2024\n"


@pytest.mark.parametrize(
    ("headers", "separator", "dated_by", "day"),
    [
        ("Date: Sun, 3 Mar 2024 10:00:00 +0000\n" + RECEIVED, STAMPED, "date", 3),
        (BAD_DATE + RECEIVED, STAMPED, "received", 5),
        (BAD_DATE + "Received: by x with no date\n", STAMPED, "separator", 6),
        ("From: a@kvist.example\n", STAMPED, "separator", 6),
        ("Date: Sun, 3 Mar 2024 10:00:00 +9900\n", STAMPED, "separator", 6),
        ("Date: Sun, 3 Mar 2024 10:00:00 +9900\n", b"From - Thu Jan  1 00:00:00 1970\n", "date", 3),
        (BAD_DATE, b"From - Thu Jan  1 00:00:00 1970\n", "none", None),
    ],
)
def test_the_best_date_wins(headers: str, separator: bytes, dated_by: str, day: int | None) -> None:
    item = record(headers, separator)
    assert item.dated_by == dated_by
    assert (item.sent_at and item.sent_at.day) == day


def test_the_first_sender_counts_and_recipients_add_up() -> None:
    item = record(
        "From: a@kvist.example\nFrom: b@okoro.example\n"
        "To: c@sand.example\nTO : d@sand.example,\n\te@sand.example\n"
        "Bcc: f@sand.example\nReply-To: g@kvist.example\n"
    )
    assert addresses(item, "from") == ["a@kvist.example"]
    assert addresses(item, "to") == ["c@sand.example", "d@sand.example", "e@sand.example"]
    assert addresses(item, "bcc") == ["f@sand.example"]
    assert addresses(item, "reply_to") == ["g@kvist.example"]


def test_a_message_with_an_unreadable_sender_is_kept_without_one() -> None:
    item = record("From: ada at kvist.example\nTo: b@okoro.example\nDate: Mon, 4 Mar 2024 10:00:00 +0000\n")
    assert [party.role for party in item.parties] == ["to"]


def test_a_crowd_of_recipients_is_bounded() -> None:
    crowd = "".join(f"To: p{i}@sand.example\n" for i in range(2 * MOST))
    item = record("From: a@kvist.example\n" + crowd)
    assert len(item.parties) == MOST
    assert item.capped == "recipients beyond 500"


def test_every_bound_that_was_reached_is_told() -> None:
    block = b"\nFrom: a@kvist.example\nTo: " + b"p@sand.example, " * 200 + b"\n"
    bounds = Bounds(recipients=12, line_bytes=2048)
    item = message(block, position=0, locator="byte 0", bounds=bounds, is_cut=True)
    assert isinstance(item, Message)
    assert len(item.parties) == 12
    assert item.capped == "headers beyond 262144 bytes, a header beyond 2048 bytes, recipients beyond 12"
    assert record("From: a@kvist.example\n").capped == ""


def test_eight_bit_headers_are_read() -> None:
    assert record("From: Jürgen <j@fels.example>\n".encode("cp1252")).parties[0].name == "Jürgen"


@pytest.mark.parametrize(
    ("value", "message_id"),
    [
        ("<a@kvist.example>", "a@kvist.example"),
        ("\n <a@kvist.example>", "a@kvist.example"),
        ("< a@kvist. example > (added by mx)", "a@kvist.example"),
        ("<a@kvist.example> <b@kvist.example>", "a@kvist.example"),
        ("a@kvist.example", "a@kvist.example"),
        ("<a@kvist.example", "a@kvist.example"),
        ("<>", ""),
        ("", ""),
    ],
)
def test_a_message_id_loses_its_brackets(value: str, message_id: str) -> None:
    assert record(f"From: a@kvist.example\nMessage-Id: {value}\n").message_id == message_id


def test_only_the_latest_references_are_kept() -> None:
    item = record(
        "From: a@kvist.example\nReferences: " + "\n ".join(f"<{i}@x.example>" for i in range(150)) + "\n"
    )
    assert len(item.references) == 100
    assert item.references[-1] == "149@x.example"
    assert item.capped == "references beyond 100"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ("X-Gmail-Labels: Spam,Unread\n", "spam"),
        ("X-Gmail-Labels: =?UTF-8?Q?Entw=C3=BCrfe?=\n", "draft"),
        ("X-Gmail-Labels: =?UTF-8?B?44K044Of566x?=,Projekt\n", "trash"),
        ("X-Mozilla-Status: 0009\n", "deleted"),
        ("X-Unsent: 1\n", "draft"),
    ],
)
def test_spam_trash_and_drafts_are_skipped(headers: str, reason: str) -> None:
    block = f"\nFrom: a@kvist.example\n{headers}".encode()
    item = message(block, position=7, locator="byte 7")
    assert item == Skipped(position=7, locator="byte 7", reason=reason)


@pytest.mark.parametrize(
    "header", ["X-Gmail-Labels: Spam-Projekt,Trash talk", "X-Mozilla-Status: 0001", "X-Mozilla-Status: none"]
)
def test_what_only_resembles_a_mark_is_kept(header: str) -> None:
    assert record(f"From: a@kvist.example\n{header}\n").parties


def test_sent_mail_is_labelled_once() -> None:
    assert record("From: a@kvist.example\nX-Gmail-Labels: Sent,Opened\n").labels == ("Opened", "sent")
    assert record("From: a@kvist.example\nX-Gmail-Labels: Gesendet\n").labels == ("Gesendet", "sent")


@pytest.mark.parametrize(
    ("value", "return_path"),
    [
        ("<>", ""),
        ("<a@kvist.example>", "a@kvist.example"),
        ("a@kvist.example", "a@kvist.example"),
        ("<MAILER-DAEMON>", "MAILER-DAEMON"),
    ],
)
def test_a_null_return_path_is_empty_and_not_absent(value: str, return_path: str) -> None:
    assert record(f"From: a@kvist.example\nReturn-Path: {value}\n").return_path == return_path


def test_a_copy_names_each_mailbox_it_was_delivered_to_once() -> None:
    item = record(
        "From: a@kvist.example\nDelivered-To: b@okoro.example\nDelivered-To: c@okoro.example\n"
        "X-Original-To: b@okoro.example\nEnvelope-To: d@okoro.example\n"
    )
    assert item.delivered_to == ("b@okoro.example", "c@okoro.example", "d@okoro.example")


def test_a_list_without_brackets_is_its_text() -> None:
    assert (
        record("From: a@kvist.example\nList-Id: Garden.Letters.Example\n").list_id == "garden.letters.example"
    )
    assert record("From: a@kvist.example\nList-Post: NO (announcements)\n").list_post is None


ONE = "From: A@kvist.example\nDate: Mon, 4 Mar 2024 10:00:00 +0000\n"


def test_the_same_message_has_the_same_key_wherever_its_copy_lies() -> None:
    sent = record(ONE + "Message-ID: <a@kvist.example>\n")
    received = record(
        "Received: by x\nDelivered-To: b@okoro.example\n" + ONE.lower() + "Message-Id: <a@kvist.example>\n"
    )
    assert sent.key == received.key
    assert len(sent.key) == 32
    assert sent.key != record(ONE.replace("10:00", "10:01") + "Message-ID: <a@kvist.example>\n").key


def test_without_an_id_the_headers_are_the_key_and_labels_do_not_change_it() -> None:
    bare = record(ONE)
    assert record("".join(reversed(ONE.splitlines(keepends=True)))).key == bare.key
    assert record(ONE + "X-Gmail-Labels: Inbox\n").key == bare.key
    assert record(ONE + "To: b@okoro.example\n").key != bare.key


@given(
    st.binary(max_size=200),
    st.sampled_from(
        [
            b"From",
            b"To",
            b"Date",
            b"Message-ID",
            b"References",
            b"List-Id",
            b"Return-Path",
            b"Received",
            b"X-Gmail-Labels",
            b"Precedence",
            b"Delivered-To",
        ]
    ),
)
def test_any_header_value_gives_a_record_that_can_be_stored(value: bytes, name: bytes) -> None:
    item = message(b"\nFrom: a@kvist.example\n" + name + b": " + value + b"\n", position=0, locator="byte 0")
    assert not isinstance(item, Rejected)
    repr(item).encode()
    assert "\\x00" not in repr(item)
