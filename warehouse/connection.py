"""Opening DuckDB files. Without Polars: a command that only asks starts at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from warehouse.errors import WarehouseError

Connection = duckdb.DuckDBPyConnection

_MENDS = (
    ("No space left", "free some disk space and run it again"),
    ("Permission denied", "check who owns the Kithline home"),
    ("Out of Memory", "raise sync.memory_limit_mb in kith.toml"),
    ("Read-only file system", "the disk is mounted read-only"),
)


def explained(error: Exception, path: Path) -> WarehouseError:
    """The error of DuckDB or of the system as one line with a mend."""
    first_line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    mend = next(
        (mend for sign, mend in _MENDS if sign in str(error)), "`kith rebuild` makes it anew from landing"
    )
    return WarehouseError(f"{path}: {first_line[:200]}; {mend}")


@contextmanager
def opened(path: Path, *, read_only: bool, memory_limit_mb: int = 512) -> Iterator[Connection]:
    """A connection in UTC that spills beside the file; errors of the engine come out as WarehouseError."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{memory_limit_mb}MB",
        "threads": 2,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": False,
    }
    try:
        connection = duckdb.connect(str(path), read_only=read_only, config=settings)
    except duckdb.Error as error:
        raise explained(error, path) from error
    try:
        connection.execute("set TimeZone = 'UTC'")
        yield connection
    except (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.SerializationException) as error:
        raise explained(error, path) from error
    except duckdb.CatalogException as error:
        if read_only:  # a file of another version, or of another program
            raise explained(error, path) from error
        raise
    finally:
        connection.close()


def rows(connection: Connection, query: str, parameters: list[object] | None = None) -> list[tuple[Any, ...]]:
    """The result of a query as tuples."""
    return connection.sql(query, params=parameters).fetchall()
