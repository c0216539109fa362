"""The table of contents of a zip archive (PKWARE APPNOTE 6.3), entry by entry as it stands there.

It is read here and not by `zipfile`, which takes it into memory whatever its size and gives up an archive for
one bad name.
"""

import os
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO, NamedTuple

from connectors.bounds import Bounds
from connectors.packed import UnpackError
from connectors.records import NotThisFormat

LOCAL = struct.Struct("<4s5H3L2H")  # 4.3.7, local file header

_END = struct.Struct("<4s4H2LH")  # 4.3.16, end of central directory
_END_64 = struct.Struct("<4sQ2H2L4Q")  # 4.3.14
_LOCATOR_64 = struct.Struct("<4sLQL")  # 4.3.15
_ENTRY = struct.Struct("<4s6H3L5H2L")  # 4.3.12, central directory header
_ZIP_64, _UNIX_TIME = 0x0001, 0x5455  # 4.5.2, and Info-ZIP's

_LONGEST_COMMENT = 0xFFFF
_LARGEST_TABLE = 64 * 2**20
_AGAIN = "download it again"


class Table(NamedTuple):
    """Where the central directory is. shift: what to add to its positions, as something precedes the zip."""

    start: int
    size: int
    entries: int
    shift: int


class Entry(NamedTuple):
    """One entry. attributes: the external ones (4.4.15). position: of its local header in the file."""

    raw_name: bytes
    flags: int
    method: int
    dated: datetime | None
    crc: int
    packed_size: int
    size: int
    attributes: int
    position: int

    @property
    def end(self) -> int:
        """Where its data ends at the earliest: its local header may hold more than is known from here."""
        return self.position + LOCAL.size + len(self.raw_name) + self.packed_size


def entries(file: BinaryIO, bounds: Bounds) -> tuple[Table, list[Entry]]:
    """The table of an archive. Raises UnpackError if it is missing, damaged or too large."""
    table = _table(file)
    if table.entries > bounds.members or table.size > _LARGEST_TABLE:
        raise _too_many(bounds)
    file.seek(table.start)
    return table, list(_entries(file.read(table.size), table.shift, bounds))


def text_of(raw_name: bytes) -> str:
    """A name: many programs write UTF-8 without saying so (4.4.4, bit 11), others the code page of DOS."""
    try:
        return raw_name.decode("utf-8")
    except UnicodeDecodeError:
        return raw_name.decode("cp437")


def _table(file: BinaryIO) -> Table:
    """Where the table is, by the record at the end of the file, after which a comment may stand."""
    tail_start = max(0, file.seek(0, os.SEEK_END) - _END.size - _LONGEST_COMMENT)
    file.seek(tail_start)
    tail = file.read(_END.size + _LONGEST_COMMENT)
    end = tail.rfind(b"PK\5\6", 0, max(0, len(tail) - _END.size + 4))
    if end < 0:
        file.seek(0)
        if file.read(2) != b"PK":
            raise NotThisFormat("not a zip file: add it as what it is")
        raise UnpackError(f"cut off: its end is missing, and with it its table of contents: {_AGAIN}")
    _, disk, table_disk, _, number, size, offset, _ = _END.unpack_from(tail, end)
    locator = end - _LOCATOR_64.size
    before = locator - _END_64.size
    if before >= 0 and tail.startswith(b"PK\6\7", locator) and tail.startswith(b"PK\6\6", before):
        _, _, _, _, disk, table_disk, _, number, size, offset = _END_64.unpack_from(tail, before)
        end = before
    if disk or table_disk:
        raise UnpackError("one part of an archive that was split: join the parts first")
    start = tail_start + end - size
    if offset > start:
        raise UnpackError(f"its beginning is missing, or its table of contents is damaged: {_AGAIN}")
    return Table(start, size, number, start - offset)


def _entries(table: bytes, shift: int, bounds: Bounds) -> Iterator[Entry]:
    """The entries of a table, at most as many as an archive may have."""
    at = number = 0
    while at < len(table):
        number += 1
        if number > bounds.members:
            raise _too_many(bounds)
        if len(table) - at < _ENTRY.size or not table.startswith(b"PK\1\2", at):
            raise UnpackError(f"its table of contents is damaged: {_AGAIN}")
        _, _, _, flags, method, time, day, crc, packed_size, size, *lengths, attributes, position = (
            _ENTRY.unpack_from(table, at)
        )
        name_length, extra_length, comment_length, _, _ = lengths
        name_at = at + _ENTRY.size
        extra_at = name_at + name_length
        extra = _extra(table[extra_at : extra_at + extra_length]) if extra_length else {}
        if _ZIP_64 in extra:
            size, packed_size, position = _widened((size, packed_size, position), extra[_ZIP_64])
        yield Entry(
            raw_name=table[name_at:extra_at],
            flags=flags,
            method=method,
            dated=_unix_time(extra.get(_UNIX_TIME, b"")) or _dos_time(day, time),
            crc=crc,
            packed_size=packed_size,
            size=size,
            attributes=attributes,
            position=position + shift,
        )
        at = extra_at + extra_length + comment_length


def _widened(values: tuple[int, ...], field: bytes) -> Iterator[int]:
    """The values, those that do not fit in 32 bits taken in their order from the field of zip64 (4.5.3)."""
    wide = struct.iter_unpack("<Q", field[: len(field) // 8 * 8])
    for value in values:
        yield next(wide, (value,))[0] if value == 0xFFFFFFFF else value


def _extra(data: bytes) -> dict[int, bytes]:
    """The extra fields (4.5.1) by their ids; what is broken is left out."""
    fields = {}
    at = 0
    while at + 4 <= len(data):
        field, length = struct.unpack_from("<2H", data, at)
        fields[field] = data[at + 4 : at + 4 + length]
        at += 4 + length
    return fields


def _unix_time(field: bytes) -> datetime | None:
    """The time of the last change: flags, then seconds since 1970."""
    if len(field) < 5 or not field[0] & 1:
        return None
    return datetime.fromtimestamp(int.from_bytes(field[1:5], "little"), UTC)


def _dos_time(day: int, time: int) -> datetime | None:
    """4.4.6; the first day of 1980 is what programs write that do not know."""
    if day <= 0x21:
        return None
    date = (1980 + (day >> 9), day >> 5 & 15, day & 31)
    try:
        return datetime(*date, time >> 11, time >> 5 & 63, (time & 31) * 2, tzinfo=UTC)
    except ValueError:
        return None


def _too_many(bounds: Bounds) -> UnpackError:
    return UnpackError(f"more than {bounds.members} files in it: raise bounds.members in kith.toml")
