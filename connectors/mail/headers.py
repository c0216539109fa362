"""One message from its header block: pure functions that mbox, Maildir and single files share. RFC 5322.

Only the wanted headers are ever looked at, so no subject and no body can reach a record.
"""

import hashlib
import re
from datetime import datetime
from functools import lru_cache

from connectors.mail.addresses import MOST, Mailbox, parse
from connectors.mail.dates import instant, received_at, separator_instant
from connectors.mail.words import decode_words, plain_text
from connectors.records import Message, MessageParty, Rejected
from connectors.text import clean

LONGEST_BLOCK = 256 * 1024
_LONGEST_HEADER = 64 * 1024
_MOST_REFERENCES = 100
_MOST_LABELS = 100
_CACHED = 1024  # longer values are parsed each time, so that hostile mail cannot fill the cache
_LONGEST_ID = 998  # a line's limit in RFC 5322 2.1.1

_PARTY_HEADERS = ((b"from", "from"), (b"reply-to", "reply_to"), (b"to", "to"), (b"cc", "cc"), (b"bcc", "bcc"))
_DELIVERY_HEADERS = (b"delivered-to", b"x-original-to", b"envelope-to", b"x-envelope-to")
_OTHER_HEADERS = (
    b"date", b"message-id", b"in-reply-to", b"references", b"list-id", b"list-post", b"list-unsubscribe",
    b"precedence", b"auto-submitted", b"return-path", b"feedback-id", b"x-gmail-labels",
)  # fmt: skip
_NAMES = (*(name for name, _ in _PARTY_HEADERS), *_DELIVERY_HEADERS, *_OTHER_HEADERS)
_REPEATABLE = frozenset(
    (b"to", b"cc", b"bcc", *_DELIVERY_HEADERS)
)  # some mailers write one line per recipient

_VALUE = rb"[ \t]*:([^\n]*+(?:\n[ \t][^\n]*+)*+)"
# The look-ahead at the first letter spares most headers the walk through all the names.
_INITIALS = b"".join(sorted({name[:1] for name in _NAMES}))
_WANTED = re.compile(b"(?i)\n(?=[%b])(%b)%b" % (_INITIALS, b"|".join(_NAMES), _VALUE))
_RECEIVED = re.compile(b"(?i)\nreceived" + _VALUE)
_MAIL_ONLY = re.compile(rb"(?i)\n(?:received|subject|sender|mime-version|content-type)[ \t]*:")
_ANY_NAME = re.compile(rb"\n([!-9;-~]{1,40})[ \t]*:")
_MSG_ID = re.compile(r"<([^<>]+)>")
_TOKEN = re.compile(r"[^\s;,(]+")
_LABEL = re.compile(r'"([^"]*)"|([^,"]+)')

Fields = dict[bytes, bytes]


def message(block: bytes, *, position: int, locator: str, separator: bytes = b"") -> Message | Rejected:
    """The record of a header block that begins with a newline; `separator` is its mbox line, if any."""
    fields = _fields(block[:LONGEST_BLOCK])
    if not (b"from" in fields or b"date" in fields or b"message-id" in fields):
        reason = "no sender, date or Message-ID among its headers" if fields else "no headers of a message"
        return Rejected(position=position, locator=locator, reason=reason, excerpt=_names(block))
    message_id = _message_id(fields.get(b"message-id", b""))
    sent_at, dated_by = _sent_at(fields, block, separator)
    parties = _parties(fields)
    references = _ids(fields, b"references")
    replied_to = _ids(fields, b"in-reply-to")
    return Message(
        key=_key(message_id, parties, sent_at, fields),
        position=position,
        locator=locator,
        message_id=message_id,
        sent_at=sent_at,
        dated_by=dated_by,
        parties=parties,
        in_reply_to=replied_to[0] if replied_to else None,
        references=references,
        list_id=_list_id(fields),
        list_post=_list_post(fields),
        has_list_unsubscribe=b"list-unsubscribe" in fields,
        precedence=_token(fields, b"precedence"),
        auto_submitted=_token(fields, b"auto-submitted"),
        return_path=_return_path(fields),
        has_feedback_id=b"feedback-id" in fields,
        delivered_to=_delivered_to(fields),
        labels=_labels(fields),
    )


def is_mail(block: bytes) -> bool:
    """Whether a header block is a message's, readable or not, rather than a card's or a calendar's."""
    return bool(_WANTED.search(block) or _MAIL_ONLY.search(block))


def _fields(block: bytes) -> Fields:
    """Raw values of the wanted headers by lower-case name: the first of each, all of the repeatable ones."""
    fields: Fields = {}
    for written, value in _WANTED.findall(block):
        name = written.lower()
        if name not in fields:
            fields[name] = value[:_LONGEST_HEADER]
        elif name in _REPEATABLE and len(fields[name]) < _LONGEST_HEADER:
            fields[name] += b"," + value[:_LONGEST_HEADER]
    return fields


def _parties(fields: Fields) -> tuple[MessageParty, ...]:
    """The addresses of all headers that name a person, at most `MOST` in all."""
    parties: tuple[MessageParty, ...] = ()
    for name, role in _PARTY_HEADERS:
        if value := fields.get(name):
            parties += _known_parties(role, value) if len(value) <= _CACHED else _role_parties(role, value)
    return parties[:MOST]


def _role_parties(role: str, value: bytes) -> tuple[MessageParty, ...]:
    return tuple([_party(role, mailbox) for mailbox in parse(plain_text(value))])


# People write to the same few, threads to the same many: most values were seen a moment ago.
_known_parties = lru_cache(maxsize=4096)(_role_parties)


@lru_cache(maxsize=1 << 14)
def _party(role: str, mailbox: Mailbox) -> MessageParty:
    return MessageParty(role=role, name=mailbox[0], address=mailbox[1])


def _sent_at(fields: Fields, block: bytes, separator: bytes) -> tuple[datetime | None, str]:
    """The instant and the header that gives it: Date; else the topmost Received, the delivery that we trust
    most; else the separator; else Date again, without its impossible offset."""
    date = plain_text(fields.get(b"date", b""))
    if moment := instant(date):
        return moment, "date"
    received = _RECEIVED.search(block)
    if received and (moment := received_at(plain_text(received[1]))):
        return moment, "received"
    if moment := separator_instant(separator.decode("latin-1")):
        return moment, "separator"
    if moment := instant(date, any_offset=True):
        return moment, "date"
    return None, "none"


def _key(message_id: str, parties: tuple[MessageParty, ...], sent_at: datetime | None, fields: Fields) -> str:
    """32 hex digits. Without a Message-ID all wanted headers count, save labels, which people change."""
    if message_id:
        sender = parties[0].address.lower() if parties and parties[0].role == "from" else ""
        text = f"{message_id}|{sender}|{sent_at.isoformat() if sent_at else ''}".encode()
    else:
        text = b"\n".join(
            name + b":" + b" ".join(value.split())
            for name, value in sorted(fields.items())
            if name != b"x-gmail-labels"
        )
    return hashlib.sha256(text).hexdigest()[:32]


def _message_id(value: bytes) -> str:
    """The first msg-id without brackets; a broken one as written."""
    text = plain_text(value)
    match = _MSG_ID.search(text)
    return _one_word(match[1]) if match else clean(text, _LONGEST_ID).strip("<> ")


def _ids(fields: Fields, name: bytes) -> tuple[str, ...]:
    """The last msg-ids of a header (RFC 5322 3.6.4), phrases and comments between them left out."""
    if name not in fields:
        return ()
    ids = _MSG_ID.findall(plain_text(fields[name]))[-_MOST_REFERENCES:]
    if _is_word("".join(ids)):
        return tuple(ids)
    return tuple(filter(None, map(_one_word, ids)))


def _one_word(text: str) -> str:
    """A msg-id without the white space that folding left in it."""
    return text[:_LONGEST_ID] if _is_word(text) else clean("".join(text.split()), _LONGEST_ID)


def _is_word(text: str) -> bool:
    """Whether nothing in `text` needs mending, as in nearly all msg-ids."""
    return text.isascii() and text.isprintable() and " " not in text


def _list_id(fields: Fields) -> str | None:
    """The identifier of a mailing list without its phrase (RFC 2919)."""
    if b"list-id" not in fields:
        return None
    text = plain_text(fields[b"list-id"])
    ids = _MSG_ID.findall(text)
    return (_one_word(ids[-1]) if ids else clean(text)).lower() or None


def _list_post(fields: Fields) -> str | None:
    """The address that posts to the list (RFC 2369 3.4)."""
    if b"list-post" not in fields:
        return None
    mailboxes = parse(plain_text(fields[b"list-post"]))
    return mailboxes[0][1] if mailboxes else None


def _token(fields: Fields, name: bytes) -> str | None:
    """The first word of a header such as ``auto-replied (vacation)``, in lower case."""
    if name not in fields:
        return None
    match = _TOKEN.search(plain_text(fields[name]))
    return clean(match[0]).lower() if match else None


def _return_path(fields: Fields) -> str | None:
    """The envelope sender (RFC 5321 4.4): an address, or nothing for the null path of automatic mail."""
    if b"return-path" not in fields:
        return None
    text = plain_text(fields[b"return-path"])
    mailboxes = parse(text)
    return mailboxes[0][1] if mailboxes else clean(text).strip("<> ")


def _delivered_to(fields: Fields) -> tuple[str, ...]:
    """The addresses of the mailboxes that this copy was delivered to, each once."""
    addresses = [
        address
        for name in _DELIVERY_HEADERS
        if name in fields
        for _, address in parse(plain_text(fields[name]))
    ]
    return tuple(dict.fromkeys(addresses))[:MOST]


def _labels(fields: Fields) -> tuple[str, ...]:
    """Gmail's labels in a Takeout: one encoded text, comma-separated, quoted where a label has a comma."""
    if b"x-gmail-labels" not in fields:
        return ()
    text = decode_words(plain_text(fields[b"x-gmail-labels"]))
    labels = [clean(quoted or bare) for quoted, bare in _LABEL.findall(text)]
    return tuple(filter(None, labels))[:_MOST_LABELS]


def _names(block: bytes) -> str:
    """The names of a block's first headers: what may be shown of a message that could not be read."""
    return ", ".join(name.decode("ascii") for name in _ANY_NAME.findall(block[:4096]))[:80]
