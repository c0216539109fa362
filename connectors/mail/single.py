"""Files that hold one message: what .eml, .emlx and Maildir files share."""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from connectors.bounds import Bounds
from connectors.mail.fields import is_mail, text_of
from connectors.mail.foreign import no_mail
from connectors.mail.headers import message
from connectors.records import Item, Message, NotThisFormat
from connectors.text import decode, wide_encoding

_BLANK_LINE = re.compile(rb"\n\r?\n")
_SEPARATOR = re.compile(rb"\s*>?From [^\n]{0,300}\n")
_HEAD_ENDS = re.compile(rb"\n(?:(?<=[!-~]\n)|(?<=[!-~]\r\n))\r?\n")  # not the blank lines before it
_WIDE_MARKS = b"\xff\xfe"  # how the byte-order marks of UTF-16 and UTF-32 begin, if not with a NUL
_FIRST_LOOK = 16 * 1024  # holds the headers of nearly all mail


def head_of(stream: BinaryIO, most: int) -> bytes:
    """The beginning of a file, up to `most` bytes: no less than its headers, and hardly more."""
    size = min(_FIRST_LOOK, most)
    head = stream.read(size)
    return head if len(head) < size or _HEAD_ENDS.search(head) else head + stream.read(most - size)


def only_message(data: bytes, place: str, bounds: Bounds) -> Iterator[Item]:
    """The message whose beginning is `data`, up to a byte more than `bounds.header_bytes`.

    An mbox separator before it is left out, and CR alone ends lines too. Raises NotThisFormat.
    """
    if data.isspace() or not data:
        raise NotThisFormat("no mail message in it: the file is empty; export or download it again")
    if (b"\x00" in data or data[0] in _WIDE_MARKS) and wide_encoding(data):
        data = decode(data).encode()
    text = data.removeprefix(codecs.BOM_UTF8)
    if b"\n" not in text:
        text = text.replace(b"\r", b"\n")
    separator = _SEPARATOR.match(text)
    block = b"\n" + (text[separator.end() :] if separator else text.lstrip(b"\r\n"))
    blank = _BLANK_LINE.search(block)
    is_cut = not blank and len(data) > bounds.header_bytes
    block = block[: blank.start() + 1 if blank else bounds.header_bytes]
    item = message(
        block,
        position=0,
        locator="byte 0",
        separator=b"\n" + separator[0] if separator else b"",
        place=place,
        bounds=bounds,
        is_cut=is_cut,
    )
    if not isinstance(item, Message) and not is_mail(text_of(block)):
        raise no_mail(data)
    yield item
