"""The planted cases: which occurrence shows which rule, and for whom."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """A planted fact: what became of one occurrence (by its original day) for one person."""

    what: str
    uid: str
    on: str
    email: str


CASES = (
    Case("a series in winter time", "one-to-one-adaeze@northlight.example", "2026-02-11",
         "adaeze.norrstrand@northlight.example"),
    Case("the same series in summer time", "one-to-one-adaeze@northlight.example", "2026-06-24",
         "adaeze.norrstrand@northlight.example"),
    Case("an occurrence moved by two days", "one-to-one-adaeze@northlight.example", "2025-11-12",
         "adaeze.norrstrand@northlight.example"),
    Case("a cancelled occurrence", "one-to-one-adaeze@northlight.example", "2026-01-14",
         "adaeze.norrstrand@northlight.example"),
    Case("an occurrence that I declined", "one-to-one-adaeze@northlight.example", "2026-04-15",
         "adaeze.norrstrand@northlight.example"),
    Case("an occurrence that they declined", "one-to-one-adaeze@northlight.example", "2026-05-13",
         "adaeze.norrstrand@northlight.example"),
    Case("an EXDATE", "one-to-one-adaeze@northlight.example", "2024-12-25",
         "adaeze.norrstrand@northlight.example"),
    Case("a Windows time zone, organizer not among the attendees", "one-to-one-mirko@northlight.example",
         "2026-06-25", "mirko.salzbrunner@northlight.example"),
    Case("an invented VTIMEZONE, tentative", "town-walk-linnea@oderling.example", "2026-06-26",
         "linnea.copperleaf@northlight.example"),
    Case("an invented VTIMEZONE in winter", "town-walk-linnea@oderling.example", "2026-01-16",
         "linnea.copperleaf@northlight.example"),
    Case("before a THISANDFUTURE change", "sync-farid@northlight.example", "2025-08-26",
         "farid.okubo-lane@northlight.example"),
    Case("after a THISANDFUTURE change", "sync-farid@northlight.example", "2026-06-23",
         "farid.okubo-lane@northlight.example"),
    Case("after the as-of day", "sync-farid@northlight.example", "2026-07-07",
         "farid.okubo-lane@northlight.example"),
    Case("an RDATE in place of an EXDATE", "review-greta@northlight.example", "2025-04-28",
         "greta.windhover@northlight.example"),
    Case("a team meeting of eight", "team-northlight@northlight.example", "2026-06-29",
         "teodor.plume@northlight.example"),
    Case("a team meeting that one of eight declined", "team-northlight@northlight.example", "2025-10-27",
         "noor.vasterling@northlight.example"),
    Case("a room", "team-northlight@northlight.example", "2026-06-29", "room-aurora@northlight.example"),
    Case("before a series was cancelled from a date on", "coaching-stellan@graywick.example", "2025-09-15",
         "stellan@graywick.example"),
    Case("a series cancelled from this date on", "coaching-stellan@graywick.example", "2025-09-29",
         "stellan@graywick.example"),
    Case("a series cancelled as a whole", "reading-circle@umber.example", "2025-10-09",
         "rosalind@umber.example"),
    Case("a series that I declined", "pitch-pelle@novgaarden.example", "2026-06-26",
         "pelle@novgaarden.example"),
    Case("a cancelled meeting", "timber-visit@novgaarden.example", "2026-06-18", "pelle@novgaarden.example"),
    Case("an invitation never answered", "sawmill-tour@novgaarden.example", "2026-06-11",
         "pelle@novgaarden.example"),
    Case("a series in both calendars", "garden-hour@oderling.example", "2025-06-17",
         "kofi@larkspur.example"),
    Case("a meeting in both calendars", "pier-lunch@oderling.example", "2026-04-09",
         "gwilym@sedge.example"),
    Case("a meeting last week", "lens-lunch@kestrelova.example", "2026-06-24", "zofia@kestrelova.example"),
    Case("a meeting to come", "contract-talk@hollowaypell.example", "2026-07-14",
         "ravindra@hollowaypell.example"),
    Case("a tentative evening", "film-night@mothlight.example", "2026-03-19", "jadwiga@mothlight.example"),
    Case("a guest who declined my meeting", "print-check@quist.example", "2026-01-22",
         "umberto@quist.example"),
    Case("the other guest of that meeting", "print-check@quist.example", "2026-01-22",
         "e.tarn@lakeside.example"),
    Case("twelve people and a room", "workshop-twelve@northlight.example", "2025-03-13",
         "amara@thistlewood.example"),
    Case("an all-day banner", "fair-banner@lanternfair.example", "2026-05-19", "xiomara@delacroft.example"),
    Case("a session of forty", "fair-session@lanternfair.example", "2026-05-20",
         "tamsin.okorewe@brambleworks.example"),
    Case("a meeting in UTC with a DURATION", "call-merribank@merribank.example", "2026-02-26",
         "junho@merribank.example"),
    Case("floating time", "supper-dagny@fallowmere.example", "2025-09-14", "dagny@fallowmere.example"),
    Case("an entry of my own, nobody asked", "swim-tuuli@havenmere.example", "2025-08-02",
         "tuuli@havenmere.example"),
)  # fmt: skip
