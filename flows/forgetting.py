"""Forgetting somebody: what would go, and the steps in which it goes.

Landing is written anew without them, and everything else is made anew from it. What they are known by is
kept only as keyed hashes, by which later syncs leave them out.
"""

import fcntl
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from flows.known_by import Person, find
from flows.settings import Home, Settings
from warehouse import landing
from warehouse.connection import opened, rows
from warehouse.errors import Busy
from warehouse.forgetting import deciding
from warehouse.forgetting.memory import (
    Memory,
    new_memory,
    read_memory,
    settle,
    with_identifiers,
    write_memory,
)
from warehouse.forgetting.planning import plan
from warehouse.forgetting.purging import DECISIONS
from warehouse.forgetting.recognising import Forgotten
from warehouse.forgetting.searching import Needles, Trace, in_bytes, traces
from warehouse.landing import Landing
from warehouse.publish import writer

_MENDS = (
    ("kith.toml", "edit it: the configuration is yours"),
    ("inbox/", "take them out of this file yourself; no sync will read them from it"),
    ("decisions.jsonl", "edit it, and its history in version control"),
    ("network.duckdb", "it stands in another's record; change that in its source, then sync"),
    ("landing/", "it stands in another's record; change that in its source, then sync"),
)


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What would go: numbers of records, the kinds of rows of each batch, files; and what stays."""

    person: Person
    counts: dict[str, int]
    batches: dict[str, dict[str, int]]
    reports: tuple[str, ...]
    stays: tuple[str, ...]


def preview(home: Home, who: str) -> Preview:
    """What `forget` would do, read from the published database and landing."""
    settings = home.settings()
    with (
        writer(home.folder, wait_seconds=settings.sync.wait_seconds),
        opened(home.require_database(), read_only=True) as connection,
    ):
        person = find(connection, who, settings)
        forgotten = Forgotten(_ordered(home, person, settings))
        counts = dict(rows(connection, _COUNTS, [person.person_id]))
        counts["decisions"] = _decisions_lost(home, forgotten)
        batches = _losses(home, forgotten)
    return Preview(
        person=person,
        counts=counts,
        batches=batches,
        reports=tuple(path.name for path in _stale_reports(home, person.needles)),
        stays=tuple(_stays(home, settings, person)),
    )


def forget(home: Home, who: str) -> tuple[Person, list[tuple[Trace, str]]]:
    """Forget somebody; who that was, and what is left of them with its mend."""
    settings = home.settings()
    with opened(home.require_database(), read_only=True) as connection:
        person = find(connection, who, settings)
    with writer(home.folder, wait_seconds=settings.sync.wait_seconds):
        _require_no_run(home)
        # What is found by its text goes first: once the order stands, nobody needs to know a name.
        for path in (*_history(home, person.needles), *_stale_reports(home, person.needles)):
            landing.remove(path)
        write_memory(home.folder, _ordered(home, person, settings))
    finish(home)
    return person, [(trace, mend_of(trace)) for trace in traces(home.folder, person.needles)]


def finish(home: Home) -> None:
    """Do what is left to do: landing and decisions, then everything that is made of them. Needs no name."""
    from flows.reporting import write_reports
    from flows.steps import night

    order = read_memory(home.folder)
    with night(home, from_landing_alone=True) as run:
        run.build()
    write_reports(home, home.reports)
    with writer(home.folder, wait_seconds=home.settings().sync.wait_seconds):
        settle(home.folder, order)


def mend_of(trace: Trace) -> str:
    """What can be done about a trace."""
    return next((mend for sign, mend in _MENDS if sign in trace.place), "remove the file if you can")


def _ordered(home: Home, person: Person, settings: Settings) -> Memory:
    return with_identifiers(
        read_memory(home.folder) or new_memory(),
        person.identifiers,
        mine=settings.my_addresses,
        region=settings.me.region,
    )


_COUNTS = """
select 'cards', count(*) from main.contacts where person_id = $1
union all select 'messages', count(distinct message_id) from main.message_parties where person_id = $1
union all select 'meetings', count(distinct meeting_id) from main.meeting_parties where person_id = $1
union all select 'interactions', count(*) from main.interactions where person_id = $1"""


def _losses(home: Home, forgotten: Forgotten) -> dict[str, dict[str, int]]:
    """By batch, how many rows of each kind go or change."""
    with opened(Path(":memory:"), read_only=False) as connection:
        plans = plan(connection, Landing(home.landing), forgotten, landing.clear(home.scratch / "forget"))
    landing.clear(home.scratch)
    return {
        f"{each.batch.manifest.source}/{each.batch.folder.name}": dict(sorted(each.losses.items()))
        for each in plans
    }


def _decisions_lost(home: Home, forgotten: Forgotten) -> int:
    """How many lines of the decisions go or change."""
    with suppress(FileNotFoundError):
        before = (home.folder / DECISIONS).read_bytes()
        after = set(deciding.without(before, forgotten).splitlines())
        return sum(line not in after for line in before.splitlines())
    return 0


def _stale_reports(home: Home, needles: Needles) -> list[Path]:
    """Files of reports that name them."""
    return [
        path for path in _files(home.reports) if in_bytes(path, needles) or needles.found_in_name(path.name)
    ]


def _history(home: Home, needles: Needles) -> list[Path]:
    """What Prefect keeps of runs, if it holds any of it: a database goes with the files beside it."""
    files = [path for path in _files(home.folder / "prefect") if path.parent.name != "owners"]
    stained = {_database(path) for path in files if in_bytes(path, needles)}
    return [path for path in files if _database(path) in stained]


def _database(path: Path) -> Path:
    """The file that a log of SQLite belongs to; any other file itself."""
    return path.with_name(re.sub(r"-(?:wal|shm|journal)$", "", path.name))


def _files(folder: Path) -> list[Path]:
    """Every file under a folder, if there is one. Links are not followed."""
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]


def _require_no_run(home: Home) -> None:
    """Raise Busy while a flow run of this home goes on: Prefect's database is in use."""
    for path in (home.folder / "prefect" / "owners").glob("*"):
        with path.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy("a sync is running; wait for it, or stop it") from None


def _stays(home: Home, settings: Settings, person: Person) -> Iterator[str]:
    """What cannot be changed from here."""
    for source in settings.sources:
        yield f"your own export at {source.location}: it is not changed, and no sync will read them from it"
    for path in _files(home.inbox):
        if in_bytes(path, person.needles):
            yield f"{path}: it is yours and holds them; take them out yourself"
    if person.needles.found_in(home.config.read_bytes()):
        yield f"{home.config}: it names them; edit it"
    yield from (f"{value}: others have it, too" for value in person.shared)
    yield "decisions.jsonl as version control remembers it, if you keep it there; backups of the disk"
