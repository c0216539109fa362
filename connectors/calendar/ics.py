"""iCalendar files (RFC 5545): one item for each component, parsed only if it was not known by its bytes."""

import hashlib
import re
from collections import ChainMap
from collections.abc import Iterator
from itertools import chain, islice

import msgspec

from connectors.bounds import Bounds
from connectors.calendar.blocks import OUTSIDE, SIBLINGS, Block, Places, blocks, narrowed
from connectors.calendar.events import Context, UnreadableEvent, is_time, to_event, uid_of
from connectors.calendar.lines import Lines
from connectors.calendar.zones import Definition, definitions, iana_name
from connectors.inputs import Input
from connectors.records import Item, NotThisFormat, Rejected, Seen, Skipped

_MOST_KEPT = 200_000
_SHORT = 512
_ZONE_PARTS = frozenset({"VTIMEZONE", "STANDARD", "DAYLIGHT"})
_OTHER_KINDS = SIBLINGS - {"VEVENT", "VTIMEZONE"}
# RFC 5546 3.2: what a guest sends back about a meeting is no meeting of its own.
_ANSWERS = frozenset({"REPLY", "COUNTER", "DECLINECOUNTER", "REFRESH"})
_AGAIN = "export it again as iCalendar (.ics)"
_SOMETHING = re.compile(rb"[^\xef\xbb\xbf\xff\xfe\0\s]")
_LOOKS = (
    (b"<!doctype html", "a web page, perhaps of a login"),
    (b"<html", "a web page, perhaps of a login"),
    (b"<", "XML or a web page"),
    (b"begin:vcard", "an address book (vCard)"),
    (b"pk\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "packed by gzip"),
    (b"%pdf", "a PDF"),
    (b"{", "JSON"),
)


def read(source: Input) -> Iterator[Item]:
    """One item for each VEVENT, VTODO, VJOURNAL and VFREEBUSY of an .ics file, in file order.

    A zone or an empty calendar that never ends is an item too: a file that was cut off does not pass for
    an empty one. Raises NotThisFormat if the file is no calendar at all.
    """
    bounds = source.bounds
    data, encoding = narrowed(source.whole())
    stream = blocks(data, bounds.depth)
    kept = list(islice(stream, _MOST_KEPT))
    is_whole = len(kept) < _MOST_KEPT
    contexts = _Contexts(data, chain(kept, stream), bounds)
    places = Places(data, encoding)
    for block in kept if is_whole else blocks(data, bounds.depth):
        if block.name == "VEVENT":
            yield _event(block, data, contexts, places, source.known)
        elif block.name in _OTHER_KINDS:
            line = places.line(block.position)
            locator = _locator(line, uid_of(Lines(block.own(data), bounds)))
            yield Skipped(position=places.byte(block.position), locator=locator, reason=block.name)
        elif _breaks_off(block):
            yield Rejected(
                position=places.byte(block.position),
                locator=f"line {places.line(block.position)}",
                reason=f"{block.name} has no END:{block.name}",
                mend="the file breaks off here; export it again",
            )


class _Contexts:
    """What the calendars of a file say about their events. found: all blocks of the file."""

    def __init__(self, data: bytes, found: Iterator[Block], bounds: Bounds) -> None:
        self._data, self._bounds = data, bounds
        calendars: list[Block] = []
        zones: dict[int, list[Block]] = {OUTSIDE: []}
        is_calendar = False
        for block in found:
            is_calendar = is_calendar or block.name in SIBLINGS or block.name == "VCALENDAR"
            if block.name == "VCALENDAR":
                calendars.append(block)
            elif block.name in _ZONE_PARTS:
                zones.setdefault(block.calendar, []).append(block)
        if not is_calendar:
            raise NotThisFormat(_no_calendar(data))
        # Calendars that say the same share what is made of it.
        self._zones: dict[bytes, dict[str, Definition]] = {}
        self._made: dict[tuple[str, ...], tuple[Context, bytes]] = {}
        defined = {calendar: self._defined(inner) for calendar, inner in zones.items()}
        self._everywhere: dict[str, Definition] = {}
        for named in self._zones.values():
            self._everywhere = named | self._everywhere
        self._seed = hashlib.sha256(msgspec.json.encode(bounds) + b"".join(self._zones)).digest()
        self._of = {OUTSIDE: self._context(b"", defined[OUTSIDE])}
        for one in calendars:
            self._of[one.position] = self._context(one.own(data), defined.get(one.position, b""))

    def of(self, block: Block) -> tuple[Context, bytes]:
        """The context of a block, and the hash of all that it depends on."""
        return self._of[block.calendar]

    def _defined(self, zones: list[Block]) -> bytes:
        """The hash of the zones of a calendar, by which they are known."""
        hashed = hashlib.sha256()
        for start, end in chain.from_iterable(zone.parts for zone in zones):
            hashed.update(self._data[start:end])
        key = hashed.digest()
        if key not in self._zones:
            self._zones[key] = definitions(self._data, zones, self._bounds)
        return key

    def _context(self, own: bytes, zones: bytes) -> tuple[Context, bytes]:
        """own: the calendar's lines. zones: in it, which come before those of its neighbours."""
        lines = Lines(own, self._bounds)
        version, method, zone = (lines.text(name)[:_SHORT] for name in ("VERSION", "METHOD", "X-WR-TIMEZONE"))
        told = (version, method.upper(), zone, zones.hex())
        if told not in self._made:
            context = Context(
                bounds=self._bounds,
                version=version,
                method=method.upper(),
                default_zone=iana_name(zone) or "",
                timezones=ChainMap(self._zones.get(zones, {}), self._everywhere),
            )
            self._made[told] = context, hashlib.sha256(self._seed + "\n".join(told).encode()).digest()
        return self._made[told]


def _event(block: Block, data: bytes, contexts: _Contexts, places: Places, known: frozenset[str]) -> Item:
    context, seed = contexts.of(block)
    own = block.own(data)
    position = places.byte(block.position)
    digest = _digest(own, seed, context.bounds) if block.is_closed else ""
    if digest in known:
        return Seen(position=position, digest=digest)
    lines = Lines(own, context.bounds)
    uid = uid_of(lines)
    locator = _locator(places.line(block.position), uid)
    try:
        if not block.is_closed:
            raise UnreadableEvent("the event is cut off: no END:VEVENT", "export or download the file again")
        if context.version == "1.0":
            raise UnreadableEvent("vCalendar 1.0 is not iCalendar", "export as iCalendar (.ics)")
        if context.method in _ANSWERS:
            return Skipped(position=position, locator=locator, reason="reply")
        return to_event(lines, context, uid, position=position, locator=locator, digest=digest)
    except UnreadableEvent as unreadable:
        return Rejected(
            position=position,
            locator=locator,
            reason=unreadable.reason,
            mend=unreadable.mend,
            excerpt=" ".join(islice(lines.names(), 80))[:80],
        )


def _digest(own: bytes, seed: bytes, bounds: Bounds) -> str:
    """Of an event's own lines and its context, in hex.

    Some servers write a new DTSTAMP at every export; it is left out where LAST-MODIFIED says what counts.
    """
    stamped = own.find(b"\nDTSTAMP:")
    revised = own.find(b"\nLAST-MODIFIED:")
    if stamped >= 0 and revised >= 0 and is_time(own[revised + 14 : revised + 32], bounds):
        own = own[:stamped] + own[own.find(b"\n", stamped + 1) :]
    return hashlib.sha256(seed + own).hexdigest()[:32]


def _breaks_off(block: Block) -> bool:
    """Whether a zone, or a calendar with nothing in it, was begun and never ended: what followed is lost."""
    if block.is_closed:
        return False
    return block.name == "VTIMEZONE" or (block.name == "VCALENDAR" and not block.holds_any)


def _locator(line: int, uid: str) -> str:
    return f"line {line}, UID {uid[:200].rstrip()}" if uid else f"line {line}"


def _no_calendar(data: bytes) -> str:
    """What a file looks like that holds no calendar, and the mend."""
    begins = _SOMETHING.search(data)
    if begins is None:
        return f"the file is empty; {_AGAIN}"
    opening = data[begins.start() : begins.start() + 512].lower()
    looks = (what for mark, what in _LOOKS if opening.startswith(mark))
    what = next(looks, "binary data" if b"\0" in opening else "no BEGIN: line of one")
    return f"no calendar in it ({what}); {_AGAIN}"
