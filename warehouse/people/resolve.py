"""Who is who: the pure function from mentions, cards, decisions and published links to persons.

Merges only what is certain: what the user said, a personal address, a vCard UID within one book, a phone
number or a LinkedIn profile with names that fit, and an equal full name with something that corroborates it.
All else is a suggestion.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from warehouse.people.addresses import normalise
from warehouse.people.corroborated import corroborated
from warehouse.people.decided import Decided, Refusal, Side, decide, places
from warehouse.people.decisions import Active
from warehouse.people.evidence import ITEM, gather_cards, gather_mentions, read_mentions
from warehouse.people.faces import faces
from warehouse.people.folding import fold
from warehouse.people.grouping import Grouping, group_items
from warehouse.people.groups import NEVER_BORN, Group, Tie
from warehouse.people.identity import person_id
from warehouse.people.kinds import kind_of
from warehouse.people.lineage import Published, named
from warehouse.people.name_links import places_of, standing, tie
from warehouse.people.plain import is_plain, plain_members, plain_people
from warehouse.people.profile import identifiers, name_of, primary_email, rivals
from warehouse.people.records import value_of
from warehouse.people.suggestions import suggest

_INSTANT = pl.Datetime("us", "UTC")
_PERSONS = {
    "person_id": pl.String,
    "name": pl.String,
    "kind": pl.String,
    "kind_reason": pl.String,
    "is_me": pl.Boolean,
    "primary_email": pl.String,
    "founder": pl.String,
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
_MEMBERS = {"record": pl.String, "person_id": pl.String}
_TIES = dict.fromkeys(("person_id", "left_record", "right_record", "rule", "evidence"), pl.String)
_RIVALS = {"left_person_id": pl.String, "right_person_id": pl.String, "reason": pl.String}
_CARD_LINKS = {"source": pl.String, "key": pl.String, "person_id": pl.String}
_OF_ITEM = {"value": pl.String, "key": pl.String, "is_full": pl.Boolean, "person_id": pl.String}


@dataclass(frozen=True)
class Resolution:
    """Persons and how they were found.

    persons: one row per person (person_id, name, kind, kind_reason, is_me, primary_email, founder, born).
    members: one row per record (record, person_id).
    mention_links: one row per name and address as given (name, address, person_id).
    card_links: one row per card (source, key, person_id).
    identifiers: one row per person, kind and value (…, source, first_seen_at, last_seen_at, evidence).
    ties: one row per reason for which two records are one person's (person_id, left_record, right_record,
        rule, evidence). name_links: those by names that hold, with `lineage.NAME_LINKS`.
    suggestions: one row per pair of persons who may be one, as `suggestions.suggest` says.
    refused: merges that do not hold.
    """

    persons: pl.DataFrame
    members: pl.DataFrame
    mention_links: pl.DataFrame
    card_links: pl.DataFrame
    identifiers: pl.DataFrame
    ties: pl.DataFrame
    name_links: pl.DataFrame
    suggestions: pl.DataFrame
    refused: tuple[Refusal, ...]


def resolve(
    mentions: pl.DataFrame,
    cards: pl.DataFrame,
    *,
    me: Sequence[str],
    region: str | None = None,
    decisions: Active | None = None,
    published: Published | None = None,
    rare_names: bool = False,
) -> Resolution:
    """Persons of all mentions and cards, whatever the order of their rows.

    mentions: one row per source, origin, name and address. cards: one row per source and key.
    me: the user's addresses and profiles. region: ISO 3166 country of phone numbers without a country.
    published: what was last said, which stays as long as nothing contradicts it. rare_names: link on a rare
    full name alone.
    """
    decisions, published = decisions or Active(), published or Published()
    mine = frozenset(filter(None, map(normalise, me)))
    carded = gather_cards(cards, region)
    spelled = read_mentions(mentions)
    shown = faces(spelled, carded).filter(~pl.col("address").is_in(sorted(mine)))
    links = standing(
        published.links, corroborated(shown, rare_names=rare_names), shown, rare_names=rare_names
    )
    carded_addresses = {address.value for card in carded for address in card.emails}
    spoken_of = {value_of(place) for place in (*places(decisions), *places_of(links))}
    spelled = spelled.with_columns(is_plain=is_plain(mine | carded_addresses | spoken_of))
    items = gather_mentions(spelled.filter(~pl.col("is_plain")))
    records = [*(item.record for item in items), *(card.record for card in carded)]
    own = [item.record for item in items if item.address.value in mine]
    own += [card.record for card in carded if not mine.isdisjoint(card.places)]
    decided = decide(decisions, records, own)
    grouping = group_items(items, carded, mine, decided)
    fold(grouping, dict(published.members.filter(pl.col("record").is_in(records)).iter_rows()))
    name_links = tie(grouping, links)
    groups = grouping.final()
    if not mine and not grouping.myself.mentions:
        groups.remove(grouping.myself)
    return _found(spelled, groups, grouping, decided, published, name_links, shown)


def _found(
    spelled: pl.DataFrame,
    groups: Sequence[Group],
    grouping: Grouping,
    decided: Decided,
    published: Published,
    name_links: pl.DataFrame,
    shown: pl.DataFrame,
) -> Resolution:
    plain = plain_people(spelled.filter("is_plain"))
    born = {group: person_id(group.claim[1]) for group in groups}
    members = _members(born, spelled)
    own = [(born[group], group.record, _born(group), group.is_me) for group in groups]
    columns = ("person_id", "founder", "born", "is_me")
    founders = pl.concat([_frame(own, {name: _PERSONS[name] for name in columns}), plain.select(columns)])
    given = named(members, founders, published)
    ids = {group: given.get(own, own) for group, own in born.items()}
    if given:
        members, plain = (
            frame.with_columns(pl.col("person_id").replace(given)) for frame in (members, plain)
        )
    persons = _frame([_person(group, ids[group], decided) for group in groups], _PERSONS, plain)
    found = [(ids[group], *identifier) for group in groups for identifier in identifiers(group)]
    return Resolution(
        persons=persons,
        members=members,
        mention_links=_mention_links(spelled, ids, plain),
        card_links=_frame(
            [(card.source, card.key, ids[group]) for group in groups for card in group.cards], _CARD_LINKS
        ),
        identifiers=_frame(found, _IDENTIFIERS, plain.with_columns(kind=pl.lit("email"))),
        ties=_frame([(ids[group], *tie) for group in groups for tie in _ties(group, decided)], _TIES),
        name_links=name_links,
        suggestions=suggest(
            shown.join(members.select("record", "person_id"), on="record"),
            persons,
            _rivals(grouping, ids),
            _forbidden(groups, ids),
        ),
        refused=decided.refused,
    )


def _members(ids: Mapping[Group, str], spelled: pl.DataFrame) -> pl.DataFrame:
    rows = [(item.record, own_id) for group, own_id in ids.items() for item in group.items]
    return pl.concat([_frame(rows, _MEMBERS), plain_members(spelled.filter("is_plain"))]).sort("record")


def _person(group: Group, own_id: str, decided: Decided) -> tuple[Any, ...]:
    records = [item.record for item in group.items]
    kinds = [decided.kinds[record] for record in records if record in decided.kinds]
    names = [decided.names[record] for record in records if record in decided.names]
    kind, reason = kind_of(group)
    if kinds and not group.is_me:
        said = max(kinds, key=lambda each: decided.order[each.id])
        kind, reason = said.kind, f"you said so on {said.at:%Y-%m-%d} ({said.id})"
    name = max(names, key=lambda each: decided.order[each.id]).name if names else name_of(group)
    return own_id, name, kind, reason, group.is_me, primary_email(group), group.record, _born(group)


def _born(group: Group) -> int | None:
    return group.claim[0] if group.claim[0] < NEVER_BORN else None


def _ties(group: Group, decided: Decided) -> Iterator[Tie]:
    """Why a group is one: its own ties, and the user's word for what was merged."""
    yield from group.ties
    records = [item.record for item in group.items if item.record in decided.teams]
    teams: dict[int, list[str]] = {}
    for record in sorted(records):
        teams.setdefault(decided.teams[record], []).append(record)
    for number, team in teams.items():
        days = " and ".join(f"{merge.at:%Y-%m-%d} ({merge.id})" for merge in decided.of_team[number])
        for record in team[1:]:
            yield Tie(team[0], record, "decision", f"you merged them on {days}")


def _rivals(grouping: Grouping, ids: Mapping[Group, str]) -> pl.DataFrame:
    """One row per pair that contradicts each other on a key, whatever the number of keys that they share."""
    pairs = [(*sorted((ids[left], ids[right])), reason) for left, right, reason in rivals(grouping)]
    reasons = pl.col("reason").unique().sort().str.join("; ")
    rows = _frame(pairs, _RIVALS).group_by("left_person_id", "right_person_id").agg(reasons)
    return rows.sort(pl.all())


def _forbidden(groups: Sequence[Group], ids: Mapping[Group, str]) -> pl.DataFrame:
    """Pairs of persons whom a split keeps apart."""
    standing: dict[Side, list[str]] = {}
    for group in groups:
        for side in group.sides:
            standing.setdefault(side, []).append(ids[group])
    rows = {
        tuple(sorted((left, right)))
        for (split, is_left), lefts in standing.items()
        if is_left
        for left in lefts
        for right in standing.get((split, False), ())
    }
    return _frame(sorted(rows), _RIVALS, only=("left_person_id", "right_person_id"))


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


def _frame(
    rows: Sequence[Sequence[Any]],
    schema: Mapping[str, Any],
    others: pl.DataFrame | None = None,
    *,
    only: Sequence[str] = (),
) -> pl.DataFrame:
    """Rows, and the same columns of other rows, in one order, whatever that in which they were found."""
    frame = pl.DataFrame(rows, schema={name: schema[name] for name in only or schema}, orient="row")
    if others is not None:
        frame = pl.concat([frame, others.select(frame.columns)])
    return frame.sort(frame.columns)
