"""connectors.packed: packed files are streams in little memory, and damage costs what it covers."""

import bz2
import gzip
import io
import lzma
import random
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.bounds import Bounds
from connectors.packed import ALLOWANCE, UnpackError, opened_packed
from connectors.records import NotThisFormat

PACK: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "xz": lzma.compress, "bz2": bz2.compress}
KINDS = sorted(PACK)
TEXT = b"From: Ada <ada@ada.example>\nDate: Mon, 5 Jan 2026 10:00:00 +0000\n\n" * 400
NOISE = random.Random(1).randbytes(300_000)  # noqa: S311 - bytes that do not pack, the same every time


class Pipe(io.RawIOBase):
    """A source that cannot be sought in and gives little at a time."""

    def __init__(self, data: bytes, at_once: int = 1000) -> None:
        self._data, self._at_once = io.BytesIO(data), at_once

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(self._at_once if size < 0 else min(size, self._at_once))


def unpacked(data: bytes, kind: str, bounds: Bounds | None = None) -> bytes:
    with opened_packed(io.BytesIO(data), kind, len(data), bounds) as stream:
        return stream.read()


def until_failure(data: bytes, kind: str) -> tuple[bytes, str]:
    """What was read, and why it ended there."""
    read = b""
    with pytest.raises(UnpackError) as failure, opened_packed(io.BytesIO(data), kind, len(data)) as stream:
        read = stream.read()
    return read, str(failure.value)


@pytest.mark.parametrize("kind", KINDS)
@given(parts=st.lists(st.binary(max_size=3000), min_size=1, max_size=4))
def test_what_was_packed_in_any_number_of_streams_is_unpacked(kind: str, parts: list[bytes]) -> None:
    assert unpacked(b"".join(map(PACK[kind], parts)), kind) == b"".join(parts)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.binary(max_size=300))
def test_any_bytes_unpack_or_fail_in_words(kind: str, data: bytes) -> None:
    with suppress(UnpackError):
        unpacked(data, kind)
    with suppress(UnpackError):
        unpacked(PACK[kind](b"x")[: len(data)] + data, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pipe_is_read_line_by_line(kind: str) -> None:
    packed = PACK[kind](TEXT)
    with opened_packed(cast(BinaryIO, Pipe(packed, 7)), kind, len(packed)) as stream:
        assert not stream.seekable()
        assert stream.readline() == TEXT[: TEXT.index(b"\n") + 1]
        assert stream.tell() == TEXT.index(b"\n") + 1
        assert sum(1 for _ in stream) == TEXT.count(b"\n") - 1


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_read_beyond_the_size_that_the_file_had(kind: str) -> None:
    packed = PACK[kind](TEXT)
    file = io.BytesIO(packed + PACK[kind](b"written since"))
    with opened_packed(file, kind, len(packed)) as stream:
        assert stream.read() == TEXT
    assert file.tell() == len(packed)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tail", [b"\0" * 40_000, b"garbage", b"\0\0\x1f"])
def test_padding_and_garbage_behind_it_are_passed_over(kind: str, tail: bytes) -> None:
    assert unpacked(PACK[kind](TEXT) + tail, kind) == TEXT


@pytest.mark.parametrize("kind", KINDS)
def test_padding_between_two_streams_is_passed_over(kind: str) -> None:
    assert unpacked(PACK[kind](b"one ") + b"\0" * 4 + PACK[kind](b"two"), kind) == b"one two"


@pytest.mark.parametrize("kind", ["gz", "xz"])
def test_of_a_truncated_file_what_there_is_is_read_and_then_the_error_comes(kind: str) -> None:
    packed = PACK[kind](NOISE)
    read, reason = until_failure(packed[: len(packed) // 2], kind)
    assert len(read) > len(NOISE) // 3
    assert NOISE.startswith(read)
    assert "ends early: download it again" in reason


def test_a_damaged_second_member_does_not_cost_the_first() -> None:
    second = bytearray(gzip.compress(NOISE))
    second[5000] ^= 0xFF
    second[-6] ^= 0xFF
    read, reason = until_failure(gzip.compress(TEXT) + bytes(second), "gz")
    assert read.startswith(TEXT)
    assert "cannot be unpacked near byte" in reason


@pytest.mark.parametrize("kind", KINDS)
def test_another_kind_of_data_is_refused(kind: str) -> None:
    read, reason = until_failure(b"<!DOCTYPE html><title>Sign in</title>", kind)
    assert not read
    assert "cannot be unpacked" in reason


def test_an_empty_file_ends_early() -> None:
    assert until_failure(b"", "gz") == (
        b"",
        "the gzip data ends early: download it again, or unpack it yourself and add what comes out",
    )


def fails_after_reading(data: bytes) -> None:
    with opened_packed(io.BytesIO(data), "gz", len(data)) as stream:
        stream.read()
        raise NotThisFormat("no calendar in it")


def test_a_reader_that_stumbles_where_the_bytes_break_off_is_not_to_blame() -> None:
    with pytest.raises(UnpackError, match="ends early"):
        fails_after_reading(gzip.compress(TEXT)[:-20])


def test_what_a_reader_says_of_whole_data_is_passed_on() -> None:
    with pytest.raises(NotThisFormat):
        fails_after_reading(gzip.compress(TEXT))


def test_who_reads_only_the_head_of_a_damaged_file_is_not_told_of_its_end() -> None:
    cut = gzip.compress(NOISE * 4)[:-20]
    with opened_packed(io.BytesIO(cut), "gz", len(cut)) as stream:
        assert stream.read(1000) == NOISE[:1000]


def test_a_bomb_is_read_to_its_allowance() -> None:
    bomb = gzip.compress(bytes(2**20)) * 80
    lengths: list[int] = []
    reason = "more than 10 times its size: it may be a bomb"
    with (
        pytest.raises(UnpackError, match=reason),
        opened_packed(io.BytesIO(bomb), "gz", len(bomb), Bounds(expansion=10)) as stream,
    ):
        lengths.extend(map(len, iter(lambda: stream.read(2**20), b"")))
    assert ALLOWANCE <= sum(lengths) <= ALLOWANCE + 10 * len(bomb)


def test_a_bomb_below_the_allowance_is_read() -> None:
    assert len(unpacked(bz2.compress(bytes(10 * 2**20)), "bz2", Bounds(expansion=10))) == 10 * 2**20


@pytest.mark.parametrize("kind", KINDS)
def test_memory_stays_flat_whatever_it_unpacks_to(kind: str) -> None:
    packed = PACK[kind](bytes(20 * 2**20))
    tracemalloc.start()
    with opened_packed(io.BytesIO(packed), kind, len(packed)) as stream:
        while stream.read(2**16):
            pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12 * 2**20  # xz's own dictionary is 8 MB


def test_xz_data_that_needs_more_memory_than_allowed_is_refused() -> None:
    greedy = lzma.compress(b"x" * 100, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 200 * 2**20}])
    with (
        pytest.raises(UnpackError, match="memory usage limit exceeded"),
        opened_packed(io.BytesIO(greedy), "xz", len(greedy), Bounds(memory_mb=128)) as stream,
    ):
        stream.read()
