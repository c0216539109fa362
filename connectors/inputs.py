"""What a connector is given to read: a stream of bytes, and what is known of where they come from."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from connectors.bounds import Bounds
from connectors.records import ConnectorError, NotThisFormat

_PIECE = 2**20  # a read of all that is allowed would ask for that much memory at once
_NOTHING: frozenset[str] = frozenset()


class TooLarge(ConnectorError):
    """A file that must be read whole is larger than the bound."""


@dataclass(frozen=True, slots=True)
class Input:
    """One file to read.

    stream: its bytes; it can be sought in only if the format's files grow, and then stands at 0.
    name: the file's name without the suffix of a packer: ``cur/1700.abc:2,S``, ``Mail/Sent.mbox``.
    start: the position from which to read, 0 but for files that grow. size: how many bytes it had when it
    was looked at, counted from 0; None if only its end tells.
    dated: when the export was made, as far as its archive or its file says so; UTC.
    known: digests of the records that have landed from it; they may be told as `Seen`.
    """

    stream: BinaryIO
    name: str
    start: int = 0
    size: int | None = None
    dated: datetime | None = None
    known: frozenset[str] = _NOTHING
    bounds: Bounds = field(default_factory=Bounds)

    def whole(self) -> bytes:
        """All of its bytes. Raises TooLarge if it has more than `bounds.whole_file_mb`."""
        most = self.bounds.whole_file_mb * 2**20
        if self.size is not None and self.size <= most:
            return self.stream.read(self.size)
        pieces, length = list[bytes](), 0
        while length <= most and self.size is None and (piece := self.stream.read(_PIECE)):
            pieces.append(piece)
            length += len(piece)
        if self.size is not None or length > most:
            most_mb = self.bounds.whole_file_mb
            raise TooLarge(f"larger than {most_mb} MB: split it, or raise bounds.whole_file_mb in kith.toml")
        return b"".join(pieces)


@contextmanager
def opened_regular(path: Path | bytes, *, buffering: int = -1) -> Iterator[BinaryIO]:
    """A regular file. Raises NotThisFormat for anything else, and OSError.

    Opening follows no link and waits for no writer, so a pipe put in the place of a file does no harm.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb", buffering=buffering) as file:  # noqa: PTH123 - Path.open takes no descriptor
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotThisFormat("not a regular file: it is not opened")
        yield file


@contextmanager
def plain(path: Path, start: int = 0, bounds: Bounds | None = None) -> Iterator[Input]:
    """An ordinary file on disk as an input."""
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        yield Input(stream, path.name, start=start, size=size, bounds=bounds or Bounds())
