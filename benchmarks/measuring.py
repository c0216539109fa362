"""What every benchmark shares: what a command costs, and tables of it."""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_MIB = 2**20


@dataclass(frozen=True)
class Cost:
    """CPU seconds (user and system, of the process and all its children), wall seconds, peak memory in MB."""

    cpu: float
    wall: float
    peak_mb: float


@dataclass
class Table:
    """A table of measurements. note: what a reader must know to compare the rows, may be empty."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    note: str = ""

    def to_markdown(self) -> str:
        """The table under its title, the note last."""
        lines = [self.columns, ("---",) * len(self.columns), *self.rows]
        body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return "\n\n".join(filter(None, (f"### {self.title}", body, self.note))) + "\n"


class CommandFailed(Exception):
    """A measured command ended with an error, so what it cost says nothing."""


def run(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    allowed: tuple[int, ...] = (0,),
) -> tuple[Cost, str]:
    """What a command cost as a child process of its own, and what it printed.

    Memory is the largest of its processes at their peak. Raises CommandFailed on an exit code not `allowed`.
    """
    begun = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, cwd=cwd
    ) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in allowed:
        raise CommandFailed(f"{command[0]} ended with {process.returncode}")
    wall = time.perf_counter() - begun
    peak = usage.ru_maxrss / 1024 if os.uname().sysname == "Linux" else usage.ru_maxrss / _MIB
    return Cost(usage.ru_utime + usage.ru_stime, wall, peak), printed.decode(errors="replace")


def median(measure: Callable[[], Cost], times: int = 3) -> Cost:
    """The run in the middle of several, by CPU time."""
    costs = [measure() for _ in range(times)]
    middle = statistics.median_high(cost.cpu for cost in costs)
    return next(cost for cost in costs if cost.cpu == middle)
