"""Forgetting somebody: who that is, what would go, and the steps in which it goes.

Landing is written anew without them, and everything else is made anew from it. What they are known by is
kept only as keyed hashes, by which later syncs leave them out.
"""

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from flows.asking import find_person, holding
from flows.settings import Home, Settings
from warehouse import decided_without, forgetting, landing
from warehouse.connection import Connection, opened, rows
from warehouse.errors import Busy, UserError
from warehouse.forgotten import (
    Forgotten,
    Memory,
    name_identifiers,
    new_memory,
    of_home,
    phone,
    read_memory,
    with_identifiers,
    write_memory,
)
from warehouse.landing import Landing
from warehouse.people.addresses import normalise, parse
from warehouse.people.names import clean
from warehouse.people.phones import linkedin_slug
from warehouse.people.records import CARD, MENTION, of_card, of_mention, place_of
from warehouse.publish import writer
from warehouse.searching import Needles, Trace, in_bytes, traces

_OFFICE = 2  # others with the same phone, from which on it is the house's and not theirs
_SHORTEST = 8  # of a uid that is looked for by itself
_MENDS = (
    ("kith.toml", "edit it: the configuration is yours"),
    ("inbox/", "take them out of this file yourself; no sync will read them from it"),
    ("decisions.jsonl", "edit it, and its history in version control"),
    ("network.duckdb", "it stands in another's record; change that in its source, then sync"),
    ("landing/", "it stands in another's record; change that in its source, then sync"),
)


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody, and everything that they are known by.

    identifiers: in normal form, as they are hashed. shown: kind and value. shared: what stays because others
    have it, too. spellings: how it is written, and names: both are looked for in the end.
    """

    person_id: str
    name: str
    identifiers: frozenset[str]
    shown: tuple[tuple[str, str], ...]
    shared: tuple[str, ...]
    spellings: frozenset[str]
    names: frozenset[str]

    @property
    def needles(self) -> Needles:
        """What must not be found in the end."""
        return Needles({*self.spellings, *self.names, self.person_id})


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What would go: numbers of records, the kinds of rows of each batch, files; and what stays."""

    person: Person
    counts: dict[str, int]
    batches: dict[str, dict[str, int]]
    reports: tuple[str, ...]
    stays: tuple[str, ...] = field(default=())


def find(connection: Connection, who: str, settings: Settings) -> Person:
    """The person meant. Raises UserError if that is nobody, several, or the owner."""
    found = holding(connection, _id_of(connection, who))
    mine = {normalise(address) for address in settings.my_addresses}
    known = rows(
        connection,
        "select distinct kind, value, source from main.identifiers where person_id = ? order by all",
        [found.person_id],
    )
    own = [value for kind, value, _ in known if kind == "email" and value in mine]
    if found.is_me or own:
        raise UserError(f"{' and '.join(own) or found} is you; take the address out of kith.toml first")
    shared = {value for kind, value, _ in known if _is_others_too(connection, found.person_id, kind, value)}
    emails = {value for kind, value, _ in known if kind == "email"}
    keys = {record for record in found.records if record.startswith(CARD)}
    keys |= {of_card(source, value) for kind, value, source in known if kind == "vcard_uid"}
    texts, names = _spellings(connection, keys, emails - shared, found.records)
    names |= {found.name} if clean(found.name).is_full else set()
    identifiers = {
        *(_normal(kind, value, settings) for kind, value, _ in known if value not in shared),
        *keys,
        *_former_ids(connection, found.person_id),
        *(record for record in found.records if place_of(record).removeprefix(MENTION) in shared),
        *(each for name in names for each in name_identifiers(name)),
    } - {""}
    return Person(
        person_id=found.person_id,
        name=found.name,
        identifiers=frozenset(identifiers),
        shown=tuple(dict.fromkeys((kind, value) for kind, value, _ in known if value not in shared)),
        shared=tuple(sorted(shared)),
        spellings=frozenset(texts | {value for kind, value, _ in known if _is_telling(kind, value, shared)}),
        names=frozenset(names - _names_of_others(connection, found.person_id)),
    )


def _id_of(connection: Connection, who: str) -> str:
    """The person meant; of several whose cards show an address the one who uses it."""
    users = rows(connection, "select person_id from main.people where primary_email = ?", [normalise(who)])
    return str(users[0][0]) if len(users) == 1 else find_person(connection, who)


def preview(home: Home, who: str) -> Preview:
    """What `forget` would do, read from the published database and landing."""
    settings = home.settings()
    with (
        writer(home.folder, wait_seconds=settings.sync.wait_seconds),
        opened(home.require_database(), read_only=True) as connection,
    ):
        person = find(connection, who, settings)
        memory = read_memory(home.folder) or new_memory()
        forgotten = Forgotten(_ordered(memory, person, settings))
        counts = dict(rows(connection, _COUNTS, [person.person_id]))
        counts["decisions"] = _decisions_lost(home, forgotten)
        with opened(Path(":memory:"), read_only=False) as memory_alone:
            plans = forgetting.plan(
                memory_alone, Landing(home.landing), forgotten, landing.clear(home.scratch / "forget")
            )
        landing.clear(home.scratch)
    return Preview(
        person=person,
        counts=counts,
        batches={
            f"{each.batch.manifest.source}/{each.batch.folder.name}": dict(sorted(each.losses.items()))
            for each in plans
        },
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
        memory = read_memory(home.folder) or new_memory()
        write_memory(home.folder, _ordered(memory, person, settings))
    finish(home, person.needles)
    return person, [(trace, mend_of(trace)) for trace in traces(home.folder, person.needles)]


def finish(home: Home, needles: Needles | None = None) -> None:
    """Do what is left to do: landing, then everything that is made of it. Needs no name.

    needles: what to look for in files that are history only; without any, such files go whole.
    """
    from flows.reporting import write_reports
    from flows.steps import night

    with writer(home.folder, wait_seconds=home.settings().sync.wait_seconds):
        _require_no_run(home)
        forgetting.finish(home.folder, landing.clear(home.scratch))
        for path in (*_history(home, needles), *_stale_reports(home, needles)):
            landing.remove(path)
        landing.remove(landing.clear(home.scratch))
    with night(home, from_landing_alone=True) as run:
        run.build()
    write_reports(home, home.reports)
    with writer(home.folder, wait_seconds=home.settings().sync.wait_seconds):
        forgetting.settle(home.folder)


def mend_of(trace: Trace) -> str:
    """What can be done about a trace."""
    return next((mend for sign, mend in _MENDS if sign in trace.place), "remove the file if you can")


def _ordered(memory: Memory, person: Person, settings: Settings) -> Memory:
    return with_identifiers(memory, person.identifiers, mine=settings.my_addresses, region=settings.me.region)


def _is_others_too(connection: Connection, person_id: str, kind: str, value: str) -> bool:
    """Whether an identifier is as much somebody else's: an office, a list, a mailbox that two write from."""
    if kind not in ("email", "phone"):
        return False
    [(others, writers)] = rows(
        connection,
        """select count(distinct person_id), count(distinct person_id) filter (primary_email = $1)
        from main.identifiers i join main.people using (person_id)
        where i.kind = $3 and value = $1 and person_id <> $2""",
        [value, person_id, kind],
    )
    if kind == "phone":
        return bool(others >= _OFFICE)
    return bool(writers or (others and parse(value).kind != "personal"))


def _spellings(
    connection: Connection, keys: Iterable[str], emails: set[str], records: Iterable[str]
) -> tuple[set[str], set[str]]:
    """How their addresses, phones and profiles are written, and their full names."""
    texts, names = set[str](), set[str]()
    held = set(records)
    places = {place_of(record) for record in held}
    for name, written in rows(
        connection, "select distinct name, address from ledger.births where origin <> 'card'"
    ):
        address, cleaned = parse(written or ""), clean(name or "")
        if address.value in emails or address.value in places:
            texts.add(written)
        if cleaned.is_full and of_mention(address.value, cleaned.key, is_full=True) in held:
            names.add(cleaned.text)
    for name, addresses, numbers, urls in rows(
        connection,
        """select name, coalesce(emails, []), coalesce(phones, []), coalesce(urls, []) from landed.cards
        where list_contains($1, 'vcard:' || source || ':' || key)""",
        [list(keys)],
    ):
        names |= {clean(name or "").text} if clean(name or "").is_full else set()
        texts |= {each for each in addresses if normalise(each) in emails}
        texts |= {each for each in numbers if len(each) >= _SHORTEST}
        texts |= {url for url in urls if linkedin_slug(url)}
    return texts, names


def _normal(kind: str, value: str, settings: Settings) -> str:
    if kind == "phone":
        return phone(value, settings.me.region)
    return f"linkedin:{value}" if kind == "linkedin" else value if kind == "email" else ""


def _is_telling(kind: str, value: str, shared: Iterable[str]) -> bool:
    """Whether an identifier can be looked for by itself."""
    return value not in shared and (kind == "email" or len(value) >= _SHORTEST)


def _former_ids(connection: Connection, person_id: str) -> set[str]:
    former = rows(connection, "select person_id from people.redirects where to_person_id = ?", [person_id])
    return {person_id, *(each for (each,) in former)}


def _names_of_others(connection: Connection, person_id: str) -> set[str]:
    return {
        clean(name).text
        for (name,) in rows(
            connection,
            "select distinct name from main.people where person_id <> ? and name is not null",
            [person_id],
        )
    }


_COUNTS = """
select 'cards', count(*) from main.contacts where person_id = $1
union all select 'messages', count(distinct message_id) from main.message_parties where person_id = $1
union all select 'meetings', count(distinct meeting_id) from main.meeting_parties where person_id = $1
union all select 'interactions', count(*) from main.interactions where person_id = $1"""


def _decisions_lost(home: Home, forgotten: Forgotten) -> int:
    """How many lines of the decisions go or change."""
    with suppress(FileNotFoundError):
        before = (home.folder / forgetting.DECISIONS).read_bytes()
        after = set(decided_without.without(before, forgotten).splitlines())
        return sum(line not in after for line in before.splitlines())
    return 0


def _stale_reports(home: Home, needles: Needles | None) -> list[Path]:
    """Files of reports that name them; if nobody knows whom, those that hold a forgotten identifier."""
    forgotten = of_home(home.folder)
    found = []
    for path in sorted(home.reports.rglob("*")) if home.reports.is_dir() else ():
        if path.is_symlink() or not path.is_file():
            continue
        if needles:
            is_stale = bool(in_bytes(path, needles) or needles.found_in_name(path.name))
        else:
            text = path.read_bytes().decode("utf-8", "replace")
            is_stale = bool(forgotten and (forgotten.holds(text) or forgotten.holds(path.name)))
        if is_stale:
            found.append(path)
    return found


def _history(home: Home, needles: Needles | None) -> Iterator[Path]:
    """What Prefect keeps of runs, if it holds any of it: a database goes with the files beside it."""
    folder = home.folder / "prefect"
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.parent.name != "owners"]
    stained = {path for path in files if needles is None or in_bytes(path, needles)}
    bases = {path.with_name(path.name.removesuffix("-wal").removesuffix("-shm")) for path in stained}
    for path in files:
        if path in stained or any(path.name.startswith(f"{base.name}-") or path == base for base in bases):
            yield path


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
    for path in sorted(home.inbox.rglob("*")) if home.inbox.is_dir() else ():
        if path.is_file() and not path.is_symlink() and in_bytes(path, person.needles):
            yield f"{path}: it is yours and holds them; take them out yourself"
    if person.needles.found_in(home.config.read_bytes()):
        yield f"{home.config}: it names them; edit it"
    yield from (f"{value}: others have it, too" for value in person.shared)
    yield "decisions.jsonl as version control remembers it, if you keep it there; backups of the disk"
