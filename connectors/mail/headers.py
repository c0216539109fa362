"""One message from its header block: pure functions that mbox, Maildir and single files share. RFC 5322.

Only the wanted headers are ever looked at, so no subject and no body can reach a record.
"""

import hashlib
import re
from datetime import datetime
from functools import lru_cache, partial

from connectors.bounds import Bounds
from connectors.mail import places
from connectors.mail.addresses import each, mailbox, parse
from connectors.mail.dates import instant, received_at, separator_instant, usual_instant
from connectors.mail.fields import DELIVERY_NAMES, LABELS, NOT_SAID, Fields, first, names, text_of, wanted
from connectors.mail.identifiers import MOST_REFERENCES, list_id, message_id, message_ids
from connectors.mail.senders import is_suspect, person_behind
from connectors.mail.words import decode_words, plain_text, remembered
from connectors.records import Message, MessageParty, Rejected, Skipped
from connectors.text import clean

_ROLES = (("from", "from"), ("reply-to", "reply_to"), ("to", "to"), ("cc", "cc"), ("bcc", "bcc"))
_MOST_LABELS = 100
_CACHED = 1024  # longer values are parsed each time, so that hostile mail cannot fill the cache
_EXPUNGED = 0x0008  # of X-Mozilla-Status: deleted, and still there until the folder is compacted
_TOKEN = re.compile(r"[^\s;,(]+")
_LABEL = re.compile(r'"([^"]*)"|([^,"]+)')
_DEFAULT = Bounds()

Parties = tuple[MessageParty, ...]


def message(
    block: bytes,
    *,
    position: int,
    locator: str,
    separator: bytes = b"",
    place: str = "",
    bounds: Bounds = _DEFAULT,
    is_cut: bool = False,
) -> Message | Rejected | Skipped:
    """What a header block that begins with a newline says.

    separator: its mbox line, if any. place: where its folder or its flags put it (`connectors.mail.places`).
    is_cut: `block` is only the beginning of its headers.
    """
    if place in places.UNWANTED:
        return Skipped(position=position, locator=locator, reason=place)
    text = text_of(block)
    fields, is_long = wanted(text, bounds.line_bytes)
    labels, label_place = _labels(fields[LABELS]) if LABELS in fields else ((), "")
    place = _marked(fields) or label_place or place
    if place in places.UNWANTED:
        return Skipped(position=position, locator=locator, reason=place)
    if not ("from" in fields or "date" in fields or "message-id" in fields):
        reason = "no sender, date or Message-ID among its headers" if fields else "no headers of a message"
        return Rejected(position=position, locator=locator, reason=reason, excerpt=names(text))
    sent_at, dated_by = _sent_at(fields, text, separator)
    list_name = list_id(fields["list-id"]) if "list-id" in fields else None
    list_post = _list_post(fields["list-post"]) if "list-post" in fields else None
    parties = _parties(fields, text, list_name, list_post, bounds.recipients + 1)
    references = message_ids(fields["references"]) if "references" in fields else ()
    capped = ""
    if is_cut or is_long or len(parties) > bounds.recipients or len(references) > MOST_REFERENCES:
        capped = _capped(bounds, len(parties), len(references), is_cut=is_cut, is_long=is_long)
        parties, references = parties[: bounds.recipients], references[-MOST_REFERENCES:]
    own_id = message_id(fields.get("message-id", ""))
    return Message(
        key=_key(own_id, parties, sent_at, fields),
        message_id=own_id,
        sent_at=sent_at,
        dated_by=dated_by,
        parties=parties,
        in_reply_to=(message_ids(fields["in-reply-to"]) or (None,))[0] if "in-reply-to" in fields else None,
        references=references,
        list_id=list_name,
        list_post=list_post,
        has_list_unsubscribe="list-unsubscribe" in fields,
        precedence=_token(fields["precedence"]) if "precedence" in fields else None,
        auto_submitted=_token(fields["auto-submitted"]) if "auto-submitted" in fields else None,
        return_path=_return_path(fields["return-path"]) if "return-path" in fields else None,
        has_feedback_id="feedback-id" in fields,
        delivered_to=_delivered_to(fields, bounds.recipients),
        labels=places.with_sent(labels, label_place) if place == places.SENT else labels,
        capped=capped,
        position=position,
        locator=locator,
    )


def _marked(fields: Fields) -> str:
    """Where the writing program's own marks put a message: Mozilla's status bits, Outlook's unsent mail."""
    if "x-mozilla-status" in fields:
        try:
            status = int(fields["x-mozilla-status"], 16)
        except ValueError:
            return ""
        return places.DELETED if status & _EXPUNGED else ""
    return places.DRAFT if fields.get("x-unsent", "").strip() == "1" else ""


def _capped(bounds: Bounds, parties: int, references: int, *, is_cut: bool, is_long: bool) -> str:
    """Which bounds were reached, in words."""
    reached = (
        (is_cut, f"headers beyond {bounds.header_bytes} bytes"),
        (is_long, f"a header beyond {bounds.line_bytes} bytes"),
        (parties > bounds.recipients, f"recipients beyond {bounds.recipients}"),
        (references > MOST_REFERENCES, f"references beyond {MOST_REFERENCES}"),
    )
    return ", ".join(words for is_reached, words in reached if is_reached)


def _parties(fields: Fields, text: str, list_name: str | None, list_post: str | None, most: int) -> Parties:
    """The addresses of all headers that name a person, at most `most` in all; From's is the writer's."""
    parties: Parties = ()
    for name, role in _ROLES:
        if name in fields:
            value = fields[name]
            parties += (
                _known_parties(role, value) if len(value) <= _CACHED else _role_parties(role, value, most)
            )
    if parties and parties[0].role == "from":
        sender = parties[0].name, parties[0].address
        if is_suspect(sender, fields, list_name, list_post) and (
            person := person_behind(sender, fields, text, list_name)
        ):
            parties = (MessageParty(role="from", name=person[0], address=person[1]), *parties[1:])
    return parties[:most]


def _role_parties(role: str, value: str, most: int = _CACHED) -> Parties:
    return tuple(each(plain_text(value), _READINGS[role], most))


def _party(role: str, token: str) -> MessageParty | None:
    """One token of an address list as a party."""
    found = mailbox(token)
    return MessageParty(role=role, name=found[0], address=found[1]) if found else None


# People write to the same few, threads to the same many: most values and most tokens were seen a moment ago.
_known_parties = lru_cache(maxsize=4096)(_role_parties)
_READINGS = {role: lru_cache(maxsize=1 << 13)(partial(_party, role)) for _, role in _ROLES}


def _sent_at(fields: Fields, text: str, separator: bytes) -> tuple[datetime | None, str]:
    """The instant and the header that gives it: Date; else the topmost Received, the delivery that we trust
    most; else the separator; else Date again, without its impossible offset."""
    written = fields.get("date", "")
    if moment := usual_instant(written):
        return moment, "date"
    date = plain_text(written)
    if moment := instant(date):
        return moment, "date"
    if moment := received_at(first(text, "received")):
        return moment, "received"
    if moment := separator_instant(separator.decode("latin-1")):
        return moment, "separator"
    if moment := instant(date, any_offset=True):
        return moment, "date"
    return None, "none"


def _key(own_id: str, parties: Parties, sent_at: datetime | None, fields: Fields) -> str:
    """32 hex digits. Without a Message-ID all wanted headers count, save what people and programs change."""
    if own_id:
        sender = parties[0].address.lower() if parties and parties[0].role == "from" else ""
        said = f"{own_id}|{sender}|{sent_at.isoformat() if sent_at else ''}".encode()
    else:
        said = "\n".join(
            f"{name}:{' '.join(value.split())}"
            for name, value in sorted(fields.items())
            if name not in NOT_SAID
        ).encode("latin-1")
    return hashlib.sha256(said).hexdigest()[:32]


@remembered
def _list_post(value: str) -> str | None:
    """The address that posts to the list (RFC 2369 3.4)."""
    mailboxes = parse(plain_text(value))
    return mailboxes[0][1] if mailboxes else None


@remembered
def _token(value: str) -> str | None:
    """The first word of a header such as ``auto-replied (vacation)``, in lower case."""
    match = _TOKEN.search(plain_text(value))
    return clean(match[0]).lower() if match else None


@remembered
def _return_path(value: str) -> str:
    """The envelope sender (RFC 5321 4.4): an address, or nothing for the null path of automatic mail."""
    text = plain_text(value)
    mailboxes = parse(text)
    return mailboxes[0][1] if mailboxes else clean(text).strip("<> ")


def _delivered_to(fields: Fields, most: int) -> tuple[str, ...]:
    """The addresses of the mailboxes that this copy was delivered to, each once."""
    values = [fields[name] for name in DELIVERY_NAMES if name in fields]
    if len(values) < 2:
        return _addresses(values[0])[:most] if values else ()
    return tuple(dict.fromkeys([address for value in values for address in _addresses(value)]))[:most]


@remembered
def _addresses(value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys([address for _, address in parse(plain_text(value))]))


@remembered
def _labels(value: str) -> tuple[tuple[str, ...], str]:
    """Gmail's labels in a Takeout (one encoded text, comma-separated, quoted where a label has a comma), and
    where they put the message."""
    text = decode_words(plain_text(value))
    labels = [clean(quoted or bare) for quoted, bare in _LABEL.findall(text)]
    kept = tuple(filter(None, labels))[:_MOST_LABELS]
    return kept, places.of_labels(kept)
