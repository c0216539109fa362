"""Who is who, by keys alone: the pure function from mentions and cards to persons.

Merges only what is certain: a personal address, a vCard UID within one book, a phone number or a LinkedIn
profile with names that fit. Names that contradict each other on one key make a suggestion, never a merge.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

import polars as pl

from warehouse.people.addresses import normalise, written
from warehouse.people.evidence import ITEM, Card, Claim, gather_cards, gather_mentions, read_mentions
from warehouse.people.grouping import Group, Grouping, group_items
from warehouse.people.kinds import kind_of

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
_MOST_RIVALS = 5  # more names than that on one key are a shared desk, not a question worth asking
_NEVER = 2**62


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
    me: the user's addresses. region: ISO 3166 country of phone numbers written without a country.
    """
    mine = frozenset(filter(None, map(normalise, me)))
    spelled = read_mentions(mentions)
    grouping = group_items(gather_mentions(spelled), gather_cards(cards, region), mine)
    groups = grouping.final()
    if not mine and not grouping.myself.mentions:
        groups.remove(grouping.myself)
    ids = {group: person_id(group.claim) for group in groups}
    items = [
        (mention.address.value, mention.name.key, mention.name.is_full, ids[group])
        for group in groups
        for mention in group.mentions
    ]
    of_item = pl.DataFrame(items, [*ITEM, "person_id"], orient="row", infer_schema_length=None) if items else None
    links = [(card.source, card.key, ids[group]) for group in groups for card in group.cards]
    return Resolution(
        persons=_frame([_person(group, ids[group]) for group in groups], _PERSONS),
        mention_links=_mention_links(spelled, of_item),
        card_links=_frame(links, {"source": pl.String, "key": pl.String, "person_id": pl.String}),
        identifiers=_frame([row for group in groups for row in _identifiers(group, ids[group])], _IDENTIFIERS),
        suggestions=_frame(list(_suggestions(grouping, ids)), _SUGGESTIONS),
    )


def person_id(claim: Claim) -> str:
    """The id of whoever was born with this claim. The batch is no part of it: it only says who was first."""
    digest = hashlib.sha256(claim[1].encode()).digest()
    return "p" + base64.b32encode(digest).decode()[:16].lower()
