"""Addresses about which there is no question, and who is behind them: most mentions, as columns.

A personal address that nobody configured, that stands on no card and under which one full name at most was
ever seen is one person, whatever else is known. All rules here are those of `grouping`, `profile` and `kinds`
for such an address; a test holds the two together.
"""

from collections.abc import Collection

import polars as pl

from warehouse.people.identity import person_ids
from warehouse.people.kinds import BOT_REASON, NAMED_REASON, PERSONAL_REASON
from warehouse.people.records import of_mentions

_TIMES = pl.format(
    "{} {}", "count", pl.when(pl.col("count") == 1).then(pl.lit("time")).otherwise(pl.lit("times"))
)


def is_plain(questioned: Collection[str]) -> pl.Expr:
    """Of a row of `evidence.read_mentions`: whether its address leaves no question.

    questioned: normalised addresses that are on cards or that were configured.
    """
    is_special = (pl.col("kind") != "personal") | pl.any_horizontal(
        "is_room", "listed", "is_group", "has_via"
    )
    full_names = pl.col("key").filter("is_full").n_unique()
    asked = pl.Series(sorted(questioned), dtype=pl.String).implode()
    return (
        ~pl.col("value").is_in(asked)
        & pl.col("value").str.contains("@", literal=True)
        & ~is_special.any().over("value")
        & (full_names.over("value") <= 1)
    )


def plain_people(spelled: pl.DataFrame) -> pl.DataFrame:
    """One row per plain address: value, the columns of a person, and those of its only identifier.

    In: the rows of `evidence.read_mentions` for which `is_plain` holds.
    """
    summed = spelled.group_by("value").agg(
        pl.col("count", "in_mail", "in_calendar", "sent", "automatic").sum(),
        pl.col("count").filter("is_full").sum().alias("named"),
        pl.col("born", "source", "first_at").min(),
        pl.col("last_at").max(),
    )
    spellings = _most(spelled, "spelling").rename({"spelling": "primary_email"})
    names = _most(spelled.filter(_is_best_name()), "text")
    founders = spelled.sort("born", pl.col("is_full").not_(), "value", "key").unique(
        "value", keep="first", maintain_order=True
    )
    found = (
        summed.join(spellings, on="value")
        .join(names, on="value", how="left")
        .join(founders.select("value", of_mentions().alias("founder")), on="value")
    )
    return found.select(
        "value",
        person_ids(found["value"]),
        pl.coalesce("text", "primary_email").alias("name"),
        *_kind_and_reason(),
        pl.lit(value=False).alias("is_me"),
        "primary_email",
        "founder",
        "born",
        "source",
        pl.col("first_at").alias("first_seen_at"),
        pl.col("last_at").alias("last_seen_at"),
        pl.format("in {} {}", _places(), _TIMES).alias("evidence"),
    )


def plain_members(spelled: pl.DataFrame) -> pl.DataFrame:
    """One row per record of `plain_people`: record and person_id."""
    items = spelled.unique(["value", "key", "is_full"])
    return items.select(of_mentions(), person_ids(items["value"]))


def _most(spelled: pl.DataFrame, column: str) -> pl.DataFrame:
    """Of each address the text that was written most; of equals the first of the alphabet."""
    counted = spelled.group_by("value", column).agg(pl.col("count").sum())
    ranked = counted.sort(pl.col("count").neg(), column)
    return ranked.unique("value", keep="first", maintain_order=True).select("value", column)


def _is_best_name() -> pl.Expr:
    """A full name, or any if the address has no full one."""
    return (pl.col("text") != "") & (pl.col("is_full") | ~pl.col("is_full").any().over("value"))


def _kind_and_reason() -> tuple[pl.Expr, pl.Expr]:
    """As `kinds.kind_of` judges by behaviour, then by name."""
    received = pl.col("in_mail") - pl.col("sent")
    is_bot = (pl.col("sent") >= 3) & (pl.col("automatic") >= 0.9 * pl.col("sent")) & (received <= 0)
    is_named = (pl.col("named") > 0) & (2 * pl.col("named") >= pl.col("count"))
    kind = pl.when(is_bot).then(pl.lit("bot")).otherwise(pl.lit("human"))
    reason = (
        pl.when(is_bot)
        .then(pl.format(BOT_REASON, "automatic", "sent"))
        .when(is_named)
        .then(pl.format(NAMED_REASON, "named", "count"))
        .otherwise(pl.lit(PERSONAL_REASON))
    )
    return kind.alias("kind"), reason.alias("kind_reason")


def _places() -> pl.Expr:
    return (
        pl.when((pl.col("in_mail") > 0) & (pl.col("in_calendar") > 0))
        .then(pl.lit("mail and calendar"))
        .when(pl.col("in_calendar") > 0)
        .then(pl.lit("calendar"))
        .otherwise(pl.lit("mail"))
    )
