"""Publication: whole states only, whatever fails, and readers that notice nothing."""

import fcntl
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest

from warehouse import publish as publishing
from warehouse.errors import Busy, WarehouseError
from warehouse.publish import shadow, writer

REPOSITORY = Path(__file__).parent.parent
MEMORY = 256


@pytest.fixture
def published(tmp_path: Path) -> Path:
    path = tmp_path / "network.duckdb"
    publish(path, 1)
    return path


def publish(path: Path, number: int) -> None:
    with shadow(path, memory_limit_mb=MEMORY) as connection:
        connection.execute(f"create or replace table state as select {number} as number")


def state(path: Path) -> int:
    with duckdb.connect(str(path), read_only=True) as connection:
        [(number,)] = connection.sql("select number from state").fetchall()
    assert isinstance(number, int)
    return number


def test_what_the_body_made_is_published_whole_and_nothing_else_stays(published: Path) -> None:
    publish(published, 2)
    assert state(published) == 2
    assert list(published.parent.iterdir()) == [published]


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, WarehouseError])
def test_a_failing_body_publishes_nothing(published: Path, failure: type[BaseException]) -> None:
    before = published.read_bytes()

    def fail() -> None:
        with shadow(published, memory_limit_mb=MEMORY) as connection:
            connection.execute("drop table state")
            raise failure

    with pytest.raises(failure):
        fail()
    assert published.read_bytes() == before
    assert list(published.parent.iterdir()) == [published]


def test_a_reader_keeps_the_state_that_it_opened(published: Path) -> None:
    with duckdb.connect(str(published), read_only=True) as reader:
        publish(published, 2)
        assert reader.sql("select number from state").fetchall() == [(1,)]
    assert state(published) == 2


def test_what_a_killed_run_left_is_removed(published: Path) -> None:
    copy = published.with_name(f".{published.name}.shadow")
    for leftover in (copy, copy.with_name(f"{copy.name}.wal")):
        leftover.write_bytes(b"half a night")
    copy.with_name(f"{copy.name}.tmp").mkdir()
    (copy.with_name(f"{copy.name}.tmp") / "spilled").touch()
    publish(published, 2)
    assert state(published) == 2
    assert list(published.parent.iterdir()) == [published]


def test_a_run_that_was_killed_in_its_body_leaves_the_published_state(published: Path) -> None:
    script = f"""
import os, signal
from pathlib import Path
from warehouse.publish import shadow
with shadow(Path({str(published)!r}), memory_limit_mb={MEMORY}) as connection:
    connection.execute("create table more as select * from range(100000)")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, check=False)
    assert state(published) == 1
    publish(published, 2)
    assert list(published.parent.iterdir()) == [published]


@pytest.mark.parametrize("damage", ["header", "cut"])
def test_a_damaged_shadow_is_never_published(
    published: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    verify = publishing._verify

    def damaged(copy: Path) -> None:
        whole = copy.read_bytes()
        copy.write_bytes(whole[:4096] + bytes(8192) + whole[12288:] if damage == "header" else whole[:13000])
        verify(copy)

    monkeypatch.setattr(publishing, "_verify", damaged)
    with pytest.raises(WarehouseError):
        publish(published, 2)
    assert state(published) == 1
    assert list(published.parent.iterdir()) == [published]


def test_from_nothing_begins_with_an_empty_file(published: Path) -> None:
    with shadow(published, from_nothing=True, memory_limit_mb=MEMORY) as connection:
        assert connection.sql("show tables").fetchall() == []
        connection.execute("create table state as select 3 as number")
    assert state(published) == 3


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_told_and_the_last_state_stays(small_disk: Path) -> None:
    path = small_disk / "network.duckdb"
    publish(path, 1)
    with (
        pytest.raises(WarehouseError, match=r"(?i)space") as caught,
        shadow(path, memory_limit_mb=MEMORY) as connection,
    ):
        connection.execute("create table big as select uuid() as id from range(1000000)")
    assert "\n" not in str(caught.value)
    assert state(path) == 1
    with suppress(OSError):
        (small_disk / "ballast").write_bytes(bytes(8 * 2**20))
    with pytest.raises(WarehouseError, match=r"No space left on device"):
        publish(path, 2)
    (small_disk / "ballast").unlink()
    assert state(path) == 1
    assert list(small_disk.iterdir()) == [path]
    publish(path, 2)
    assert state(path) == 2


def test_a_limit_on_the_size_of_files_leaves_the_last_state(published: Path) -> None:
    script = f"""
import resource
from pathlib import Path
from warehouse.errors import WarehouseError
from warehouse.publish import shadow
resource.setrlimit(resource.RLIMIT_FSIZE, ({published.stat().st_size + 2**20},) * 2)
try:
    with shadow(Path({str(published)!r}), memory_limit_mb={MEMORY}) as connection:
        connection.execute("create table big as select uuid() as id from range(1000000)")
except WarehouseError as error:
    print(error)
"""
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert "network.duckdb" in run.stdout
    assert (run.stdout.count("\n"), run.stderr) == (1, "")
    assert state(published) == 1
    assert list(published.parent.iterdir()) == [published]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_one_writer_at_a_time_and_the_other_is_told_who(tmp_path: Path) -> None:
    with writer(tmp_path):
        with pytest.raises(Busy, match=f"process {os.getpid()}, since "), writer(tmp_path):
            pass
        started = time.monotonic()
        with pytest.raises(Busy), writer(tmp_path, wait_seconds=0.3):
            pass
        assert time.monotonic() - started >= 0.3
    with writer(tmp_path):
        pass


def test_the_lock_of_a_killed_writer_is_free(tmp_path: Path) -> None:
    script = f"""
import os, signal
from pathlib import Path
from warehouse.publish import writer
with writer(Path({str(tmp_path)!r})):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, check=False)
    with writer(tmp_path):
        pass


@pytest.mark.parametrize("held", ["", "{", "3", "[]", "{}", "\x00"])
def test_a_lock_without_a_readable_holder_is_busy_all_the_same(tmp_path: Path, held: str) -> None:
    path = tmp_path / ".writer.lock"
    path.write_text(held)
    with path.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Busy, match="process unknown"), writer(tmp_path):
            pass
