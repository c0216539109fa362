"""Who really wrote what a mailing list passes on under its own address.

Lists rewrite From so that the sender's DMARC policy (RFC 7489) does not bounce their mail: ``Jane via List
<list@x>``. The person is named only where another header proves it; else the list stays the sender.
"""

from connectors.mail.addresses import Mailbox, parse
from connectors.mail.fields import Fields, first
from connectors.mail.words import plain_text

_VIA = " via "
_ORIGINALS = ("x-original-from", "x-google-original-from", "x-original-sender")


def is_suspect(sender: Mailbox, fields: Fields, list_id: str | None, list_post: str | None) -> bool:
    """Whether a From may be a list's, by what is at hand; asked of every message, so it must be cheap."""
    name, address = sender
    if list_id is None and list_post is None:
        return _VIA in name
    is_list = list_post is not None or _is_of(address, list_id) or address in fields.get("sender", "")
    return is_list or _VIA in name


def person_behind(sender: Mailbox, fields: Fields, text: str, list_id: str | None) -> Mailbox | None:
    """The person who wrote a message whose From is a list's, if its headers prove who; None if not."""
    name, address = sender
    lists = _list_addresses(fields, list_id, address)
    is_list = address.lower() in lists
    if not is_list and _VIA not in name:
        return None
    own_name = name.rpartition(_VIA)[0].strip("'\" ") or name
    for header in _ORIGINALS:
        for original_name, original in parse(first(text, header)):
            if original.lower() not in lists and original.lower() != address.lower():
                return original_name or own_name, original
    if is_list:
        others = [
            other for other in parse(plain_text(fields.get("reply-to", ""))) if other[1].lower() not in lists
        ]
        if len(others) == 1 and _same(others[0][0], own_name):
            return others[0]
    return None


def _list_addresses(fields: Fields, list_id: str | None, address: str) -> frozenset[str]:
    """The addresses that a message says are its list's, in lower case: those of List-Post (RFC 2369 3.4), the
    address whose List-Id it is, and the Sender of a message that has either."""
    addresses = [posted for _, posted in parse(plain_text(fields.get("list-post", "")))]
    if _is_of(address, list_id):
        addresses.append(address)
    if addresses or list_id:
        addresses += [sender for _, sender in parse(plain_text(fields.get("sender", "")))]
    return frozenset(map(str.lower, addresses))


def _is_of(address: str, list_id: str | None) -> bool:
    """Whether a list has the address that its identifier is made from."""
    return list_id is not None and address.replace("@", ".").lower() == list_id


def _same(name: str, other: str) -> bool:
    """Whether two display names, neither empty, are the same but for case, quotes and spaces."""
    name, other = (" ".join(text.strip("'\"").casefold().split()) for text in (name, other))
    return bool(name) and name == other
