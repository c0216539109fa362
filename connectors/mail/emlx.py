"""Apple Mail's .emlx and .partial.emlx: a line with the message's size, the message, a property list."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from connectors.inputs import Input
from connectors.mail.places import DELETED, DRAFT, SPAM, of_message_file
from connectors.mail.single import only_message
from connectors.records import Item

_COUNT = re.compile(rb"\s*(\d{1,12})\s*\n")
_FLAGS = re.compile(rb"<key>flags</key>\s*<integer>(\d{1,18})</integer>")
_PLACES = ((1 << 24, SPAM), (1 << 1, DELETED), (1 << 6, DRAFT))
_HEAD_ENDS = re.compile(rb"\r?\n\r?\n")
_LONGEST_LINE = 64
_LONGEST_LIST = 64 * 1024
_CHUNK = 256 * 1024


def read(source: Input) -> Iterator[Item]:
    """The message of a file, of which only headers and flags are read.

    Without the first line it is read as an .eml file.
    """
    most = source.bounds.header_bytes + 1
    first_line = source.stream.readline(_LONGEST_LINE)
    count = _COUNT.fullmatch(first_line)
    if not count:
        head, place = first_line + source.stream.read(most), ""
    else:
        length = int(count[1])
        data = source.stream.read(most)
        _pass_over(source.stream, length - len(data))
        place = _place(data[length:] + source.stream.read(_LONGEST_LIST))
        # A count that ends within the headers is wrong, for a blank line ends them.
        head = data[:length] if not length or _HEAD_ENDS.search(data[:length]) else data
    yield from only_message(head, place or of_message_file(source.name), source.bounds)


def _pass_over(stream: BinaryIO, count: int) -> None:
    """Read on by `count` bytes or to the end; a packed stream cannot be sought in."""
    while count > 0 and (chunk := stream.read(min(count, _CHUNK))):
        count -= len(chunk)


def _place(properties: bytes) -> str:
    """Where the flags of the property list put the message. Only this number is looked for: a property list
    is XML, and expands what it is told to."""
    flags = _FLAGS.search(properties)
    return next((place for bit, place in _PLACES if flags and int(flags[1]) & bit), "")
