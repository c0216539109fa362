"""Series of meetings, as calendars state them, into the occurrences that are on record.

Exceptions, moves and removals are settled by instant, not by wall clock: an exception may name its
occurrence in another zone than the series. The tests let recurring-ical-events judge the result.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import NamedTuple

import polars as pl

from warehouse.derive.clocks import Clock, Clocks
from warehouse.derive.recurrence import MAX_OCCURRENCES, expanded, parsed

_FIRST = datetime(1950, 1, 1, tzinfo=UTC)
_DAY, _NOTHING = timedelta(days=1), timedelta(0)
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
    clocks = Clocks(owner_zone)
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


def _singles(events: pl.DataFrame, clocks: Clocks) -> Iterator[_Occurrence]:
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

    def add(self, event: _Event, clocks: Clocks) -> None:
        """Keeps the first of equal components; a turn (RANGE=THISANDFUTURE) is its own exception too."""
        if event.recurrence_local is None:
            self.master = self.master or event
            return
        instant = clocks.of_zone(event.zone).to_utc(event.recurrence_local)
        if event.is_this_and_future:
            self.turns.setdefault(instant, event)
        else:
            self.exceptions.setdefault(instant, event)

    def occurrences(self, series_id: str, clocks: Clocks, until: datetime) -> Iterator[_Occurrence]:
        """The series with every exception in the place of the occurrence it replaces."""
        master = self.master
        is_cancelled = master is not None and master.status == "cancelled"
        planned, exceptions, turns = dict[datetime, datetime](), self.exceptions, self.turns
        if master:
            clock = clocks.of_zone(master.zone)
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
                starts = clocks.of_zone(turn.zone).to_wall(original) - _moved_forward(turn)
                yield _told(turn, series_id, original, starts, clocks, is_cancelled)


def _told(
    event: _Event, series_id: str, original: datetime, starts: datetime, clocks: Clocks, is_cancelled: bool
) -> _Occurrence:
    """The occurrence as `event` describes it, from `starts` on its own clock."""
    to_utc = clocks.of_zone(event.zone).to_utc
    begins, ends = to_utc(starts), to_utc(starts + (event.ends_local - event.starts_local))
    return _Occurrence(event.row, series_id, original, begins, max(begins, ends), is_cancelled)


def _placed(
    exceptions: dict[datetime, _Event],
    master: _Event,
    planned: dict[datetime, datetime],
    clock: Clock,
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
    removed = frozenset(master.removed or ())
    placed = dict[datetime, _Event]()
    for instant, event in exceptions.items():
        place, wall = instant, event.recurrence_local
        if place not in planned and wall and (event.is_recurrence_all_day or master.is_all_day):
            place = days.get(wall.date(), place)
        is_orphan = place not in planned and place <= horizon
        if is_orphan and (event.sequence < master.sequence or _is_removed(clock.to_wall(place), removed)):
            continue
        if place == instant or place not in exceptions:
            placed.setdefault(place, event)
    return placed


def _moved_forward(turn: _Event) -> timedelta:
    """How much earlier than planned a turn begins; negative if later."""
    return (turn.recurrence_local or turn.starts_local) - turn.starts_local


def _walls(event: _Event, horizon: datetime, clock: Clock) -> list[datetime]:
    """The starts of a series on its own clock, up to `horizon`, in order.

    DTSTART counts as the first (RFC 5545 3.8.5.3), RDATE adds, EXDATE removes, at midnight the whole day.
    """
    found = {event.starts_local, *(event.added or ())}
    for line in (event.rule or "").splitlines():
        if rule := parsed(line, event, clock):
            found.update(islice(expanded(rule, event.starts_local, horizon), MAX_OCCURRENCES))
    removed = frozenset(event.removed or ())
    return sorted(wall for wall in found if not _is_removed(wall, removed))[:MAX_OCCURRENCES]


def _is_removed(wall: datetime, removed: frozenset[datetime]) -> bool:
    if not removed:
        return False
    return wall in removed or datetime(wall.year, wall.month, wall.day) in removed  # noqa: DTZ001 - a wall clock
