"""Read-only SQL: what a query may not do, what it may use, and what it says when it may not."""

import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from warehouse.errors import UserError
from warehouse.query import Limits, answer

LIMITS = Limits(512, 20)
REPOSITORY = Path(__file__).parent.parent

ESCAPES = [
    "copy people to '{out}'",
    "copy (select 1) to '{out}'",
    "copy (select 1) to '/dev/stdout'",
    "explain analyze copy people to '{out}'",
    "attach '{out}'",
    "attach ':memory:' as other",
    "detach network",
    "use memory",
    "install httpfs",
    "load httpfs",
    "load '{out}'",
    "from read_text('{file}')",
    "from read_blob('{file}')",
    "from read_csv('{file}')",
    "from read_json('{file}')",
    "from sniff_csv('{file}')",
    "from parquet_metadata('{file}')",
    "from glob('/etc/*')",
    "from '{file}'",
    "from 'http://127.0.0.1/people.csv'",
    "set memory_limit = '9GB'",
    "set enable_external_access = true",
    "reset threads",
    "pragma database_list",
    "pragma enable_profiling",
    "from enable_logging()",
    "create table x as select 1",
    "create temp table x as select 1",
    "create macro f() as 1",
    "create secret (type s3)",
    "insert into people select * from people",
    "update people set name = 'x'",
    "delete from people",
    "truncate people",
    "drop table people",
    "alter table people add column x int",
    "comment on table people is 'x'",
    "create table x as pivot people on kind using count(*)",
    "explain analyze insert into people select * from people",
    "export database '{out}'",
    "import database '{out}'",
    "checkpoint",
    "force checkpoint",
    "vacuum",
    "analyze",
    "begin",
    "call pragma_version()",
    "prepare p as select 1",
    "execute p",
    "select 1; select 2",
    "select 1; drop table people",
    "from query('copy people to ''{out}''')",
    "from query('select 1; select 2')",
    "select getenv('HOME')",
    "from statements",
    "from columns",
    "from connection",
    "from Limits",
]

ANSWERED = [
    "select count(*) from people",
    "from people",
    "table people",
    "values (1), (2)",
    "with a as (select 1 as n) from a",
    "show tables",
    "show all tables",
    "describe people",
    "summarize people",
    "explain select * from people",
    "explain analyze select 1",
    "pivot people on kind in ('human', 'list') using count(*)",
    "from query('select 42')",
    "from query_table('people')",
    "from duckdb_secrets()",
    "-- a comment\nselect 1",
    "select 1;",
    ";; select 1 ;;",
]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("published") / "network.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table people (name varchar, kind varchar)")
        connection.execute("insert into people values ('Ada Quill', 'human'), ('news@fern.example', 'list')")
    return path


@pytest.fixture(autouse=True)
def _nothing_is_written(database: Path) -> Iterator[None]:
    """The published file is bytewise the same after every test, and alone in its folder."""
    before = hashlib.sha256(database.read_bytes()).digest()
    yield
    assert hashlib.sha256(database.read_bytes()).digest() == before
    assert list(database.parent.iterdir()) == [database]


def show(columns: list[str], rows: Iterator[tuple[object, ...]]) -> None:
    print(json.dumps([columns, *(list(row) for row in rows)], default=str))  # noqa: T201 - to standard output


def refusal(database: Path, query: str, limits: Limits = LIMITS) -> str:
    with pytest.raises(UserError) as caught:
        answer(database, query, show, limits)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("query", ESCAPES)
def test_a_query_cannot_leave_the_warehouse_or_change_it(database: Path, tmp_path: Path, query: str) -> None:
    file = tmp_path / "secret.csv"
    file.write_text("a,b\n1,planted\n")
    assert "planted" not in refusal(database, query.format(out=tmp_path / "out", file=file))
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("query", ANSWERED)
def test_whatever_only_reads_is_answered(
    database: Path, query: str, capfd: pytest.CaptureFixture[str]
) -> None:
    answer(database, query, show, LIMITS)
    out, err = capfd.readouterr()
    assert json.loads(out)[0]
    assert not err


@pytest.mark.parametrize("query", ["", "  \n", "-- only a comment", ";", "/* nothing */"])
def test_an_empty_query_says_what_to_try(database: Path, query: str) -> None:
    assert refusal(database, query) == "the query is empty; try `show tables`"


def test_a_pivot_without_values_says_what_is_missing(database: Path) -> None:
    assert "pivot people on kind in" in refusal(database, "pivot people on kind using count(*)")


@pytest.mark.parametrize(
    "query",
    ["selec 1", "select", "select * from nobody", "/* open", "select 'ab'::int", "select error('a\nb')"],
)
def test_a_wrong_query_fails_in_one_line(database: Path, query: str) -> None:
    assert refusal(database, query).startswith("the query failed: ")


def test_a_lone_surrogate_in_a_query_fails_in_one_line(database: Path) -> None:
    assert refusal(database, "select '\udcff'")


def test_a_query_without_an_end_is_stopped_in_time(database: Path) -> None:
    endless = "with recursive t as (select 1 as x union all select 1 from t) select count(*) from t"
    started = time.monotonic()
    assert "stopped after 0.5 s" in refusal(database, endless, Limits(512, 0.5))
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "query",
    [
        "select repeat('x', 2000000000)",
        "select list(i) from range(1000000000000) t(i)",
        "select list_sort([random() for x in range(1000000000)])",
        "select repeat('x', 1000000) from range(100000)",
    ],
)
def test_a_greedy_query_is_refused_within_its_memory(database: Path, query: str) -> None:
    assert "needs more than 256 MB" in refusal(database, query, Limits(256, 30))


def test_no_query_takes_more_memory_than_its_limit(database: Path) -> None:
    """Measured in a process of its own, whose largest child is the query's."""
    script = f"""
import resource
from pathlib import Path
from warehouse.errors import UserError
from warehouse.query import Limits, answer
try:
    greedy = "select list(range) from range(100000000)"
    answer(Path({str(database)!r}), greedy, lambda *_: None, Limits(256, 30))
except UserError as error:
    assert "256 MB" in str(error), error
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(run.stdout) * unit < (256 + 128) * 2**20


def test_a_small_limit_leaves_room_for_an_ordinary_query(database: Path) -> None:
    """In a process as small as the command's: the limit counts what the query inherits, too."""
    script = f"""
from pathlib import Path
from warehouse.query import Limits, answer
query = "select count(*) from range(10000000)"
answer(Path({str(database)!r}), query, lambda columns, rows: print(list(rows)), Limits(256, 30))
"""
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert run.stdout == "[(10000000,)]\n"


def test_the_engine_alone_reads_every_type_as_duckdb_does(
    database: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    query = "from test_all_types()"
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        expected = connection.sql(query).fetchall()
    answer(database, query, lambda _, rows: print(list(rows)), LIMITS)  # noqa: T201 - to standard output
    assert capfd.readouterr().out == f"{expected}\n"


def test_a_question_starts_without_relations_and_frames(database: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from warehouse.connection import opened, rows, table
from warehouse.query import Limits, answer
database = Path({str(database)!r})
with opened(database, read_only=True) as connection:
    columns, found = table(connection, "select name from people where kind = ?", ["human"])
    assert (columns, found) == (["name"], [("Ada Quill",)])
    assert rows(connection, "select 1") == [(1,)]
answer(database, "select 1", lambda *_: print(*{{"duckdb", "polars"}} & set(sys.modules)), Limits(512, 30))
"""
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert run.stdout == "\n"


def test_a_lower_limit_of_the_shell_is_kept(database: Path) -> None:
    script = f"""
import resource
from pathlib import Path
from warehouse.query import Limits, answer
resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, 3 * 2**30))
answer(Path({str(database)!r}), "select 1", lambda columns, rows: print(list(rows)), Limits(8192, 30))
"""
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert run.stdout == "[(1,)]\n"


def test_a_query_ends_although_its_parent_was_killed(database: Path, tmp_path: Path) -> None:
    script = f"""
import os
from pathlib import Path
from warehouse.query import Limits, answer
def tell(columns, rows):
    Path({str(tmp_path / "child")!r}).write_text(str(os.getpid()))
    list(rows)
endless = "with recursive t as (select 1 as x union all select 1 from t) from t"
answer(Path({str(database)!r}), endless, tell, Limits(512, 1.5))
"""
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=REPOSITORY, stderr=subprocess.DEVNULL)
    told = tmp_path / "child"
    try:
        _wait_until(lambda: told.exists() and told.read_text() != "")
    finally:
        parent.kill()
        parent.wait()
    child = int(told.read_text())
    _wait_until(lambda: not _runs(child))


def _children() -> set[str]:
    """Process ids of the children of this process, where the system tells them."""
    lists = Path("/proc/self/task").glob("*/children")
    return {child for each in lists for child in each.read_text().split()}


def test_an_interrupted_query_leaves_no_process(database: Path) -> None:
    others = _children()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        with pytest.raises(KeyboardInterrupt):
            answer(database, "select count(*) from range(1000000000000)", show, LIMITS)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert _children() <= others


def test_a_file_that_is_no_database_is_named_with_its_mend(tmp_path: Path) -> None:
    damaged = tmp_path / "network.duckdb"
    damaged.write_bytes(os.urandom(20_000))
    with pytest.raises(UserError, match="kith rebuild"):
        answer(damaged, "select 1", show, LIMITS)


def test_an_answer_that_cannot_be_written_is_told(database: Path) -> None:
    def full(columns: list[str], rows: Iterator[tuple[object, ...]]) -> None:
        raise OSError(28, os.strerror(28))

    with pytest.raises(UserError, match="the answer cannot be written: No space left on device"):
        answer(database, "select 1", full, LIMITS)


def test_who_has_seen_enough_is_no_failure(database: Path) -> None:
    def head(columns: list[str], rows: Iterator[tuple[object, ...]]) -> None:
        raise BrokenPipeError

    answer(database, "select 1", head, LIMITS)


def test_what_a_dying_library_prints_is_not_shown(database: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def die(columns: list[str], rows: Iterator[tuple[object, ...]]) -> None:
        os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n")
        os.kill(os.getpid(), signal.SIGKILL)  # as the system does when memory runs out

    with pytest.raises(UserError, match="needs more than"):
        answer(database, "select 1", die, LIMITS)
    assert capfd.readouterr().err == ""


def test_the_parent_keeps_its_own_limits(database: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA), signal.getitimer(signal.ITIMER_REAL)
    refusal(database, "select * from nobody")
    assert (resource.getrlimit(resource.RLIMIT_DATA), signal.getitimer(signal.ITIMER_REAL)) == before


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return (
        "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text() if sys.platform == "linux" else True
    )


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
