"""Who is who: items that share a key become one person, unless their names contradict each other.

Items arrive oldest first, each joins what is there and nothing is ever moved: what a later batch brings
cannot change what an earlier one became. Only names that hardly anybody gives an address are put back at
the end (`folding`), for a typed wrong name or a borrowed account is not a person. What the user decided comes
before all keys: records that were merged arrive as one, and no two sides of a split ever meet.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations

from warehouse.people.addresses import NOT_MINE
from warehouse.people.decided import NOWHERE, Decided, Side, are_apart
from warehouse.people.evidence import Card, Claim, Mention, in_order
from warehouse.people.groups import (
    LEAST_SHARE,
    NEVER_BORN,
    Group,
    Key,
    Tie,
    merge,
    root,
    tie_of_card,
    ties_of_mention,
)
from warehouse.people.names import Name, compatible

_ONE_PERSONS = ("email", "named", "slug")
_NOBODYS = ("list", "bot", "room")
_MOST_HOLDERS = 50  # beyond, an address is a switchboard: each further name stands for itself


class Grouping:
    """The groups so far, and who holds which key."""

    def __init__(
        self, me: frozenset[str], my_names: Iterable[Name], decided: Decided, contested: frozenset[str]
    ) -> None:
        self.me = me
        self.contested = contested
        self.decided = decided
        self.teams: dict[int, Group] = {}
        addresses = [value for value in me if "@" in value] or me
        self.myself = Group(
            (NEVER_BORN, f"email:{min(addresses, default='')}"), names=list(my_names), is_me=True
        )
        self.groups = [self.myself]
        self.held: dict[Key, list[Group]] = defaultdict(list)

    def holders(self, key: Key) -> list[Group]:
        """Who holds a key, the first to come first."""
        if key not in self.held:
            return []
        self.held[key] = list(dict.fromkeys(map(root, self.held[key])))
        return self.held[key]

    def add_mention(self, mention: Mention) -> None:
        key = self._key(mention)
        if mention.name.is_full and len(self.held.get(key, ())) >= _MOST_HOLDERS:
            key = (*key, mention.name.key)
        sides = self.decided.sides.get(mention.record, NOWHERE)
        if mention.address.value in self.me:
            group: Group | None = self.myself
        elif mention.record in self.decided.teams:
            group = self._team_of(mention)
        elif key[0] in _ONE_PERSONS:
            group = self._holder(key, mention.name, sides)
        else:
            group = next((each for each in self.holders(key) if not are_apart(each.sides, sides)), None)
        if group is None:
            group = self._new(mention.claim)
        if key[0] == "slug" and not group.is_me:
            group.slugs |= {key[1]}
        group.sides |= sides
        group.is_decided |= self.decided.speaks_of(mention.record)
        group.ties += ties_of_mention(group, mention)
        if mention.name.is_full and (
            key[0] in ("email", "named") or (key[0] == "slug" and group.fits(mention.name))
        ):
            group.learn(mention.name)
        group.add(mention)
        # Who is said to be the writer behind a list's address is not the list.
        if mention.record not in self.decided.teams or key[0] in _ONE_PERSONS:
            self._hold(key, group)

    def add_card(self, card: Card, kinds: dict[str, str]) -> None:
        """A card joins everyone who holds one of its keys and whom neither it nor the others contradict."""
        keys = list(self._card_keys(card, kinds))
        joined: dict[Group, Key] = {}
        for key in keys:
            for other in self._matches(card, key):
                joined.setdefault(other, key)
        if not joined and not card.name.is_full and sum(key[0] == "email" for key in keys) == 1:
            # "Mum" with one address is whoever has it; with two it could tie two people together.
            key = next(key for key in keys if key[0] == "email")
            sole = self.holders(key)
            joined = dict.fromkeys(sole if len(sole) == 1 and not sole[0].is_me else (), key)
        group = self._team_of(card) if card.record in self.decided.teams else self._new(card.claim)
        group.add(card)
        group.is_decided |= self.decided.speaks_of(card.record)
        group.slugs |= frozenset(card.slugs)
        group.sides |= self.decided.sides.get(card.record, NOWHERE)
        if not joined or any(other.fits(card.name) for other in joined):
            group.learn(card.name)
        for other in sorted(joined, key=lambda other: (not other.is_me, other.claim)):
            if root(other) is not root(group) and root(other).agrees(root(group)):
                tie = tie_of_card(root(other), card, joined[other])
                merge(root(other), root(group), tie)
        for key in keys:
            self._hold(key, root(group))

    def final(self) -> list[Group]:
        return [group for group in self.groups if group.merged_into is None]

    def tie(self, tie: Tie, left: Group, right: Group) -> bool:
        """Make two groups one for what their names show; whether they are one now.

        Never me, nor what `Group.agrees` forbids, nor two cards of one book: who keeps two has two people.
        """
        left, right = root(left), root(right)
        if left is right:
            return True
        books = {card.source for card in left.cards} & {card.source for card in right.cards}
        if left.is_me or right.is_me or books or not left.agrees(right):
            return False
        if any(mention.kind in _NOBODYS for mention in (*left.mentions, *right.mentions)):
            return False
        first, second = sorted((left, right), key=lambda group: group.claim)
        merge(first, second, tie)
        return True

    def _new(self, claim: Claim) -> Group:
        self.groups.append(Group(claim))
        return self.groups[-1]

    def _team_of(self, item: Mention | Card) -> Group:
        """The group of all records that the user merged with this one, of which it may be the first."""
        number = self.decided.teams[item.record]
        if number not in self.teams:
            self.teams[number] = self._new(item.claim)
            self.teams[number].sides = self.decided.sides_of_team[number]
            self.teams[number].is_decided = self.teams[number].is_team = True
        return root(self.teams[number])

    def _hold(self, key: Key, group: Group) -> None:
        """Who comes after the many that a switchboard has is asked no more."""
        if len(self.held[key]) <= _MOST_HOLDERS and group not in self.held[key]:
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

    def _holder(self, key: Key, name: Name, sides: frozenset[Side]) -> Group | None:
        """Whom a name on an address means: the first it fits; without a full name anybody at all.

        A profile is one person's, however often the name changes.
        """
        holders = [group for group in self.holders(key) if not are_apart(group.sides, sides)]
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
            if mail.value in self.me and not self.myself.fits(card.name):
                yield "email", f"{mail.value}{NOT_MINE}"  # whoever has it at other times
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
        """The first holder of a key whom the card's name fits. A phone makes nobody me."""
        holders = [self.myself] if self._is_mine(key) else self.holders(key)
        sides = self.decided.sides.get(card.record, NOWHERE)
        found = (
            group
            for group in holders[:_MOST_HOLDERS]
            if group.fits(card.name) and not are_apart(group.sides, sides)
        )
        if key[0] == "phone":
            is_contested = key[1] in self.contested
            found = (group for group in found if _may_share(group, card.name, is_contested=is_contested))
        yield from list(found)[:1]


def _may_share(group: Group, name: Name, *, is_contested: bool) -> bool:
    """Whether a number that both have says that they are one: not of a father and a son, nor of me, and,
    where a family has it, of nobody who is known by an initial, which would fit a brother as well.
    """
    if group.is_me or not group.names or any(other.suffix != name.suffix for other in group.names):
        return False
    return not is_contested or (name.is_full and any(other.is_full for other in group.names))


def _contested(cards: Iterable[Card]) -> frozenset[str]:
    """Numbers under which names stand that cannot be one person's."""
    names: dict[str, list[Name]] = defaultdict(list)
    for card in cards:
        for number in card.phones:
            if card.name.tokens and card.name not in names[number] and len(names[number]) < _MOST_HOLDERS:
                names[number].append(card.name)
    return frozenset(
        number
        for number, held in names.items()
        if not all(compatible(one, other) for one, other in combinations(held, 2))
    )


def group_items(mentions: list[Mention], cards: list[Card], me: frozenset[str], decided: Decided) -> Grouping:
    """All items in persons. me: normalised addresses that are the user's, whatever stands beside them."""
    grouping = Grouping(me, _my_names(mentions, me), decided, _contested(cards))
    kinds = {mention.address.value: mention.kind for mention in mentions}
    items: list[Mention | Card] = [*mentions, *cards]
    for item in sorted(items, key=in_order):
        if isinstance(item, Card):
            grouping.add_card(item, kinds)
        else:
            grouping.add_mention(item)
    return grouping


def _my_names(mentions: list[Mention], me: frozenset[str]) -> list[Name]:
    mine = [mention for mention in mentions if mention.address.value in me and mention.name.is_full]
    total = sum(mention.count for mention in mine)
    return [mention.name for mention in mine if mention.count >= LEAST_SHARE * total]
