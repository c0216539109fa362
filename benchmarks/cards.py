"""What it costs to read an address book with photos: the first time, again, and by vobject.

    python -m benchmarks.cards [--cards 20000]

20,000 cards are 136 MB. Each run is a process of its own. Our reader runs to encoded JSON lines, which is
what a sync spools.
"""

import argparse
import base64
import quopri
import random
import re
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from benchmarks.measuring import Cost, Table, median, run

CARDS = 20_000
_PART = 20
_PHOTO_LINES = re.compile(rb"\nPHOTO[^\n]*(?:\n [^\n]*)*")
_GIVEN = ("Ada", "Björn", "Chidi", "Dörte", "Emeka", "Freya", "Goran", "Hana", "Inés", "Jun")
_FAMILY = ("Okafor", "Müller-Beispiel", "Łukaszik", "Ferrow", "Oduya", "Quist", "Ångbro", "Tanabe")
_UNITS = ("Sales", "Research", "Harbour Office", "Accounts")
_PHOTO = 4_530  # bytes before base64, of a mean 6.2 kB after it


def cards(count: int, *, changed_every: int = 0, photo: int = _PHOTO, seed: int = 7) -> Iterator[bytes]:
    """`count` cards in versions 2.1, 3.0 and 4.0 by turns; the mean photo has `photo` bytes.

    changed_every: of so many cards one has another telephone than in the book of the same seed without it.
    """
    chance = random.Random(seed)
    for number in range(count):
        given, family = chance.choice(_GIVEN), chance.choice(_FAMILY)
        picture = base64.b64encode(
            chance.randbytes(chance.randrange(photo // 2, photo * 3 // 2 + 1))
        ).decode()
        day = date(1950, 1, 1) + timedelta(days=chance.randrange(20_000))
        telephone = 9_000_000 if changed_every and number % changed_every == 0 else number
        facts = (number, given, family, chance.choice(_UNITS), telephone, day)
        yield "\r\n".join(_WRITERS[number % 3](*facts, picture)).encode()


def _old(
    number: int, given: str, family: str, unit: str, telephone: int, day: date, picture: str
) -> list[str]:
    """vCard 2.1, as old telephones and Outlook write it."""

    def quoted(name: str, value: str) -> str:
        if value.isascii():
            return f"{name}:{value}"
        return (
            f"{name};CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:{quopri.encodestring(value.encode()).decode()}"
        )

    return [
        "BEGIN:VCARD",
        "VERSION:2.1",
        quoted("N", f"{family};{given};;;"),
        quoted("FN", f"{given} {family}"),
        f"ORG:Company {number % 400};{unit}",
        "TITLE:Head of Examples",
        "NOTE;ENCODING=QUOTED-PRINTABLE:first line=0D=0A=",
        "second line, which is not read",
        f"TEL;WORK;VOICE:+44 20 7946 {telephone:07}",
        f"TEL;CELL;PREF:+44 7700 {telephone:07}",
        f"EMAIL;PREF;INTERNET:person{number}@company{number % 400}.example",
        f"BDAY:{day:%Y%m%d}",
        "PHOTO;TYPE=JPEG;ENCODING=BASE64:",
        *(f" {picture[at : at + 72]}" for at in range(0, len(picture), 72)),
        "",
        f"REV:{day:%Y%m%d}T120000Z",
        "END:VCARD",
        "",
    ]


def _usual(
    number: int, given: str, family: str, unit: str, telephone: int, day: date, picture: str
) -> list[str]:
    """vCard 3.0, as Apple and Google write it."""
    photo = f"PHOTO;ENCODING=b;TYPE=JPEG:{picture}"
    return [
        "BEGIN:VCARD",
        "VERSION:3.0",
        "PRODID:-//Example//Contacts//EN",
        f"N:{family};{given};;;",
        f"FN:{given} {family}",
        f"ORG:Company {number % 400};{unit}",
        "TITLE:Head of Examples",
        f"EMAIL;type=INTERNET;type=WORK;type=pref:person{number}@company{number % 400}.example",
        f"EMAIL;type=INTERNET;type=HOME:{given[0].lower()}{number}@home.example",
        f"TEL;type=CELL;type=VOICE;type=pref:+44 7700 {telephone:07}",
        "item1.ADR;type=HOME:;;1 Example Street;Exampleton;;00000;Exampleland",
        "item1.X-ABADR:gb",
        f"item2.URL;type=pref:https://company{number % 400}.example/{number}",
        "item2.X-ABLabel:_$!<HomePage>!$_",
        f"BDAY;X-APPLE-OMIT-YEAR=1604:1604-{day:%m-%d}",
        "NOTE:met at the fair\\, not read",
        "CATEGORIES:friends,sailing",
        photo[:75],
        *(f" {photo[at : at + 74]}" for at in range(75, len(photo), 74)),
        f"UID:{number:08}-0000-4000-8000-00000000000A",
        f"REV:{day}T12:00:00Z",
        "END:VCARD",
        "",
    ]


def _new(
    number: int, given: str, family: str, unit: str, telephone: int, day: date, picture: str
) -> list[str]:
    """vCard 4.0, as DAV servers write it."""
    photo = f"PHOTO:data:image/jpeg;base64,{picture}"
    return [
        "BEGIN:VCARD",
        "VERSION:4.0",
        f"UID:urn:uuid:{number:08}-0000-4000-8000-00000000000B",
        f"FN:{given} {family}",
        f"N:{family};{given};;;",
        f"NICKNAME:{given[:3]}",
        f"ORG:Company {number % 400};{unit}",
        "ROLE:Keeper of Examples",
        f"EMAIL;PREF=1;TYPE=work:person{number}@company{number % 400}.example",
        f'TEL;VALUE=uri;PREF=1;TYPE="voice,cell":tel:+44-7700-{telephone:07}',
        f"BDAY:{day:%Y%m%d}",
        "KIND:individual",
        photo[:75],
        *(f" {photo[at : at + 74]}" for at in range(75, len(photo), 74)),
        f"REV:{day:%Y%m%d}T120000Z",
        "END:VCARD",
        "",
    ]


_WRITERS = (_old, _usual, _new)


# The children that are measured, each a program of its own.

_OURS = """
import gc, sys
from dataclasses import replace
from pathlib import Path
import msgspec
from connectors.contacts.vcard import read
from connectors.inputs import plain
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
import sys
from hashlib import sha256
from pathlib import Path
data, start = Path(sys.argv[1]).read_bytes(), 0
while (end := data.find(b"\\r\\nEND:VCARD", start)) >= 0:
    sha256(data[start:end]).digest()
    start = end + 11
"""
_VOBJECT = """
import sys, time
from pathlib import Path
import vobject
begun = time.process_time()
for card in Path(sys.argv[1]).read_bytes().decode().split("END:VCARD\\r\\n")[:-1]:
    for _ in vobject.readComponents(card + "END:VCARD\\r\\n", allowQP=True):
        pass
print(time.process_time() - begun)
"""


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cards", type=int, default=CARDS)
    for table in measure(parser.parse_args().cards):
        print(table.to_markdown())


def measure(count: int = CARDS) -> list[Table]:
    """The table of this module, measured now."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        book, changed, part, thin = (root / f"{name}.vcf" for name in ("book", "changed", "part", "thin"))
        known, nothing, out = root / "known", root / "nothing", root / "items.jsonl"
        for path, some in (
            (book, cards(count)),
            (changed, cards(count, changed_every=100)),
            (part, cards(count // _PART)),
        ):
            with path.open("wb") as file:
                file.writelines(some)
        thin.write_bytes(_PHOTO_LINES.sub(b"", part.read_bytes()))
        nothing.touch()
        python = [sys.executable, "-c"]
        ours = [*python, _OURS]
        run([*ours, str(book), str(nothing), str(out), str(known)])
        costs = [
            ("kithline, first read to JSON lines", _cost([*ours, str(book), str(nothing), str(out)])),
            ("kithline, again with 1 % changed", _cost([*ours, str(changed), str(known), str(out)])),
            ("kithline, again with nothing changed", _cost([*ours, str(book), str(known), str(out)])),
            ("split and sha256 alone", _cost([*python, _HASHED, str(book)])),
            ("vobject", _scaled(*run([*python, _VOBJECT, str(part)]))),
            ("vobject, photos dropped before", _scaled(*run([*python, _VOBJECT, str(thin)]))),
        ]
        return [_table(count, book.stat().st_size, costs)]


def _cost(command: list[str]) -> Cost:
    return median(lambda: run(command)[0])


def _scaled(part: Cost, parsing: str) -> Cost:
    """What the whole would have cost, of which only the parsing grows; memory is not scaled."""
    more = (_PART - 1) * float(parsing)
    return Cost(part.cpu + more, part.wall + more, part.peak_mb)


def _table(count: int, size: int, costs: list[tuple[str, Cost]]) -> Table:
    table = Table(
        f"Contacts: {count:,} cards with photos, {size / 1e6:.0f} MB",
        ("what", "CPU s", "wall s", "peak MB", "cards a CPU s", "vobject is so many times this"),
        note=f"vobject read one card in {_PART}, each alone: its memory is of that, its times are of {_PART} "
        "times that.",
    )
    judge = dict(costs)["vobject"].cpu
    for name, cost in costs:
        figures = f"{cost.cpu:.2f}", f"{cost.wall:.2f}", f"{cost.peak_mb:.0f}", f"{count / cost.cpu:,.0f}"
        table.rows.append((name, *figures, f"{judge / cost.cpu:.1f}"))
    return table


if __name__ == "__main__":
    main()
