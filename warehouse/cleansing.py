"""A landed record without those who are forgotten. Pure: dictionaries in, dictionaries out.

A record of theirs goes whole: a message that they wrote, a card, an invitation. Of others' records they are
taken out: parties, attendees, organizers, an identifier that somebody else's card shares. What then still
holds an identifier somewhere in a text is emptied, or hidden where a key must stay one.
"""

from collections.abc import Callable
from typing import Any

from warehouse.forgotten import Forgotten
from warehouse.people.addresses import parse
from warehouse.people.names import clean

Row = dict[str, Any]
Cleanser = Callable[[Row, Forgotten, str], Row | None]

_KEPT = frozenset(
    {"hash", "digest", "source", "record_kind", "is_rejected", "role", "service", "dated_by", "rule"}
    | {"sent_at", "starts_local", "ends_local", "stamped_at", "created_at", "ingested_at", "added", "removed"}
)
_JUDGED = frozenset({"address", "emails", "urls", "organizer_address", "delivered_to", "profile", "zone"})
_WITHOUT_CARDS = frozenset({"message", "event", "invitation", "position", "own_identifier"})
_KEYS = frozenset({"key", "uid", "message_id"})
_NULLABLE = frozenset({"in_reply_to", "list_id", "list_post", "return_path"})


def cleansed(kind: str, row: Row, forgotten: Forgotten, source: str) -> Row | None:
    """The record as it may stay, the same object if nothing is to be changed; None if it goes.

    kind: of the record; of any other rows texts are looked through, and they stay.
    """
    cleanser = _CLEANSERS.get(kind)
    kept = cleanser(row, forgotten, source) if cleanser else row
    if kept is None:
        return None
    # A message's key is a hash of our own; where it stands is told by its id alone.
    told = {"file", *(("key",) if kind == "message" else ())}
    if kind == "message" and not forgotten.holds(kept["message_id"] or ""):
        told.add("locator")
    scrubbed = _scrubbed(kept, forgotten, source if kind not in _WITHOUT_CARDS else "", told)
    file = forgotten.hidden_path(kept["file"], source)
    return scrubbed if file == kept["file"] else scrubbed | {"file": file}


def names_them(value: Any, forgotten: Forgotten) -> bool:  # noqa: ANN401 - whatever a row or a document holds
    """Whether any text in a value, however deep, holds an identifier of theirs."""
    match value:
        case str():
            return forgotten.holds(value)
        case dict():
            return any(names_them(each, forgotten) for pair in value.items() for each in pair)
        case list() | tuple():
            return any(names_them(each, forgotten) for each in value)
        case _:
            return False


def _message(row: Row, forgotten: Forgotten, _: str) -> Row | None:
    parties = row["parties"] or []
    kept = [each for each in parties if not forgotten.is_party(each["name"] or "", each["address"] or "")]
    delivered = row["delivered_to"] or []
    reached = [address for address in delivered if not forgotten.is_address(address)]
    if len(kept) == len(parties):
        return row if len(reached) == len(delivered) else row | {"delivered_to": reached}
    senders = [each for each in parties if each["role"] == "from"]
    if any(each not in kept for each in senders) or not kept:
        return None
    others = [each for each in kept if not forgotten.is_mine(each["address"] or "")]
    return row | {"parties": kept, "delivered_to": reached} if others else None


def _event(row: Row, forgotten: Forgotten, _: str) -> Row:
    attendees = row["attendees"] or []
    kept = [each for each in attendees if not forgotten.is_party(each["name"] or "", each["address"] or "")]
    if len(kept) < len(attendees):
        row = row | {"attendees": kept}
    if forgotten.is_party(row["organizer_name"] or "", row["organizer_address"] or ""):
        row = row | {"organizer_name": "", "organizer_address": ""}
    return row


def _card(row: Row, forgotten: Forgotten, source: str) -> Row | None:
    """Theirs by its key, or by an identifier unless its name and another identifier are somebody else's."""
    if any(forgotten.is_known(f"vcard:{source}:{row[key]}") for key in ("key", "uid") if row[key]):
        return None
    checks: dict[str, Callable[[str], bool]] = {
        "emails": lambda raw: forgotten.is_party(row["name"] or "", raw),
        "phones": forgotten.is_phone,
        "urls": lambda raw: forgotten.is_address(raw) or forgotten.holds(raw),
    }
    kept = {name: [raw for raw in row[name] or [] if not check(raw)] for name, check in checks.items()}
    if all(len(kept[name]) == len(row[name] or []) for name in kept):
        return row
    name = clean(row["name"] or "")
    own = [raw for raw in kept["emails"] if parse(raw).kind == "personal"]
    is_others = (
        name.is_full
        and not forgotten.is_name(row["name"], by_initial=True)
        and (own or kept["phones"] or kept["urls"])
    )
    return row | kept if is_others else None


def _invitation(row: Row, forgotten: Forgotten, _: str) -> Row | None:
    return None if forgotten.is_party(row["name"] or "", row["profile"] or "") else row


def _own_identifier(row: Row, forgotten: Forgotten, _: str) -> Row | None:
    value = row["value"] or ""
    is_theirs = forgotten.is_address(value) or forgotten.is_known(f"linkedin:{value.lower()}")
    return None if is_theirs else row


_CLEANSERS: dict[str, Cleanser] = {
    "message": _message,
    "event": _event,
    "card": _card,
    "invitation": _invitation,
    "own_identifier": _own_identifier,
}


def _scrubbed(row: Row, forgotten: Forgotten, source: str, told: set[str]) -> Row:
    """The row with no text that holds an identifier. Addresses of others are none, and what is told stays."""
    changed: Row = {}
    for column, value in row.items():
        if not value or column in _KEPT or column in _JUDGED or column in told:
            continue
        scrubbed: Any
        if column in _KEYS:
            scrubbed = forgotten.hidden(value, source)
        else:
            scrubbed = _emptied(value, forgotten, source)
            if scrubbed == "" and column in _NULLABLE:
                scrubbed = None
        if scrubbed is not value and scrubbed != value:
            changed[column] = scrubbed
    return row | changed if changed else row


def _emptied(value: Any, forgotten: Forgotten, source: str) -> Any:  # noqa: ANN401 - any cell of a record
    match value:
        case str():
            return "" if forgotten.holds(value, source) else value
        case list() if value and isinstance(value[0], str):
            return [each for each in value if not forgotten.holds(each, source)]
        case list() if all(
            isinstance(each, dict) and not forgotten.holds(each["name"] or "") for each in value
        ):
            return value  # parties and attendees, as nearly all are
        case list():
            return [_emptied(each, forgotten, source) for each in value]
        case dict():
            return {
                key: each if key in _JUDGED else _emptied(each, forgotten, source)
                for key, each in value.items()
            }
        case _:
            return value
