"""`kith sync` as a real Prefect flow on one server: what it does, says, and leaves with Prefect."""

import json
import os
import shutil
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pipeline import ask, make_home

from flows.cli.main import kith
from flows.settings import Home

SAMPLES = Path(__file__).parent.parent / "samples"
TRUTH = json.loads((SAMPLES / "truth.json").read_text())
RUN_KEYS = ["run_id", "started_at", "finished_at", "people", "interactions", "gone_quiet", "sources"]
SOURCE_KEYS = [
    "name", "kind", "status", "error", "read", "new", "changed", "unchanged", "skipped", "quarantined",
    "withdrawn", "seconds",
]  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home over a copy of the sample world, with one source that is not there."""
    folder = tmp_path_factory.mktemp("nightly")
    shutil.copytree(SAMPLES / "data", folder / "data")
    sources = {
        "vanished-robin-ferrow": ("ics", folder / "data" / "nowhere.ics"),
        "calendar": ("ics", folder / "data" / "calendar"),
        "contacts": ("vcard", folder / "data" / "contacts"),
        "mail": ("mbox", folder / "data" / "mail"),
    }
    return make_home(folder / "home", sources, me=tuple(TRUTH["me"]))


@pytest.fixture(scope="module")
def first_sync(home: Home, prefect_server: Path) -> Result:
    """What the first sync said and how it ended."""
    return sync(home, "--format", "json")


def sync(home: Home, *options: str) -> Result:
    arguments = ["--home", str(home.folder), "sync", "--as-of", "2026-06-30", *options]
    try:
        return CliRunner().invoke(kith, arguments)
    finally:
        os.environ["KITH_HOME"] = str(home.folder.parent / "none")


def test_a_source_that_fails_does_not_stop_the_others(first_sync: Result, home: Home) -> None:
    assert first_sync.exit_code == 1
    document = json.loads(first_sync.stdout)
    statuses = {each["name"]: each["status"] for each in document["sources"]}
    assert statuses == {"vanished-robin-ferrow": "failed", "calendar": "ok", "contacts": "ok", "mail": "ok"}
    assert document["gone_quiet"] == len(TRUTH["gone_quiet"])
    assert ask(home, "select count(*) from gone_quiet") == [(len(TRUTH["gone_quiet"]),)]


def test_its_json_is_that_of_the_contract(first_sync: Result) -> None:
    document: dict[str, Any] = json.loads(first_sync.stdout)
    assert list(document) == RUN_KEYS
    assert document["started_at"].endswith("Z")
    assert document["finished_at"] > document["started_at"]
    for source in document["sources"]:
        assert list(source) == SOURCE_KEYS
        kinds = source["new"] + source["changed"] + source["unchanged"] + source["quarantined"]
        assert source["read"] == kinds + sum(source["skipped"].values())
    failed = document["sources"][0]
    assert "nowhere.ics is not there" in failed["error"]
    assert failed["read"] == 0


def test_the_error_is_one_line_on_standard_error(first_sync: Result) -> None:
    assert first_sync.stderr.count("\n") == 1
    assert "kith source remove" in first_sync.stderr


def test_it_is_a_flow_run_with_one_task_a_source(first_sync: Result, prefect_server: Path) -> None:
    from prefect.client.orchestration import get_client  # noqa: PLC0415 - the environment is prepared now

    assert first_sync.exit_code == 1
    with get_client(sync_client=True) as client:
        run = max(client.read_flow_runs(), key=lambda each: each.expected_start_time)
        for _ in range(50):  # the server records the states of tasks a moment after they are sent
            tasks = [task for task in client.read_task_runs() if task.flow_run_id == run.id]
            if len(tasks) == 6:
                break
            time.sleep(0.2)
    assert run.state_name == "Failed"
    assert run.parameters == {"as_of": "2026-06-30", "sources": [], "accept_shrink": False, "retry": False}
    names = sorted(task.name.split()[0].split("-")[0] for task in tasks)
    assert names == ["build", "read", "read", "read", "read", "report"]


def test_prefect_knows_nobody(first_sync: Result, prefect_server: Path) -> None:
    assert first_sync.exit_code == 1
    kept = [path for path in prefect_server.rglob("*") if path.is_file()]
    text = b"".join(path.read_bytes() for path in kept)
    assert b"nightly" in text
    people = [each for gone in TRUTH["gone_quiet"] for each in (gone["name"], gone["email"])]
    words = [*people, *TRUTH["me"], "vanished-robin-ferrow", "nowhere.ics", TRUTH["marker"]]
    assert [word for word in words if word.encode() in text] == []


def test_the_home_is_private(first_sync: Result, home: Home) -> None:
    assert first_sync.exit_code == 1
    shared = [path for path in home.folder.rglob("*") if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert shared == []


def test_a_named_source_is_synced_alone(first_sync: Result, home: Home) -> None:
    assert first_sync.exit_code == 1
    result = sync(home, "--format", "json", "contacts")
    assert result.exit_code == 0, result.output
    [source] = json.loads(result.stdout)["sources"]
    assert (source["name"], source["status"], source["new"]) == ("contacts", "unchanged", 0)


def test_a_source_that_shrank_is_refused_until_it_is_accepted(first_sync: Result, home: Home) -> None:
    assert first_sync.exit_code == 1
    phone = home.folder.parent / "data" / "contacts" / "phone.vcf"
    laptop = home.folder.parent / "data" / "contacts" / "laptop.vcf"
    held = ask(home, "select count(*) from contacts")
    laptop_text, phone_text = laptop.read_bytes(), phone.read_bytes()
    laptop.unlink()
    phone.write_text("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Nela Morwen\r\nEND:VCARD\r\n")
    refused = sync(home, "contacts")
    assert refused.exit_code == 1
    assert "--accept-shrink" in refused.stderr
    assert ask(home, "select count(*) from contacts") == held
    accepted = sync(home, "contacts", "--accept-shrink", "--format", "json")
    assert accepted.exit_code == 0, accepted.output
    assert json.loads(accepted.stdout)["sources"][0]["withdrawn"] == held[0][0]
    assert ask(home, "select name from contacts") == [("Nela Morwen",)]
    laptop.write_bytes(laptop_text)
    phone.write_bytes(phone_text)
    assert sync(home, "contacts").exit_code == 0
    assert ask(home, "select count(*) from contacts") == held
