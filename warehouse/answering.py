"""The answers as of a day, from the marts: what happened, the rhythms, and who has gone quiet."""

from datetime import date, datetime

import duckdb  # noqa: F401 - gives connections the relations through which frames come
import polars as pl

from warehouse.connection import Connection
from warehouse.derive.gone_quiet import expected_meetings, gone_quiet, replies_owed
from warehouse.derive.interactions import interactions
from warehouse.derive.rhythms import rhythms
from warehouse.frames import frame


def derivable(connection: Connection) -> dict[str, pl.LazyFrame]:
    """What `derive` takes, by name: of the marts, the rows and columns that can bear on me."""
    queries = {
        "messages": "from main.messages where my_role is not null",
        "message_parties": """
            select message_id, person_id, role from main.message_parties
            semi join (from main.messages where my_role = 'from') using (message_id)""",
        "meetings": "from main.meetings",
        "meeting_parties": "from main.meeting_parties",
        "people": "select person_id, name, kind, is_me from people.persons",
    }
    return {name: frame(connection, query).lazy() for name, query in queries.items()}


def derive(
    messages: pl.LazyFrame,
    message_parties: pl.LazyFrame,
    meetings: pl.LazyFrame,
    meeting_parties: pl.LazyFrame,
    people: pl.LazyFrame,
    *,
    owner_zone: str,
    as_of: date,
    until: datetime,
) -> dict[str, pl.DataFrame]:
    """The derived tables as of a day, from the public ones: interactions, rhythms and gone_quiet. Pure."""
    happened = (
        interactions(messages, message_parties, meetings, meeting_parties, people, until=until)
        .collect()
        .lazy()
    )
    rhythm = rhythms(happened, as_of=as_of, owner_zone=owner_zone).collect().lazy()
    quiet = gone_quiet(
        rhythm,
        people,
        expected_meetings(meetings, meeting_parties, after=until),
        replies_owed(messages, happened, as_of=as_of, owner_zone=owner_zone),
    )
    return {"interactions": happened.collect(), "rhythms": rhythm.collect(), "gone_quiet": quiet.collect()}
