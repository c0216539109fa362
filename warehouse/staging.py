"""Mail between landing and the marts: kept from build to build, and made anew only where records changed.

All rows of landed messages with one Message-ID are *kin*: what staging says of them depends on nothing else.
A state, an order-free hash of which rows there are, is kept of every kin. A build compares it with what has
landed, takes out the letters of each kin that differs, whether its rows are new, changed or withdrawn, and
stages that kin again. A first build is the same, with nothing there yet. What then changes beyond these
letters is looked up: the threads that they touch or leave, the mentions on them, and, once people are found,
the letters of everyone who is now somebody else.

An address that is mine at times only is written otherwise on what is of other times (`NOT_MINE`):
so it is a mention of its own, and somebody else's, from here on.

Tables are joined on 64-bit hashes of texts: among a million texts two are alike with a chance of 1 in
37 million.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from warehouse.connection import Connection, rows
from warehouse.derive.threads import threads
from warehouse.frames import frame, store
from warehouse.people.addresses import NOT_MINE
from warehouse.people.ownership import ABSENCES, Absence, spelled

MAIL = ("stg_mail__messages", "stg_mail__parties", "stg_mail__nodes", "stg_mail__mentions")
UNKEPT = (
    "all_touched",
    "arrived_letters",
    "arrived_nodes",
    "gone_letters",
    "gone_mentions",
    "kin_now",
    "loose_letters",
    "moved_letters",
    "stale_messages",
    "tied",
    "touched_kin",
    "told_mentions",
)
PORTION = 200_000  # letters whose marts are made at once: what bounds the memory of a first build
_KIN = "hash(coalesce(nullif(message_id, ''), key))"


def forget(connection: Connection) -> None:
    """Let the next build stage everything."""
    connection.execute("drop schema if exists staging cascade")


def stage_mail(
    connection: Connection, models: Mapping[str, str], scratch: Path, absences: Sequence[Absence] = ()
) -> None:
    """Bring the staged mail to what has landed.

    models: the queries of `MAIL`. absences: when addresses of mine are not mine; once they are others, all
    must be staged anew (`forget`). Leaves temporary tables: arrived_letters (staged now), gone_letters (taken
    out, letter and message_id) and moved_letters (in another thread than before).
    """
    connection.execute("create schema if not exists staging")
    _spell_absences(connection, absences, scratch)
    _find_changes(connection, parts_time=bool(absences))
    connection.execute(f"create or replace temp table arrived_letters as {models['stg_mail__messages']}")
    _make_tables(connection, models)
    connection.execute(
        """
        create or replace temp table gone_letters as
        select letter, message_id from staging.stg_mail__messages semi join touched_kin using (kin)"""
    )
    connection.execute(
        """
        create or replace temp table gone_mentions as
        select distinct mention from staging.stg_mail__parties semi join gone_letters using (letter)"""
    )
    _loosen_threads(connection, models["stg_mail__nodes"])
    for table in ("stg_mail__messages", "stg_mail__parties", "stg_mail__nodes"):
        _delete(connection, f"staging.{table}", "letter", "gone_letters")
    connection.execute(
        "insert into staging.stg_mail__messages select * exclude (parties, named) from arrived_letters"
    )
    for table in ("stg_mail__parties", "stg_mail__nodes"):
        connection.execute(f"insert into staging.{table} {models[table]}")
    _count_mentions(connection, models["stg_mail__mentions"])
    _tie_threads(connection, scratch)


def stage_meetings(connection: Connection) -> None:
    """Write on staged occurrences addresses that are not mine at their time as staging.absences has them."""
    [(count,)] = rows(connection, "select count(*) from staging.absences")
    if count == 0:
        return
    connection.execute(
        f"""
        create or replace table staging.stg_calendar__occurrences as
        with timed as (
            select *, {_absent("starts_at")} as absent
            from staging.stg_calendar__occurrences, (select list(a) as spells from staging.absences as a)
        )
        select * exclude (spells, absent) replace (
            {_other("organizer_address")} as organizer_address,
            list_transform(
                attendees, lambda a: struct_update(a, address := {_other("a.address")})
            ) as attendees
        )
        from timed"""
    )


def touch_letters(connection: Connection) -> None:
    """Of whom the links say something new, all letters join those to be published again: all_touched.

    Leaves stale_messages too, the message_ids to be taken out of the marts before.
    """
    connection.execute(
        """
        create or replace temp table all_touched as
        select letter from arrived_letters
        union select letter from moved_letters
        union select letter from staging.stg_mail__parties semi join moved_mentions using (mention)"""
    )
    connection.execute(
        """
        create or replace temp table stale_messages as
        select message_id from gone_letters
        union select message_id from staging.stg_mail__messages semi join all_touched using (letter)"""
    )


def portions(connection: Connection) -> Iterator[int]:
    """One by one the parts of all_touched that fit into little memory, each as the view touched_letters."""
    [(touched,)] = rows(connection, "select count(*) from all_touched")
    count = touched // PORTION + 1
    for portion in range(count):
        connection.execute(
            f"""
            create or replace temp view touched_letters as
            select letter from all_touched where letter % {count} = {portion}"""
        )
        yield portion
    connection.execute("drop view touched_letters")


def _spell_absences(connection: Connection, absences: Sequence[Absence], scratch: Path) -> None:
    """staging.absences, for every spelling of the addresses that landed; empty for whoever has none."""
    found = ABSENCES.to_frame()
    if absences:
        landed = frame(
            connection,
            """
            select distinct address from ledger.births where origin <> 'card'
            union select unnest(delivered_to) from landed.messages""",
        )
        found = spelled(absences, landed["address"])
    store(connection, "staging.absences", found, scratch)


def _absent(instant: str) -> str:
    """SQL: the spellings in spells, a list of absences, that are not mine at an instant."""
    return f"""list_transform(
        list_filter(spells, lambda s: {instant} >= s.since and {instant} < s.until), lambda s: s.address)"""


def _other(address: str) -> str:
    """SQL: an address, with the comment behind it if it is absent."""
    return f"if(list_contains(absent, {address}), {address} || '{NOT_MINE}', {address})"


def _find_changes(connection: Connection, *, parts_time: bool) -> None:
    """touched_kin, and arrived_messages: a view of their landed rows, parted in time if anything is."""
    connection.execute("create table if not exists staging.kin (kin ubigint, state ubigint)")
    connection.execute(
        f"""
        create or replace temp table kin_now as
        select {_KIN} as kin, bit_xor(hash(source, file, key, batch)) as state, min(batch) as batch
        from landed.messages group by kin"""
    )
    connection.execute(
        """
        create or replace temp table touched_kin as
        select coalesce(n.kin, k.kin) as kin, n.batch
        from kin_now as n full join staging.kin as k using (kin)
        where n.state is distinct from k.state"""
    )
    connection.execute("create or replace table staging.kin as select kin, state from kin_now")
    [(first_batch,)] = rows(connection, "select coalesce(min(batch), 0) from touched_kin")
    arrived = f"""
        select *, rowid as place, {_KIN} as kin from landed.messages
        where batch >= {first_batch} and {_KIN} in (select kin from touched_kin)"""
    connection.execute(
        f"create or replace temp view arrived_messages as {_parted(arrived) if parts_time else arrived}"
    )


def _parted(messages: str) -> str:
    """SQL: messages with their addresses as staging.absences has them; undated ones stay as they are.

    What an address wrote while it was not mine is not sent by me, whatever folder it lies in.
    """
    wrote = "list_transform(list_filter(parties, lambda p: p.role = 'from'), lambda p: p.address)"
    return f"""
        with timed as (
            select m.*, {_absent("sent_at")} as absent
            from ({messages}) as m, (select list(a) as spells from staging.absences as a)
        )
        select * exclude (absent) replace (
            list_transform(parties, lambda p: struct_update(p, address := {_other("p.address")})) as parties,
            list_transform(delivered_to, lambda d: {_other("d")}) as delivered_to,
            if(list_has_any({wrote}, absent), list_filter(labels, lambda l: l <> 'sent'), labels) as labels
        )
        from timed"""


def _make_tables(connection: Connection, models: Mapping[str, str]) -> None:
    """The tables, empty, where they are not there yet."""
    staged = {"stg_mail__messages": "select * exclude (parties, named) from arrived_letters"}
    for table, query in (staged | {name: models[name] for name in MAIL[1:3]}).items():
        connection.execute(f"create table if not exists staging.{table} as from ({query}) limit 0")
    connection.execute(
        "create table if not exists staging.stg_mail__threads (letter ubigint, thread ubigint)"
    )


def _loosen_threads(connection: Connection, nodes: str) -> None:
    """loose_letters: all of the threads that a letter leaves, or in which somebody names what now arrives."""
    connection.execute(f"create or replace temp table arrived_nodes as select distinct node from ({nodes})")
    connection.execute(
        """
        create or replace temp table loose_letters as
        with met as (
            select letter from gone_letters
            union select letter from staging.stg_mail__nodes semi join arrived_nodes using (node)
        ), loose as (
            select distinct thread from staging.stg_mail__threads semi join met using (letter)
        )
        select letter, thread from staging.stg_mail__threads semi join loose using (thread)"""
    )


def _count_mentions(connection: Connection, query: str) -> None:
    """Mentions on letters that went are counted again; to all others what arrived is added."""
    connection.execute(
        """
        create or replace temp view counted_parties as
        from staging.stg_mail__parties semi join gone_mentions using (mention)
        union all
        from staging.stg_mail__parties semi join arrived_letters using (letter)
        anti join gone_mentions using (mention)"""
    )
    connection.execute(f"create table if not exists staging.stg_mail__mentions as from ({query}) limit 0")
    connection.execute(
        f"""
        create or replace temp table told_mentions as
        with arrived as ({query}),
        earlier as (
            from staging.stg_mail__mentions semi join arrived using (mention)
            anti join gone_mentions using (mention)
        )
        select
            source, service, mention, sum(count)::bigint as count, sum(sent)::bigint as sent,
            sum(automatic)::bigint as automatic, min(first_at) as first_at, max(last_at) as last_at
        from (from arrived union all from earlier)
        group by source, service, mention"""
    )
    for table in ("told_mentions", "gone_mentions"):
        _delete(connection, "staging.stg_mail__mentions", "mention", table)
    connection.execute("insert into staging.stg_mail__mentions from told_mentions")
    connection.execute("drop view counted_parties")


def _tie_threads(connection: Connection, scratch: Path) -> None:
    """Thread the loose letters and those that arrived once more; moved_letters are now in another thread."""
    letters = frame(
        connection,
        """
        with untied as (select letter from loose_letters union select letter from arrived_letters),
        named as (
            select letter, list(node) as nodes from staging.stg_mail__nodes semi join untied using (letter)
            group by letter
        )
        select letter, nodes, sent_at, message_id
        from named join staging.stg_mail__messages using (letter)""",
    )
    store(connection, "tied", threads(letters), scratch, temporary=True)
    connection.execute(
        """
        create or replace temp table moved_letters as
        select letter from tied join loose_letters as l using (letter) where tied.thread <> l.thread"""
    )
    _delete(connection, "staging.stg_mail__threads", "letter", "loose_letters")
    connection.execute("insert into staging.stg_mail__threads select letter, thread from tied")


def _delete(connection: Connection, table: str, column: str, among: str) -> None:
    connection.execute(f"delete from {table} where {column} in (select {column} from {among})")
