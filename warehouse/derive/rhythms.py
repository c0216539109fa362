"""Rhythms: how often a person and I are in contact, and how long it has been silent."""

from datetime import date

import polars as pl

from warehouse.derive.pulse import pulse

MAX_MAIL_PARTY = 6  # the writer and five recipients: what goes to more people is news, not contact
MAX_MEETING_PARTY = 5


def contact_days(interactions: pl.LazyFrame, *, owner_zone: str) -> pl.LazyFrame:
    """One row per interaction with the day on which it happened in `owner_zone` (`on`), and `is_direct`.

    Direct contact is mail among at most six people and meetings of at most five.
    """
    limit = pl.when(pl.col("channel") == "meeting").then(MAX_MEETING_PARTY).otherwise(MAX_MAIL_PARTY)
    return interactions.with_columns(
        on=pl.col("occurred_at").dt.convert_time_zone(owner_zone).dt.date(),
        is_direct=pl.col("party_size") <= limit,
    )


def rhythms(interactions: pl.LazyFrame, *, as_of: date, owner_zone: str) -> pl.LazyFrame:
    """One row per person with at least one interaction on or before `as_of`.

    Gaps, silence and score are of direct contact days; a person met in large rounds only has interactions,
    but no rhythm (nulls). first_at and last_at are of all interactions, in UTC.
    """
    days = contact_days(interactions, owner_zone=owner_zone).filter(pl.col("on") <= as_of)
    everything = days.group_by("person_id").agg(
        interactions=pl.len().cast(pl.Int64),
        first_at=pl.col("occurred_at").min(),
        last_at=pl.col("occurred_at").max(),
        last_contact_on=pl.col("on").filter(pl.col("is_direct")).max(),
        is_two_way=_is_two_way(),
    )
    ages = (
        days.filter(pl.col("is_direct"))
        .select("person_id", age_days=(pl.lit(as_of) - pl.col("on")).dt.total_days().cast(pl.Float64))
        .unique()
    )
    return (
        everything.join(pulse(ages, ["person_id"]), on="person_id", how="left")
        .with_columns(
            silent_days=pl.col("silent_days").cast(pl.Int64),
            long_gap_days=pl.col("long_gap_days").cast(pl.Int64),
            still_alive=1 - pl.col("probability"),
        )
        .sort("person_id")
    )


def _is_two_way() -> pl.Expr:
    """Both have written, or we met."""
    direction = pl.col("direction").filter(pl.col("is_direct"))
    return (direction == "mutual").any() | ((direction == "in").any() & (direction == "out").any())
