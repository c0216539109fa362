"""The command line as a stranger meets it: every mistake is one line with its mend, and nothing is harmed."""

import fcntl
import hashlib
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple, NoReturn

import duckdb
import polars as pl
import pytest

from flows.cli import ask, setup, sql
from flows.cli import main as command_line
from flows.settings import Home
from tests.pipeline import make_home, sync

REPOSITORY = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "flows.cli"]
READERS = [ask, setup, sql]  # imported before a test gives up its rights


class Outcome(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


class Kith:
    """Runs commands in this process, and `main`'s way out is an exception whatever else was imported."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self.capture = capture

    def __call__(self, *arguments: object) -> Outcome:
        umask = os.umask(0o022)
        try:
            with pytest.raises(SystemExit) as ended:
                command_line.main([str(each) for each in arguments])
        finally:
            os.umask(umask)
        out, err = self.capture.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return Outcome(code, out, err)

    def complaint(self, *arguments: object, code: int = 2) -> str:
        """The one line on stderr of a command that fails."""
        outcome = self(*arguments)
        assert outcome.code == code, outcome
        assert outcome.out == ""
        assert outcome.err.startswith("kith: ")
        assert outcome.err.count("\n") == 1
        return outcome.err


def leave(code: int) -> NoReturn:
    sys.exit(code)


@pytest.fixture
def kith(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Kith:
    monkeypatch.setattr(command_line, "_leave", leave)
    return Kith(capsys)


def letters() -> str:
    """Fortnightly letters of one acquaintance until April, each answered, and one letter of another."""
    text = ""
    for number in range(12):
        day = date.fromordinal(date(2025, 11, 3).toordinal() + 14 * number)
        pair = ("vera@fern.example", "robin@ferrow.example")
        for sender, receiver in (pair, pair[::-1]):
            name = "Vera Fernsby" if sender.startswith("vera") else "Robin Ferrow"
            text += f"From x@y Mon Jan  5 10:00:00 2026\nFrom: {name} <{sender}>\nTo: {receiver}\n"
            text += f"Date: {day:%a, %d %b %Y} 10:00:00 +0000\nMessage-ID: <{number}{sender}>\n\n\n"
    for name in ("Verity Stone", "Véra \x1b[31mMoor"):
        text += f"From x@y Mon Jan  5 10:00:00 2026\nFrom: {name} <{name[-4:].lower()}@moor.example>\n"
        text += "To: robin@ferrow.example\nDate: Mon, 05 Jan 2026 10:00:00 +0000\n"
        text += f"Message-ID: <{len(name)}@moor.example>\n\n\n"
    return text


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("prepared")
    (folder / "mail.mbox").write_text(letters())
    home = make_home(folder / "home", {"mail": ("mbox", folder / "mail.mbox")})
    sync(home)
    return home


@pytest.fixture
def home(prepared: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A synced home of its own for each test, in KITH_HOME; its database must stay as it is."""
    folder = tmp_path / "home"
    shutil.copytree(prepared.folder, folder)
    monkeypatch.setenv("KITH_HOME", str(folder))
    yield folder
    database = folder / "network.duckdb"
    if database.is_file() and not (folder / "damaged").exists():
        assert digest(database) == digest(prepared.database)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def configure(home: Path, text: str) -> None:
    (home / "kith.toml").write_text(text)


@pytest.mark.parametrize(
    "command",
    [
        ("quiet",),
        ("person", "vera"),
        ("status",),
        ("sql", "select 1"),
        ("sync",),
        ("rebuild",),
        ("report",),
        ("source", "list"),
        ("source", "add", "ics", "x.ics"),
        ("source", "remove", "x"),
    ],
)
def test_a_command_without_a_home_says_how_to_make_one(
    kith: Kith, command: tuple[str, ...], tmp_path: Path
) -> None:
    assert "`kith init --me YOUR@ADDRESS` makes one" in kith.complaint("--home", tmp_path / "none", *command)
    (tmp_path / "file").touch()
    assert "is a file; choose a folder" in kith.complaint("--home", tmp_path / "file", *command)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("init", "--me", "a@b.example"), "is a Kithline home already"),
        (("source", "add", "fax", "."), "unknown kind 'fax'; there are ics, vcard, mbox"),
        (("source", "add", "ics", "/nowhere"), "/nowhere is not there"),
        (("source", "add", "ics", ""), "the location is empty"),
        (("source", "add", "ics", "https://example.org/a.ics"), "is a URL; download it"),
        (("source", "add", "ics", "/dev/null"), "is neither a file nor a folder"),
        (("source", "add", "ics", "{home}/landing"), "holds no .ics"),
        (("source", "add", "vcard", "{home}/../letters"), "no vCard in it"),
        (("source", "add", "mbox", "{mail}"), "is there already, as 'mail'"),
        (("source", "add", "mbox", "{mail}/../mail.mbox"), "is there already, as 'mail'"),
        (("source", "add", "mbox", "{home}/../letters", "--name", "mail"), "two sources are called 'mail'"),
        (("source", "add", "mbox", "{home}/../letters", "--name", "../x"), "'../x' is no name for a source"),
        (("source", "add", "mbox", "{home}/../letters", "--name", ""), "'' is no name for a source"),
        (("source", "add", "mbox", "{home}/../letters", "--name", "runs"), "'runs' is no name"),
        (("source", "add", "mbox", "{home}/../letters", "--me", "me"), "'me' is no mail address"),
        (("source", "remove", "x"), "there is no source 'x'; there are mail"),
        (("sync", "x"), "there is no source 'x'; there are mail"),
        (("sync", "--as-of", "yesterday"), "'yesterday' is no day; write it as 2026-06-30"),
        (("quiet", "--as-of", "2026-02-30"), "is no day"),
        (("quiet", "--as-of", ""), "is no day"),
        (("quiet", "--as-of", "9999-12-31"), "choose a day from 1970 to 2100"),
        (("quiet", "--as-of", "0001-01-01"), "choose a day from 1970 to 2100"),
        (("quiet", "--top", "0"), "--top"),
        (("quiet", "--top", "-1"), "--top"),
        (("quiet", "--top", "99999999999999999999"), "--top"),
        (("quiet", "--format", "xml"), "--format"),
        (("quiet", "--tpo", "1"), "'--tpo'"),
        (("person", ""), "WHO is empty"),
        (("person", "  "), "WHO is empty"),
        (("person", "nobody"), "nobody is known as 'nobody'"),
        (("person", "\udcff"), "nobody is known as"),
        (("person", "\x1b[31m\n"), "nobody is known as"),
        (("person", "ver"), "; name the id"),
        (("person",), "WHO"),
        (("report", "--out", "{mail}"), "is a file; choose a folder with --out"),
        (("sql", "select 1", "--format", "parquet"), "--out"),
        (("sql", "select 1", "--out", "x.parquet"), "--format parquet"),
        (("sql", "select 1", "--file", "{mail}"), "not both"),
        (("sql", "--file", "/nowhere"), "/nowhere"),
        (("sql", "--file", "{home}"), "directory"),
        (("sql", "select '\udcff'"), "not UTF-8 text; save it as UTF-8"),
        (("sql", "selec"), "the query failed"),
        (("sql", "-- only a comment"), "the query is empty"),
        (
            ("sql", "from people", "--format", "parquet", "--out", "{home}/network.duckdb"),
            "inside the Kithline",
        ),
        (
            ("sql", "from people", "--format", "parquet", "--out", "{home}/kith.toml"),
            "inside the Kithline home",
        ),
        (
            ("sql", "from people", "--format", "parquet", "--out", "{home}/.."),
            "is a folder; name a file in it",
        ),
        (("dance",), "No such command 'dance'"),
    ],
)
def test_a_mistake_is_answered_with_what_is_wrong(
    kith: Kith, home: Path, prepared: Home, arguments: tuple[str, ...], complaint: str
) -> None:
    mail = prepared.folder.parent / "mail.mbox"
    shutil.copy(mail, home.parent / "letters")
    config = (home / "kith.toml").read_text()
    said = kith.complaint(*(each.format(home=home, mail=mail) for each in arguments))
    assert complaint in said
    assert (home / "kith.toml").read_text() == config


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--me", "nonsense"), "'nonsense' is no mail address; write it as you@example.org"),
        (("--me", ""), "'' is no mail address"),
        (("--me", "A <a@b.example>"), "is no mail address"),
        ((), "--me"),
        (("--me", "a@b.example", "--timezone", "Mars/Phobos"), "use a name such as Europe/Berlin"),
        (("--me", "a@b.example", "--timezone", ""), "'' is no time zone"),
        (("--me", "a@b.example", "--timezone", "localtime"), "'localtime' is no time zone"),
    ],
)
def test_a_home_with_a_mistake_is_not_made(
    kith: Kith, tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    assert complaint in kith.complaint("--home", tmp_path / "home", "init", *arguments)
    assert not (tmp_path / "home").exists()


def test_a_home_below_a_file_is_not_made(kith: Kith, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "Not a directory" in kith.complaint(
        "--home", tmp_path / "file" / "home", "init", "--me", "a@b.example", code=1
    )


@pytest.mark.parametrize(
    "command", [("quiet",), ("person", "vera"), ("status",), ("report",), ("sql", "from x")]
)
def test_a_damaged_database_is_named_with_its_mend(kith: Kith, home: Path, command: tuple[str, ...]) -> None:
    (home / "damaged").touch()
    whole = (home / "network.duckdb").read_bytes()
    for damage in (b"", os.urandom(9999), whole[:4096] + bytes(8192) + whole[12288:]):
        (home / "network.duckdb").write_bytes(damage)
        code = 2 if command[0] == "sql" else 1
        assert "`kith rebuild` makes it anew" in kith.complaint(*command, code=code)
    (home / "network.duckdb").unlink()
    assert "is missing; `kith rebuild` makes it from landing" in kith.complaint(*command)


def test_a_damaged_manifest_stops_a_rebuild_and_the_published_state_stays(kith: Kith, home: Path) -> None:
    [manifest] = home.glob("landing/mail/*/manifest.json")
    manifest.write_text("{")
    assert "manifest.json: " in kith.complaint("rebuild", code=1)
    assert kith("sql", "select 1").code == 0


def test_a_writer_that_waits_in_vain_names_the_holder(kith: Kith, home: Path) -> None:
    with (home / ".writer.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate()
        lock.write(json.dumps({"pid": 4711, "since": "2026-06-30 03:00:00"}))
        lock.flush()
        complaint = kith.complaint("rebuild", code=1)
        assert "process 4711, since 2026-06-30 03:00:00" in complaint
        for held in ("", "3", "[]", "{}"):
            (home / ".writer.lock").write_text(held)
            assert "process unknown" in kith.complaint("rebuild", code=1)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up its rights")
@pytest.mark.parametrize(
    ("forbidden", "arguments", "complaint"),
    [
        ("home/kith.toml", ("quiet",), "kith.toml: Permission denied; check its permissions"),
        ("home/network.duckdb", ("status",), "check who owns the Kithline home"),
        ("home/network.duckdb", ("sql", "select 1"), "Permission denied"),
        ("other.mbox", ("source", "add", "mbox", "{folder}/other.mbox"), "other.mbox: Permission denied"),
        ("home", ("rebuild",), "Permission denied"),
        ("", ("--home", "{folder}/new", "init", "--me", "a@b.example"), "Permission denied"),
    ],
)
def test_what_may_not_be_touched_is_named(
    home: Path, forbidden: str, arguments: tuple[str, ...], complaint: str
) -> None:
    """As another user, in a process that imported everything before it gave up its rights (and no frame is
    touched there: the threads of Polars do not survive a fork).
    """
    folder = home.parent
    (folder / "other.mbox").write_text(letters())
    owner = 65534
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner, owner)
    os.chown(folder / forbidden, 0, 0)
    (folder / forbidden).chmod(0o700 if (folder / forbidden).is_file() else 0o755)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.dup2(writing, 2)
            os.chdir("/")
            for above in folder.parents[:-2]:
                above.chmod(0o755)
            os.setuid(owner)
            sys.stderr = os.fdopen(2, "w")
            command_line.main([each.format(folder=folder) for each in arguments])
        except SystemExit as ended:
            sys.stderr.flush()
            os._exit(int(ended.code or 0))
        finally:
            os._exit(99)
    os.close(writing)
    with os.fdopen(reading) as stream:
        said = stream.read()
    _, status = os.waitpid(child, 0)
    assert complaint in said
    assert said.count("\n") == 1
    assert os.waitstatus_to_exitcode(status) in (1, 2)


def test_quiet_answers_for_past_and_future_days(kith: Kith, home: Path) -> None:
    def names(day: str) -> list[str]:
        return [row["name"] for row in json.loads(kith("quiet", "--as-of", day, "--format", "json").out)]

    assert names("2026-06-30") == ["Vera Fernsby"]
    assert names("2026-04-08") == names("1970-01-01") == []
    assert kith("quiet", "--as-of", "1999-01-01").out == "Nobody has gone quiet as of 1999-01-01.\n"
    assert kith("quiet", "--as-of", "2100-12-31").code == 0


@pytest.mark.parametrize("style", ["table", "json", "csv", "md"])
@pytest.mark.parametrize("command", [("quiet",), ("person", "Vera Fernsby")])
def test_an_answer_comes_in_every_format(
    kith: Kith, home: Path, command: tuple[str, ...], style: str
) -> None:
    outcome = kith(*command, "--as-of", "2026-06-30", "--format", style)
    assert outcome.code == 0
    assert outcome.err == ""
    assert "2026-04-06" in outcome.out
    if style == "json":
        json.loads(outcome.out)


def test_a_person_is_found_by_id_address_and_part_of_the_name(kith: Kith, home: Path) -> None:
    def found(who: str) -> dict[str, object]:
        document: dict[str, object] = json.loads(
            kith("person", who, "--as-of", "2026-06-30", "--format", "json").out
        )
        return document

    vera = found("Vera Fernsby")
    assert vera["name"] == "Vera Fernsby"
    for who in (str(vera["person_id"]), "vera@fern.example", "VERA@FERN.EXAMPLE", "fernsb", " vera fernsby "):
        assert found(who)["person_id"] == vera["person_id"]


def test_names_cannot_steer_the_terminal(kith: Kith, home: Path) -> None:
    for arguments in (("person", "moor", "--as-of", "2026-06-30"), ("sql", "from people"), ("person", "ver")):
        outcome = kith(*arguments)
        assert "\x1b" not in outcome.out + outcome.err


def test_a_lone_source_and_its_removal_leave_the_configuration_as_it_was(
    kith: Kith, home: Path, prepared: Home
) -> None:
    before = (home / "kith.toml").read_text()
    shutil.copy(prepared.folder.parent / "mail.mbox", home.parent / "letters.mbox")
    assert kith("source", "add", "mbox", home.parent / "letters.mbox").out.startswith("Added letters-mbox: ")
    listed = json.loads(kith("source", "list", "--format", "json").out)
    assert [each["name"] for each in listed] == ["mail", "letters-mbox"]
    assert kith("source", "remove", "letters-mbox").code == 0
    assert (home / "kith.toml").read_text().split() == before.split()


def run(*arguments: str, stdin: bytes = b"", **more: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=REPOSITORY,
        input=stdin,
        capture_output=True,
        check=False,
        env=os.environ | more,
    )


def test_json_is_one_document_with_instants_in_utc(home: Path) -> None:
    outcome = run("sql", "--format", "json", stdin=b"select name, first_contact_at from people order by 1")
    assert outcome.stderr == b""
    rows = json.loads(outcome.stdout)
    assert {"name": "Vera Fernsby", "first_contact_at": "2025-11-03T10:00:00Z"} in rows


def test_a_query_comes_from_standard_input_in_any_locale(home: Path) -> None:
    posix = {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    outcome = run("sql", "--file", "-", "--format", "csv", stdin="\ufeffselect 'é' as é".encode(), **posix)
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "é\r\né\r\n".encode(), b"")


def test_parquet_is_written_whole_and_leaves_nothing_beside_it(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "people.parquet"
    out.parent.mkdir()
    outcome = run("sql", "from people", "--format", "parquet", "--out", str(out))
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, b"", b"")
    assert "Vera Fernsby" in pl.read_parquet(out)["name"].to_list()
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize("style", ["csv", "json"])
def test_a_reader_that_has_seen_enough_ends_the_answer_quietly(home: Path, style: str) -> None:
    with subprocess.Popen(
        [*COMMAND, "sql", "--format", style, "select repeat('x', 1000) from range(100000)"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_a_full_disk_at_standard_output_is_told_in_one_line(home: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    for arguments in (("status",), ("sql", "select 1")):
        with Path("/dev/full").open("wb") as full:
            outcome = subprocess.run(
                [*COMMAND, *arguments], cwd=REPOSITORY, stdout=full, stderr=subprocess.PIPE, check=False
            )
        assert outcome.returncode in (1, 2)
        assert b"No space left on device" in outcome.stderr
        assert outcome.stderr.count(b"\n") == 1


def test_the_prompt_goes_on_after_a_wrong_query_and_an_interrupt(home: Path) -> None:
    """On a real terminal: two lines make a query, Ctrl-C empties it or stops it, .quit leaves."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(REPOSITORY)
        os.environ["TERM"] = "dumb"
        os.execv(sys.executable, [*COMMAND, "sql"])  # noqa: S606 - our own command
    try:
        said = until(terminal, "kith> ")
        for typed, *wanted in (
            ("select 40\r+ 2 as n;\r", "42", "kith> "),
            ("selec;\r", "the query failed", "kith> "),
            (".tables\r", "gone_quiet", "kith> "),
            ("select 1\r", "... "),
            ("\x03", "kith> "),
            ("select 43;\r", "43", "kith> "),
        ):
            time.sleep(0.3)  # readline misses an interrupt between its prompt and its first look at the keys
            os.write(terminal, typed.encode())
            said += until(terminal, *wanted)
        os.write(terminal, b"select count(*) from range(1000000000000);\r")
        time.sleep(0.5)
        os.write(terminal, b"\x03")
        until(terminal, "stopped", "kith> ")
        os.write(terminal, b".quit\r")
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    except BaseException:
        os.kill(child, signal.SIGKILL)
        raise
    finally:
        os.close(terminal)
    assert "Traceback" not in said


def until(terminal: int, *wanted: str) -> str:
    """What the terminal shows until all that is wanted was seen, one after the other."""
    said = ""
    deadline = time.monotonic() + 20
    in_order = re.compile(".*".join(map(re.escape, wanted)), re.DOTALL)
    while not in_order.search(said):
        ready, _, _ = select.select([terminal], [], [], max(0, deadline - time.monotonic()))
        assert ready, f"waited for {wanted!r} and saw {said!r}"
        said += os.read(terminal, 4096).decode(errors="replace")
    return said


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (("sql", "select 1"), {"prefect", "polars", "duckdb", "platformdirs", "jinja2", "rich"}),
        (("quiet", "--as-of", "2026-06-30"), {"prefect", "polars", "rich", "vobject", "icalendar"}),
        (("person", "vera fernsby"), {"prefect", "rich", "vobject", "icalendar"}),
        (("status",), {"prefect", "rich", "vobject", "icalendar"}),
    ],
)
def test_a_command_that_reads_pays_for_nothing_else(
    home: Path, arguments: tuple[str, ...], unwanted: set[str]
) -> None:
    script = f"""
import os, sys
leave = os._exit
def tell_and_leave(code):
    print(*(name for name in sys.modules if "." not in name), file=sys.stderr, flush=True)
    leave(code)
os._exit = tell_and_leave
from flows.cli.main import main
main({list(arguments)!r})
"""
    outcome = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    loaded = set(outcome.stderr.split())
    assert "click" in loaded
    assert not unwanted & loaded


def test_a_reader_keeps_reading_while_a_writer_publishes(home: Path, prepared: Home) -> None:
    """A reader that opened the published file reads it to its end; the next one sees the new state."""
    (home / "damaged").touch()
    with duckdb.connect(str(home / "network.duckdb"), read_only=True) as reader:
        [(before,)] = reader.sql("select count(*) from people").fetchall()
        sync(Home(home), date(2026, 7, 1))
        assert reader.sql("select count(*) from people").fetchall() == [(before,)]
    with duckdb.connect(str(home / "network.duckdb"), read_only=True) as reader:
        assert reader.sql("select as_of from meta.publication").fetchall() == [(date(2026, 7, 1),)]
