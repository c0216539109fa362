"""connectors.archives: zip files are read in place, and what cannot be trusted is not opened."""

import bz2
import io
import os
import random
import struct
import tracemalloc
import zipfile
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.archives import Member, Refused, members, opened_member
from connectors.bounds import Bounds
from connectors.packed import UnpackError
from connectors.records import ConnectorError, NotThisFormat

CARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada Byte\r\nEMAIL:ada@ada.example\r\nEND:VCARD\r\n"
NOISE = random.Random(2).randbytes(100_000)  # noqa: S311 - bytes that do not pack, the same every time


def packed(*files: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data, method)
    return memory.getvalue()


def info(name: str, mode: int = 0o100644) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name, (2026, 1, 5, 10, 30, 2))
    made.external_attr, made.create_system = mode << 16, 3
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "export.zip"


def listed(path: Path, data: bytes, bounds: Bounds | None = None) -> list[Member | Refused]:
    path.write_bytes(data)
    return members(path, bounds)


def content(path: Path, member: Member | Refused) -> bytes:
    assert isinstance(member, Member)
    with opened_member(path, member) as stream:
        return stream.read()


def until_failure(path: Path, member: Member | Refused) -> tuple[bytes, str]:
    """What was read of a member, and why no more."""
    assert isinstance(member, Member)
    read = b""
    with pytest.raises(UnpackError) as failure, opened_member(path, member) as stream:
        read = stream.read()
    return read, str(failure.value)


def reason(found: list[Member | Refused]) -> str:
    [only] = found
    assert isinstance(only, Refused)
    return only.reason


def made_by_hand(
    headers: list[bytes], entries: list[tuple[bytes, int, int, int, int]], count: int | None = None
) -> bytes:
    """A zip of local parts, and of entries (name, crc, packed size, size, position), all deflated."""
    body, table = b"".join(headers), b""
    for name, crc, packed_size, size, position in entries:
        table += struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 8, 0, 0x21, crc, packed_size, size,
                             len(name), 0, 0, 0, 0, 0, position) + name  # fmt: skip
    number = len(entries) if count is None else count
    return body + table + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, number, number, len(table), len(body), 0)


def local(name: bytes, crc: int, packed_size: int, size: int, extra: bytes = b"") -> bytes:
    return struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 0x21, crc, packed_size, size,
                       len(name), len(extra)) + name + extra  # fmt: skip


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_files_are_read_in_every_usual_packing(path: Path, method: int) -> None:
    found = listed(path, packed(("a.vcf", CARD), ("deep/er/b.bin", NOISE), ("empty", b""), method=method))
    assert [content(path, member) for member in found] == [CARD, NOISE, b""]
    assert [member.name for member in found] == ["a.vcf", "deep/er/b.bin", "empty"]


FILES = st.dictionaries(
    st.text(st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=8).map(
        "x/{}.ics".format
    ),
    st.binary(max_size=500),
    max_size=6,
)


@given(files=FILES, before=st.binary(max_size=20), comment=st.binary(max_size=20))
def test_what_zipfile_packs_is_listed_and_read(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], before: bytes, comment: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "property.zip"
    with path.open("wb") as file:
        file.write(before)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.comment = comment
            for name, data in files.items():
                archive.writestr(name, data)
    found = members(path)
    assert {member.name: content(path, member) for member in found} == files


@given(
    place=st.integers(0, 10_000),
    value=st.integers(1, 255),
    start=st.integers(0, 300),
    stop=st.integers(-300, 0),
)
def test_a_damaged_archive_is_read_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, place: int, value: int, start: int, stop: int
) -> None:
    whole = bytearray(packed(("a.vcf", CARD), ("b/c.vcf", CARD * 3), ("d", b"")))
    whole[place % len(whole)] ^= value
    path = tmp_path_factory.getbasetemp() / "damaged.zip"
    path.write_bytes(whole[start if start < 200 else 0 : stop if stop < -200 else None])
    with suppress(ConnectorError):
        for member in members(path):
            if isinstance(member, Member):
                with opened_member(path, member) as stream:
                    assert len(stream.read()) <= member.size


def test_an_archive_of_more_than_4_gigabytes_states_its_sizes_in_wide_fields(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("mail.mbox", "w", force_zip64=True) as file:
            file.write(CARD)
        archive.writestr("b.vcf", CARD)
    data = path.read_bytes()
    end = data.rindex(b"PK\5\6")
    _, _, _, _, number, size, offset, _ = struct.unpack("<4s4H2LH", data[end:])
    wide = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, number, number, size, offset)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, end, 1)
    narrow = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    found = listed(path, data[:end] + wide + locator + narrow)
    assert [content(path, member) for member in found] == [CARD, CARD]


def test_a_wide_size_is_taken_from_the_entry(path: Path) -> None:
    name, data = b"big.mbox", deflated(CARD)
    extra = struct.pack("<2HQ", 1, 8, len(CARD))
    crc = zlib.crc32(CARD)
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 45, 45, 0, 8, 0, 0x21, crc, len(data), 0xFFFFFFFF,
                        len(name), len(extra), 0, 0, 0, 0, 0) + name + extra  # fmt: skip
    body = local(name, crc, len(data), 0xFFFFFFFF) + data
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(entry), len(body), 0)
    [member] = listed(path, body + entry + end)
    assert content(path, member) == CARD


def test_an_empty_archive_holds_nothing(path: Path) -> None:
    assert listed(path, packed()) == []


def test_folders_are_left_out_and_archives_are_files(path: Path) -> None:
    found = listed(path, packed((info("Takeout/", 0o40755), b""), (info("Takeout/inner.zip"), packed())))
    assert [member.name for member in found] == ["Takeout/inner.zip"]


def test_a_name_is_read_as_utf_8_or_in_the_code_page_of_dos(path: Path) -> None:
    unmarked = packed(("Kalendxr.ics", b"x")).replace(b"Kalendxr", b"Kalend\x84r")
    assert [each.name for each in listed(path, unmarked)] == ["Kalendär.ics"]
    apple = packed(("Agenda_xy.ics", b"x")).replace(b"_xy", " é".encode())
    assert [each.name for each in listed(path, apple)] == ["Agenda é.ics"]
    assert content(path, members(path)[0]) == b"x"


def test_a_member_is_dated_where_the_archive_says_when(path: Path) -> None:
    unix = info("b.csv")
    unix.extra = struct.pack("<2HBl", 0x5455, 5, 1, 1_767_600_000)
    found = listed(path, packed((info("a.csv"), b""), (unix, b""), (zipfile.ZipInfo("c.csv"), b"")))
    assert [each.dated for each in found if isinstance(each, Member)] == [
        datetime(2026, 1, 5, 10, 30, 2, tzinfo=UTC),
        datetime.fromtimestamp(1_767_600_000, UTC),
        None,
    ]


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../up.ics", "a/../../up.ics", "a/..", "..", "C:/up.ics", "c:up.ics", "a\\..\\up.ics"],
)
def test_a_name_that_leads_out_of_the_archive_is_refused(path: Path, name: str) -> None:
    assert reason(listed(path, packed((name, CARD)))) == "its name leads out of the archive"


@pytest.mark.parametrize("name", ["a..b/c...ics", "..a/b.ics", "a/b:c.ics", "./a.ics"])
def test_a_name_with_dots_inside_is_no_way_out(path: Path, name: str) -> None:
    assert [each.name for each in listed(path, packed((name, CARD))) if isinstance(each, Member)] == [name]


@pytest.mark.parametrize("character", ["\x00", "\n", "\x1b", "\u202e"])
def test_a_name_with_control_characters_is_refused_and_shown_without_them(path: Path, character: str) -> None:
    stand_in = "_" * len(character.encode())
    data = packed((f"mail{stand_in}box.ics", CARD)).replace(stand_in.encode(), character.encode())
    [refused] = listed(path, data)
    assert isinstance(refused, Refused)
    assert "control characters" in refused.reason
    assert refused.name.isprintable()


@pytest.mark.parametrize("mode", [0o120777, 0o010644, 0o020644, 0o060644, 0o140644])
def test_links_pipes_and_devices_are_refused(path: Path, mode: int) -> None:
    assert "not a file" in reason(listed(path, packed((info("calendar.ics", mode), b"/etc/passwd"))))


@pytest.mark.parametrize(
    ("flags", "method", "expected"),
    [(1, 8, "encrypted"), (0x41, 8, "encrypted"), (1, 99, "encrypted"), (0, 99, "encrypted"),
     (0, 14, "packed by method 14"), (0, 93, "packed by method 93"), (0, 9, "packed by method 9"),
     (0x20, 8, "packed by method 8")],
)  # fmt: skip
def test_encrypted_files_and_rare_packings_are_refused(
    path: Path, flags: int, method: int, expected: str
) -> None:
    data = bytearray(packed(("a.ics", CARD)))
    at = data.rindex(b"PK\1\2")
    struct.pack_into("<2H", data, at + 8, flags, method)
    assert reason(listed(path, bytes(data))).startswith(expected)


def test_of_several_files_of_one_name_the_last_is_read(path: Path) -> None:
    twice = packed(("a.vcf", CARD), ("b.vcf", b"B"), ("c.vcf", b"newer"))
    twice = twice.replace(b"c.vcf", b"a.vcf")
    first, second, third = listed(path, twice)
    assert isinstance(first, Refused)
    assert "same name" in first.reason
    assert [content(path, second), content(path, third)] == [b"B", b"newer"]


def test_files_that_share_their_bytes_are_a_bomb(path: Path) -> None:
    kernel = deflated(bytes(2**20))
    header = local(b"a", 0, len(kernel), 2**20)
    entries = [(b"a", 0, len(kernel), 2**20, 0), (b"b", 0, len(kernel), 2**20, 0)]
    with pytest.raises(UnpackError, match="overlap"):
        listed(path, made_by_hand([header, kernel], entries))


def test_files_whose_headers_are_quoted_in_each_other_are_a_bomb(path: Path) -> None:
    """Each local header's data is all that follows, so the last one's kernel is in every file."""
    kernel = deflated(bytes(2**20))
    header = local(b"x", 0, 0, 0)
    positions = [number * len(header) for number in range(100)]
    end = len(header) * 100 + len(kernel)
    entries = [(f"{position}".encode(), 0, end - position - 40, 2**20, position) for position in positions]
    with pytest.raises(UnpackError, match="overlap"):
        listed(path, made_by_hand([header * 100, kernel], entries))


def test_a_file_that_reaches_into_the_table_of_contents_is_no_file(path: Path) -> None:
    header = local(b"a", 0, 50, 100)
    with pytest.raises(UnpackError, match="reach beyond its end"):
        listed(path, made_by_hand([header, b"x" * 10], [(b"a", 0, 50, 100, 0)]))


def test_a_file_that_claims_to_unpack_to_too_much_is_refused(path: Path) -> None:
    small, data = deflated(NOISE), deflated(CARD)
    first, second = local(b"a", 0, len(small), len(NOISE)), local(b"b", 0, len(data), 2**27)
    at = len(first) + len(small)
    entries = [(b"a", 0, len(small), len(NOISE), 0), (b"b", 0, len(data), 2**27, at)]
    found = listed(path, made_by_hand([first, small, second, data], entries), Bounds(expansion=1000))
    assert isinstance(found[0], Member)
    assert reason(found[1:]) == "unpacks to more than 1000 times its size, as a bomb does"


def test_an_archive_of_many_small_bombs_is_refused(path: Path) -> None:
    bomb = packed(*((f"{number}.ics", bytes(2**20)) for number in range(80)))
    with pytest.raises(UnpackError, match="as a bomb does"):
        listed(path, bomb, Bounds(expansion=10))


def test_a_file_larger_than_it_says_is_read_to_its_size(path: Path) -> None:
    data = deflated(CARD * 1000)
    header = local(b"a", 0, len(data), len(CARD))
    found = listed(path, made_by_hand([header, data], [(b"a", 0, len(data), len(CARD), 0)]))
    read, said = until_failure(path, found[0])
    assert read == CARD
    assert said.startswith(f"not of the size that the archive says, {len(CARD)} bytes")


def test_a_file_smaller_than_it_says_is_read_to_its_end(path: Path) -> None:
    data = deflated(CARD)
    header = local(b"a", 0, len(data), 5000)
    found = listed(path, made_by_hand([header, data], [(b"a", zlib.crc32(CARD), len(data), 5000, 0)]))
    assert until_failure(path, found[0])[0] == CARD


def test_a_wrong_checksum_is_told_after_the_content(path: Path) -> None:
    found = listed(path, packed(("a.vcf", CARD), method=zipfile.ZIP_STORED).replace(b"Ada Byte", b"Eve Byte"))
    read, said = until_failure(path, found[0])
    assert read == CARD.replace(b"Ada", b"Eve")
    assert "checksum" in said


def test_packed_data_that_breaks_off_is_read_as_far_as_it_goes(path: Path) -> None:
    data = deflated(NOISE)[:50_000]
    header = local(b"a", 0, len(data), len(NOISE))
    found = listed(path, made_by_hand([header, data], [(b"a", 0, len(data), len(NOISE), 0)]))
    read, said = until_failure(path, found[0])
    assert len(read) > 40_000
    assert NOISE.startswith(read)
    assert "the zip data ends early" in said


def test_a_bzip2_bomb_of_a_lying_file_stays_in_little_memory(path: Path) -> None:
    data = bz2.compress(bytes(40 * 2**20))
    raw = bytearray(made_by_hand([local(b"a", 0, len(data), 100), data], [(b"a", 0, len(data), 100, 0)]))
    struct.pack_into("<H", raw, 8, 12)
    struct.pack_into("<H", raw, raw.rindex(b"PK\1\2") + 10, 12)
    [member] = listed(path, bytes(raw))
    tracemalloc.start()
    assert until_failure(path, member)[0] == bytes(100)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**22


def test_a_header_that_is_not_the_member_s_is_refused(path: Path) -> None:
    [member] = listed(path, packed(("a.vcf", CARD)))
    path.write_bytes(packed(("b.vcf", CARD)))
    assert until_failure(path, member) == (
        b"",
        "the archive's table of contents does not fit what is in it: download it again",
    )


def test_more_files_than_allowed_are_refused_by_what_it_says_and_by_what_it_holds(path: Path) -> None:
    entries = [(b"%d" % number, 0, 0, 0, number * 32) for number in range(60)]
    headers = [local(b"%02d" % number, 0, 0, 0) for number in range(60)]
    for count in (60, 3):
        with pytest.raises(UnpackError, match=r"more than 50 files in it: raise bounds\.members"):
            listed(path, made_by_hand(headers, entries, count), Bounds(members=50))


def test_a_table_of_contents_larger_than_any_real_one_is_not_read(path: Path) -> None:
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 10, 10, 65 * 2**20, 0, 0)
    with path.open("wb") as file:
        file.seek(65 * 2**20)
        file.write(end)
    with pytest.raises(UnpackError, match="more than"):
        members(path)


def test_a_truncated_archive_is_to_be_downloaded_again(path: Path) -> None:
    with pytest.raises(UnpackError, match=r"its end is missing.*: download it again"):
        listed(path, packed(("a.bin", NOISE))[:-40_000])


def test_an_archive_without_its_beginning_is_to_be_downloaded_again(path: Path) -> None:
    with pytest.raises(UnpackError, match="its beginning is missing"):
        listed(path, packed(("a.bin", NOISE))[40_000:])


def test_a_split_archive_is_to_be_joined(path: Path) -> None:
    data = bytearray(packed(("a.vcf", CARD)))
    struct.pack_into("<H", data, data.rindex(b"PK\5\6") + 4, 2)
    with pytest.raises(UnpackError, match="join the parts"):
        listed(path, bytes(data))


@pytest.mark.parametrize("data", [b"", b"<!DOCTYPE html>", b"\x1f\x8b" + bytes(30)])
def test_what_is_no_zip_is_told_from_a_damaged_one(path: Path, data: bytes) -> None:
    with pytest.raises(NotThisFormat):
        listed(path, data)


def test_a_pipe_and_a_link_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.zip")
    with pytest.raises(NotThisFormat, match="not a regular file"):
        members(tmp_path / "pipe.zip")
    (tmp_path / "link.zip").symlink_to("pipe.zip")
    with pytest.raises(OSError, match="symbolic"):
        members(tmp_path / "link.zip")
