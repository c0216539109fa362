"""From landed records to the public tables: staging (SQL), people, derivations (Polars), marts (SQL)."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import msgspec
import polars as pl

from warehouse import history, staging
from warehouse.answering import derivable, derive
from warehouse.connection import Connection, rows
from warehouse.derive.affiliations import ADDRESSES, POSITIONS, VERSIONS, affiliations
from warehouse.derive.gone_quiet import HORIZON_DAYS
from warehouse.derive.occurrences import occurrences
from warehouse.frames import frame, store
from warehouse.people.addresses import NOT_MINE, normalise, parse
from warehouse.people.decisions import Active, digest
from warehouse.people.lineage import redirects
from warehouse.people.ownership import absences
from warehouse.people.resolve import resolve
from warehouse.schema import SCHEMA_VERSION, public_comments

STAGING = (*staging.MAIL, "stg_mail__lists", "stg_contacts__cards", "stg_people__mentions")
_UNKEPT = (
    "links",
    "moved_mentions",
    "my_delivery",
    "stg_mail__lists",
    "stg_contacts__cards",
    "stg_people__mentions",
    "people_ties",
    "people_mention_links",
    "people_card_links",
    "people_identifiers",
)
MAIL_MARTS = ("messages", "message_parties")
MARTS = (
    *MAIL_MARTS,
    "meeting_parties",
    "meetings",
    "contacts",
    "identifiers",
    "person_links",
    "suggestions",
    "identity_events",
)
LAST_MARTS = ("people", "sources", "sync_runs", "quarantine")
_MODELS = {"staging": STAGING, "marts": (*MARTS, *LAST_MARTS)}
AFFILIATED = {"versions": VERSIONS, "positions": POSITIONS, "addresses": ADDRESSES}
MEETING_HORIZON = timedelta(days=400)
MODELS_VERSION = 2  # raised when Python would now make other marts of the same records; SQL tells by itself


@dataclass(frozen=True)
class Owner:
    """Whose warehouse it is: addresses, time zone (IANA), country of phone numbers without a prefix.

    periods: of addresses that are mine at times only, each time: address, first and last day in the zone.
    """

    me: Sequence[str]
    zone: str
    region: str | None = None
    periods: Sequence[tuple[str, date | None, date | None]] = ()


@dataclass(frozen=True)
class Rules:
    """What says who is who beside the records: the user's decisions, and whether rare names link."""

    decisions: Active = field(default_factory=Active)
    rare_names: bool = False

    @property
    def digest(self) -> str:
        """The same as long as people need not be made anew."""
        return f"{digest(self.decisions)} {self.rare_names}"


def build_marts(
    connection: Connection,
    owner: Owner,
    rules: Rules,
    *,
    until: datetime,
    scratch: Path,
    remember: Callable[[pl.DataFrame], None],
) -> None:
    """Bring what people query to what is loaded: staging, people, marts.

    Mail is taken up where the last build left it, whatever landed, changed or was withdrawn; if the owner or
    the models are others, nothing is left of it. All else is made anew, occurrences if there is cause.
    until: series are expanded up to `MEETING_HORIZON` after it. scratch: a folder for frames on their way.
    remember: told what is new about people, with the columns of `history.NEWS`; it keeps and loads it.
    """
    made_for = _made_for(connection, owner)
    if _kept(connection).made_for != made_for:
        staging.forget(connection)
        for table in MAIL_MARTS:
            connection.execute(f"drop table if exists main.{table}")
    models = {name: _query("staging", name) for name in staging.MAIL}
    staging.stage_mail(connection, models, scratch, absences(owner.periods, owner.zone))
    horizon = _expand(connection, owner.zone, until, scratch)
    staging.stage_meetings(connection)
    _resolve_people(connection, owner, rules, scratch, remember)
    staging.touch_letters(connection)
    _list_my_delivery(connection, owner)
    for model in MAIL_MARTS:
        _renew(connection, model)
    for model in MARTS[len(MAIL_MARTS) :]:
        _model(connection, model)
    for table, query in AFFILIATED.items():
        connection.execute(f"create or replace table people.{table} as {query}")
    for table in (*_UNKEPT, *staging.UNKEPT):
        connection.execute(f"drop table {table}")
    connection.execute("drop view arrived_messages")
    connection.execute("create schema if not exists meta")
    connection.execute(
        "create or replace table meta.marts as "
        "select ?::varchar as made_for, ?::varchar as rules, ?::timestamptz as horizon",
        [made_for, rules.digest, horizon],
    )


def are_marts_current(connection: Connection, owner: Owner, rules: Rules, *, until: datetime) -> bool:
    """Whether the marts, if nothing new was loaded, are those that `build_marts` would make."""
    kept = _kept(connection)
    is_same = kept.made_for == _made_for(connection, owner) and kept.rules == rules.digest
    return is_same and _reaches(kept.horizon, until)


def build_answers(
    connection: Connection,
    owner: Owner,
    *,
    as_of: date,
    until: datetime,
    published_at: datetime,
    scratch: Path,
) -> None:
    """Make the derived tables anew from the marts, as of a day in the owner's zone.

    until: the instant up to which contact counts, in UTC.
    """
    answers = derive(**derivable(connection), owner_zone=owner.zone, as_of=as_of, until=until)
    for table, answer in answers.items():
        store(connection, f"main.{table}", answer, scratch)
    held = affiliations(
        **{table: frame(connection, f"from people.{table}") for table in AFFILIATED},
        as_of=as_of,
        owner_zone=owner.zone,
    )
    store(connection, "main.affiliations", held, scratch)
    for model in LAST_MARTS:
        _model(connection, model)
    connection.execute("create schema if not exists meta")
    connection.execute(
        """
        create or replace table meta.publication as
        select ?::date as as_of, ?::timestamptz as until, ?::varchar as owner_zone,
            ?::timestamptz as published_at, ?::int as schema_version""",
        [as_of, until, owner.zone, published_at, SCHEMA_VERSION],
    )
    connection.execute(public_comments())


def are_answers_current(connection: Connection, *, as_of: date, until: datetime) -> bool:
    """Whether `build_answers`, on the same marts, would say what is published: nothing has begun since."""
    [(published_as_of, published_until)] = rows(connection, "select as_of, until from meta.publication")
    if published_as_of != as_of:
        return False
    span = [*sorted((published_until, until))]
    [(begun,)] = rows(
        connection,
        """
        select (select count(*) from main.meetings where starts_at > $1 and starts_at <= $2)
            + (select count(*) from main.messages where sent_at > $1 and sent_at <= $2)""",
        span,
    )
    return bool(begun == 0)


def note_run(connection: Connection, *, published_at: datetime) -> None:
    """Publish that there was a run which found nothing new."""
    for model in ("sources", "sync_runs"):
        _model(connection, model)
    connection.execute("update meta.publication set published_at = ?", [published_at])
    connection.execute(public_comments())


class _Kept(NamedTuple):
    """What the marts that are there were made for, and up to when their series are expanded."""

    made_for: str = ""
    rules: str = ""
    horizon: datetime | None = None


def _kept(connection: Connection) -> _Kept:
    [(exists,)] = rows(
        connection, "select count(*) from duckdb_tables() where schema_name = 'meta' and table_name = 'marts'"
    )
    if not exists:
        return _Kept()
    [kept] = rows(connection, "select made_for, rules, horizon from meta.marts")
    return _Kept(*kept)


def _reaches(horizon: datetime | None, until: datetime) -> bool:
    return horizon is not None and horizon >= until + timedelta(days=HORIZON_DAYS)


def _expand(connection: Connection, zone: str, until: datetime, scratch: Path) -> datetime:
    """Expand series anew if events changed or the last expansion ends too soon; up to when they reach."""
    connection.execute(
        "create table if not exists staging.calendar (state ubigint, events bigint, horizon timestamptz)"
    )
    [state] = rows(
        connection, "select coalesce(bit_xor(hash(source, file, key, batch)), 0), count(*) from landed.events"
    )
    before = rows(connection, "select state, events, horizon from staging.calendar")
    if before and before[0][:2] == state and _reaches(before[0][2], until):
        kept: datetime = before[0][2]
        return kept
    horizon = until + MEETING_HORIZON
    events = frame(connection, "select * exclude (hash, born_batch, batch) from landed.events")
    expanded = occurrences(events, owner_zone=zone, until=horizon)
    store(connection, "staging.stg_calendar__occurrences", expanded, scratch)
    connection.execute(
        "create or replace table staging.calendar as "
        "select ?::ubigint as state, ?::bigint as events, ?::timestamptz as horizon",
        [*state, horizon],
    )
    return horizon


def _resolve_people(
    connection: Connection,
    owner: Owner,
    rules: Rules,
    scratch: Path,
    remember: Callable[[pl.DataFrame], None],
) -> None:
    for model in ("stg_mail__lists", "stg_contacts__cards", "stg_people__mentions"):
        connection.execute(f"create or replace temp table {model} as {_query('staging', model)}")
    mentions = frame(connection, "from stg_people__mentions")
    cards = frame(
        connection, "select * exclude (file, birthday, categories, connected_on) from stg_contacts__cards"
    )
    before = history.published(connection)
    resolution = resolve(
        mentions,
        cards,
        me=[*owner.me, *_my_profiles(connection)],
        region=owner.region,
        decisions=rules.decisions,
        published=before,
        rare_names=rules.rare_names,
    )
    told = frozenset(
        detail
        for (detail,) in rows(connection, "select detail from people.events where event = 'decision_refused'")
    )
    if len(news := history.news(resolution, before, told)):
        remember(news)
    store(connection, "people.persons", resolution.persons, scratch)
    store(connection, "people.suggestions", resolution.suggestions, scratch)
    store(connection, "people.redirects", redirects(resolution.members, before), scratch)
    store(connection, "people_ties", resolution.ties, scratch, temporary=True)
    store(connection, "people_mention_links", resolution.mention_links, scratch, temporary=True)
    store(connection, "people_card_links", resolution.card_links, scratch, temporary=True)
    store(connection, "people_identifiers", resolution.identifiers, scratch, temporary=True)
    connection.execute(
        """
        create or replace table people.links as
        select t.*, greatest(l.valid_from, r.valid_from) as since
        from people_ties as t
        left join people.membership as l on l.record = t.left_record and l.valid_to is null
        left join people.membership as r on r.record = t.right_record and r.valid_to is null
        order by all"""
    )
    _link_mentions(connection)


def _link_mentions(connection: Connection) -> None:
    """staging.links, by number, and moved_mentions: those that were nobody's before, or somebody else's."""
    connection.execute(
        """
        create or replace temp table links as
        select
            row_number() over (order by l.name, l.address) as number,
            hash(l.name, l.address) as mention,
            replace(l.address, $1, '') as address,
            hash(lower(replace(l.address, $1, ''))) as address_number,
            l.person_id,
            hash(l.person_id) as person_number,
            p.is_me
        from people_mention_links as l inner join people.persons as p using (person_id)""",
        [NOT_MINE],
    )
    connection.execute("create table if not exists staging.links as from links limit 0")
    connection.execute(
        """
        create or replace temp table moved_mentions as
        select mention, person_id, is_me from links
        except select mention, person_id, is_me from staging.links"""
    )
    connection.execute("create or replace table staging.links as from links")


def _my_profiles(connection: Connection) -> list[str]:
    """My profiles: an export names them, and those to which its messages were delivered. Addresses that an
    export names may be old or another's, so they are not taken for mine.
    """
    found = rows(
        connection,
        """
        select "value" from landed.own_identifiers where kind = 'linkedin'
        union select unnest(delivered_to) from landed.messages where service = 'linkedin'""",
    )
    profiles = {parse(value if ":" in value else f"linkedin:{value}") for (value,) in found if value}
    return sorted(profile.value for profile in profiles if profile.slug)


def _list_my_delivery(connection: Connection, owner: Owner) -> None:
    """my_delivery: how my addresses are written where mail was delivered."""
    mine = {normalise(address) for address in [*owner.me, *_my_profiles(connection)]}
    delivered = rows(
        connection,
        """
        select distinct unnest(delivered_to)
        from staging.stg_mail__messages semi join all_touched using (letter)""",
    )
    own = [address for (address,) in delivered if normalise(address) in mine]
    connection.execute(
        "create or replace temp table my_delivery as select unnest(?::varchar[]) as address", [own]
    )


def _made_for(connection: Connection, owner: Owner) -> str:
    """What marts depend on beside the records: a home made by an older version makes them anew.

    DuckDB is part of it, because its hashes are what staging is joined on.
    """
    [(engine,)] = rows(connection, "select version()")
    models = "".join(_query(layer, name) for layer, names in _MODELS.items() for name in names)
    code = [MODELS_VERSION, engine, hashlib.sha256(models.encode()).hexdigest()]
    whose = [sorted(owner.me), _my_profiles(connection), owner.zone, owner.region, list(owner.periods)]
    return msgspec.json.encode([*code, *whose]).decode()


def _query(layer: str, name: str) -> str:
    return (files("warehouse") / "models" / layer / f"{name}.sql").read_text(encoding="utf-8")


def _model(connection: Connection, name: str) -> None:
    connection.execute(f"create or replace table main.{name} as {_query('marts', name)}")


def _renew(connection: Connection, name: str) -> None:
    """Take what is stale out of a mart of mail, and put what was touched in."""
    query = _query("marts", name)
    for portion in staging.portions(connection):
        if portion == 0:
            connection.execute(f"create table if not exists main.{name} as from ({query}) limit 0")
            connection.execute(f"delete from main.{name} where message_id in (from stale_messages)")
        connection.execute(f"insert into main.{name} {query}")
