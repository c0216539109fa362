"""A file of records, one a line as JSON, without those who are forgotten."""

from collections.abc import Iterable
from typing import BinaryIO, NamedTuple

import msgspec

from warehouse.forgetting.cleansing import Row, cleansed
from warehouse.forgetting.recognising import Forgotten


class Sifted(NamedTuple):
    """What became of the lines. gone: the records that went; changed: how many others lost something."""

    gone: list[Row]
    changed: int


def sift(lines: Iterable[bytes], out: BinaryIO, kind: str, forgotten: Forgotten, source: str) -> Sifted:
    """Write the records of a kind as they may stay: what says nothing of them, byte for byte."""
    gone, changed = list[Row](), 0
    decoder = msgspec.json.Decoder()
    for line in lines:
        row: Row = decoder.decode(line)
        is_suspect = forgotten.may_hold(line.decode())
        kept = cleansed(kind, row, forgotten, source, is_suspect=is_suspect)
        if kept is None:
            gone.append({column: row.get(column) for column in ("file", "key", "position")})
        elif kept is row:
            out.write(line)
        else:
            changed += 1
            out.write(msgspec.json.encode(kept) + b"\n")
    return Sifted(gone, changed)
