"""Delimited text cut into records of raw fields, whatever is in it. RFC 4180, and its many dialects.

The file streams through a window, so memory stays flat and time linear. A quote is believed to run over lines
only as far as the window reaches, and only if what closes it ends a field: one that somebody forgot to close
costs its own record and no other.
"""

import re
from codecs import BOM_UTF8, getincrementaldecoder
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO

from connectors.text import wide_encoding

BLANK = b" ,;\t\"'\r\n\x00"

_WINDOW = 2**20  # bytes of one record; a quote that is open for longer has been forgotten
_SLACK = 4096  # how much must follow the end of a field for it to be the end


class Window:
    """A stream as UTF-8 or a code page that shares ASCII with it, seen from the row that is being read."""

    def __init__(self, stream: BinaryIO) -> None:
        first = stream.read(_WINDOW)
        self._stream = stream
        self._wide = wide_encoding(first)
        self._decoder = getincrementaldecoder(self._wide)("replace") if self._wide else None
        self.data, self.at, self.is_last = self._recoded(first), 0, not first
        self.position, self.line = 0, 1
        self.offset = 0  # as position, but in bytes of `data`
        self.newline = b"\n" if b"\n" in self.data or b"\r" not in self.data else b"\r"
        if self.data.startswith(BOM_UTF8):
            self.advance(len(BOM_UTF8))

    def fill(self) -> bool:
        """Whether anything is left; then at least a whole window of it is at hand, or all."""
        while not self.is_last and len(self.data) - self.at < _WINDOW:
            chunk = self._stream.read(_WINDOW)
            self.is_last = not chunk
            self.data = self.data[self.at :] + self._recoded(chunk)
            self.at = 0
        return self.at < len(self.data)

    def advance(self, end: int) -> None:
        """Everything before data[end] has been read."""
        passed = self.data[self.at : end]
        self.line += passed.count(self.newline)
        self.offset += len(passed)
        self.position += (
            len(passed.decode("utf-8", "replace").encode(self._wide)) if self._wide else len(passed)
        )
        self.at = end

    def end_of_line(self, start: int) -> int:
        return self.data.find(self.newline, start) + 1 or len(self.data)

    def _recoded(self, chunk: bytes) -> bytes:
        # A UTF-16 file may hold half of a surrogate pair, which UTF-8 cannot.
        return self._decoder.decode(chunk, not chunk).encode("utf-8", "replace") if self._decoder else chunk


@dataclass(frozen=True, slots=True)
class Grammar:
    """The patterns of one dialect. A field is a quoted one (group 1) or a plain one (2), then its end (3).

    Within its first line a quote that ends no field is part of it, as people write them: ``"Jo "Bo" Bay"``.
    """

    field: re.Pattern[bytes]
    record: re.Pattern[bytes]
    before_open: re.Pattern[bytes]  # the complete fields before one that does not end
    open: re.Pattern[bytes]  # what could belong to a quoted field that does not end
    inside: re.Pattern[bytes]  # of a quoted field, within one line
    plain: re.Pattern[bytes]
    delimiter: bytes


@lru_cache(maxsize=8)
def grammar_of(delimiter: bytes, newline: bytes) -> Grammar:
    d, n = re.escape(delimiter), re.escape(newline)
    stop = rb"(?:%b|\r?%b|\Z)" % (d, n)
    inside = rb'(?:[^"%b]++|""|"(?! *+%b))*+' % (n, stop)
    over_lines = rb'(?:%b(?:[^"]++|"")*+)?+' % n
    plain = rb"[^%b%b]*+" % (d, n)
    whole = rb' *+"%b%b" *+(?=%b)|(?! *+")%b' % (inside, over_lines, stop, plain)
    return Grammar(
        field=re.compile(
            rb'(?: *+"(%b%b)" *+(?=%b)|(?! *+")(%b))(%b|\r?%b|\Z)' % (inside, over_lines, stop, plain, d, n)
        ),
        record=re.compile(rb"(?:%b)(?:%b(?:%b))*+(?:\r?%b|\Z)" % (whole, d, whole, n)),
        before_open=re.compile(rb"(?:(?:%b)%b)*+" % (whole, d)),
        open=re.compile(rb' *+"%b%b' % (inside, over_lines)),
        inside=re.compile(inside),
        plain=re.compile(plain),
        delimiter=delimiter,
    )


@dataclass(slots=True)
class Shape:
    """What the records of a file look like, and what they have shown so far.

    width: how many fields they have. most: bytes kept of a field. searched: offset up to which quotes have no
    partner. is_damaged: a quote was not closed, so lines may be pieces of a text instead of records.
    """

    grammar: Grammar
    width: int
    most: int
    searched: int = 0
    is_damaged: bool = False


@dataclass(slots=True)
class Record:
    """One row as bytes, or why it is none; is_open: a quote in it was not closed."""

    position: int
    line: int
    fields: list[bytes]
    reason: str = ""
    is_open: bool = False


@lru_cache(maxsize=8)
def _pieces(delimiter: bytes, newline: bytes, width: int) -> re.Pattern[bytes]:
    """Lines of text that cannot be records of this width."""
    d, n = re.escape(delimiter), re.escape(newline)
    return re.compile(rb'(?:(?:[^"%b%b]*+%b){0,%d}+[^"%b%b]*+%b)++' % (d, n, d, width - 2, d, n, n))


def split(line: bytes, grammar: Grammar, width: int) -> tuple[list[bytes], bytes]:
    """At most `width` fields of a row, without their quotes, and the rest of it."""
    if b'"' not in line:
        cells = line.split(grammar.delimiter, width)
        return cells[:width], b"".join(cells[width:])
    cells, at = [], 0
    for match in grammar.field.finditer(line):
        if match.start() != at or len(cells) == width:
            break
        quoted = match[1]
        cells.append(match[2] if quoted is None else quoted.replace(b'""', b'"'))
        at = match.end()
        if match[3] != grammar.delimiter:
            break
    return cells, line[at:]


def pass_line(window: Window) -> bytes:
    """What of the line is no blank, at most a bit of it; the window then stands at the next line."""
    kept = b""
    while window.fill():
        end = window.end_of_line(window.at)
        kept = kept or window.data[window.at : end].strip(BLANK)[:80]
        window.advance(end)
        if window.data[end - 1 : end] == window.newline:
            break
    return kept


def next_record(window: Window, shape: Shape) -> Record:
    """The row at which the window stands, which then stands at the next one."""
    grammar, data, start = shape.grammar, window.data, window.at
    record = Record(window.position, window.line, [])
    # Where a quote was looked for in vain it is not again: a hostile file costs no more than a good one.
    is_searched = window.offset < shape.searched
    limit = window.end_of_line(start) if is_searched else min(start + _WINDOW, len(data))
    is_whole = window.is_last and limit == len(data)
    match = grammar.record.match(data, start, limit)
    if match and (is_whole or data[match.end() - 1 : match.end()] == window.newline):
        record.fields, rest = split(match[0], grammar, shape.width)
        window.advance(match.end())
        return _measured(window, shape, record, rest)
    complete = grammar.before_open.match(data, start, limit)
    broken = grammar.open.match(data, complete.end() if complete else start, limit)
    if not broken or not (is_whole or window.newline in broken[0]):
        return _long_record(window, shape, record)
    if not is_searched:
        shape.searched = window.offset + data.rfind(window.newline, start, broken.end()) + 1 - start
    window.advance(broken.start())
    return _left_open(window, shape, record)


def _left_open(window: Window, shape: Shape, record: Record) -> Record:
    """The row, lost to a quote in the line where the window stands; reading goes on below that line."""
    shape.is_damaged = True
    record.reason, record.is_open = f"a quote opened on line {window.line} is not closed", True
    pass_line(window)
    return record


def _measured(window: Window, shape: Shape, record: Record, rest: bytes) -> Record:
    """The row, refused if it has not as many fields as its heading: then they stand in the wrong columns."""
    fewest = shape.width if shape.is_damaged else min(2, shape.width)
    if rest.strip(BLANK):
        record.reason = f"more than the {shape.width} columns of the heading"
    elif len(record.fields) < fewest and any(value.strip(BLANK) for value in record.fields):
        record.reason = f"{len(record.fields)} of the {shape.width} columns of the heading"
        if shape.is_damaged and shape.width > 1:
            record.reason = f"text without the {shape.width} columns of the heading, up to the next row"
            _pass_pieces(window, shape)
    return record


def _pass_pieces(window: Window, shape: Shape) -> None:
    """What is left of a text that stood behind a quote: it may be long, and is told as one record."""
    pieces = _pieces(shape.grammar.delimiter, window.newline, shape.width)
    while window.fill() and (match := pieces.match(window.data, window.at)):
        window.advance(match.end())


def _long_record(window: Window, shape: Shape, record: Record) -> Record:
    """A row on one line that is longer than the window: of each field, its beginning is kept."""
    grammar = shape.grammar
    while len(record.fields) < shape.width:
        is_quoted = window.data[window.at : window.at + 1] == b'"'
        if is_quoted:
            window.advance(window.at + 1)
        value = _long_field(window, grammar.inside if is_quoted else grammar.plain)[: 2 * shape.most + 2]
        if is_quoted and window.data[window.at : window.at + 1] != b'"':
            return _left_open(window, shape, record)
        record.fields.append(value.replace(b'""', b'"') if is_quoted else value)
        if is_quoted:
            window.advance(window.at + 1)
        end = window.data[window.at : window.at + 2].lstrip(b"\r")[:1]
        if end != grammar.delimiter:
            break
        window.advance(window.at + 1)
    return _measured(window, shape, record, pass_line(window))


def _long_field(window: Window, pattern: re.Pattern[bytes]) -> bytes:
    """As much of a field as the window holds at once, its end passed over."""
    kept = b""
    while window.fill() and (match := pattern.match(window.data, window.at)):
        kept = kept or match[0]
        window.advance(match.end())
        if window.is_last or len(window.data) - window.at > _SLACK:
            break
    return kept


def decoded(raw: bytes, most: int) -> str:
    """The beginning of a field as text: UTF-8, but for a bad byte or two; else cp1252, else Latin-1."""
    kept = raw[:most]
    try:
        # A field that is cut may be cut within a character.
        return kept.decode() if len(kept) == len(raw) else getincrementaldecoder("utf-8")().decode(kept)
    except UnicodeDecodeError:
        text = kept.decode("utf-8", "ignore")
    if not text.isascii():
        return text
    try:
        return kept.decode("cp1252")
    except UnicodeDecodeError:
        return kept.decode("latin-1")
