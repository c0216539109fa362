"""Candidates: pairs of persons that meet on a term.

A term is a word that a full name, a short name or a mailbox can be written as: "Jane Doe" as ``janedoe``,
``doejane``, ``jdoe``…, the mailbox ``jdoe42`` as itself and as ``jdoe``. Persons who have a term in common
meet, unless many have it: then it is no evidence, and leaving it out keeps the work linear in the number of
faces.
"""

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

import polars as pl
from nicknames import NickNamer

from warehouse.people.corroborated import LEAST_SHARE, handle, is_full_name
from warehouse.people.vocabulary import NOBODY_LOCAL_PARTS, ROLE_LOCAL_PARTS

PAIR = ["left_person_id", "right_person_id"]
_LONGEST = 30  # letters of a name in which a wrong one is looked for
PEOPLE = ("personal", "placeholder", "")
_RECORDS = ["left_record", "right_record"]


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


def meetings(faces: pl.DataFrame) -> pl.DataFrame:
    """One row per pair of persons and way: ids, records, way, term, holders; the lesser id is the left one.

    faces: with person_id, full names and all others. holders: persons with the term, on the larger side.
    """
    terms = _terms(faces)
    found = pl.concat([_met(terms, way) for way in _WAYS])
    return found.sort(*PAIR, "holders", "term", *_RECORDS).unique(
        [*PAIR, "way"], keep="first", maintain_order=True
    )


def evident_names(faces: pl.DataFrame) -> pl.DataFrame:
    """The faces whose full name is evidence."""
    return faces.filter(is_full_name(), (pl.col("share") >= LEAST_SHARE) | pl.col("book").is_not_null())


def _terms(faces: pl.DataFrame) -> pl.DataFrame:
    """One row per person, sort and term, with the first record that has it."""
    own = faces.filter(pl.col("address_kind").is_in(PEOPLE) | is_full_name())
    full = evident_names(own)
    human = pl.col("address_kind").is_in(PEOPLE)
    parts = [_said(full, "key", pl.col("key")), *_name_terms(full.filter(human)), *_handle_terms(own)]
    return (
        pl.concat(parts)
        .group_by("person_id", "sort", "term")
        .agg(pl.col("record").min())
        .with_columns(holders=pl.len().over("sort", "term"))
    )


def _said(faces: pl.DataFrame, sort: str, term: pl.Expr) -> pl.DataFrame:
    """Terms of four letters or more. Müller is also written Mueller, in names as in mailboxes."""
    plain = term if sort == "key" else term.str.replace_many(["ae", "oe", "ue"], ["a", "o", "u"])
    said = faces.select("person_id", "record", pl.lit(sort).alias("sort"), plain.alias("term"))
    return said.filter(pl.col("term").str.len_chars() > 3)


def _name_terms(full: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """What a full name can be written as, and near forms of it."""
    named = full.with_columns(
        given=pl.col("tokens").list.first(),
        family=pl.col("tokens").list.last(),
        together=pl.col("tokens").list.join(""),
    )
    given, family = pl.col("given"), pl.col("family")
    g, f = given.str.head(1), family.str.head(1)
    initials = pl.col("tokens").list.eval(pl.element().str.head(1)).list.join("")
    for term in (pl.col("together"), given + family, family + given):
        yield _said(named, "full", term)
    for term in (g + family, family + g, given + f, f + given, initials.str.head(-1) + family):
        yield _said(named, "made", term)
    ends = given + " " + family
    yield _said(named, "ends", ends)
    yield _said(named, "spelling", pl.col("tokens").list.sort().list.join(" "))
    yield _said(named, "initial", g + " " + family)
    yield _nicknamed(named)
    yield _misspelt(named)


def _handle_terms(own: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Mailboxes and short names, with and without their digits."""
    boxes = own.filter(pl.col("address_kind").is_in(["personal", "placeholder"])).with_columns(
        box=handle().str.replace_all(r"[^\p{L}\d]", "")
    )
    boxes = boxes.filter(~pl.col("box").is_in(sorted(ROLE_LOCAL_PARTS | NOBODY_LOCAL_PARTS)))
    common = _common_words(own)
    boxes = boxes.filter(~pl.col("box").is_in(common))
    yield _said(boxes, "box", pl.col("box"))
    yield _said(
        boxes.filter(pl.col("box").str.contains(r"\d")), "stem", pl.col("box").str.replace_all(r"\d", "")
    )
    short = own.filter(~is_full_name(), pl.col("address_kind").is_in(PEOPLE)).with_columns(
        together=pl.col("tokens").list.join("")
    )
    nobody = sorted(ROLE_LOCAL_PARTS | NOBODY_LOCAL_PARTS)
    telling = short.filter(~pl.col("together").is_in(nobody), ~pl.col("together").is_in(common))
    yield _said(telling, "short", pl.col("together"))
    two = short.filter(pl.col("tokens").list.len() > 1, pl.col("tokens").list.last().str.len_chars() > 1)
    initial = pl.col("tokens").list.first().str.head(1) + " " + pl.col("tokens").list.last()
    yield _said(two, "initial", initial)


def _common_words(own: pl.DataFrame) -> pl.Series:
    """Parts of the full names of several persons: Martin is nobody's handle."""
    words = evident_names(own).select("person_id", pl.col("tokens").alias("word")).explode("word").unique()
    return words.group_by("word").len().filter(pl.col("len") > 2)["word"].implode()


def _nicknamed(named: pl.DataFrame) -> pl.DataFrame:
    """The name with every nickname of the given name."""
    givens = named["given"].unique()
    known = pl.DataFrame(
        [(given, nick) for given in givens for nick in nicknames(given)],
        schema={"given": pl.String, "nick": pl.String},
        orient="row",
    )
    return _said(named.join(known, on="given"), "nick", pl.col("nick") + " " + pl.col("family"))


def _misspelt(named: pl.DataFrame) -> pl.DataFrame:
    """The name with each one of its letters left out, and as it is: names of one edit have one in common."""
    long = named.filter(pl.col("together").str.len_chars() >= 9)
    text = pl.col("together")
    cut = [
        _said(long.filter(text.str.len_chars() > at), "near", text.str.head(at) + text.str.slice(at + 1))
        for at in range(_LONGEST)
    ]
    return pl.concat([_said(long, "near", text), *cut])


def _met(terms: pl.DataFrame, way: _Way) -> pl.DataFrame:
    few = terms.filter(pl.col("holders") <= way.most)
    left, right = (
        few.filter(pl.col("sort") == sort).select("term", "person_id", "record", "holders")
        for sort in (way.left, way.right)
    )
    met = left.join(right, on="term", suffix="_other").filter(
        pl.col("person_id") != pl.col("person_id_other")
    )
    swap = pl.col("person_id") > pl.col("person_id_other")
    other = pl.col("person_id_other"), pl.col("record_other")
    return met.select(
        pl.when(swap).then(other[0]).otherwise("person_id").alias(PAIR[0]),
        pl.when(swap).then("person_id").otherwise(other[0]).alias(PAIR[1]),
        pl.when(swap).then(other[1]).otherwise("record").alias(_RECORDS[0]),
        pl.when(swap).then("record").otherwise(other[1]).alias(_RECORDS[1]),
        pl.lit(way.name).alias("way"),
        "term",
        pl.max_horizontal("holders", "holders_other").cast(pl.Int64).alias("holders"),
    )


@cache
def _namer() -> NickNamer:
    return NickNamer()


@lru_cache(maxsize=50_000)
def nicknames(given: str) -> frozenset[str]:
    """Short and familiar forms of a given name, folded."""
    return frozenset(_namer().nicknames_of(given))
