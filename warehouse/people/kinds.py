"""What somebody is: a human, an office, a list, a robot or a room, with the reason in plain words.

Headers, calendars and behaviour decide before the spelling of an address does; a card of a person and a
personal name on most of the mail outrank the spelling.
"""

from warehouse.people.groups import Group

BOT_REASON = "{} of {} messages were bulk or automatic, and none was ever sent to it"
NAMED_REASON = "a personal name in {} of {} mentions"
PERSONAL_REASON = "a personal address"
_CERTAIN = {
    "room": "is booked as a room or a resource",
    "list": "is the address of a mailing list or a group",
    "bot": "is an address that nobody reads",
}


def kind_of(group: Group) -> tuple[str, str]:
    """The kind and its reason: the first of these that holds."""
    if group.is_me:
        return "human", "an address that was configured as mine"
    return _by_address(group) or _by_behaviour(group) or _by_name(group) or _by_remains(group)


def _by_address(group: Group) -> tuple[str, str] | None:
    is_human_too = group.cards or any(mention.kind == "personal" for mention in group.mentions)
    for mention in group.mentions:
        if mention.kind in _CERTAIN and not (group.is_decided and is_human_too):
            return mention.kind, f"{mention.address.value} {_CERTAIN[mention.kind]}"
    return None


def _by_behaviour(group: Group) -> tuple[str, str] | None:
    """Sends by machine and is never written to; three messages are the least that shows a habit."""
    sent = sum(mention.sent for mention in group.mentions)
    automatic = sum(mention.automatic for mention in group.mentions)
    received = sum(mention.in_mail - mention.sent for mention in group.mentions)
    if group.cards or sent < 3 or automatic < 0.9 * sent or received > 0:
        return None
    return "bot", BOT_REASON.format(automatic, sent)


def _by_name(group: Group) -> tuple[str, str] | None:
    """A card of a person, or a personal name on at least half of the mentions."""
    if sources := [card.source for card in group.cards if card.is_personal]:
        return "human", f"a card of {min(sources)}"
    named = sum(mention.count for mention in group.mentions if mention.name.is_full)
    total = sum(mention.count for mention in group.mentions)
    return ("human", NAMED_REASON.format(named, total)) if named and 2 * named >= total else None


def _by_remains(group: Group) -> tuple[str, str]:
    addresses = {mention.kind: mention.address.value for mention in group.mentions}
    if group.cards:
        return "role", f"a card of {min(card.source for card in group.cards)} for an organisation or a group"
    if "personal" in addresses:
        return "human", PERSONAL_REASON
    if "role" in addresses:
        return "role", f"{addresses['role']} is an office's address, mostly without a personal name"
    return "role", "an address that belongs to nobody"
