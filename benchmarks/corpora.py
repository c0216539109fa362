"""Offer every file of a folder of real exports to its connector, and keep the books of each.

    KITHLINE_CORPORA=FOLDER python -m benchmarks.corpora

The folder holds ics/, vcf/ and mail/. Every file becomes a source of its own. A crash, a file that takes
more than 5 s, or books that do not balance is printed, and the exit code is 1.
"""

import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import duckdb

from connectors import CONNECTORS
from connectors.records import ConnectorError
from flows import files
from warehouse import loading
from warehouse.intake import Intake
from warehouse.landing import SourceRun

_KINDS = {"ics": ("ics", (".ics", ".vcs")), "vcf": ("vcard", (".vcf",)), "mail": ("mbox", None)}
_MAX_SECONDS = 5.0


def main() -> None:
    """Read everything; print a line a kind and one for every fault."""
    folder = os.environ.get("KITHLINE_CORPORA")
    if not folder:
        print("corpora: KITHLINE_CORPORA names no folder; nothing was measured")
        return
    faults = sum(_read_kind(Path(folder) / name, *how) for name, how in _KINDS.items())
    sys.exit(1 if faults else 0)


def _read_kind(folder: Path, kind: str, suffixes: tuple[str, ...] | None) -> int:
    totals: Counter[str] = Counter()
    faults = 0
    slowest = (0.0, "")
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if suffixes and path.suffix.lower() not in suffixes:
            continue
        started = time.monotonic()
        try:
            books = _books(path, kind)
        except ConnectorError:
            totals["files refused"] += 1
            continue
        except Exception as error:  # noqa: BLE001 - a crash is what is looked for
            print(f"CRASH {path}: {type(error).__name__}: {error}")
            faults += 1
            continue
        seconds = time.monotonic() - started
        slowest = max(slowest, (seconds, path.name))
        if not books.is_balanced or seconds > _MAX_SECONDS:
            print(f"FAULT {path}: {seconds:.1f} s, balanced: {books.is_balanced}")
            faults += 1
        totals.update(
            {"files": 1, "read": books.read, "records": books.new, "quarantined": books.quarantined}
        )
        totals["skipped"] += sum(books.skipped.values())
    print(f"{kind}: {dict(totals)}, slowest {slowest[0]:.2f} s, faults {faults}")
    return faults


def _books(path: Path, kind: str) -> SourceRun:
    connector = CONNECTORS[kind]
    with duckdb.connect() as connection, tempfile.TemporaryDirectory() as scratch:
        loading.prepare(connection)
        intake = Intake(connection, "one", connector.record_kind, Path(scratch) / "intake")
        intake.take(path.name, connector.read(path), files.look(path, connector))
        return intake.compare()


if __name__ == "__main__":
    main()
