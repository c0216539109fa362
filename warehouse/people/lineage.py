"""Ids through time: who inherits one, and what happened to whom between two publications. Pure.

A person's id is made of the record that the person was born with. While any record has that claim, the id is
theirs who hold the record; when it is gone, the id goes to who holds the oldest record published under it.
"""

from dataclasses import dataclass, field
from typing import Any

import polars as pl

MEMBERS = {"record": pl.String, "person_id": pl.String}
IDS = {"person_id": pl.String, "founder": pl.String, "born": pl.Int64}
NAME_LINKS: dict[str, Any] = {
    "left_record": pl.String,
    "right_record": pl.String,
    "rule": pl.String,
    "evidence": pl.String,
    "since": pl.Datetime("us", "UTC"),
}
EVENTS = {"event": pl.String, "person_id": pl.String, "other_person_id": pl.String, "detail": pl.String}


def _empty(schema: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(schema=schema)


@dataclass(frozen=True)
class Published:
    """What was published last: members with `MEMBERS`, all ids ever with `IDS`, links with `NAME_LINKS`.

    former: of ids that are no person's now, the members that they had at their end.
    """

    members: pl.DataFrame = field(default_factory=lambda: _empty(MEMBERS))
    former: pl.DataFrame = field(default_factory=lambda: _empty(MEMBERS))
    ids: pl.DataFrame = field(default_factory=lambda: _empty(IDS))
    links: pl.DataFrame = field(default_factory=lambda: _empty(NAME_LINKS))


def heirs(members: pl.DataFrame, persons: pl.DataFrame, published: Published) -> dict[str, str]:
    """Of persons, by the id that their oldest record would give them, the id that they inherit instead.

    members: record, claim_id, person_id. persons: person_id, founder, born. A claim that any record still
    makes is nobody's to inherit; of several ids that a person could have the oldest is kept.
    """
    lost = published.ids.join(members, left_on="person_id", right_on="claim_id", how="anti")
    if lost.is_empty():
        return {}
    left = (
        published.members.join(lost, on="person_id")
        .rename({"person_id": "lost_id", "born": "lost_born", "founder": "lost_founder"})
        .join(members.select("record", "person_id"), on="record")
        .join(persons, on="person_id")
    )
    heir = left.sort("born", "founder", "record", nulls_last=True).unique(
        "lost_id", keep="first", maintain_order=True
    )
    is_as_old = (pl.col("lost_born") == pl.col("born")) & (pl.col("lost_founder") < pl.col("founder"))
    older = heir.filter(pl.col("born").is_null() | (pl.col("lost_born") < pl.col("born")) | is_as_old)
    oldest = older.sort("lost_born", "lost_founder").unique("person_id", keep="first", maintain_order=True)
    return dict(oldest.select("person_id", "lost_id").iter_rows())


def redirects(members: pl.DataFrame, published: Published) -> pl.DataFrame:
    """person_id, to_person_id: of ids that were published and are no person's now, who holds what they held.

    members: record, claim_id, person_id.
    """
    retired = published.ids.join(members, on="person_id", how="anti").select("person_id")
    founders = members.select("claim_id", pl.col("person_id").alias("by_founder")).unique("claim_id")
    last = (
        pl.concat([published.members, published.former])
        .sort("record")
        .unique("person_id", keep="first", maintain_order=True)
    )
    by_record = last.join(members.select("record", pl.col("person_id").alias("by_record")), on="record")
    found = retired.join(founders, left_on="person_id", right_on="claim_id", how="left").join(
        by_record.select("person_id", "by_record"), on="person_id", how="left"
    )
    target = pl.coalesce("by_founder", "by_record")
    return (
        found.select("person_id", target.alias("to_person_id"))
        .filter(pl.col("to_person_id").is_not_null())
        .sort("person_id")
    )


def moves(members: pl.DataFrame, published: Published) -> pl.DataFrame:
    """record, person_id: where a record is now and was not before; null if it is gone."""
    now, before = members.select("record", "person_id"), published.members
    came = now.join(before, on=["record", "person_id"], how="anti")
    went = before.join(now, on="record", how="anti").with_columns(person_id=pl.lit(None, pl.String))
    return pl.concat([came, went.select("record", "person_id")]).sort("record")


def events(members: pl.DataFrame, published: Published, led: pl.DataFrame) -> pl.DataFrame:
    """What happened to persons since the last publication, with `EVENTS`, without births.

    led: the `redirects` of now. ``redirect``: an id gave way to another; ``revived``: one that had given way
    is back; ``ended``: nothing is left of it; ``split``: records left one person for another, but not with the
    id.
    """
    now = members.select("person_id").unique()
    before = published.members.select("person_id").unique()
    gone = before.join(now, on="person_id", how="anti").join(led, on="person_id", how="left")
    back = now.join(before, on="person_id", how="anti").join(published.ids, on="person_id", how="semi")
    moved = (
        published.members.join(members.select("record", pl.col("person_id").alias("now_id")), on="record")
        .join(led, on="person_id", how="left")
        .filter(pl.col("person_id") != pl.col("now_id"), pl.col("to_person_id").ne_missing(pl.col("now_id")))
        .group_by("person_id", "now_id")
        .agg(pl.len())
    )
    nothing = pl.lit(None, pl.String)
    is_led = pl.col("to_person_id").is_not_null()
    frames = [
        gone.select(
            pl.when(is_led).then(pl.lit("redirect")).otherwise(pl.lit("ended")).alias("event"),
            "person_id",
            pl.col("to_person_id").alias("other_person_id"),
            pl.lit("").alias("detail"),
        ),
        back.select(
            pl.lit("revived").alias("event"),
            "person_id",
            nothing.alias("other_person_id"),
            pl.lit("").alias("detail"),
        ),
        moved.select(
            pl.lit("split").alias("event"),
            "person_id",
            pl.col("now_id").alias("other_person_id"),
            pl.format("{} records", "len").alias("detail"),
        ),
    ]
    return pl.concat(frames).sort("event", "person_id", "other_person_id", nulls_last=True)
