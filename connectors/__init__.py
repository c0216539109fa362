"""The outside world read into records: one module per format, one line each in the tables below."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from connectors.inputs import Input
from connectors.records import Item

Reader = Callable[[Input], Iterator[Item]]


@dataclass(frozen=True)
class Format:
    """One way in which records are written.

    module: where its ``read`` is. record_kind: what it yields. suffixes: endings of its files' names in lower
    case; an ending with a slash before it is a whole name. version: raised when the same bytes would now be
    read otherwise. appends: files grow at their end and can be read from any item on.
    is_immutable: a file never changes once it is there, so its name tells that it is known.
    is_snapshot: what a file says holds for the day of the export, so an earlier one stays beside a later one.
    """

    module: str
    record_kind: str
    suffixes: tuple[str, ...]
    version: int
    appends: bool = False
    is_immutable: bool = False
    is_snapshot: bool = False

    def read(self, source: Input) -> Iterator[Item]:
        """The items of a file; the format's module is imported only now."""
        reader = cast(Reader, import_module(self.module).read)
        return reader(source)


_ICS = (".ics", ".ical", ".icalendar", ".ifb", ".vcs")  # of the last one to be told that it is too old
_VCF = (".vcf", ".vcard")
_MBOX = (".mbox", ".mbx", ".mboxrd", ".mboxo", ".mboxcl", ".mboxcl2")

FORMATS = {
    "ics": Format("connectors.calendar.ics", "event", _ICS, version=2),
    "vcard": Format("connectors.contacts.vcard", "card", _VCF, version=2),
    "mbox": Format("connectors.mail.mbox", "message", _MBOX, version=2, appends=True),
    "eml": Format("connectors.mail.eml", "message", (".eml",), version=1),
    "emlx": Format("connectors.mail.emlx", "message", (".emlx",), version=1),
    "maildir": Format("connectors.mail.maildir", "message", (), version=1, is_immutable=True),
    "google-csv": Format("connectors.contacts.google", "card", (".csv",), version=1),
    "outlook-csv": Format("connectors.contacts.outlook", "card", (".csv",), version=1),
    "thunderbird-csv": Format("connectors.contacts.thunderbird", "card", (".csv",), version=1),
    "linkedin-connections": Format(
        "connectors.linkedin.connections", "card", ("/connections.csv",), version=1, is_snapshot=True
    ),
    "linkedin-messages": Format("connectors.linkedin.messages", "message", ("/messages.csv",), version=1),
    "linkedin-invitations": Format(
        "connectors.linkedin.invitations", "invitation", ("/invitations.csv",), version=1
    ),
    "linkedin-positions": Format("connectors.linkedin.positions", "position", ("/positions.csv",), version=1),
    "linkedin-addresses": Format(
        "connectors.linkedin.addresses", "own_identifier", ("/email addresses.csv",), version=1
    ),
}

# Which formats a source of a kind may hold. The first is that of a lone file whose name says nothing.
KINDS = {
    "ics": ("ics",),
    "vcard": ("vcard",),
    "mbox": ("mbox",),
    "maildir": ("maildir",),
    "eml": ("eml",),
    "emlx": ("emlx",),
    "google-csv": ("google-csv",),
    "outlook-csv": ("outlook-csv",),
    "thunderbird-csv": ("thunderbird-csv",),
    "linkedin": (
        "linkedin-connections",
        "linkedin-messages",
        "linkedin-invitations",
        "linkedin-positions",
        "linkedin-addresses",
    ),
    "takeout": ("mbox", "ics", "vcard", "google-csv"),
}
IN_ARCHIVES = frozenset({"takeout", "linkedin"})  # kinds that come as zips, which are read where they lie
