"""Forgetting: nothing of a person is left in a home, and no later sync brings them back."""

import hmac
import json
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from pipeline import ME, ask, make_home, sync

import flows.cli.main
from flows.cli.main import kith
from flows.forgetting import forget
from flows.reporting import write_reports
from flows.settings import Home
from flows.steps import night
from warehouse import decided_without, forgetting, landing
from warehouse.cleansing import cleansed
from warehouse.errors import WarehouseError
from warehouse.forgotten import FILE, Forgotten, name_identifiers, new_memory, read_memory, with_identifiers
from warehouse.landing import Landing, verify
from warehouse.people.addresses import parse
from warehouse.searching import Needles

WILMA = "wilma.quince@quince.example"
TRACES = (
    b"wilma.quince", b"wilma quince", b"quince, wilma", b"2025550143", b"202-555-0143", b"wilma-quince-7",
    b"uid-of-wilma",
)  # fmt: skip
BO = "bo.larch@larch.example"


def letter(number: int, sender: str, to: str, more: str = "") -> str:
    return (
        f"From x@y.example Mon Jan  5 10:00:00 2026\nMessage-ID: <m{number}@mail.example>\n"
        f"Date: Mon, {number:02d} Jan 2026 10:00:00 +0000\nFrom: {sender}\nTo: {to}\n{more}\nHello\n\n"
    )


MAIL = "".join(
    [
        letter(1, f"Wilma Quince <{WILMA}>", f"Robin <{ME}>, Bo Larch <{BO}>"),
        letter(2, f"Robin <{ME}>", f"Wilma Quince <{WILMA}>"),
        letter(3, f"Bo Larch <{BO}>", f"Robin <{ME}>", "Cc: Wilma <WILMA.QUINCE+news@quince.example>\n"),
        letter(4, f"Robin <{ME}>", f"Bo Larch <{BO}>",
               f"References: <77.{WILMA}> <m3@mail.example>\nIn-Reply-To: <77.{WILMA}>\n"),
        letter(5, f"Bo Larch <{BO}>", f"Robin <{ME}>",
               "Return-Path: <bounces+wilma.quince=quince.example@l.example>\n"),
        letter(6, f'"Quince, Wilma" <{WILMA}>', f"Robin <{ME}>"),
    ]
)  # fmt: skip


def card(uid: str, name: str, *lines: str) -> str:
    body = "".join(f"{line}\r\n" for line in lines)
    return f"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:{name}\r\n{body}END:VCARD\r\n"


BOS_CARD = card("uid-of-bo", "Bo Larch", f"EMAIL:{BO}", f"EMAIL:{WILMA}", "TEL:+1 202-555-0177")
WILMAS_CARD = card("uid-of-wilma", "Wilma Quince", f"EMAIL:{WILMA}", "TEL:+1 (202) 555-0143")
BROKEN = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:uid-of-wilma\r\nEND:VCARD\r\n"
CALENDAR = f"""BEGIN:VCALENDAR\r
VERSION:2.0\r
BEGIN:VEVENT\r
UID:planning\r
DTSTART:20260105T100000Z\r
DTEND:20260105T110000Z\r
ORGANIZER;CN=Wilma Quince:mailto:{WILMA}\r
ATTENDEE;CN=Wilma Quince;PARTSTAT=ACCEPTED:mailto:{WILMA}\r
ATTENDEE;CN=Bo Larch;PARTSTAT=ACCEPTED:mailto:{BO}\r
ATTENDEE;PARTSTAT=ACCEPTED:mailto:{ME}\r
END:VEVENT\r
END:VCALENDAR\r
"""
PROFILE = "https://www.linkedin.com/in/wilma-quince-7"
CONNECTIONS = (
    "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
    f"Wilma,Quince,{PROFILE},{WILMA},Quince & Co,Baker,05 Jan 2024\n"
    "Bo,Larch,https://www.linkedin.com/in/bo-larch,,Larch Ltd,Joiner,06 Jan 2024\n"
)
MESSAGES = (
    "CONVERSATION ID,FROM,SENDER PROFILE URL,TO,RECIPIENT PROFILE URLS,DATE,CONTENT,FOLDER\n"
    f"c1,Wilma Quince,{PROFILE},Robin,https://www.linkedin.com/in/robin-f,2024-02-01 10:00:00 UTC,Hi,INBOX\n"
    "c2,Bo Larch,https://www.linkedin.com/in/bo-larch,Robin,https://www.linkedin.com/in/robin-f,"
    "2024-02-02 10:00:00 UTC,Hi,INBOX\n"
)
INVITATIONS = (
    "From,To,Sent At,Message,Direction,inviterProfileUrl,inviteeProfileUrl\n"
    f'Wilma Quince,Robin,"1/5/24, 10:00 AM",,INCOMING,{PROFILE},https://www.linkedin.com/in/robin-f\n'
)


AT = '"at": "2026-01-01T00:00:00Z", "note": ""'
DECISIONS = (
    f'{{"id": "d1", {AT}, "do": "merge", "records": ["header:{WILMA}|Wilma Quince", "header:{BO}"]}}',
    f'{{"id": "d2", {AT}, "do": "retract", "decision": "d1"}}',
    f'{{"id": "d3", {AT}, "do": "kind", "records": ["header:{BO}"], "kind": "human"}}',
    f'{{"id": "d4", {AT}, "do": "rename", "records": ["vcard:book:uid-of-wilma"], "name": "Wilma Quince"}}',
)


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data and a home, synced, in which one person stands everywhere."""
    folder = tmp_path_factory.mktemp("planted")
    data = folder / "data"
    files = {
        "mail/inbox.mbox": MAIL,
        "book/all.vcf": BOS_CARD + WILMAS_CARD + BROKEN,
        f"book/{WILMA}.vcf": WILMAS_CARD,
        "book/Wilma Quince.vcf": card("other", "Bo Larch", f"EMAIL:{BO}"),
        "diary/work.ics": CALENDAR,
        "linkedin/Connections.csv": CONNECTIONS,
        "linkedin/messages.csv": MESSAGES,
        "linkedin/Invitations.csv": INVITATIONS,
    }
    for name, text in files.items():
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(text, newline="")
    kinds = {"mail": "mbox", "book": "vcard", "diary": "ics", "linkedin": "linkedin"}
    home = make_home(folder / "home", {name: (kind, data / name) for name, kind in kinds.items()})
    sync(home)
    write_reports(home, home.reports)
    return folder


@pytest.fixture
def home(synced: Path, tmp_path: Path) -> Home:
    """A copy of that home and its data, to be changed."""
    return copied(synced, tmp_path)


@pytest.fixture(scope="module")
def forgetful(synced: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A copy in which she is forgotten, to be looked at."""
    home = copied(synced, tmp_path_factory.mktemp("forgetful"))
    assert run(home, WILMA, "--yes").exit_code == 0
    return home


def copied(synced: Path, folder: Path) -> Home:
    """A copy with decisions, an old report and a history of Prefect."""
    home = Home(folder / "home")
    shutil.copytree(synced / "home", home.folder)
    shutil.copytree(synced / "data", folder / "data", copy_function=shutil.copy2)
    home.config.write_text(home.config.read_text().replace(str(synced / "data"), str(folder / "data")))
    (home.folder / "decisions.jsonl").write_text("\n".join(DECISIONS) + "\n")
    (home.reports / "last-year.md").write_text(f"# Wilma Quince\n{WILMA}\n")
    prefect = home.folder / "prefect"
    prefect.mkdir(exist_ok=True)
    (prefect / "prefect.db").write_bytes(b"\0" * 100 + f"{WILMA}".encode() + b"\0" * 100)
    (prefect / "prefect.db-wal").write_bytes(b"\0")
    return home


def run(home: Home, *arguments: str) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(flows.cli.main.COMMANDS, "forget", "flows.cli.forget:forget")
        return CliRunner().invoke(kith, ["--home", str(home.folder), "forget", *arguments])


def texts(home: Home) -> Iterator[tuple[str, bytes]]:
    """Everything that a home holds, names of files and values of compressed files included."""
    for path in home.folder.rglob("*"):
        yield str(path), path.relative_to(home.folder).as_posix().encode()
        if not path.is_file():
            continue
        yield str(path), path.read_bytes()
        if path.suffix == ".parquet":
            with duckdb.connect() as connection:
                yield str(path), repr(connection.sql(f"from read_parquet('{path}')").fetchall()).encode()
        if path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as connection:
                tables = connection.sql("select schema_name, table_name from duckdb_tables()").fetchall()
                for schema, table in tables:
                    values = repr(connection.sql(f'from "{schema}"."{table}"').fetchall())
                    yield f"{path} {schema}.{table}", values.encode()


def left(home: Home) -> list[str]:
    """Where something of her stands."""
    return sorted(
        {
            f"{place}: {trace.decode()}"
            for place, text in texts(home)
            for trace in TRACES
            if trace in text.lower()
        }
    )


# The whole of it


def test_nothing_of_somebody_forgotten_is_left_and_no_sync_brings_them_back(home: Home) -> None:
    assert left(home)
    result = run(home, WILMA, "--yes")
    assert result.exception is None, repr(result.exception)
    assert (result.exit_code, result.stderr) == (0, "")
    assert left(home) == []
    assert ask(home, "select count(*) from main.people where name ilike '%wilma%'") == [(0,)]

    data = home.folder.parent / "data"
    with (data / "mail" / "inbox.mbox").open("a") as mailbox:
        mailbox.write(letter(7, f"Wilma Quince <{WILMA}>", f"Robin <{ME}>"))
    for touched in (data / "book").iterdir():
        touched.write_bytes(touched.read_bytes())
    books = {each.name: each for each in sync(home).sources}
    assert left(home) == []
    assert books["mail"].skipped == {"forgotten": 4}
    assert books["book"].skipped == {"forgotten": 2}
    assert books["book"].withdrawn == 0

    with (data / "mail" / "inbox.mbox").open("a") as mailbox:
        mailbox.write(letter(8, f"Bo Larch <{BO}>", f"Robin <{ME}>, Wilma <wilma.quince+x@quince.example>"))
    (data / "linkedin" / "messages.csv").write_text(
        MESSAGES + MESSAGES.splitlines()[1].replace("c1", "c9") + "\n"
    )
    sync(home)
    assert left(home) == []
    with night(home, from_landing_alone=True) as again:
        again.build()
    assert left(home) == []


def test_what_others_said_stays(forgetful: Home) -> None:
    assert ask(forgetful, "select message_id from main.messages where channel = 'email' order by all") == [
        ("m3@mail.example",), ("m4@mail.example",), ("m5@mail.example",)
    ]  # fmt: skip
    assert (
        ask(forgetful, "select name from main.contacts where source = 'book' order by all")
        == [("Bo Larch",)] * 2
    )
    assert ask(forgetful, "select emails from landed.cards where key = 'uid-of-bo'") == [([BO],)]
    assert ask(forgetful, "select count(*) from main.meeting_parties") == [(2,)]
    assert ask(forgetful, "select count(*) from main.messages where channel = 'linkedin'") == [(1,)]


def test_a_dry_run_shows_what_would_go_and_changes_nothing(home: Home) -> None:
    def content() -> dict[str, bytes]:
        files = [path for path in home.folder.rglob("*") if path.is_file() and path.name != ".writer.lock"]
        return {str(path): path.read_bytes() for path in files}

    before = content()
    result = run(home, "wilma quince", "--format", "json")
    assert result.exit_code == 0
    assert content() == before
    shown = json.loads(result.stdout)
    assert {"kind": "email", "value": WILMA} in shown["identifiers"]
    assert shown["counts"]["decisions"] == 3
    assert shown["reports"]
    assert {each["batch"].partition("/")[0] for each in shown["batches"]} == {
        "mail",
        "book",
        "diary",
        "linkedin",
    }
    assert "Nothing was changed" in run(home, WILMA).stdout


def test_the_books_of_a_file_still_balance_after_forgetting(forgetful: Home) -> None:
    states = {
        file: json.loads(state)
        for file, state in ask(forgetful, "select file, state from ledger.files where source = 'mail'")
    }
    state = states["inbox.mbox"]
    assert (state["records"], state["skipped"], state["tail_outcome"]) == (3, {"forgotten": 3}, "forgotten")
    books = {each.name: each for each in sync(forgetful).sources}
    assert (books["mail"].read, books["mail"].unchanged, books["mail"].new) == (6, 3, 0)


def test_decisions_that_name_nobody_stay_byte_for_byte(forgetful: Home) -> None:
    assert (forgetful.folder / "decisions.jsonl").read_text() == DECISIONS[2] + "\n"


def test_what_stands_in_my_own_files_is_told_with_its_mend(home: Home) -> None:
    home.inbox.mkdir(exist_ok=True)
    (home.inbox / "old.txt").write_text(f"call {WILMA}")
    result = run(home, WILMA, "--yes")
    assert result.exit_code == 1
    assert result.stderr == (
        f"kith: {WILMA} is left in inbox/old.txt; take them out of this file yourself; "
        "no sync will read them from it\n"
    )


def test_prefects_history_goes_if_it_names_them(forgetful: Home) -> None:
    assert list((forgetful.folder / "prefect").iterdir()) == []


# What is remembered


def test_the_memory_is_a_key_and_hashes_for_its_owner_only(forgetful: Home) -> None:
    path = forgetful.folder / FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    memory = json.loads(path.read_text())
    key = bytes.fromhex(memory["key"])
    for identifier in (WILMA, "+12025550143", "linkedin:wilma-quince-7", "vcard:book:uid-of-wilma"):
        assert hmac.digest(key, identifier.encode(), "sha256").hex() in memory["hashes"]
    assert run(forgetful, "--list").stdout == f"1 forgotten, by {len(memory['hashes'])} hashes\n"


def test_nobody_forgets_themselves(home: Home) -> None:
    result = run(home, ME, "--yes")
    assert result.exit_code != 0
    assert "kith.toml" in str(result.exception)
    assert not (home.folder / FILE).exists()


def test_without_the_memory_syncs_read_them_again(home: Home) -> None:
    run(home, WILMA, "--yes")
    (home.folder / FILE).unlink()
    data = home.folder.parent / "data" / "mail" / "inbox.mbox"
    data.write_text(MAIL + letter(9, f"Wilma Quince <{WILMA}>", f"Robin <{ME}>"))
    sync(home)
    assert ask(home, "select count(*) from main.people where name = 'Wilma Quince'") == [(1,)]


# Cut off


class Killed(BaseException):
    """The process ended here."""


@pytest.mark.parametrize("steps", [0, 2])
def test_a_forget_that_is_killed_between_batches_is_finished_by_the_next(
    home: Home, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = iter(range(steps))
    whole = landing.remove

    def removed(path: Path) -> None:
        if next(count, None) is None:
            raise Killed
        whole(path)

    with monkeypatch.context() as patch:
        patch.setattr(landing, "remove", removed)
        with pytest.raises(Killed):
            forget(home, WILMA)
    batches = Landing(home.landing).batches()
    assert len({each.manifest.batch for each in batches}) == len(batches)
    for each in batches:
        verify(each)
    assert forgetting.is_unfinished(home.folder)
    assert run(home, "--yes").stdout == "What was cut off is done.\n"
    assert left(home) == []
    assert not forgetting.is_unfinished(home.folder)
    sync(home)
    assert left(home) == []


def test_a_batch_that_is_damaged_is_not_written_anew(home: Home) -> None:
    part = next(home.landing.glob("mail/*/message.parquet"))
    part.write_bytes(part.read_bytes()[:-1])
    result = run(home, WILMA, "--yes")
    assert isinstance(result.exception, WarehouseError)
    assert "damaged or missing" in str(result.exception)


# Who is meant


def somebody(*identifiers: str) -> Forgotten:
    memory = new_memory()
    return Forgotten(with_identifiers(memory, identifiers, mine=[ME], region=None))


@pytest.mark.parametrize(
    "text",
    [
        WILMA,
        f"<77.{WILMA}>",
        f"byte 12, Message-ID <{WILMA}>",
        "bounces+wilma.quince=quince.example@lists.example",
        "Wilma.Quince+shop@Quince.Example",
        f"header:{WILMA}|quince wilma",
        f"/home/robin/{WILMA}.vcf: permission denied",
        f"same address {WILMA} on card 7",
    ],
)
def test_an_address_is_found_wherever_it_stands(text: str) -> None:
    assert somebody(WILMA).holds(text)


@pytest.mark.parametrize(
    "text", ["", "bo@quince.example", "wilma.quince@other.example", "2026-01-05", "Wilma"]
)
def test_another_text_is_left_alone(text: str) -> None:
    assert not somebody(WILMA, "+12025550143").holds(text)


@pytest.mark.parametrize(
    "raw", ["mary.wilma@quince.example", "wilma@quince.example.org", "wilma@aquince.example"]
)
def test_an_address_that_only_contains_theirs_is_somebody_elses(raw: str) -> None:
    assert not somebody("wilma@quince.example").is_address(raw)


@given(st.emails(), st.emails())
def test_only_who_was_forgotten_is_recognised(theirs: str, others: str) -> None:
    forgotten = somebody(parse(theirs).value)
    assert forgotten.is_address(theirs)
    if parse(others).value.partition("+")[0] != parse(theirs).value.partition("+")[0]:
        assert not forgotten.is_address(others)


def test_a_name_is_theirs_whatever_stands_in_between() -> None:
    forgotten = somebody(*name_identifiers("Wilma Quince"))
    assert forgotten.is_name("Quince, Wilma")
    assert forgotten.is_name("Wilma B. Quince")
    assert not forgotten.is_name("Bo Quince")
    assert forgotten.hidden_path("cards/Wilma Quince.vcf") != "cards/Wilma Quince.vcf"
    assert forgotten.hidden_path("cards/Bo Quince.vcf") == "cards/Bo Quince.vcf"


def test_a_hidden_file_keeps_what_its_name_tells_of_archives_and_days() -> None:
    forgotten = somebody(WILMA)
    hidden = forgotten.hidden_path(f"{WILMA}.zip!/book@2026-01-05")
    assert hidden.endswith("!/book@2026-01-05")
    assert "wilma" not in hidden
    assert hidden == forgotten.hidden_path(f"{WILMA}.zip!/book@2026-01-05")


def a_card(name: str, *emails: str, phones: tuple[str, ...] = ()) -> dict[str, object]:
    return {
        "file": "a.vcf", "key": "k", "uid": "k", "name": name, "emails": [*emails], "phones": [*phones],
        "urls": [], "position": 0,
    }  # fmt: skip


def test_a_card_of_somebody_else_loses_only_what_it_shares() -> None:
    forgotten = somebody(WILMA, *name_identifiers("Wilma Quince"))
    kept = cleansed("card", a_card("Bo Larch", BO, WILMA), forgotten, "book")
    assert kept is not None
    assert (kept["name"], kept["emails"]) == ("Bo Larch", [BO])
    for name in ("Wilma Quince", "W. Quince", "Wilma", ""):
        assert cleansed("card", a_card(name, WILMA, "new@quince.example"), forgotten, "book") is None
    assert cleansed("card", a_card("Wilfried Larch", WILMA), forgotten, "book") is None


def test_a_decision_that_is_left_with_one_side_goes() -> None:
    content = (
        f'{{"id":"a","do":"split","left":["header:{WILMA}"],"right":["header:{BO}"]}}\n'
        f'{{"id":"b","do":"merge","records":["header:{WILMA}","header:{BO}","vcard:book:bo"]}}\n'
        "no decision at all\n"
    )
    kept = decided_without.without(content.encode(), somebody(WILMA)).decode().splitlines()
    assert json.loads(kept[0]) == {"id": "b", "do": "merge", "records": [f"header:{BO}", "vcard:book:bo"]}
    assert kept[1] == "no decision at all"


def test_a_search_takes_no_longer_word_for_it() -> None:
    needles = Needles(["wilma@quince.example", "Wilma Öhm"])
    assert needles.found_in(b"<WILMA@quince.example>")
    assert needles.found_in("WILMA ÖHM".encode())
    assert not needles.found_in(b"mary.wilma@quince.example wilma@quince.example.org")


def test_a_home_that_has_forgotten_nobody_remembers_nothing(home: Home) -> None:
    sync(home)
    assert read_memory(home.folder) is None
    assert run(home, "--list").stdout == "0 forgotten, by 0 hashes\n"
    assert run(home).exit_code != 0
    assert not forgetting.is_unfinished(home.folder)
