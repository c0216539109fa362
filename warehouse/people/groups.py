"""A group of items that are one person's, what keeps two groups apart, and why they were made one."""

from dataclasses import dataclass, field
from typing import NamedTuple

from warehouse.people.decided import NOWHERE, Side, are_apart
from warehouse.people.evidence import Card, Claim, Mention
from warehouse.people.names import Name, compatible
from warehouse.people.records import CARD

Key = tuple[str, ...]

LEAST_SHARE = 0.2  # of the named mentions of an address; below, a name was mistyped or borrowed
_MOST_NAMES = 50  # beyond, further names are not asked for consent; keeps the work linear
NEVER_BORN = 2**62  # of an address that was configured and never met
_RULES = {
    "email": ("address", "the address"),
    "named": ("address", "the address"),
    "role": ("address", "the address"),
    "list": ("address", "the address"),
    "bot": ("address", "the address"),
    "room": ("address", "the address"),
    "uid": ("card", "the identifier"),
    "phone": ("phone", "the number"),
    "slug": ("profile", "the profile"),
}


class Tie(NamedTuple):
    """Why two records are one person's. rule: as in `people.links`; evidence: a sentence with the facts."""

    left: str
    right: str
    rule: str
    evidence: str


@dataclass(eq=False, slots=True)
class Group:
    """Items that are one person's.

    claim: the smallest, and record: whose it is; names: those that may contradict another name; met: at each
    address or profile the first record; carded: of each the card that holds it; sides: where splits put its
    records; ties: why its records are one person's, of those that are not at one address; is_decided: a
    decision speaks of one of them; is_team: the user merged some of them, whatever their names.
    """

    claim: Claim
    record: str = ""
    names: list[Name] = field(default_factory=list)
    slugs: frozenset[str] = frozenset()
    mentions: list[Mention] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    met: dict[str, str] = field(default_factory=dict)
    carded: dict[str, Card] = field(default_factory=dict)
    sides: frozenset[Side] = NOWHERE
    ties: list[Tie] = field(default_factory=list)
    is_me: bool = False
    is_decided: bool = False
    is_team: bool = False
    merged_into: "Group | None" = None

    @property
    def items(self) -> list[Mention | Card]:
        """All that is theirs."""
        return [*self.mentions, *self.cards]

    def add(self, item: Mention | Card) -> None:
        """One more item is theirs."""
        if isinstance(item, Card):
            self.cards.append(item)
            for place in item.places:
                self.carded.setdefault(place, item)
        else:
            self.mentions.append(item)
            self.met.setdefault(item.address.value, item.record)
        self._claim(item.claim, item.record)

    def take(self, other: "Group") -> None:
        """All that is another's is theirs."""
        for name in other.names:
            self.learn(name)
        self.slugs |= other.slugs
        self.mentions += other.mentions
        self.cards += other.cards
        self.met = other.met | self.met
        self.carded = other.carded | self.carded
        self.sides |= other.sides
        self.is_decided |= other.is_decided
        self.is_team |= other.is_team
        self.ties += other.ties
        self._claim(other.claim, other.record)
        other.merged_into = self

    def _claim(self, claim: Claim, record: str) -> None:
        if record and (not self.record or claim < self.claim):
            self.record = record
        self.claim = min(self.claim, claim)

    def fits(self, name: Name) -> bool:
        """A name fits all names; of me and of whom the user merged it is enough that it fits one."""
        found = (compatible(name, other) for other in self.names)
        return any(found) or not self.names if self.is_me or self.is_team else all(found)

    def agrees(self, other: "Group") -> bool:
        """Whether nothing keeps both from being one person: no split, no two profiles, no other name."""
        if are_apart(self.sides, other.sides):
            return False
        if self.slugs and other.slugs and self.slugs.isdisjoint(other.slugs):
            return False
        wide, narrow = (self, other) if self.is_me or (self.is_team and not other.is_me) else (other, self)
        return all(wide.fits(name) for name in narrow.names)

    def learn(self, name: Name) -> None:
        """A full name ousts a short one that it does not fit: "Mum" gives way to "Karen Weiss"."""
        if self.is_me or not name.tokens or name in self.names or len(self.names) >= _MOST_NAMES:
            return
        if name.is_full:
            self.names = [other for other in self.names if other.is_full or compatible(other, name)]
        self.names.append(name)

    def is_open(self) -> bool:
        """Known by a short name and one address at most: whoever writes from there is meant."""
        is_short = not any(name.is_full for name in self.names)
        return is_short and all(len(card.emails) <= 1 for card in self.cards)


def root(group: Group) -> Group:
    while group.merged_into is not None:
        group = group.merged_into
    return group


def merge(into: Group, other: Group, tie: Tie) -> None:
    """All of `other` moves to `into`, which keeps the smaller claim, and the reason; or the other way, if
    `other` is me.
    """
    if other.is_me:
        into, other = other, into
    into.take(other)
    into.ties.append(tie)


def record_at(group: Group, value: str) -> str:
    """The record of a group at an address or profile, or the card that holds it."""
    card = group.carded.get(value)
    return group.met.get(value) or (card.record if card else group.record)


def ties_of_mention(group: Group, mention: Mention) -> list[Tie]:
    """Of a mention at an address or profile that is new to the group: the card that brought it there."""
    card = group.carded.get(mention.address.value)
    if card is None or mention.address.value in group.met:
        return []
    if slug := mention.address.slug:
        return [
            Tie(
                card.record,
                mention.record,
                "profile",
                f"the profile {slug} is linked on a card of {card.source}",
            )
        ]
    said = f"the address {mention.address.value} stands on a card of {card.source}"
    return [Tie(card.record, mention.record, "address", said)]


def tie_of_card(group: Group, card: Card, key: Key) -> Tie:
    rule, what = _RULES[key[0]]
    if key[0] in ("phone", "slug", "uid"):
        held = (other for other in group.cards if key in _strong_keys(other))
        record = next((other.record for other in held), group.record)
    else:
        record = record_at(group, key[1])
    where = "cards of" if record.startswith(CARD) else "a card of"
    return Tie(record, card.record, rule, f"{what} {key[-1]} stands on {where} {card.source}")


def _strong_keys(card: Card) -> set[Key]:
    phones, slugs = {("phone", number) for number in card.phones}, {("slug", slug) for slug in card.slugs}
    return {*phones, *slugs, ("uid", card.source, card.uid)}
