"""Faces: where which name stands, one row per record and address. What names are compared on."""

from collections.abc import Iterable
from typing import Any

import polars as pl

from warehouse.people.evidence import Card
from warehouse.people.records import of_mentions

FACES: dict[str, Any] = {
    "record": pl.String,
    "address": pl.String,
    "local": pl.String,
    "domain": pl.String,
    "address_kind": pl.String,
    "key": pl.String,
    "tokens": pl.List(pl.String),
    "suffix": pl.String,
    "text": pl.String,
    "count": pl.Int64,
    "share": pl.Float64,
    "book": pl.String,
    "slug": pl.String,
    "organization": pl.String,
}


def faces(spelled: pl.DataFrame, cards: Iterable[Card]) -> pl.DataFrame:
    """The names of `evidence.read_mentions` and of persons' cards, with the columns of `FACES`.

    address: in normal form, empty of a profile and of a card without any; a card has a row for each of its
    addresses. address_kind: ``personal``, or what else headers, calendars or spelling say; ``""`` without an
    address. share: of the mentions of the address with a full name those with this one; 1 on a card and
    of a name that is not full. book: the source
    of a card, else null. slug: of a LinkedIn profile, else null.
    """
    return pl.concat([_mentioned(spelled), _carded(cards)]).sort("record", "address", "slug", nulls_last=True)


def _mentioned(spelled: pl.DataFrame) -> pl.DataFrame:
    is_special = pl.any_horizontal("is_room", "listed", "is_group").any().over("value")
    is_relay = pl.col("count").filter("has_via").sum().over("value") * 2 > pl.col("count").sum().over("value")
    kind = (
        pl.when(is_special).then(pl.lit("list")).when(is_relay).then(pl.lit("list")).otherwise(pl.col("kind"))
    )
    named = (
        spelled.with_columns(address_kind=kind)
        .sort("count", "text", descending=[True, False])
        .group_by("value", "key", "is_full", maintain_order=True)
        .agg(pl.col("address_kind", "tokens", "suffix", "text").first(), pl.col("count").sum())
    )
    is_profile = ~pl.col("value").str.contains("@", literal=True)
    parts = pl.col("value").str.splitn("@", 2).struct
    blank = pl.lit("")
    return named.select(
        of_mentions(),
        pl.when(is_profile).then(blank).otherwise("value").alias("address"),
        pl.when(is_profile).then(blank).otherwise(parts.field("field_0")).alias("local"),
        pl.when(is_profile).then(blank).otherwise(parts.field("field_1")).alias("domain"),
        pl.when(is_profile).then(blank).otherwise("address_kind").alias("address_kind"),
        "key",
        "tokens",
        "suffix",
        "text",
        "count",
        pl.when("is_full")
        .then(pl.col("count") / pl.col("count").filter("is_full").sum().over("value"))
        .otherwise(1.0)
        .alias("share"),
        pl.lit(None, pl.String).alias("book"),
        pl.when(pl.col("value").str.starts_with("linkedin:"))
        .then(pl.col("value").str.strip_prefix("linkedin:"))
        .alias("slug"),
        blank.alias("organization"),
    )


def _carded(cards: Iterable[Card]) -> pl.DataFrame:
    rows = [
        (
            card.record,
            *place,
            card.name.key,
            list(card.name.tokens),
            card.name.suffix,
            card.name.text,
            0,
            1.0,
            card.source,
            card.slugs[0] if card.slugs else None,
            card.organization,
        )
        for card in cards
        if card.is_personal
        for place in [(each.value, each.local, each.domain, each.kind) for each in card.emails] or [("",) * 4]
    ]
    return pl.DataFrame(rows, FACES, orient="row")
