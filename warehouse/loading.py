"""Loading: landed batches into the database, each once or not at all.

The current records are a fold over the batches in order. The fold is one set operation however many
batches there are, so that a nightly load and a rebuild from nothing are the same code.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from warehouse import landing
from warehouse.connection import Connection, rows
from warehouse.landing import Batch, Landing, Run
from warehouse.schema import RECORD_KINDS, internal_scripts


def prepare(connection: Connection) -> None:
    """Make the internal schema where it is not there yet."""
    for script in internal_scripts():
        connection.execute(script)


def load_pending(connection: Connection, source: Landing) -> int:
    """Load every batch and run that has landed and is not in the database yet; how many batches that was."""
    loaded = {number for (number,) in rows(connection, "select batch from ledger.batches")}
    pending = source.batches(but=loaded)
    if pending:
        load(connection, pending)
    known_runs = {run_id for (run_id,) in rows(connection, "select distinct run_id from ledger.runs")}
    for run in source.runs(but=known_runs):
        load_run(connection, run)
    return len(pending)


def load(connection: Connection, batches: Sequence[Batch]) -> None:
    """Load batches that are not in the database yet, in order."""
    for batch in batches:
        landing.verify(batch)
    _list_removals(connection, batches)
    for record_kind in RECORD_KINDS:
        _load_records(connection, record_kind, batches)
    _load_births(connection, batches)
    _load_quarantine(connection, batches)
    for batch in batches:
        _load_manifest(connection, batch)
    _load_card_versions(connection, batches)


def load_run(connection: Connection, run: Run) -> None:
    """Record what a run did, one row a source."""
    for source in run.sources:
        connection.execute(
            "insert into ledger.runs values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                run.run_id,
                source.name,
                source.kind,
                run.started_at,
                run.finished_at,
                run.as_of,
                source.status,
                source.error,
                source.read,
                source.new,
                source.changed,
                source.unchanged,
                source.skipped,
                source.quarantined,
                source.withdrawn,
                source.seconds,
            ],
        )


def _list_removals(connection: Connection, batches: Sequence[Batch]) -> None:
    connection.execute("create or replace temp table removals (source varchar, batch bigint)")
    for batch in batches:
        if batch.manifest.is_removal:
            connection.execute(
                "insert into removals values (?, ?)", [batch.manifest.source, batch.manifest.batch]
            )


def _load_records(connection: Connection, record_kind: str, batches: Sequence[Batch]) -> None:
    """The last word on each (source, file, key) among what is there, what landed and what was withdrawn."""
    table = RECORD_KINDS[record_kind].table
    arrived, withdrawn = _records(batches, record_kind), _withdrawn(batches, record_kind)
    [(removals,)] = rows(connection, "select count(*) from removals")
    if not (arrived or withdrawn or removals):
        return
    records = arrived or f"(select * exclude (born_batch) from landed.{table} limit 0)"
    withdrawn = withdrawn or "(select '' as source, 0 as batch, '' as file, '' as key limit 0)"
    connection.execute(
        f"""
        create or replace temp table words as
        with spoken as (
            select source, file, key, batch, true as is_put from {records}
            union all select source, file, key, batch, false from {withdrawn}
        ), touched as (
            select distinct source, file, key from spoken
            union select l.source, l.file, l.key from landed.{table} l join removals r on r.source = l.source
        ), told as (
            select * from spoken
            union all select l.source, l.file, l.key, l.born_batch, true
                from landed.{table} l join touched using (source, file, key)
            union all select t.source, t.file, t.key, r.batch, false
                from touched t join removals r on r.source = t.source
        ), ended as (
            select source, file, key, coalesce(max(batch) filter (not is_put), -1) as last_end
            from told group by all
        )
        select source, file, key, last_end,
            min(batch) filter (is_put and batch > last_end) as born_batch,
            max(batch) filter (is_put and batch > last_end) as batch
        from told join ended using (source, file, key) group by all"""
    )
    connection.execute(
        f"""
        create or replace temp table arrivals as
        select r.source, r.file, r.hash, w.born_batch, r.batch, r.* exclude (source, file, hash, batch)
        from {records} r join words w using (source, file, key, batch)"""
    )
    connection.execute(
        f"""
        delete from landed.{table} l using words w
        where l.source = w.source and l.file = w.file and l.key = w.key
          and (w.batch is null or w.batch > l.batch)"""
    )
    connection.execute(f"insert into landed.{table} by name select * from arrivals")
    connection.execute("drop table words; drop table arrivals")


def _load_births(connection: Connection, batches: Sequence[Batch]) -> None:
    """Note the batch in which each mention of a person came first; a birth stays though its records go."""
    mentions = {
        "message": """
            select
                if(coalesce(service, 'email') = 'email', 'header', service) as origin,
                p.name, p.address, batch
            from {0}, unnest(parties) as u(p)""",
        "event": """
            select 'calendar' as origin, a.name, a.address, batch from {0}, unnest(attendees) as u(a)
            union all select 'calendar', organizer_name, organizer_address, batch from {0}""",
        "card": "select 'card' as origin, source as name, key as address, batch from {0}",
    }
    for record_kind, query in mentions.items():
        records = _records(batches, record_kind)
        if records:
            connection.execute(
                f"""
                insert into ledger.births
                select origin, name, address, min(batch) from ({query.format(records)}) m
                anti join ledger.births b using (origin, name, address) group by all"""
            )


def _load_card_versions(connection: Connection, batches: Sequence[Batch]) -> None:
    """Note what each landed version of a card says of employers, and each end, by withdrawal or removal.

    After the manifests, which tell when a batch landed. A removal ends whatever its source ever held.
    """
    arrived, withdrawn = _records(batches, "card"), _withdrawn(batches, "card")
    if arrived:
        connection.execute(
            f"""
            insert into ledger.card_versions
            select source, file, key, batch, ingested_at, false,
                nullif(trim(organization), ''), nullif(trim(title), ''), coalesce(emails, []), revised_at
            from {arrived}"""
        )
    ends = [f"select source, file, key, batch from {withdrawn}"] if withdrawn else []
    ends.append(
        """
        select distinct v.source, v.file, v.key, r.batch
        from ledger.card_versions v join removals r on r.source = v.source and v.batch < r.batch"""
    )
    connection.execute(
        f"""
        insert into ledger.card_versions
        select e.source, e.file, e.key, e.batch, b.landed_at, true, null, null, [], null
        from ({" union all ".join(ends)}) e join ledger.batches b using (batch)"""
    )


def _load_quarantine(connection: Connection, batches: Sequence[Batch]) -> None:
    """What was read again is quarantined again, or it is not."""
    for batch in batches:
        manifest = batch.manifest
        if manifest.is_removal:
            connection.execute("delete from ledger.quarantine where source = ?", [manifest.source])
        connection.execute(
            """
            delete from ledger.quarantine q
            using (select unnest(?::varchar[]) as file, unnest(?::bigint[]) as from_position) c
            where q.source = ? and q.file = c.file and q.position >= c.from_position""",
            [
                list(manifest.files),
                [change.from_position for change in manifest.files.values()],
                manifest.source,
            ],
        )
        rejected = _parquet(_existing([batch], landing.REJECTED))
        if rejected:
            connection.execute(
                f"""
                insert into ledger.quarantine
                select source, file, position, locator, reason, mend, excerpt, ingested_at from {rejected}"""
            )


def _load_manifest(connection: Connection, batch: Batch) -> None:
    manifest = batch.manifest
    connection.execute(
        "insert into ledger.batches values (?, ?, ?)", [manifest.batch, manifest.source, manifest.landed_at]
    )
    connection.execute("delete from ledger.sources where source = ?", [manifest.source])
    if manifest.is_removal:
        connection.execute("delete from ledger.files where source = ?", [manifest.source])
        return
    connection.execute(
        "insert into ledger.sources values (?, ?, ?)",
        [manifest.source, manifest.kind, manifest.location],
    )
    states = {
        file: msgspec.json.encode(change.state).decode()
        for file, change in manifest.files.items()
        if change.state is not None
    }
    connection.execute(
        "delete from ledger.files where source = ? and list_contains(?::varchar[], file)",
        [manifest.source, list(manifest.files)],
    )
    connection.execute(
        "insert into ledger.files select ?, unnest(?::varchar[]), unnest(?::varchar[])",
        [manifest.source, list(states), list(states.values())],
    )


def _records(batches: Sequence[Batch], record_kind: str) -> str:
    """The records of a kind in all batches, or nothing. An older batch lacks the younger columns."""
    parts = [part for batch in batches if (part := batch.records(record_kind))]
    table = RECORD_KINDS[record_kind].table
    shape = f"select * exclude (born_batch) from landed.{table} limit 0"
    return f"(({shape}) union all by name from {_parquet(parts)})" if parts else ""


def _withdrawn(batches: Sequence[Batch], record_kind: str) -> str:
    """What was withdrawn of a kind in all batches, or nothing. A batch of version 1 is of one kind."""
    old = _existing([each for each in batches if each.manifest.record_kind == record_kind], landing.WITHDRAWN)
    new = _existing([each for each in batches if not each.manifest.record_kind], landing.WITHDRAWN)
    queries = [f"select source, batch, file, key from {_parquet(old)}"] if old else []
    if new:
        queries.append(
            f"select source, batch, file, key from {_parquet(new)} where record_kind = '{record_kind}'"
        )
    return f"({' union all '.join(queries)})" if queries else ""


def _existing(batches: Sequence[Batch], name: str) -> list[Path]:
    return [batch.folder / name for batch in batches if name in batch.manifest.parts]


def _parquet(paths: Sequence[Path]) -> str:
    """A read_parquet over these files, or nothing if there are none."""
    if not paths:
        return ""
    return f"read_parquet([{', '.join(_quoted(path) for path in paths)}], union_by_name = true)"


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
