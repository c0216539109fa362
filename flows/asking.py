"""Small questions to the published warehouse, and what a day means. Light: it starts without Polars."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from typing import NamedTuple

from flows.settings import Settings
from warehouse.connection import Connection, rows, table
from warehouse.errors import UserError


def today(settings: Settings) -> date:
    """The day that it is where the owner is."""
    return datetime.now(settings.owner_zone).date()


def instant_of(as_of: date, settings: Settings, now: datetime) -> datetime:
    """The instant up to which contact counts: now for today, else the end of that day where the owner is."""
    zone = settings.owner_zone
    if as_of == now.astimezone(zone).date():
        return now
    return datetime.combine(as_of, time_of_day.max, zone).astimezone(UTC)


def published_day(connection: Connection) -> date:
    """The day of the published answers."""
    [(day,)] = rows(connection, "select as_of from meta.publication")
    return date.fromisoformat(str(day))


def published_quiet(connection: Connection, top: int) -> tuple[list[str], list[tuple[object, ...]]]:
    """The columns and the first rows of the published gone-quiet report."""
    return table(connection, "from main.gone_quiet order by rank limit ?", [top])


def totals(connection: Connection) -> dict[str, int]:
    """How much there is: people (humans, you not counted), interactions, messages, meetings, contacts."""
    counts = rows(
        connection,
        """select 'people', count(*) from main.people where kind = 'human' and not is_me
        union all select 'interactions', count(*) from main.interactions
        union all select 'messages', count(*) from main.messages
        union all select 'meetings', count(*) from main.meetings
        union all select 'contacts', count(*) from main.contacts""",
    )
    return dict(counts)


def find_person(connection: Connection, who: str) -> str:
    """The id of the one person meant by an id, present or former, an identifier, or a name or part of one.

    Raises UserError if there is none, or if there are several.
    """
    wanted = who.strip().lower().encode("utf-8", "replace").decode()
    if not wanted:
        raise UserError("WHO is empty; name an id, an address, or a part of a name")
    for query in _WHO:
        found = rows(connection, query, [wanted])
        if not found and query is _BY_IDENTIFIER and "@" in wanted:
            from warehouse.people.addresses import normalise  # most addresses are typed as they are kept

            found = rows(connection, query, [normalise(wanted)])
        if len(found) == 1:
            return str(found[0][0])
        if found:
            named = ", ".join(f"{name} ({person_id})" for person_id, name in found[:5])
            raise UserError(f"'{who}' may be {named}{' and others' if len(found) > 5 else ''}; name the id")
    raise UserError(f"nobody is known as '{who}'; try a part of the name, or an address")


_BY_IDENTIFIER = """
select distinct p.person_id, p.name from main.people p join main.identifiers i using (person_id)
where lower(i.value) = ? order by all"""
_WHO = (
    "select person_id, name from main.people where person_id = ?",
    """select p.person_id, p.name from people.redirects r join main.people p on p.person_id = r.to_person_id
    where r.person_id = ?""",
    _BY_IDENTIFIER,
    "select person_id, name from main.people where lower(name) = ? order by person_id",
    "select person_id, name from main.people where contains(lower(name), ?) order by name, person_id",
)


class Holding(NamedTuple):
    """A person and the keys of the records that are theirs now. founder: the one that they were born with."""

    person_id: str
    name: str
    is_me: bool
    primary_email: str
    founder: str
    records: tuple[str, ...]

    def __str__(self) -> str:
        return called(self.person_id, self.name)


def called(person_id: str, name: str) -> str:
    """How a person is named in an answer."""
    return f"{name} ({person_id})" if name else person_id


def holding(connection: Connection, person_id: str) -> Holding:
    """What a person who is there holds."""
    return holdings(connection, [person_id])[person_id]


def holdings(connection: Connection, people: Iterable[str]) -> dict[str, Holding]:
    """What each of these people holds, by id, the oldest first: of those who merge that id stays."""
    wanted: list[object] = [list(people)]
    held: dict[str, list[str]] = {}
    for person_id, record in rows(
        connection,
        """select distinct person_id, record
        from people.membership semi join (select unnest(?::varchar[]) as person_id) using (person_id)
        where valid_to is null order by all""",
        wanted,
    ):
        held.setdefault(person_id, []).append(record)
    found = rows(
        connection,
        """select p.person_id, coalesce(p.name, ''), p.is_me, coalesce(p.primary_email, ''),
            coalesce(i.founder, '')
        from main.people p left join (
            select person_id, min(founder) as founder, min(born) as born from people.ids group by all
        ) i using (person_id)
        semi join (select unnest(?::varchar[]) as person_id) w on w.person_id = p.person_id
        order by i.born nulls last, i.founder, p.person_id""",
        wanted,
    )
    return {
        person_id: Holding(person_id, name, is_me, primary_email, founder, tuple(held.get(person_id, ())))
        for person_id, name, is_me, primary_email, founder in found
    }


def holders(connection: Connection, keys: Iterable[str]) -> dict[str, dict[str, str]]:
    """By key (canonical, of one record or of all at an address) who holds a record of it: id and name."""
    found = rows(
        connection,
        """
        with asked as (select distinct unnest($1::varchar[]) as key),
        held as (from people.membership where valid_to is null),
        told as (
            select a.key, m.person_id from asked as a inner join held as m on m.record = a.key
            union
            select a.key, m.person_id from asked as a
            inner join held as m on split_part(m.record, '|', 1) = a.key
            where not starts_with(m.record, 'vcard:')
        )
        select t.key, p.person_id, p.name from told as t inner join main.people as p using (person_id)
        order by all""",
        [list(keys)],
    )
    held: dict[str, dict[str, str]] = {}
    for key, person_id, name in found:
        held.setdefault(key, {})[person_id] = name
    return held
