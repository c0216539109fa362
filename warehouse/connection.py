"""Opening DuckDB files. Without Polars, and without relations: a command that only asks starts at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from warehouse.errors import WarehouseError

try:  # the engine alone: `import duckdb` spends three times as long on relations and expressions in Python
    import _duckdb
except ImportError:  # a release that has moved it
    import duckdb as _duckdb  # type: ignore[no-redef]  # the same names in another module

engine = _duckdb
Connection = engine.DuckDBPyConnection

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
    """A connection in UTC that spills beside the file; errors of the engine come out as WarehouseError.

    Relations (`connection.sql`, frames) are there once somebody has imported duckdb, as every writer has.
    """
    if not read_only:
        import duckdb  # noqa: F401 - gives connections their relations
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{memory_limit_mb}MB",
        "threads": 2,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": False,
    }
    try:
        connection = engine.connect(str(path), read_only=read_only, config=settings)
    except engine.Error as error:
        raise explained(error, path) from error
    try:
        connection.execute("set TimeZone = 'UTC'")
        yield connection
    except (engine.IOException, engine.OutOfMemoryException, engine.SerializationException) as error:
        raise explained(error, path) from error
    except (engine.CatalogException, engine.BinderException) as error:
        if read_only:  # a file of another version, or of another program
            raise explained(error, path) from error
        raise
    finally:
        connection.close()


def quoted(path: Path) -> str:
    """A path as a literal of SQL."""
    return "'" + str(path).replace("'", "''") + "'"


def rows(connection: Connection, query: str, parameters: list[object] | None = None) -> list[tuple[Any, ...]]:
    """The result of a query as tuples."""
    return connection.execute(query, parameters).fetchall()


def table(
    connection: Connection, query: str, parameters: list[object] | None = None
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The result of a query as the names of its columns and its rows."""
    cursor = connection.execute(query, parameters)
    columns = [str(column[0]) for column in cursor.description or ()]
    return columns, cursor.fetchall()
