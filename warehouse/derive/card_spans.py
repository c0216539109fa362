"""What cards and positions say of employers over time: per card and employer in a row one span.

A version of a card is of its REV if that can be believed, else of the day it was first seen; an export's
state of a day (a file whose name ends in @ and the day) is of that day. What two versions of one card say
differently changed between them.
"""

import re
from datetime import UTC, date, datetime

import polars as pl

from warehouse.derive.employers import HELD, day, folded, organization_key, period

NEVER = date.max
_FIRST_REV = datetime(1995, 1, 1, tzinfo=UTC)  # vCard 1.0; an older REV is a clock that was never set
_CARD = ["person_id", "source", "book", "key"]
_SPAN = (
    *("span", "person_id", "org_key", "organization", "source", "valid_from", "valid_to", "ended_by"),
    *("said_on", "said_by", "evidence"),
)


def statements(versions: pl.DataFrame, as_of: date, zone: str) -> pl.DataFrame:
    """One row per version of a card that counts on `as_of`, in the order in which they were said.

    Beside the columns of versions: card (a number), on, is_dated, org_key (empty: no employer), title_key.
    """
    rows = _in_order(versions, as_of, zone)
    may_be = pl.col("revised_at").is_between(_FIRST_REV, pl.col("seen_at")).fill_null(value=False)
    told_at = pl.when(may_be).then("revised_at").otherwise("seen_at")
    rows = rows.with_columns(told_at=told_at.cum_max().over("card"))
    # A REV that is no newer than what was known before does not date what is new.
    before = neighbour("told_at", "card", -1)
    rows = rows.with_columns(is_new=may_be & (before.is_null() | (pl.col("revised_at") > before)))
    on = pl.when("is_new").then(day("revised_at", zone)).otherwise("seen_on")
    spoken = pl.col("organization").is_not_null() & ~pl.col("is_withdrawn")
    return (
        rows.with_columns(
            is_dated=pl.col("is_new") | pl.col("export_on").is_not_null(),
            on=pl.when("is_withdrawn").then("seen_on").otherwise(pl.coalesce("export_on", on)),
        )
        .with_columns(pl.col("on").cum_max().over("card"))
        .filter(pl.col("on") <= as_of)
        .with_columns(
            org_key=pl.when(spoken).then(folded("organization", organization_key)).otherwise(pl.lit("")),
            title_key=_folded_title(),
        )
        .rechunk()
    )


def _in_order(versions: pl.DataFrame, as_of: date, zone: str) -> pl.DataFrame:
    """Versions with card, seen_on and export_on: of a book as they landed, of exports by their days.

    Of exports side by side a card is gone only when it is gone from all of them; before that it is not.
    """
    is_export, is_end = pl.col("export_on").is_not_null(), pl.col("is_withdrawn")
    known_on = pl.when(is_end).then("seen_on").otherwise(pl.col("export_on").fill_null(as_of))
    is_gone = is_end.last().over("part").all().over("card")
    is_last = pl.col("card").ne_missing(pl.col("card").shift(-1))
    return (
        versions.with_columns(
            seen_on=day("seen_at", zone),
            export_on=pl.col("file").str.extract(r"@(\d{4}-\d{2}-\d{2})$").str.to_date(strict=False),
        )
        .filter(known_on <= as_of)
        .with_columns(book=pl.when(is_export).then(pl.lit("@")).otherwise("file"))
        .sort(*_CARD, "file", "batch")
        .with_columns(card=pl.struct(_CARD).rle_id())
        .with_columns(part=pl.struct("card", "file").rle_id())
        .filter(~(is_export & is_end) | is_gone)
        .sort("card", pl.when(is_export & is_end).then(NEVER).otherwise("export_on"), "batch", "part")
        .filter(~(is_export & is_end) | is_last)
    )


def spans_of_cards(said: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Per card and employer in a row one span; and the titles in it, each with the day it was first said."""
    said = said.with_columns(span=pl.struct("card", "org_key").rle_id().cast(pl.Int64))
    runs = said.group_by("span", maintain_order=True).agg(
        pl.col("card", "person_id", "source", "org_key", "is_withdrawn").first(),
        pl.col("organization").last(),
        valid_from=pl.col("on").first(),
        said_on=pl.col("on").last(),
    )
    following, preceding = neighbour("org_key", "card", 1), neighbour("org_key", "card", -1)
    runs = runs.with_columns(
        valid_to=neighbour("valid_from", "card", 1),
        ended_by=pl.when(following == "")
        .then(pl.lit("withdrawal"))
        .when(following != "")
        .then(pl.lit("change")),
        before_on=pl.when(preceding != "").then(neighbour("said_on", "card", -1)),
    ).filter(pl.col("org_key") != "")
    runs = (
        runs.rechunk()
    )  # a filtered shift may leave an empty chunk, on which Polars 2.1's concat_str panics
    gone_on = pl.when(pl.col("ended_by") == "withdrawal").then("valid_to")
    evidence = pl.concat_str(
        pl.format("card in {}, {}", "source", period("valid_from", "said_on")),
        pl.format(", changed between {} and {}", "before_on", "valid_from"),
        pl.format(", not on it any more on {}", gone_on),
        ignore_nulls=True,
    )
    spans = runs.select(*_SPAN[:-2], said_by=pl.lit("card"), evidence=evidence)
    titles = (
        said.filter(pl.col("org_key") != "")
        .with_columns(run=pl.struct("span", "title_key").rle_id(), before_on=neighbour("on", "span", -1))
        .unique("run", keep="first", maintain_order=True)
        .with_columns(is_first=pl.col("span").ne_missing(pl.col("span").shift(1)))
        .filter(pl.col("title").is_not_null() | ~pl.col("is_first"))
        .select(
            "span", "on", "title", "title_key", "before_on", is_sure=pl.col("is_dated") | ~pl.col("is_first")
        )
    )
    return spans, titles


def spans_of_positions(positions: pl.DataFrame, as_of: date, zone: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Per position that had begun one span, and its title."""
    rows = (
        positions.filter(pl.col("organization") != "")
        .with_columns(
            valid_from=_month("started_on"),
            valid_to=_month_after("ended_on"),
            org_key=folded("organization", organization_key),
            title=pl.when(pl.col("title") != "").then("title"),
        )
        .filter(pl.col("valid_from") <= as_of)
        .with_columns(
            valid_to=pl.when(pl.col("valid_to") <= as_of).then(pl.max_horizontal("valid_from", "valid_to"))
        )
        .sort("person_id", "source", "valid_from", "org_key", "title")
        .with_columns(
            span=-1 - pl.int_range(pl.len(), dtype=pl.Int64),
            said_on=pl.coalesce("valid_to", pl.min_horizontal(day("seen_at", zone), pl.lit(as_of))),
            ended_by=pl.when(pl.col("valid_to").is_not_null()).then(pl.lit("change")),
            said_by=pl.lit("position"),
            evidence=pl.format(
                "position in {}, {} to {}",
                "source",
                "started_on",
                pl.when(pl.col("valid_to").is_null()).then(pl.lit("now")).otherwise("ended_on"),
            ),
        )
        .with_columns(said_on=pl.max_horizontal("said_on", "valid_from"))
    )
    titles = rows.filter(pl.col("title").is_not_null()).select(
        "span",
        "title",
        on="valid_from",
        title_key=_folded_title(),
        before_on=pl.lit(None, pl.Date),
        is_sure=pl.lit(value=True),
    )
    return rows.select(_SPAN), titles.select("span", "on", "title", "title_key", "before_on", "is_sure")


def closed_elsewhere(spans: pl.DataFrame) -> pl.DataFrame:
    """What one source saw end, an older word of another does not keep open."""
    ends = spans.filter(pl.col("ended_by") == "change").select(*HELD, end="valid_to")
    seen = (
        spans.filter(pl.col("valid_to").is_null())
        .join(ends, on=HELD)
        .filter(pl.col("end") > pl.col("said_on"))
        .group_by("span")
        .agg(pl.col("end").min())
    )
    return spans.join(seen, on="span", how="left").select(
        *(name for name in _SPAN if name not in ("valid_to", "ended_by")),
        valid_to=pl.coalesce("valid_to", "end"),
        ended_by=pl.when(pl.col("end").is_not_null()).then(pl.lit("change")).otherwise("ended_by"),
    )


def neighbour(column: str, group: str, step: int) -> pl.Expr:
    """A column in the next row (1) or the one before (-1) of rows sorted by group; null outside of it."""
    return pl.when(pl.col(group) == pl.col(group).shift(-step)).then(pl.col(column).shift(-step))


def _month(column: str) -> pl.Expr:
    """The first day of a month or a year; null for empty text."""
    return pl.concat_str(column, pl.lit("-01-01")).str.head(10).str.to_date(strict=False)


def _month_after(column: str) -> pl.Expr:
    """The first day after a month or a year."""
    first = _month(column)
    is_year = pl.col(column).str.len_chars() == 4
    return pl.when(is_year).then(first.dt.offset_by("1y")).otherwise(first.dt.offset_by("1mo"))


def _folded_title() -> pl.Expr:
    return folded("title", lambda title: " ".join(re.findall(r"\w+", title.casefold())))
