"""What somebody is: a human, an office, a list, a robot or a room, with the reason in plain words.

Headers, calendars and behaviour decide before the spelling of an address does; a card of a person and a
personal name on most of the mail outrank the spelling.
"""

from warehouse.people.grouping import Group


def kind_of(group: Group) -> tuple[str, str]:
    """The kind and its reason."""
    if group.is_me:
        return "human", "an address that was configured as mine"
    addresses = {mention.kind: mention.address for mention in group.mentions}
    is_carded = any(card.is_personal for card in group.cards)
    if "room" in addresses:
        return "room", f"a calendar books {addresses['room'].value} as a room or a resource"
    if "list" in addresses:
        return "list", f"{addresses['list'].value} is the address of a mailing list or a group"
    if "bot" in addresses:
        return "bot", f"{addresses['bot'].value} is an address that nobody reads"
    if not group.cards and (reason := _automatic(group)):
        return "bot", reason
    if is_carded:
        return "human", f"a card of {min(card.source for card in group.cards if card.is_personal)}"
    named = sum(mention.count for mention in group.mentions if mention.name.is_full)
    total = sum(mention.count for mention in group.mentions)
    if total and 2 * named >= total:
        return "human", f"a personal name in {named} of {total} mentions"
    if group.cards:
        return "role", f"a card of {min(card.source for card in group.cards)} for an organisation or a group"
    if "personal" in addresses:
        return "human", "a personal address"
    if "role" in addresses:
        return "role", f"{addresses['role'].value} is an office's address, without a personal name on most mentions"
    return "role", "an address that belongs to nobody"


def _automatic(group: Group) -> str:
    """Sends by machine and is never written to; three messages are the least that shows a habit."""
    sent = sum(mention.sent for mention in group.mentions)
    automatic = sum(mention.automatic for mention in group.mentions)
    received = sum(mention.in_mail - mention.sent for mention in group.mentions)
    if sent < 3 or automatic < 0.9 * sent or received > 0:
        return ""
    return f"{automatic} of {sent} messages were bulk or automatic, and none was ever sent to it"
