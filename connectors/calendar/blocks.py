"""iCalendar bytes split into components (RFC 5545 3.4, 3.6), a damaged one costing only itself.

Found by searching, not line by line: most of a calendar is text that must never be looked at, and on the
next night most of its events are known by their bytes alone.
"""

import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from connectors.text import wide_encoding

SIBLINGS = frozenset({"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE"})
OUTSIDE = -1
_NESTED = frozenset({"STANDARD", "DAYLIGHT", "AVAILABLE", "PARTICIPANT"})
_LONGEST_NAME = 200
_EMPTY_LINE = 2
_PAUSED = sys.maxsize

_MARK = rb"(?:\xef\xbb\xbf)?"
# What follows the name may be folded: RFC 5545 3.1 allows it anywhere.
_REST = rb"(?i:(B)EGIN|END)[ \t]*:([^\n]*+(?:\n[ \t][^\n]*+)*+)"
_FIRST_EDGE = re.compile(rb"[\s\xef\xbb\xbf]*+" + _REST)
# A whole event with nothing but alarms in it, which nearly all are, in one step; else the next BEGIN or END.
_LINES = rb"(?:\n(?!\xef|(?i:BEGIN|END)[ \t]*:)[^\n]*+)*+"
_ALARMS = rb"(?:\nBEGIN:VALARM\r?(?=\n)" + _LINES + rb"\nEND:VALARM\r?(?=\n))*+"
_EVENT = (
    rb"BEGIN:VEVENT\r?(?=\n)(" + _LINES + rb")(" + _ALARMS + rb")(" + _LINES + rb")\nEND:VEVENT\r?(?![^\n])"
)
_EDGE = re.compile(rb"\n(?:" + _EVENT + rb"|" + _MARK + _REST + rb")")
_LONE_RETURN = re.compile(rb"\r(?!\n)")
# A run of blank lines is tried once, not from each of its lines.
_FOLD = re.compile(rb"(?<![\r\n])(?:\r?\n)++[ \t]")
_COMPONENT_NAME = re.compile(r"(?:V|X-)[A-Z0-9-]*")


class Block(NamedTuple):
    """What stands between BEGIN and END.

    name: in upper case. position: of its BEGIN. calendar: position of the BEGIN:VCALENDAR around it, or
    `OUTSIDE`. parts: (start, end) of its own lines, which leave out the components in it; each start is the
    line break before a line. is_closed: it has its END. holds_any: components stand in it.
    """

    name: str
    position: int
    calendar: int
    parts: tuple[tuple[int, int], ...]
    is_closed: bool
    holds_any: bool

    def own(self, data: bytes) -> bytes:
        """The bytes of its own lines."""
        if len(self.parts) == 1:
            [(start, end)] = self.parts
            return data[start:end]
        return b"".join([data[start:end] for start, end in self.parts])


class Places:
    """Where a person finds a position of the narrowed bytes; ask for ever later ones."""

    def __init__(self, data: bytes, encoding: str | None) -> None:
        self._data, self._encoding = data, encoding
        self._lines = (0, 1)
        self._bytes = (0, 0)

    def line(self, position: int) -> int:
        """The number of its line, from 1."""
        last, number = self._lines
        self._lines = position, number + self._data.count(b"\n", last, position)
        return self._lines[1]

    def byte(self, position: int) -> int:
        """Its byte offset in the file as it is."""
        if self._encoding is None:
            return position
        last, offset = self._bytes
        self._bytes = position, offset + len(self._data[last:position].decode().encode(self._encoding))
        return self._bytes[1]


class _Open:
    """A component whose END has not come yet. since: where its own lines go on, `_PAUSED` inside another."""

    __slots__ = ("calendar", "holds_any", "name", "parts", "position", "since")

    def __init__(self, name: str, position: int, calendar: int, since: int) -> None:
        self.name, self.position, self.calendar, self.since = name, position, calendar, since
        self.parts: list[tuple[int, int]] = []
        self.holds_any = False

    def pause(self, at: int) -> None:
        if at - self.since > _EMPTY_LINE:
            self.parts.append((self.since, at))
        self.since = _PAUSED

    def ended(self, at: int, *, is_closed: bool) -> Block:
        self.pause(at)
        return Block(self.name, self.position, self.calendar, tuple(self.parts), is_closed, self.holds_any)


def narrowed(data: bytes) -> tuple[bytes, str | None]:
    """The bytes as UTF-8 or 8-bit text of lines that end in LF, and what wide encoding they were in."""
    encoding = wide_encoding(data)
    if encoding is not None:
        data = data.decode(encoding, "ignore").encode()
    if data.count(b"\r") != data.count(b"\r\n"):
        data = _LONE_RETURN.sub(b"\n", data)
    return data, encoding


def unfolded(raw: bytes) -> bytes:
    """RFC 5545 3.1, before decoding, as a fold may cut a character; blank lines in a fold are ignored."""
    return _FOLD.sub(b"", raw) if b"\n" in raw else raw


def blocks(data: bytes, depth: int) -> Iterator[Block]:
    """Every component but alarms of plain events, in the order of their ends.

    A component ends at its END, or where it plainly must have ended: at the END of what holds it, at the
    next event, or at the next calendar; then `is_closed` is False. An END without BEGIN is ignored. What is
    nested deeper than `depth` is passed over; nothing of an event stands there.
    """
    open_ones: list[_Open] = []
    beyond, calendar = 0, OUTSIDE
    for start, begins_at, stop, name, parts in _edges(data):
        if (
            parts and len(open_ones) == 1 and calendar != OUTSIDE
        ):  # in nothing but its calendar, as nearly all
            open_ones[0].holds_any = True
            open_ones[0].pause(start)
            yield Block(name, begins_at, calendar, parts, True, False)
            open_ones[0].since = stop
            continue
        is_outer = name in SIBLINGS or name == "VCALENDAR"
        beyond = 0 if is_outer else beyond
        if begins_at < 0 and beyond:
            beyond -= 1
            open_ones[-1].since = _PAUSED if beyond else stop
        elif begins_at < 0:
            yield from _ended(open_ones, name, start, stop)
            calendar = open_ones[0].calendar if open_ones else OUTSIDE
        else:
            for cut in _crowded_out(open_ones, name):
                yield cut.ended(start, is_closed=False)
            if open_ones:
                open_ones[-1].holds_any = True
                open_ones[-1].pause(start)
            if parts:
                yield Block(name, begins_at, calendar, parts, True, False)
                _go_on(open_ones, stop)
            elif len(open_ones) >= depth and not is_outer:
                beyond += 1
            else:
                calendar = begins_at if name == "VCALENDAR" else calendar
                open_ones.append(_Open(name, begins_at, calendar, stop))
    for cut in reversed(open_ones):
        yield cut.ended(len(data), is_closed=False)


def _ended(open_ones: list[_Open], name: str, start: int, stop: int) -> Iterator[Block]:
    """What an END from `start` to `stop` ends, the innermost first."""
    if closed := _closing(open_ones, name):
        for cut in closed[:-1]:
            yield cut.ended(start, is_closed=False)
        yield closed[-1].ended(start, is_closed=True)
        _go_on(open_ones, stop)


def _go_on(open_ones: list[_Open], at: int) -> None:
    if open_ones:
        open_ones[-1].since = at


def _edges(data: bytes) -> Iterator[tuple[int, int, int, str, tuple[tuple[int, int], ...]]]:
    """(start of the line, where BEGIN stands or -1 of an END, end of the line, name, nothing).

    Of a whole event, its end and its parts instead of the last two.
    """
    first = _FIRST_EDGE.match(data)
    if first and (name := _name(first[2])):
        yield first.start(), first.start(1), first.end(), name, ()
    for found in _EDGE.finditer(data, first.end() if first else 0):
        start, stop = found.span()
        if (ends := found.end(1)) >= 0:
            own, more = (found.start(1), ends), found.span(3)
            yield start, start + 1, stop, "VEVENT", (own, more) if more[1] - more[0] > _EMPTY_LINE else (own,)
        elif stop - found.start(5) <= _LONGEST_NAME and (name := _name(found[5])):
            yield start, found.start(4), stop, name, ()


@lru_cache(maxsize=256)
def _name(raw: bytes) -> str:
    """The name of a component; empty if it is none, lest a stray BEGIN swallow the lines that follow."""
    name = unfolded(raw).strip().upper().decode("latin-1")
    return name if name in _NESTED or _COMPONENT_NAME.fullmatch(name) else ""


def _closing(open_ones: list[_Open], name: str) -> list[_Open]:
    """Takes off what an END ends, the innermost first; the last is what it names."""
    for index in range(len(open_ones) - 1, -1, -1):
        if open_ones[index].name == name:
            return _taken(open_ones, index)
    return []


def _crowded_out(open_ones: list[_Open], name: str) -> list[_Open]:
    """Takes off what cannot hold a component of that name, the innermost first."""
    if name == "VCALENDAR":
        return _taken(open_ones, 0)
    if name in SIBLINGS:
        for index, holder in enumerate(open_ones):
            if holder.name in SIBLINGS:
                return _taken(open_ones, index)
    return []


def _taken(open_ones: list[_Open], index: int) -> list[_Open]:
    taken = open_ones[index:][::-1]
    del open_ones[index:]
    return taken
