"""Which recurrence rules (RFC 5545 3.3.10) cannot be followed, told from their text alone, at no cost.

Nothing is expanded here: a rule that would never end, or never begin, costs what its text costs.
"""

import re
from functools import lru_cache

MOST_OCCURRENCES = 20_000
MOST_TIMES_A_DAY = 288  # every five minutes; a rule that is finer is a mistake or an attack
NOT_UNDERSTOOD = "rule not understood"
TOO_FINE = "rule finer than a day"
NEVER = "rule never matches"
_LONGEST = 10_000
_COARSE = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_FINE = frozenset({"SECONDLY", "MINUTELY", "HOURLY"})
_COUNT = re.compile(r"\d{1,18}")
_UNTIL = re.compile(r"\d{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:T(?:[01]\d|2[0-3])[0-5]\d[0-5]\d)?Z?")
_NUMBER = re.compile(r"[+-]?\d{1,3}")
_DAY = re.compile(r"([+-]?\d{1,2})?(?:MO|TU|WE|TH|FR|SA|SU)")
_DAYS_OF_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FURTHEST = {
    "BYMONTH": 12,
    "BYWEEKNO": 53,
    "BYYEARDAY": 366,
    "BYMONTHDAY": 31,
    "BYSETPOS": 366,
    "BYHOUR": 23,
    "BYMINUTE": 59,
    "BYSECOND": 59,
}


@lru_cache(maxsize=4096)
def shortfall(rule: str) -> str:
    """What will be missing of the occurrences of an RRULE, as one clause; empty if nothing."""
    if len(rule) > _LONGEST:
        return NOT_UNDERSTOOD
    written = rule.upper().replace(" ", "").replace("\\", "")
    parts = dict(part.split("=", 1) for part in written.split(";") if "=" in part)
    numbers = {
        name: _numbers(value) for name, value in parts.items() if name.startswith("BY") and name != "BYDAY"
    }
    if parts.get("FREQ") in _FINE:
        return TOO_FINE
    if parts.get("FREQ") not in _COARSE or not _is_well_formed(parts) or None in numbers.values():
        return NOT_UNDERSTOOD
    by = {name: value for name, value in numbers.items() if value}
    times = [len(by.get(name, (0,))) for name in ("BYHOUR", "BYMINUTE", "BYSECOND")]
    if times[0] * times[1] * times[2] > MOST_TIMES_A_DAY:
        return TOO_FINE
    if any(not _within(name, value) for name, value in by.items()) or not _has_day(by):
        return NEVER
    if not _has_weekday(parts):
        return NEVER
    return f"rule beyond {MOST_OCCURRENCES} times" if int(parts.get("COUNT") or 0) > MOST_OCCURRENCES else ""


def _is_well_formed(parts: dict[str, str]) -> bool:
    interval, count, until = (parts.get(name) or "" for name in ("INTERVAL", "COUNT", "UNTIL"))
    is_counted = not count or (_COUNT.fullmatch(count) and int(count) > 0) or (count == "-1" and until)
    is_spaced = not interval or (_COUNT.fullmatch(interval.lstrip("+")) and int(interval) > 0)
    days = parts.get("BYDAY", "")
    return bool(
        is_counted
        and is_spaced
        and (not until or _UNTIL.fullmatch(until))
        and (not days or all(_DAY.fullmatch(day) for day in days.split(",")))
    )


def _numbers(text: str) -> frozenset[int] | None:
    """The numbers of a BY list; None if one is malformed."""
    values = text.split(",") if text else []
    return frozenset(map(int, values)) if all(map(_NUMBER.fullmatch, values)) else None


def _within(name: str, numbers: frozenset[int]) -> bool:
    """Whether one of the numbers can ever be met."""
    furthest = _FURTHEST.get(name, 999)
    if name in {"BYHOUR", "BYMINUTE", "BYSECOND"}:
        return all(0 <= number <= furthest for number in numbers)
    lowest = 0 if name == "BYMONTH" else -furthest
    return any(lowest <= number <= furthest and number for number in numbers)


def _has_day(by: dict[str, frozenset[int]]) -> bool:
    """Whether one of the months has one of the days: there is no 30 February."""
    numbers = by.get("BYMONTHDAY")
    months = by.get("BYMONTH", frozenset(range(1, 13)))
    longest = max((_DAYS_OF_MONTHS[month - 1] for month in months if 1 <= month <= 12), default=0)
    return not numbers or any(0 < abs(number) <= longest for number in numbers)


def _has_weekday(parts: dict[str, str]) -> bool:
    """Whether the period has one of the weekdays: no month has a sixth Monday."""
    found = [_DAY.fullmatch(day) for day in parts.get("BYDAY", "").split(",")]
    which = [abs(int(day[1] or 0)) for day in found if day]
    furthest = 53 if parts["FREQ"] == "YEARLY" and not parts.get("BYMONTH") else 5
    return not which or parts["FREQ"] in {"DAILY", "WEEKLY"} or min(which) <= furthest
