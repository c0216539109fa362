"""What a sync costs, by its steps alone and as a Prefect flow: first, with nothing new, and grown by 1 %.

    python -m benchmarks.syncs [--messages 20000] [--mbox FILE --me ADDRESS]

Each run is a process of its own; CPU is user and system time of the process and its children, memory its
peak. The reference of the same run is `grep -c '^From '` over the same mail.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.kills import STEPS_ALONE
from benchmarks.mailbox_generator import ME, messages


def main() -> None:
    """Print one table row a run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--mbox", type=Path, help="real mail instead of generated mail")
    parser.add_argument("--me", default=ME)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        mail = root / "mail.mbox"
        last = _lay_out(options.mbox, options.messages, mail)
        print("| run | CPU s | wall s | peak MB |\n|---|---|---|---|")
        _row("reference: grep -c '^From '", ["grep", "-c", "^From ", str(mail)])
        for name, command in (("steps alone", _steps), ("kith sync", _flow)):
            home = root / name.replace(" ", "-")
            _make_home(home, mail, options.me)
            _row(f"{name}, first", command(home))
            _row(f"{name}, nothing new", command(home))
            with mail.open("ab") as stream:
                stream.write(last)
            _row(f"{name}, grown by 1 %", command(home))
            mail.write_bytes(mail.read_bytes()[: -len(last)])


def _lay_out(real: Path | None, count: int, mail: Path) -> bytes:
    """Write the archive without its last hundredth, and give that."""
    parts = list(messages(count)) if real is None else _split(real.read_bytes())
    kept = len(parts) - len(parts) // 100
    mail.write_bytes(b"".join(parts[:kept]))
    return b"".join(parts[kept:])


def _split(mail: bytes) -> list[bytes]:
    first, *others = mail.split(b"\nFrom ")
    return [first + b"\n", *(b"From " + part + b"\n" for part in others)]


def _make_home(home: Path, mail: Path, me: str) -> None:
    kith = [sys.executable, "-m", "flows.cli", "--home", str(home)]
    subprocess.run([*kith, "init", "--me", me, "--timezone", "UTC"], check=True, capture_output=True)
    subprocess.run([*kith, "source", "add", "mbox", str(mail)], check=True, capture_output=True)


def _steps(home: Path) -> list[str]:
    return [sys.executable, "-c", STEPS_ALONE, str(home)]


def _flow(home: Path) -> list[str]:
    return [sys.executable, "-m", "flows.cli", "--home", str(home), "sync", "--as-of", "2026-06-30"]


def _row(name: str, command: list[str]) -> None:
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    failed = "" if status == 0 else f" (exit {os.waitstatus_to_exitcode(status)})"
    cpu = usage.ru_utime + usage.ru_stime
    print(f"| {name}{failed} | {cpu:.2f} | {wall:.1f} | {usage.ru_maxrss // 1024} |", flush=True)


if __name__ == "__main__":
    main()
