"""The derived tables as of any day: as published if it is the day of publication, else derived anew."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import polars as pl

from flows.asking import instant_of, published_day
from flows.settings import Home
from warehouse.answering import derivable, derive
from warehouse.connection import Connection
from warehouse.frames import frame


@dataclass(frozen=True)
class Answers:
    """The derived tables as of a day."""

    as_of: date
    interactions: pl.DataFrame
    rhythms: pl.DataFrame
    gone_quiet: pl.DataFrame


def answers(connection: Connection, home: Home, day: date) -> Answers:
    """The derived tables as of a day.

    What was published for that day is taken as it is; another day is derived anew from the public tables.
    """
    settings = home.settings()
    if day == published_day(connection):
        names = ("interactions", "rhythms", "gone_quiet")
        return Answers(day, **{name: frame(connection, f"from main.{name}") for name in names})
    found = derive(
        **derivable(connection),
        owner_zone=settings.me.timezone,
        as_of=day,
        until=instant_of(day, settings, datetime.now(UTC)),
    )
    return Answers(day, **found)
