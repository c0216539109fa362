"""Who is who: items that share a key become one person, unless their names contradict each other.

Items arrive oldest first, each joins what is there and nothing is ever moved: what a later batch brings
cannot change what an earlier one became. Only names that hardly anybody gives an address are put back at
the end (`fold`), for a typed wrong name or a borrowed account is not a person.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from warehouse.people.evidence import Card, Claim, Mention, in_order
from warehouse.people.names import Name, compatible

Key = tuple[str, ...]

_MOST_HOLDERS = 50  # beyond, an address is a switchboard: each further name stands for itself
_MOST_NAMES = 50  # beyond, further names are not asked for consent; keeps the work linear
_LEAST_SHARE = 0.2
NEVER_BORN = 2**62  # of an address that was configured and never met


@dataclass(eq=False, slots=True)
class Group:
    """Items that are one person's. names: those that may contradict another name; claim: the smallest."""

    claim: Claim
    names: list[Name] = field(default_factory=list)
    slugs: frozenset[str] = frozenset()
    mentions: list[Mention] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    is_me: bool = False
    merged_into: "Group | None" = None

    def fits(self, name: Name) -> bool:
        """My names are believed, whatever they are; anyone else's must all be compatible."""
        found = (compatible(name, other) for other in self.names)
        return any(found) or not self.names if self.is_me else all(found)

    def agrees(self, other: "Group") -> bool:
        if self.slugs and other.slugs and self.slugs.isdisjoint(other.slugs):
            return False
        mine, theirs = (self, other) if self.is_me else (other, self)
        return all(mine.fits(name) for name in theirs.names)

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


class Grouping:
    """The groups so far, and who holds which key."""

    def __init__(self, me: frozenset[str], my_names: Iterable[Name]) -> None:
        self.me = me
        addresses = [value for value in me if "@" in value] or me
        self.myself = Group((NEVER_BORN, f"email:{min(addresses, default='')}"), list(my_names), is_me=True)
        self.groups = [self.myself]
        self.held: dict[Key, list[Group]] = defaultdict(list)

    def holders(self, key: Key) -> list[Group]:
        """Who holds a key, the first to come first."""
        groups = self.held.get(key)
        return list(dict.fromkeys(map(root, groups))) if groups else []

    def add_mention(self, mention: Mention) -> None:
        key = self._key(mention)
        if mention.name.is_full and len(self.held.get(key, ())) >= _MOST_HOLDERS:
            key = (*key, mention.name.key)
        if mention.address.value in self.me:
            group: Group | None = self.myself
        elif key[0] in ("email", "named", "slug"):
            group = self._holder(key, mention.name)
        else:
            group = next(iter(self.holders(key)), None)
        if group is None:
            group = self._new(mention.claim)
            group.slugs = frozenset(key[1:2] if key[0] == "slug" else ())
        if mention.name.is_full and (
            key[0] in ("email", "named") or (key[0] == "slug" and group.fits(mention.name))
        ):
            group.learn(mention.name)
        group.mentions.append(mention)
        group.claim = min(group.claim, mention.claim)
        self._hold(key, group)

    def add_card(self, card: Card, kinds: dict[str, str]) -> None:
        """A card joins everyone who holds one of its keys and whom neither it nor the others contradict."""
        keys = list(self._card_keys(card, kinds))
        joined = dict.fromkeys(chain.from_iterable(self._matches(card, key) for key in keys))
        if not joined and not card.name.is_full and sum(key[0] == "email" for key in keys) == 1:
            # "Mum" with one address is whoever has it; with two it could tie two people together.
            sole = self.holders(next(key for key in keys if key[0] == "email"))
            joined = dict.fromkeys(sole if len(sole) == 1 and not sole[0].is_me else ())
        group = self._new(card.claim)
        group.cards.append(card)
        group.slugs = frozenset(card.slugs)
        if not joined or any(other.fits(card.name) for other in joined):
            group.learn(card.name)
        for other in sorted(joined, key=lambda other: (not other.is_me, other.claim)):
            if root(other) is not root(group) and root(other).agrees(root(group)):
                merge(root(other), root(group))
        for key in keys:
            self._hold(key, root(group))

    def final(self) -> list[Group]:
        return [group for group in self.groups if group.merged_into is None]

    def _new(self, claim: Claim) -> Group:
        self.groups.append(Group(claim))
        return self.groups[-1]

    def _hold(self, key: Key, group: Group) -> None:
        if group not in self.held[key]:
            self.held[key].append(group)

    def _key(self, mention: Mention) -> Key:
        value, name = mention.address.value, mention.name
        if mention.address.slug:
            return "slug", mention.address.slug
        if mention.kind == "personal":
            return "email", value
        if mention.kind == "role" and name.is_full:
            return "named", value
        if mention.kind == "placeholder":
            return "placeholder", value, name.key
        return mention.kind, value

    def _holder(self, key: Key, name: Name) -> Group | None:
        """Whom a name on an address means: the first it fits; without a full name anybody at all.

        A profile is one person's, however often the name changes.
        """
        holders = self.holders(key)
        fitting = next((group for group in holders if group.fits(name)), None)
        is_free = not name.is_full or key[0] == "slug" or (len(holders) == 1 and holders[0].is_open())
        return fitting or (holders[0] if holders and is_free else None)

    def _card_keys(self, card: Card, kinds: dict[str, str]) -> Iterator[Key]:
        personal = [mail.value for mail in card.emails if kinds.get(mail.value, mail.kind) == "personal"]
        yield from (("email", value) for value in personal)
        yield from (("uid", card.source, card.uid) for _ in range(bool(card.uid)))
        yield from (("phone", number) for number in card.phones if card.name.tokens)
        yield from (("slug", slug) for slug in card.slugs)
        for mail in card.emails:
            kind = kinds.get(mail.value, mail.kind)
            if mail.value in self.me and mail.value not in personal:
                yield "email", mail.value
            elif kind == "role" and card.name.is_full:
                yield "named", mail.value
            elif kind in ("role", "list", "bot", "room") and not personal and not card.name.is_full:
                yield kind, mail.value

    def _is_mine(self, key: Key) -> bool:
        return (key[0] == "email" and key[1] in self.me) or (
            key[0] == "slug" and f"linkedin:{key[1]}" in self.me
        )

    def _matches(self, card: Card, key: Key) -> Iterator[Group]:
        """The first holder of a key whom the card's name fits. A phone wants a name on both sides."""
        holders = [self.myself] if self._is_mine(key) else self.holders(key)
        found = (group for group in holders[:_MOST_HOLDERS] if group.fits(card.name))
        if key[0] == "phone":
            found = (group for group in found if group.names)
        yield from list(found)[:1]


def root(group: Group) -> Group:
    while group.merged_into is not None:
        group = group.merged_into
    return group


def merge(into: Group, other: Group) -> None:
    """All of `other` moves to `into`, which keeps the smaller claim."""
    if other.is_me:
        into, other = other, into
    for name in other.names:
        into.learn(name)
    into.slugs |= other.slugs
    into.mentions += other.mentions
    into.cards += other.cards
    into.claim = min(into.claim, other.claim)
    other.merged_into = into


def group_items(mentions: list[Mention], cards: list[Card], me: frozenset[str]) -> Grouping:
    """All items in persons. me: normalised addresses that are the user's, whatever stands beside them."""
    grouping = Grouping(me, _my_names(mentions, me))
    kinds = {mention.address.value: mention.kind for mention in mentions}
    items: list[Mention | Card] = [*mentions, *cards]
    for item in sorted(items, key=in_order):
        if isinstance(item, Card):
            grouping.add_card(item, kinds)
        else:
            grouping.add_mention(item)
    fold(grouping)
    return grouping


def fold(grouping: Grouping) -> None:
    """Puts back who is no person of their own: a rare name on an address, the office of a single owner."""
    for key in sorted(grouping.held):
        if key[0] == "email" and len(key) == 2:
            _fold_rare_names(grouping.holders(key), key[1])
        elif key[0] == "role":
            _fold_office(grouping.holders(key), grouping.holders(("named", key[1])), key[1])


def _fold_rare_names(holders: list[Group], value: str) -> None:
    """A name needs a card or a fifth of an address's named mentions, else it goes to the oldest that has."""
    if len(holders) < 2:
        return
    counts = [_count(group, value, named=True) for group in holders]
    total = sum(counts)
    heard = [
        (group, bool(group.cards) or group.is_me or count >= _LEAST_SHARE * total)
        for group, count in zip(holders, counts, strict=True)
    ]
    lasting = [group for group, is_lasting in heard if is_lasting and _count(group, value)]
    if lasting:
        target = min(lasting, key=lambda group: group.claim)
        for group in [group for group, is_lasting in heard if not is_lasting]:
            merge(target, group)


def _fold_office(offices: list[Group], named: list[Group], value: str) -> None:
    """info@ of a small firm is a person if one name stands on half of it, or one person's card holds it."""
    total = sum(_count(group, value) for group in [*offices, *named])
    carded = [group for group in named if any(card.is_personal for card in group.cards)]
    owners = [group for group in named if 2 * _count(group, value) >= total]
    for owners_only in (carded, owners):
        if len(owners_only) == 1:
            for office in offices:
                if not office.cards:
                    merge(owners_only[0], office)
            return


def _count(group: Group, value: str, *, named: bool = False) -> int:
    return sum(
        mention.count
        for mention in group.mentions
        if mention.address.value == value and (mention.name.is_full or not named)
    )


def _my_names(mentions: list[Mention], me: frozenset[str]) -> list[Name]:
    mine = [mention for mention in mentions if mention.address.value in me and mention.name.is_full]
    total = sum(mention.count for mention in mine)
    return [mention.name for mention in mine if mention.count >= _LEAST_SHARE * total]
