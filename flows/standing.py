"""Whether a sync has anything to do: asked before Prefect is imported, which takes longer than all else."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from connectors.orders import Listed
from flows import files
from flows.asking import instant_of
from flows.parts import parts_of_source
from flows.reporting import FILES
from flows.settings import Home, Settings, Source
from flows.steps import chosen_sources, owner_of, rules_of
from warehouse import building
from warehouse.connection import Connection, opened, rows
from warehouse.errors import KithlineError
from warehouse.intake import known_files
from warehouse.landing import Landing
from warehouse.publish import schema_of
from warehouse.schema import SCHEMA_VERSION


class _NotAsItWas(Exception):
    """An archive has changed, so that it would have to be opened."""


def is_anything_new(home: Home, names: tuple[str, ...], as_of: date | None) -> bool:
    """Whether a sync of these sources (none: of all) would read, build or answer anything anew.

    Looks at sizes, times and inodes of files and at the ledger; opens nothing but the published database.
    """
    settings, now = home.settings(), datetime.now(UTC)
    if schema_of(home.database) != SCHEMA_VERSION or not all(
        (home.reports / name).exists() for name in FILES
    ):
        return True
    with opened(home.database, read_only=True) as connection:
        if _is_landing_ahead(connection, home.landing) or _is_configured_otherwise(connection, settings):
            return True
        if not all(is_as_it_was(connection, source) for source in chosen_sources(settings, names)):
            return True
        day = as_of or now.astimezone(settings.owner_zone).date()
        until = instant_of(day, settings, now)
        is_current = building.are_marts_current(
            connection, owner_of(settings), rules_of(home, settings), until=until
        )
        return not (is_current and building.are_answers_current(connection, as_of=day, until=until))


def is_as_it_was(connection: Connection, source: Source) -> bool:
    """Whether every file of a source is as it was when it was last read, and there is none more or less."""
    known = known_files(connection, source.name)

    def unopened(archives: Mapping[Path, str]) -> dict[Path, Listed]:
        if all(files.is_archive_untouched(path, file, known) for path, file in archives.items()):
            return {}
        raise _NotAsItWas

    try:
        parts = parts_of_source(source, unopened)
    except (KithlineError, OSError, _NotAsItWas):
        return False
    archives = [part.file for part in parts.values() if part.is_archive]
    return all(
        (part.file in known and files.is_untouched(part, known[part.file]))
        or files.same_snapshot(part, known)
        for part in parts.values()
    ) and all(
        files.is_snapshot(known[file]) or any(files.is_inside(file, archive) for archive in archives)
        for file in known.keys() - parts.keys()
    )


def _is_landing_ahead(connection: Connection, folder: Path) -> bool:
    """Whether something has landed that a killed run could not publish."""
    landing = Landing(folder)
    batches = {number for (number,) in rows(connection, "select batch from ledger.batches")}
    runs = {run for (run,) in rows(connection, "select distinct run_id from ledger.runs")}
    return bool(landing.batches(but=batches) or landing.runs(but=runs))


def _is_configured_otherwise(connection: Connection, settings: Settings) -> bool:
    """Whether a source was removed, or is of another kind."""
    known = set(rows(connection, "select source, kind from ledger.sources"))
    return not known <= {(source.name, source.kind) for source in settings.sources}
