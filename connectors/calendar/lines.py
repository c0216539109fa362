"""iCalendar text as a forest of components (RFC 5545 3.1, 3.4), one damaged line costing only itself.

We split lines ourselves rather than parse whole files with a library: a library gives up a calendar for
one bad line, and it reads summaries, descriptions and attachments that must never be looked at.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from connectors.text import decode, wide_encoding

# The names that an event's metadata, its zone and its calendar need; no other line is decoded at all.
KEPT = frozenset(
    {"ATTENDEE", "CREATED", "DTEND", "DTSTAMP", "DTSTART", "DURATION", "EXDATE", "LAST-MODIFIED", "METHOD"}
    | {"ORGANIZER", "RDATE", "RECURRENCE-ID", "RRULE", "SEQUENCE", "STATUS", "TRANSP", "TZID", "TZOFFSETFROM"}
    | {"TZOFFSETTO", "UID", "VERSION", "X-LIC-LOCATION", "X-WR-TIMEZONE"}
)
_SIBLINGS = frozenset({"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE"})
_NESTED = frozenset({"STANDARD", "DAYLIGHT", "AVAILABLE", "PARTICIPANT"})
_MOMENTS = frozenset({"DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE"})

_MARK = b"\xef\xbb\xbf"
_EDGE = re.compile(rb"\s*(BEGIN|END)\s*:\s*([A-Z0-9-]+)\s*\Z", re.IGNORECASE)
_NAME = re.compile(rb"\s*([A-Z0-9-]+)\s*[;:]", re.IGNORECASE)
_LINE = re.compile(r'([^;:]+)((?:;[^:;="]*(?:=(?:"[^"]*"|[^":;])*)?)*):(.*)', re.DOTALL)
_PARAMETER = re.compile(r';([^:;="]*)=((?:"[^"]*"|[^":;])*)')
_CARET = re.compile(r"\^([n'^])")
_CARETS = {"n": "\n", "'": '"', "^": "^"}


@dataclass(frozen=True, slots=True)
class Property:
    """One content line: name and parameter names in upper case, quotes removed, the value as written."""

    name: str
    parameters: dict[str, str]
    value: str


@dataclass(slots=True)
class Component:
    """What stands between BEGIN and END. position: byte offset of BEGIN; line: its number, from 1."""

    name: str
    position: int
    line: int
    is_closed: bool = False
    properties: list[Property] = field(default_factory=list)
    children: list["Component"] = field(default_factory=list)

    def all(self, name: str) -> list[Property]:
        """Its properties of that name, in file order."""
        return [found for found in self.properties if found.name == name]

    def text(self, name: str) -> str:
        """The first value of that name without surrounding space, or an empty text."""
        return next((found.value.strip() for found in self.properties if found.name == name), "")


def components(data: bytes) -> list[Component]:
    """The outermost components of a file, in file order; empty if no line begins one.

    A component ends at its END, or where it plainly must have ended: at the END of what holds it, at the
    next event, or at the next calendar; then `is_closed` stays False. An END without BEGIN is ignored.
    """
    roots: list[Component] = []
    open_ones: list[Component] = []
    for position, number, line in _content_lines(data):
        if edge := _EDGE.match(line):
            name = edge[2].decode().upper()
            if edge[1].upper() == b"END":
                _close(open_ones, name)
            elif _is_component(name):
                _make_room(open_ones, name)
                begun = Component(name, position, number)
                (open_ones[-1].children if open_ones else roots).append(begun)
                open_ones.append(begun)
        elif open_ones and (found := _property(line)):
            open_ones[-1].properties.append(found)
    return roots


def _is_component(name: str) -> bool:
    # A stray "BEGIN:something" in the midst of an event must not swallow the properties that follow it.
    return name in _NESTED or name.startswith(("V", "X-"))


def _close(open_ones: list[Component], name: str) -> None:
    for depth in range(len(open_ones) - 1, -1, -1):
        if open_ones[depth].name == name:
            open_ones[depth].is_closed = True
            del open_ones[depth:]
            return


def _make_room(open_ones: list[Component], name: str) -> None:
    """Ends what cannot hold a component of that name."""
    if name == "VCALENDAR":
        open_ones.clear()
    elif name in _SIBLINGS:
        for depth, holder in enumerate(open_ones):
            if holder.name in _SIBLINGS:
                del open_ones[depth:]
                return


def _property(line: bytes) -> Property | None:
    """The content line if it is one that we keep. RFC 5545 3.1, RFC 6868."""
    head = _NAME.match(line)
    if head is None or (name := head[1].decode().upper()) not in KEPT:
        return None
    text = decode(line)
    found = _LINE.fullmatch(text) or _LINE.fullmatch(
        text.replace('"', "")
    )  # an unbalanced quote hides the colon
    if found is None:
        return None
    parameters = {
        key.strip().upper(): _CARET.sub(lambda caret: _CARETS[caret[1]], value.replace('"', "").strip())
        for key, value in _PARAMETER.findall(found[2])
    }
    value = found[3]
    if name in _MOMENTS and "TZID" in parameters and ":" in value:
        # An unquoted zone with a colon: TZID=(UTC+01:00) Berlin:20240101T090000
        zone, _, moment = value.rpartition(":")
        if moment[:8].isdigit():
            parameters["TZID"], value = f"{parameters['TZID']}:{zone}", moment
    return Property(name, parameters, value.strip())


def _content_lines(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(byte offset, line number, unfolded bytes); unfolded before decoding, as a fold may cut a character."""
    start, first, parts = 0, 0, list[bytes]()
    for number, (position, line) in enumerate(_physical_lines(data), start=1):
        bare = line.rstrip(b"\r\n")
        if parts and bare[:1] in (b" ", b"\t"):
            parts.append(bare[1:])
        elif bare:
            if parts:
                yield start, first, b"".join(parts)
            start, first, parts = position, number, [bare.removeprefix(_MARK)]
    if parts:
        yield start, first, b"".join(parts)


def _physical_lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(byte offset in the file, line with its ending); UTF-16 and UTF-32 become UTF-8."""
    encoding = wide_encoding(data)
    position = 0
    narrow = data if encoding is None else data.decode(encoding, "ignore").encode()
    for line in narrow.splitlines(keepends=True):
        yield position, line
        position += len(line if encoding is None else line.decode().encode(encoding))
