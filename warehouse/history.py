"""What was published about people, kept beside the batches: memberships, ids, links by names, events.

    landing/people-<number>.parquet      what one publication said that the one before did not

Ids that somebody wrote down and links that were published have to survive `rebuild`, and are no function of
the records of one night: rarity fades, and records go. Files are loaded in order, each once or not at all.
"""

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from warehouse.connection import Connection, rows
from warehouse.frames import frame
from warehouse.landing import write_durably
from warehouse.people.decided import Refusal
from warehouse.people.lineage import Published, events, moves, redirects
from warehouse.people.resolve import Resolution

NEWS: dict[str, Any] = {
    "what": pl.String,
    "record": pl.String,
    "person_id": pl.String,
    "other": pl.String,
    "rule": pl.String,
    "evidence": pl.String,
    "born": pl.Int64,
}


def load_pending(connection: Connection, folder: Path) -> int:
    """Load what was written and is not in the database yet; how many files that was."""
    loaded = {number for (number,) in rows(connection, "select number from people.histories")}
    pending = [path for path in sorted(folder.glob("people-*.parquet")) if _number(path) not in loaded]
    for path in pending:
        _load(connection, path)
    return len(pending)


def keep(connection: Connection, folder: Path, news: pl.DataFrame, *, at: datetime) -> None:
    """Write what is new, with the columns of `NEWS`, to a file that a rebuild will read, and load it."""
    number = max((_number(path) for path in folder.glob("people-*.parquet")), default=0) + 1
    content = io.BytesIO()
    news.with_columns(at=pl.lit(at).cast(pl.Datetime("us", "UTC"))).write_parquet(content, compression="zstd")
    path = folder / f"people-{number:08d}.parquet"
    write_durably(path, content.getvalue())
    _load(connection, path)


def published(connection: Connection) -> Published:
    """What was published last."""
    return Published(
        members=frame(connection, "select record, person_id from people.membership where valid_to is null"),
        former=frame(
            connection,
            """
            select record, person_id from people.membership
            where valid_to is not null and person_id not in (
                select person_id from people.membership where valid_to is null)
            qualify valid_to = max(valid_to) over (partition by person_id)""",
        ),
        ids=frame(connection, "select person_id, founder, born from people.ids"),
        links=frame(
            connection, "select left_record, right_record, rule, evidence, since from people.name_links"
        ),
    )


def news(resolution: Resolution, before: Published, told: frozenset[str]) -> pl.DataFrame:
    """What a resolution says that was not published before; no rows if nothing changed.

    told: details of refused decisions that are on record.
    """
    members, links = resolution.members, resolution.name_links
    pair = ["left_record", "right_record"]
    met = resolution.persons.filter(pl.col("founder") != "")  # I may have no record yet
    ids = met.join(before.ids, on="person_id", how="anti")
    happened = events(members, before, redirects(members, before))
    parts = [
        moves(members, before).select(pl.lit("member").alias("what"), "record", "person_id"),
        ids.select(pl.lit("id").alias("what"), "person_id", pl.col("founder").alias("record"), "born"),
        _as_links(before.links.join(links, on=pair, how="anti"), "unlink"),
        _as_links(links.join(before.links, on=pair, how="anti"), "link"),
        happened.select(
            pl.lit("event").alias("what"),
            pl.col("event").alias("rule"),
            "person_id",
            pl.col("other_person_id").alias("other"),
            pl.col("detail").alias("evidence"),
        ),
        _refusals(resolution.refused, told),
    ]
    empty = pl.DataFrame(schema=NEWS)
    return pl.concat([empty, *parts], how="diagonal").select(list(NEWS))


def _as_links(links: pl.DataFrame, what: str) -> pl.DataFrame:
    return links.select(
        pl.lit(what).alias("what"),
        pl.col("left_record").alias("record"),
        pl.col("right_record").alias("other"),
        "rule",
        "evidence",
    )


def _refusals(refused: tuple[Refusal, ...], told: frozenset[str]) -> pl.DataFrame:
    details = [
        f"the merge {each.decision} is forbidden by "
        + (
            "what is yours: add the address in kith.toml"
            if each.forbidden_by == "me"
            else f"the split {each.forbidden_by}"
        )
        for each in refused
    ]
    new = [detail for detail in details if detail not in told]
    return pl.DataFrame({"evidence": new}, schema={"evidence": pl.String}).with_columns(
        what=pl.lit("event"), rule=pl.lit("decision_refused")
    )


def _load(connection: Connection, path: Path) -> None:
    told = f"read_parquet('{str(path).replace(chr(39), chr(39) * 2)}')"
    for statement in (
        f"""
        update people.membership as m set valid_to = t."at" from {told} t
        where t.what = 'member' and t.record = m.record and m.valid_to is null""",
        f"""
        insert into people.membership
        select record, person_id, "at", null from {told} where what = 'member' and person_id is not null""",
        f"""insert into people.ids select person_id, record, born, "at" from {told} where what = 'id'""",
        f"""
        delete from people.name_links using {told} t
        where t.what = 'unlink' and t.record = left_record and t.other = right_record""",
        f"""
        insert into people.name_links
        select record, other, rule, evidence, "at" from {told} where what = 'link'""",
        f"""
        insert into people.events
        select "at", rule, person_id, other, coalesce(evidence, '') from {told} where what = 'event'""",
        f"insert into people.histories values ({_number(path)})",
    ):
        connection.execute(statement)


def _number(path: Path) -> int:
    return int(path.stem.removeprefix("people-"))
