"""Writer of mbox files (RFC 4155) with header lines as mail programs write them (RFC 5322, RFC 2047)."""

import base64
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from .cast import SHARED_ADDRESS
from .plan import MARKER, Mail, Mailbox

_BODIES = (
    "The tide was kind today. Ask me about the {m} when we meet.",
    "Two chairs are free on the pier, and the {m} is lit.",
    "I read it twice; page four needs the {m}, the rest is fine.",
)
_FROM_LINE = "We met at the weir.\n\nFrom here on the path gets steep, and the {m} helps."
_BROKEN = (
    "From relay@mx.ferrow.example Wed Mar 11 04:05:06 2026\n"
    "X-Relay-State: half-written\nX-Relay-Hop: 3\n\n{m}, a fragment without a head\n\n"
)
BROKEN = {"inbox": 1, "sent": 0}


def mbox(name: str, mails: list[Mail]) -> tuple[bytes, int]:
    """The bytes of a mailbox and the number of whole messages in it, oldest first."""
    ours = sorted((m for m in mails if name in m.folders), key=lambda m: (m.sent_at, m.message_id))
    messages = [_message(mail, number, name) for number, mail in enumerate(ours)]
    middle = len(messages) // 2
    messages[middle:middle] = [_BROKEN.format(m=MARKER)] * BROKEN[name]
    return "".join(messages).encode("ascii"), len(ours)


def _message(mail: Mail, number: int, folder: str) -> str:
    returns_to = mail.sender.address if mail.return_path is None else mail.return_path
    arrived = (mail.sent_at + timedelta(seconds=40)).astimezone(UTC)
    separator = f"From {returns_to or 'MAILER-DAEMON'} {arrived.replace(tzinfo=None).ctime()}\n"
    headers = _delivery(mail, returns_to, arrived) if folder == "inbox" else []
    headers += [
        f"Date: {_date(mail)}",
        f"From: {_mailbox(mail.sender, number)}",
        f"To: {_group(mail.to, number) if not mail.undisclosed else 'undisclosed-recipients:;'}",
    ]
    headers += [f"Cc: {_group(mail.cc, number)}"] if mail.cc else []
    headers += [f"Message-ID: <{mail.message_id}>"] if mail.flaw != "no-message-id" else []
    if mail.references:
        headers.append(f"In-Reply-To: <{mail.references[-1]}>")
        headers.append("References: " + "\n ".join(f"<{reference}>" for reference in mail.references))
    headers += [f"{name}: {value}" for name, value in mail.headers]
    headers += [f"Subject: {mail.subject}", *_body(mail, number)]
    return separator + "\n".join(headers) + "\n\n"


def _delivery(mail: Mail, returns_to: str, arrived: datetime) -> list[str]:
    """What the receiving server adds; it names the address that the copy was delivered to."""
    address = mail.delivered_to or "robin.ferrow@northlight.example"
    return [
        f"Return-Path: <{returns_to}>",
        f"Delivered-To: {address}",
        "Received: from relay.example (relay.example [192.0.2.25])",
        f"\tby mx.{address.split('@')[1]} with ESMTPS id {mail.message_id.split('@')[0]}",
        f"\tfor <{address}>; {format_datetime(arrived)}",
    ]


def _date(mail: Mail) -> str:
    return "Tue, 32 Foo 2026 25:61:00" if mail.flaw == "bad-date" else format_datetime(mail.sent_at)


def _body(mail: Mail, number: int) -> list[str]:
    """The last headers, an empty line and the body: mostly plain, sometimes base64."""
    text = _FROM_LINE if mail.flaw == "from-line" else _BODIES[number % len(_BODIES)]
    text = text.format(m=MARKER)
    if number % 50 != 7 or mail.flaw:
        return ["", text]
    encoded = base64.b64encode(text.encode()).decode()
    kind = "Content-Type: text/plain; charset=utf-8"
    return ["MIME-Version: 1.0", kind, "Content-Transfer-Encoding: base64", "", encoded]


def _group(boxes: tuple[Mailbox, ...], number: int) -> str:
    return ",\n\t".join(_mailbox(box, number) for box in boxes)


def _mailbox(box: Mailbox, number: int) -> str:
    """A name and address; now and then the bare address or a quoted name, as programs differ.

    The couple who share an address always write their names: nothing else tells them apart.
    """
    if number % 11 == 5 and box.address != SHARED_ADDRESS:
        return box.address
    if not box.name.isascii():
        return f"{_encoded_word(box.name, number)} <{box.address}>"
    return f'"{box.name}" <{box.address}>' if number % 3 == 0 else f"{box.name} <{box.address}>"


def _encoded_word(name: str, number: int) -> str:
    """The name as RFC 2047 encoded words: utf-8 or, where it suffices, iso-8859-1; Q or B."""
    charset = "iso-8859-1" if number % 3 == 1 and all(ord(letter) < 256 for letter in name) else "utf-8"
    octets = name.encode(charset)
    if number % 2:
        return f"=?{charset}?B?{base64.b64encode(octets).decode()}?="
    text = "".join(
        "_" if octet == 32 else chr(octet) if chr(octet).isalnum() and octet < 128 else f"={octet:02X}"
        for octet in octets
    )
    return f"=?{charset}?Q?{text}?="
