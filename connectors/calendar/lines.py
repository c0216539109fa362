"""Content lines of iCalendar (RFC 5545 3.1, RFC 6868): those that metadata needs, each within its bounds."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from connectors.bounds import Bounds
from connectors.calendar.blocks import unfolded
from connectors.text import decode

# The names that an event's metadata, its zone and its calendar need; no other line is decoded at all.
KEPT = (
    *("ATTENDEE", "CREATED", "DTEND", "DTSTAMP", "DTSTART", "DURATION", "EXDATE", "EXRULE", "LAST-MODIFIED"),
    *("METHOD", "ORGANIZER", "RDATE", "RECURRENCE-ID", "RRULE", "SEQUENCE", "STATUS", "TRANSP", "TZID"),
    *("TZOFFSETFROM", "TZOFFSETTO", "UID", "VERSION", "X-LIC-LOCATION", "X-WR-TIMEZONE"),
)
_MOMENTS = frozenset({"DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE"})
_LISTS = frozenset({"RDATE", "EXDATE"})

_WANTED = re.compile(rb"\n(" + "|".join(KEPT).encode() + rb")[ \t]*([;:](?:[^\n]++|\n[ \t])*+)")
# A name in small letters, marked or folded, or a blank line: rare, so that all others need not be looked at.
_UNUSUAL = re.compile(rb"\n[A-Z-]*+[a-z\r\n\xef]")
_ANY_NAME = re.compile(rb"\n(?:\xef\xbb\xbf)?([A-Za-z-]++)")
_LINE = re.compile(r'((?:;[^:;="]*(?:=(?:"[^"]*"|[^":;])*)?)*):(.*)', re.DOTALL)
_PARAMETER = re.compile(r';([^:;="]*)=((?:"[^"]*"|[^":;])*)')
_CARET = re.compile(r"\^([n'^])")
_CARETS = {"n": "\n", "'": '"', "^": "^"}
_KEYS = {name: name.encode() for name in KEPT}
_NONE: list[bytes] = []
_SHORT = 40
_NO_PARAMETERS: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Property:
    """One content line: parameter names in upper case, quotes removed, the value as written."""

    parameters: dict[str, str]
    value: str


class Lines:
    """The lines of one component that we keep, as bytes from the ``;`` or ``:`` after the name on.

    capped: what its bounds left out, a clause each.
    """

    __slots__ = ("_first", "_found", "capped")

    def __init__(self, own: bytes, bounds: Bounds) -> None:
        """own: the component's bytes, every line after its line break."""
        if b"\0" in own:
            own = own.replace(b"\0", b"")
        if _UNUSUAL.search(own):
            own = _ANY_NAME.sub(lambda name: b"\n" + name[1].upper(), unfolded(own))
        self.capped: list[str] = []
        if len(own) > min(bounds.properties, bounds.line_bytes):
            self._found = self._within(own, bounds)
        else:  # too short to reach a bound
            self._found = _WANTED.findall(own)
        self._first = dict(reversed(self._found))

    def _within(self, own: bytes, bounds: Bounds) -> list[tuple[bytes, bytes]]:
        room, longest = bounds.properties, bounds.line_bytes
        kept: list[tuple[bytes, bytes]] = []
        names: set[bytes] = set()
        for found in _WANTED.finditer(own):
            name, raw = found.groups()
            if len(raw) > longest:
                raw = self._cut(raw, name.decode(), longest)
            room -= 1
            if room >= 0 or name not in names:
                names.add(name)
                kept.append((name, raw))
            else:
                self._tell(f"properties beyond {bounds.properties}")
        return kept

    def first(self, name: str) -> bytes | None:
        """Its first line of that name."""
        return self._first.get(_KEYS[name])

    def has_any(self, names: frozenset[bytes]) -> bool:
        """Whether it has a line of one of these names."""
        return not names.isdisjoint(self._first)

    def raw(self, name: str) -> list[bytes]:
        """Its lines of that name, in file order."""
        key = _KEYS[name]
        return [raw for named, raw in self._found if named == key] if key in self._first else _NONE

    def all(self, name: str) -> list[Property]:
        """Its readable properties of that name, in file order."""
        return [found for raw in self.raw(name) if (found := stated(name, raw))]

    def text(self, name: str) -> str:
        """The first value of that name without surrounding space, or an empty text."""
        first = self._first.get(_KEYS[name])
        if first is None:
            return ""
        for raw in (first,) if first.startswith(b":") else self.raw(name):
            if raw.startswith(b":"):
                return text_of(raw[1:]).strip()
            if found := stated(name, raw):
                return found.value
        return ""

    def word(self, name: str) -> str:
        """The same of a property that has few values, which are remembered."""
        raw = self._first.get(_KEYS[name])
        if raw is None:
            return ""
        return _word(raw) if raw.startswith(b":") and len(raw) < _SHORT else self.text(name)

    def names(self) -> list[str]:
        """What is kept, the names of its lines."""
        return [name.decode() for name in Counter(name for name, _ in self._found).elements()]

    def _cut(self, raw: bytes, name: str, longest: int) -> bytes:
        """As much of a line as the bound allows; of a list, only whole values."""
        whole = unfolded(raw[: 4 * longest])  # a fold takes three bytes and may come after every other one
        if len(whole) <= longest:
            return whole
        self._tell(f"{name} beyond {longest} bytes")
        kept = whole[:longest]
        return kept[: max(kept.rfind(b","), 0)] if name in _LISTS else kept

    def _tell(self, clause: str) -> None:
        if clause not in self.capped:
            self.capped.append(clause)


@lru_cache(maxsize=1024)
def _word(raw: bytes) -> str:
    """The value of a line that has no parameters."""
    return text_of(raw[1:]).strip()


def text_of(raw: bytes) -> str:
    """One line's bytes as text, unfolded."""
    if b"\n" in raw:
        raw = unfolded(raw)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return decode(raw)


def stated(name: str, raw: bytes) -> Property | None:
    """What a line says after its name; None if it is no content line. RFC 5545 3.1, RFC 6868."""
    text = text_of(raw)
    if text[:1] == ":":
        return Property(_NO_PARAMETERS, text[1:].strip())
    # An unbalanced quote hides the colon.
    found = _LINE.fullmatch(text) or _LINE.fullmatch(text.replace('"', ""))
    if found is None:
        return None
    parameters = {
        key.strip().upper(): _CARET.sub(lambda caret: _CARETS[caret[1]], value.replace('"', "").strip())
        for key, value in _PARAMETER.findall(found[1])
    }
    value = found[2]
    if name in _MOMENTS and "TZID" in parameters and ":" in value:
        # An unquoted zone with a colon: TZID=(UTC+01:00) Berlin:20240101T090000
        zone, _, moment = value.rpartition(":")
        if moment[:8].isdigit():
            parameters["TZID"], value = f"{parameters['TZID']}:{zone}", moment
    return Property(parameters, value.strip())
