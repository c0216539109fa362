"""What is said about a person: the name to show, the address to write to, identifiers with evidence."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import combinations
from typing import NamedTuple

from warehouse.people.evidence import Card, Mention
from warehouse.people.grouping import Grouping
from warehouse.people.groups import Group, Key

_MOST_RIVALS = 5  # more names than that on one key are a shared desk, not a question worth asking


class Identifier(NamedTuple):
    """One identifier of a person. The two instants are of mail and calendars; a card alone has none."""

    kind: str
    value: str
    source: str
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    evidence: str


def name_of(group: Group) -> str:
    """A card's name, else the full name used most, else any name, else an address or a number."""
    cards = sorted(group.cards, key=_best_card)
    written = [card.name.text for card in cards if card.name.text]
    if written:
        return written[0]
    for is_full in (False,) if _writes_for_others(group) else (True, False):
        names = Counter[str]()
        for mention in group.mentions:
            if mention.name.is_full is is_full:
                names.update({text: count for text, count in mention.names.items() if text})
        if names:
            return _most(names)
    return primary_email(group) or next((i.value for i in identifiers(group)), "")


def _writes_for_others(group: Group) -> bool:
    """A list or a service that writes under its members' names ("Jane Doe via makers"): none is its own."""
    if not group.mentions or any(mention.kind not in ("list", "bot") for mention in group.mentions):
        return False
    names = {mention.name.key for mention in group.mentions if mention.name.is_full}
    return len(names) > 1 or any(mention.name.via for mention in group.mentions)


def primary_email(group: Group) -> str | None:
    """The personal address used most, as it is usually written; of equals the first of a card."""
    usage = Counter[str]()
    spellings: dict[str, Counter[str]] = {}
    personal = set()
    ranks: dict[str, int] = {}
    for card in sorted(group.cards, key=_best_card):
        for address, spelling in zip(card.emails, card.spellings, strict=True):
            ranks.setdefault(address.value, len(ranks))
            spellings.setdefault(address.value, Counter())[spelling] += 1
            usage[address.value] += 0
            personal |= {address.value} if address.kind == "personal" else set()
    for mention in group.mentions:
        if mention.address.domain:
            usage[mention.address.value] += mention.count
            spellings.setdefault(mention.address.value, Counter()).update(mention.spellings)
            personal |= {mention.address.value} if mention.kind == "personal" else set()
    best = min(
        usage,
        key=lambda value: (value not in personal, -usage[value], ranks.get(value, len(ranks)), value),
        default=None,
    )
    return None if best is None else _most(spellings[best])


def identifiers(group: Group) -> list[Identifier]:
    """One per kind and value, sorted."""
    held: dict[tuple[str, str], list[Card]] = {}
    for card in sorted(group.cards, key=lambda card: (card.source, card.key)):
        for kind, value in _on_card(card):
            held.setdefault((kind, value), []).append(card)
    met: dict[tuple[str, str], list[Mention]] = {}
    for mention in group.mentions:
        if mention.address.domain:
            met.setdefault(("email", mention.address.value), []).append(mention)
        elif mention.address.slug:
            met.setdefault(("linkedin", mention.address.slug), []).append(mention)
    return [_identifier(*key, held.get(key, []), met.get(key, [])) for key in sorted({*held, *met})]


def rivals(grouping: Grouping) -> Iterator[tuple[Group, Group, str]]:
    """Pairs whose names or profiles contradict each other on one key, each with the reason; never me."""
    for key in sorted(grouping.held):
        holders = [group for group in grouping.holders(key) if not group.is_me]
        is_asked = key[0] in ("email", "uid", "slug") or (key[0] == "phone" and len(holders) == 2)
        if is_asked and len(holders) <= _MOST_RIVALS and not _is_mine(grouping, key):
            for left, right in combinations(holders, 2):
                yield left, right, f"{_called(left)} and {_called(right)} share {_KEYS[key[0]]} {key[-1]}"


_KEYS = {"email": "the address", "uid": "the card", "slug": "the LinkedIn profile", "phone": "the number"}


def _is_mine(grouping: Grouping, key: Key) -> bool:
    return any(group.is_me for group in grouping.holders(key))


def _called(group: Group) -> str:
    return name_of(group) or "somebody without a name"


def _best_card(card: Card) -> tuple[bool, bool, float, str, str]:
    """Full names first, then the card revised last."""
    revised = card.revised_at.timestamp() if card.revised_at else 0.0
    return not card.name.is_full, not card.is_personal, -revised, card.source, card.key


def _on_card(card: Card) -> list[tuple[str, str]]:
    values = [("email", address.value) for address in card.emails]
    values += [("phone", number) for number in card.phones]
    values += [("linkedin", slug) for slug in card.slugs]
    return values + ([("vcard_uid", card.uid)] if card.uid else [])


def _identifier(kind: str, value: str, cards: list[Card], mentions: list[Mention]) -> Identifier:
    what = {"email": "address", "phone": "number", "linkedin": "profile", "vcard_uid": "identifier"}[kind]
    sources = sorted({card.source for card in cards})
    said = [f"{what} on a card of {' and '.join(sources)}"] if cards else []
    places = [
        place
        for place, count in (
            ("messages" if kind == "linkedin" else "mail", sum(mention.in_mail for mention in mentions)),
            ("calendar", sum(mention.in_calendar for mention in mentions)),
        )
        if count
    ]
    if mentions:
        times = sum(mention.count for mention in mentions)
        said.append(f"in {' and '.join(places) or 'mail'} {times} {'time' if times == 1 else 'times'}")
    return Identifier(
        kind,
        value,
        sources[0] if sources else min(mention.source for mention in mentions),
        min((mention.first_at for mention in mentions if mention.first_at), default=None),
        max((mention.last_at for mention in mentions if mention.last_at), default=None),
        "; ".join(said),
    )


def _most(counted: Counter[str]) -> str:
    return min(counted, key=lambda text: (-counted[text], text))
