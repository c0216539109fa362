"""Every attack of `attacks` gets its verdict, costs little, and harms no file beside it."""

import os
import re
import resource
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from attacks import CAPPED, GOOD, QUARANTINED, READ, REFUSED, SECRET, Attack, attacks
from pipeline import AS_OF, ask, make_home

from connectors.bounds import Bounds
from connectors.orders import Job, Told
from connectors.spool import OTHERS
from flows import reading
from flows.gathering import listed
from flows.reading import CONFINED, Hands
from flows.settings import Home, Source
from flows.steps import How, chosen_sources, night
from warehouse.landing import SourceRun

BOUNDS = Bounds(memory_mb=640)
NEIGHBOURS = ("0 before", "zz behind")
_HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_SEVERITY = {"nothing": 0, READ: 1, CAPPED: 2, QUARANTINED: 3, REFUSED: 4, "fault": 5}


@dataclass
class Outcome:
    """What became of one file. seconds: of CPU, of it and those that were told of together with it."""

    verdict: str = "nothing"
    refusal: str = ""
    items: int = 0
    seconds: float = 0.0
    records: list[dict[str, Any]] = field(default_factory=list)
    others: list[dict[str, Any]] = field(default_factory=list)

    def judge(self, verdict: str) -> None:
        self.verdict = max(self.verdict, verdict, key=_SEVERITY.__getitem__)


@dataclass
class Reading:
    """One folder of attacks, read as a source is. touched: what was written, changed or removed meanwhile."""

    folder: Path
    outcomes: dict[str, Outcome]
    processes: int
    peak_mb: float
    touched: set[Path] = field(default_factory=set)


class Laid:
    """All attacks in folders by kind; a folder is read when it is first asked for."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.attacks: dict[str, list[Attack]] = {}
        self._readings: dict[str, Reading] = {}
        (place / SECRET).write_bytes(GOOD["ics"][1].replace(b"ada", SECRET.encode()))

    def folder(self, kind: str) -> Path:
        return self.place / "folders" / kind

    def reading(self, kind: str) -> Reading:
        if kind not in self._readings:
            self._lay(kind)
            spool = self.place / "spools" / kind
            spool.mkdir(parents=True)
            before = everything(self.place)
            found = read_confined(kind, self.folder(kind), spool)
            after = everything(self.place)
            found.touched = {path for path in before | after if before.get(path) != after.get(path)}
            self._readings[kind] = found
        return self._readings[kind]

    def _lay(self, kind: str) -> None:
        self.attacks[kind] = []
        for attack in attacks(kind):
            attack.lay(self.folder(kind))
            self.attacks[kind].append(replace(attack, data=b""))
        suffix, data = GOOD[kind]
        for name in NEIGHBOURS:
            (self.folder(kind) / f"{'cur/' if kind == 'maildir' else ''}{name}{suffix}").write_bytes(data)


def read_confined(kind: str, folder: Path, spool: Path) -> Reading:
    """Read a folder in processes of their own, and look at what they cost."""
    with started_processes() as started:
        parts = listed(Source(name="x", kind=kind, location=str(folder)), BOUNDS)
        started.clear()
        outcomes = {file: Outcome() for file in parts}
        for file, part in parts.items():
            if part.refusal:
                outcomes[file].refusal = part.refusal
                outcomes[file].judge(REFUSED)
        before, peak, spent_before = 0.0, 0.0, spent()
        jobs = [part.job() for part in parts.values() if not part.refusal]
        batch: list[Outcome] = []
        for told in reading.read(jobs, BOUNDS, spool):
            outcome = outcomes[told.file]
            _note(outcome, told)
            batch.append(outcome)
            seconds, memory = usage(started[-1].pid)
            peak = max(peak, memory)
            if seconds > before:
                for each in batch:
                    each.seconds = seconds - before
                batch.clear()
                before = seconds
        for each in batch:  # the process has ended with them
            each.seconds = spent() - spent_before - before
    _add_lines(outcomes, spool)
    return Reading(folder, outcomes, len(started), peak)


@contextmanager
def started_processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    """The processes that are started to read files, as they are started."""
    started: list[subprocess.Popen[bytes]] = []

    def start(arguments: list[str], **options: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401 - handed on
        started.append(begin(arguments, **options))
        return started[-1]

    begin = subprocess.Popen
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flows.reading.subprocess.Popen", start)
        yield started


def spent() -> float:
    """CPU seconds of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def usage(process: int) -> tuple[float, float]:
    """CPU seconds and the highest memory in MB of a living process; zeros where the system does not tell."""
    try:
        times = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0, 0.0
    highest = re.search(r"VmHWM:\s*(\d+) kB", status)
    ticks = os.sysconf("SC_CLK_TCK")
    return sum(map(int, times)) / ticks, int(highest[1]) / 1024 if highest else 0.0


def _note(outcome: Outcome, told: Told) -> None:
    outcome.items, outcome.refusal = told.taken.items, told.refusal or told.fault
    if told.fault:
        outcome.judge("fault")
    elif told.refusal:
        outcome.judge(REFUSED)
    elif told.format:
        outcome.judge(READ)


def _add_lines(outcomes: Mapping[str, Outcome], spool: Path) -> None:
    for path in spool.glob("*.ndjson"):
        is_record = path.stem != OTHERS
        for line in path.read_bytes().splitlines():
            said = msgspec.json.decode(line)
            outcome = outcomes[said["file"]]
            if is_record:
                outcome.records.append(said)
                outcome.judge(CAPPED if said["capped"] else READ)
                continue
            outcome.others.append(said)
            if said["is_rejected"]:
                outcome.judge(QUARANTINED)


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Laid:
    return Laid(tmp_path_factory.mktemp("attacks"))


def of_attack(attack: Attack, found: Reading) -> Outcome:
    """What became of an attack: of the file, or of all that is in an archive or a folder of its name."""
    flagless = attack.file.rpartition(":2,")[0] or attack.file
    name = flagless.removeprefix("cur/").removeprefix("new/") if attack.kind == "maildir" else attack.file
    whole = Outcome(verdict=READ if attack.records == 0 else "nothing")
    for file, outcome in found.outcomes.items():
        if file == name or file.startswith((f"{name}!/", f"{name}/")):
            whole.judge(outcome.verdict)
            whole.refusal = whole.refusal or outcome.refusal
            whole.records += outcome.records
            whole.others += outcome.others
    return whole


KINDS = tuple(GOOD)


@pytest.mark.parametrize("kind", KINDS)
def test_every_attack_gets_its_verdict(kind: str, laid: Laid) -> None:
    found = laid.reading(kind)
    wrong = []
    for attack in laid.attacks[kind]:
        outcome = of_attack(attack, found)
        told = (outcome.verdict, len(outcome.records) if attack.records is not None else None)
        if told != (attack.verdict, attack.records):
            others = [f"{other['reason']}" for other in outcome.others[:2]]
            wrong.append((attack.name, attack.verdict, attack.records, told, outcome.refusal, others))
    assert wrong == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_neighbours_of_attacks_are_read(kind: str, laid: Laid) -> None:
    outcomes = laid.reading(kind).outcomes
    neighbours = [outcomes[file] for file in outcomes if file.startswith(NEIGHBOURS)]
    assert [(each.verdict, len(each.records)) for each in neighbours] == [(READ, 1), (READ, 1)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_item_that_was_told_is_a_line_of_the_spool(kind: str, laid: Laid) -> None:
    for file, outcome in laid.reading(kind).outcomes.items():
        assert outcome.items == len(outcome.records) + len(outcome.others), file


@pytest.mark.parametrize("kind", KINDS)
def test_no_harmful_character_comes_out(kind: str, laid: Laid) -> None:
    """Controls, text that turns round, halves of letters: in no field but the file's own name."""
    for file, outcome in laid.reading(kind).outcomes.items():
        for said in (*outcome.records, *outcome.others):
            for text in texts([value for name, value in said.items() if name not in ("file", "rule")]):
                assert not _HARMFUL.search(text), (file, text[:100])
            assert not _HARMFUL.search((said.get("rule") or "").replace("\n", "")), file  # one rule a line
        assert not _HARMFUL.search(outcome.refusal), file


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
    elif isinstance(value, dict):
        yield from texts([*value.values()])


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_comes_out_of_what_lies_elsewhere(kind: str, laid: Laid) -> None:
    laid.reading(kind)
    for path in (laid.place / "spools" / kind).glob("*.ndjson"):
        lines = path.read_bytes()
        assert SECRET.encode() not in lines
        assert b"root:x:0" not in lines


@pytest.mark.parametrize("kind", KINDS)
def test_reading_attacks_writes_nothing_but_the_spool(kind: str, laid: Laid) -> None:
    spool = laid.place / "spools" / kind
    touched = laid.reading(kind).touched - {spool}
    assert spool / "orders.json" in touched
    assert {path.parent for path in touched} == {spool}
    assert all(path.suffix in (".json", ".ndjson") for path in touched)


def everything(folder: Path) -> dict[Path, tuple[int, int]]:
    """All that is in a folder, with its sizes and times."""
    found = {path: path.lstat() for path in folder.rglob("*")}
    return {path: (status.st_size, status.st_mtime_ns) for path, status in found.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_no_attack_costs_more_than_its_share(kind: str, laid: Laid) -> None:
    """Guards against what grows out of proportion, far above what is measured in docs/safety.md."""
    found = laid.reading(kind)
    assert found.processes == 1  # no attack killed the process that read it
    assert found.peak_mb < 400
    slow = {file: outcome.seconds for file, outcome in found.outcomes.items() if outcome.seconds > 5}
    assert slow == {}


# By a whole sync


def synced(home: Home, hands: Hands = CONFINED) -> SourceRun:
    """One run of the sync, in which files are read in processes of their own; the books of its one source."""
    with night(home, as_of=AS_OF, how=How(hands=hands)) as run:
        for source in chosen_sources(run.settings, ()):
            run.read(source)
        run.build()
    [found] = run.finished.sources
    assert found.is_balanced
    return found


def calendar(uid: str) -> str:
    return f"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:{uid}\nDTSTART:20260105T100000Z\nEND:VEVENT\nEND:VCALENDAR\n"


@pytest.fixture
def hostile(tmp_path: Path) -> Home:
    """A home whose one source has one good file among others that are not."""
    folder = tmp_path / "calendars"
    folder.mkdir()
    (folder / "good.ics").write_text(calendar("good"))
    (folder / "page.ics").write_text("<html>Sign in</html>")
    (folder / "link.ics").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe.ics")
    (folder / "cut.ics").write_text(calendar("cut").partition("END:")[0])
    return make_home(tmp_path / "home", {"hostile": ("ics", folder)})


def test_a_sync_quarantines_what_is_hostile_with_file_place_reason_and_mend(hostile: Home) -> None:
    found = synced(hostile)
    assert (found.new, found.quarantined) == (1, 4)
    rows = ask(hostile, "select locator, reason || '; ' || mend from quarantine order by 1")
    assert [locator for locator, _ in rows] == [
        "cut.ics: line 2, UID cut",
        "link.ics: whole file",
        "page.ics: whole file",
        "pipe.ics: whole file",
    ]
    for (_, told), words in zip(
        rows,
        ("cut off.*export", "not followed.*add", "web page.*again", "neither a file.*remove it"),
        strict=True,
    ):
        assert re.search(words, told), told


def test_a_second_sync_finds_hostile_files_unchanged_and_lands_nothing(hostile: Home) -> None:
    first = synced(hostile)
    landed = everything(hostile.landing / "hostile")
    second = synced(hostile)
    assert everything(hostile.landing / "hostile") == landed
    assert (second.read, second.new, second.changed, second.quarantined) == (
        first.read,
        0,
        0,
        first.quarantined,
    )
    assert second.unchanged == first.new


def grow(path: Path) -> None:
    with path.open("a") as file:
        file.write(calendar("more"))


def shrink(path: Path) -> None:
    os.truncate(path, 10)


def exchange(path: Path) -> None:
    path.with_suffix(".new").write_text(calendar("other"))
    path.with_suffix(".new").replace(path)


def become_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def become_a_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


CHANGES: dict[str, Callable[[Path], None]] = {
    "grown.ics": grow,
    "cut.ics": shrink,
    "exchanged.ics": exchange,
    "gone.ics": Path.unlink,
    "pipe.ics": become_a_pipe,
    "link.ics": become_a_link,
}


def test_files_that_change_while_they_are_read_are_not_believed_until_they_are_read_again(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "calendars"
    folder.mkdir()
    for name in (*CHANGES, "steady.ics"):
        (folder / name).write_text(calendar(name))
    home = make_home(tmp_path / "home", {"some": ("ics", folder)})

    def meddling(
        jobs: Sequence[Job], bounds: Bounds, spool: Path, progress: Callable[[str, int], None]
    ) -> Iterator[Told]:
        for told in reading.read(jobs, bounds, spool, progress):
            if told.file in CHANGES:
                CHANGES[told.file](folder / told.file)
            yield told

    found = synced(home, replace(CONFINED, read=meddling))
    assert (found.new, found.quarantined) == (1, len(CHANGES))
    assert ask(home, "select locator, reason from quarantine order by 1") == [
        (f"{name}: whole file", "it changed while it was read; the next sync reads it again")
        for name in sorted(CHANGES)
    ]
    again = synced(home)
    assert (again.unchanged, again.new) == (1, 2 + 1)  # of the one that has grown, and of the exchanged one
    left = ask(home, "select split_part(locator, ':', 1) from quarantine order by 1")
    assert left == [("cut.ics",), ("link.ics",), ("pipe.ics",)]


def test_no_rule_keeps_a_sync_from_ending(tmp_path: Path) -> None:
    folder = tmp_path / "calendars"
    for attack in attacks("ics"):
        if attack.name.startswith("a rule"):
            attack.lay(folder)
    began = time.process_time()
    assert synced(make_home(tmp_path / "home", {"rules": ("ics", folder)})).quarantined == 0
    assert time.process_time() - began < 15
