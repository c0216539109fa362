"""What a report says, before it takes a form: frames in, clean and worded values out.

The page and the Markdown are both written from `Report`, so that they cannot disagree.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from warehouse.reports.timeline import Timeline, contact_days, draw
from warehouse.reports.wording import (
    count,
    day,
    likelihood,
    listed,
    mailto,
    minute,
    one_line,
    plural,
    rhythm,
    shorten,
    weekday,
)

FIRST = 5
QUARANTINE_SHOWN = 50
NAME_LIMIT = 90

Row = Mapping[str, Any]


@dataclass(frozen=True)
class ReportData:
    """Everything a report is made of.

    gone_quiet: rank, person_id, name, organization, primary_email, last_contact_on, silent_days,
    usual_gap_days, long_gap_days, contact_days, probability (that the contact has gone quiet, 0..1),
    level (``gone quiet`` or ``cooling``), quiet_score, why.
    contacts: person_id, on, channel (``email`` or ``meeting``), direction; every contact of those people.
    totals: people, interactions, messages, meetings, contacts.
    sources: name, kind, status, read, new, changed, unchanged, skipped, skipped_reasons, quarantined,
    withdrawn, last_synced_at. quarantine: source, locator, reason, mend, seen_at. Instants are UTC.
    """

    as_of: date
    owner_zone: str
    gone_quiet: pl.DataFrame
    contacts: pl.DataFrame
    totals: dict[str, int]
    sources: pl.DataFrame
    quarantine: pl.DataFrame


@dataclass(frozen=True)
class Person:
    """One person to write to. mail_link: empty unless the address is a plain one."""

    rank: int
    name: str
    full_name: str
    organization: str
    email: str
    mail_link: str
    level: str
    why: str
    last_on: date | None
    last_contact: str
    silence: str
    rhythm: str
    likelihood: str
    timeline: Timeline | None


@dataclass(frozen=True)
class Source:
    """One row of the books. missing: records read that no column accounts for, 0 if the books balance."""

    name: str
    kind: str
    status: str
    synced: str
    figures: tuple[int, ...]
    skipped_reasons: str
    missing: int


@dataclass(frozen=True)
class Quarantined:
    """One record that could not be read, and what to do about it."""

    source: str
    locator: str
    reason: str
    mend: str
    seen: str


@dataclass(frozen=True)
class Report:
    """The whole report in words and clean values."""

    as_of: date
    day: str
    weekday: str
    zone: str
    lead: str
    first: tuple[Person, ...]
    rest: tuple[Person, ...]
    empty: str
    totals: tuple[tuple[str, str], ...]
    sources: tuple[Source, ...]
    balance: str
    is_balanced: bool
    quarantine: tuple[Quarantined, ...]
    more_quarantined: int


FIGURES = ("read", "new", "changed", "unchanged", "skipped", "quarantined", "withdrawn")
TOTALS = (("people", "people"), ("interactions", "interactions"), ("messages", "messages"),
          ("meetings", "meetings"), ("contacts", "address cards"))  # fmt: skip
NOTHING_READ = (
    "There is no data yet. Add a calendar, an address book or a mailbox with “kith source add”, "
    "then run “kith sync”; the report fills itself from there."
)
NOBODY_QUIET = (
    "Nobody has gone quiet. Everyone with whom you have a rhythm is still within it, so there is no one "
    "you need to write to today."
)


def report(data: ReportData) -> Report:
    """The report of `data`, people in the order of their rank."""
    days = contact_days(data.contacts, data.as_of)
    ranked = data.gone_quiet if data.gone_quiet.is_empty() else data.gone_quiet.sort("rank")
    people = tuple(
        _person(row, draw(days.get(row["person_id"], []), data.as_of)) for row in ranked.iter_rows(named=True)
    )
    zone = ZoneInfo(data.owner_zone)
    sources = tuple(_source(row, zone) for row in data.sources.iter_rows(named=True))
    has_data = any(data.totals.values())
    return Report(
        as_of=data.as_of,
        day=day(data.as_of),
        weekday=weekday(data.as_of),
        zone=data.owner_zone,
        lead=_lead(people),
        first=people[:FIRST],
        rest=people[FIRST:],
        empty="" if people else NOBODY_QUIET if has_data else NOTHING_READ,
        totals=tuple((label, count(data.totals.get(key, 0))) for key, label in TOTALS),
        sources=sources,
        balance=_balance(sources),
        is_balanced=all(source.missing == 0 for source in sources),
        quarantine=tuple(
            _quarantined(row, zone) for row in data.quarantine.head(QUARANTINE_SHOWN).iter_rows(named=True)
        ),
        more_quarantined=max(0, data.quarantine.height - QUARANTINE_SHOWN),
    )


def _person(row: Row, timeline: Timeline | None) -> Person:
    """One row of gone_quiet in words."""
    email = one_line(row["primary_email"])
    full_name = one_line(row["name"]) or email or "Someone without a name"
    last_on, silent_days = row["last_contact_on"], row["silent_days"]
    return Person(
        rank=row["rank"],
        name=shorten(full_name, NAME_LIMIT),
        full_name=full_name,
        organization=shorten(one_line(row["organization"]), NAME_LIMIT),
        email=shorten(email, NAME_LIMIT),
        mail_link=mailto(email),
        level=one_line(row["level"]),
        why=one_line(row["why"]),
        last_on=last_on,
        last_contact=day(last_on) if last_on else "not known",
        silence="" if silent_days is None else f"{plural(silent_days, 'day')} ago",
        rhythm=rhythm(row["usual_gap_days"]),
        likelihood=likelihood(row["probability"]),
        timeline=timeline,
    )


def _source(row: Row, zone: ZoneInfo) -> Source:
    """One row of sources; read = new + changed + unchanged + skipped + quarantined, or some are missing."""
    figures = tuple(row[figure] or 0 for figure in FIGURES)
    return Source(
        name=one_line(row["name"]),
        kind=one_line(row["kind"]),
        status=one_line(row["status"]),
        synced=_at(row["last_synced_at"], zone),
        figures=figures,
        skipped_reasons=one_line(row["skipped_reasons"]),
        missing=figures[0] - sum(figures[1:6]),
    )


def _quarantined(row: Row, zone: ZoneInfo) -> Quarantined:
    """One row of quarantine, clean."""
    texts = {key: one_line(row[key]) for key in ("source", "locator", "reason", "mend")}
    return Quarantined(**texts, seen=_at(row["seen_at"], zone))


def _lead(people: tuple[Person, ...]) -> str:
    """The report in one sentence, empty if nobody is on it."""
    quiet = sum(person.level == "gone quiet" for person in people)
    cooling = len(people) - quiet
    parts = [f"{plural(quiet, 'person has', 'people have')} gone quiet"] * bool(quiet)
    parts += [f"{plural(cooling, 'person is', 'people are')} cooling"] * bool(cooling)
    order = " First comes the one with whom there is most contact to lose." if len(people) > 1 else ""
    return f"{listed(parts)}.{order}" if people else ""


def _balance(sources: tuple[Source, ...]) -> str:
    """Whether every record that was read is accounted for, with the sums or with what is missing."""
    if not sources:
        return ""
    off = [
        f"{each.name}: {count(each.figures[0])} read, {count(each.figures[0] - each.missing)} accounted for"
        for each in sources
        if each.missing
    ]
    if off:
        return f"The books do not balance. {'; '.join(off)}."
    read, new, changed, unchanged, skipped, quarantined, _ = map(
        sum, zip(*(s.figures for s in sources), strict=True)
    )
    return (
        f"The books balance: {count(read)} read = {count(new)} new + {count(changed)} changed + "
        f"{count(unchanged)} unchanged + {count(skipped)} skipped + {count(quarantined)} quarantined."
    )


def _at(instant: datetime | None, zone: ZoneInfo) -> str:
    """An instant in the owner's zone, empty for none; a naive one is UTC."""
    if instant is None:
        return ""
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return minute(aware.astimezone(zone))
