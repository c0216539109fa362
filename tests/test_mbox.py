"""The mbox reader: where messages begin and end, in every dialect, at every position."""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.bounds import Bounds
from connectors.inputs import Input, plain
from connectors.mail import mbox
from connectors.records import ConnectorError, Item, Message, NotThisFormat, Rejected, Skipped

DATA = Path(__file__).parent / "data" / "mail"

LETTER = (
    b"From: Ada <ada@kvist.example>\nDate: Mon, 4 Mar 2024 09:00:00 +0000\nMessage-ID: <a@kvist.example>\n"
)


def read(path: Path, start: int = 0, bounds: Bounds | None = None) -> list[Item]:
    with plain(path, start, bounds) as source:
        return list(mbox.read(source))


def ids(items: Iterable[Item]) -> list[str]:
    return [
        item.message_id if isinstance(item, Message) else item.reason
        for item in items
        if isinstance(item, Message | Rejected | Skipped)
    ]


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "box.mbox"
    path.write_bytes(content)
    return path


def test_lines_of_a_body_that_begin_with_from_split_nothing() -> None:
    items = read(DATA / "thunderbird.mbox")
    assert ids(items) == ["bridge-1@kvist.example", "bridge-2@okoro.example", "bridge-3@kvist.example"]


def test_a_position_is_the_offset_of_the_separator_line() -> None:
    content = (DATA / "thunderbird.mbox").read_bytes()
    for item in read(DATA / "thunderbird.mbox"):
        assert isinstance(item, Message)
        assert content[item.position :].startswith(b"From ")
        assert item.locator == f"byte {item.position}"


@pytest.mark.parametrize("name", ["thunderbird.mbox", "takeout.mbox", "single.eml"])
def test_reading_from_a_position_gives_the_tail_of_the_file(name: str) -> None:
    items = read(DATA / name)
    for i, item in enumerate(items):
        assert isinstance(item, Message | Rejected)
        assert read(DATA / name, item.position) == items[i:]


@pytest.mark.parametrize("name", ["thunderbird.mbox", "takeout.mbox", "single.eml", "preamble.mbox"])
def test_line_ends_do_not_matter(name: str, tmp_path: Path) -> None:
    path = written(tmp_path, (DATA / name).read_bytes().replace(b"\n", b"\r\n"))
    assert ids(read(path)) == ids(read(DATA / name))


@pytest.mark.parametrize(
    "separator",
    [
        "From - Thu Jan  1 00:00:00 1970",
        "From 1790000000000000001@xxx Mon Jan 01 00:00:00 +0000 2024",
        "From ada@kvist.example Mon Jan  1 00:00 2024",
        "From ada@kvist.example  Mon Jan  1 00:00:00 CET 2024",
        "From ada@kvist.example Mon Jan  1 00:00:00 MET DST 2024",
        "From ada@kvist.example Mon Jan  1 00:00:00 2024 +0100",
        "From ada@kvist.example Mon Jan  1 00:00:00 2024 remote from kvist",
        "From ada at kvist.example  Mon Jan  1 00:00:00 2024",
        'From "ada k"@kvist.example Mon Jan  1 00:00:00 2024',
        "From MAILER-DAEMON Mon Jan  1 00:00:00 2024  ",
    ],
)
def test_every_dialect_of_the_separator_splits(separator: str, tmp_path: Path) -> None:
    one = separator.encode() + b"\n" + LETTER + b"\nbody\n\n"
    assert ids(read(written(tmp_path, one * 3))) == ["a@kvist.example"] * 3


@pytest.mark.parametrize(
    "line",
    [
        b"From here on: nothing",
        b"From ada@kvist.example Mon Jan  1 00:00:00 2024\nno header follows",
        b"From ada@kvist.example Mon Jan  1 00:00:00 2024\n\nFrom: a blank line follows",
        b"From Monday Jan 1 2024\nNote: no time of day",
        b"From me, Mon Jan  1 00:00:00 2024 was a fine day\nNote: a sentence goes on",
        b">From ada@kvist.example Mon Jan  1 00:00:00 2024\nFrom: quoted",
        b" From ada@kvist.example Mon Jan  1 00:00:00 2024\nFrom: indented",
    ],
)
def test_what_only_resembles_a_separator_splits_nothing(line: bytes, tmp_path: Path) -> None:
    one = b"From - Mon Jan  1 00:00:00 2024\n" + LETTER + b"\nbody\n" + line + b"\nend\n\n"
    assert ids(read(written(tmp_path, one * 2))) == ["a@kvist.example"] * 2


def test_a_message_without_blank_line_and_body_ends_at_the_next_separator(tmp_path: Path) -> None:
    content = b"From - Mon Jan  1 00:00:00 2024\nFrom: ada@kvist.example\n" * 2
    first, second = read(written(tmp_path, content))
    assert isinstance(first, Message)
    assert isinstance(second, Message)
    assert len(first.parties) == len(second.parties) == 1


def test_a_single_message_without_separator_is_read() -> None:
    [item] = read(DATA / "single.eml")
    assert isinstance(item, Message)
    assert (item.message_id, item.position, item.return_path) == ("single@kvist.example", 0, "")


def test_a_separator_without_a_date_may_head_a_single_message(tmp_path: Path) -> None:
    assert ids(read(written(tmp_path, b"From ada\n" + LETTER + b"\nx"))) == ["a@kvist.example"]


def test_blank_lines_and_a_byte_order_mark_before_the_first_message_are_nothing(tmp_path: Path) -> None:
    one = b"From - Mon Jan  1 00:00:00 2024\n" + LETTER + b"\n"
    for head in (b"\n\n", b"\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"):
        items = read(written(tmp_path, head + one))
        assert ids(items) == ["a@kvist.example"]
        assert isinstance(items[0], Message)
        assert items[0].position == len(head)
        assert ids(read(written(tmp_path, head + LETTER))) == ["a@kvist.example"]


def test_text_before_the_first_message_is_one_rejected_item() -> None:
    junk, letter = read(DATA / "preamble.mbox")
    assert isinstance(junk, Rejected)
    assert (junk.position, junk.locator, junk.reason) == (0, "byte 0", "text before the first message")
    assert isinstance(letter, Message)


def test_a_message_without_sender_date_and_id_is_rejected_without_its_values() -> None:
    _, rejected, _ = read(DATA / "takeout.mbox")
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "no sender, date or Message-ID among its headers"
    assert rejected.excerpt == "X-Gmail-Labels, Return-Path, Subject"


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        b"<!DOCTYPE html>\n<html>\nFrom: a page\n</html>",
        b"BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR\n",
        b"Notes:\nFirst Name,Last Name\n",
        b"just text",
        b"From " * 1000,
    ],
)
def test_a_file_without_a_message_is_not_this_format(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(NotThisFormat, match=r"no mail message in it: .*(export|kind)") as failure:
        read(written(tmp_path, content))
    assert "\n" not in str(failure.value)


def test_an_empty_or_blank_file_holds_nothing(tmp_path: Path) -> None:
    assert read(written(tmp_path, b"")) == []
    assert read(written(tmp_path, b"\n\n")) == []


def test_a_start_beyond_the_end_gives_nothing(tmp_path: Path) -> None:
    assert read(written(tmp_path, LETTER), 10_000) == []


def test_what_is_appended_while_reading_waits_for_the_next_reading(tmp_path: Path) -> None:
    one = b"From - Mon Jan  1 00:00:00 2024\n" + LETTER + b"\nbody\n\n"
    path = written(tmp_path, one * 2)
    with plain(path) as source:
        items = mbox.read(source)
        next(items)
        with path.open("ab") as file:
            file.write(one)
        assert len(list(items)) == 1


def test_a_header_block_beyond_its_bound_is_cut(tmp_path: Path) -> None:
    long = (
        b"From - Mon Jan  1 00:00:00 2024\n" + LETTER + b"X-Filler: x\n" * 60_000 + b"To: b@okoro.example\n\n"
    )
    first, second = read(written(tmp_path, long * 2))
    assert isinstance(first, Message)
    assert [party.role for party in first.parties] == ["from"]
    assert first.capped == "headers beyond 262144 bytes"
    assert isinstance(second, Message)
    assert second.position == len(long)


class Unseekable(io.RawIOBase):
    """A stream like that of a packed file: it gives what it likes and cannot be sought in."""

    def __init__(self, content: bytes, most: int) -> None:
        self.content, self.most = io.BytesIO(content), most

    def read(self, size: int = -1) -> bytes:
        return self.content.read(self.most if size < 0 else min(size, self.most))

    def seek(self, offset: int, whence: int = 0) -> int:
        raise io.UnsupportedOperation


@pytest.mark.parametrize("most", [1, 100, 1 << 20])
def test_a_packed_stream_of_unknown_size_is_read_to_its_end(most: int) -> None:
    content = (DATA / "thunderbird.mbox").read_bytes()
    stream = cast(BinaryIO, Unseekable(content, most))
    assert list(mbox.read(Input(stream, "thunderbird.mbox"))) == read(DATA / "thunderbird.mbox")


def test_reading_stops_at_the_size_that_the_file_had() -> None:
    one = b"From - Mon Jan  1 00:00:00 2024\n" + LETTER + b"\nbody\n\n"
    assert len(list(mbox.read(Input(io.BytesIO(one * 3), "box.mbox", size=2 * len(one))))) == 2


@pytest.mark.parametrize("name", ["thunderbird.mbox", "takeout.mbox", "single.eml", "preamble.mbox"])
def test_lines_that_end_like_those_of_old_macs_are_read(name: str, tmp_path: Path) -> None:
    path = written(tmp_path, (DATA / name).read_bytes().replace(b"\n", b"\r"))
    assert read(path) == read(DATA / name)


QUOTED = b"From ben@okoro.example Mon Jan  1 00:00:00 2024\nFrom: ben@okoro.example\n\nin a body\n"


def counted(body: bytes, length: int | None = None) -> bytes:
    count = len(body) if length is None else length
    return b"From - Mon Jan  1 00:00:00 2024\n" + LETTER + b"Content-Length: %d\n\n" % count + body + b"\n"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_counted_body_may_hold_separators(end: str, tmp_path: Path) -> None:
    body = (b"see\n" + QUOTED).replace(b"\n", end.encode())
    one = counted(b"").replace(b"\n", end.encode()).replace(b": 0", b": %d" % len(body))
    content = one.removesuffix(end.encode()) + body + end.encode()
    assert ids(read(written(tmp_path, content * 3))) == ["a@kvist.example"] * 3


@pytest.mark.parametrize("length", [0, 3, 40, 10_000, 10**11])
def test_a_wrong_count_hides_no_message(length: int, tmp_path: Path) -> None:
    content = counted(b"one\n", length) * 3
    assert ids(read(written(tmp_path, content))) == ["a@kvist.example"] * 3


def test_a_digest_and_a_forwarded_message_are_one_message(tmp_path: Path) -> None:
    body = b"--x\nContent-Type: message/rfc822\n\n" + LETTER + b"\nhello\n--x\n\n>" + QUOTED + b">>" + QUOTED
    one = b"From - Mon Jan  1 00:00:00 2024\n" + LETTER + b"\n" + body + b"\n"
    assert ids(read(written(tmp_path, one * 2))) == ["a@kvist.example"] * 2


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Trash.mbox", "trash"),
        ("[Gmail]/Spam", "spam"),
        ("Junk.mbox/mbox", "spam"),
        ("Entwürfe.mbox", "draft"),
        ("Mail/Papierkorb.sbd/2019", "trash"),
    ],
)
def test_the_mail_of_an_unwanted_folder_is_skipped(name: str, reason: str) -> None:
    source = Input(io.BytesIO((DATA / "thunderbird.mbox").read_bytes()), name)
    assert [getattr(item, "reason", "") for item in mbox.read(source)] == [reason] * 3


def test_the_mail_of_a_folder_of_sent_mail_is_labelled() -> None:
    source = Input(io.BytesIO((DATA / "takeout.mbox").read_bytes()), "Takeout/Mail/Gesendet.mbox")
    first = next(mbox.read(source))
    assert isinstance(first, Message)
    assert first.labels == ("Posteingang", "Geöffnet", "Verein, Garten", "sent folder")


@pytest.mark.parametrize(
    ("content", "mend"),
    [
        (b"<html><body>Sign in</body></html>", "sign in and download the export again"),
        (b"PK\x03\x04....", "add the archive itself"),
        (b"BEGIN:VCARD\r\nVERSION:3.0\r\n", "add it as the kind vcard"),
        (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "add it as the kind ics"),
        (b"\x00\x01\x02", "binary data"),
        (b"!BDN\x00", "export its mail as mbox"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_its_mend(content: bytes, mend: str, tmp_path: Path) -> None:
    with pytest.raises(NotThisFormat, match=mend):
        read(written(tmp_path, content))


headers = st.sampled_from(
    [
        LETTER,
        b"Message-ID: <b@okoro.example>\nTo: x@y.example,\n z@y.example\n",
        b">From ben Mon Jan  1 00:00:00 2024\nFrom: ben@okoro.example\n",
        b"X-Nothing: of ours\n",
        b"From: \xe9t\xe9 <ete@kvist.example>\nX-Long: " + b"x" * 5_000 + b"\n",
    ]
)
bodies = st.lists(
    st.sampled_from(
        [b"\n", b"text\n", b"From here\n", b"From: x\n", b">From - Mon Jan  1 00:00:00 2024\n", b"y" * 4_000]
    )
).map(b"".join)
messages = st.builds(
    lambda header, body: b"From - Mon Jan  1 00:00:00 2024\n" + header + b"\n" + body + b"\n", headers, bodies
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(messages, min_size=1, max_size=12), window=st.integers(1, 40_000))
def test_a_concatenation_splits_into_its_messages_wherever_the_windows_fall(
    parts: list[bytes], window: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mbox, "_CHUNK", window)
    path = written(tmp_path, b"".join(parts))
    items = read(path)
    assert [item.position for item in items if isinstance(item, Message | Rejected)] == [
        sum(map(len, parts[:i])) for i in range(len(parts))
    ]
    for part, item in zip(parts, items, strict=True):
        [alone] = read(written(tmp_path, part))
        assert type(alone) is type(item)
        if isinstance(item, Message) and isinstance(alone, Message):
            assert (alone.key, alone.parties, alone.sent_at) == (item.key, item.parties, item.sent_at)


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=300),
    head=st.sampled_from([b"", LETTER, b"From - Mon Jan  1 00:00:00 2024\nDate:"]),
)
def test_any_bytes_are_read_or_refused_but_never_crash(content: bytes, head: bytes, tmp_path: Path) -> None:
    try:
        items = read(written(tmp_path, head + content))
    except NotThisFormat:
        return
    assert all(isinstance(item, Message | Rejected | Skipped) for item in items)


class Breaking(io.BytesIO):
    """A packed stream that turns out to be damaged after its last byte."""

    def read(self, size: int | None = -1) -> bytes:
        if chunk := super().read(size):
            return chunk
        raise Damaged("damaged")


class Damaged(ConnectorError):
    """What a packed stream raises."""


def test_what_was_read_of_a_file_that_breaks_off_is_given_first() -> None:
    one = b"From - Mon Jan  1 00:00:00 2024\n" + LETTER + b"\n" + b"text\n" * 4_000 + b"\n"
    items = mbox.read(Input(cast(BinaryIO, Breaking(one * 40)), "box.mbox"))
    found: list[Item] = []
    with pytest.raises(Damaged):
        found.extend(items)
    assert len(found) > 20
    assert [item.position for item in found] == [number * len(one) for number in range(len(found))]
