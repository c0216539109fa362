"""A source that is no longer in the configuration: one batch withdraws everything that it has brought."""

from datetime import datetime
from pathlib import Path

from warehouse import landing
from warehouse.connection import Connection, rows
from warehouse.landing import Batch, Landing, Manifest
from warehouse.schema import SCHEMA_VERSION


def remove_source(
    connection: Connection,
    source: str,
    target: Landing,
    *,
    batch: int,
    run_id: str,
    landed_at: datetime,
    scratch: Path,
) -> Batch:
    """Land the withdrawal of everything that a source, no longer in the configuration, has brought."""
    [(kind, location)] = rows(
        connection, "select kind, location from ledger.sources where source = ?", [source]
    )
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        batch=batch,
        source=source,
        kind=kind,
        location=location,
        run_id=run_id,
        landed_at=landed_at,
        is_removal=True,
        files={},
        parts={},
    )
    return target.add(landing.clear(scratch), manifest)
