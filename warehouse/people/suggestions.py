"""Suggestions: pairs of persons who may be one, with the evidence and the chance that it is right."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import polars as pl

from warehouse.people.candidates import PAIR, judged
from warehouse.people.collecting import collected
from warehouse.people.facts import facts, pairs_of, similar
from warehouse.people.names import Name

LEAST_SCORE = 0.3
CERTAIN = 0.98
_RARE = 2  # others with a part of a rare name
_OF_RIVALS, _OF_ONE_BOOK, _OF_DOUBTED = 0.6, 0.9, 0.95  # the most that is said of them
_MOST_OF_A_CARD = 20  # persons; more are no question that anybody can answer at once

# A logistic model fitted on the mailmaps of five repositories (789 pairs) and, at a tenth of their weight,
# on simulated address books (5,037 pairs). Of pairs at .98 or more in a repository left out of the fit, .991
# were right. The four marked weights are for what hardly occurs there and are set by hand.
WEIGHTS = {
    "same": 4.69,
    "similar": 2.64,
    "misspelt": 0.68,
    "unknown": -0.02,
    "different": -2.99,
    "same_others": -0.74,
    "same_sharers": -2.36,
    "similar_known": -1.29,
    "handle": 1.27,
    "handle_is_name": 1.11,
    "handle_of_name": 0.60,
    "short_is_handle": 0.54,
    "same_short": 1.59,
    "same_stem": 2.18,
    "common": 0.65,
    "site": 1.75,
    "pinyin": -0.50,  # by hand
    "numbered": -2.50,  # by hand
    "office": -1.00,  # by hand
    "rival": 3.50,  # by hand: two names on one address are a new name about as often as a second person
}
_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "card": pl.String,
    **dict.fromkeys((*PAIR, "left_record", "right_record"), pl.String),
    "score": pl.Float64,
    "preset": pl.String,
    "shared": pl.List(pl.String),
    "conflicting": pl.List(pl.String),
}


def suggest(
    faces: pl.DataFrame, persons: pl.DataFrame, rivals: pl.DataFrame, forbidden: pl.DataFrame
) -> pl.DataFrame:
    """One row per pair of persons who may be one, the surest first, with the columns of people.suggestions.

    faces: `faces.faces` with person_id. persons: person_id, kind, is_me. rivals: pairs whose names contradict
    each other on one key, with the reason. forbidden: pairs that are decided. Pairs with one card are one
    question: all of a card can be one person.
    """
    asked = persons.filter(~pl.col("is_me"), pl.col("kind").is_in(["human", "list", "role"]))
    own = judged(faces.join(asked, on="person_id", how="semi"))
    pairs = pairs_of(own, rivals).join(forbidden, on=PAIR, how="anti")
    if pairs.is_empty():
        return pl.DataFrame(schema=_SCHEMA)
    scored = (
        facts(own, pairs)
        .lazy()
        .filter(_is_askable(own, asked))
        .with_columns(score=score().round(4))
        .filter(pl.col("score") >= LEAST_SCORE)
        .pipe(collected)
        .pipe(_doubted)
        .sort(pl.col("score").neg(), *PAIR)
    )
    shown = own.filter(pl.col("is_evident"), pl.col("person_id").is_in(_persons(scored)))
    cards = pl.Series("card", _cards(scored, shown, forbidden), dtype=pl.String)
    told = _with_texts(scored.lazy(), shown).with_columns(
        cards, preset=_preset(), shared=_sentences(_shared()), conflicting=_sentences(_conflicting())
    )
    return told.select(pl.col(name).cast(kind) for name, kind in _SCHEMA.items()).pipe(collected)


def _persons(pairs: pl.DataFrame) -> pl.Series:
    return pl.concat([pairs[side] for side in PAIR]).unique().implode()


def score() -> pl.Expr:
    """The chance that a pair of `facts` is one person.

    The archives that the weights were fitted on hold hardly a couple, an assistant or two cards of namesakes:
    what they share (a mailbox, its handle, its domain) says nothing for them. They are asked about, no more.
    """
    total = pl.sum_horizontal(feature * WEIGHTS[name] for name, feature in features().items())
    chance = 1 / (1 + (-total).exp())
    is_rival = pl.col("reason").is_not_null() & (pl.col("names") != "same")
    return (
        pl.when(is_rival)
        .then(chance.clip(upper_bound=_OF_RIVALS))
        .when(pl.col("book").is_not_null())
        .then(chance.clip(upper_bound=_OF_ONE_BOOK))
        .otherwise(chance)
    )


def _doubted(pairs: pl.DataFrame) -> pl.DataFrame:
    """No pair is certain of which one side is as certainly a third person, who is not the other side's.

    Adds doubted: whether it was so.
    """
    sure = pairs.filter(pl.col("score") >= CERTAIN).select(PAIR)
    both = pl.concat([sure, sure.select(left_person_id=PAIR[1], right_person_id=PAIR[0])])
    known = pl.concat(
        [
            likely := pairs.filter(pl.col("score") >= 0.5).select(PAIR),
            likely.select(left_person_id=PAIR[1], right_person_id=PAIR[0]),
        ]
    )
    thirds = both.join(both, left_on=PAIR[0], right_on=PAIR[0], suffix="_third").filter(
        pl.col(PAIR[1]) != pl.col(f"{PAIR[1]}_third")
    )
    torn = thirds.join(known, left_on=[PAIR[1], f"{PAIR[1]}_third"], right_on=list(PAIR), how="anti").select(
        PAIR
    )
    torn = pl.concat([torn, torn.select(left_person_id=PAIR[1], right_person_id=PAIR[0])]).unique()
    doubted = pairs.join(
        torn.with_columns(doubted=pl.lit(value=True)), on=PAIR, how="left", maintain_order="left"
    )
    return doubted.with_columns(pl.col("doubted").fill_null(value=False)).with_columns(
        pl.when("doubted")
        .then(pl.col("score").clip(upper_bound=_OF_DOUBTED))
        .otherwise("score")
        .alias("score")
    )


def features() -> dict[str, pl.Expr]:
    """What the score adds up, as numbers made of the columns of `facts`."""
    same, similar, misspelt, unknown, different = (
        pl.col("names") == kind for kind in ("same", "similar", "misspelt", "unknown", "different")
    )
    others = pl.col("others").fill_null(0).clip(0) + 1
    sharers, holders = (
        pl.max_horizontal(pl.col(name).fill_null(2) - 1, 1) for name in ("sharers", "holders")
    )
    known = pl.col("known").fill_null(1).clip(1)
    numbered = pl.col("is_numbered").fill_null(value=False)
    numbers = {
        "same": same,
        "similar": similar,
        "misspelt": misspelt,
        "unknown": unknown,
        "different": different,
        "same_others": same * others.log(),
        "same_sharers": same * sharers.log(),
        "similar_known": (similar | misspelt) * known.log(),
        "handle": _met("same_handle"),
        "handle_is_name": _met("handle_is_name"),
        "handle_of_name": _met("handle_of_name"),
        "short_is_handle": _met("short_is_handle"),
        "same_short": _met("same_short"),
        "same_stem": _met("same_stem") & ~numbered,
        "common": unknown * holders.log(),
        "site": (pl.col("site").is_not_null() | pl.col("company").is_not_null()) & ~numbered,
        "pinyin": same & pl.col("is_pinyin").fill_null(value=False),
        "numbered": numbered,
        "office": pl.col("is_office"),
        "rival": pl.col("reason").is_not_null(),
    }
    return {name: number.cast(pl.Float64) for name, number in numbers.items()}


def _met(way: str) -> pl.Expr:
    return pl.col(way).is_not_null()


def _is_askable(faces: pl.DataFrame, persons: pl.DataFrame) -> pl.Expr:
    """Two humans, or a human and an office that writes under their name; never two profiles.

    Who has only an address that leads nowhere (``jdoe@laptop.local``) may be a human.
    """
    is_stray, is_human = (pl.col("address_kind") == "placeholder").all(), pl.col("kind") == "human"
    traits = (
        faces.lazy()
        .group_by("person_id")
        .agg(is_stray.alias("is_stray"), pl.col("slug").is_not_null().any().alias("is_profile"))
        .join(persons.lazy().select("person_id", is_human=is_human), on="person_id")
        .pipe(collected)
    )
    humans = traits.filter(pl.col("is_human") | pl.col("is_stray"))["person_id"].implode()
    profiles = traits.filter("is_profile")["person_id"].implode()
    left, right = (pl.col(side).is_in(humans) for side in PAIR)
    both_profiles = pl.col(PAIR[0]).is_in(profiles) & pl.col(PAIR[1]).is_in(profiles)
    return ((left & right) | ((left | right) & (pl.col("names") == "same"))) & ~both_profiles


def _preset() -> pl.Expr:
    is_rare = (pl.col("names") == "same") & (pl.col("others") <= _RARE) & (pl.col("sharers") <= _RARE + 1)
    is_company = pl.col("site").is_not_null() | pl.col("company").is_not_null()
    return (
        pl.when(pl.col("score") >= CERTAIN)
        .then(pl.lit("certain"))
        .when(is_rare & ~pl.col("is_pinyin").fill_null(value=False))
        .then(pl.lit("rare name"))
        .when(is_company & pl.col("names").is_in(["same", "similar"]))
        .then(pl.lit("same company"))
        .otherwise(pl.lit(""))
    )


def _with_texts(pairs: pl.LazyFrame, named: pl.DataFrame) -> pl.LazyFrame:
    """The name to show of each person: left_text and right_text."""
    best = named.lazy().sort(pl.col("count").neg(), "text").unique("person_id", keep="first")
    for side in PAIR:
        text = best.select(
            pl.col("person_id").alias(side), pl.col("text").alias(side.replace("person_id", "text"))
        )
        pairs = pairs.join(text, on=side, how="left", maintain_order="left")
    return pairs


def _shared() -> Iterable[pl.Expr]:
    """Sentences for what speaks for one person, null where it does not hold."""
    both = pl.col("left_text"), pl.col("right_text")
    for kind, said in (
        ("same", pl.format("the same full name: {}", both[0])),
        ("similar", pl.format("{} and {} can be one name", *both)),
        ("misspelt", pl.format("{} and {} differ in one letter", *both)),
    ):
        yield pl.when(pl.col("names") == kind).then(said)
    is_rare = (pl.col("names") == "same") & (pl.col("others") == 0) & (pl.col("sharers") == _RARE)
    yield pl.when(is_rare).then(pl.lit("no third person has a part of the name alone"))
    for way, sentence in (
        ("same_handle", "the same handle: {}"),
        ("handle_is_name", "a handle that is the other's name: {}"),
        ("handle_of_name", "a handle that the other's name makes: {}"),
        ("short_is_handle", "one is called as the other's handle: {}"),
        ("same_short", "the same short name: {}"),
        ("same_stem", "handles that are the same but for a number: {}"),
        ("site", "addresses of one organisation: {}"),
        ("company", "a card that names the organisation of the other's address: {}"),
    ):
        yield pl.format(sentence, way)
    yield pl.col("reason")


def _conflicting() -> Iterable[pl.Expr]:
    """Sentences for what speaks against one person, null where it does not hold."""
    differ = pl.format("the names differ: {} and {}", "left_text", "right_text")
    yield pl.when(pl.col("names") == "different").then(differ)
    yield pl.when(pl.col("book").is_not_null()).then(pl.format("two cards of one address book: {}", "book"))
    yield pl.when("doubted").then(pl.lit("one of them may as well be somebody else, who is not the other"))
    several = (pl.col("names") == "same") & (pl.col("sharers") > _RARE)
    yield pl.when(several).then(pl.format("{} persons have this name", "sharers"))
    yield pl.when("is_numbered").then(pl.format("at {} only a number tells the addresses apart", "site"))
    common = (pl.col("names") == "same") & (pl.col("others") > _RARE)
    yield pl.when(common).then(pl.format("{} others have a part of the name", "others"))


def _sentences(texts: Iterable[pl.Expr]) -> pl.Expr:
    return pl.concat_list(list(texts)).list.drop_nulls()


def _cards(pairs: pl.DataFrame, named: pl.DataFrame, forbidden: pl.DataFrame) -> list[str]:
    """The card of each pair, the surest first: persons whose names all fit each other share one."""
    names: dict[str, list[Name]] = defaultdict(list)
    for person, tokens, suffix in named.select("person_id", "tokens", "suffix").unique().iter_rows():
        names[person].append(Name("", tuple(tokens), suffix, is_full=True))
    apart = {frozenset(pair) for pair in forbidden.select(PAIR).iter_rows()}
    team: dict[str, list[str]] = {}
    asked = list(pairs.select(PAIR).iter_rows())
    for left, right in asked:
        ours, theirs = (team.setdefault(person, [person]) for person in (left, right))
        if ours is not theirs and _fit(ours, theirs, names, apart):
            ours += theirs
            team.update(dict.fromkeys(theirs, ours))
    # A team is known by who came first in it; a pair that does not fit is a question of its own.
    numbers: dict[str, int] = {}
    return [
        str(numbers.setdefault(team[left][0], at) if team[left] is team[right] else at)
        for at, (left, right) in enumerate(asked, start=1)
    ]


def _fit(
    ours: Sequence[str], theirs: Sequence[str], names: dict[str, list[Name]], apart: set[frozenset[str]]
) -> bool:
    """Whether nothing keeps any of ours from being one with any of theirs."""
    if len(ours) + len(theirs) > _MOST_OF_A_CARD:
        return False
    return all(
        frozenset((one, other)) not in apart and all(similar(a, b) for a in names[one] for b in names[other])
        for one in ours
        for other in theirs
    )
