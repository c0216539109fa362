"""Who is who, by keys alone: the pure function from mentions and cards to persons.

Merges only what is certain: a personal address, a vCard UID within one book, a phone number or a LinkedIn
profile with names that fit. Names that contradict each other on one key make a suggestion, never a merge.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from warehouse.people.addresses import normalise
from warehouse.people.evidence import ITEM, gather_cards, gather_mentions, read_mentions
from warehouse.people.grouping import NEVER_BORN, Group, Grouping, group_items
from warehouse.people.identity import person_id
from warehouse.people.kinds import kind_of
from warehouse.people.plain import is_plain, plain_people
from warehouse.people.profile import identifiers, name_of, primary_email, rivals

_INSTANT = pl.Datetime("us", "UTC")
_PERSONS = {
    "person_id": pl.String,
    "name": pl.String,
    "kind": pl.String,
    "kind_reason": pl.String,
    "is_me": pl.Boolean,
    "primary_email": pl.String,
    "born": pl.Int64,
}
_IDENTIFIERS = {
    "person_id": pl.String,
    "kind": pl.String,
    "value": pl.String,
    "source": pl.String,
    "first_seen_at": _INSTANT,
    "last_seen_at": _INSTANT,
    "evidence": pl.String,
}
_SUGGESTIONS = {"left_person_id": pl.String, "right_person_id": pl.String, "reason": pl.String}
_CARD_LINKS = {"source": pl.String, "key": pl.String, "person_id": pl.String}
_OF_ITEM = {"value": pl.String, "key": pl.String, "is_full": pl.Boolean, "person_id": pl.String}


@dataclass(frozen=True)
class Resolution:
    """Persons and how they were found.

    persons: one row per person (person_id, name, kind, kind_reason, is_me, primary_email, born).
    mention_links: one row per name and address as given (name, address, person_id).
    card_links: one row per card (source, key, person_id).
    identifiers: one row per person, kind and value (…, source, first_seen_at, last_seen_at, evidence).
    suggestions: one row per pair of persons whose names contradict each other on one key.
    """

    persons: pl.DataFrame
    mention_links: pl.DataFrame
    card_links: pl.DataFrame
    identifiers: pl.DataFrame
    suggestions: pl.DataFrame


def resolve(
    mentions: pl.DataFrame, cards: pl.DataFrame, *, me: Sequence[str], region: str | None = None
) -> Resolution:
    """Persons of all mentions and cards, whatever the order of their rows.

    mentions: one row per source, origin, name and address. cards: one row per source and key.
    me: the user's addresses and profiles. region: ISO 3166 country of phone numbers without a country.
    """
    mine = frozenset(filter(None, map(normalise, me)))
    carded = gather_cards(cards, region)
    spelled = read_mentions(mentions).with_columns(
        is_plain=is_plain(mine | {address.value for card in carded for address in card.emails})
    )
    asked, plain = spelled.filter(~pl.col("is_plain")), plain_people(spelled.filter("is_plain"))
    grouping = group_items(gather_mentions(asked), carded, mine)
    groups = grouping.final()
    if not mine and not grouping.myself.mentions:
        groups.remove(grouping.myself)
    ids = {group: person_id(group.claim[1]) for group in groups}
    own = plain.with_columns(kind=pl.lit("email"))
    found = [(ids[group], *identifier) for group in groups for identifier in identifiers(group)]
    return Resolution(
        persons=_frame([_person(group, ids[group]) for group in groups], _PERSONS, plain),
        mention_links=_mention_links(spelled, ids, plain),
        card_links=_frame(
            [(card.source, card.key, ids[group]) for group in groups for card in group.cards], _CARD_LINKS
        ),
        identifiers=_frame(found, _IDENTIFIERS, own),
        suggestions=_suggestions(grouping, ids),
    )


def _person(group: Group, own_id: str) -> tuple[Any, ...]:
    kind, reason = kind_of(group)
    born = group.claim[0] if group.claim[0] < NEVER_BORN else None
    return own_id, name_of(group), kind, reason, group.is_me, primary_email(group), born


def _mention_links(spelled: pl.DataFrame, ids: Mapping[Group, str], plain: pl.DataFrame) -> pl.DataFrame:
    of_items = [
        (mention.address.value, mention.name.key, mention.name.is_full, own_id)
        for group, own_id in ids.items()
        for mention in group.mentions
    ]
    links = [
        spelled.filter(~pl.col("is_plain")).join(_frame(of_items, _OF_ITEM), on=ITEM),
        spelled.filter("is_plain").join(plain.select("value", "person_id"), on="value"),
    ]
    return pl.concat(part.select("name", "address", "person_id") for part in links).sort("name", "address")


def _suggestions(grouping: Grouping, ids: Mapping[Group, str]) -> pl.DataFrame:
    """One row per pair, whatever the number of keys that they share."""
    pairs = ([*sorted((ids[left], ids[right])), reason] for left, right, reason in rivals(grouping))
    rows = _frame(list(pairs), _SUGGESTIONS)
    reasons = pl.col("reason").unique().sort().str.join("; ")
    return rows.group_by("left_person_id", "right_person_id").agg(reasons).sort(pl.all())


def _frame(
    rows: Sequence[Sequence[Any]], schema: Mapping[str, Any], others: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Rows, and the same columns of other rows, in one order, whatever that in which they were found."""
    frame = pl.DataFrame(rows, schema=dict(schema), orient="row")
    if others is not None:
        frame = pl.concat([frame, others.select(frame.columns)])
    return frame.sort(frame.columns)
