"""What readers yield, as lines of JSON on disk: one file for each kind of record, two for what is none.

    message.ndjson event.ndjson card.ndjson …   {"file", "hash", the fields of the record}
    others.ndjson                               {"file", "position", "locator", "is_rejected", "reason", …}
    seen.ndjson                                 {"file", "position", "digest"}

The lines outlive the process that wrote them, which may be killed at any of them.
"""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import msgspec

from connectors.records import (
    Card,
    Event,
    Invitation,
    Item,
    Message,
    OwnIdentifier,
    Position,
    Record,
    Rejected,
    Seen,
    Skipped,
)

RECORD, QUARANTINED = "record", "quarantined"
OTHERS, SEEN = "others", "seen"
KIND_OF: dict[type, str] = {
    Message: "message",
    Event: "event",
    Card: "card",
    Invitation: "invitation",
    Position: "position",
    OwnIdentifier: "own_identifier",
}
_CONTENT_ENDS = b',"digest":'  # as JSON such bytes can stand between two fields only


class Taken(msgspec.Struct, kw_only=True, frozen=True):
    """What one file gave: how many items, and its last one (position, key, outcome), None if it gave none.

    outcome: ``record``, ``quarantined``, or the reason why it was skipped.
    """

    items: int = 0
    position: int | None = None
    key: str | None = None
    outcome: str = RECORD


class Unwritable(OSError):
    """The spool cannot be written: its disk is full or broken, whatever was being read."""


class Spool:
    """The lines of one reading, in a folder. Whatever writes raises Unwritable."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, BinaryIO] = {}
        self._before = {path.stem: path.stat().st_size for path in folder.glob("*.ndjson")}
        self._encoder = msgspec.json.Encoder()

    def take(self, file: str, items: Iterable[Item]) -> Taken:
        """Write the items of a file: all of them, or none if reading raises, which must be no OSError."""
        before = self.lengths()
        try:
            return self._write(file, items)
        except OSError as error:
            raise self._unwritable(error) from error
        except BaseException:
            self.flush()
            for name, stream in self._files.items():
                stream.seek(before.get(name, 0))  # `lengths` goes by where it stands
                stream.truncate()
            raise

    def flush(self) -> None:
        """Hand everything to the system."""
        try:
            for file in self._files.values():
                file.flush()
        except OSError as error:
            raise self._unwritable(error) from error

    def lengths(self) -> dict[str, int]:
        """How long each file is, by its name without ending."""
        return self._before | {name: file.tell() for name, file in self._files.items()}

    def close(self) -> None:
        """Flush and close."""
        self.flush()
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _write(self, file: str, items: Iterable[Item]) -> Taken:
        encode = self._encoder.encode
        name = encode(file)
        head = b'{"file":%b,"hash":"' % name
        number, item, kind, write = 0, None, None, None
        for item in items:
            number += 1
            found = KIND_OF.get(type(item))
            if found is None:
                self._note(name, item)
                continue
            if found is not kind or write is None:
                kind, write = found, self._file(found).write
            line = encode(item)
            digest = sha256(line[: line.rfind(_CONTENT_ENDS)]).hexdigest()
            write(b'%b%b",%b\n' % (head, digest[:32].encode(), line[1:]))
        return _taken(number, item)

    def _note(self, name: bytes, item: Item) -> None:
        if isinstance(item, Seen):
            line = self._encoder.encode(item)
            self._file(SEEN).write(b'{"file":%b,%b\n' % (name, line[1:]))
        elif isinstance(item, Rejected | Skipped):
            line = self._encoder.encode(item)
            flag = b"true" if isinstance(item, Rejected) else b"false"
            self._file(OTHERS).write(b'{"file":%b,"is_rejected":%b,%b\n' % (name, flag, line[1:]))
        else:
            raise TypeError(f"{type(item).__name__} is no item")

    def _unwritable(self, error: OSError) -> Unwritable:
        return Unwritable(error.errno, error.strerror, error.filename or str(self.folder))

    def _file(self, name: str) -> BinaryIO:
        if name not in self._files:
            self._files[name] = (self.folder / f"{name}.ndjson").open("ab", buffering=1 << 20)
        return self._files[name]


def restore(folder: Path, lengths: dict[str, int]) -> None:
    """Cut the files of a spool back to what they held when they were `lengths` long."""
    for path in folder.glob("*.ndjson"):
        with path.open("r+b") as file:
            file.truncate(lengths.get(path.stem, 0))


def _taken(number: int, item: Item | None) -> Taken:
    if isinstance(item, Record):
        return Taken(items=number, position=item.position, key=item.key)
    if isinstance(item, Rejected):
        return Taken(items=number, position=item.position, outcome=QUARANTINED)
    if isinstance(item, Skipped):
        return Taken(items=number, position=item.position, outcome=item.reason)
    if isinstance(item, Seen):
        return Taken(items=number, position=item.position)
    return Taken(items=number)
