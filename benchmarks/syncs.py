"""What a whole sync costs: first, with nothing new, and grown by 1 %, by its steps alone and as `kith sync`.

    python -m benchmarks.syncs [--messages 10000 100000] [--mbox FILE --me ADDRESS]

The reference of the same run is `grep -c '^From '` over the same mail. Generated messages have short bodies:
what a sync costs is measured here, what passing over bodies costs in `benchmarks.mail`.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from benchmarks.kills import STEPS_ALONE
from benchmarks.mailbox_generator import ME, messages
from benchmarks.measuring import Cost, Table, run

COUNTS = (10_000, 100_000)
_COLUMNS = ("messages", "run", "CPU s", "wall s", "peak MB", "times grep")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--mbox", type=Path, help="real mail instead of generated mail")
    parser.add_argument("--me", default=ME)
    options = parser.parse_args()
    if options.mbox:
        mail = options.mbox.read_bytes()
        parts = _split(mail)
        print(_table([(len(parts), lambda: iter(parts))], options.me).to_markdown())
    else:
        for table in measure(tuple(options.messages)):
            print(table.to_markdown())


def measure(counts: tuple[int, ...] = COUNTS) -> list[Table]:
    """The tables of this module, measured now."""

    def made(count: int) -> Callable[[], Iterator[bytes]]:
        return lambda: messages(count, people=max(300, count // 50), body_bytes=300)

    return [_table([(count, made(count)) for count in counts], ME)]


def _table(archives: list[tuple[int, Callable[[], Iterator[bytes]]]], me: str) -> Table:
    table = Table(
        "Whole syncs of one mailbox",
        _COLUMNS,
        note="With nothing new, `kith sync` finds that out before it imports Prefect, and starts no flow. "
        "Memory is that of the largest process.",
    )
    for count, made in archives:
        with tempfile.TemporaryDirectory() as folder:
            table.rows += _rows(Path(folder), count, made, me)
    return table


def _rows(root: Path, count: int, made: Callable[[], Iterator[bytes]], me: str) -> Iterator[tuple[str, ...]]:
    mail = root / "mail.mbox"
    kept = count - count // 100
    with mail.open("wb") as stream:
        stream.writelines(islice(made(), kept))
    whole = mail.stat().st_size
    last = b"".join(islice(made(), kept, None))
    floor = run(["grep", "-c", "^From ", str(mail)])[0]
    yield _row(count, "grep -c '^From '", floor, floor)
    for name, command in (("steps alone", _steps), ("kith sync", _flow)):
        home = root / name.replace(" ", "-")
        _make_home(home, mail, me)
        yield _row(count, f"{name}, first", run(command(home))[0], floor)
        yield _row(count, f"{name}, nothing new", run(command(home))[0], floor)
        with mail.open("ab") as stream:
            stream.write(last)
        yield _row(count, f"{name}, grown by 1 %", run(command(home))[0], floor)
        with mail.open("r+b") as stream:
            stream.truncate(whole)


def _row(count: int, name: str, cost: Cost, floor: Cost) -> tuple[str, ...]:
    times = f"{cost.cpu / max(floor.cpu, 0.001):.0f}"
    return f"{count:,}", name, f"{cost.cpu:.2f}", f"{cost.wall:.1f}", f"{cost.peak_mb:.0f}", times


def _split(mail: bytes) -> list[bytes]:
    first, *others = mail.split(b"\nFrom ")
    return [first + b"\n", *(b"From " + part + b"\n" for part in others)]


def _make_home(home: Path, mail: Path, me: str) -> None:
    kith = [sys.executable, "-m", "flows.cli", "--home", str(home)]
    run([*kith, "init", "--me", me, "--timezone", "UTC"])
    run([*kith, "source", "add", "mbox", str(mail)])


def _steps(home: Path) -> list[str]:
    return [sys.executable, "-c", STEPS_ALONE, str(home)]


def _flow(home: Path) -> list[str]:
    return [sys.executable, "-m", "flows.cli", "--home", str(home), "sync", "--as-of", "2026-06-30"]


if __name__ == "__main__":
    main()
