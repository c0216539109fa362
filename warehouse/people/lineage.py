"""Ids through time: who inherits one, and what happened to whom between two publications. Pure.

A person's id is made of the record that the person was born with, and stays with who holds it. When that
record is gone, the id goes to who holds the oldest of the records that were published under it.
"""

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from warehouse.people.identity import person_id

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


def named(members: pl.DataFrame, persons: pl.DataFrame, published: Published) -> dict[str, str]:
    """The ids of persons whose id is not what their oldest record would give them, by that one.

    members: record, person_id as it would be. persons: person_id, founder, born, is_me.

    An id that was published belongs to who holds the record that it was born with; if that is gone, to who
    holds the oldest of the records that were last published under it. Of several the oldest is kept, but of
    me the one that most of my records had: who turns out to be me does not give me an id. Whoever would be
    given an id that is another's is given a new one.
    """
    ids = published.ids.rename({"person_id": "id", "founder": "id_founder", "born": "id_born"})
    held = ids.join(members, left_on="id_founder", right_on="record")
    lost = ids.join(members, left_on="id_founder", right_on="record", how="anti")
    left = published.members.rename({"person_id": "id"}).join(lost, on="id").join(members, on="record")
    heirs = (
        left.join(persons, on="person_id")
        .sort("born", "founder", "record", nulls_last=True)
        .unique("id", keep="first", maintain_order=True)
    )
    columns = ("person_id", "id", "id_born", "id_founder")
    weights = published.members.join(
        members.join(persons.filter("is_me"), on="person_id", how="semi").select("record"), on="record"
    )
    weights = weights.group_by(pl.col("person_id").alias("id")).agg(pl.len().cast(pl.Int64).alias("weight"))
    kept = (
        pl.concat([held.select(columns), heirs.select(columns)])
        .join(weights, on="id", how="left")
        .join(persons.select("person_id", "is_me"), on="person_id")
        .sort(
            pl.when("is_me").then(pl.col("weight").fill_null(0)).otherwise(0).neg(),
            *("id_born", "id_founder", "id"),
            nulls_last=True,
        )
        .unique("person_id", keep="first", maintain_order=True)
    )
    others = persons.join(kept, on="person_id", how="anti").join(
        published.ids.select("person_id"), on="person_id", how="semi"
    )
    fresh = {own: person_id(founder) for own, founder in others.select("person_id", "founder").iter_rows()}
    kept = kept.filter(pl.col("person_id") != pl.col("id"))
    return dict(kept.select("person_id", "id").iter_rows()) | fresh


def redirects(members: pl.DataFrame, published: Published) -> pl.DataFrame:
    """person_id, to_person_id: of ids that were published and are no person's now, who holds what they held.

    members: record, person_id.
    """
    retired = published.ids.join(members, on="person_id", how="anti").select("person_id", "founder")
    founders = members.select(pl.col("record").alias("founder"), pl.col("person_id").alias("by_founder"))
    last = pl.concat([published.members, published.former])
    held = (
        last.join(members.select("record", pl.col("person_id").alias("by_record")), on="record")
        .sort("person_id", "record")
        .unique("person_id", keep="first", maintain_order=True)
    )
    target = pl.coalesce("by_founder", "by_record")
    return (
        retired.join(founders, on="founder", how="left")
        .join(held.select("person_id", "by_record"), on="person_id", how="left")
        .select("person_id", target.alias("to_person_id"))
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
    is back; ``ended``: nothing is left of it; ``split``: records left one person for another without the id.
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
