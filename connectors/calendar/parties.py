"""Who an ATTENDEE or ORGANIZER line means (RFC 5545 3.8.4.1, 3.8.4.3)."""

import re
from functools import lru_cache
from urllib.parse import unquote

from connectors.calendar.lines import Property, stated
from connectors.records import Attendee
from connectors.text import clean

_SHORT = 512
_MOST_REMEMBERED = 4096
_ADDRESS = re.compile(r"[^\s<>\"',;:]+@[^\s<>\"',;:]+")


def known_party(raw: bytes) -> Attendee | None:
    """Who a line means. The same people meet again and again."""
    return _remembered_party(raw) if len(raw) < _SHORT else _party(raw)


def _party(raw: bytes) -> Attendee | None:
    """Who an ATTENDEE or ORGANIZER line means; None if nobody."""
    found = stated("ATTENDEE", raw)
    if found is None:
        return None
    who, address = _name(found), _address(found)
    if not who and not address:
        return None
    return Attendee(
        name=who,
        address=address,
        response=_parameter(found, "PARTSTAT"),
        role=_parameter(found, "ROLE"),
        kind=_parameter(found, "CUTYPE"),
        is_asked=_parameter(found, "RSVP") == "true",
    )


_remembered_party = lru_cache(maxsize=_MOST_REMEMBERED)(_party)


def _parameter(found: Property, name: str) -> str | None:
    return clean(found.parameters.get(name, "")).lower() or None


def _name(found: Property) -> str:
    name = clean(found.parameters.get("CN", "").replace("\\,", ",").replace("\\;", ";"))
    return name[1:-1].strip() if len(name) > 1 and name[0] == name[-1] == "'" else name


def _address(found: Property) -> str:
    """The address of ``mailto:`` in any case, else of EMAIL= (calendar servers write paths and UUIDs)."""
    for text in (found.value, found.parameters.get("EMAIL", "")):
        scheme, colon, rest = text.strip().partition(":")
        if colon and scheme.strip().lower() not in {"mailto", "smtp"}:
            continue
        bare = unquote((rest if colon else text).partition("?")[0])
        if address := _ADDRESS.search(bare):
            return clean(address[0], limit=320)
    return ""
