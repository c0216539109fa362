"""Kill the sync at random instants; then look for what was lost, doubled or cannot be opened.

    python -m benchmarks.kills [--kills 60] [--without-prefect]

Each round a mail file grows and a calendar is replaced, a sync starts and is killed with SIGKILL at a random
instant of its life. All the while a reader opens the published file. At the end one clean sync runs, and the
public tables must equal those of a home that has seen the final files only.
"""

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.mailbox_generator import ME, messages
from warehouse.connection import opened, rows

_COMPARED = {
    "messages": "message_id, sent_at, is_bulk, recipients, my_role, thread_id",
    "meetings": "meeting_id, starts_at, status, my_response, party_size",
    "interactions": "channel, occurred_at, direction, source_record",
    "contacts": "contact_id, name, organization",
    "gone_quiet": "rank, name, last_contact_on, silent_days",
}
STEPS_ALONE = """
import sys
from datetime import date
from flows.settings import Home
from flows.steps import chosen_sources, night
home = Home.of_environment(sys.argv[1])
with night(home, as_of=date(2026, 6, 30)) as run:
    for source in chosen_sources(run.settings, ()):
        run.read(source)
    run.build()
"""


def main() -> None:
    """Run the rounds and print what was found; exit 1 if anything was lost, doubled or unopenable."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--without-prefect", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        raise SystemExit(_trial(Path(folder), options.kills, options.seed, direct=options.without_prefect))


def _trial(root: Path, kills: int, seed: int, *, direct: bool) -> int:
    chance = random.Random(seed)
    mail = list(messages(kills * 180 + 3000, body_bytes=600, seed=seed))
    files = root / "files"
    files.mkdir()
    _grow(files, mail[:3000], 0)
    home = root / "home"
    _make_home(home, files)
    _run(home, direct=direct).wait()
    reader = _Reader(home / "network.duckdb")
    life, killed, number = 10.0, 0, 0
    while killed < kills and number < 3 * kills:
        number += 1
        _grow(files, mail[: 3000 + number * 60], number)
        started = time.monotonic()
        process = _run(home, direct=direct)
        try:
            process.wait(chance.uniform(0, life))
            life = time.monotonic() - started  # it ended first: that is how long one takes now
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
    reader.stop()
    ended = _run(home, direct=direct).wait()
    clean = root / "clean"
    _make_home(clean, files)
    _run(clean, direct=direct).wait()
    found = _compare(home, clean)
    print(f"rounds {number}, killed while running {killed}, one sync takes {life:.1f} s")
    print(f"reads of the published file {reader.reads}, failed {len(reader.failures)} {reader.failures[:2]}")
    print(f"exit of the clean sync {ended}")
    for table, (lost, extra, total) in found.items():
        print(f"{table}: {total} rows, lost {lost}, extra or doubled {extra}")
    wrong = (
        any(lost or extra for lost, extra, _ in found.values())
        or reader.failures
        or ended
        or killed < kills
        or not reader.reads
    )
    print("FAILED" if wrong else "nothing lost, nothing doubled, nothing unopenable")
    return 1 if wrong else 0


def _make_home(home: Path, files: Path) -> None:
    kith = [sys.executable, "-m", "flows.cli", "--home", str(home)]
    subprocess.run(
        [*kith, "init", "--me", ME, "--timezone", "Europe/Berlin"], check=True, capture_output=True
    )
    for kind, name in (("mbox", "mail.mbox"), ("ics", "work.ics"), ("vcard", "cards.vcf")):
        subprocess.run([*kith, "source", "add", kind, str(files / name)], check=True, capture_output=True)


def _grow(files: Path, mail: list[bytes], number: int) -> None:
    (files / "mail.mbox").write_bytes(b"".join(mail))
    events = "".join(
        f"BEGIN:VEVENT\r\nUID:e{event}\r\nSEQUENCE:{number if event % 7 == 0 else 0}\r\n"
        f"DTSTART:2024{1 + event % 12:02}{1 + event % 28:02}T{8 + (event + number) % 9:02}0000Z\r\n"
        f"DURATION:PT30M\r\nORGANIZER:mailto:{ME}\r\n"
        f"ATTENDEE:mailto:person{event % 40}@company{event % 40}.example\r\n"
        "END:VEVENT\r\n"
        for event in range(40 + number)
    )
    (files / "work.ics").write_text(
        f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//generated//\r\n{events}END:VCALENDAR\r\n"
    )
    cards = "".join(
        f"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:c{card}\r\nFN:Person {card}\r\nORG:Company {number}\r\n"
        f"EMAIL:person{card}@company{card % 40}.example\r\nEND:VCARD\r\n"
        for card in range(30 + number % 5)
    )
    (files / "cards.vcf").write_text(cards)


def _run(home: Path, *, direct: bool) -> subprocess.Popen[bytes]:
    flow = [sys.executable, "-m", "flows.cli", "--home", str(home), "sync", "--as-of", "2026-06-30"]
    command = [sys.executable, "-c", STEPS_ALONE, str(home)] if direct else flow
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class _Reader:
    """Opens the published file again and again, and counts what fails."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self.reads = 0
        self.failures: list[str] = []
        self._goes_on = True
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def stop(self) -> None:
        self._goes_on = False
        self._thread.join()

    def _read(self) -> None:
        last = 0
        while self._goes_on:
            try:
                with opened(self.database, read_only=True) as connection:
                    [(held, distinct)] = rows(
                        connection, "select count(*), count(distinct message_id) from main.messages"
                    )
                if held != distinct or held < last:
                    self.failures.append(f"{held} rows, {distinct} messages, {last} before")
                last = held
            except Exception as error:  # noqa: BLE001 - whatever it is, a reader must not meet it
                self.failures.append(f"{type(error).__name__}: {error}")
            self.reads += 1
            time.sleep(0.05)


def _compare(home: Path, clean: Path) -> dict[str, tuple[int, int, int]]:
    found = {}
    copy = home.parent / "compared.duckdb"
    shutil.copyfile(clean / "network.duckdb", copy)
    with opened(home / "network.duckdb", read_only=True) as left, opened(copy, read_only=True) as right:
        for table, columns in _COMPARED.items():
            query = f"select {columns} from main.{table} order by all"
            here, there = rows(left, query), rows(right, query)
            found[table] = (len(set(there) - set(here)), len(here) - len(set(here) & set(there)), len(there))
    return found


if __name__ == "__main__":
    main()
