"""Employers: when two names mean one organization, and which domain is whose.

An address at the domain of an employer says that somebody works there from the first to the last time that it
was seen. Which organization a domain belongs to, the cards with an address there say.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from functools import lru_cache

import polars as pl

from warehouse.people.domains import read_domains

SILENT_DAYS = 180  # without a sign of a domain, beside newer signs of another employer, its span has ended
HELD = ["person_id", "org_key"]
_LEGAL_FORMS = frozenset(
    [
        *("inc", "incorporated", "ltd", "limited", "llc", "llp", "lp", "plc", "co", "corp", "corporation"),
        *("company", "gmbh", "ggmbh", "mbh", "ag", "kg", "kgaa", "ohg", "ug", "gbr", "ek", "ev", "eg", "se"),
        *("sa", "sas", "sarl", "srl", "spa", "sl", "slu", "bv", "nv", "oy", "oyj", "ab", "as", "asa", "aps"),
        *("sro", "zrt", "kft", "rt", "doo", "pty", "pte", "pvt", "kk", "ltda", "sagl", "sprl"),
    ]
)


@lru_cache(maxsize=100_000)
def organization_key(name: str) -> str:
    """``quill`` of ``The Quill, Books``, ``QUILL & Co.`` and ``quill.example``; never empty unless `name` is.

    Case, accents, punctuation, units behind a comma and legal forms at the end do not count.
    """
    text = unicodedata.normalize("NFKD", name.partition(", ")[0] or name).casefold()
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    if re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}", text):  # somebody wrote the domain
        text = text.rpartition(".")[0].rpartition(".")[2]
        return text.replace("-", "")
    text = re.sub(r"\b(\w)\.\s?(?=\w\b)", r"\1", text).replace("&", " and ").replace("+", " and ")
    words = re.findall(r"\w+", text)
    kept = words[1:] if words[:1] == ["the"] and len(words) > 1 else words
    while len(kept) > 1 and (kept[-1] in _LEGAL_FORMS or kept[-1] == "and"):
        kept = kept[:-1]
    return "".join(kept) or name.strip().casefold()


def folded(column: str, key: Callable[[str], str]) -> pl.Expr:
    """What the spellings in a column have in common; `key` is asked once for each of them."""

    def fold(names: pl.Series) -> pl.Series:
        spellings = names.drop_nulls().unique()
        found = pl.Series([key(name) for name in spellings], dtype=pl.String)
        return names.replace_strict(spellings, found, default=None, return_dtype=pl.String)

    return pl.col(column).map_batches(fold, return_dtype=pl.String)


def names_of_sites(said: pl.DataFrame) -> pl.DataFrame:
    """One row per domain that the cards name an organization for: site, org_key, organization.

    Each person has a vote for each employer that a card with an address there names; more than half of the
    votes decide, and between two the one that sounds like the domain. Who lists addresses of several
    employers on one card votes only for the domain that sounds like it.
    """
    votes = (
        said.filter(pl.col("org_key") != "")
        .select(*HELD, "organization", domain=pl.col("emails").list.unique(maintain_order=True))
        .explode("domain", keep_nulls=False, empty_as_null=False)
        .with_columns(pl.col("domain").str.split("@").list.last().str.to_lowercase().str.strip_chars(" >"))
        .unique()
    )
    votes = votes.join(_employers(votes["domain"]), on="domain").with_columns(label=_label())
    stem = pl.min_horizontal(pl.col("label").str.len_chars(), pl.col("org_key").str.len_chars())
    sounds_alike = (stem >= 3) & (pl.col("label").str.head(stem) == pl.col("org_key").str.head(stem))
    votes = votes.with_columns(is_alike=sounds_alike).filter(
        pl.col("is_alike") | (pl.col("site").n_unique().over(HELD) == 1)
    )
    spelled = (
        votes.group_by("site", "org_key", "organization")
        .agg(uses=pl.col("person_id").n_unique())
        .sort("uses", "organization", descending=[True, False])
        .unique(["site", "org_key"], keep="first", maintain_order=True)
    )
    return (
        votes.group_by("site", "org_key")
        .agg(pl.col("person_id").n_unique().cast(pl.Int64).alias("n"), pl.col("is_alike").any())
        .filter(pl.col("n") * 2 + pl.col("is_alike").cast(pl.Int64) > pl.col("n").sum().over("site"))
        .sort("site", "n", "is_alike", "org_key", descending=[False, True, True, False])
        .unique("site", keep="first", maintain_order=True)
        .join(spelled.drop("uses"), on=["site", "org_key"])
        .select("site", "org_key", "organization")
    )


def at_sites(addresses: pl.DataFrame, names: pl.DataFrame, as_of: date, zone: str) -> pl.DataFrame:
    """One row per person and employer at whose domain they were seen: first_on, last_on, organization."""
    rows = addresses.select(
        *("person_id", "name", "source"),
        domain=pl.col("address").str.split("@").list.last().str.to_lowercase(),
        first_on=day("first_seen_at", zone),
        last_on=pl.min_horizontal(
            day("last_seen_at", zone).fill_null(day("first_seen_at", zone)), pl.lit(as_of)
        ),
    ).filter(pl.col("first_on") <= as_of)
    rows = rows.join(_employers(rows["domain"]), on="domain").with_columns(label=_label())
    # jane@doe.example: a domain whose every user bears its name is a family's, not an employer's
    tokens = pl.col("name").fill_null("").str.to_lowercase().str.extract_all(r"\p{L}{3,}")
    bears_it = (
        tokens.list.contains(pl.col("label"))
        | (tokens.list.join("") == pl.col("label"))
        | (tokens.list.reverse().list.join("") == pl.col("label"))
    )
    return (
        rows.filter(~bears_it.all().over("site"))
        .join(names, on="site", how="left")
        .with_columns(pl.coalesce("org_key", "label").alias("org_key"), pl.coalesce("organization", "site"))
        .sort("last_on", "site", "source", "domain", "first_on")
        .group_by(HELD)
        .agg(
            pl.col("organization", "source", "site").last(),
            pl.col("first_on").min(),
            pl.col("last_on").max(),
        )
    )


def ended_at_sites(sites: pl.DataFrame, spans: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The same with valid_to: where somebody was seen elsewhere later, and half a year not here any more."""
    signs = pl.concat(
        [
            sites.select(*HELD, "first_on", "last_on"),
            spans.select(*HELD, first_on="valid_from", last_on="said_on"),
        ]
    )
    signs = (
        signs.group_by(HELD)
        .agg(own_first_on=pl.col("first_on").min(), own_last_on=pl.col("last_on").max())
        .sort("person_id", "own_last_on", "org_key")
        .with_columns(
            newest_on=pl.col("own_last_on").last().over("person_id"),
            newest_first_on=pl.col("own_first_on").last().over("person_id"),
        )
    )
    has_ended = (pl.col("newest_on") > pl.col("own_last_on")) & (
        pl.lit(as_of) - pl.col("own_last_on") >= pl.duration(days=SILENT_DAYS)
    )
    return sites.join(signs, on=HELD).with_columns(
        site_to=pl.when(has_ended).then(pl.max_horizontal("last_on", "newest_first_on")),
        site_evidence=pl.format("address at {}, {}", "site", period("first_on", "last_on")),
    )


def day(instant: str, zone: str) -> pl.Expr:
    return pl.col(instant).dt.convert_time_zone(zone).dt.date()


def period(first: str, last: str) -> pl.Expr:
    """``2024-03-01 to 2025-01-15``, or the one day."""
    until = pl.when(pl.col(first) != pl.col(last)).then(last)
    return pl.concat_str(first, pl.format(" to {}", until), ignore_nulls=True)


def _employers(domains: pl.Series) -> pl.DataFrame:
    """Of these domains those that are an employer's: domain and site."""
    return (
        read_domains(domains)
        .filter(~pl.col("is_shared") & pl.col("site").str.contains(r"\p{L}.*\.\p{L}"))
        .drop("is_shared")
    )


def _label() -> pl.Expr:
    return pl.col("site").str.split(".").list.first().str.replace_all("-", "", literal=True)
