"""Gone quiet: whom to write to, the one whose contact I lose most first."""

from datetime import date, datetime, timedelta

import polars as pl

from warehouse.derive.interactions import MAX_ATTENDEES
from warehouse.derive.pulse import COOLING, GONE_QUIET, WINDOW_DAYS

MIN_CONTACT_DAYS, MIN_ACTIVE_DAYS, MIN_EXPECTED = 6, 60, 3
MIN_SILENCE, MAX_SILENCE = 7, 180
HORIZON_DAYS = 366  # a meeting further off than a year says nothing of this silence

COLUMNS = (
    "rank",
    "person_id",
    "name",
    "last_contact_on",
    "silent_days",
    "usual_gap_days",
    "quiet_score",
    "why",
    "level",
    "probability",
    "contact_days",
    "long_gap_days",
)


def ranked(rhythms: pl.LazyFrame) -> pl.LazyFrame:
    """The relationships that have a rhythm, with `value`: the most contact lost first.

    value: quiet score + ln(contact days in the last active 180 days), expected contact lost in log odds.
    """
    return (
        rhythms.filter(has_rhythm())
        .with_columns(value=pl.col("quiet_score") + pl.col("recent_contact_days").log())
        .sort(["value", "person_id"], descending=[True, False])
    )


def gone_quiet(
    rhythms: pl.LazyFrame, people: pl.LazyFrame, expected: pl.LazyFrame, owed: pl.LazyFrame
) -> pl.LazyFrame:
    """One row per person worth writing to, the most contact lost first.

    Of the ranking, those that are cooling or quieter. Not on the list: who is in `expected` (a meeting is
    scheduled) or in `owed` (their message waits for me); both hold person_id.
    """
    return (
        ranked(rhythms)
        .filter(pl.col("quiet_score") >= COOLING)
        .join(
            people.filter(~pl.col("is_me")).select("person_id", "name"), on="person_id", maintain_order="left"
        )
        .join(expected.select("person_id"), on="person_id", how="anti", maintain_order="left")
        .join(owed.select("person_id"), on="person_id", how="anti", maintain_order="left")
        .with_columns(
            level=pl.when(pl.col("quiet_score") >= GONE_QUIET)
            .then(pl.lit("gone quiet"))
            .otherwise(pl.lit("cooling")),
            why=_why(),
        )
        .with_row_index("rank", offset=1)
        .with_columns(pl.col("rank").cast(pl.Int64))
        .select(COLUMNS)
    )


def has_rhythm() -> pl.Expr:
    """Whether a relationship has a rhythm at all that a silence can break.

    Two-way, at least 6 contact days over 60 days, 3 expected in 90, and silent for 7 to 180 days.
    """
    return (
        pl.col("is_two_way")
        & (pl.col("contact_days") >= MIN_CONTACT_DAYS)
        & (pl.col("active_days") >= MIN_ACTIVE_DAYS)
        & (pl.col("usual_per_day") * WINDOW_DAYS >= MIN_EXPECTED)
        & pl.col("silent_days").is_between(MIN_SILENCE, MAX_SILENCE)
    )


def expected_meetings(
    meetings: pl.LazyFrame, meeting_parties: pl.LazyFrame, *, after: datetime
) -> pl.LazyFrame:
    """One row per person whom I am to meet in the year after an instant, as it stood then: person_id."""
    ahead = meetings.filter(
        pl.col("starts_at").is_between(after, after + timedelta(days=HORIZON_DAYS), closed="right")
        & (pl.col("status") != "cancelled")
        & ~pl.col("is_all_day")
        & (pl.col("attendees") <= MAX_ATTENDEES)
        & pl.col("my_response").ne_missing("declined")
        & (pl.col("created_at").is_null() | (pl.col("created_at") <= after))
    )
    coming = meeting_parties.filter(pl.col("response").ne_missing("declined"))
    return coming.join(ahead, on="meeting_id", how="semi").select("person_id").unique()


def replies_owed(
    messages: pl.LazyFrame, interactions: pl.LazyFrame, *, as_of: date, owner_zone: str
) -> pl.LazyFrame:
    """One row per person whose message waits for my answer: person_id.

    Theirs is the last message of the thread, I stood in To, they opened the thread or it has at least three
    messages, and I have neither written to nor met them since. After 180 days it is no longer waiting.
    """
    threads = messages.filter(pl.col("my_role").is_not_null()).select(
        "thread_id", "message_id", "sent_at", "from_person_id", "my_role"
    )
    # threads outlive relationships; only what was sent by the end of the day can be known on that day
    on = pl.col("sent_at").dt.convert_time_zone(owner_zone).dt.date()
    known = threads.filter(pl.col("sent_at").is_not_null() & (on <= as_of))
    last = (
        known.sort("sent_at", "message_id")
        .group_by("thread_id", maintain_order=True)
        .agg(
            pl.col("message_id", "sent_at", "my_role").last(),
            person_id=pl.col("from_person_id").last(),
            opener=pl.col("from_person_id").first(),
            length=pl.len(),
        )
        .filter(
            (pl.col("my_role") == "to")
            & ((pl.col("opener") == pl.col("person_id")) | (pl.col("length") >= 3))
            & (pl.lit(as_of) - on < pl.duration(days=MAX_SILENCE))
        )
    )
    inbound = interactions.filter(pl.col("channel") != "meeting").select(
        "person_id", source_record="source_record"
    )
    mine = (
        interactions.filter(pl.col("direction") != "in")
        .group_by("person_id")
        .agg(last_mine_at=pl.col("occurred_at").max())
    )
    return (
        last.join(
            inbound, left_on=["person_id", "message_id"], right_on=["person_id", "source_record"], how="semi"
        )
        .join(mine, on="person_id", how="left")
        .filter(pl.col("last_mine_at").is_null() | (pl.col("last_mine_at") < pl.col("sent_at")))
        .select("person_id")
        .unique()
    )


def _why() -> pl.Expr:
    return pl.format(
        "Usually every {} ({} contact days); last contact on {}, silent for {}, longest silence so far {}; "
        "{} % likely gone quiet.",
        _every(pl.col("usual_gap_days").round(0).cast(pl.Int64)),
        "contact_days",
        pl.col("last_contact_on").cast(pl.String),
        _days(pl.col("silent_days")),
        _days(pl.col("long_gap_days")),
        (pl.col("probability") * 100).round(0).cast(pl.Int64),
    )


def _days(number: pl.Expr) -> pl.Expr:
    return pl.when(number == 1).then(pl.lit("1 day")).otherwise(pl.format("{} days", number))


def _every(number: pl.Expr) -> pl.Expr:
    return pl.when(number <= 1).then(pl.lit("day")).otherwise(pl.format("{} days", number))
