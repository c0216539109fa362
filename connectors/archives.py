"""The files in a zip archive, read in place: nothing is ever unpacked to disk.

What cannot be trusted is refused before it is opened: a single file as a value, the whole archive by an
exception.
"""

import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from connectors.bounds import Bounds
from connectors.inputs import opened_regular
from connectors.packed import ALLOWANCE, UnpackError, streamed, unpacked
from connectors.text import clean
from connectors.zip_table import LOCAL, Entry, Table, entries, text_of

_PACKINGS = {0: "stored", 8: "deflate", 12: "bz2"}  # APPNOTE 4.4.5
_ENCRYPTED = 1 | 1 << 6 | 1 << 13  # 4.4.4: traditional, strong, masked table of contents
_AES = 99
_PATCH = 1 << 5
_LEADS_OUT = re.compile(r"/|[A-Za-z]:|(?:.*/)?\.\.(?:/|\Z)", re.DOTALL)
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # and what turns text round

_AGAIN = "download it again"
_PLAINLY = "pack it again as an ordinary zip file"


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A file in an archive.

    name: its path in the archive, with slashes; unique in it. size: of its bytes. packed_size: of what it
    takes in the archive. crc: CRC-32 of its bytes. position: of its local header. packing: as
    `packed.unpacked` calls it.
    dated: when it was last changed, in UTC; of archives that give only a local time, that time as if in UTC.
    """

    name: str
    size: int
    packed_size: int
    crc: int
    dated: datetime | None
    position: int
    packing: str


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is not read. name: fit to be shown. reason: one clause. mend: what the user can do."""

    name: str
    reason: str
    mend: str = ""


def members(path: Path, bounds: Bounds | None = None) -> list[Member | Refused]:
    """The files of an archive in the order of its table of contents; archives in it are files like others.

    Folders are left out. Of several files of one name the last is the member, as it is what unpacking would
    leave, and the others are refused. Raises UnpackError if the archive as a whole cannot be trusted,
    NotThisFormat if it is none.
    """
    bounds = bounds or Bounds()
    with opened_regular(path) as file:
        table, found = entries(file, bounds)
    _check(found, table, bounds)
    return _last_of_each_name([judged for entry in found if (judged := _judged(entry, bounds))])


@contextmanager
def opened_member(path: Path, member: Member, bounds: Bounds | None = None) -> Iterator[BinaryIO]:
    """The bytes of a member as a stream that cannot be sought in.

    Raises at its end UnpackError if they are not what the table said: what was read until then counts.
    """
    with opened_regular(path) as file:
        file.seek(_data_position(file, member))
        pieces = unpacked(file, member.packing, member.packed_size, bounds or Bounds())
        with streamed(_as_declared(pieces, member)) as stream:
            yield stream


def _check(found: list[Entry], table: Table, bounds: Bounds) -> None:
    """Raise if files share bytes, which makes a small archive as large as one likes, or promise too much.

    Local headers may be longer than the table tells. But where the parts that it tells of do not overlap, the
    archive has as many bytes as its files have packed bytes, which is what the bound on expansion builds on.
    """
    stop = 0
    for entry in sorted(found, key=lambda each: each.position):
        if entry.position < stop:
            raise UnpackError(f"files in it overlap, as in a bomb: {_PLAINLY}")
        stop = entry.end
    if stop > table.start:
        raise UnpackError(f"files in it reach beyond its end: {_AGAIN}")
    packed_size = sum(entry.packed_size for entry in found)
    if _is_bomb(sum(entry.size for entry in found), packed_size, bounds):
        raise UnpackError(": ".join(_bomb(bounds)))


def _judged(entry: Entry, bounds: Bounds) -> Member | Refused | None:
    """A member, or why it is none; None for a folder."""
    name = text_of(entry.raw_name)
    if name.endswith("/") and not entry.size:
        return None
    if objection := _objection(entry, name, bounds):
        reason, mend = objection
        return Refused(name=clean(name) or "(no name)", reason=reason, mend=mend)
    return Member(
        name=name,
        size=entry.size,
        packed_size=entry.packed_size,
        crc=entry.crc,
        dated=entry.dated,
        position=entry.position,
        packing=_PACKINGS[entry.method],
    )


def _objection(entry: Entry, name: str, bounds: Bounds) -> tuple[str, str] | None:
    """Why an entry is not read, and the mend."""
    file_type = stat.S_IFMT(entry.attributes >> 16)  # zero where no Unix made the archive
    if not name or _CONTROLS.search(name):
        return "its name is empty or holds control characters", _PLAINLY
    if "\\" in name or _LEADS_OUT.match(name):
        return "its name leads out of the archive", _PLAINLY
    if name.endswith("/") or file_type not in {0, stat.S_IFREG}:
        return "a link, a device or a folder with content, not a file", ""
    if entry.flags & _ENCRYPTED or entry.method == _AES:
        return "encrypted", "unpack it with its password and add the files"
    if entry.flags & _PATCH or entry.method not in _PACKINGS:
        return f"packed by method {entry.method}, which is not read", _PLAINLY
    return _bomb(bounds) if _is_bomb(entry.size, entry.packed_size, bounds) else None


def _last_of_each_name(found: list[Member | Refused]) -> list[Member | Refused]:
    last = {each.name: each for each in found if isinstance(each, Member)}
    return [
        Refused(name=clean(each.name), reason="a later file in the archive has the same name")
        if isinstance(each, Member) and last[each.name] is not each
        else each
        for each in found
    ]


def _data_position(file: BinaryIO, member: Member) -> int:
    """Where a member's packed bytes begin. Raises UnpackError if another local header stands there."""
    file.seek(member.position)
    header = file.read(LOCAL.size)
    if len(header) == LOCAL.size and header.startswith(b"PK\3\4"):
        _, _, _, method, *_, name_length, extra_length = LOCAL.unpack(header)
        if text_of(file.read(name_length)) == member.name and _PACKINGS.get(method) == member.packing:
            return member.position + LOCAL.size + int(name_length) + int(extra_length)
    raise UnpackError(f"the archive's table of contents does not fit what is in it: {_AGAIN}")


def _as_declared(pieces: Iterator[bytes], member: Member) -> Iterator[bytes]:
    """The bytes of a member, never more than its size. Raises UnpackError if they are not what it says."""
    given = crc = 0
    for piece in pieces:
        kept = piece[: member.size - given]
        given += len(piece)
        crc = zlib.crc32(kept, crc)
        if kept:
            yield kept
        if given > member.size:
            break
    if given != member.size:
        raise UnpackError(f"not of the size that the archive says, {member.size} bytes: {_AGAIN}")
    if crc != member.crc:
        raise UnpackError(f"its checksum is wrong, so it was damaged: {_AGAIN}")


def _is_bomb(size: int, packed_size: int, bounds: Bounds) -> bool:
    return size - ALLOWANCE > bounds.expansion * packed_size


def _bomb(bounds: Bounds) -> tuple[str, str]:
    return (
        f"unpacks to more than {bounds.expansion} times its size, as a bomb does",
        "if you trust it, raise bounds.expansion in kith.toml",
    )
