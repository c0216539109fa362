"""Recurrence rules (RFC 5545 3.3.10): from an RRULE to the wall-clock times that it gives.

Rules are expanded here rather than by a library because a hostile rule must end: the work is bounded by
the days between the series' start and the horizon, whatever the rule says. The tests let dateutil judge.
"""

import re
from calendar import isleap, monthrange
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Protocol

from warehouse.derive.clocks import Clock

MAX_OCCURRENCES = 20_000
_MAX_TIMES_A_DAY = 288  # every five minutes; a rule that is finer is a mistake or an attack
_LONGEST = 10_000  # characters; what is longer was not written by a calendar program
_DAYS_OF_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FURTHEST = {"BYMONTH": 12, "BYWEEKNO": 53, "BYYEARDAY": 366, "BYMONTHDAY": 31, "BYSETPOS": 366}
_NUMBER = re.compile(r"[+-]?\d{1,3}")
_WEEKDAYS = {name: number for number, name in enumerate(("MO", "TU", "WE", "TH", "FR", "SA", "SU"))}


class Series(Protocol):
    """What a rule must know of its event."""

    @property
    def starts_local(self) -> datetime:
        """DTSTART on the event's own clock."""

    @property
    def is_all_day(self) -> bool:
        """DTSTART is a DATE."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An RRULE (RFC 5545 3.3.10) with its defaults filled in. times: of the day, in order."""

    frequency: str
    interval: int
    count: int | None
    until: datetime | None
    week_start: int
    months: frozenset[int]
    tests: tuple[Callable[[date], bool], ...]
    times: tuple[timedelta, ...]
    positions: tuple[int, ...]


def parsed(text: str, series: Series, clock: Clock) -> Rule | None:
    """The rule; None if it is malformed, finer than days or never matches: then only DTSTART is certain."""
    if len(text) > _LONGEST:
        return None
    parts = dict(
        part.split("=", 1)
        for part in text.upper().replace(" ", "").replace("\\", "").split(";")
        if "=" in part
    )
    numbers = {
        name: _numbers(value) for name, value in parts.items() if name.startswith("BY") and name != "BYDAY"
    }
    start = series.starts_local
    try:
        frequency, interval = parts["FREQ"], int(parts.get("INTERVAL") or 1)
        count = int(parts["COUNT"]) if parts.get("COUNT") else None
        days = _weekdays(parts.get("BYDAY", ""))
        week_start = _WEEKDAYS[parts.get("WKST") or "MO"]
        until = _until(parts["UNTIL"], series, clock) if parts.get("UNTIL") else None
    except (KeyError, ValueError, OverflowError):
        return None
    if until and count == -1:  # some programs' way to say that only UNTIL counts
        count = None
    times = (timedelta(0),) if series.is_all_day else _times(numbers, start)
    if (
        frequency not in _PERIODS
        or interval < 1
        or (count or 1) < 1
        or None in numbers.values()
        or times is None
    ):
        return None
    by = {name: frozenset(value) for name, value in numbers.items() if value}
    if not _can_match(by, days, frequency):
        return None
    if not days and not by.keys() & {"BYWEEKNO", "BYYEARDAY", "BYMONTHDAY"}:
        if frequency == "WEEKLY":
            days = [(None, start.weekday())]
        elif frequency in {"MONTHLY", "YEARLY"}:
            by["BYMONTHDAY"] = frozenset({start.day})
            if frequency == "YEARLY":
                by.setdefault("BYMONTH", frozenset({start.month}))
    months = by.get("BYMONTH", frozenset())
    tests = tuple(_tests(by, days, week_start, frequency))
    positions = tuple(sorted(by.get("BYSETPOS", ())))
    return Rule(frequency, interval, count, until, week_start, months, tests, times, positions)


def _numbers(text: str) -> list[int] | None:
    """The numbers of a BY list; None if one is malformed."""
    values = text.split(",") if text else []
    return [int(value) for value in values] if all(_NUMBER.fullmatch(value) for value in values) else None


def _weekdays(text: str) -> list[tuple[int | None, int]]:
    """BYDAY as (which one of the month or year, weekday); raises ValueError, KeyError."""
    values = text.split(",") if text else []
    return [(int(value[:-2]) if value[:-2] else None, _WEEKDAYS[value[-2:]]) for value in values]


def _can_match(by: dict[str, frozenset[int]], days: list[tuple[int | None, int]], frequency: str) -> bool:
    """Whether any day can pass, told from the numbers alone: there is no 30 February and no sixth Monday."""
    for name, furthest in _FURTHEST.items():
        lowest = 0 if name == "BYMONTH" else -furthest
        if by.get(name) and not any(number and lowest <= number <= furthest for number in by[name]):
            return False
    months = by.get("BYMONTH", frozenset(range(1, 13)))
    longest = max((_DAYS_OF_MONTHS[month - 1] for month in months if 1 <= month <= 12), default=0)
    if by.get("BYMONTHDAY") and not any(0 < abs(number) <= longest for number in by["BYMONTHDAY"]):
        return False
    furthest = 53 if frequency == "YEARLY" and "BYMONTH" not in by else 5
    return frequency not in {"MONTHLY", "YEARLY"} or not days or min(abs(n or 0) for n, _ in days) <= furthest


def _until(text: str, series: Series, clock: Clock) -> datetime:
    """The last wall-clock time that UNTIL allows: of a DATE the whole day, of UTC what the clock shows.

    For all-day events some programs write midnight UTC and mean the day.
    """
    wall = datetime.strptime((text.rstrip("Z") + "T235959")[:15], "%Y%m%dT%H%M%S")  # noqa: DTZ007 - a wall clock
    if (
        not text.endswith("Z")
        or "T" not in text
        or (series.is_all_day and wall.time() == datetime.min.time())
    ):
        return wall
    return clock.to_wall(wall.replace(tzinfo=UTC))


def _times(numbers: dict[str, list[int] | None], start: datetime) -> tuple[timedelta, ...] | None:
    """The times of the day that a rule names; None if there is no such time, or far too many."""
    hours = sorted(set(numbers.get("BYHOUR") or [start.hour]))
    minutes = sorted(set(numbers.get("BYMINUTE") or [start.minute]))
    seconds = sorted(set(numbers.get("BYSECOND") or [start.second]))
    is_time = all(0 <= hour < 24 for hour in hours) and all(0 <= part < 60 for part in minutes + seconds)
    if not is_time or len(hours) * len(minutes) * len(seconds) > _MAX_TIMES_A_DAY:
        return None
    return tuple(timedelta(hours=h, minutes=m, seconds=s) for h, m, s in product(hours, minutes, seconds))


def _tests(
    by: dict[str, frozenset[int]], days: list[tuple[int | None, int]], week_start: int, frequency: str
) -> Iterator[Callable[[date], bool]]:
    """What a day must pass, the table of RFC 5545 3.3.10 read as limits on the days of each period."""
    if months := by.get("BYMONTH"):
        yield lambda day: day.month in months
    if weeks := by.get("BYWEEKNO"):
        yield lambda day: not weeks.isdisjoint(_week_numbers(day, week_start))
    if year_days := by.get("BYYEARDAY"):
        yield lambda day: not year_days.isdisjoint(_day_of_year(day))
    if month_days := by.get("BYMONTHDAY"):
        yield lambda day: not month_days.isdisjoint(_day_of_month(day))
    if days:
        spread = {"MONTHLY": _day_of_month, "YEARLY": _day_of_month if months else _day_of_year}.get(
            frequency
        )
        any_week = {weekday for which, weekday in days if which is None or spread is None}
        one_week = {(which, weekday) for which, weekday in days if which is not None and spread is not None}
        if not one_week or spread is None:
            yield lambda day: day.weekday() in any_week
        else:
            place = spread
            yield (
                lambda day: (
                    day.weekday() in any_week
                    or any((_which(number), day.weekday()) in one_week for number in place(day))
                )
            )


def _which(number: int) -> int:
    """Which Monday the n-th day is, if it is a Monday; from the end for a negative number."""
    return (number - 1) // 7 + 1 if number > 0 else -((-number - 1) // 7 + 1)


def _day_of_month(day: date) -> tuple[int, int]:
    return day.day, day.day - monthrange(day.year, day.month)[1] - 1


def _day_of_year(day: date) -> tuple[int, int]:
    number = day.timetuple().tm_yday
    return number, number - (366 if isleap(day.year) else 365) - 1


def _week_numbers(day: date, week_start: int) -> tuple[int, int]:
    """The week of the year, from its start and its end; a week belongs to the year of its fourth day."""

    def fourth(one: date) -> date:
        return one + timedelta(days=3 - (one.weekday() - week_start) % 7)

    middle = fourth(day)
    number = (_day_of_year(middle)[0] - 1) // 7 + 1
    weeks = (_day_of_year(fourth(date(middle.year, 12, 28)))[0] - 1) // 7 + 1
    return number, number - weeks - 1


def expanded(rule: Rule, start: datetime, horizon: datetime) -> Iterator[datetime]:
    """The wall-clock times after `start` that a rule gives, in order."""
    last = min(horizon, rule.until or horizon)
    left = MAX_OCCURRENCES if rule.count is None else rule.count - 1
    for period in _PERIODS[rule.frequency](rule, start.date(), last.date()):
        for wall in _positioned([day for day in period if all(test(day) for test in rule.tests)], rule):
            if wall > last or left < 1:
                return
            if wall > start:
                left -= 1
                yield wall


def _positioned(days: list[date], rule: Rule) -> Iterator[datetime]:
    """The times of one period, in order, those that BYSETPOS picks."""
    size, per_day = len(days) * len(rule.times), len(rule.times)
    picked: Iterable[int] = range(size)
    if rule.positions:
        picked = sorted({place - 1 if place > 0 else size + place for place in rule.positions if place})
    for index in picked:
        if 0 <= index < size:
            yield datetime.combine(days[index // per_day], datetime.min.time()) + rule.times[index % per_day]


def _daily(rule: Rule, first: date, last: date) -> Iterator[list[date]]:
    for day in range(first.toordinal(), last.toordinal() + 1, rule.interval):
        yield [date.fromordinal(day)]


def _weekly(rule: Rule, first: date, last: date) -> Iterator[list[date]]:
    monday = first.toordinal() - (first.weekday() - rule.week_start) % 7
    for day in range(monday, last.toordinal() + 1, 7 * rule.interval):
        yield [date.fromordinal(day + offset) for offset in range(7)]


def _monthly(rule: Rule, first: date, last: date) -> Iterator[list[date]]:
    for month in range(first.year * 12 + first.month - 1, last.year * 12 + last.month, rule.interval):
        if not rule.months or month % 12 + 1 in rule.months:
            yield _month(month // 12, month % 12 + 1)


def _yearly(rule: Rule, first: date, last: date) -> Iterator[list[date]]:
    months = [month for month in range(1, 13) if not rule.months or month in rule.months]
    for year in range(first.year, last.year + 1, rule.interval):
        yield [day for month in months for day in _month(year, month)]


def _month(year: int, month: int) -> list[date]:
    return [date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1)]


_PERIODS = {"DAILY": _daily, "WEEKLY": _weekly, "MONTHLY": _monthly, "YEARLY": _yearly}
