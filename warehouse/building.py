"""From landed records to the public tables: staging (SQL), people, derivations (Polars), marts (SQL)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import msgspec

from warehouse.answering import derivable, derive
from warehouse.connection import Connection, rows
from warehouse.derive.gone_quiet import HORIZON_DAYS
from warehouse.derive.occurrences import occurrences
from warehouse.derive.threads import threads
from warehouse.frames import frame, store
from warehouse.people.addresses import normalise
from warehouse.people.resolve import resolve
from warehouse.schema import SCHEMA_VERSION, public_comments

STAGING = (
    "stg_mail__messages",
    "stg_mail__parties",
    "stg_mail__lists",
    "stg_contacts__cards",
    "stg_people__mentions",
)
_STAGED_FRAMES = (
    "stg_mail__threads",
    "stg_calendar__occurrences",
    "people_mention_links",
    "people_card_links",
    "people_identifiers",
    "my_delivery",
)
MARTS = ("messages", "message_parties", "meeting_parties", "meetings", "contacts", "identifiers")
LAST_MARTS = ("people", "sources", "sync_runs", "quarantine")
_MODELS = {"staging": STAGING, "marts": (*MARTS, *LAST_MARTS)}
MEETING_HORIZON = timedelta(days=400)
MODELS_VERSION = 1  # raised when Python would now make other marts of the same records; SQL tells by itself


@dataclass(frozen=True)
class Owner:
    """Whose warehouse it is: addresses, time zone (IANA), country of phone numbers without a prefix."""

    me: Sequence[str]
    zone: str
    region: str | None = None


def build_marts(connection: Connection, owner: Owner, *, until: datetime, scratch: Path) -> None:
    """Make what people query anew from what is loaded: staging, people, marts.

    until: series are expanded up to `MEETING_HORIZON` after it. scratch: a folder for frames on their way.
    """
    horizon = until + MEETING_HORIZON
    _stage(connection, owner_zone=owner.zone, horizon=horizon, scratch=scratch)
    _resolve_people(connection, owner, scratch)
    for model in MARTS:
        _model(connection, model)
    for table in (*STAGING, *_STAGED_FRAMES):
        connection.execute(f"drop table {table}")
    connection.execute("create schema if not exists meta")
    connection.execute(
        "create or replace table meta.marts as select ?::varchar as made_for, ?::timestamptz as horizon",
        [_made_for(owner), horizon],
    )


def are_marts_current(connection: Connection, owner: Owner, *, until: datetime) -> bool:
    """Whether the marts, if nothing new was loaded, are those that `build_marts` would make."""
    [(exists,)] = rows(
        connection, "select count(*) from duckdb_tables() where schema_name = 'meta' and table_name = 'marts'"
    )
    if not exists:
        return False
    [(made_for, horizon)] = rows(connection, "select made_for, horizon from meta.marts")
    return bool(made_for == _made_for(owner) and horizon >= until + timedelta(days=HORIZON_DAYS))


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
    for model in LAST_MARTS:
        _model(connection, model)
    connection.execute("create schema if not exists meta")
    connection.execute(
        """
        create or replace table meta.publication as
        select ?::date as as_of, ?::varchar as owner_zone, ?::timestamptz as published_at,
            ?::int as schema_version""",
        [as_of, owner.zone, published_at, SCHEMA_VERSION],
    )
    connection.execute(public_comments())


def _stage(connection: Connection, *, owner_zone: str, horizon: datetime, scratch: Path) -> None:
    for model in STAGING:
        connection.execute(f"create or replace temp table {model} as {_query('staging', model)}")
    letters = frame(
        connection, 'select message_id, header_id, in_reply_to, "references", sent_at from stg_mail__messages'
    )
    store(connection, "stg_mail__threads", threads(letters), scratch, temporary=True)
    events = frame(connection, "select * exclude (hash, born_batch, batch) from landed.events")
    expanded = occurrences(events, owner_zone=owner_zone, until=horizon)
    store(connection, "stg_calendar__occurrences", expanded, scratch, temporary=True)


def _resolve_people(connection: Connection, owner: Owner, scratch: Path) -> None:
    mentions = frame(connection, "from stg_people__mentions")
    cards = frame(connection, "select * exclude (file, birthday, categories) from stg_contacts__cards")
    resolution = resolve(mentions, cards, me=owner.me, region=owner.region)
    connection.execute("create schema if not exists people")
    store(connection, "people.persons", resolution.persons, scratch)
    store(connection, "people.suggestions", resolution.suggestions, scratch)
    store(connection, "people_mention_links", resolution.mention_links, scratch, temporary=True)
    store(connection, "people_card_links", resolution.card_links, scratch, temporary=True)
    store(connection, "people_identifiers", resolution.identifiers, scratch, temporary=True)
    mine = {normalise(address) for address in owner.me}
    delivered = rows(connection, "select distinct unnest(delivered_to) from stg_mail__messages")
    own = [address for (address,) in delivered if normalise(address) in mine]
    connection.execute(
        "create or replace temp table my_delivery as select unnest(?::varchar[]) as address", [own]
    )


def _made_for(owner: Owner) -> str:
    """What marts depend on beside the records: a home made by an older version makes them anew."""
    models = "".join(_query(layer, name) for layer, names in _MODELS.items() for name in names)
    code = [MODELS_VERSION, hashlib.sha256(models.encode()).hexdigest()]
    return msgspec.json.encode([*code, sorted(owner.me), owner.zone, owner.region]).decode()


def _query(layer: str, name: str) -> str:
    return (files("warehouse") / "models" / layer / f"{name}.sql").read_text(encoding="utf-8")


def _model(connection: Connection, name: str) -> None:
    connection.execute(f"create or replace table main.{name} as {_query('marts', name)}")
