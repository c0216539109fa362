"""Files with one message: .eml, Apple Mail's .emlx, and Maildir."""

import io
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.bounds import Bounds
from connectors.inputs import Input
from connectors.mail import eml, emlx, maildir
from connectors.records import Item, Message, NotThisFormat, Skipped

LETTER = (
    b"From: Ada <ada@kvist.example>\nDate: Mon, 4 Mar 2024 09:00:00 +0000\n"
    b"Message-ID: <a@kvist.example>\n\nbody\n"
)
Reader = Callable[[Input], Iterator[Item]]


def read(reader: Reader, content: bytes, name: str = "1.eml", bounds: Bounds | None = None) -> list[Item]:
    return list(reader(Input(io.BytesIO(content), name, size=len(content), bounds=bounds or Bounds())))


def apple(flags: int, message: bytes = LETTER, count: int | None = None) -> bytes:
    written = b"%-10d\n" % (len(message) if count is None else count)
    return (
        written + message + b"<plist><dict><key>flags</key>\n\t<integer>%d</integer></dict></plist>" % flags
    )


@pytest.mark.parametrize(
    "content",
    [
        LETTER,
        LETTER.replace(b"\n", b"\r\n"),
        LETTER.replace(b"\n", b"\r"),
        b"\xef\xbb\xbf" + LETTER,
        b"\r\n\n" + LETTER,
        b"From - Mon Jan  1 00:00:00 2024\n" + LETTER,
        b"From ada\n" + LETTER,
        LETTER.decode().encode("utf-16"),
        LETTER.partition(b"\n\n")[0],
    ],
)
@pytest.mark.parametrize("reader", [eml.read, emlx.read, maildir.read])
def test_a_file_is_one_message_however_it_is_written(reader: Reader, content: bytes) -> None:
    [item] = read(reader, content)
    assert isinstance(item, Message)
    assert (item.message_id, item.position, item.dated_by) == ("a@kvist.example", 0, "date")
    assert [party.address for party in item.parties] == ["ada@kvist.example"]


@pytest.mark.parametrize("reader", [eml.read, emlx.read, maildir.read])
@pytest.mark.parametrize("content", [b"", b" \r\n\n"])
def test_an_empty_file_is_refused(content: bytes, reader: Reader) -> None:
    with pytest.raises(NotThisFormat, match="the file is empty"):
        read(reader, content)


@pytest.mark.parametrize("reader", [eml.read, emlx.read, maildir.read])
@pytest.mark.parametrize(
    ("content", "mend"),
    [
        (b"<!DOCTYPE html><html>Sign in</html>", "sign in"),
        (b"PK\x03\x04\x14\x00", "zip archive"),
        (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "kind ics"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save the message as .eml"),
        (b"just text", "export"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_its_mend(reader: Reader, content: bytes, mend: str) -> None:
    with pytest.raises(NotThisFormat, match=mend):
        read(reader, content)


def test_a_message_behind_the_blank_line_is_not_read() -> None:
    [item] = read(eml.read, LETTER + b"To: ben@okoro.example\n\n" + LETTER)
    assert isinstance(item, Message)
    assert len(item.parties) == 1


def test_headers_beyond_the_bound_are_cut_and_told() -> None:
    content = (
        LETTER.partition(b"\n\n")[0] + b"\nX-Filler: " + b"x" * 5000 + b"\nTo: ben@okoro.example\n\nbody"
    )
    [item] = read(eml.read, content, bounds=Bounds(header_bytes=4096))
    assert isinstance(item, Message)
    assert (len(item.parties), item.capped) == (1, "headers beyond 4096 bytes")


@pytest.mark.parametrize(
    ("flags", "reason"), [(1 << 1, "deleted"), (1 << 6 | 1, "draft"), (1 << 24, "spam"), (1 << 25 | 1, "")]
)
def test_the_flags_of_apple_mail_decide(flags: int, reason: str) -> None:
    [item] = read(emlx.read, apple(flags), "Archive.mbox/Messages/1.emlx")
    assert item.reason == reason if isinstance(item, Skipped) else not reason


def test_the_folder_of_apple_mail_decides() -> None:
    [junk] = read(emlx.read, apple(1), "Junk.mbox/5A/Data/Messages/1.partial.emlx")
    assert isinstance(junk, Skipped)
    [sent] = read(emlx.read, apple(1), "Sent Messages.mbox/5A/Data/Messages/1.emlx")
    assert isinstance(sent, Message)
    assert sent.labels == ("sent folder",)


@pytest.mark.parametrize("count", [0, 10, 10**11])
def test_a_wrong_count_costs_the_message_only_what_it_cuts(count: int) -> None:
    try:
        items = read(emlx.read, apple(1, count=count))
    except NotThisFormat:
        items = []
    assert len(items) <= 1


@pytest.mark.parametrize("count", [1, 5, len(LETTER) - 6])
def test_a_count_that_ends_within_the_headers_is_not_believed(count: int) -> None:
    [item] = read(emlx.read, apple(1, count=count))
    assert isinstance(item, Message)
    assert [party.address for party in item.parties] == ["ada@kvist.example"]


def test_flags_behind_a_long_body_are_found() -> None:
    content = apple(1 << 6, LETTER + b"x" * 700_000)
    [item] = read(emlx.read, content, bounds=Bounds(header_bytes=4096))
    assert isinstance(item, Skipped)


@pytest.mark.parametrize(
    ("name", "reason"), [("cur/1.x:2,S", ""), ("cur/1.x:2,ST", "trash"), (".Drafts/cur/1.x:2,", "draft")]
)
def test_flags_and_folders_of_a_maildir_decide(name: str, reason: str) -> None:
    [item] = read(maildir.read, LETTER, name)
    assert item.reason == reason if isinstance(item, Skipped) else not reason


@given(st.binary(max_size=200), st.sampled_from([b"", LETTER[:40], b"12\n", b"From x\n"]))
def test_any_bytes_are_read_or_refused_but_never_crash(content: bytes, head: bytes) -> None:
    for reader in (eml.read, emlx.read, maildir.read):
        try:
            assert len(read(reader, head + content)) <= 1
        except NotThisFormat:
            continue
