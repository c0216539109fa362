"""Wall clocks: how the zone of an event turns local times into instants, and back."""

from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - compared with wall-clock times, which have no zone


class Clock(NamedTuple):
    """How a zone turns wall-clock times into instants and back."""

    to_utc: Callable[[datetime], datetime]
    to_wall: Callable[[datetime], datetime]


class Clocks:
    """The clocks of all zones; the owner's for floating times, and for zones that nobody knows."""

    def __init__(self, owner_zone: str) -> None:
        self._owner = _made(owner_zone)
        self._known = {"": self._owner}

    def of_zone(self, zone: str) -> Clock:
        """The clock of the `zone` of an event."""
        if zone not in self._known:
            try:
                self._known[zone] = _made(zone)
            except (KeyError, ValueError, OSError):
                self._known[zone] = self._owner
        return self._known[zone]


@lru_cache(maxsize=128)
def _made(zone: str) -> Clock:
    """The clock of an IANA zone or of ``table:`` text. A skipped time moves forward, of a doubled one the
    first counts (RFC 5545 3.3.5)."""
    if zone.startswith("table:"):
        return _table_clock(zone.removeprefix("table:"))
    if zone == "UTC":
        return Clock(lambda wall: wall.replace(tzinfo=UTC), lambda instant: instant.replace(tzinfo=None))
    info = ZoneInfo(zone)
    return Clock(
        lambda wall: wall.replace(tzinfo=info).astimezone(UTC),
        lambda instant: instant.astimezone(info).replace(tzinfo=None),
    )


def _table_clock(text: str) -> Clock:
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

    return Clock(to_utc, to_wall)
