"""From landed records to the public tables: staging (SQL), people, derivations (Polars), marts (SQL)."""

import hashlib
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
import polars as pl

from warehouse import staging
from warehouse.answering import derivable, derive
from warehouse.connection import Connection, rows
from warehouse.derive.affiliations import ADDRESSES, POSITIONS, VERSIONS, affiliations
from warehouse.derive.gone_quiet import HORIZON_DAYS
from warehouse.derive.occurrences import occurrences
from warehouse.frames import frame, store
from warehouse.identifying import MODELS, list_my_delivery, my_profiles, resolve_people
from warehouse.models import model_query
from warehouse.owner import Owner, Rules
from warehouse.people.ownership import absences
from warehouse.schema import SCHEMA_VERSION, public_comments

STAGING = (*staging.MAIL, *MODELS)
_UNKEPT = (
    "links",
    "moved_mentions",
    "my_delivery",
    *MODELS,
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
    models = {name: model_query("staging", name) for name in staging.MAIL}
    staging.stage_mail(connection, models, scratch, absences(owner.periods, owner.zone))
    horizon = _expand(connection, owner.zone, until, scratch)
    staging.stage_meetings(connection)
    resolve_people(connection, owner, rules, scratch, remember)
    staging.touch_letters(connection)
    list_my_delivery(connection, owner)
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
        frame(connection, "from people.versions"),
        frame(connection, "from people.positions"),
        _addresses(connection, until),
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


def _addresses(connection: Connection, until: datetime) -> pl.DataFrame:
    """people.addresses, last seen by an instant. Of a past day the messages tell, but not the calendars."""
    known = frame(connection, "from people.addresses")
    if known.filter(pl.col("last_seen_at") > until).is_empty():
        return known
    connection.execute(
        """
        create or replace temp table seen as
        select p.person_id, p.address, max(m.sent_at) as seen_at
        from main.message_parties as p inner join main.messages as m using (message_id)
        where m.sent_at <= ? group by all""",
        [until],
    )
    return frame(
        connection,
        "select a.* replace (coalesce(s.seen_at, a.last_seen_at) as last_seen_at) "
        "from people.addresses as a left join seen as s using (person_id, address)",
    )


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


def _made_for(connection: Connection, owner: Owner) -> str:
    """What marts depend on beside the records: a home made by an older version makes them anew.

    DuckDB is part of it, because its hashes are what staging is joined on.
    """
    [(engine,)] = rows(connection, "select version()")
    models = "".join(model_query(layer, name) for layer, names in _MODELS.items() for name in names)
    code = [MODELS_VERSION, engine, hashlib.sha256(models.encode()).hexdigest()]
    whose = [sorted(owner.me), my_profiles(connection), owner.zone, owner.region, list(owner.periods)]
    return msgspec.json.encode([*code, *whose]).decode()


def _model(connection: Connection, name: str) -> None:
    connection.execute(f"create or replace table main.{name} as {model_query('marts', name)}")


def _renew(connection: Connection, name: str) -> None:
    """Take what is stale out of a mart of mail, and put what was touched in."""
    query = model_query("marts", name)
    for portion in staging.portions(connection):
        if portion == 0:
            connection.execute(f"create table if not exists main.{name} as from ({query}) limit 0")
            connection.execute(f"delete from main.{name} where message_id in (from stale_messages)")
        connection.execute(f"insert into main.{name} {query}")
