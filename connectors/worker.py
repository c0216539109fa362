"""The process in which files are read: bounded in memory, told to stop by being killed.

    python -m connectors.worker read ORDERS    reads files into a spool
    python -m connectors.worker list ORDERS    tells what is in archives

ORDERS is the path of an `Orders` in JSON; standard output gets a line of JSON for each thing done. Nothing is
written but the spool, and nothing is opened but the regular files that were named. It greets, and ends with
EX_IOERR if the spool cannot be written.
"""

import contextlib
import errno
import gc
import io
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from connectors import FORMATS
from connectors.archives import Member, Refused, members, opened_member
from connectors.bounds import Bounds
from connectors.inputs import Input, opened_regular
from connectors.orders import Job, Listed, Orders, Place, Told
from connectors.packed import opened_packed
from connectors.recognise import HEAD_BYTES, recognise
from connectors.records import ConnectorError, Item, Rejected
from connectors.spool import Spool, Unwritable

GREETING = b"ready\n"
_MB = 2**20
_TELL_EVERY_SECONDS = 0.25
_READABLE_BUFFER = 2**18


class _Unread(ConnectorError):
    """The system could not read on; nothing is said of the file, and nothing of it is kept."""


class _Watched(io.RawIOBase):
    """A stream that tells how far it has been read."""

    def __init__(self, stream: BinaryIO, tell: Callable[[], None]) -> None:
        self._stream = stream
        self._tell = tell

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer, as its base class says
        self._tell()
        return cast(io.RawIOBase, self._stream).readinto(buffer) or 0


class Worker:
    """Reads jobs into a spool and tells what became of them."""

    def __init__(self, orders: Orders, tell: Callable[[Told], None]) -> None:
        self.orders = orders
        self.spool = Spool(Path(orders.spool))
        self._tell = tell
        self._told_at = time.monotonic()
        self._done: list[Told] = []
        self._named = ""
        self._begun_at: dict[str, int] = {}

    def run(self) -> None:
        """All jobs, in order. Whoever is killed in between has told of none that it did not finish."""
        for job in self.orders.jobs:
            self._begun_at = self.spool.lengths()
            done = self._read(job)
            # An error's traceback may hold all that was read of its file, and the next one needs the room.
            gc.collect(0)
            self._done.append(done)
            # Of a file that was named while it was read, the end is told before the next is begun: the last
            # one named is then the one that was being read, should we be killed.
            if self.orders.careful or self._named == job.file or self._is_time():
                self._settle(self.spool.lengths())
        self._settle(self.spool.lengths())
        self.spool.close()

    def _settle(self, lengths: dict[str, int]) -> None:
        """Tell what is done, once the system has its lines. lengths: of the spool with no more than that."""
        self.spool.flush()
        for told in self._done:
            self._tell(msgspec.structs.replace(told, lengths=lengths))
        self._done.clear()
        self._told_at = time.monotonic()

    def _is_time(self) -> bool:
        return time.monotonic() - self._told_at > _TELL_EVERY_SECONDS

    def _beat(self, job: Job, position: int) -> None:
        """Say that we are alive, at most a few times a second."""
        if self._is_time():
            self._settle(self._begun_at)
            self._named = job.file
            self._tell(Told(file=job.file, position=position))

    def _read(self, job: Job) -> Told:
        done = Told(file=job.file, is_done=True)
        found: Told | None = None
        try:
            with contextlib.ExitStack() as closing:
                stream = closing.enter_context(opened(job.place, self.orders.bounds))
                source = self._input(job, stream)
                chosen, refusal = self._chosen(job, source)
                found = msgspec.structs.replace(done, format=chosen, refusal=refusal)
                if chosen and self.orders.most != 0:
                    items = self._watched(job, FORMATS[chosen].read(source), closing)
                    taken = self.spool.take(job.file, islice(items, self.orders.most))
                    found = msgspec.structs.replace(found, taken=taken)
            return found
        except ConnectorError as error:
            if found and self.orders.most is not None and (found.taken.items or self.orders.most == 0):
                return found  # whose end does not matter to a first look
            return msgspec.structs.replace(done, refusal=str(error), may_pass=isinstance(error, _Unread))
        except Unwritable:
            raise
        except OSError as error:
            return msgspec.structs.replace(done, refusal=_in_words(error), may_pass=True)
        except MemoryError:
            memory = self.orders.bounds.memory_mb
            text = f"needs more than {memory} MB to read: split it, or raise bounds.memory_mb in kith.toml"
            return msgspec.structs.replace(done, refusal=text)
        except Exception as error:  # noqa: BLE001 - a reader must not raise anything else, and one day one will
            return msgspec.structs.replace(done, fault=type(error).__name__)

    def _input(self, job: Job, stream: BinaryIO) -> Input:
        position = 0

        def beat() -> None:
            nonlocal position
            with contextlib.suppress(OSError, ValueError):
                position = stream.tell()
            self._beat(job, position)

        watched = cast(BinaryIO, io.BufferedReader(_Watched(stream, beat), _READABLE_BUFFER))
        known = frozenset(Path(job.known).read_text("ascii").split()) if job.known else frozenset[str]()
        return Input(
            stream=watched,
            name=job.name,
            start=job.start,
            size=job.size,
            dated=job.dated,
            known=known,
            bounds=self.orders.bounds,
        )

    def _chosen(self, job: Job, source: Input) -> tuple[str, str]:
        """The format of a file, by its content where several are possible; and why it has none, if asked."""
        if job.is_certain:
            return job.formats[0], ""
        head = cast(io.BufferedReader, source.stream).peek(HEAD_BYTES)
        found = recognise(job.name, head)
        if self.orders.most == 0:
            return found.format or "", f"{found.reason}; {found.mend}".strip("; ")
        return (found.format if found.format in job.formats else "") or "", ""

    def _watched(self, job: Job, items: Iterator[Item], closing: contextlib.ExitStack) -> Iterator[Item]:
        """The items, and at the end what ended them: what was read of a file that breaks off is kept."""
        position, end = -1, None
        try:
            for item in items:
                position = item.position
                self._beat(job, position)
                yield item
        except ConnectorError as error:
            end = error
        except Unwritable:
            raise
        except OSError as error:
            raise _Unread(_in_words(error)) from error
        try:
            closing.close()
        except ConnectorError as error:
            end = error  # damaged data says more about its end than a reader that stumbled over it
        if end and position < 0:
            raise end
        if end:
            yield Rejected(position=position + 1, locator=f"after byte {position}", reason=str(end))


@contextmanager
def opened(place: Place, bounds: Bounds) -> Iterator[BinaryIO]:
    """The bytes of a place, unpacked. Raises NotThisFormat for what is no regular file, and OSError."""
    if place.member is not None:
        with opened_member(Path(os.fsdecode(place.path)), place.member, bounds) as stream:
            yield stream
        return
    with opened_regular(place.path, buffering=0) as plain:
        if not place.packer:
            yield plain
            return
        size = os.fstat(plain.fileno()).st_size
        with opened_packed(plain, place.packer, size, bounds) as stream:
            yield stream


def list_archive(path: str, bounds: Bounds) -> Listed:
    """The members of an archive, and those that are not read."""
    try:
        found = members(Path(path), bounds)
    except ConnectorError as error:
        return Listed(refusal=str(error))
    except OSError as error:
        return Listed(refusal=_in_words(error))
    except MemoryError:
        return Listed(refusal="its list of files is too large to read: it may be damaged")
    return Listed(
        members=tuple(each for each in found if isinstance(each, Member)),
        refused=tuple(each for each in found if isinstance(each, Refused)),
    )


def main(arguments: list[str]) -> None:
    """Do what is ordered, within the bounds of the orders."""
    gc.disable()  # records hold no cycles; what leaves some is collected after each file
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no line of ours
    [task, errand] = arguments
    orders = msgspec.json.decode(Path(errand).read_bytes(), type=Orders)
    _confine(orders.bounds)
    encoder = msgspec.json.Encoder()

    def tell(said: Told | Listed) -> None:
        output.write(encoder.encode(said) + b"\n")
        output.flush()

    output.write(GREETING)
    output.flush()
    if task == "list":
        for job in orders.jobs:
            tell(list_archive(os.fsdecode(job.place.path), orders.bounds))
        return
    try:
        Worker(orders, tell).run()
    except Unwritable:
        os._exit(os.EX_IOERR)  # without another attempt at writing what is left


def _confine(bounds: Bounds) -> None:
    """No more memory and open files than allowed, no core dump, and files that are the owner's alone."""
    os.umask(0o077)
    memory = bounds.memory_mb * _MB
    for limit, value in (
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_AS, 2 * memory),  # of systems that do not count mappings as data
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        with contextlib.suppress(ValueError, OSError):  # a system may know a limit and refuse to set it
            resource.setrlimit(limit, (value, value))


def _in_words(error: OSError) -> str:
    """What the system says of a file, and the mend."""
    if error.errno == errno.ELOOP:
        return "a symbolic link is not followed; add what it points to as a source of its own"
    if error.errno == errno.ENXIO:
        return "not a regular file: it is not opened"
    mend = "check its permissions" if isinstance(error, PermissionError) else "check the file and the disk"
    return f"{error.strerror or error}; {mend}"


if __name__ == "__main__":
    main(sys.argv[1:])
