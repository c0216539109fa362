"""What it costs to read an address book with photos: the first time, again, and by vobject.

    python -m benchmarks.cards [CARDS]

20,000 cards are 129 MB. Each run is a process of its own and counts what it does after its imports, writing
JSON lines included. vobject reads every fiftieth card, since it takes a millisecond for each.
"""

import base64
import json
import quopri
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

_GIVEN = ("Ada", "Björn", "Chidi", "Dörte", "Emeka", "Freya", "Goran", "Hana", "Inés", "Jun")
_FAMILY = ("Okafor", "Müller-Beispiel", "Łukaszik", "Ferrow", "Oduya", "Quist", "Ångbro", "Tanabe")
_UNITS = ("Sales", "Research", "Harbour Office", "Accounts")
_CARDS = 20_000
_SAMPLED = 50
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


def main() -> None:
    """Write the books, run each reader in a process of its own, print a table."""
    if sys.argv[1:2] == ["--job"]:
        print(json.dumps(_measured(_JOBS[sys.argv[2]], Path(sys.argv[3]))))
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else _CARDS
    with tempfile.TemporaryDirectory() as scratch:
        book, changed = Path(scratch) / "book.vcf", Path(scratch) / "changed.vcf"
        for path, every in ((book, 0), (changed, 100)):
            with path.open("wb") as file:
                file.writelines(cards(count, changed_every=every))
        print(f"{count} cards, {book.stat().st_size / 1e6:.0f} MB\n")
        print("| | CPU s | wall s | peak MB | cards | vobject / this |")
        print("|---|---|---|---|---|---|")
        judge = 0.0
        for name, job, path in (
            ("vobject", "vobject", book),
            ("vobject without the PHOTO lines", "vobject-without-photos", book),
            ("first read", "first", book),
            ("read again, nothing changed", "again", book),
            ("read again, 1 % changed", "again", changed),
            ("split and sha256 alone", "floor", book),
        ):
            row = _as_a_child(job, path)
            judge = judge or row["cpu"]
            print(
                f"| {name} | {row['cpu']:.2f} | {row['wall']:.2f} | {row['mb']:.0f} | {row['cards']} "
                f"| {judge / row['cpu']:.1f} |"
            )


def _as_a_child(job: str, path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.cards", "--job", job, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def _measured(job: Callable[[Path], tuple[Callable[[], int], int]], path: Path) -> dict[str, float]:
    """CPU and wall seconds of what `job` prepared, as if it had read every card; peak MB of the process."""
    work, sampled = job(path)
    cpu, wall = time.process_time(), time.monotonic()
    count = work()
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu": cpu * sampled, "wall": wall * sampled, "mb": peak, "cards": count * sampled}


def _ours(path: Path, known: frozenset[str], output: Path) -> Callable[[], int]:
    import msgspec  # noqa: PLC0415 - only the process that reads pays for it

    from connectors.contacts import vcard  # noqa: PLC0415 - as above
    from connectors.inputs import plain  # noqa: PLC0415 - as above

    def work() -> int:
        count = 0
        encode = msgspec.json.Encoder().encode
        with plain(path) as source, output.open("wb") as file:
            for item in vcard.read(replace(source, known=known)):
                file.write(encode(item) + b"\n")
                count += 1
        return count

    return work


def _first(path: Path) -> tuple[Callable[[], int], int]:
    """Everything is new."""
    return _ours(path, frozenset(), path.with_name("landed.jsonl")), 1


def _again(path: Path) -> tuple[Callable[[], int], int]:
    """What the first read wrote is known."""
    with path.with_name("landed.jsonl").open("rb") as lines:
        known = frozenset(json.loads(line)["digest"] for line in lines)
    return _ours(path, known, path.with_name("again.jsonl")), 1


def _floor(path: Path) -> tuple[Callable[[], int], int]:
    """Every card cut out at its END line, and hashed."""

    def work() -> int:
        data, start, digests = path.read_bytes(), 0, []
        while (end := data.find(b"\r\nEND:VCARD", start)) >= 0:
            digests.append(sha256(data[start:end]).digest())
            start = end + 11
        return len(digests)

    return work, 1


def _vobject(path: Path) -> tuple[Callable[[], int], int]:
    """One card of `_SAMPLED`, read alone."""
    import vobject  # noqa: PLC0415 - as above

    sample = path.read_bytes().decode().split("END:VCARD\r\n")[:-1][::_SAMPLED]

    def work() -> int:
        return sum(1 for card in sample for _ in vobject.readComponents(card + "END:VCARD\r\n", allowQP=True))

    return work, _SAMPLED


def _vobject_without_photos(path: Path) -> tuple[Callable[[], int], int]:
    """The same, of a copy of the book without its photos."""
    thin = path.with_name("thin.vcf")
    thin.write_bytes(re.sub(rb"\nPHOTO[^\n]*(?:\n [^\n]*)*", b"", path.read_bytes()))
    return _vobject(thin)


_JOBS = {
    "first": _first,
    "again": _again,
    "floor": _floor,
    "vobject": _vobject,
    "vobject-without-photos": _vobject_without_photos,
}

if __name__ == "__main__":
    main()
