"""What a worker is ordered to read, and what it tells: lines of JSON between two processes."""

from datetime import datetime

import msgspec

from connectors.archives import Member, Refused
from connectors.bounds import Bounds
from connectors.spool import Taken


class Place(msgspec.Struct, kw_only=True, frozen=True):
    """Where bytes are: a file, or a member of an archive; packer: ``gz``, ``xz``, ``bz2`` or empty.

    path: as the system knows it, for it need not be text.
    """

    path: bytes
    member: Member | None = None
    packer: str = ""


class Job(msgspec.Struct, kw_only=True, frozen=True):
    """One file to read.

    file: what it is called in the books. name, start, size, dated: as in `Input`. formats: those that it may
    be in; is_certain: it is in the first. known: path of a file with one digest a line, or empty.
    """

    file: str
    name: str
    place: Place
    formats: tuple[str, ...]
    is_certain: bool = True
    start: int = 0
    size: int | None = None
    dated: datetime | None = None
    known: str = ""


class Orders(msgspec.Struct, kw_only=True, frozen=True):
    """What a worker is to do.

    careful: tell of each file before the next is begun. most: read no more items of a file than that; 0 only
    recognises what it is, None reads it whole.
    """

    bounds: Bounds
    spool: str = ""
    jobs: tuple[Job, ...] = ()
    careful: bool = False
    most: int | None = None


class Told(msgspec.Struct, kw_only=True, frozen=True):
    """A line of the worker's.

    file: which job it is about. is_done: the job is done, else it goes on and has come to `position`.
    format: which of the formats the file is in; empty if it is in none of them. taken: what it gave.
    refusal: why the file as a whole could not be read, else empty; may_pass: another time it may be read as
    it is. fault: what a reader must not raise.
    lengths: of the spool's files, to which they can be cut back.
    """

    file: str
    is_done: bool = False
    position: int = 0
    format: str = ""
    taken: Taken = Taken()
    refusal: str = ""
    may_pass: bool = False
    fault: str = ""
    lengths: dict[str, int] = {}


class Listed(msgspec.Struct, kw_only=True, frozen=True):
    """What is in an archive. refusal: why the archive as a whole is not read, else empty."""

    members: tuple[Member, ...] = ()
    refused: tuple[Refused, ...] = ()
    refusal: str = ""
