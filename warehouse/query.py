"""Read-only SQL on the published warehouse, with no way out of it.

DuckDB's `read_only=True` alone still lets a query write files, attach databases and read any path. Here the
engine's access to the outside is off and its settings are locked, one SELECT or EXPLAIN is let through, and
the whole thing runs in a process of its own under limits on memory and time that the system enforces: what a
query allocates outside DuckDB's own memory limit cannot take the machine down either, and a query whose
parent was killed ends as well.
"""

import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from warehouse.errors import KithlineError, UserError

Write = Callable[[list[str], Iterator[tuple[object, ...]]], None]
_ALLOWED = {"SELECT", "EXPLAIN"}
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "allow_persistent_secrets": False,
    "python_enable_replacements": False,
    "temp_directory": "",
    "threads": 2,
}
_FETCH = 1_000
_RESERVED = 2 * 2**30


@dataclass(frozen=True)
class Limits:
    """What one query may use."""

    memory_mb: int
    seconds: float


def answer(database: Path, query: str, write: Write, limits: Limits) -> None:
    """Run one query in a child process, which calls `write` with the column names and the rows.

    Raises UserError if the query is wrong, is not allowed, or went past a limit.
    """
    sys.stdout.flush()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _be_the_child(database, query, write, limits, writing)
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as stream:
            complaint = stream.read().decode("utf-8", "replace").strip()
        _, status = os.waitpid(child, 0)
    except BaseException:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
        raise UserError(
            f"the query was stopped after {limits.seconds:g} s; narrow it, or raise sql.time_limit_seconds"
        )
    if complaint or status:
        raise UserError(complaint or _too_much(limits))


def _be_the_child(database: Path, query: str, write: Write, limits: Limits, complaints: int) -> None:
    """Never returns: Python's own clean-up belongs to the parent."""
    code = 0
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what C++ says when it dies is not for the user
        _bound(limits)
        _run(database, query, write, limits)
        sys.stdout.flush()
    except BrokenPipeError:
        pass  # the reader, a pager or head, has seen enough
    except MemoryError:
        code = _complain(complaints, _too_much(limits))
    except KithlineError as error:
        code = _complain(complaints, str(error))
    except OSError as error:
        code = _complain(complaints, f"the answer cannot be written: {error.strerror}; check where it goes")
    except KeyboardInterrupt:
        code = 130
    except Exception as error:  # noqa: BLE001 - the parent shows it as one line; a child has nobody above it
        code = _complain(complaints, f"the query failed: {_first_line(error)}")
    finally:
        os._exit(code)


def _bound(limits: Limits) -> None:
    """Have the system stop this process when it goes past a limit.

    RLIMIT_DATA counts on Linux what can be written to, and so what a query really takes; elsewhere it may
    count the heap alone, so the address space, of which threads and allocators only reserve much, is
    bounded as well.
    """
    memory = limits.memory_mb * 2**20
    _lower(resource.RLIMIT_DATA, memory)
    _lower(resource.RLIMIT_AS, memory + _RESERVED)
    _lower(resource.RLIMIT_CORE, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limits.seconds)


def _lower(limit: int, value: int) -> None:
    _, hard = resource.getrlimit(limit)
    bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (bound, bound))


def _run(database: Path, query: str, write: Write, limits: Limits) -> None:
    from warehouse.connection import engine  # only the child pays for the import

    settings = {**_SETTINGS, "memory_limit": f"{limits.memory_mb // 2}MB"}
    try:
        connection = engine.connect(str(database), read_only=True, config=settings)
    except engine.Error as error:
        raise UserError(f"{database}: {_first_line(error)}; `kith rebuild` makes it anew") from error
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set lock_configuration = true")
    try:
        statements = connection.extract_statements(query)
        if not statements:
            raise UserError("the query is empty; try `show tables`")
        if len(statements) > 1:
            raise UserError(f"one statement at a time: this holds {len(statements)}; give one")
        kind = statements[0].type.name
        if kind == "MULTI":  # DuckDB makes a type of the values first, which takes a statement of its own
            raise UserError("PIVOT needs the values it is on: `pivot people on kind in ('human', 'list')`")
        if kind not in _ALLOWED:
            raise UserError(f"only SELECT and EXPLAIN are allowed, not {kind}; this is for reading")
        cursor = connection.execute(statements[0])
        columns = [str(column[0]) for column in cursor.description or ()]
        write(columns, _rows(cursor))
    except engine.OutOfMemoryException as error:
        raise UserError(_too_much(limits)) from error
    except engine.Error as error:
        raise UserError(f"the query failed: {_first_line(error)}") from error


def _rows(cursor: object) -> Iterator[tuple[object, ...]]:
    while rows := cursor.fetchmany(_FETCH):  # type: ignore[attr-defined]  # duckdb is imported by the child only
        yield from rows


def _complain(descriptor: int, complaint: str) -> int:
    os.write(descriptor, complaint[:2000].encode("utf-8", "replace"))
    return 2


def _too_much(limits: Limits) -> str:
    return f"the query needs more than {limits.memory_mb} MB; narrow it, or raise sql.memory_limit_mb"


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
