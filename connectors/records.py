"""The treaty with the warehouse: what a connector may yield, and nothing else.

A connector is a function ``read(source: Input)`` that yields, in file order, one item for everything the
file offers: a record, a `Skipped` (readable, but not of our kind), a `Rejected` (of our kind, but unreadable)
or a `Seen` (a record that has landed from this file before and was not parsed again). The number of items is
the number that the books call *read*.

Metadata only: no item has a field for a subject, a title, a description, a place, a note or a body.
`warehouse/schema` declares the same columns; a test holds the two together.

Every record has, first, `key`: its natural key within the file. And last:
capped: what was left of it because a bound was reached, one clause (``recipients beyond 500``), else empty.
digest: of the bytes that the record was made from and what else it depends on, in hex; empty where a format
does not recognise its records by it. Never part of what a record says.
position: byte offset of its first byte in the file. locator: where a person finds it.
"""

from datetime import date, datetime

import msgspec


class ConnectorError(Exception):
    """Why a whole file could not be read: what is wrong and the mend, in one line, the file not named."""


class NotThisFormat(ConnectorError):
    """The file holds nothing of the format: binary data, a login page, another program's export."""


class Rejected(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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


class Seen(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A record whose digest is among those that have landed from this file: it says what it said."""

    position: int
    digest: str


class Skipped(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Readable, but not of our kind: a VTODO, a contact group. reason: one or two words, e.g. ``VTODO``."""

    position: int
    locator: str
    reason: str


class MessageParty(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One address of a header. role: ``from``, ``to``, ``cc``, ``bcc`` or ``reply_to``.

    name: display name, RFC 2047 decoded, control characters removed, may be empty.
    address: addr-spec as written, without ``mailto:`` and white space (identity folds case, not we).
    """

    role: str
    name: str
    address: str


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The headers of one mail message (RFC 5322), never its subject or body.

    key: natural key within the file: Message-ID, sender and instant; a hash of the headers without one.
    message_id: without angle brackets, empty if the message has none.
    sent_at: UTC; None if neither Date, nor Received, nor the separator gives an instant in 1970..2100.
    dated_by: ``date``, ``received``, ``separator`` or ``none``.
    references: RFC 5322 References, oldest first. in_reply_to: its first msg-id, or None.
    return_path: None if the header is absent, empty for the null path ``<>``.
    delivered_to: Delivered-To, X-Original-To, Envelope-To, X-Envelope-To, as addresses.
    labels: X-Gmail-Labels, decoded and split, and ``sent`` if one of them says so in any
        language, or ``sent folder`` if only the name of its folder does.
    service: ``email``, or ``linkedin``; then addresses are profile URLs and delivered_to is the owner's own.
    """

    key: str
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
    service: str = "email"
    capped: str = ""
    digest: str = ""
    position: int
    locator: str


class Attendee(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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
    capped: str = ""
    digest: str = ""
    position: int
    locator: str


class Card(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One vCard (RFC 6350, RFC 2426, vCard 2.1), without photo, note or street address.

    key: natural key within the file: UID, else a hash of name, addresses and phones.
    uid: empty if the card has none. name: FN, else put together from N, else ORG, else the first address.
    kind: KIND or X-ADDRESSBOOKSERVER-KIND in lower case, ``individual`` by default.
    organization, title: empty if absent (ORG's units joined by ``, ``).
    emails, phones, urls: as written, preferred first, without ``mailto:``/``tel:``, no duplicates.
    birthday: ``YYYY-MM-DD``, ``--MM-DD`` without a year, or None.
    categories: as written. revised_at: REV in UTC, or None; of an export without it, when it was made.
    connected_on: the day on which its owner connected with the person, of services that say so.
    """

    key: str
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
    connected_on: date | None = None
    capped: str = ""
    digest: str = ""
    position: int
    locator: str


class Invitation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One invitation to connect, sent or received.

    direction: ``in`` or ``out``. name: of the other person. profile: the other person's profile URL.
    """

    key: str
    sent_at: datetime | None
    direction: str
    name: str
    profile: str
    capped: str = ""
    digest: str = ""
    position: int
    locator: str


class Position(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A position that the owner of the export held. started_on, ended_on: ``YYYY``, ``YYYY-MM`` or empty."""

    key: str
    organization: str
    title: str
    started_on: str
    ended_on: str
    capped: str = ""
    digest: str = ""
    position: int
    locator: str


class OwnIdentifier(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An identifier of the owner of the export. kind: ``email`` or ``linkedin``. evidence: what says so."""

    key: str
    kind: str
    value: str
    evidence: str
    capped: str = ""
    digest: str = ""
    position: int
    locator: str


Record = Message | Event | Card | Invitation | Position | OwnIdentifier
Item = Record | Rejected | Skipped | Seen
