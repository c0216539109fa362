"""From landed records to the public tables: staging (SQL), people, derivations (Polars), marts (SQL)."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import polars as pl

from warehouse.connection import Connection, frame, rows, store
from warehouse.derive.gone_quiet import expected_meetings, gone_quiet, replies_owed
from warehouse.derive.interactions import interactions
from warehouse.derive.occurrences import occurrences
from warehouse.derive.rhythms import rhythms
from warehouse.derive.threads import threads
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
MARTS = ("messages", "message_parties", "meeting_parties", "meetings", "contacts", "identifiers")
LAST_MARTS = ("people", "sources", "sync_runs", "quarantine")
MEETING_HORIZON = timedelta(days=400)


def build(
    connection: Connection,
    *,
    me: Sequence[str],
    owner_zone: str,
    region: str | None,
    as_of: date,
    until: datetime,
    published_at: datetime,
    scratch: Path,
) -> None:
    """Make every public table anew from what is loaded.

    as_of: the day of the answers, in `owner_zone`. until: the instant up to which contact counts, in UTC.
    scratch: a folder for frames on their way into DuckDB.
    """
    _stage(connection, owner_zone=owner_zone, horizon=until + MEETING_HORIZON, scratch=scratch)
    _resolve_people(connection, me=me, region=region, scratch=scratch)
    for model in MARTS:
        _model(connection, model)
    public = {
        table: frame(connection, f"from main.{table}").lazy()
        for table in ("messages", "message_parties", "meetings", "meeting_parties")
    }
    persons = frame(connection, "select person_id, name, kind, is_me from people_persons").lazy()
    answers = derive(**public, people=persons, owner_zone=owner_zone, as_of=as_of, until=until)
    for table, answer in answers.items():
        store(connection, f"main.{table}", answer, scratch)
    for model in LAST_MARTS:
        _model(connection, model)
    connection.execute("create schema if not exists meta")
    connection.execute(
        """
        create or replace table meta.publication as
        select ?::date as as_of, ?::varchar as owner_zone, ?::timestamptz as published_at, ?::int as schema_version""",
        [as_of, owner_zone, published_at, SCHEMA_VERSION],
    )
    connection.execute(public_comments())


def derive(
    messages: pl.LazyFrame,
    message_parties: pl.LazyFrame,
    meetings: pl.LazyFrame,
    meeting_parties: pl.LazyFrame,
    people: pl.LazyFrame,
    *,
    owner_zone: str,
    as_of: date,
    until: datetime,
) -> dict[str, pl.DataFrame]:
    """The derived tables as of a day, from the public ones: interactions, rhythms and gone_quiet. Pure."""
    happened = (
        interactions(messages, message_parties, meetings, meeting_parties, people, until=until).collect().lazy()
    )
    rhythm = rhythms(happened, as_of=as_of, owner_zone=owner_zone).collect().lazy()
    quiet = gone_quiet(
        rhythm,
        people,
        expected_meetings(meetings, meeting_parties, as_of=until),
        replies_owed(messages, happened, as_of=as_of, owner_zone=owner_zone),
    )
    return {"interactions": happened.collect(), "rhythms": rhythm.collect(), "gone_quiet": quiet.collect()}


def _stage(connection: Connection, *, owner_zone: str, horizon: datetime, scratch: Path) -> None:
    for model in STAGING:
        query = (files("warehouse") / "models" / "staging" / f"{model}.sql").read_text(encoding="utf-8")
        connection.execute(f"create or replace temp table {model} as {query}")
    letters = frame(
        connection, 'select message_id, header_id, in_reply_to, "references", sent_at from stg_mail__messages'
    )
    store(connection, "stg_mail__threads", threads(letters), scratch, temporary=True)
    events = frame(connection, "select * exclude (hash, born_batch, batch) from landed.events")
    expanded = occurrences(events, owner_zone=owner_zone, until=horizon)
    store(connection, "stg_calendar__occurrences", expanded, scratch, temporary=True)


def _resolve_people(connection: Connection, *, me: Sequence[str], region: str | None, scratch: Path) -> None:
    mentions = frame(connection, "from stg_people__mentions")
    cards = frame(connection, "select * exclude (file, birthday, categories) from stg_contacts__cards")
    resolution = resolve(mentions, cards, me=me, region=region)
    for name, people in (
        ("people_persons", resolution.persons),
        ("people_mention_links", resolution.mention_links),
        ("people_card_links", resolution.card_links),
        ("people_identifiers", resolution.identifiers),
    ):
        store(connection, name, people, scratch, temporary=True)
    connection.execute("create schema if not exists people")
    store(connection, "people.suggestions", resolution.suggestions, scratch)
    mine = {normalise(address) for address in me}
    delivered = rows(connection, "select distinct unnest(delivered_to) from stg_mail__messages")
    own = [str(address) for (address,) in delivered if normalise(str(address)) in mine]
    connection.execute("create or replace temp table my_delivery as select unnest(?::varchar[]) as address", [own])


def _model(connection: Connection, name: str) -> None:
    query = (files("warehouse") / "models" / "marts" / f"{name}.sql").read_text(encoding="utf-8")
    connection.execute(f"create or replace table main.{name} as {query}")
