"""Series of meetings, as calendars state them, into the occurrences that are on record.

Rules are expanded here rather than by a library because a hostile rule must end: the work is bounded by
the days between the series' start and `until`, whatever the rule says. The tests let dateutil and
recurring-ical-events judge the result.
"""

import hashlib
import re
from bisect import bisect_right
from calendar import isleap, monthrange
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise, product
from typing import NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

MAX_OCCURRENCES = 20_000
_MAX_TIMES_A_DAY = 288  # every five minutes; a rule that is finer is a mistake or an attack
_FIRST = datetime(1950, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - compared with wall-clock times, which have no zone
_DAY, _NOTHING = timedelta(days=1), timedelta(0)
_NUMBER = re.compile(r"[+-]?\d{1,3}")
_WEEKDAYS = {name: number for number, name in enumerate(("MO", "TU", "WE", "TH", "FR", "SA", "SU"))}
_INSTANT = pl.Datetime("us", "UTC")
_FACTS = (
    "row", "key", "uid", "starts_local", "ends_local", "is_all_day", "zone", "rule", "added", "removed",
    "recurrence_local", "is_recurrence_all_day", "is_this_and_future", "status", "sequence",
)  # fmt: skip


class _Event(NamedTuple):
    """One row of landed events, as far as time is concerned. row: where the other facts stand."""

    row: int
    key: str
    uid: str
    starts_local: datetime
    ends_local: datetime
    is_all_day: bool
    zone: str
    rule: str | None
    added: list[datetime] | None
    removed: list[datetime] | None
    recurrence_local: datetime | None
    is_recurrence_all_day: bool
    is_this_and_future: bool
    status: str | None
    sequence: int


class _Occurrence(NamedTuple):
    """row: of the event that describes it. original: the instant that its series gave it."""

    row: int
    series_id: str
    original: datetime
    starts_at: datetime
    ends_at: datetime
    is_series_cancelled: bool


def occurrences(events: pl.DataFrame, *, owner_zone: str, until: datetime) -> pl.DataFrame:
    """One row per meeting that began by `until`, cancelled ones included, ordered by start.

    events: one row per landed VEVENT, with the columns of `connectors.records.Event`, `source` and
    `ingested_at`. owner_zone: the IANA zone of all-day and floating times. RFC 5545 3.8.4.4, 3.8.5.
    """
    ranked = _ranked(events)
    clocks = _Clocks(owner_zone)
    numbered = ranked.with_row_index("row").with_columns(_is_single().alias("is_single"))
    found = list(_singles(numbered.filter("is_single"), clocks))
    series: dict[tuple[bool, str], _Series] = {}
    for facts in numbered.filter(~pl.col("is_single")).select(_FACTS).rows():
        event = _Event(*facts)
        series.setdefault((bool(event.uid), event.uid or event.key), _Series()).add(event, clocks)
    for (_, series_id), one in series.items():
        found.extend(one.occurrences(series_id, clocks, until))
    return _frame(ranked, [one for one in found if _FIRST <= one.starts_at <= until])


def _is_single() -> pl.Expr:
    """Whether an event is all there is of its series: nearly all are, and they need no expansion."""
    is_alone = pl.struct(pl.col("uid"), pl.when(pl.col("uid") == "").then("key")).is_unique()
    lists = [pl.col(name).list.len().fill_null(0) > 0 for name in ("added", "removed")]
    is_more = pl.any_horizontal(
        pl.col("rule").is_not_null(), pl.col("recurrence_local").is_not_null(), *lists
    )
    return is_alone & ~is_more


def _singles(events: pl.DataFrame, clocks: "_Clocks") -> Iterator[_Occurrence]:
    facts = events.select("row", "uid", "key", "starts_local", "ends_local", "zone").rows()
    for row, uid, key, starts_local, ends_local, zone in facts:
        to_utc = clocks.of_zone(zone).to_utc
        begins = to_utc(starts_local)
        yield _Occurrence(row, uid or key, begins, begins, max(begins, to_utc(ends_local)), False)


def _ranked(events: pl.DataFrame) -> pl.DataFrame:
    """The events, of equal components the copy that counts first; the same for every order of the input."""
    return (
        events.with_columns(
            pl.col("stamped_at").dt.epoch("us").fill_null(-(2**62)).alias("_stamp"),
            pl.struct(events.columns).hash(seed=0).alias("_tie"),
        )
        .sort("sequence", "_stamp", "source", "key", "_tie", descending=[True, True, False, False, False])
        .drop("_stamp", "_tie")
    )


def _frame(ranked: pl.DataFrame, found: list[_Occurrence]) -> pl.DataFrame:
    """The occurrences with the facts of the events that describe them."""
    times = pl.DataFrame(
        {
            "meeting_id": [_meeting_id(one.series_id, one.original) for one in found],
            "series_id": [one.series_id for one in found],
            "starts_at": [one.starts_at for one in found],
            "ends_at": [one.ends_at for one in found],
            "_is_series_cancelled": [one.is_series_cancelled for one in found],
        },
        schema={
            "meeting_id": pl.String,
            "series_id": pl.String,
            "starts_at": _INSTANT,
            "ends_at": _INSTANT,
            "_is_series_cancelled": pl.Boolean,
        },
    )
    status = (
        pl.when(pl.col("status").is_in(["tentative", "cancelled"]))
        .then("status")
        .otherwise(pl.lit("confirmed"))
    )
    facts = ranked[[one.row for one in found]].select(
        "is_all_day",
        "status",
        "is_transparent",
        pl.col("created_at").cast(_INSTANT),
        "organizer_name",
        "organizer_address",
        "attendees",
        "source",
        pl.col("ingested_at").cast(_INSTANT),
        "sequence",
    )
    return (
        pl.concat([times, facts], how="horizontal")
        .with_columns(
            pl.when("_is_series_cancelled").then(pl.lit("cancelled")).otherwise(status).alias("status")
        )
        .drop("_is_series_cancelled")
        .sort("starts_at", "meeting_id")
    )


def _meeting_id(series_id: str, original: datetime) -> str:
    return hashlib.blake2b(f"{series_id}\n{original.isoformat()}".encode(), digest_size=8).hexdigest()


@dataclass(slots=True)
class _Series:
    """The components that share a UID: the series itself and its exceptions, by the instant they replace."""

    master: _Event | None = None
    exceptions: dict[datetime, _Event] = field(default_factory=dict)
    turns: dict[datetime, _Event] = field(default_factory=dict)

    def add(self, event: _Event, clocks: "_Clocks") -> None:
        """Keeps the first of equal components; a turn (RANGE=THISANDFUTURE) is its own exception too."""
        if event.recurrence_local is None:
            self.master = self.master or event
            return
        instant = clocks.of(event).to_utc(event.recurrence_local)
        if event.is_this_and_future:
            self.turns.setdefault(instant, event)
        else:
            self.exceptions.setdefault(instant, event)

    def occurrences(self, series_id: str, clocks: "_Clocks", until: datetime) -> Iterator[_Occurrence]:
        """The series with every exception in the place of the occurrence it replaces."""
        master = self.master
        is_cancelled = master is not None and master.status == "cancelled"
        planned, exceptions, turns = dict[datetime, datetime](), self.exceptions, self.turns
        if master:
            clock = clocks.of(master)
            horizon = until + max([_NOTHING, *map(_moved_forward, turns.values())]) + _DAY
            planned = {clock.to_utc(wall): wall for wall in _walls(master, clock.to_wall(horizon), clock)}
            turns = _placed(turns, master, planned, clock, horizon)
            exceptions = turns | _placed(exceptions, master, planned, clock, horizon)
        else:
            exceptions = turns | exceptions
        for original, event in exceptions.items():
            yield _told(event, series_id, original, event.starts_local, clocks, is_cancelled)
        starts_of_turns = sorted(turns)
        for original in planned.keys() - exceptions.keys() if master else ():
            if master and not (after := bisect_right(starts_of_turns, original)):
                yield _told(master, series_id, original, planned[original], clocks, is_cancelled)
            else:
                turn = turns[starts_of_turns[after - 1]]
                starts = clocks.of(turn).to_wall(original) - _moved_forward(turn)
                yield _told(turn, series_id, original, starts, clocks, is_cancelled)


def _told(
    event: _Event, series_id: str, original: datetime, starts: datetime, clocks: "_Clocks", is_cancelled: bool
) -> _Occurrence:
    """The occurrence as `event` describes it, from `starts` on its own clock."""
    to_utc = clocks.of(event).to_utc
    begins, ends = to_utc(starts), to_utc(starts + (event.ends_local - event.starts_local))
    return _Occurrence(event.row, series_id, original, begins, max(begins, ends), is_cancelled)


def _placed(
    exceptions: dict[datetime, _Event],
    master: _Event,
    planned: dict[datetime, datetime],
    clock: "_Clock",
    horizon: datetime,
) -> dict[datetime, _Event]:
    """Exceptions by the occurrence they mean; one that gives only the day means that day's first.

    One that names no occurrence stands alone, unless the series was revised after it or removed it.
    """
    days = (
        {wall.date(): original for original, wall in sorted(planned.items(), reverse=True)}
        if exceptions
        else {}
    )
    placed = dict[datetime, _Event]()
    for instant, event in exceptions.items():
        place, wall = instant, event.recurrence_local
        if place not in planned and wall and (event.is_recurrence_all_day or master.is_all_day):
            place = days.get(wall.date(), place)
        is_orphan = place not in planned and place <= horizon
        if is_orphan and (event.sequence < master.sequence or _is_removed(clock.to_wall(place), master)):
            continue
        if place == instant or place not in exceptions:
            placed.setdefault(place, event)
    return placed


def _moved_forward(turn: _Event) -> timedelta:
    """How much earlier than planned a turn begins; negative if later."""
    return (turn.recurrence_local or turn.starts_local) - turn.starts_local


def _walls(event: _Event, horizon: datetime, clock: "_Clock") -> list[datetime]:
    """The starts of a series on its own clock, up to `horizon`, in order.

    DTSTART counts as the first (RFC 5545 3.8.5.3), RDATE adds, EXDATE removes, at midnight the whole day.
    """
    found = {event.starts_local, *(event.added or ())}
    for line in (event.rule or "").splitlines():
        if rule := _rule(line, event, clock):
            found.update(islice(_expanded(rule, event.starts_local, horizon), MAX_OCCURRENCES))
    return sorted(wall for wall in found if not _is_removed(wall, event))[:MAX_OCCURRENCES]


def _is_removed(wall: datetime, event: _Event) -> bool:
    if not event.removed:
        return False
    return wall in event.removed or datetime(wall.year, wall.month, wall.day) in event.removed  # noqa: DTZ001


@dataclass(frozen=True, slots=True)
class _Rule:
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


def _rule(text: str, event: _Event, clock: "_Clock") -> _Rule | None:
    """The rule, or None if it is malformed or finer than days: then only DTSTART is certain."""
    parts = dict(
        part.split("=", 1)
        for part in text.upper().replace(" ", "").replace("\\", "").split(";")
        if "=" in part
    )
    numbers = {
        name: _numbers(value) for name, value in parts.items() if name.startswith("BY") and name != "BYDAY"
    }
    start = event.starts_local
    try:
        frequency, interval = parts["FREQ"], int(parts.get("INTERVAL") or 1)
        count = int(parts["COUNT"]) if parts.get("COUNT") else None
        days = _weekdays(parts.get("BYDAY", ""))
        week_start = _WEEKDAYS[parts.get("WKST") or "MO"]
        until = _until(parts["UNTIL"], event, clock) if parts.get("UNTIL") else None
    except (KeyError, ValueError, OverflowError):
        return None
    if until and count == -1:  # some programs' way to say that only UNTIL counts
        count = None
    times = (timedelta(0),) if event.is_all_day else _times(numbers, start)
    if (
        frequency not in _PERIODS
        or interval < 1
        or (count or 1) < 1
        or None in numbers.values()
        or times is None
    ):
        return None
    by = {name: frozenset(value) for name, value in numbers.items() if value}
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
    return _Rule(frequency, interval, count, until, week_start, months, tests, times, positions)


def _numbers(text: str) -> list[int] | None:
    """The numbers of a BY list; None if one is malformed."""
    values = text.split(",") if text else []
    return [int(value) for value in values] if all(_NUMBER.fullmatch(value) for value in values) else None


def _weekdays(text: str) -> list[tuple[int | None, int]]:
    """BYDAY as (which one of the month or year, weekday); raises ValueError, KeyError."""
    values = text.split(",") if text else []
    return [(int(value[:-2]) if value[:-2] else None, _WEEKDAYS[value[-2:]]) for value in values]


def _until(text: str, event: _Event, clock: "_Clock") -> datetime:
    """The last wall-clock time that UNTIL allows: of a DATE the whole day, of UTC what the clock shows.

    For all-day events some programs write midnight UTC and mean the day.
    """
    wall = datetime.strptime((text.rstrip("Z") + "T235959")[:15], "%Y%m%dT%H%M%S")  # noqa: DTZ007 - a wall clock
    if not text.endswith("Z") or "T" not in text or (event.is_all_day and wall.time() == datetime.min.time()):
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


def _expanded(rule: _Rule, start: datetime, horizon: datetime) -> Iterator[datetime]:
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


def _positioned(days: list[date], rule: _Rule) -> Iterator[datetime]:
    """The times of one period, in order, those that BYSETPOS picks."""
    size, per_day = len(days) * len(rule.times), len(rule.times)
    picked: Iterable[int] = range(size)
    if rule.positions:
        picked = sorted({place - 1 if place > 0 else size + place for place in rule.positions if place})
    for index in picked:
        if 0 <= index < size:
            yield datetime.combine(days[index // per_day], datetime.min.time()) + rule.times[index % per_day]


def _daily(rule: _Rule, first: date, last: date) -> Iterator[list[date]]:
    for day in range(first.toordinal(), last.toordinal() + 1, rule.interval):
        yield [date.fromordinal(day)]


def _weekly(rule: _Rule, first: date, last: date) -> Iterator[list[date]]:
    monday = first.toordinal() - (first.weekday() - rule.week_start) % 7
    for day in range(monday, last.toordinal() + 1, 7 * rule.interval):
        yield [date.fromordinal(day + offset) for offset in range(7)]


def _monthly(rule: _Rule, first: date, last: date) -> Iterator[list[date]]:
    for month in range(first.year * 12 + first.month - 1, last.year * 12 + last.month, rule.interval):
        if not rule.months or month % 12 + 1 in rule.months:
            yield _month(month // 12, month % 12 + 1)


def _yearly(rule: _Rule, first: date, last: date) -> Iterator[list[date]]:
    months = [month for month in range(1, 13) if not rule.months or month in rule.months]
    for year in range(first.year, last.year + 1, rule.interval):
        yield [day for month in months for day in _month(year, month)]


def _month(year: int, month: int) -> list[date]:
    return [date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1)]


_PERIODS = {"DAILY": _daily, "WEEKLY": _weekly, "MONTHLY": _monthly, "YEARLY": _yearly}


class _Clock(NamedTuple):
    """How a zone turns wall-clock times into instants and back."""

    to_utc: Callable[[datetime], datetime]
    to_wall: Callable[[datetime], datetime]


class _Clocks:
    """The clocks of all zones; the owner's for floating times, and for zones that nobody knows."""

    def __init__(self, owner_zone: str) -> None:
        self._owner = _clock(owner_zone)
        self._known = {"": self._owner}

    def of(self, event: _Event) -> _Clock:
        return self.of_zone(event.zone)

    def of_zone(self, zone: str) -> _Clock:
        if zone not in self._known:
            try:
                self._known[zone] = _clock(zone)
            except (KeyError, ValueError, OSError):
                self._known[zone] = self._owner
        return self._known[zone]


@lru_cache(maxsize=128)
def _clock(zone: str) -> _Clock:
    """The clock of an IANA zone or of ``table:`` text. A skipped time moves forward, of a doubled one the
    first counts (RFC 5545 3.3.5)."""
    if zone.startswith("table:"):
        return _table_clock(zone.removeprefix("table:"))
    if zone == "UTC":
        return _Clock(lambda wall: wall.replace(tzinfo=UTC), lambda instant: instant.replace(tzinfo=None))
    info = ZoneInfo(zone)
    return _Clock(
        lambda wall: wall.replace(tzinfo=info).astimezone(UTC),
        lambda instant: instant.astimezone(info).replace(tzinfo=None),
    )


def _table_clock(text: str) -> _Clock:
    first, *changes = (tuple(map(int, change.split(","))) for change in text.split(";"))
    offsets = [timedelta(seconds=seconds) for seconds in (first[0], *(to for _, to in changes))]
    instants = [_EPOCH + timedelta(seconds=at) for at, _ in changes]
    # The clock jumps when it would show the larger of the two offsets, for gaps and overlaps alike.
    jumps = [instant + max(pair) for instant, pair in zip(instants, pairwise(offsets), strict=True)]

    def to_utc(wall: datetime) -> datetime:
        return (wall - offsets[bisect_right(jumps, wall)]).replace(tzinfo=UTC)

    def to_wall(instant: datetime) -> datetime:
        bare = instant.replace(tzinfo=None)
        return bare + offsets[bisect_right(instants, bare)]

    return _Clock(to_utc, to_wall)
