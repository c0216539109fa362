"""Reading files in a process of its own, which a file may kill and which we may kill.

Not Prefect's task runners and not `concurrent.futures`: neither can end one task, and a pool whose process
dies loses all the others' work with it. Here the work outlives the process: what it had written when it told
of a file is kept, the file that it died of is named, and another process goes on with the next one.
"""

import errno
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

import connectors
from connectors.bounds import Bounds
from connectors.orders import Job, Listed, Orders, Place, Told
from connectors.spool import restore
from connectors.worker import GREETING, Worker, list_archive
from warehouse.errors import SourceError

Progress = Callable[[str, int], None]
Reader = Callable[[Sequence[Job], Bounds, Path, Progress], Iterator[Told]]


def unseen(file: str, position: int) -> None:
    """Progress that nobody looks at."""


_Said = TypeVar("_Said")
_ROOT = Path(connectors.__file__).parent.parent
_START_SECONDS = 30.0  # a laptop that wakes up may take its time to start a process


class Died(Exception):
    """The process ended before its work did. Its text says how, as a clause."""


def read(
    jobs: Sequence[Job], bounds: Bounds, spool: Path, progress: Progress = unseen, most: int | None = None
) -> Iterator[Told]:
    """Read files into a spool: one `Told` with `is_done` for each job, in order.

    A job that kills or stalls its process is told with the reason as its refusal, and leaves nothing in the
    spool. progress: called with a job's file and the position that was reached in it. most: as in `Orders`.
    """
    waiting, careful = list(jobs), False
    lengths: dict[str, int] = {}
    while waiting:
        orders = Orders(bounds=bounds, spool=str(spool), jobs=tuple(waiting), careful=careful, most=most)
        begun = ""
        try:
            for told in _lines("read", orders, spool, Told):
                if not told.is_done:
                    begun = told.file
                    progress(told.file, told.position)
                    continue
                lengths = told.lengths
                del waiting[0]
                yield told
            if waiting:
                raise Died("without a word")
        except Died as death:
            restore(spool, lengths)
            if not waiting:
                return
            culprit = waiting[0].file
            is_certain = careful or len(waiting) == 1 or begun == culprit
            careful = not is_certain
            if is_certain:
                del waiting[0]
                yield Told(file=culprit, is_done=True, refusal=_explained(death, bounds), lengths=lengths)


def read_here(
    jobs: Sequence[Job], bounds: Bounds, spool: Path, progress: Progress = unseen
) -> Iterator[Told]:
    """The same in this process, without its bounds on memory and time: for files that are trusted."""
    told: list[Told] = []
    Worker(Orders(bounds=bounds, spool=str(spool), jobs=tuple(jobs)), told.append).run()
    for each in told:
        if each.is_done:
            yield each
        else:
            progress(each.file, each.position)


def list_archives(paths: Sequence[Path], bounds: Bounds, scratch: Path) -> Mapping[Path, Listed]:
    """What is in archives, listed in a process of its own; one that kills it is told as refused."""
    waiting, found = list(paths), dict[Path, Listed]()
    while waiting:
        jobs = [Job(file="", name="", place=Place(path=os.fsencode(path)), formats=()) for path in waiting]
        try:
            for listed in _lines("list", Orders(bounds=bounds, jobs=tuple(jobs)), scratch, Listed):
                found[waiting.pop(0)] = listed
            if waiting:
                raise Died("without a word")
        except Died as death:
            if waiting:
                path = waiting.pop(0)
                found[path] = Listed(refusal=_explained(death, bounds))
    return found


def list_here(paths: Sequence[Path], bounds: Bounds, scratch: Path) -> Mapping[Path, Listed]:
    """The same in this process: for archives that are trusted."""
    del scratch
    return {path: list_archive(str(path), bounds) for path in paths}


def _lines(task: str, orders: Orders, scratch: Path, kind: type[_Said]) -> Iterator[_Said]:
    """What a worker says, line by line.

    Raises Died if it ends early or says nothing for too long, OSError if it cannot write, and SourceError if
    it does not even begin: that is no file's fault, and no other file would fare better.
    """
    errand = scratch / "orders.json"
    errand.write_bytes(msgspec.json.encode(orders))
    path = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
    errors = None if os.environ.get("KITH_DEBUG") else subprocess.DEVNULL
    with subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
        [sys.executable, "-P", "-m", "connectors.worker", task, str(errand)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        env=environment,
    ) as process:
        try:
            yield from _decoded(process, kind, orders)
        finally:
            process.kill()


def _decoded(process: subprocess.Popen[bytes], kind: type[_Said], orders: Orders) -> Iterator[_Said]:
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    output, decode = process.stdout.fileno(), msgspec.json.Decoder(kind).decode
    rest = _heard(output, _START_SECONDS) or b""
    if not rest.startswith(GREETING):
        process.kill()
        code = process.wait()
        raise SourceError(f"the process that reads files does not start ({code}); KITH_DEBUG=1 tells why")
    rest = rest.removeprefix(GREETING)
    while True:
        *lines, rest = rest.split(b"\n")
        yield from map(decode, lines)
        chunk = _heard(output, orders.bounds.stall_seconds)
        if chunk is None:
            raise Died("stalled")
        if not chunk:
            break
        rest += chunk
    if code := process.wait():
        if code == os.EX_IOERR:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), orders.spool)
        raise Died(f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}")


def _heard(output: int, patience: float) -> bytes | None:
    """What the process says next: nothing if it has ended, None if it keeps silent for `patience` seconds."""
    ready, _, _ = select.select([output], [], [], patience)
    return os.read(output, 1 << 16) if ready else None


def _explained(death: Died, bounds: Bounds) -> str:
    if str(death) == "stalled":
        return (
            f"reading it came to a halt for {bounds.stall_seconds:g} s and was stopped; "
            "raise bounds.stall_seconds in kith.toml if its disk is slow"
        )
    memory = f"it may be damaged, or need more than {bounds.memory_mb} MB"
    return f"the process that read it ended ({death}); {memory}"


@dataclass(frozen=True)
class Hands:
    """Who opens files: processes that may be killed, or this one."""

    read: Reader
    list_archives: Callable[[Sequence[Path], Bounds, Path], Mapping[Path, Listed]]


CONFINED = Hands(read, list_archives)
TRUSTING = Hands(read_here, list_here)
