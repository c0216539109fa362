"""Writes the sample world: two calendars, two address books, two mailboxes, and the truth about them.

    python samples/make_world.py [--out DIR] [--seed N]

The same seed gives the same bytes; no clock is read. Needs the standard library alone.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from world import correspondence, diary, icalendars, mboxes, rhythms, vcards
from world.plan import Appointment, Mail
from world.truth import truth

HERE = Path(__file__).resolve().parent
DEFAULT_SEED = 1861


def plan(seed: int) -> tuple[list[Mail], list[Appointment]]:
    """Everything that happens in the world, and what was only planned."""
    mails, meetings = rhythms.plans(seed)
    return mails + correspondence.mails(seed), meetings + diary.series() + diary.singles()


def files(seed: int) -> dict[str, bytes]:
    """The content of every file, by its path under the output folder."""
    mails, appointments = plan(seed)
    contents: dict[str, bytes] = {}
    books: dict[str, Any] = {}

    def add(path: str, written: tuple[bytes, int], quarantined: int = 0, **skipped: int) -> None:
        contents[f"data/{path}"], whole = written
        records = whole + quarantined + sum(skipped.values())
        books[path] = {"records": records, "skipped": skipped, "quarantined": quarantined}

    for name in ("work", "private"):
        calendar = icalendars.calendar(name, appointments)
        add(f"calendar/{name}.ics", calendar, icalendars.TRUNCATED[name], VTODO=icalendars.TODOS[name])
    add("contacts/phone.vcf", vcards.phone())
    add("contacts/laptop.vcf", vcards.laptop(), group=1)
    for name in ("inbox", "sent"):
        add(f"mail/{name}.mbox", mboxes.mbox(name, mails), mboxes.BROKEN[name])
    facts = truth(mails, appointments, books)
    contents["truth.json"] = (json.dumps(facts, indent=1, ensure_ascii=False) + "\n").encode()
    return contents


def main() -> None:
    """Writes the files."""
    parser = argparse.ArgumentParser(description="Write the sample world.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write into (default: this one)")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    options = parser.parse_args()
    for path, content in files(options.seed).items():
        target = options.out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        print(f"{len(content):>9,}  {target}")


if __name__ == "__main__":
    main()
