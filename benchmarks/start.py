"""What a command costs before and beside its answer, against `import duckdb` in the same run.

    python -m benchmarks.start [--runs 15] [--home DIR]

CPU is user and system time of the process and its children: the median over the runs, which go round the
commands so that a busy machine slows all alike. Bytecode is compiled before. Without --home the commands ask
the sample world; its day is that of its last sync.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from statistics import median

from benchmarks.measuring import Table

REFERENCE = "import duckdb"
REPOSITORY = Path(__file__).parent.parent
_DATA = REPOSITORY / "samples" / "data"
_SOURCES = {"ics": _DATA / "calendar", "vcard": _DATA / "contacts", "mbox": _DATA / "mail"}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--home", type=Path, help="a home that was synced")
    options = parser.parse_args()
    with _home(options.home) as home:
        print(_table(_seconds(home, options.runs)).to_markdown())


def measure(runs: int = 15) -> list[Table]:
    """The tables of this module, measured now, on the sample world."""
    with _home(None) as home:
        return [_table(_seconds(home, runs))]


def _seconds(home: Path, runs: int) -> dict[str, float]:
    """Median CPU seconds of each command, by what it is called in the table; the reference is among them."""
    folders = [str(REPOSITORY / name) for name in ("flows", "connectors", "warehouse")]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
    subprocess.run([sys.executable, "-m", "compileall", "-q", *folders], env=environment, check=False)
    commands = _commands(home)
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            seconds[name].append(_cpu_seconds(command, environment))
    return {name: median(each) for name, each in seconds.items()}


def _table(seconds: Mapping[str, float]) -> Table:
    """One row per command, with its ratio to the reference."""
    return Table(
        "Start of commands",
        ("command", "CPU s", f"times {REFERENCE}"),
        [(name, f"{each:.3f}", f"{each / seconds[REFERENCE]:.2f}") for name, each in seconds.items()],
        "The median of several runs. For another day than the published one, Polars derives the answer.",
    )


def _commands(home: Path) -> dict[str, list[str]]:
    code = {"python": "pass", REFERENCE: REFERENCE, "import polars": "import polars"}
    code["import duckdb, polars"] = "import duckdb, polars"
    published = _published_day(home)
    asked = {
        "kith --help": ["--help"],
        "kith sql 'select 1'": ["sql", "select 1"],
        "kith status": ["status"],
        "kith quiet": ["quiet", "--as-of", str(published)],
        "kith quiet, another day": ["quiet", "--as-of", str(published + timedelta(days=10))],
    }
    kith = [*_kith(), "--home", str(home)]
    return {name: [sys.executable, "-c", line] for name, line in code.items()} | {
        name: [*kith, *arguments] for name, arguments in asked.items()
    }


def _kith() -> list[str]:
    """The console script beside this Python, else the module, which takes a few milliseconds more."""
    script = Path(sys.executable).with_name("kith")
    return [str(script)] if script.exists() else [sys.executable, "-m", "flows.cli"]


def _published_day(home: Path) -> date:
    query = ["sql", "select as_of from meta.publication", "--format", "csv"]
    command = [*_kith(), "--home", str(home), *query]
    told = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return date.fromisoformat(told.stdout.split()[-1])


def _cpu_seconds(command: Sequence[str], environment: Mapping[str, str]) -> float:
    process = subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, command
    return usage.ru_utime + usage.ru_stime


@contextmanager
def _home(given: Path | None) -> Iterator[Path]:
    """The home that was given, else one of the sample world, made and synced for the while."""
    if given is not None:
        yield given.absolute()
        return
    with tempfile.TemporaryDirectory() as folder:
        kith = [*_kith(), "--home", folder + "/home"]
        start = ["init", "--me", "robin@ferrow.example", "--timezone", "Europe/Berlin"]
        adding = [["source", "add", kind, str(place)] for kind, place in _SOURCES.items()]
        for arguments in (start, *adding, ["sync", "--as-of", "2026-06-30"]):
            subprocess.run([*kith, *arguments], cwd=REPOSITORY, capture_output=True, check=True)
        yield Path(folder) / "home"


if __name__ == "__main__":
    main()
