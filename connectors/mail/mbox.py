"""mbox files (RFC 4155), as mail programs, archives and Google Takeout write them: messages in file order.

The file is read in small windows, so memory stays flat, streams that cannot be sought in will do, and a file
that shrinks meanwhile ends early instead of killing the process, as a map of it would. Bodies are passed over
by one search for the next separator.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from itertools import islice

from connectors.inputs import Input
from connectors.mail.dates import ASCTIME
from connectors.mail.fields import first, is_mail, text_of
from connectors.mail.foreign import no_mail
from connectors.mail.headers import message
from connectors.mail.places import of_mailbox
from connectors.records import ConnectorError, Item, Rejected

_HEADER_NAME = r"(?:>From [^\n]{0,300}\n){0,3}[!-9;-~]{1,100}[ \t]*:"

# "From ", who, an asctime date and hardly anything after it, then a header: a sentence in a body that begins
# with "From " has no such date, and a quoted separator no header below it.
_SEPARATOR = re.compile(
    rf"\nFrom [^\r\n]{{1,300}}? {ASCTIME}(?: +remote from [^\r\n]{{1,100}})?[ \t]*\r?\n"
    rf"(?={_HEADER_NAME})".encode()
)
_LEAD = re.compile(rf"\n(?:From [^\n]{{0,300}}\n)?{_HEADER_NAME}".encode())
_END = re.compile(rb"\n(?:\n|\r\n|(From ))")  # of a header block: a blank line or, perhaps, a separator
_DIGITS = re.compile(r"\d{1,12}")

_CHUNK = 256 * 1024  # stays in the cache of a processor
_BATCH = 16
_LONGEST_SEPARATOR = 4096  # with what must follow it
_MOST_AHEAD = 16 * 1024 * 1024  # how far a Content-Length is believed, as all of it must be held to check it

Part = tuple[int, bytes, bytes, bool]  # byte offset, separator line, newline + headers, whether these are cut


def read(source: Input) -> Iterator[Item]:
    """The messages of an mbox file from `source.start` on, in file order; `start` is a reported position.

    A single message without a separator (.eml) is read too. Raises NotThisFormat if there is no message.
    """
    place = of_mailbox(source.name)
    junk = None
    head = b""
    for position, separator, block, is_cut in _batched(_Window(source).parts()):
        locator = f"byte {position}"
        if not separator and not _is_lead(block):
            junk = Rejected(position=position, locator=locator, reason="text before the first message")
            head = block[1:]
            continue
        if junk:
            yield junk
            junk = None
        yield message(
            block,
            position=position,
            locator=locator,
            separator=separator,
            place=place,
            bounds=source.bounds,
            is_cut=is_cut,
        )
    if junk:
        raise no_mail(head)


def _batched(parts: Iterator[Part]) -> Iterator[Part]:
    """The same parts, split off a few at a time: code and tables used in turns leave the processor's caches
    less often. Where a stream breaks off, what came before is given first."""
    failure = None
    batch: list[Part] | None = None
    while batch is None or (batch and not failure):
        batch = []
        try:
            batch.extend(islice(parts, _BATCH))
        except (ConnectorError, OSError, EOFError) as error:
            failure = error
        yield from batch
    if failure:
        raise failure


def _is_lead(block: bytes) -> bool:
    """Whether what stands before the first separator is a message's header block."""
    return bool(_LEAD.match(block)) and is_mail(text_of(block))


class _Window:
    """A moving view of the bytes of a source, from `source.start` to the size that it had.

    It opens with the newline that ends the line before, so that every line begins alike; `base` is the
    position of its first byte. Files of old Macs, whose lines end in CR alone, are shown with LF.
    """

    def __init__(self, source: Input) -> None:
        self.stream = source.stream
        self.longest_block = source.bounds.header_bytes
        self.left = None if source.size is None else max(0, source.size - source.start)
        if source.start:
            self.stream.seek(source.start)
        self.start, self.base, self.data = source.start, source.start - 1, b"\n"
        self.is_last = self.has_only_cr = False
        self.grow(0, max(_CHUNK, 2 * _LONGEST_SEPARATOR))
        if source.start == 0 and self.data.startswith(b"\n" + BOM_UTF8):
            self.start, self.base = len(BOM_UTF8), len(BOM_UTF8) - 1
            self.data = b"\n" + self.data[1 + len(BOM_UTF8) :]
        if b"\n" not in self.data[1:] and b"\r" in self.data:
            self.has_only_cr = True
            self.data = self.data.replace(b"\r", b"\n")

    def grow(self, keep: int, size: int = _CHUNK) -> None:
        """Forget what stands before `keep` and read on."""
        if self.left is not None:
            size = min(size, self.left)
            self.left -= size
        chunk = self.stream.read(size)
        while len(chunk) < size and (more := self.stream.read(size - len(chunk))):  # of a packed stream
            chunk += more
        self.is_last = len(chunk) < size or self.left == 0
        if self.has_only_cr:
            chunk = chunk.replace(b"\r", b"\n")
        self.data = b"".join((memoryview(self.data)[keep:], chunk))
        self.base += keep

    def parts(self) -> Iterator[Part]:
        """Separators and header blocks, and first what precedes them all, if it is anything."""
        while self.data.isspace() and not self.is_last:
            self.grow(len(self.data) - 1)
        if self.data.isspace():
            return
        self.grow(0, _LONGEST_SEPARATOR)
        begin = self.data.rindex(b"\n", 0, len(self.data) - len(self.data.lstrip()))
        position, separator = self.start, b""
        is_counted = True
        if found := _SEPARATOR.match(self.data, begin):
            position, separator, begin = self.base + begin + 1, found[0], found.end() - 1
        while True:
            begin, block, is_cut = self._block(begin)
            claim = _claim(block) if is_counted else 0
            is_counted = claim > 0  # a program that counts its bodies counts them all
            yield position, separator, block, is_cut
            end = self.base + begin + len(block)
            found = self._next(end - 1, end + claim)
            if not found:
                return
            position, separator, begin = self.base + found.start() + 1, found[0], found.end() - 1

    def _block(self, begin: int) -> tuple[int, bytes, bool]:
        """Where the block at `begin`, a newline, stands when the window has moved; its bytes to the first
        blank line or separator; and whether they are cut at the longest block allowed."""
        limit = begin + self.longest_block
        end = self._end(begin, limit)
        while end < 0 and not self.is_last and len(self.data) < limit + _LONGEST_SEPARATOR:
            self.grow(begin)
            begin, limit = 0, self.longest_block
            end = self._end(0, limit)
        if end >= 0:
            return begin, self.data[begin:end], False
        return begin, self.data[begin:limit], len(self.data) > limit

    def _end(self, begin: int, limit: int) -> int:
        """The end of the block at `begin`, if there is a blank line or a separator before `limit`; or -1."""
        found = _END.search(self.data, begin, limit)
        while found and found[1] and not _SEPARATOR.match(self.data, found.start()):
            found = _END.search(self.data, found.end(), limit)
        return found.start() + 1 if found else -1

    def _next(self, position: int, claimed: int) -> re.Match[bytes] | None:
        """The next separator from `position` on, but none inside a body known to end at `claimed`."""
        while True:
            found = _SEPARATOR.search(self.data, position - self.base)
            judged = len(self.data) - _LONGEST_SEPARATOR  # what begins behind it may be cut off by the window
            at = found.start() if found else judged
            if not self.is_last and at >= judged:
                position = max(position, self.base + at)
                self.grow(position - self.base)
                continue
            if not found:
                return None
            position = self.base + at + 1
            if claimed <= position:
                return found
            if not self._is_end(claimed, position - 1):
                return _SEPARATOR.match(self.data, position - 1 - self.base)
            position = claimed

    def _is_end(self, claimed: int, position: int) -> bool:
        """Whether a separator or the file's end stands where a Content-Length says, which does not count the
        blank lines around. Any mail may carry a wrong one; it is asked when a separator stands before."""
        if claimed - position > _MOST_AHEAD:
            return False
        missing = claimed + _LONGEST_SEPARATOR - self.base - len(self.data)
        self.grow(position - self.base, max(missing, 0))
        at = claimed - self.base
        if any(_SEPARATOR.match(self.data, near) for near in range(at, at + 6)):
            return True
        return self.is_last and at <= len(self.data) and not self.data[at:].strip()


def _claim(block: bytes) -> int:
    """The Content-Length of mboxcl, or 0."""
    digits = _DIGITS.fullmatch(first(text_of(block), "content-length"))
    return int(digits[0]) if digits else 0
