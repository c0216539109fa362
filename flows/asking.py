"""Small questions to the published warehouse, and what a day means. Light: it starts without Polars."""

from datetime import UTC, date, datetime
from datetime import time as time_of_day

from flows.settings import Settings
from warehouse.connection import Connection, rows, table


def today(settings: Settings) -> date:
    """The day that it is where the owner is."""
    return datetime.now(settings.owner_zone).date()


def instant_of(as_of: date, settings: Settings, now: datetime) -> datetime:
    """The instant up to which contact counts: now for today, else the end of that day where the owner is."""
    zone = settings.owner_zone
    if as_of == now.astimezone(zone).date():
        return now
    return datetime.combine(as_of, time_of_day.max, zone).astimezone(UTC)


def published_day(connection: Connection) -> date:
    """The day of the published answers."""
    [(day,)] = rows(connection, "select as_of from meta.publication")
    return date.fromisoformat(str(day))


def published_quiet(connection: Connection, top: int) -> tuple[list[str], list[tuple[object, ...]]]:
    """The columns and the first rows of the published gone-quiet report."""
    return table(connection, "from main.gone_quiet order by rank limit ?", [top])


def totals(connection: Connection) -> dict[str, int]:
    """How much there is: people (humans, you not counted), interactions, messages, meetings, contacts."""
    counts = rows(
        connection,
        """select 'people', count(*) from main.people where kind = 'human' and not is_me
        union all select 'interactions', count(*) from main.interactions
        union all select 'messages', count(*) from main.messages
        union all select 'meetings', count(*) from main.meetings
        union all select 'contacts', count(*) from main.contacts""",
    )
    return dict(counts)
