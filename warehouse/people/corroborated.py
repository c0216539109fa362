"""Links by names: one full name at two places is one person's only if something else says so too.

A name alone never links. What is taken as proof was measured on the mailmaps of public repositories; the
same local part that can be made of the name (``jane.doe`` at two companies) was rejected there: it joins
namesakes. All work is done once for a block of faces that agree, never for pairs of faces, so a name that
thousands share costs no more than any other.
"""

import re
from functools import lru_cache

import polars as pl

from warehouse.people.domains import read_domains

LEAST_SHARE = 0.2  # of an address's named mentions; below, the name was mistyped or borrowed
_RARE = 2  # others that may have the given or the family name of a rare name
_MOST_SHARERS = 20  # addresses with one full name beyond which the name proves nothing
_LINKS = {"left_record": pl.String, "right_record": pl.String, "rule": pl.String, "evidence": pl.String}
_RULES = ("organisation", "handle", "long_name", "rare_name")
# Chinese names have few syllables: two of them meet by chance however seldom they are in one mailbox.
_SYLLABLE = (
    r"(?:[bpmfdtnlgkhjqxrzcsyw]|zh|ch|sh)?"
    r"(?:i?ang|i?ong|u?eng|i?ng|u?ang|[iu]?an|i?ao|u?ai|i[ane]|u[aeino]|iu|e[inr]|in|un|ou|ai|[aeiou])"
)
_PINYIN = re.compile(rf"(?:{_SYLLABLE}){{1,2}}")


def corroborated(faces: pl.DataFrame, *, rare_names: bool = False) -> pl.DataFrame:
    """One row per pair of records: left_record, right_record, rule, evidence.

    faces: one row per record, name and address. rare_names: also link on a rare full name alone.
    Never two cards of one book nor two profiles of LinkedIn.
    """
    named = evident(faces)
    blocks = [_in_organisation(named), _by_handle(named), _by_long_name(named)]
    if rare_names:
        blocks.append(_by_rare_name(named))
    found = pl.concat([_links(block, rule) for block, rule in zip(blocks, _RULES, strict=False)])
    return found.unique(["left_record", "right_record"], keep="first", maintain_order=True).sort(
        "left_record", "right_record"
    )


def evident(faces: pl.DataFrame) -> pl.DataFrame:
    """Faces of a person's own mailbox whose full name is evidence, with what is compared of them.

    site: the registrable domain. handle: the local part without a tag. sharers: addresses with this name.
    others: addresses with the given or the family name in another name, whichever is rarer. is_pinyin:
    whether the name may be Chinese.
    """
    own = faces.filter(
        is_full_name(),
        pl.col("address_kind") == "personal",
        (pl.col("share") >= LEAST_SHARE) | pl.col("book").is_not_null(),
    )
    own = own.join(read_domains(own["domain"]), on="domain").with_columns(handle=handle())
    return own.join(name_counts(own, "address"), on="key")


def name_counts(named: pl.DataFrame, place: str) -> pl.DataFrame:
    """One row per full name: key, sharers, others and is_pinyin, counted in distinct values of `place`."""
    words = named.select("key", place, pl.col("tokens").alias("word")).explode("word")
    known = words.group_by("word").agg(pl.col(place).n_unique().alias("known"))
    most_written = named.sort("key", pl.col("count").neg(), "text")
    ends = most_written.unique("key", keep="first", maintain_order=True).select("key", "tokens")
    ends = ends.with_columns(
        pl.col("tokens").list.first().alias("given"),
        pl.col("tokens").list.last().alias("family"),
        is_pinyin=_is_pinyin(ends["tokens"]),
    )
    for part in ("given", "family"):
        ends = ends.join(
            known.select(pl.col("word").alias(part), pl.col("known").alias(f"{part}_known")), on=part
        )
    sharers = named.group_by("key").agg(pl.col(place).n_unique().cast(pl.Int64).alias("sharers"))
    rarest = pl.min_horizontal("given_known", "family_known").cast(pl.Int64) - pl.col("sharers")
    return (
        ends.join(sharers, on="key")
        .with_columns(others=rarest)
        .select("key", "sharers", "others", "is_pinyin")
    )


def is_full_name() -> pl.Expr:
    """Whether the tokens are a given and a family name: two words at least of two letters or more."""
    words = pl.col("tokens").list.eval(pl.element().str.len_chars() > 1).list.sum()
    return (words > 1) & pl.col("text").str.contains(" ") & ~pl.col("key").str.contains(r"\d")


def handle() -> pl.Expr:
    """The local part of an address without its tag."""
    return pl.col("local").str.replace(r"(.)\+.*$", "$1")


def _in_organisation(named: pl.DataFrame) -> pl.DataFrame:
    """One domain that one organisation registered: under several names of hosts, or under a rare name.

    Addresses that a number tells apart (``wei.wang2``) were given to two people.
    """
    here = ["key", "site"]
    bare = pl.col("handle").str.replace_all(r"\d+", "")
    is_numbered = (bare.n_unique() < pl.col("handle").n_unique()).over(here)
    is_rare = (pl.col("others") <= _RARE) & (pl.col("sharers") <= _RARE + 1) & ~pl.col("is_pinyin")
    same_handle = pl.col("handle").n_unique().over(here) == 1
    several = pl.col("domain").n_unique().over(here) > 1
    known = (same_handle | (pl.col("others") <= _MOST_SHARERS)) & ~(pl.col("is_pinyin") & ~same_handle)
    return named.filter(~pl.col("is_shared"), ~is_numbered, is_rare | (several & known)).select(
        "record", "book", "slug", "address", pl.concat_str("key", "site", separator="\t").alias("block"),
        pl.format("the same full name, and addresses of {}", "site").alias("evidence"),
    )  # fmt: skip


def _by_handle(named: pl.DataFrame) -> pl.DataFrame:
    """One handle that nobody with another name uses, and that is not made of the name."""
    peculiar = (
        named.filter(
            (pl.col("key").n_unique() == 1).over("handle"), pl.col("handle").n_unique().over("key") > 0
        )
        .filter((pl.col("address").n_unique() > 1).over("key", "handle"))
        .filter(pl.col("handle").str.count_matches(r"\p{L}") >= 5)
    )
    is_own = pl.Series(
        [
            not is_made_of(handle, tuple(tokens))
            for handle, tokens in peculiar.select("handle", "tokens").iter_rows()
        ],
        dtype=pl.Boolean,
    )
    places = pl.col("domain").unique().sort().str.join(" and ").over("key", "handle")
    return peculiar.filter(is_own).select(
        "record", "book", "slug", "address", pl.concat_str("key", "handle", separator="\t").alias("block"),
        pl.format("the same full name and the handle {} at {}", "handle", places).alias("evidence"),
    )  # fmt: skip


def _by_long_name(named: pl.DataFrame) -> pl.DataFrame:
    """Three or more names that few have together."""
    lengths = pl.col("tokens").list.eval(pl.element().str.len_chars())
    is_long = (lengths.list.len() >= 3) & (lengths.list.min() >= 3) & ~pl.col("is_pinyin")
    return named.filter(is_long, pl.col("sharers") <= _MOST_SHARERS).select(
        "record", "book", "slug", "address", pl.col("key").alias("block"),
        pl.format("the same name of {} parts", lengths.list.len()).alias("evidence"),
    )  # fmt: skip


def _by_rare_name(named: pl.DataFrame) -> pl.DataFrame:
    """A full name of which one part hardly anybody else has."""
    is_rare = (pl.col("others") <= _RARE) & (pl.col("sharers") <= _MOST_SHARERS) & ~pl.col("is_pinyin")
    return named.filter(is_rare).select(
        "record", "book", "slug", "address", pl.col("key").alias("block"),
        pl.format("the same rare full name: {} others have a part of it", "others").alias("evidence"),
    )  # fmt: skip


def _links(faces: pl.DataFrame, rule: str) -> pl.DataFrame:
    """Every record of a block with its first one, unless two of its cards or profiles are kept apart."""
    book = pl.col("book").drop_nulls()
    cards = pl.col("record").filter(pl.col("book").is_not_null())
    several = faces.filter(
        (pl.col("address").n_unique() > 1).over("block"),
        (pl.col("slug").drop_nulls().n_unique() < 2).over("block"),
        (cards.n_unique() == book.n_unique()).over("block"),
    )
    first = pl.col("record").min().over("block")
    return (
        several.select(first.alias("left_record"), pl.col("record").alias("right_record"), "evidence")
        .filter(pl.col("left_record") < pl.col("right_record"))
        .sort("left_record", "right_record", "evidence")
        .unique(["left_record", "right_record"], keep="first", maintain_order=True)
        .select("left_record", "right_record", pl.lit(rule).alias("rule"), "evidence")
    )


@lru_cache(maxsize=100_000)
def is_made_of(handle: str, tokens: tuple[str, ...]) -> bool:
    """Whether a handle holds a part of a name, or is nothing but beginnings of its parts."""
    letters = re.sub(r"[^a-z]", "", handle.lower())
    if any(len(token) >= 3 and token in letters for token in tokens):
        return True
    beginnings = "|".join(
        "".join(f"(?:{re.escape(char)}" for char in token) + ")?" * len(token) for token in tokens
    )
    return bool(re.fullmatch(f"(?:{beginnings})*", letters))


def _is_pinyin(tokens: pl.Series) -> pl.Series:
    distinct = {word for words in tokens.unique() for word in words}
    chinese = {word for word in distinct if _PINYIN.fullmatch(word)}
    return pl.Series([chinese.issuperset(words) for words in tokens], dtype=pl.Boolean)
