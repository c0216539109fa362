"""A landed record without those who are forgotten. Pure: dictionaries in, dictionaries out.

A record of theirs goes whole: a message that they wrote, a card, an invitation. Of others' records they are
taken out: parties, attendees, organizers, an identifier that somebody else's card shares. What then still
holds an identifier somewhere in a text is emptied, or hidden where a key must stay one.
"""

from collections.abc import Callable
from typing import Any

from warehouse.forgetting.recognising import Forgotten
from warehouse.people.addresses import parse
from warehouse.people.names import clean

Row = dict[str, Any]
Cleanser = Callable[[Row, Forgotten, str], Row | None]

_KEPT = frozenset(
    {"hash", "digest", "source", "record_kind", "is_rejected", "role", "service", "dated_by", "rule"}
    | {"sent_at", "starts_local", "ends_local", "stamped_at", "created_at", "ingested_at", "added", "removed"}
)
_JUDGED = frozenset({"address", "emails", "phones", "urls", "organizer_address", "delivered_to", "profile"})
_WITHOUT_CARDS = frozenset({"message", "event", "invitation", "position", "own_identifier"})
# What records are told apart and joined by: what hides a text is the same wherever the text stood, so that
# threads hold together, and a list stays one.
_KEYS = frozenset({"key", "uid", "message_id", "in_reply_to", "references"})
_KEYS |= frozenset({"list_id", "list_post", "return_path"})


def cleansed(
    kind: str, row: Row, forgotten: Forgotten, source: str, *, is_suspect: bool = True
) -> Row | None:
    """The record as it may stay, the same object if nothing is to be changed; None if it goes.

    kind: of the record; of any other rows texts are looked through, and they stay. is_suspect: False if it is
    known that no text in it holds an identifier (`Forgotten.may_hold`).
    """
    cleanser = _CLEANSERS.get(kind)
    kept = cleanser(row, forgotten, source) if cleanser else row
    if kept is None:
        return None
    within = "" if kind in _WITHOUT_CARDS else source
    if is_suspect or within:
        kept = _scrubbed(kept, forgotten, within, _told(kind, kept, forgotten))
    file = forgotten.hidden_path(kept["file"], source)
    return kept if file == kept["file"] else kept | {"file": file}


def _told(kind: str, row: Row, forgotten: Forgotten) -> set[str]:
    """The columns that are not looked through: a message's key is a hash of our own, its place has its id."""
    if kind != "message":
        return {"file"}
    return {"file", "key"} if forgotten.holds(row["message_id"] or "") else {"file", "key", "locator"}


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
    reached = [each for each in delivered if forgotten.is_mine(each) or not forgotten.holds(each)]
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
        change = forgotten.hidden if column in _KEYS else _empty(forgotten)
        scrubbed = _with_texts(value, change, source)
        if scrubbed != value:
            changed[column] = scrubbed
    return row | changed if changed else row


def _empty(forgotten: Forgotten) -> Callable[[str, str], str]:
    return lambda text, source: "" if forgotten.holds(text, source) else text


def _with_texts(value: Any, change: Callable[[str, str], str], source: str) -> Any:  # noqa: ANN401 - any cell of a record
    """A cell in which every text is changed; of a list of texts those go of which nothing is left."""
    match value:
        case str():
            return change(value, source)
        case list():
            changed = [_with_texts(each, change, source) for each in value]
            return [each for each, before in zip(changed, value, strict=True) if each != "" or before == ""]
        case dict():
            return {
                key: each if key in _JUDGED or key in _KEPT else _with_texts(each, change, source)
                for key, each in value.items()
            }
        case _:
            return value
