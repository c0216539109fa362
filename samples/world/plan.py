"""What can be planned: mails and appointments. Plans know what they mean; files only show it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

AS_OF = date(2026, 6, 30)
MARKER = "zebra-lantern"
BERLIN = "Europe/Berlin"
WINDOWS_BERLIN = "W. Europe Standard Time"
TOWN_TIME = "Oderling Town Time"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A display name and an address."""

    name: str
    address: str


ME_HOME = Mailbox("Robin Ferrow", "robin@ferrow.example")
ME_WORK = Mailbox("Robin Ferrow", "robin.ferrow@northlight.example")
MY_ADDRESSES = (ME_HOME.address, ME_WORK.address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A message. `is_contact`: by plan a personal message between the sender and me, either way.

    flaw: ``bad-date``, ``no-message-id``, ``from-line`` or empty. headers: extra ones, in order.
    delivered_to: which of my addresses the received copy names; empty for a message that only I hold as sent.
    """

    sent_at: datetime
    sender: Mailbox
    to: tuple[Mailbox, ...]
    message_id: str
    subject: str
    is_contact: bool = True
    cc: tuple[Mailbox, ...] = ()
    references: tuple[str, ...] = ()
    folders: tuple[str, ...] = ("inbox",)
    headers: tuple[tuple[str, str], ...] = ()
    delivered_to: str = ""
    return_path: str | None = None
    flaw: str = ""
    undisclosed: bool = False


@dataclass(frozen=True, slots=True)
class Guest:
    """An attendee. response: PARTSTAT, empty to leave it out. kind: CUTYPE, empty for a person."""

    mailbox: Mailbox
    response: str = "ACCEPTED"
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one occurrence: moved to another time, cancelled, or declined by a guest's address."""

    moved_to: datetime | None = None
    is_cancelled: bool = False
    declined_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """An event or a weekly series. starts: wall-clock time in `zone`; an empty zone floats.

    days: length of an all-day event, 0 for a timed one. weeks: repeats every so many weeks, 0 for once.
    removed, added: EXDATE and RDATE. shifted_from, shifted_to: another time of day from a date on.
    stopped_from: cancelled from a date on.
    """

    uid: str
    starts: datetime
    guests: tuple[Guest, ...] = ()
    organizer: Mailbox | None = ME_WORK
    minutes: int = 45
    zone: str = BERLIN
    calendars: tuple[str, ...] = ("work",)
    days: int = 0
    weeks: int = 0
    until: date | None = None
    count: int | None = None
    status: str = ""
    changes: Mapping[date, Change] = field(default_factory=dict)
    removed: tuple[date, ...] = ()
    added: tuple[datetime, ...] = ()
    shifted_from: date | None = None
    shifted_to: time | None = None
    stopped_from: date | None = None
    has_duration: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One planned occurrence. original, starts: wall clock in the appointment's zone.

    fate: ``happened``, ``moved``, ``cancelled``, ``removed``; guests: with their final responses.
    """

    appointment: Appointment
    original: datetime
    starts: datetime
    fate: str
    guests: tuple[Guest, ...]


def instant(wall: datetime, zone: str) -> datetime:
    """The UTC instant of a wall-clock time; floating times are the owner's."""
    if zone == "UTC":
        return wall.replace(tzinfo=UTC)
    berlin = wall.replace(tzinfo=ZoneInfo(BERLIN)).astimezone(UTC)
    return berlin - timedelta(minutes=30) if zone == TOWN_TIME else berlin


def answered(guests: tuple[Guest, ...], address: str, response: str) -> tuple[Guest, ...]:
    """The guests, one of them with another response."""
    return tuple(
        Guest(guest.mailbox, response, guest.kind) if guest.mailbox.address == address else guest
        for guest in guests
    )


def occurrences(appointment: Appointment) -> list[Occurrence]:
    """Every planned occurrence up to the horizon, in the order of the original starts."""
    return [_occurrence(appointment, original) for original in sorted(_originals(appointment))]


def _originals(appointment: Appointment) -> list[datetime]:
    """Regular and added starts; removed ones too: they are planned not to happen."""
    horizon = min(appointment.until or AS_OF + timedelta(days=90), AS_OF + timedelta(days=90))
    starts = [appointment.starts]
    while appointment.weeks:
        following = starts[-1] + timedelta(weeks=appointment.weeks)
        if following.date() > horizon or len(starts) == appointment.count:
            break
        starts.append(following)
    return [*starts, *appointment.added]


def _occurrence(appointment: Appointment, original: datetime) -> Occurrence:
    day = original.date()
    change = appointment.changes.get(day, Change())
    starts, fate, guests = original, "happened", appointment.guests
    if appointment.shifted_from and appointment.shifted_to and day >= appointment.shifted_from:
        starts, fate = datetime.combine(day, appointment.shifted_to), "moved"
    if change.moved_to:
        starts, fate = change.moved_to, "moved"
    if change.declined_by:
        guests = answered(guests, change.declined_by, "DECLINED")
    stopped = appointment.stopped_from is not None and day >= appointment.stopped_from
    if stopped or change.is_cancelled or appointment.status == "CANCELLED":
        fate = "cancelled"
    if day in appointment.removed:
        fate = "removed"
    return Occurrence(appointment=appointment, original=original, starts=starts, fate=fate, guests=guests)
