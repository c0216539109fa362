"""Facts about pairs of persons: how their names, mailboxes and organisations stand to each other."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from functools import lru_cache

import polars as pl
from rapidfuzz.distance import OSA

from warehouse.people.candidates import PAIR, PEOPLE, RECORDS, meetings, nicknames
from warehouse.people.collecting import collected
from warehouse.people.corroborated import handle, name_counts
from warehouse.people.domains import read_domains
from warehouse.people.names import Name, compatible

NAMES = ("same", "similar", "misspelt", "unknown", "different")


def pairs_of(faces: pl.DataFrame, rivals: pl.DataFrame) -> pl.DataFrame:
    """One row per pair of persons that meet or are rivals: as `candidates.meetings`, and reason: of rivals.

    faces: `candidates.judged`, with person_id.
    """
    met = meetings(faces)
    if rivals.is_empty():
        return met.with_columns(reason=pl.lit(None, pl.String))
    first = faces.lazy().group_by("person_id").agg(pl.col("record").min())
    named = rivals.lazy()
    for person, record in zip(PAIR, RECORDS, strict=True):
        named = named.join(first.rename({"person_id": person, "record": record}), on=person)
    both = met.lazy().join(named, on=PAIR, how="full", coalesce=True)
    records = [pl.coalesce(record, f"{record}_right").alias(record) for record in RECORDS]
    return both.with_columns(records).drop(f"{record}_right" for record in RECORDS).pipe(collected)


def facts(faces: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """`pairs_of`, with what is known of them.

    names: how the names stand to each other, one of `NAMES`; name: the name that they share; known: the
    persons with the rarest word that both names hold; sharers, others, is_pinyin: of the name, counted in
    persons; site, is_numbered: of their organisation; company: the organisation on the card of one that is
    the other's site; book: the address book in which each has a card; is_office: one is no mailbox
    of a person.
    """
    asked = pl.concat([pairs[side] for side in PAIR]).unique()
    own = faces.filter(pl.col("person_id").is_in(asked.implode()))
    mailboxes = _mailboxes(own)
    counts = name_counts(faces.lazy().filter("is_evident"), "person_id")
    return (
        pairs.hstack(_names(faces, own, pairs))
        .lazy()
        .join(counts, left_on="name", right_on="key", how="left")
        .join(_sites(mailboxes, pairs), on=PAIR, how="left")
        .join(_companies(own, mailboxes, pairs), on=PAIR, how="left")
        .join(_books(own, pairs).lazy(), on=PAIR, how="left")
        .with_columns(is_office=_is_one(own, ~pl.col("address_kind").is_in(PEOPLE)))
        .sort(PAIR)
        .pipe(collected)
    )


def _names(faces: pl.DataFrame, own: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Of each row of pairs: names, name, and known, the persons with the rarest word that both names hold."""
    columns = ["person_id", "key", "tokens", "suffix"]
    initials = ~pl.col("is_full") & (pl.col("tokens").list.len() > 1)
    shown = own.lazy().filter(pl.col("is_evident") | initials).select(columns).unique().pipe(collected)
    held: dict[str, list[Name]] = defaultdict(list)
    for person, key, tokens, suffix in shown.iter_rows():
        held[person].append(Name(key, tuple(tokens), suffix, "", is_full=True, key=key))
    known = _known_words(faces, shown["key"].str.split(" "))
    rows = [
        _relation(held[left], held[right], known)
        for left, right in zip(pairs[PAIR[0]], pairs[PAIR[1]], strict=True)
    ]
    schema = {"names": pl.String, "name": pl.String, "known": pl.Int64}
    return pl.DataFrame(rows, schema, orient="row")


def _known_words(faces: pl.DataFrame, asked: pl.Series) -> dict[str, int]:
    """How many persons have a word in a full name that is evidence, of the words that are asked about."""
    words = faces.lazy().filter("is_evident").select("person_id", pl.col("tokens").alias("word"))
    of_pairs = asked.explode().unique().alias("word").to_frame().lazy()
    counted = words.explode("word").join(of_pairs, on="word", how="semi").unique().group_by("word").len()
    return dict(counted.pipe(collected).iter_rows())


def _relation(
    left: Collection[Name], right: Collection[Name], known: Mapping[str, int]
) -> tuple[str, str | None, int | None]:
    """How the names of two persons stand, the name they share, and how many have their rarest word."""
    if not left or not right:
        return "unknown", None, None
    shared = min({name.key for name in left} & {name.key for name in right}, default=None)
    if shared is not None:
        return "same", shared, min(known.get(word, 1) for word in shared.split())
    pairs = [(a, b) for a in left for b in right]
    for kind, fits in (("similar", similar), ("misspelt", _misspelt)):
        fitting = [(a, b) for a, b in pairs if fits(a, b)]
        # "J. Doe" fits Jane as he fits John: who has full names has to fit with them.
        if fitting and all(fits(a, b) for a, b in pairs if _is_spelled_out(a) and _is_spelled_out(b)):
            words = [known.get(word, 1) for a, b in fitting for word in {*a.tokens} & {*b.tokens}]
            return kind, None, min(words, default=1)
    return "different", None, None


def _is_spelled_out(name: Name) -> bool:
    return sum(len(token) > 1 for token in name.tokens) > 1


def similar(a: Name, b: Name) -> bool:
    """Names that can be one person's: order, initials, further names, nicknames."""
    if _are_strangers(a.tokens, b.tokens):
        return False
    if compatible(a, b):
        return True
    givens = a.tokens[0], b.tokens[0]
    is_nick = givens[0] in nicknames(givens[1]) or givens[1] in nicknames(givens[0])
    return is_nick and a.tokens[-1] == b.tokens[-1] and a.suffix == b.suffix


def _misspelt(a: Name, b: Name) -> bool:
    """One letter of the family name more, less, other or swapped: Maria and Mario are two people."""
    if a.tokens[0] != b.tokens[0] or a.suffix != b.suffix:
        return False
    one, other = "".join(a.tokens), "".join(b.tokens)
    return min(len(one), len(other)) >= 9 and OSA.distance(one, other) <= 1


def _are_strangers(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    """Whether two names have no word in common, by which `similar` need not look: most pairs are so."""
    (words, text), (others, other) = _plain(a), _plain(b)
    return len(a) > 1 and len(b) > 1 and words.isdisjoint(others) and text != other


@lru_cache(maxsize=100_000)
def _plain(tokens: tuple[str, ...]) -> tuple[frozenset[str], str]:
    """The words without umlauts, each and together."""
    text = " ".join(tokens).replace("ae", "a").replace("oe", "o").replace("ue", "u")
    return frozenset(text.split(" ")), text.replace(" ", "")


def _mailboxes(faces: pl.DataFrame) -> pl.DataFrame:
    """One row per person and mailbox of an organisation: person_id, site, handle."""
    own = faces.filter(pl.col("address_kind") == "personal")
    sites = read_domains(own["domain"]).lazy().filter(~pl.col("is_shared"))
    return (
        own.lazy()
        .join(sites, on="domain")
        .select("person_id", "site", handle=handle())
        .unique()
        .pipe(collected)
    )


def _sites(mailboxes: pl.DataFrame, pairs: pl.DataFrame) -> pl.LazyFrame:
    """One row per pair with mailboxes of one organisation: site, is_numbered: only a number differs.

    Of each pair only the mailboxes of who has fewer are looked through: some have thousands.
    """
    own = (
        mailboxes.lazy()
        .group_by("person_id", "site", pl.col("handle").str.replace_all(r"\d", "").alias("bare"))
        .agg(pl.col("handle").min(), pl.col("handle").n_unique().alias("handles"))
    )
    sizes = own.group_by("person_id").len()
    sized = pairs.lazy().select(PAIR)
    for side in PAIR:
        sized = sized.join(sizes.rename({"person_id": side, "len": f"{side}_size"}), on=side)
    is_less = pl.col(f"{PAIR[0]}_size") <= pl.col(f"{PAIR[1]}_size")
    few, many = (pl.when(is_less).then(side).otherwise(other) for side, other in (PAIR, PAIR[::-1]))
    both = (
        sized.with_columns(person_id=few, other_id=many)
        .join(own, on="person_id")
        .join(own, left_on=["other_id", "site"], right_on=["person_id", "site"], how="semi")
        .join(own, left_on=["other_id", "site", "bare"], right_on=["person_id", "site", "bare"], how="left",
              suffix="_other")
    )  # fmt: skip
    differ = (pl.col("handle") != pl.col("handle_other")) | (
        pl.max_horizontal("handles", "handles_other") > 1
    )
    is_numbered = (pl.col("handle_other").is_not_null() & differ).any()
    return both.group_by(PAIR).agg(pl.col("site").min(), is_numbered.alias("is_numbered"))


def _books(faces: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """One row per pair who both have a card in one address book: who keeps two has two people, mostly."""
    cards = faces.filter(pl.col("book").is_not_null()).select("person_id", "book").unique()
    left, right = (pairs.select(PAIR).join(cards.rename({"person_id": side}), on=side) for side in PAIR)
    return left.join(right, on=[*PAIR, "book"]).group_by(PAIR).agg(pl.col("book").min())


def _companies(faces: pl.DataFrame, mailboxes: pl.DataFrame, pairs: pl.DataFrame) -> pl.LazyFrame:
    """One row per pair of which one's card names the organisation that the other's domain is called after."""
    letters, label = pl.col("letters"), pl.col("label")
    at = (
        faces.lazy()
        .filter(pl.col("organization") != "")
        .select(
            "person_id",
            "organization",
            letters=pl.col("organization").str.to_lowercase().str.replace_all(r"[^\p{L}\d]", ""),
        )
        .unique()
        .filter(letters.str.len_chars() > 2)
        .with_columns(start=letters.str.head(3))
    )
    sites = (
        mailboxes.lazy()
        .select("person_id", label=pl.col("site").str.split(".").list.first())
        .unique()
        .filter(label.str.len_chars() > 2)
        .with_columns(start=label.str.head(3))
    )
    both = [
        pairs.lazy()
        .select(PAIR)
        .join(at.rename({"person_id": one}), on=one)
        .join(sites.rename({"person_id": other}), on=[other, "start"])
        .select(*PAIR, "organization", "letters", "label")
        for one, other in (PAIR, PAIR[::-1])
    ]
    return (
        pl.concat(both)
        .filter(letters.str.starts_with(label) | label.str.starts_with(letters))
        .group_by(PAIR)
        .agg(pl.col("organization").min().alias("company"))
    )


def _is_one(faces: pl.DataFrame, holds: pl.Expr) -> pl.Expr:
    """Whether one of the two persons has only faces for which it holds."""
    whole = faces.lazy().group_by("person_id").agg(holds.all().alias("is_whole")).filter("is_whole")
    ids = whole.select("person_id").pipe(collected)["person_id"].implode()
    return pl.col(PAIR[0]).is_in(ids) | pl.col(PAIR[1]).is_in(ids)
