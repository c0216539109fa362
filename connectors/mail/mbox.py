"""mbox files (RFC 4155), as mail programs, archives and Google Takeout write them: messages in file order.

The file is read in windows, so memory stays flat and a file that shrinks meanwhile ends early instead of
killing the process, as a map of it would. Bodies are passed over by one search for the next separator.
"""

import os
import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from connectors.mail.dates import ASCTIME
from connectors.mail.headers import LONGEST_BLOCK, is_mail, message
from connectors.records import Message, NotThisFormat, Rejected

_HEADER_NAME = r"(?:>From [^\n]{0,300}\n){0,3}[!-9;-~]{1,100}[ \t]*:"

# "From ", who, an asctime date and hardly anything after it, then a header: a sentence in a body that begins
# with "From " has no such date, and a quoted separator no header below it.
_SEPARATOR = re.compile(
    rf"\nFrom [^\r\n]{{1,300}}? +{ASCTIME}(?: +remote from [^\r\n]{{1,100}})?[ \t]*\r?\n"
    rf"(?={_HEADER_NAME})".encode()
)
_LEAD = re.compile(rf"\n(?:From [^\n]{{0,300}}\n)?{_HEADER_NAME}".encode())
_BLANK_LINE = re.compile(rb"\n\r?\n")

_WINDOW = 2 * 1024 * 1024
_REACH = LONGEST_BLOCK + 4096  # a header block and the separators on both sides of it

Block = tuple[int, bytes, bytes]  # byte offset, separator line (empty at a file's head), newline + headers


def read(path: Path, start: int = 0) -> Iterator[Message | Rejected]:
    """The messages of an mbox file from `start` on, in file order; `start` is a reported position.

    A single message without a separator (.eml) is read too. Raises NotThisFormat if there is no message.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if start == 0 and file.read(len(BOM_UTF8)) == BOM_UTF8:
            start = len(BOM_UTF8)
        junk = None
        for position, separator, block in _blocks(file, start, size):
            locator = f"byte {position}"
            if not separator and not _is_lead(block):
                junk = Rejected(position=position, locator=locator, reason="text before the first message")
                continue
            if junk:
                yield junk
                junk = None
            yield message(block, position=position, locator=locator, separator=separator)
        if junk:
            mend = "export the mailbox in mbox format, or add the file as the kind that it is"
            raise NotThisFormat(f"no mail message in it: {mend}")


def _is_lead(block: bytes) -> bool:
    """Whether what stands before the first separator is a message's header block."""
    return bool(_LEAD.match(block)) and is_mail(block)


def _blocks(file: BinaryIO, start: int, size: int) -> Iterator[Block]:
    """Separators and header blocks of the bytes from `start` to `size`, and first what precedes them all.

    The window opens with the newline that ends the line before `start`, so that every line begins alike.
    """
    file.seek(start)
    base, window, is_last = start - 1, b"\n", False
    while not is_last:
        chunk = file.read(max(0, min(_WINDOW, size - base - len(window))))
        window += chunk
        is_last = not chunk or base + len(window) >= size
        # What begins before this point has all of its block in the window; the rest waits for the next.
        settled = len(window) if is_last else len(window) - _REACH
        separators = _SEPARATOR.finditer(window)
        separator = next(separators, None)
        if base < start:
            head = window[: separator.start() + 1] if separator else window
            if not head.isspace():
                yield start, b"", _header_block(head, _indent(head), len(head))
        while separator is not None and separator.start() < settled:
            following = next(separators, None)
            stop = following.start() + 1 if following else len(window)
            yield base + separator.start() + 1, separator[0], _header_block(window, separator.end() - 1, stop)
            separator = following
        base, window = base + settled, window[settled:]


def _header_block(window: bytes, begin: int, stop: int) -> bytes:
    """The bytes from `begin`, a newline, to the first blank line, `stop`, or the longest block allowed."""
    stop = min(stop, begin + LONGEST_BLOCK)
    blank = _BLANK_LINE.search(window, begin, stop)
    return window[begin : blank.start() + 1 if blank else stop]


def _indent(head: bytes) -> int:
    """The index of the newline before the first line of `head` that is not blank."""
    return head.rindex(b"\n", 0, len(head) - len(head.lstrip()))
