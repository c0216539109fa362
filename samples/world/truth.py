"""What a reader of the files should find, counted from the plan by the rules of what is a contact."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from .cases import CASES, Case
from .cast import OTHERS, PEOPLE, SHARED_ADDRESS, SHARED_NAMES, at
from .people import NOT_QUIET, QUIET, Person
from .plan import (
    AS_OF,
    BERLIN,
    MARKER,
    ME_HOME,
    ME_WORK,
    MY_ADDRESSES,
    Appointment,
    Guest,
    Mail,
    Occurrence,
    instant,
    occurrences,
)

_LARGEST_PARTY = 12
_ATTENDING = {"ACCEPTED", "TENTATIVE"}
_ENDINGS = {
    "reply": "my answer",
    "meeting": "a meeting",
    "mine": "a message of mine",
    "theirs": "a message of theirs",
}


@dataclass(frozen=True, slots=True)
class Contact:
    """One interaction. email: the person's first address. channel: a key of `interaction_counts`.

    party: the people in it, me included.
    """

    email: str
    on: date
    channel: str
    party: int


def truth(mails: list[Mail], appointments: list[Appointment], books: dict[str, Any]) -> dict[str, Any]:
    """The content of truth.json."""
    found = contacts(mails, appointments)
    counts = {email: dict.fromkeys(("email_in", "email_out", "meeting"), 0) for email in _humans()}
    for contact in found:
        counts[contact.email][contact.channel] += 1
    last = {
        email: max(c.on for c in found if c.email == email) for email, n in counts.items() if any(n.values())
    }
    return {
        "as_of": AS_OF.isoformat(),
        "me": list(MY_ADDRESSES),
        "owner_zone": BERLIN,
        "marker": MARKER,
        "gone_quiet": [_silence(p, found) for p in PEOPLE if p.verdict == QUIET],
        "not_quiet": [
            {"name": p.name, "email": p.emails[0], "why": p.why}
            for p in PEOPLE + OTHERS
            if p.verdict == NOT_QUIET
        ],
        "meetings": [fact for case in CASES for fact in _facts(case, appointments)],
        "same_person": [list(p.emails) for p in PEOPLE if len(p.emails) > 1] + [list(MY_ADDRESSES)],
        "different_people_one_address": [{"address": SHARED_ADDRESS, "names": list(SHARED_NAMES)}],
        "namesakes": [[p.emails[0] for p in PEOPLE if p.name == "Mira Holt"]],
        "kinds": _kinds(),
        "last_contact": {email: day.isoformat() for email, day in last.items()},
        "interaction_counts": counts,
        "books": books,
    }


def contacts(mails: Iterable[Mail], appointments: Iterable[Appointment]) -> list[Contact]:
    """Every interaction up to the end of the as-of day."""
    return [
        *(contact for mail in mails for contact in _of_mail(mail)),
        *(
            contact
            for appointment in appointments
            for occurrence in occurrences(appointment)
            for contact in _of_meeting(occurrence)
        ),
    ]


def has_plans(appointments: Iterable[Appointment], email: str) -> bool:
    """True if a meeting with the person, not declined, stands in the calendar after the as-of day."""
    return any(
        instant(o.starts, appointment.zone) > _end_of_world() and _takes_part(o, email)
        for appointment in appointments
        for o in occurrences(appointment)
    )


def _humans() -> list[str]:
    return [person.emails[0] for person in PEOPLE] + [SHARED_ADDRESS]


def _kinds() -> dict[str, str]:
    everybody = PEOPLE + OTHERS
    return {email: p.kind for p in everybody for email in p.emails} | {SHARED_ADDRESS: "human"}


def _key(address: str) -> str:
    """The first address of the human who writes from this one; empty for me and for machines."""
    person = at(address)
    if person is None:
        return SHARED_ADDRESS if address == SHARED_ADDRESS else ""
    return person.emails[0] if person.kind == "human" else ""


def _of_mail(mail: Mail) -> Iterator[Contact]:
    if not mail.is_contact:
        return
    day, receivers = mail.sent_at.astimezone(ZoneInfo(BERLIN)).date(), (*mail.to, *mail.cc)
    is_mine = mail.sender in (ME_HOME, ME_WORK)
    for box in receivers if is_mine else (mail.sender,):
        if email := _key(box.address):
            yield Contact(email, day, "email_out" if is_mine else "email_in", len(receivers) + 1)


def _people(guests: Iterable[Guest]) -> list[Guest]:
    return [guest for guest in guests if guest.kind != "ROOM"]


def _is_on(occurrence: Occurrence) -> bool:
    """Held or to be held, with me, and small enough to be a contact."""
    appointment = occurrence.appointment
    mine = [guest.response for guest in occurrence.guests if guest.mailbox in (ME_HOME, ME_WORK)]
    i_organize = appointment.organizer in (ME_HOME, ME_WORK, None)
    if appointment.days or occurrence.fate in ("cancelled", "removed"):
        return False
    if "DECLINED" in mine or not (i_organize or any(response in _ATTENDING for response in mine)):
        return False
    return len(_people(occurrence.guests)) + (not mine) <= _LARGEST_PARTY


def _takes_part(occurrence: Occurrence, email: str) -> bool:
    invited = (g for g in _people(occurrence.guests) if g.response != "DECLINED")
    return _is_on(occurrence) and any(_key(guest.mailbox.address) == email for guest in invited)


def _of_meeting(occurrence: Occurrence) -> Iterator[Contact]:
    starts = instant(occurrence.starts, occurrence.appointment.zone)
    if starts > _end_of_world():
        return
    guests, day = _people(occurrence.guests), starts.astimezone(ZoneInfo(BERLIN)).date()
    party = len(guests) + all(guest.mailbox.address not in MY_ADDRESSES for guest in guests)
    for email in sorted({_key(guest.mailbox.address) for guest in guests} - {""}):
        if _takes_part(occurrence, email):
            yield Contact(email, day, "meeting", party)


def _end_of_world() -> datetime:
    midnight = datetime.combine(AS_OF + timedelta(days=1), datetime.min.time())
    return midnight.replace(tzinfo=ZoneInfo(BERLIN)).astimezone(UTC)


def _facts(case: Case, appointments: list[Appointment]) -> Iterator[dict[str, Any]]:
    """One fact for each occurrence of the case: exactly one, or the plan is wrong."""
    for appointment in (a for a in appointments if a.uid == case.uid):
        for occurrence in occurrences(appointment):
            if occurrence.original.date().isoformat() == case.on:
                yield _fact(case, occurrence)


def _fact(case: Case, occurrence: Occurrence) -> dict[str, Any]:
    appointment = occurrence.appointment
    original, starts = (instant(wall, appointment.zone) for wall in (occurrence.original, occurrence.starts))
    responses = {guest.mailbox.address: guest.response for guest in occurrence.guests}
    mine = next((responses[address] for address in MY_ADDRESSES if address in responses), None)
    begins_in_time = starts <= _end_of_world()
    answers = {mine, responses[case.email]}
    return {
        "what": case.what,
        "uid": case.uid,
        "original_start": case.on if appointment.days else f"{original:%Y-%m-%dT%H:%M:%SZ}",
        "fate": _fate(occurrence, answers) if begins_in_time else "to come",
        "starts_at": case.on if appointment.days else f"{starts:%Y-%m-%dT%H:%M:%SZ}",
        "my_response": mine.lower() if mine else None,
        "their_response": responses[case.email].lower() or None,
        "email": case.email,
        "interaction": begins_in_time and _takes_part(occurrence, case.email),
    }


def _fate(occurrence: Occurrence, answers: set[str | None]) -> str:
    """What became of the occurrence for the two of us: the plan's fate, or an answer that undid it."""
    if occurrence.fate in ("cancelled", "removed"):
        return occurrence.fate
    if "DECLINED" in answers:
        return "declined"
    return "unanswered" if "NEEDS-ACTION" in answers else occurrence.fate


def _silence(person: Person, found: list[Contact]) -> dict[str, str]:
    """A planted silence, with the sentence that explains it."""
    days = sorted({c.on for c in found if c.email == person.emails[0] and c.party <= 6})
    usual = median((later - earlier).days for earlier, later in pairwise(days))
    ending = _ENDINGS[person.rhythm.ends] if person.rhythm else ""
    why = (
        f"{len(days)} contact days, usually every {usual:g} days, the last of them {ending}; "
        f"silent {(AS_OF - days[-1]).days} days"
    )
    return {
        "name": person.name,
        "email": person.emails[0],
        "last_contact_on": days[-1].isoformat(),
        "why": f"{why}; {person.why}" if person.why else why,
    }
