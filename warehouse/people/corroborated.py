"""Links by names: one full name at two places is one person's only if something else says so too.

A name alone never links. What is taken as proof was measured on the mailmaps of public repositories; the
same local part that can be made of the name (``jane.doe`` at two companies) was rejected there: it joins
namesakes. All work is done once for a block of faces that agree, never for pairs of faces, so a name that
thousands share costs no more than any other.
"""

import re
from functools import lru_cache

import polars as pl

from warehouse.people.collecting import collected
from warehouse.people.domains import read_domains

LEAST_SHARE = 0.2  # of an address's named mentions; below, the name was mistyped or borrowed
_RARE = 2  # others that may have the given or the family name of a rare name
_MOST_TOLD = 20  # domains; a handle can be at thousands
_MOST_SHARERS = 20  # addresses with one full name beyond which the name proves nothing
# Jan van Dijk has two names.
_PARTICLES = [
    "van",
    "von",
    "der",
    "den",
    "del",
    "della",
    "dos",
    "das",
    "ter",
    "ten",
    "las",
    "los",
    "bin",
    "ibn",
]
_LINKS = {"left_record": pl.String, "right_record": pl.String, "rule": pl.String, "evidence": pl.String}
_RULES = ("organisation", "handle", "long_name", "rare_name")
# Chinese names have few syllables: two of them meet by chance however seldom they are in one mailbox.
_SYLLABLE = (
    r"(?:[bpmfdtnlgkhjqxrzcsyw]|zh|ch|sh)?"
    r"(?:i?ang|i?ong|u?eng|i?ng|u?ang|[iu]?an|i?ao|u?ai|i[ane]|u[aeino]|iu|e[inr]|in|un|ou|ai|[aeiou])"
)
_PINYIN = rf"^(?:{_SYLLABLE}){{1,2}}$"


def corroborated(faces: pl.DataFrame, *, rare_names: bool = False) -> pl.DataFrame:
    """One row per pair of records: left_record, right_record, rule, evidence.

    faces: one row per record, name and address. rare_names: also link on a rare full name alone.
    Never two cards of one book nor two profiles of LinkedIn.
    """
    named = evident(faces)
    if named.is_empty():
        return pl.DataFrame(schema=_LINKS)
    blocks = [ways(named.lazy()) for ways in (_in_organisation, _by_handle, _by_long_name)]
    if rare_names:
        blocks.append(_by_rare_name(named.lazy()))
    found = pl.concat([_links(block, rule) for block, rule in zip(blocks, _RULES, strict=False)])
    pair = ["left_record", "right_record"]
    return found.unique(pair, keep="first", maintain_order=True).sort(pair).pipe(collected)


def evident(faces: pl.DataFrame) -> pl.DataFrame:
    """Faces of a person's own mailbox whose full name is evidence and is there at several addresses.

    With what is compared of them: site: the registrable domain. handle: the local part without a tag.
    bearers: names with the handle. sharers: addresses with this name. others: addresses with the given or
    the family name in another name, whichever is rarer. is_pinyin: whether the name may be Chinese.
    """
    own = (
        faces.lazy()
        .filter(
            is_full_name(),
            pl.col("address_kind") == "personal",
            (pl.col("share") >= LEAST_SHARE) | pl.col("book").is_not_null(),
        )
        .with_columns(handle=handle())
        .pipe(collected)
    )
    shared = own.filter(_is_several("address", "key"))
    if shared.is_empty():
        return shared
    bearers = own.lazy().select("handle", "key").unique().group_by("handle").len("bearers")
    return (
        shared.lazy()
        .join(read_domains(shared["domain"]).lazy(), on="domain")
        .join(bearers, on="handle")
        .join(name_counts(own.lazy(), "address"), on="key")
        .pipe(collected)
    )


def name_counts(named: pl.LazyFrame, place: str) -> pl.LazyFrame:
    """One row per full name: key, sharers, others and is_pinyin, counted in distinct values of `place`."""
    words = named.select(place, pl.col("tokens").alias("word")).explode("word").unique()
    known = words.group_by("word").len("known")
    most_written = named.select("key", "count", "text", "tokens").sort("key", pl.col("count").neg(), "text")
    ends = most_written.unique("key", keep="first", maintain_order=True).select(
        "key",
        pl.col("tokens").list.first().alias("given"),
        pl.col("tokens").list.last().alias("family"),
        is_pinyin=pl.col("tokens").list.eval(pl.element().str.contains(_PINYIN)).list.all(),
    )
    for part in ("given", "family"):
        ends = ends.join(known.rename({"word": part, "known": f"{part}_known"}), on=part)
    sharers = named.select("key", place).unique().group_by("key").len("sharers")
    rarest = pl.min_horizontal("given_known", "family_known").cast(pl.Int64) - pl.col("sharers")
    relatives = (pl.col("given_known") + pl.col("family_known")).cast(pl.Int64) - 2 * pl.col("sharers")
    return (
        ends.join(sharers.with_columns(pl.col("sharers").cast(pl.Int64)), on="key")
        .with_columns(others=rarest, relatives=relatives)
        .select("key", "sharers", "others", "relatives", "is_pinyin")
    )


def is_full_name() -> pl.Expr:
    """Whether the tokens are a given and a family name: two words at least of two letters or more."""
    words = pl.col("tokens").list.eval(pl.element().str.len_chars() > 1).list.sum()
    return (words > 1) & pl.col("text").str.contains(" ") & ~pl.col("key").str.contains(r"\d")


def handle() -> pl.Expr:
    """The local part of an address without its tag."""
    return pl.col("local").str.replace(r"(.)\+.*$", "$1")


def _in_organisation(named: pl.LazyFrame) -> pl.LazyFrame:
    """One domain that one organisation registered: under several names of hosts, or under a rare name.

    Addresses that a number tells apart (``wei.wang2``) were given to two people.
    """
    here = ["key", "site"]
    bare = pl.col("handle").str.replace_all(r"\d+", "")
    is_numbered = (bare.n_unique() < pl.col("handle").n_unique()).over(here)
    is_rare = (pl.col("relatives") <= _RARE) & (pl.col("sharers") <= _RARE + 1) & ~pl.col("is_pinyin")
    same_handle = pl.col("handle").n_unique().over(here) == 1
    several = pl.col("domain").n_unique().over(here) > 1
    known = (same_handle | (pl.col("others") <= _MOST_SHARERS)) & ~(pl.col("is_pinyin") & ~same_handle)
    return named.filter(~pl.col("is_shared"), ~is_numbered, is_rare | (several & known)).select(
        "record", "book", "slug", "address", pl.concat_str("key", "site", separator="\t").alias("block"),
        pl.format("the same full name, and addresses of {}", "site").alias("evidence"),
    )  # fmt: skip


def _by_handle(named: pl.LazyFrame) -> pl.LazyFrame:
    """One handle that nobody with another name uses, and that is not made of the name."""
    here = ["key", "handle"]
    peculiar = named.filter(
        pl.col("bearers") == 1,
        _is_several("address", here),
        pl.col("handle").str.count_matches(r"\p{L}") >= 5,
    ).pipe(collected)
    is_own = pl.Series(
        [
            not is_made_of(handle, tuple(tokens))
            for handle, tokens in peculiar.select("handle", "tokens").iter_rows()
        ],
        dtype=pl.Boolean,
    )
    domains = pl.col("domain").unique().sort()
    more = pl.col("domain").n_unique().over(here).cast(pl.Int64) - _MOST_TOLD
    others = pl.when(more > 0).then(pl.format(" and {} others", more)).otherwise(pl.lit(""))
    places = pl.format("{}{}", domains.head(_MOST_TOLD).str.join(" and ").over(here), others)
    return peculiar.lazy().filter(is_own).select(
        "record", "book", "slug", "address", pl.concat_str(here, separator="\t").alias("block"),
        pl.format("the same full name and the handle {} at {}", "handle", places).alias("evidence"),
    )  # fmt: skip


def _by_long_name(named: pl.LazyFrame) -> pl.LazyFrame:
    """Three or more names that few have together."""
    lengths = pl.col("tokens").list.eval(pl.element().str.len_chars())
    parts = pl.col("tokens").list.eval(~pl.element().is_in(_PARTICLES)).list.sum()
    is_long = (parts >= 3) & (lengths.list.min() >= 3) & ~pl.col("is_pinyin")
    return named.filter(is_long, pl.col("sharers") <= _MOST_SHARERS).select(
        "record", "book", "slug", "address", pl.col("key").alias("block"),
        pl.format("the same name of {} parts", lengths.list.len()).alias("evidence"),
    )  # fmt: skip


def _by_rare_name(named: pl.LazyFrame) -> pl.LazyFrame:
    """A full name of which one part hardly anybody else has."""
    is_rare = (pl.col("relatives") <= _RARE) & (pl.col("sharers") <= _MOST_SHARERS) & ~pl.col("is_pinyin")
    return named.filter(is_rare).select(
        "record", "book", "slug", "address", pl.col("key").alias("block"),
        pl.format("the same rare full name: {} others have a part of it", "relatives").alias("evidence"),
    )  # fmt: skip


def _links(faces: pl.LazyFrame, rule: str) -> pl.LazyFrame:
    """Every record of a block with its first one, unless two of its cards or profiles are kept apart."""
    book = pl.col("book").drop_nulls()
    cards = pl.col("record").filter(pl.col("book").is_not_null())
    several = faces.filter(
        _is_several("address", "block"),
        ~_is_several("slug", "block").fill_null(value=False),
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


def _is_several(column: str, block: str | list[str]) -> pl.Expr:
    """Whether the rows of a block differ in a column. The same as counting, and much cheaper."""
    return (pl.col(column).min() < pl.col(column).max()).over(block)


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
