"""Contacts in, the geometry of a small timeline out.

Positions are percentages, so that a narrow screen moves the marks closer and never shrinks the labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from warehouse.reports.wording import MONTHS, count, day, plural

YEARS_SHOWN = 3
MONTH_ROOM, YEAR_ROOM = 18.0, 10.5  # the shares of a telephone's width that "Mar 2023" and "2023" need


@dataclass(frozen=True)
class ContactDay:
    """One day with a person. has_meeting: otherwise mail was all there was."""

    on: date
    has_meeting: bool


@dataclass(frozen=True)
class Year:
    """A first of January in view. is_last: too near the end for a label that begins here."""

    x: str
    label: str
    is_last: bool


@dataclass(frozen=True)
class Timeline:
    """What the page draws: each x is a percentage of the width, `summary` is all of it in words."""

    meetings: tuple[str, ...]
    mails: tuple[str, ...]
    years: tuple[Year, ...]
    begins: str
    silent_x: str
    silent_width: str
    silent_label: str
    summary: str


def contact_days(contacts: pl.DataFrame, as_of: date) -> dict[object, list[ContactDay]]:
    """The contact days of each person up to `as_of`, oldest first; several contacts of a day are one."""
    if contacts.is_empty():
        return {}
    days = (
        contacts.lazy()
        .filter(pl.col("on") <= as_of)
        .group_by("person_id", "on")
        .agg(has_meeting=(pl.col("channel") == "meeting").any())
        .sort("person_id", "on")
        .collect()
    )
    found: dict[object, list[ContactDay]] = {}
    for person_id, on, has_meeting in days.select("person_id", "on", "has_meeting").iter_rows():
        found.setdefault(person_id, []).append(ContactDay(on, has_meeting))
    return found


def draw(days: Sequence[ContactDay], as_of: date) -> Timeline | None:
    """The last three years with a person, or all there is if that is less; None without a contact day."""
    if not days:
        return None
    opens = max(days[0].on, _years_before(as_of, YEARS_SHOWN))
    span = max((as_of - opens).days, 1)

    def x(on: date) -> float:
        return max(0.0, 100 * (on - opens).days / span)

    shown = [each for each in days if each.on >= opens]
    silent_from, silent_days = x(days[-1].on), (as_of - days[-1].on).days
    return Timeline(
        meetings=tuple(_percent(x(each.on)) for each in shown if each.has_meeting),
        mails=tuple(_percent(x(each.on)) for each in shown if not each.has_meeting),
        years=tuple(_year(year, x(date(year, 1, 1))) for year in range(opens.year + 1, as_of.year + 1)),
        begins=_begins(opens, x(date(opens.year + 1, 1, 1))),
        silent_x=_percent(silent_from),
        silent_width=_percent(100 - silent_from),
        silent_label=f"silent {plural(silent_days, 'day')}",
        summary=_summary(shown, opens, silent_days),
    )


def _begins(opens: date, next_year: float) -> str:
    """The label of the left end; only its year if the next year's label stands too near for the month."""
    is_tight = YEAR_ROOM <= next_year < MONTH_ROOM
    return str(opens.year) if is_tight else f"{MONTHS[opens.month - 1][:3]} {opens.year}"


def _year(year: int, x: float) -> Year:
    """The mark of a new year; where the first label of the axis stands, it goes without one."""
    return Year(_percent(x), str(year) if x >= YEAR_ROOM else "", is_last=x > 100 - YEAR_ROOM)


def _summary(shown: Sequence[ContactDay], opens: date, silent_days: int) -> str:
    """The timeline for those who do not see it."""
    meetings = sum(each.has_meeting for each in shown)
    mails = len(shown) - meetings
    if meetings and mails:
        what = f": {count(mails)} by mail and {count(meetings)} with a meeting"
    else:
        what = ", all with a meeting" * bool(meetings) + ", all by mail" * bool(mails)
    silence = f"silent for {plural(silent_days, 'day')} at the end"
    return f"{plural(len(shown), 'contact day')} since {day(opens)}{what}; {silence}."


def _years_before(on: date, years: int) -> date:
    """The same day some years earlier; 29 February becomes the 28th."""
    try:
        return on.replace(year=on.year - years)
    except ValueError:
        return on.replace(year=on.year - years, day=28)


def _percent(x: float) -> str:
    """``43.21%``."""
    return f"{x:.2f}%"
