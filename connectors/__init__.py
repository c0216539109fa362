"""The outside world read into records: one module per format, one line each in the table below."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

from connectors.records import Item

Reader = Callable[[Path, int], Iterator[Item]]


@dataclass(frozen=True)
class Connector:
    """A kind of source.

    module: where its ``read(path, start)`` is. record_kind: what it yields. suffixes: names of its files in a
    folder. signature: the first bytes that tell a file without such a name. appends: files grow at their end
    and can be read from any item on. version: raised when the same bytes would now be read otherwise.
    """

    module: str
    record_kind: str
    suffixes: tuple[str, ...]
    signature: bytes | None
    appends: bool
    version: int

    def read(self, path: Path, start: int = 0) -> Iterator[Item]:
        """The items of a file from byte `start` on; the format's library is imported only now."""
        reader = cast(Reader, import_module(self.module).read)
        return reader(path, start)


CONNECTORS = {
    "ics": Connector("connectors.calendar.ics", "event", (".ics", ".ical", ".icalendar"), None, False, 1),
    "vcard": Connector("connectors.contacts.vcard", "card", (".vcf", ".vcard"), None, False, 1),
    "mbox": Connector("connectors.mail.mbox", "message", (".mbox", ".mbx"), b"From ", True, 1),
}
