"""Packed bytes (gzip, xz, bzip2, deflate) as streams that are read once, forwards, in little memory.

What unpacks badly is read as far as it unpacks: the stream ends there, so that its reader gives all the
records that it holds, and the error is raised where the stream is closed, at the end of its ``with``.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, RawIOBase
from typing import Any, BinaryIO, Protocol

from connectors.bounds import Bounds
from connectors.records import ConnectorError

# Every file may unpack to this much, whatever its packed size: small texts pack a thousandfold.
ALLOWANCE = 64 * 2**20

PACKERS = {".gz": "gz", ".xz": "xz", ".bz2": "bz2"}

_CHUNK = (
    32 * 1024
)  # of packed bytes; what follows a stream in its chunk is copied, so thousands of tiny ones cost
_PIECE = 256 * 1024
_AGAIN = "download it again, or unpack it yourself and add what comes out"


class UnpackError(ConnectorError):
    """Packed data is damaged, ends early, or asks for more memory or room than it may have."""


class _Unpacker(Protocol):
    """What the decompressors of bz2 and lzma have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Inflater:
    """zlib's decompressor behind the interface of the others: it keeps what it was given and did not use."""

    def __init__(self, bits: int) -> None:
        self._zlib = zlib.decompressobj(bits)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int = 0) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


@dataclass(frozen=True)
class _Packer:
    """One way of packing. label: its name to people.

    magic: how a further stream begins, where several may follow each other (RFC 1952 2.2); else empty.
    """

    label: str
    magic: bytes
    unpacker: Callable[[Bounds], _Unpacker]


_PACKED = {
    "gz": _Packer("gzip", b"\x1f\x8b", lambda _: _Inflater(16 + zlib.MAX_WBITS)),
    # Half of the memory, because a reader works beside it.
    "xz": _Packer(
        "xz",
        b"\xfd7zXZ\x00",
        lambda bounds: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=bounds.memory_mb * 2**20 // 2),
    ),
    "bz2": _Packer("bzip2", b"BZh", lambda _: bz2.BZ2Decompressor()),
    "deflate": _Packer("zip", b"", lambda _: _Inflater(-zlib.MAX_WBITS)),
}


class _Source:
    """Packed bytes in chunks, at most `size` of them, and how many have been taken."""

    def __init__(self, raw: BinaryIO, size: int) -> None:
        self._raw = raw
        self._left = size
        self.taken = 0

    def more(self) -> bytes:
        chunk = self._raw.read(min(_CHUNK, self._left))
        self.taken += len(chunk)
        self._left -= len(chunk)
        return chunk


class _Pieces(RawIOBase):
    """Pieces of bytes as a stream that ends where they fail; `failure` says why, once it has come to that."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")
        self._position = 0
        self.failure: UnpackError | None = None

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer, as its base class says
        filled = 0
        while filled < len(buffer) and (self._rest or self._next()):
            taken = min(len(buffer) - filled, len(self._rest))
            buffer[filled : filled + taken] = self._rest[:taken]
            self._rest = self._rest[taken:]
            filled += taken
        self._position += filled
        return filled

    def _next(self) -> bool:
        """Whether there was another piece."""
        try:
            self._rest = memoryview(next(self._pieces, b""))
        except UnpackError as error:  # the generator is finished by it: from now on there are no more pieces
            self.failure = error
        return bool(self._rest)


@contextmanager
def streamed(pieces: Iterator[bytes]) -> Iterator[BinaryIO]:
    """Pieces of bytes, none of them empty, as a stream. Raises at its end the UnpackError that ended them."""
    source = _Pieces(pieces)
    try:
        yield BufferedReader(source, _PIECE)
    except ConnectorError as error:  # a reader may well stumble where the bytes break off
        if source.failure:
            raise source.failure from error
        raise
    if source.failure:
        raise source.failure


@contextmanager
def opened_packed(
    raw: BinaryIO, kind: str, packed_size: int, bounds: Bounds | None = None
) -> Iterator[BinaryIO]:
    """The unpacked bytes of `raw`, whose next `packed_size` bytes are packed as `kind` (a value of PACKERS).

    Raises at its end UnpackError if they did not all unpack: what was read until then counts.
    """
    with streamed(unpacked(raw, kind, packed_size, bounds or Bounds())) as stream:
        yield stream


def unpacked(raw: BinaryIO, kind: str, packed_size: int, bounds: Bounds) -> Iterator[bytes]:
    """The unpacked bytes in pieces, none of them empty. kind: of PACKERS, ``deflate`` or ``stored``."""
    source = _Source(raw, packed_size)
    if kind == "stored":
        yield from iter(source.more, b"")
        return
    given = 0
    for piece in _streams(source, _PACKED[kind], bounds):
        given += len(piece)
        if given - ALLOWANCE > bounds.expansion * source.taken:
            raise UnpackError(
                f"unpacks to more than {bounds.expansion} times its size: it may be a bomb; "
                "if you trust it, raise bounds.expansion in kith.toml"
            )
        yield piece


def _streams(source: _Source, packer: _Packer, bounds: Bounds) -> Iterator[bytes]:
    """The pieces of all packed streams that follow each other, padding and trailing garbage passed over."""
    data = source.more()
    while True:
        unpacker = packer.unpacker(bounds)
        while not unpacker.eof:
            piece = _piece(unpacker, data, packer, source.taken)
            data = b""
            if piece:
                yield piece
            elif not unpacker.eof:
                data = source.more()
                if not data:
                    raise UnpackError(f"the {packer.label} data ends early: {_AGAIN}")
        data = _following(unpacker.unused_data, source)
        if not packer.magic or not data.startswith(packer.magic):
            return


def _piece(unpacker: _Unpacker, data: bytes, packer: _Packer, taken: int) -> bytes:
    try:
        return unpacker.decompress(data, _PIECE)
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, MemoryError) as error:
        # "Error -3 while decompressing data: incorrect header check": the last part is what people can use.
        said = str(error).rpartition(": ")[2].lower() or "out of memory"
        reason = f"the {packer.label} data cannot be unpacked near byte {taken} ({said})"
        raise UnpackError(f"{reason}: {_AGAIN}") from error


def _following(data: bytes, source: _Source) -> bytes:
    """What follows a stream, without the zeros with which tapes and blocks are filled up."""
    data = data.lstrip(b"\x00")
    while len(data) < len(_PACKED["xz"].magic) and (chunk := source.more()):
        data = (data + chunk).lstrip(b"\x00")
    return data
