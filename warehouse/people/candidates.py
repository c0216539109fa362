"""Candidates: pairs of persons that meet on a term.

A term is a word that a full name, a short name or a mailbox can be written as: "Jane Doe" as ``janedoe``,
``doejane``, ``jdoe``…, the mailbox ``jdoe42`` as itself and as ``jdoe``. Persons who have a term in common
meet, unless many have it: then it is no evidence, and leaving it out keeps the work linear in the number of
faces.
"""

from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import permutations
from typing import NamedTuple

import polars as pl
from nicknames import NickNamer

from warehouse.people.collecting import collected
from warehouse.people.corroborated import LEAST_SHARE, handle, is_full_name
from warehouse.people.vocabulary import NOBODY_LOCAL_PARTS, ROLE_LOCAL_PARTS

PAIR = ["left_person_id", "right_person_id"]
RECORDS = ["left_record", "right_record"]
PEOPLE = ("personal", "placeholder", "")
_LONGEST = 30  # letters of a name in which a wrong one is looked for
_NOBODY = sorted(ROLE_LOCAL_PARTS | NOBODY_LOCAL_PARTS)
_COMMON = 2  # persons with a word in their full names, beyond which it is nobody's handle
_SORT = pl.Enum(
    ["key", "full", "made", "ends", "spelling", "initial", "nick", "near", "box", "stem", "short"]
)


class _Way(NamedTuple):
    """How two persons meet: a term of one sort on the one side, of another on the other."""

    name: str
    left: str
    right: str
    most: int  # persons with the term, on either side


_WAYS = (
    _Way("same_name", "key", "key", 20),
    _Way("same_handle", "box", "box", 3),
    _Way("handle_is_name", "full", "box", 6),
    _Way("handle_is_name", "full", "stem", 6),
    _Way("handle_is_name", "full", "short", 6),
    _Way("similar_name", "spelling", "spelling", 12),
    _Way("similar_name", "ends", "ends", 12),
    _Way("similar_name", "ends", "nick", 12),
    _Way("similar_name", "initial", "initial", 12),
    _Way("similar_name", "near", "near", 6),
    _Way("short_is_handle", "short", "box", 4),
    _Way("short_is_handle", "short", "stem", 4),
    _Way("handle_of_name", "made", "box", 4),
    _Way("handle_of_name", "made", "stem", 4),
    _Way("handle_of_name", "made", "short", 4),
    _Way("same_short", "short", "short", 2),
    _Way("same_stem", "box", "stem", 4),
)
WAYS = tuple(dict.fromkeys(way.name for way in _WAYS))
_MET: dict[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys((*PAIR, *RECORDS), pl.String),
    "holders": pl.Int64,
    **dict.fromkeys(WAYS, pl.String),
}


def judged(faces: pl.DataFrame) -> pl.DataFrame:
    """Faces by record, with is_full and is_evident: whether the name is full, and evidence."""
    is_evident = (pl.col("share") >= LEAST_SHARE) | pl.col("book").is_not_null()
    named = faces.lazy().with_columns(is_full=is_full_name())
    return named.with_columns(is_evident=pl.col("is_full") & is_evident).sort("record").pipe(collected)


def meetings(faces: pl.DataFrame) -> pl.DataFrame:
    """One row per pair of persons that meet: ids, the lesser on the left, records, holders, and `WAYS`.

    faces: `judged`, with person_id. The ways hold the term, or null; of several the one that the fewest have.
    The records, and holders, the persons with the term on the larger side, are those of the first way.
    """
    met = _met(_terms(faces).pipe(collected))
    if met.is_empty():
        return pl.DataFrame(schema=_MET)
    found = met.lazy().with_columns(
        faces[column].gather(met[f"{of}{side}"]).alias(f"{column}{side}")
        for column, of in (("person_id", "person"), ("record", "at"))
        for side in ("", "_other")
    )
    swap = pl.col("person_id") > pl.col("person_id_other")
    turned = [
        pl.when(swap).then(left).otherwise(right).alias(name)
        for column, names in (("person_id", PAIR), ("record", RECORDS))
        for name, (left, right) in zip(names, permutations((f"{column}_other", column)), strict=True)
    ]
    ways = [pl.col("term").filter(pl.col("rank") == rank).first().alias(way) for rank, way in enumerate(WAYS)]
    return (
        found.select(*turned, "rank", "term", "holders")
        .sort(*PAIR, "rank", "holders", "term", *RECORDS)
        .group_by(PAIR, maintain_order=True)
        .agg(pl.col(*RECORDS, "holders").first(), *ways)
        .pipe(collected)
    )


def _met(terms: pl.DataFrame) -> pl.DataFrame:
    """One row per way and two persons that have a term: person and at of both, rank, term, holders."""
    if terms.is_empty():
        return terms
    ways = pl.LazyFrame(
        [(WAYS.index(way.name), at, way.left, way.right, way.most) for at, way in enumerate(_WAYS)],
        {"rank": pl.Int64, "way": pl.UInt8, "left": _SORT, "right": _SORT, "most": pl.Int64},
        orient="row",
    )
    left, right = (
        terms.lazy()
        .join(ways, left_on="sort", right_on=side, maintain_order="left")
        .filter(pl.col("holders") <= pl.col("most"))
        for side in ("left", "right")
    )
    is_new = (pl.col("person") < pl.col("person_other")) | (
        (pl.col("sort") != pl.col("right")) & (pl.col("person") != pl.col("person_other"))
    )
    return (
        left.join(right.select("term", "way", "person", "at", "holders"), on=["term", "way"], suffix="_other")
        .filter(is_new)
        .select(
            "person", "person_other", "at", "at_other", "rank", "term",
            holders=pl.max_horizontal("holders", "holders_other").cast(pl.Int64),
        )
        .pipe(collected)
    )  # fmt: skip


def _terms(faces: pl.DataFrame) -> pl.LazyFrame:
    """One row per person, sort and term that others have too: person, at, sort, term, holders.

    person, at: rows of the faces, of the person's first face, and of the first that has the term.
    """
    own = _spelt(faces)
    full = own.filter("is_evident")
    named = full.filter("is_human").lazy()
    keys = full.lazy().select("person", "at", pl.lit("key", _SORT).alias("sort"), pl.col("key").alias("term"))
    parts = [_in_rows(named, _name_terms()), _nicknamed(named), *_handle_terms(own, _common_words(full))]
    letters = pl.col("term").str.replace_many(["ae", "oe", "ue"], ["a", "o", "u"])
    # Müller is also written Mueller, in names as in mailboxes.
    plain = pl.concat(parts).with_columns(term=letters)
    near = _misspelt(named).with_columns(term=letters)
    return (
        pl.concat([_shared(pl.concat([keys, plain])), _shared(near)])
        .group_by("person", "sort", "term")
        .agg(pl.col("at").min())
        .with_columns(holders=pl.len().over("sort", "term"))
    )


def _spelt(faces: pl.DataFrame) -> pl.DataFrame:
    """The faces that can meet, with what terms are made of."""
    words, is_human = pl.col("tokens"), pl.col("address_kind").is_in(PEOPLE)
    return (
        faces.lazy()
        .with_row_index("at")
        .filter(is_human | pl.col("is_full"))
        .select(
            "at", "address_kind", "is_full", "is_evident", "key", "tokens",
            person=pl.col("at").min().over("person_id"),
            is_human=is_human,
            given=words.list.first(),
            family=words.list.last(),
            together=words.list.join(""),
            box=handle().str.replace_all(r"[^\p{L}\d]", ""),
        )
        .pipe(collected)
    )  # fmt: skip


def _shared(terms: pl.LazyFrame) -> pl.LazyFrame:
    """Terms of four letters or more that two persons have."""
    long = terms.filter(pl.col("term").str.len_chars() > 3)
    return long.filter((pl.col("person").min() < pl.col("person").max()).over("term"))


def _in_rows(faces: pl.LazyFrame, terms: Iterator[tuple[str, pl.Expr]]) -> pl.LazyFrame:
    """One row per face and term."""
    sorts, texts = zip(*terms, strict=True)
    exploded = faces.select("person", "at", sort=pl.lit(list(sorts)), term=pl.concat_list(texts)).explode(
        "sort", "term"
    )
    return exploded.with_columns(pl.col("sort").cast(_SORT))


def _name_terms() -> Iterator[tuple[str, pl.Expr]]:
    """What a full name can be written as."""
    given, family = pl.col("given"), pl.col("family")
    g, f = given.str.head(1), family.str.head(1)
    initials = pl.col("tokens").list.eval(pl.element().str.head(1)).list.join("")
    for term in (pl.col("together"), given + family, family + given):
        yield "full", term
    for term in (g + family, family + g, given + f, f + given, initials.str.head(-1) + family):
        yield "made", term
    yield "ends", given + " " + family
    yield "spelling", pl.col("tokens").list.sort().list.join(" ")
    yield "initial", g + " " + family


def _handle_terms(own: pl.DataFrame, common: pl.Series) -> Iterator[pl.LazyFrame]:
    """Mailboxes and short names, with and without their digits."""
    box, together = pl.col("box"), pl.col("together")
    has_mailbox = pl.col("address_kind").is_in(["personal", "placeholder"])
    boxes = own.lazy().filter(has_mailbox, ~box.is_in(_NOBODY), ~box.is_in(common.implode()))
    bare = pl.when(box.str.contains(r"\d")).then(box.str.replace_all(r"\d", ""))
    yield _in_rows(boxes, iter([("box", box), ("stem", bare)]))
    short = own.lazy().filter(~pl.col("is_full"), pl.col("is_human"))
    telling = short.filter(~together.is_in(_NOBODY), ~together.is_in(common.implode()))
    yield _in_rows(telling, iter([("short", together)]))
    two = short.filter(pl.col("tokens").list.len() > 1, pl.col("family").str.len_chars() > 1)
    yield _in_rows(two, iter([("initial", pl.col("given").str.head(1) + " " + pl.col("family"))]))


def _common_words(full: pl.DataFrame) -> pl.Series:
    """Parts of the full names of several persons: Martin is nobody's handle."""
    words = full.lazy().select("person", pl.col("tokens").alias("word")).explode("word").unique()
    common = words.group_by("word").len().filter(pl.col("len") > _COMMON)
    return common.select("word").pipe(collected)["word"]


def _nicknamed(named: pl.LazyFrame) -> pl.LazyFrame:
    """The name with every nickname of the given name."""
    nicked = named.join(_all_nicknames().lazy(), on="given")
    return _in_rows(nicked, iter([("nick", pl.col("nick") + " " + pl.col("family"))]))


def _misspelt(named: pl.LazyFrame) -> pl.LazyFrame:
    """The name with each one of its letters left out, and as it is: names of one edit have one in common."""
    text, cut = pl.col("together"), pl.col("cut")
    length = text.str.len_chars()
    long = named.filter(length >= 9).select("person", "at", "together")
    cuts = pl.int_ranges(-1, pl.min_horizontal(length, _LONGEST), dtype=pl.Int8)
    term = pl.when(cut < 0).then(text).otherwise(text.str.head(cut) + text.str.slice(cut + 1))
    return (
        long.with_columns(cut=cuts)
        .explode("cut")
        .select("person", "at", pl.lit("near", _SORT).alias("sort"), term.alias("term"))
    )


@cache
def _namer() -> NickNamer:
    return NickNamer()


@cache
def _all_nicknames() -> pl.DataFrame:
    rows = [(given, nick) for given, nicks in _namer().nickname_lookup.items() for nick in sorted(nicks)]
    return pl.DataFrame(rows, {"given": pl.String, "nick": pl.String}, orient="row")


@lru_cache(maxsize=50_000)
def nicknames(given: str) -> frozenset[str]:
    """Short and familiar forms of a given name, folded."""
    return frozenset(_namer().nicknames_of(given))
