"""Forgetting by steps: several ids and addresses, two people in turn, cut off, and without the memory."""

import json
from pathlib import Path

import pytest
from pipeline import ME, ask, make_home, sync
from traces import left, letter, run

import flows.forgetting
from flows.settings import Home
from warehouse.forgetting.memory import FILE, is_unfinished

WILMA, OLD = "wilma.quince@quince.example", "wilma@former.example"
BO = "bo.larch@larch.example"
TRACES = (b"wilma", b"quince")
MAIL = letter(1, f"Wilma Quince <{WILMA}>", f"Robin <{ME}>, Bo Larch <{BO}>") + letter(
    2, f"Bo Larch <{BO}>", f"Robin <{ME}>"
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with one mailbox, synced."""
    (tmp_path / "all.mbox").write_text(MAIL)
    home = make_home(tmp_path / "home", {"mail": ("mbox", tmp_path / "all.mbox")})
    sync(home)
    return home


def test_what_was_cut_off_is_finished_and_without_the_memory_they_are_read_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(flows.forgetting, "finish", lambda _: None)
        assert run(home, WILMA, "--yes").exit_code == 1
    assert run(home, "--list").stdout.endswith("One of them not wholly: `kith forget --yes` goes on.\n")
    assert run(home).stdout == "Somebody is not wholly forgotten: `kith forget --yes` goes on.\n"
    assert run(home, "--yes").stdout == "What was cut off is done.\n"
    assert not is_unfinished(home.folder)
    assert left(home.folder, TRACES) == []

    (home.folder / FILE).unlink()
    with (home.folder.parent / "all.mbox").open("a") as mailbox:
        mailbox.write(letter(9, f"Wilma Quince <{WILMA}>", f"Robin <{ME}>"))
    sync(home)
    assert ask(home, "select count(*) from main.people where name = 'Wilma Quince'") == [(1,)]


def decided(number: int, verb: str, **told: object) -> str:
    return json.dumps({"id": f"d{number}", "at": "2026-01-01T00:00:00Z", "do": verb, **told}) + "\n"


def test_who_was_merged_is_forgotten_under_every_id_and_address_and_then_another(home: Home) -> None:
    """Decisions about both, a former id, and an address that no source says any more."""
    mailbox = home.folder.parent / "all.mbox"
    mailbox.write_text(MAIL + letter(3, f"Wilma <{OLD}>", f"Robin <{ME}>"))
    sync(home)
    [(former,)] = ask(home, "select person_id from main.people where primary_email = $1", OLD)
    decisions = home.folder / "decisions.jsonl"
    decisions.write_text(
        decided(1, "merge", records=[f"header:{OLD}", f"header:{WILMA}"])
        + decided(2, "split", left=[f"header:{OLD}", f"header:{BO}"], right=["header:x@y.example"])
        + decided(3, "kind", records=[f"header:{OLD}"], kind="human")
        + decided(4, "rename", records=[f"header:{BO}"], name="Bo L.", note="said Wilma Quince")
    )
    sync(home)
    assert ask(home, "select count(*) from people.redirects where person_id = $1", former) == [(1,)]
    mailbox.write_text(MAIL)
    sync(home, accept_shrink=True)

    result = run(home, WILMA, "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    assert left(home.folder, (*TRACES, former.encode())) == []
    split, rename = map(json.loads, decisions.read_text().splitlines())
    assert (split["left"], split["right"]) == ([f"header:{BO}"], ["header:x@y.example"])
    assert (rename["name"], rename["note"]) == ("Bo L.", "")

    assert run(home, BO, "--yes").exit_code == 0
    assert left(home.folder, (*TRACES, former.encode(), b"larch")) == []
    assert run(home, "--list").stdout.startswith("2 forgotten, by ")
    assert ask(home, "select count(*) from main.messages") == [(0,)]
