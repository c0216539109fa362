"""What a file is that is no mail, and what its owner can do about it."""

from connectors.records import NotThisFormat
from connectors.text import wide_encoding

_MARKS = (
    (b"PK\x03\x04", "a zip archive; add the archive itself, or unpack it"),
    (b"\x1f\x8b", "packed by gzip; add it with its ending .gz, or unpack it"),
    (b"BZh", "packed by bzip2; add it with its ending .bz2, or unpack it"),
    (b"\xfd7zXZ", "packed by xz; add it with its ending .xz, or unpack it"),
    (b"!BDN", "an Outlook data file; export its mail as mbox or .eml"),
    (b"\xd0\xcf\x11\xe0", "an Outlook .msg file or another Office document; save the message as .eml"),
    (b"SQLite format 3", "a database; export the mailbox in mbox format"),
    (b"%PDF", "a PDF document; save the message as .eml"),
)
_TEXTS = (
    ("begin:vcard", "an address book; add it as the kind vcard"),
    ("begin:vcalendar", "a calendar; add it as the kind ics"),
    ("begin:vevent", "a calendar; add it as the kind ics"),
    ("<!doctype html", "a web page, perhaps a login page; sign in and download the export again"),
    ("<html", "a web page, perhaps a login page; sign in and download the export again"),
)
_UNKNOWN = "export the mailbox in mbox format, or add the file as the kind that it is"


def no_mail(head: bytes) -> NotThisFormat:
    """The error for a file that begins with `head` and holds no message."""
    return NotThisFormat(f"no mail message in it: {_what(head)}")


def _what(head: bytes) -> str:
    for mark, what in _MARKS:
        if head.startswith(mark):
            return what
    text = (
        head[:1000]
        .decode(wide_encoding(head) or "latin-1", "replace")
        .lstrip("\ufeff\xef\xbb\xbf \t\r\n")
        .lower()
    )
    for beginning, what in _TEXTS:
        if text.startswith(beginning):
            return what
    if "<html" in text:
        return "a web page, perhaps a login page; sign in and download the export again"
    return f"binary data; {_UNKNOWN}" if "\x00" in text else _UNKNOWN
