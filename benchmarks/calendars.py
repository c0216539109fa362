"""What it costs to read a calendar: the first time, again with one event in a hundred changed, and by others.

    python -m benchmarks.calendars [--events 50000]

Each run is a process of its own. The references of the same run are icalendar's parse and that of libical,
whose C program is compiled here (``apt-get install libical-dev gcc``); neither makes records of what it read.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.measuring import Cost, Table, median, run

EVENTS = 50_000
_TENTH = 10
_START = datetime(2012, 1, 2)  # noqa: DTZ001 - wall-clock times
_STAMP = "%Y%m%dT%H%M%S"
_ZONES = {
    "Europe/Berlin": (
        "+0100",
        "+0200",
        "19700329T020000",
        "3;BYDAY=-1SU",
        "19701025T030000",
        "10;BYDAY=-1SU",
    ),
    "America/New_York": (
        "-0500",
        "-0400",
        "20070311T020000",
        "3;BYDAY=2SU",
        "20071104T020000",
        "11;BYDAY=1SU",
    ),
    "Island Time": ("+0930", "+1030", "20080406T020000", "4;BYDAY=1SU", "20081005T020000", "10;BYDAY=1SU"),
}
_RULES = (
    "FREQ=WEEKLY;BYDAY=MO,WE",
    "FREQ=WEEKLY;INTERVAL=2;COUNT=30",
    "FREQ=MONTHLY;BYDAY=-1FR",
    "FREQ=DAILY;UNTIL=20301231T230000Z",
    "FREQ=YEARLY",
)
_ANSWERS = ("ACCEPTED", "DECLINED", "TENTATIVE", "NEEDS-ACTION")
_WORDS = [
    "agenda",
    "plan",
    "review",
    "budget",
    "team",
    "release",
    "customer",
    "draft",
    "notes",
    "open",
    "points",
    "until",
    "friday",
    "room",
]


def calendar(events: int, *, changed_every: int = 0, seed: int = 7) -> Iterator[str]:
    """The text of one calendar, a component at a time, about 960 bytes an event.

    changed_every: every so many events end later than in the calendar of the same seed without it.
    """
    chance = random.Random(seed)
    yield "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//Calendar//EN\r\n"
    yield "X-WR-TIMEZONE:Europe/Berlin\r\n"
    yield from (_zone(name, *facts) for name, facts in _ZONES.items())
    number = 0
    while number < events:
        for lines in _meeting(number, chance):
            is_changed = changed_every and number % changed_every == 0
            yield _folded([*lines, "X-MOVED:TRUE", "SEQUENCE:9"] if is_changed else lines)
            number += 1
            if number >= events:
                break
    yield "END:VCALENDAR\r\n"


def _zone(name: str, winter: str, summer: str, forward: str, spring: str, back: str, autumn: str) -> str:
    def part(kind: str, start: str, before: str, after: str, rule: str) -> str:
        return (
            f"BEGIN:{kind}\r\nDTSTART:{start}\r\nRRULE:FREQ=YEARLY;BYMONTH={rule}\r\n"
            f"TZOFFSETFROM:{before}\r\nTZOFFSETTO:{after}\r\nEND:{kind}\r\n"
        )

    daylight = part("DAYLIGHT", forward, winter, summer, spring)
    standard = part("STANDARD", back, summer, winter, autumn)
    return f"BEGIN:VTIMEZONE\r\nTZID:{name}\r\n{daylight}{standard}END:VTIMEZONE\r\n"


def _meeting(number: int, chance: random.Random) -> Iterator[list[str]]:
    """A single event, an all-day one, or a series with exceptions."""
    uid = f"UID:{number:06}-{chance.getrandbits(64):016x}@calendar.example"
    starts = _START + timedelta(hours=number // 2, minutes=chance.choice((0, 15, 30)))
    stamp = f"{_START + timedelta(minutes=number):{_STAMP}}Z"
    common = [uid, f"DTSTAMP:{stamp}", f"CREATED:{stamp}", f"LAST-MODIFIED:{stamp}", *_about(chance)]
    length = timedelta(minutes=chance.choice((25, 30, 60, 90)))
    if chance.random() < 0.08:
        yield [
            f"DTSTART;VALUE=DATE:{starts:%Y%m%d}",
            f"DTEND;VALUE=DATE:{starts + timedelta(days=2):%Y%m%d}",
            *common,
        ]
        return
    zone = chance.choice([*_ZONES, "UTC"])

    def times(at: datetime) -> list[str]:
        return [_at("DTSTART", at, zone), _at("DTEND", at + length, zone)]

    parties = _parties(chance)
    if chance.random() > 0.1:
        yield [*times(starts), *common, *parties]
        return
    moved = starts + timedelta(days=7)
    removed = [_at("EXDATE", starts + timedelta(days=14), zone)]
    yield [*times(starts), f"RRULE:{chance.choice(_RULES)}", *removed, *common, *parties]
    yield [*times(moved + timedelta(hours=1)), _at("RECURRENCE-ID", moved, zone), *common, *parties]


def _at(name: str, wall: datetime, zone: str) -> str:
    return f"{name}:{wall:{_STAMP}}Z" if zone == "UTC" else f"{name};TZID={zone}:{wall:{_STAMP}}"


def _about(chance: random.Random) -> list[str]:
    words = " ".join(chance.choices(_WORDS, k=24))
    return [
        f"SEQUENCE:{chance.randrange(4)}",
        "STATUS:CONFIRMED",
        f"TRANSP:{chance.choice(('OPAQUE', 'TRANSPARENT'))}",
        "SUMMARY:a summary that is not read",
        f"DESCRIPTION:{words}",
        "LOCATION:a place that is not read",
    ]


def _parties(chance: random.Random) -> list[str]:
    people = [chance.randrange(300) for _ in range(chance.randrange(1, 6))]
    organizer = f"ORGANIZER;CN=Person {people[0]}:mailto:person{people[0]}@company{people[0] % 40}.example"
    return [
        organizer,
        *(
            f'ATTENDEE;CN="Person {who}";CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;'
            f"PARTSTAT={chance.choice(_ANSWERS)};RSVP=TRUE:mailto:person{who}@company{who % 40}.example"
            for who in people
        ),
    ]


def _folded(lines: list[str]) -> str:
    """A VEVENT of these lines (RFC 5545 3.1)."""
    alarm = ["BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT15M", "END:VALARM"]
    whole = ["BEGIN:VEVENT", *lines, *alarm, "END:VEVENT"]
    return "".join(
        "\r\n ".join([line[:75], *(line[i : i + 74] for i in range(75, len(line), 74))]) + "\r\n"
        for line in whole
    )


# The children that are measured, each a program of its own.

_OURS = """
import gc, sys
from pathlib import Path
import msgspec
from connectors.calendar.ics import read
from connectors.inputs import plain
from dataclasses import replace
gc.disable()
path, known, out, *told = sys.argv[1:]
digests = frozenset(Path(known).read_text().split())
encode = msgspec.json.Encoder().encode
found = []
with plain(Path(path)) as source, open(out, "wb") as lines:
    for item in read(replace(source, known=digests)):
        lines.write(encode(item) + b"\\n")
        if told:
            found.append(item.digest)
if told:
    Path(told[0]).write_text("\\n".join(found))
"""
_HASHED = """
import hashlib, sys
from pathlib import Path
from connectors.calendar.blocks import blocks, narrowed
data, _ = narrowed(Path(sys.argv[1]).read_bytes())
for block in blocks(data, 16):
    hashlib.sha256(block.own(data)).digest()
"""
_ICALENDAR = """
import sys, time
from pathlib import Path
import icalendar
begun = time.process_time()
icalendar.Calendar.from_ical(Path(sys.argv[1]).read_bytes())
print(time.process_time() - begun)
"""
_LIBICAL = r"""
#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
int main(int count, char **words) {
    FILE *file = fopen(words[1], "rb");
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char *text = calloc(size + 1, 1);
    if (fread(text, 1, size, file) != (size_t)size) return 1;
    icalcomponent *calendar = icalparser_parse_string(text);
    return icalcomponent_count_components(calendar, ICAL_VEVENT_COMPONENT) > 0 ? 0 : 1;
}
"""


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=EVENTS)
    for table in measure(parser.parse_args().events):
        print(table.to_markdown())


def measure(events: int = EVENTS) -> list[Table]:
    """The table of this module, measured now."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        first, again, tenth = root / "first.ics", root / "again.ics", root / "tenth.ics"
        known, nothing, out = root / "known", root / "nothing", root / "items.jsonl"
        for path, parts in (
            (first, calendar(events)),
            (again, calendar(events, changed_every=100)),
            (tenth, calendar(events // _TENTH)),
        ):
            with path.open("wb") as file:
                file.writelines(part.encode() for part in parts)
        nothing.touch()
        python = [sys.executable, "-c"]
        ours = [*python, _OURS]
        run([*ours, str(first), str(nothing), str(out), str(known)])
        libical = _libical(root, first)
        costs = [
            ("kithline, first read to JSON lines", _cost([*ours, str(first), str(nothing), str(out)])),
            ("kithline, again with 1 % changed", _cost([*ours, str(again), str(known), str(out)])),
            ("kithline, again with nothing changed", _cost([*ours, str(first), str(known), str(out)])),
            ("kithline, split and hash alone", _cost([*python, _HASHED, str(first)])),
            ("libical, parse", _cost(libical) if libical else None),
            ("icalendar, parse", _scaled(*run([*python, _ICALENDAR, str(tenth)]))),
        ]
        return [_table(events, first.stat().st_size, costs)]


def _cost(command: list[str]) -> Cost:
    return median(lambda: run(command)[0])


def _scaled(tenth: Cost, parsing: str) -> Cost:
    """What the whole would have cost, of which only the parsing grows; memory is not scaled."""
    more = (_TENTH - 1) * float(parsing)
    return Cost(tenth.cpu + more, tenth.wall + more, tenth.peak_mb)


def _table(events: int, size: int, costs: list[tuple[str, Cost | None]]) -> Table:
    table = Table(
        f"Calendar: {events:,} events, {size / 1e6:.0f} MB",
        ("what", "CPU s", "wall s", "peak MB", "times libical", "icalendar is so many times this"),
        note="icalendar parsed a tenth: its memory is of that, its times are of ten times that. Neither it "
        "nor libical makes records of what it parsed.",
    )
    cpu = {name: cost.cpu for name, cost in costs if cost}
    libical, icalendar = cpu.get("libical, parse"), cpu["icalendar, parse"]
    for name, cost in costs:
        if cost is None:
            table.rows.append((name, "not installed", "", "", "", ""))
            continue
        times = f"{cost.cpu / libical:.1f}" if libical else ""
        figures = f"{cost.cpu:.2f}", f"{cost.wall:.2f}", f"{cost.peak_mb:.0f}"
        table.rows.append((name, *figures, times, f"{icalendar / cost.cpu:.0f}"))
    return table


def _libical(root: Path, path: Path) -> list[str] | None:
    """The command that parses a file with libical; None if it cannot be compiled."""
    source, program = root / "parse.c", root / "parse"
    source.write_text(_LIBICAL)
    if not shutil.which("gcc"):
        return None
    made = subprocess.run(["gcc", "-O2", source, "-o", program, "-lical"], capture_output=True, check=False)
    return [str(program), str(path)] if made.returncode == 0 else None


if __name__ == "__main__":
    main()
