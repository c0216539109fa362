"""Facts about pairs of persons: how their names, mailboxes and organisations stand to each other."""

from collections import defaultdict
from collections.abc import Mapping

import polars as pl
from rapidfuzz.distance import OSA

from warehouse.people.candidates import PAIR, PEOPLE, WAYS, evident_names, meetings, nicknames
from warehouse.people.corroborated import handle, is_full_name, name_counts
from warehouse.people.domains import read_domains
from warehouse.people.names import Name, compatible

NAMES = ("same", "similar", "misspelt", "unknown", "different")
_SIDES = ("left", "right")


def facts(faces: pl.DataFrame, rivals: pl.DataFrame) -> pl.DataFrame:
    """One row per pair of persons that meet or are rivals.

    The ids and a record of each; the ways of `candidates` as columns that hold the term, or null; names: how
    the names stand to each other, one of `NAMES`; name: the name that they share; sharers, others, is_pinyin:
    of that name, counted in persons; site, is_numbered: of their organisation; company: the organisation on
    the card of one that is the other's site; is_bare: one has no address; is_office: one is no mailbox of a
    person; reason: of rivals.
    """
    pairs = _pairs(faces, rivals)
    pairs = pairs.join(_names(faces, pairs), on=PAIR).join(_sites(faces, pairs), on=PAIR, how="left")
    counts = name_counts(evident_names(faces), "person_id")
    return (
        pairs.join(counts, left_on="name", right_on="key", how="left")
        .join(_companies(faces, pairs), on=PAIR, how="left")
        .with_columns(_is_one(faces, pl.col("address") == "", "is_bare"))
        .with_columns(_is_one(faces, ~pl.col("address_kind").is_in(PEOPLE), "is_office"))
        .sort(PAIR)
    )


def _pairs(faces: pl.DataFrame, rivals: pl.DataFrame) -> pl.DataFrame:
    """Pairs with their ways side by side; the records are those of the strongest way."""
    met = meetings(faces).with_columns(rank=pl.col("way").replace_strict(list(WAYS), list(range(len(WAYS)))))
    ways = [pl.col("term").filter(pl.col("way") == way).first().alias(way) for way in WAYS]
    best = [pl.col(f"{side}_record").sort_by("rank").first() for side in _SIDES]
    pairs = met.group_by(PAIR).agg(*best, pl.col("holders").sort_by("rank").first(), *ways)
    first = faces.group_by("person_id").agg(pl.col("record").min().alias("own"))
    for side in _SIDES:
        named = first.rename({"person_id": f"{side}_person_id", "own": f"{side}_first"})
        rivals = rivals.join(named, on=f"{side}_person_id")
    pairs = pairs.join(rivals, on=PAIR, how="full", coalesce=True)
    return pairs.with_columns(
        pl.coalesce(f"{side}_record", f"{side}_first").alias(f"{side}_record") for side in _SIDES
    )


def _names(faces: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """One row per pair: names, name, and known, the persons with the rarest word that both names hold."""
    asked = pl.concat([pairs[side] for side in PAIR]).unique()
    evident = evident_names(faces)
    words = evident.select("person_id", pl.col("tokens").alias("word")).explode("word").unique()
    known = dict(words.group_by("word").len().iter_rows())
    held: dict[str, list[Name]] = defaultdict(list)
    initials = faces.filter(~is_full_name(), pl.col("tokens").list.len() > 1)
    shown = pl.concat([evident, initials]).filter(pl.col("person_id").is_in(asked.implode()))
    for person, key, tokens, suffix, text in (
        shown.select("person_id", "key", "tokens", "suffix", "text").unique().sort(pl.all()).iter_rows()
    ):
        held[person].append(Name(text, tuple(tokens), suffix, "", is_full=True, key=key))
    rows = [
        (left, right, *_relation(held[left], held[right], known))
        for left, right in pairs.select(PAIR).iter_rows()
    ]
    schema = dict.fromkeys((*PAIR, "names", "name"), pl.String) | {"known": pl.Int64}
    return pl.DataFrame(rows, schema, orient="row")


def _relation(
    left: list[Name], right: list[Name], known: Mapping[str, int]
) -> tuple[str, str | None, int | None]:
    """How the names of two persons stand, the name they share, and how many have their rarest word."""
    if not left or not right:
        return "unknown", None, None
    pairs = [(a, b) for a in left for b in right]
    shared = min((a.key for a, b in pairs if a.key == b.key), default=None)
    if shared is not None:
        return "same", shared, min(known.get(word, 1) for word in shared.split())
    for kind, fits in (("similar", similar), ("misspelt", _misspelt)):
        words = [known.get(word, 1) for a, b in pairs if fits(a, b) for word in {*a.tokens} & {*b.tokens}]
        if words or any(fits(a, b) for a, b in pairs):
            return kind, None, min(words, default=1)
    return "different", None, None


def similar(a: Name, b: Name) -> bool:
    """Names that can be one person's: order, initials, further names, nicknames."""
    if compatible(a, b):
        return True
    givens = a.tokens[0], b.tokens[0]
    is_nick = givens[0] in nicknames(givens[1]) or givens[1] in nicknames(givens[0])
    return is_nick and a.tokens[-1] == b.tokens[-1] and a.suffix == b.suffix


def _misspelt(a: Name, b: Name) -> bool:
    """One letter of the family name more, less, other or swapped: Maria and Mario are two people."""
    one, other = "".join(a.tokens), "".join(b.tokens)
    is_long = min(len(one), len(other)) >= 9
    return is_long and a.suffix == b.suffix and a.tokens[0] == b.tokens[0] and OSA.distance(one, other) <= 1


def _sites(faces: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """One row per pair with mailboxes of one organisation: site, is_numbered: only a number differs."""
    own = faces.filter(pl.col("address_kind") == "personal").with_columns(handle=handle())
    own = own.join(read_domains(own["domain"]).filter(~pl.col("is_shared")), on="domain")
    own = own.select("person_id", "site", "handle").unique()
    left, right = (
        pairs.select(PAIR).join(own.rename({"person_id": side}), on=side).rename({"handle": f"{side}_handle"})
        for side in PAIR
    )
    both = left.join(right, on=[*PAIR, "site"])
    bare = [pl.col(f"{side}_handle").str.replace_all(r"\d", "") for side in PAIR]
    numbered = (bare[0] == bare[1]) & (pl.col(f"{PAIR[0]}_handle") != pl.col(f"{PAIR[1]}_handle"))
    return both.group_by(PAIR).agg(pl.col("site").min(), numbered.any().alias("is_numbered"))


def _companies(faces: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """One row per pair of which one's card names the organisation that the other's domain is called after."""
    letters = pl.col("organization").str.to_lowercase().str.replace_all(r"[^\p{L}\d]", "")
    at = (
        faces.filter(pl.col("organization") != "")
        .select("person_id", "organization", letters.alias("letters"))
        .unique()
    )
    sites = faces.filter(pl.col("address_kind") == "personal").select("person_id", "domain").unique()
    sites = sites.join(read_domains(sites["domain"]).filter(~pl.col("is_shared")), on="domain")
    sites = sites.select("person_id", label=pl.col("site").str.split(".").list.first()).unique()
    both = [
        pairs.select(PAIR)
        .join(at.rename({"person_id": one}), on=one)
        .join(sites.rename({"person_id": other}), on=other)
        for one, other in (PAIR, PAIR[::-1])
    ]
    is_called = pl.col("letters").str.starts_with(pl.col("label")) | pl.col("label").str.starts_with(
        pl.col("letters")
    )
    return (
        pl.concat([part.select(*PAIR, "organization", "letters", "label") for part in both])
        .filter(is_called, pl.col("label").str.len_chars() > 2, pl.col("letters").str.len_chars() > 2)
        .group_by(PAIR)
        .agg(pl.col("organization").min().alias("company"))
    )


def _is_one(faces: pl.DataFrame, holds: pl.Expr, name: str) -> pl.Expr:
    """Whether one of the two persons has only faces for which it holds."""
    whole = faces.group_by("person_id").agg(holds.all().alias("is_whole"))
    ids = whole.filter("is_whole")["person_id"].implode()
    return (pl.col(PAIR[0]).is_in(ids) | pl.col(PAIR[1]).is_in(ids)).alias(name)
