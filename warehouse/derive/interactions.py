"""Interactions: contact with me that really happened, from mail and from meetings."""

from datetime import datetime

import polars as pl

MAX_RECIPIENTS = 10
MAX_ATTENDEES = 12
_I_TOOK_PART = ("organizer", "accepted", "tentative")

COLUMNS = (
    "interaction_id",
    "person_id",
    "occurred_at",
    "channel",
    "direction",
    "party_size",
    "duration_minutes",
    "thread_id",
    "source",
    "source_record",
    "ingested_at",
)


def interactions(
    messages: pl.LazyFrame,
    message_parties: pl.LazyFrame,
    meetings: pl.LazyFrame,
    meeting_parties: pl.LazyFrame,
    people: pl.LazyFrame,
    *,
    until: datetime,
) -> pl.LazyFrame:
    """One row per person and contact with me that happened by `until` (an instant in UTC).

    The frames are the public tables of the same names; of `people` only person_id, kind and is_me. The rules
    are the contract's: bulk and automatic mail, more than 10 recipients, more than 12 attendees, all-day
    banners, cancelled and declined meetings, rooms, lists and bots are not contact.
    """
    humans = people.filter((pl.col("kind") == "human") & ~pl.col("is_me")).select("person_id")
    mail = _mail(messages, message_parties, until).join(humans, on="person_id", how="semi")
    met = _met(meetings, meeting_parties, until).join(humans, on="person_id", how="semi")
    return pl.concat([mail.select(COLUMNS), met.select(COLUMNS)]).sort(
        "occurred_at", "interaction_id", "person_id"
    )


def _mail(messages: pl.LazyFrame, parties: pl.LazyFrame, until: datetime) -> pl.LazyFrame:
    personal = messages.filter(
        pl.col("sent_at").is_not_null()
        & (pl.col("sent_at") <= until)
        & ~pl.col("is_bulk")
        & ~pl.col("is_automatic")
        & (pl.col("recipients") <= MAX_RECIPIENTS)
        & pl.col("my_role").is_not_null()
    )
    personal = personal.select(
        *("message_id", "thread_id", "sent_at", "channel", "from_person_id", "party_size", "my_role"),
        *("source", "ingested_at"),
    )
    to_whom = parties.filter(pl.col("role").is_in(["to", "cc"])).select("message_id", "person_id").unique()
    is_mine = pl.col("my_role") == "from"
    written = personal.filter(is_mine).join(to_whom, on="message_id")
    received = personal.filter(~is_mine).with_columns(person_id="from_person_id")
    return (
        pl.concat(
            [written.with_columns(direction=pl.lit("out")), received.with_columns(direction=pl.lit("in"))]
        )
        .filter(pl.col("person_id").is_not_null())
        .with_columns(
            interaction_id=pl.concat_str("channel", "message_id", "person_id", separator=":"),
            occurred_at=pl.col("sent_at"),
            party_size=pl.col("party_size").cast(pl.Int64),
            duration_minutes=pl.lit(None, dtype=pl.Int64),
            source_record=pl.col("message_id"),
        )
    )


def _met(meetings: pl.LazyFrame, parties: pl.LazyFrame, until: datetime) -> pl.LazyFrame:
    happened = meetings.filter(
        (pl.col("starts_at") <= until)
        & (pl.col("status") != "cancelled")
        & ~pl.col("is_all_day")
        & (pl.col("attendees") <= MAX_ATTENDEES)
        & (pl.col("my_response").is_null() | pl.col("my_response").is_in(_I_TOOK_PART))
    )
    present = parties.filter(
        pl.col("response").ne_missing("declined") & ~pl.col("kind").is_in(["room", "resource"])
    ).select("meeting_id", "person_id")
    return happened.join(present, on="meeting_id").with_columns(
        interaction_id=pl.concat_str(pl.lit("meeting"), "meeting_id", "person_id", separator=":"),
        occurred_at=pl.col("starts_at"),
        channel=pl.lit("meeting"),
        direction=pl.lit("mutual"),
        party_size=pl.col("party_size").cast(pl.Int64),
        duration_minutes=(pl.col("ends_at") - pl.col("starts_at")).dt.total_minutes(),
        thread_id=pl.lit(None, dtype=pl.String),
        source_record=pl.col("meeting_id"),
    )
