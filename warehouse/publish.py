"""Publication: one writer works on a shadow copy; readers see whole nights only.

The shadow is checkpointed, opened once more to verify it, synced, and renamed over the published file.
Until that rename, and if anything before it fails, the last published state is what readers read.
"""

import errno
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from warehouse.connection import Connection, opened, rows
from warehouse.errors import Busy, WarehouseError
from warehouse.landing import sync_to_disk


@contextmanager
def writer(home: Path, *, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the one writer's lock of a home; the system frees it when the process ends, however it ends.

    Raises Busy, with the holder's process id and start, if it is not free within `wait_seconds`.
    """
    path = home / ".writer.lock"
    with path.open("a+") as lock:
        deadline = time.monotonic() + wait_seconds
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    raise WarehouseError(
                        f"{path}: {error.strerror}; check who owns the Kithline home"
                    ) from error
                if time.monotonic() >= deadline:
                    raise Busy(
                        f"another sync is writing ({_holder(path)}); wait for it, or stop it"
                    ) from None
                time.sleep(0.2)
        path.write_text(json.dumps({"pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}))
        yield


def schema_of(published: Path) -> int | None:
    """The schema version of a published database; None if there is none, or none that can be read."""
    if not published.exists():
        return None
    try:
        with opened(published, read_only=True) as connection:
            [(version,)] = connection.execute("select schema_version from meta.publication").fetchall()
    except (WarehouseError, ValueError):
        return None
    return int(version)


@contextmanager
def shadow(published: Path, *, memory_limit_mb: int, from_nothing: bool = False) -> Iterator[Connection]:
    """A connection on a copy of the published database, inside one transaction, published at the end.

    If the body raises, nothing is published and the copy is removed. from_nothing: begin with an empty file.
    """
    copy = published.with_name(f".{published.name}.shadow")
    _remove(copy)
    try:
        if published.exists() and not from_nothing:
            shutil.copyfile(published, copy)
        with opened(copy, read_only=False, memory_limit_mb=memory_limit_mb) as connection:
            connection.execute("begin transaction")
            yield connection
            connection.execute("commit")
            connection.execute("checkpoint")
        _verify(copy)
        sync_to_disk(copy)
        copy.replace(published)
        sync_to_disk(published.parent)
    except OSError as error:
        raise WarehouseError(
            f"{error.filename or copy}: {error.strerror}; the last published state is untouched"
        ) from error
    finally:
        _remove(copy)


def _verify(database: Path) -> None:
    """The file opens, and every table of it can be read."""
    with opened(database, read_only=True) as connection:
        tables = rows(connection, "select schema_name, table_name from duckdb_tables() where not temporary")
        for schema, table in tables:
            connection.execute(f'select count(*) from "{schema}"."{table}"').fetchall()


def _remove(database: Path) -> None:
    for path in (database, database.with_name(f"{database.name}.wal")):
        path.unlink(missing_ok=True)
    shutil.rmtree(database.with_name(f"{database.name}.tmp"), ignore_errors=True)


def _holder(path: Path) -> str:
    try:
        held = json.loads(path.read_text())
        return f"process {held['pid']}, since {held['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "process unknown"
