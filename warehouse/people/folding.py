"""Puts back who is no person of their own: a rare name on an address, the office of a single owner."""

from collections.abc import Mapping

from warehouse.people.grouping import Grouping
from warehouse.people.groups import LEAST_SHARE, Group, Tie, merge, record_at


def fold(grouping: Grouping, published: Mapping[str, str]) -> None:
    """Fold all that a grouping holds, key by key.

    published: person of each record, as was last said: who was a person of their own stays one, however
    seldom the name is written now.
    """
    for key in sorted(grouping.held):
        if key[0] == "email" and len(key) == 2:
            _fold_rare_names(grouping.holders(key), key[1], published)
        elif key[0] == "role":
            _fold_office(grouping.holders(key), grouping.holders(("named", key[1])), key[1], published)


def _fold_rare_names(holders: list[Group], value: str, published: Mapping[str, str]) -> None:
    """A name needs a card or a fifth of an address's named mentions, else it goes to the oldest that has.

    What the user decided about stays where it is.
    """
    if len(holders) < 2:
        return
    counts = [_count(group, value, named=True) for group in holders]
    total = sum(counts)
    heard = [
        (group, bool(group.cards or group.is_me or group.is_decided or count >= LEAST_SHARE * total))
        for group, count in zip(holders, counts, strict=True)
    ]
    lasting = [group for group, is_lasting in heard if is_lasting and _count(group, value)]
    if lasting:
        target = min(lasting, key=lambda group: group.claim)
        for group in [group for group, is_lasting in heard if not is_lasting]:
            if _were_two(target, group, published):
                continue
            said = f"less than a fifth of what names {value} names it so"
            merge(target, group, Tie(record_at(target, value), record_at(group, value), "spelling", said))


def _fold_office(offices: list[Group], named: list[Group], value: str, published: Mapping[str, str]) -> None:
    """info@ of a small firm is a person if one name stands on half of it, or one person's card holds it."""
    total = sum(_count(group, value) for group in [*offices, *named])
    carded = [group for group in named if any(card.is_personal for card in group.cards)]
    owners = [group for group in named if 2 * _count(group, value) >= total]
    for owners_only in (carded, owners):
        if len(owners_only) == 1:
            [owner] = owners_only
            for office in offices:
                if not (office.cards or office.is_decided or _were_two(owner, office, published)):
                    said = f"{value} is an office's address that is used by one person"
                    merge(
                        owner, office, Tie(record_at(owner, value), record_at(office, value), "office", said)
                    )
            return


def _were_two(one: Group, other: Group, published: Mapping[str, str]) -> bool:
    """Whether both were published, and as two persons."""
    were = [
        {published[item.record] for item in group.items if item.record in published} for group in (one, other)
    ]
    return bool(were[0] and were[1]) and were[0].isdisjoint(were[1])


def _count(group: Group, value: str, *, named: bool = False) -> int:
    return sum(
        mention.count
        for mention in group.mentions
        if mention.address.value == value and (mention.name.is_full or not named)
    )
