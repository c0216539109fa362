"""What reading mail costs: a large mbox and a Maildir, by our readers and by other programs.

    python -m benchmarks.mail [--messages 200000] [--files 10000] [--mbox FILE]

Each run is a process of its own. Our readers run to encoded JSON lines, which is what a sync spools.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.mailbox_generator import ME, archive
from benchmarks.measuring import Cost, Table, median, run

MESSAGES = 200_000
FILES = 10_000
_NOT_INSTALLED = "not installed"

_OURS = """
import gc, sys
from pathlib import Path
import msgspec
from connectors import FORMATS
from connectors.inputs import Input, plain

def items(kind, path):
    if path.is_file():
        with plain(path) as source:
            yield from FORMATS[kind].read(source)
        return
    for file in path.rglob("*"):
        if file.is_file():
            with file.open("rb") as stream:
                yield from FORMATS[kind].read(Input(stream, str(file.relative_to(path))))

if sys.argv[3] == "off":
    gc.disable()
encode = msgspec.json.Encoder().encode
count = 0
with open("/dev/null", "wb") as spool:
    for item in items(sys.argv[1], Path(sys.argv[2])):
        spool.write(encode(item) + b"\\n")
        count += 1
print(count)
"""
_STDLIB = """
import mailbox, sys
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path

path = Path(sys.argv[1])
box = mailbox.Maildir(path, create=False) if path.is_dir() else mailbox.mbox(path, create=False)
count = 0
for message in box:
    getaddresses(message.get_all("from", []) + message.get_all("to", []) + message.get_all("cc", []))
    parsedate_to_datetime(message["date"])
    count += 1
print(count)
"""


def main() -> None:
    """Print the tables as Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--mbox", type=Path, help="an mbox of your own instead of the generated one")
    options = parser.parse_args()
    for table in measure(options.messages, options.files, options.mbox):
        print(table.to_markdown())


def measure(messages: int = MESSAGES, files: int = FILES, mbox: Path | None = None) -> list[Table]:
    """The tables of this module, measured now."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        if mbox is None:
            mbox = root / "mail.mbox"
            with mbox.open("wb") as stream:
                stream.writelines(part for message in archive(messages) for part in message)
        large = _measure_mbox(mbox)
        if mbox.parent == root:
            mbox.unlink()
        maildir = root / "Maildir"
        _lay_out_maildir(maildir, files)
        return [large, _measure_maildir(maildir, root)]


def _measure_mbox(mbox: Path) -> Table:
    """Our reader, the standard library's and two line counters over one file."""
    size = mbox.stat().st_size
    counts: list[str] = []

    def ours(collector: str) -> Cost:
        cost, printed = run([sys.executable, "-c", _OURS, "mbox", str(mbox), collector])
        counts.append(printed.strip())
        return cost

    costs: list[tuple[str, Cost | None]] = [
        ("kithline, mbox to JSON lines", median(lambda: ours("off"))),
        ("kithline, garbage collector on", median(lambda: ours("on"))),
        ("rg -c '^From '", _if_installed(["rg", "-c", "^From ", str(mbox)])),
        ("grep -c '^From '", _if_installed(["grep", "-c", "^From ", str(mbox)])),
        ("stdlib mailbox, three headers", run([sys.executable, "-c", _STDLIB, str(mbox)], allowed=(0, 1))[0]),
    ]
    count = int(counts[0])
    floor = next((cost.cpu for name, cost in costs if name.startswith("rg") and cost), 0.0)
    return _table(
        f"Mail: one mbox of {count:,} messages, {size / 1e9:.2f} GB",
        costs,
        count,
        floor,
        "times rg",
        "The standard library splits at every line of a body that begins with From; rg and grep only count.",
    )


def _measure_maildir(maildir: Path, root: Path) -> Table:
    """Our reader, the standard library's and two indexers over the same Maildir."""
    count = sum(1 for _ in (maildir / "cur").iterdir())
    mu = {**os.environ, "MUHOME": str(root / "mu"), "HOME": str(root)}
    notmuch = {**os.environ, "NOTMUCH_CONFIG": str(root / "notmuch.ini"), "HOME": str(root)}
    settings = f"[database]\npath={maildir}\n[user]\nprimary_email={ME}\n[new]\n[search]\n[maildir]\n"
    (root / "notmuch.ini").write_text(settings)
    if shutil.which("mu"):
        run(["mu", "init", f"--maildir={maildir}", f"--my-address={ME}"], env=mu)
    costs = [
        (
            "kithline, Maildir to JSON lines",
            median(lambda: run([sys.executable, "-c", _OURS, "maildir", str(maildir), "off"])[0]),
        ),
        ("stdlib mailbox.Maildir, three headers", run([sys.executable, "-c", _STDLIB, str(maildir)])[0]),
        ("mu index", _if_installed(["mu", "index", "--quiet"], env=mu, times=1)),
        ("notmuch new", _if_installed(["notmuch", "new", "--quiet"], env=notmuch, times=1)),
    ]
    ours = costs[0][1]
    return _table(
        f"Mail: a Maildir of {count:,} messages",
        costs,
        count,
        ours.cpu if ours else 0.0,
        "times kithline",
        "mu and notmuch index the bodies as well and store what they find; we read headers only.",
    )


def _if_installed(command: list[str], *, env: dict[str, str] | None = None, times: int = 3) -> Cost | None:
    if shutil.which(command[0]) is None:
        return None
    return median(lambda: run(command, env=env)[0], times)


def _table(
    title: str, costs: list[tuple[str, Cost | None]], count: int, unit: float, ratio: str, note: str
) -> Table:
    table = Table(
        title,
        ("what", "CPU s", "wall s", "peak MB", "messages a CPU s", "CPU µs a message", ratio),
        note=note,
    )
    for name, cost in costs:
        if cost is None:
            table.rows.append((name, _NOT_INSTALLED, "", "", "", "", ""))
            continue
        times = f"{cost.cpu / unit:.1f}" if unit else ""
        figures = f"{cost.cpu:.2f}", f"{cost.wall:.2f}", f"{cost.peak_mb:.0f}", f"{count / cost.cpu:,.0f}"
        table.rows.append((name, *figures, f"{cost.cpu / count * 1e6:.1f}", times))
    return table


def _lay_out_maildir(maildir: Path, count: int) -> None:
    """`count` messages as files, flagged as seen."""
    for folder in ("cur", "new", "tmp"):
        (maildir / folder).mkdir(parents=True)
    for number, (_, message) in enumerate(archive(count)):
        (maildir / "cur" / f"{1_700_000_000 + number}.{number}.host:2,S").write_bytes(message)


if __name__ == "__main__":
    main()
