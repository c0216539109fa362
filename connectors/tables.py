"""CSV files, as programs export them: bytes into rows of named fields.

A heading names the columns; it may stand below some lines of explanation. Fields are decoded one by one, so
a bad byte costs its field at most, and only those that a format names: notes and texts are passed over.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from io import RawIOBase
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, TypeVar, cast

from connectors.delimited import (
    BLANK,
    Grammar,
    Record,
    Shape,
    Window,
    decoded,
    grammar_of,
    next_record,
    pass_line,
    split,
)
from connectors.inputs import Input
from connectors.records import Item, NotThisFormat, Rejected, Skipped
from connectors.text import clean

_PREAMBLE_LINES = 40
_MOST_COLUMNS = 1000
_DELIMITERS = (b",", b";", b"\t")
_KEPT_IN_MEMORY = 8 * 2**20
_Seen = TypeVar("_Seen")

_OTHER_FORMATS = (
    (b"<", "a web page or XML, perhaps a login page"),
    (b"BEGIN:VC", "a vCard or iCalendar file"),
    (b"PK\x03\x04", "a ZIP archive or a spreadsheet"),
    (b"\xd0\xcf\x11\xe0", "a spreadsheet"),
    (b"%PDF", "a PDF document"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its kept fields by our names for their columns, clean, on one line, without the empty ones."""

    position: int
    line: int
    capped: str
    fields: Mapping[str, list[str]]

    def one(self, name: str, limit: int = 200) -> str:
        """The first value of the columns of this name, at most `limit` characters; empty if there is none."""
        return self.fields[name][0][:limit].rstrip() if name in self.fields else ""

    def many(self, name: str) -> list[str]:
        return self.fields.get(name, [])

    @property
    def locator(self) -> str:
        return f"line {self.line}"

    def rejected(self, reason: str, mend: str = "") -> Rejected:
        return Rejected(position=self.position, locator=self.locator, reason=reason, mend=mend)

    def skipped(self, reason: str) -> Skipped:
        return Skipped(position=self.position, locator=self.locator, reason=reason)


@dataclass(frozen=True, slots=True)
class Layout:
    """How one program heads its tables.

    title, mend: what the file should have been, and how to get it.
    name_of: our name for a column, of its heading in lower case; None for a column that we do not keep.
    required: what must be there, by the words of a message: one of these names of ours each.
    order: our names by position, for files that have no heading or one in an unknown language.
    is_ordered: whether these cells of a line are such a row of a person.
    """

    title: str
    mend: str
    name_of: Callable[[str], str | None]
    required: Mapping[str, Sequence[str]]
    order: Sequence[str | None] = ()
    is_ordered: Callable[[list[str]], bool] = field(default=lambda cells: False)


def items(source: Input, layout: Layout, to_item: Callable[[Row], Item]) -> Iterator[Item]:
    """One item for every row below the heading: what `to_item` makes of it, or why it could not be read.

    Raises NotThisFormat for a file that has content but not this heading; an empty file yields nothing.
    """
    for row in rows(source, layout):
        yield to_item(row) if isinstance(row, Row) else row


def rows(source: Input, layout: Layout) -> Iterator[Row | Rejected | Skipped]:
    """The rows of a table in file order."""
    window = Window(source.stream)
    heading = _heading(window, layout, source.bounds.field_bytes)
    if heading is None:
        return
    while window.fill():
        record = next_record(window, heading.shape)
        where = f"line {record.line}"
        if record.reason:
            mend = "close the quote, or export the file again" if record.is_open else ""
            yield Rejected(position=record.position, locator=where, reason=record.reason, mend=mend)
        elif not any(value.strip(BLANK) for value in record.fields):
            yield Skipped(position=record.position, locator=where, reason="empty row")
        else:
            yield heading.row(record)


def key(*parts: str) -> str:
    """A natural key of what a row says, for records that bring none."""
    return sha256("|".join(parts).encode()).hexdigest()[:16]


def looked_ahead(source: Input, look: Callable[[Input], _Seen]) -> tuple[_Seen, Input]:
    """What `look` finds in a first reading, and the source to be read from its start.

    A stream that cannot be sought in is copied as far as `bounds.whole_file_mb`, and looked at so far.
    """
    stream = source.stream
    if stream.seekable():
        start = stream.tell()
        seen = look(source)
        stream.seek(start)
        return seen, source
    # Closed, and with it removed from disk, by the garbage collector: whoever reads the rest still needs it.
    head = SpooledTemporaryFile(max_size=_KEPT_IN_MEMORY)  # noqa: SIM115
    missing = source.bounds.whole_file_mb * 2**20
    while missing > 0 and (chunk := stream.read(min(missing, _KEPT_IN_MEMORY))):
        head.write(chunk)
        missing -= len(chunk)
    head.seek(0)
    seen = look(replace(source, stream=cast(BinaryIO, head)))
    head.seek(0)
    return seen, replace(source, stream=cast(BinaryIO, _Chain(cast(BinaryIO, head), stream)))


class _Chain(RawIOBase):
    """Two streams, one after the other."""

    def __init__(self, *streams: BinaryIO) -> None:
        self._streams = streams

    def read(self, size: int = -1) -> bytes:
        return next(filter(None, (stream.read(size) for stream in self._streams)), b"")


@dataclass(slots=True)
class _Heading:
    """What the heading of a file says: its cells, and by their place our names for those that we keep."""

    cells: list[str]
    columns: list[tuple[int, str]]
    shape: Shape

    def row(self, record: "Record") -> Row:
        most = self.shape.most
        found: dict[str, list[str]] = {}
        for index, name in self.columns:
            raw = record.fields[index] if index < len(record.fields) else b""
            if raw and (value := clean(decoded(raw, most), most)):
                found.setdefault(name, []).append(value)
        long = [self.cells[index] for index, raw in enumerate(record.fields) if len(raw) > most]
        capped = f"{long[0][:60] or 'a field'} beyond {most} bytes" if long else ""
        return Row(record.position, record.line, capped, found)


def _heading(window: Window, layout: Layout, most: int) -> _Heading | None:
    """The heading, found by its names below whatever precedes it; None if the file is empty."""
    if not window.fill() or not window.data[window.at :].strip(b"\x00 \t\r\n"):
        return None
    lines: list[tuple[int, bytes]] = []
    start = window.at
    while start < len(window.data) and len(lines) < _PREAMBLE_LINES:
        end = window.end_of_line(start)
        lines.append((start, window.data[start:end]))
        start = end
    fewest: list[str] = list(layout.required)
    for start, line in lines:
        for delimiter in _DELIMITERS:
            grammar = grammar_of(delimiter, window.newline)
            cells = _heading_cells(line, grammar)
            columns = [
                (index, name) for index, cell in enumerate(cells) if (name := layout.name_of(cell.casefold()))
            ]
            names = {name for _, name in columns}
            missing = [words for words, ours in layout.required.items() if names.isdisjoint(ours)]
            if not missing:
                window.advance(start)
                pass_line(window)
                return _Heading(cells, columns, Shape(grammar, len(cells), most))
            fewest = min(fewest, missing, key=len)
    if heading := _by_order(window, layout, most):
        return heading
    head = window.data[window.at :].lstrip()
    what = next((f" (it is {kind})" for mark, kind in _OTHER_FORMATS if head.startswith(mark)), "")
    raise NotThisFormat(f"no {layout.title}{what}: no heading with {', '.join(fewest)}; {layout.mend}")


def _by_order(window: Window, layout: Layout, most: int) -> _Heading | None:
    """A table known by the order of its columns: its first line, or the one below, is a person's row."""
    first = window.end_of_line(window.at)
    second = window.end_of_line(first)
    for delimiter in _DELIMITERS if layout.order else ():
        grammar = grammar_of(delimiter, window.newline)
        for start, end in ((window.at, first), (first, second)):
            cells = _heading_cells(window.data[start:end], grammar)
            if layout.is_ordered(cells):
                window.advance(start)
                columns = [(place, name) for place, name in enumerate(layout.order) if name]
                titles = [f"column {place + 1}" for place in range(len(cells))]
                return _Heading(titles, columns, Shape(grammar, len(cells), most))
    return None


def _heading_cells(line: bytes, grammar: Grammar) -> list[str]:
    cells, _ = split(line, grammar, _MOST_COLUMNS)
    return [clean(decoded(cell, 1000)) for cell in cells]
