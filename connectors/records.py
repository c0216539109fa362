"""The treaty with the warehouse: what a connector may yield, and nothing else.

A connector is a function ``read(path, start=0)`` that yields, in file order, one item for everything the
file offers: a record (`Message`, `Event`, `Card`), a `Skipped` (readable, but not of our kind) or a
`Rejected` (of our kind, but unreadable). The number of items is the number that the books call *read*.

Metadata only: no item has a field for a subject, a title, a description, a place, a note or a body.
`warehouse/schema` declares the same columns; a test holds the two together.
"""

from dataclasses import dataclass
from datetime import datetime


class ConnectorError(Exception):
    """Why a whole file could not be read: what is wrong and the mend, in one line, the file not named."""


class NotThisFormat(ConnectorError):
    """The file holds nothing of the format: binary data, a login page, another program's export."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A record that could not be read; it becomes a row of `quarantine`.

    position: byte offset of the record's first byte in the file.
    locator: where a person finds it: ``line 120, UID abc`` or ``byte 4096, Message-ID <x@y>``.
    reason: one clause in plain words. mend: what the user can do about it, may be empty.
    excerpt: at most 80 characters of structure (property names, header names), never of values.
    """

    position: int
    locator: str
    reason: str
    mend: str = ""
    excerpt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Readable, but not of our kind: a VTODO, a contact group. reason: one or two words, e.g. ``VTODO``."""

    position: int
    locator: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageParty:
    """One address of a header. role: ``from``, ``to``, ``cc``, ``bcc`` or ``reply_to``.

    name: display name, RFC 2047 decoded, control characters removed, may be empty.
    address: addr-spec as written, without ``mailto:`` and white space (identity folds case, not we).
    """

    role: str
    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The headers of one mail message (RFC 5322), never its subject or body.

    key: natural key within the file: Message-ID, sender and instant; a hash of the headers without one.
    message_id: without angle brackets, empty if the message has none.
    sent_at: UTC; None if neither Date, nor Received, nor the separator gives an instant in 1970..2100.
    dated_by: ``date``, ``received``, ``separator`` or ``none``.
    references: RFC 5322 References, oldest first. in_reply_to: its first msg-id, or None.
    return_path: None if the header is absent, empty for the null path ``<>``.
    delivered_to: Delivered-To, X-Original-To, Envelope-To, X-Envelope-To, as addresses.
    labels: X-Gmail-Labels, decoded and split.
    """

    key: str
    position: int
    locator: str
    message_id: str
    sent_at: datetime | None
    dated_by: str
    parties: tuple[MessageParty, ...]
    in_reply_to: str | None
    references: tuple[str, ...]
    list_id: str | None
    list_post: str | None
    has_list_unsubscribe: bool
    precedence: str | None
    auto_submitted: str | None
    return_path: str | None
    has_feedback_id: bool
    delivered_to: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendee:
    """One ATTENDEE (RFC 5545 3.8.4.1).

    name: CN, may be empty. address: of ``mailto:``, EMAIL= or SENT-BY-free text, may be empty.
    response: PARTSTAT in lower case, None if the parameter is absent.
    role: ROLE in lower case, None if absent. kind: CUTYPE in lower case, None if absent.
    is_asked: RSVP=TRUE.
    """

    name: str
    address: str
    response: str | None
    role: str | None
    kind: str | None
    is_asked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One VEVENT component: a single event, a series, or the exception of a series (RFC 5545 3.6.1).

    key: natural key within the file: UID and RECURRENCE-ID; a hash of the facts without a UID.
    uid: empty if the component has none. sequence: SEQUENCE or 0. stamped_at: LAST-MODIFIED, else DTSTAMP.
    created_at: CREATED. All three instants are UTC or None.
    starts_local, ends_local: wall-clock time (naive) in `zone`; ends_local is never before starts_local:
    DTEND, else DTSTART + DURATION, else one day for all-day events, else equal to the start.
    is_all_day: DTSTART is a DATE; then starts_local and ends_local are midnights, the end exclusive.
    zone: an IANA name; ``UTC``; empty for floating and all-day times (the owner's zone decides); or, for
    a VTIMEZONE without an IANA equal, its offsets from UTC in seconds: ``table:3600;T1,7200;T2,3600`` is
    +3600 before the UTC epoch second T1, +7200 from T1 on, +3600 from T2 on.
    rule: the RRULE value(s), one a line, UNTIL kept as written; None for a single event.
    added, removed: RDATE and EXDATE in `zone`, wall-clock; a DATE among DATE-TIMEs is midnight
    and removes every occurrence of that day.
    recurrence_local: RECURRENCE-ID as wall-clock in `zone` of the component (midnight for a DATE).
    is_recurrence_all_day: RECURRENCE-ID is a DATE. is_this_and_future: RANGE=THISANDFUTURE.
    status: lower case, None if absent; ``cancelled`` also when the calendar's METHOD is CANCEL.
    is_transparent: TRANSP=TRANSPARENT. organizer_name, organizer_address: empty if absent.
    """

    key: str
    position: int
    locator: str
    uid: str
    sequence: int
    stamped_at: datetime | None
    created_at: datetime | None
    starts_local: datetime
    ends_local: datetime
    is_all_day: bool
    zone: str
    rule: str | None
    added: tuple[datetime, ...]
    removed: tuple[datetime, ...]
    recurrence_local: datetime | None
    is_recurrence_all_day: bool
    is_this_and_future: bool
    status: str | None
    is_transparent: bool
    organizer_name: str
    organizer_address: str
    attendees: tuple[Attendee, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One vCard (RFC 6350, RFC 2426, vCard 2.1), without photo, note or street address.

    key: natural key within the file: UID, else a hash of name, addresses and phones.
    uid: empty if the card has none. name: FN, else put together from N, else ORG, else the first address.
    kind: KIND or X-ADDRESSBOOKSERVER-KIND in lower case, ``individual`` by default.
    organization, title: empty if absent (ORG's units joined by ``, ``).
    emails, phones, urls: as written, preferred first, without ``mailto:``/``tel:``, no duplicates.
    birthday: ``YYYY-MM-DD``, ``--MM-DD`` without a year, or None.
    categories: as written. revised_at: REV in UTC, or None.
    """

    key: str
    position: int
    locator: str
    uid: str
    name: str
    given_name: str
    family_name: str
    nickname: str
    kind: str
    organization: str
    title: str
    emails: tuple[str, ...]
    phones: tuple[str, ...]
    urls: tuple[str, ...]
    birthday: str | None
    categories: tuple[str, ...]
    revised_at: datetime | None


Record = Message | Event | Card
Item = Record | Rejected | Skipped
