"""The diary: series and single events, each planted for one rule of what counts as a meeting."""

from datetime import date, datetime, time

from .cast import PEOPLE, named
from .plan import (
    ME_HOME,
    ME_WORK,
    TOWN_TIME,
    WINDOWS_BERLIN,
    Appointment,
    Change,
    Guest,
    Mailbox,
)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _who(name: str) -> Mailbox:
    return named(name).mailbox


def _with(*names: str, me: str = "ACCEPTED") -> tuple[Guest, ...]:
    """Me and the others, who all accepted."""
    return (Guest(ME_WORK, me), *(Guest(_who(name)) for name in names))


def _room(name: str) -> Guest:
    return Guest(_who(name), "ACCEPTED", "ROOM")


_TEAM = ("Adaeze Norrstrand", "Mirko Salzbrunner", "Linnea Copperleaf", "Farid Okubo-Lane",
         "Greta Windhover", "Noor Vasterling", "Teodor Plume")  # fmt: skip
_WORKSHOP = (*_TEAM, "Amara Thistlewood", "Björn Ackerfeld", "Uchenna Brightwater", "Zsófia Harrowgát")


def series() -> list[Appointment]:
    """What repeats."""
    return [
        Appointment(
            uid="one-to-one-adaeze@northlight.example",
            starts=_at("2023-09-06 09:00"),
            weeks=1,
            organizer=_who("Adaeze Norrstrand"),
            guests=_with("Adaeze Norrstrand"),
            changes={
                _day("2025-11-12"): Change(moved_to=_at("2025-11-14 14:30")),
                _day("2026-01-14"): Change(is_cancelled=True),
                _day("2026-04-15"): Change(declined_by=ME_WORK.address),
                _day("2026-05-13"): Change(declined_by=_who("Adaeze Norrstrand").address),
            },
            removed=(_day("2023-12-27"), _day("2024-12-25"), _day("2025-12-24"), _day("2025-12-31")),
        ),
        Appointment(
            uid="one-to-one-mirko@northlight.example",
            starts=_at("2024-02-01 11:00"),
            weeks=1,
            zone=WINDOWS_BERLIN,
            guests=(
                Guest(_who("Mirko Salzbrunner")),
            ),  # Outlook does not list the organizer among the guests
            removed=(_day("2025-05-01"),),
        ),
        Appointment(
            uid="town-walk-linnea@oderling.example",
            starts=_at("2024-03-01 16:00"),
            weeks=1,
            zone=TOWN_TIME,
            organizer=_who("Linnea Copperleaf"),
            guests=_with("Linnea Copperleaf", me="TENTATIVE"),
        ),
        Appointment(
            uid="sync-farid@northlight.example",
            starts=_at("2024-04-02 10:00"),
            weeks=1,
            guests=_with("Farid Okubo-Lane"),
            shifted_from=_day("2025-09-02"),
            shifted_to=time(15, 0),
        ),
        Appointment(
            uid="review-greta@northlight.example",
            starts=_at("2024-04-12 13:00"),
            weeks=2,
            guests=_with("Greta Windhover"),
            removed=(_day("2025-04-25"),),
            added=(_at("2025-04-28 13:00"),),
        ),
        Appointment(
            uid="team-northlight@northlight.example",
            starts=_at("2024-01-08 09:30"),
            weeks=1,
            guests=(*_with(*_TEAM), _room("Room Aurora")),
            changes={_day("2025-10-27"): Change(declined_by=_who("Noor Vasterling").address)},
        ),
        Appointment(
            uid="coaching-stellan@graywick.example",
            starts=_at("2025-09-08 17:00"),
            weeks=1,
            count=6,
            organizer=_who("Stellan Graywick"),
            guests=_with("Stellan Graywick"),
            stopped_from=_day("2025-09-22"),
        ),
        Appointment(
            uid="reading-circle@umber.example",
            starts=_at("2025-10-02 18:00"),
            weeks=1,
            count=8,
            organizer=_who("Rosalind Umber"),
            guests=_with("Rosalind Umber"),
            status="CANCELLED",
        ),
        Appointment(
            uid="pitch-pelle@novgaarden.example",
            starts=_at("2026-05-08 11:00"),
            weeks=1,
            until=_day("2026-06-26"),
            organizer=_who("Pelle Novgaarden"),
            guests=_with("Pelle Novgaarden", me="DECLINED"),
        ),
        Appointment(
            uid="garden-hour@oderling.example",
            starts=_at("2025-06-03 18:30"),
            weeks=1,
            count=4,
            guests=_with("Kofi Larkspur"),
            calendars=("work", "private"),
        ),
    ]


def singles() -> list[Appointment]:
    """What happens once, or does not."""
    crowd = tuple(person.name for person in PEOPLE if person.name != "Mira Holt")[:39]
    return [
        Appointment(
            uid="timber-visit@novgaarden.example",
            starts=_at("2026-06-18 10:00"),
            organizer=_who("Pelle Novgaarden"),
            guests=_with("Pelle Novgaarden"),
            status="CANCELLED",
        ),
        Appointment(
            uid="sawmill-tour@novgaarden.example",
            starts=_at("2026-06-11 15:00"),
            organizer=_who("Pelle Novgaarden"),
            guests=_with("Pelle Novgaarden", me="NEEDS-ACTION"),
        ),
        Appointment(
            uid="mill-opening@wexcombe.example",
            starts=_at("2026-02-05 18:00"),
            organizer=_who("Lucinda Wexcombe"),
            guests=_with("Lucinda Wexcombe", me="NEEDS-ACTION"),
        ),
        Appointment(
            uid="lens-lunch@kestrelova.example",
            starts=_at("2026-06-24 12:30"),
            organizer=_who("Zofia Kestrelova"),
            guests=_with("Zofia Kestrelova"),
        ),
        Appointment(
            uid="contract-talk@hollowaypell.example",
            starts=_at("2026-07-14 10:00"),
            organizer=_who("Ravindra Holloway-Pell"),
            guests=_with("Ravindra Holloway-Pell"),
        ),
        Appointment(
            uid="film-night@mothlight.example",
            starts=_at("2026-03-19 19:00"),
            organizer=_who("Jadwiga Moth"),
            guests=_with("Jadwiga Moth", me="TENTATIVE"),
        ),
        Appointment(
            uid="print-check@quist.example",
            starts=_at("2026-01-22 09:00"),
            guests=(Guest(ME_WORK), Guest(_who("Umberto Quist"), "DECLINED"), Guest(_who("Edmund Tarn"))),
        ),
        Appointment(
            uid="workshop-twelve@northlight.example",
            starts=_at("2025-03-13 13:00"),
            minutes=180,
            guests=(*_with(*_WORKSHOP), _room("Room Borealis")),
        ),
        Appointment(
            uid="fair-banner@lanternfair.example",
            starts=_at("2026-05-19 00:00"),
            days=3,
            organizer=_who("Xiomara Delacroft"),
            guests=_with("Xiomara Delacroft"),
        ),
        Appointment(
            uid="fair-session@lanternfair.example",
            starts=_at("2026-05-20 14:00"),
            minutes=90,
            organizer=_who("Xiomara Delacroft"),
            guests=_with(*crowd),
        ),
        Appointment(
            uid="call-merribank@merribank.example",
            starts=_at("2026-02-26 08:00"),
            zone="UTC",
            organizer=_who("Jun-ho Merribank"),
            guests=_with("Jun-ho Merribank"),
            has_duration=True,
        ),
        Appointment(
            uid="pier-lunch@oderling.example",
            starts=_at("2026-04-09 12:00"),
            organizer=_who("Gwilym Sedge"),
            guests=_with("Gwilym Sedge"),
            calendars=("work", "private"),
        ),
        Appointment(
            uid="supper-dagny@fallowmere.example",
            starts=_at("2025-09-14 19:30"),
            minutes=150,
            zone="",
            organizer=ME_HOME,
            guests=(Guest(ME_HOME), Guest(_who("Dagny Fallowmere"))),
            calendars=("private",),
        ),
        Appointment(
            uid="swim-tuuli@havenmere.example",
            starts=_at("2025-08-02 10:00"),
            organizer=None,
            guests=(Guest(_who("Tuuli Havenmere"), ""),),
            calendars=("private",),
        ),
        Appointment(
            uid="dentist@ferrow.example",
            starts=_at("2026-03-03 08:15"),
            organizer=None,
            calendars=("private",),
        ),
        Appointment(
            uid="island-days@ferrow.example",
            starts=_at("2025-08-11 00:00"),
            days=10,
            organizer=None,
            calendars=("private",),
        ),
    ]
