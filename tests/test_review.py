"""`kith review`: cards with their evidence, and answers that no kill loses."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from flows.cli.review import review
from flows.decisions import load, path_of
from flows.reviewing import Question, of_preset
from flows.settings import Home
from tests.pipeline import ask, make_home, sync
from tests.test_decisions import letters
from warehouse.errors import UserError
from warehouse.people.decisions import Merge, Split, active

PEOPLE = {
    "vera@fern.example": "Vera Fernsby",
    "vera@ostra.example": "Vera Fernsby",
    "vf@moor.example": "Vera Fernsby",
    "nora@fink.example": "Nora Fink",
    "nora.fink@ostra.example": "Nora Fink",
}
PAIRS = [  # card, two addresses, score, preset, shared, conflicting
    ("nora", "nora@fink.example", "nora.fink@ostra.example", 0.99, "certain", ["the same name"], []),
    (
        "vera",
        "vera@fern.example",
        "vera@ostra.example",
        0.8,
        "rare name",
        ["a rare name"],
        ["another domain"],
    ),
    ("vera", "vera@fern.example", "vf@moor.example", 0.7, "rare name", ["a rare name", "initials"], []),
    ("vera", "vera@ostra.example", "vf@moor.example", 0.6, "rare name", ["a rare name"], []),
    ("other", "nora@fink.example", "vf@moor.example", 0.31, "", [], ["other names"]),
]


def id_of(card: str) -> str:
    """The id of a card of `PAIRS`."""
    records = {each: f"header:{each}|{'fernsby vera' if each[0] == 'v' else 'fink nora'}" for each in PEOPLE}
    sides = [(records[left], records[right]) for name, left, right, *_ in PAIRS if name == card]
    return Question(tuple({"left_record": left, "right_record": right} for left, right in sides)).card


C1, C2, C3 = map(id_of, ("nora", "vera", "other"))


def people(home: Home) -> dict[str, str]:
    return dict(ask(home, "select distinct value, person_id from main.identifiers"))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A synced home whose warehouse asks what `PAIRS` say, whatever else it would ask."""
    folder = tmp_path_factory.mktemp("prepared")
    (folder / "mail.mbox").write_text(letters(PEOPLE))
    home = make_home(folder / "home", {"mail": ("mbox", folder / "mail.mbox")})
    sync(home)
    known = people(home)
    with duckdb.connect(str(home.database)) as connection:
        records = dict(
            connection.execute(
                "select person_id, record from people.membership where valid_to is null"
            ).fetchall()
        )
        hostile = [known["vera@ostra.example"]]
        connection.execute("update main.people set name = '[b]V\x1b[31m' where person_id = ?", hostile)
        connection.execute("delete from people.suggestions")
        for card, left, right, *rest in PAIRS:
            ids = known[left], known[right]
            connection.execute(
                """insert into people.suggestions by name select ? as card, ? as left_person_id,
                ? as right_person_id, ? as left_record, ? as right_record, ? as score, ? as preset,
                ?::varchar[] as shared, ?::varchar[] as conflicting""",
                [card, *ids, *(records[each] for each in ids), *rest],
            )
    return home


@pytest.fixture
def home(prepared: Home, tmp_path: Path) -> Home:
    subprocess.run(["cp", "-r", str(prepared.folder), str(tmp_path / "home")], check=True)
    return Home(tmp_path / "home")


def answer(home: Home, *arguments: str, text: str = "", apply: bool = False) -> str:
    """What a review prints, its questions answered by the text."""
    given = [*arguments, *([] if apply else ["--no-apply"]), "--home", str(home.folder)]
    result = CliRunner().invoke(review, given, input=text, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def cards(home: Home, *arguments: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(answer(home, "--format", "json", *arguments))["cards"]
    return listed


def names(home: Home, *arguments: str) -> list[str]:
    return [card["card"] for card in cards(home, *arguments)]


def test_a_card_shows_both_sides_with_their_evidence(home: Home) -> None:
    [card] = cards(home, C1)
    assert (card["score"], card["preset"], card["shared"], card["conflicting"]) == (
        0.99,
        "certain",
        ["the same name"],
        [],
    )
    assert sorted(side["identifiers"] for side in card["people"]) == [
        ["nora.fink@ostra.example"],
        ["nora@fink.example"],
    ]
    assert [side["interactions"] for side in card["people"]] == [2, 2]
    assert card["accepting"].endswith("with 2 identifiers and 4 interactions")
    shown = answer(home, C1)
    for part in (
        "1 of 1  score 0.99  certain",
        "nora@fink.example; 2 interactions, 2026-01-05 to 2026-01-06",
        "same: the same name",
        "accepting: one person, Nora Fink",
        "[a] accept",
    ):
        assert part in shown


def test_the_surest_card_comes_first_and_is_as_sure_as_its_weakest_pair(home: Home) -> None:
    assert [(card["card"], card["score"]) for card in cards(home)] == [
        (C1, 0.99),
        (C2, 0.6),
        (C3, 0.31),
    ]
    assert len(cards(home, C2)[0]["people"]) == 3


def test_options_choose_the_cards(home: Home) -> None:
    assert names(home, "--top", "1") == [C1]
    assert names(home, "--min-score", "0.5") == [C1, C2]
    assert names(home, "--who", "vf@moor.example") == [C2, C3]
    assert names(home, "--preset", "rare-name") == [C2]
    assert names(home, C3, C1) == [C1, C3]


def test_answers_become_decisions_on_records(home: Home) -> None:
    assert "2 accepted, 1 rejected" in answer(home, text="a\naccept\nr\n")
    decided = load(home)
    assert [type(each) for each in decided] == [Merge, Merge, Split]
    assert isinstance(decided[0], Merge)
    assert set(decided[0].records) == {
        "header:nora@fink.example|fink nora",
        "header:nora.fink@ostra.example|fink nora",
    }


def test_to_reject_a_card_of_three_parts_each_from_each(home: Home) -> None:
    answer(home, C2, text="r\n")
    splits = active(load(home)).splits
    assert [(len(each.left), len(each.right)) for each in splits] == [(1, 2), (1, 1)]
    sides = [
        frozenset(map(address, (one, other))) for each in splits for one in each.left for other in each.right
    ]
    assert set(sides) == {frozenset(pair[1:3]) for pair in PAIRS if pair[0] == "vera"}


def address(record: str) -> str:
    return record.removeprefix("header:").partition("|")[0]


def test_a_card_of_three_can_be_answered_pair_by_pair(home: Home) -> None:
    shown = answer(home, C2, text="p\na\ns\nr\n")
    assert "1 of 3  score 0.80  rare name" in shown
    assert "1 accepted, 1 rejected" in shown


def test_an_undone_answer_is_retracted_and_asked_again(home: Home) -> None:
    shown = answer(home, text="u\na\nu\nr\nq\n")
    assert "There is no answer to undo yet." in shown
    assert shown.count("1 of 3") == 3
    held = active(load(home))
    assert (len(held.merges), len(held.splits)) == (0, 1)
    assert len(load(home)) == 3


def test_what_is_skipped_or_not_understood_decides_nothing(home: Home) -> None:
    assert "Nothing was decided." in answer(home, text="s\nwhat\n\ns\nskip\n")
    assert not path_of(home).exists()


def test_an_answer_is_on_the_disk_before_the_next_question(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise SystemExit

    monkeypatch.setattr("flows.cli.review._end", killed)
    CliRunner().invoke(review, ["--home", str(home.folder)], input="a\nr\n")
    assert [type(each) for each in load(home)] == [Merge, Split, Split]


def test_a_preset_is_accepted_with_one_answer(home: Home) -> None:
    assert "Accept these 1? y/n\nNothing was decided." in answer(home, "--preset", "certain", text="n\n")
    assert "1 accepted" in answer(home, "--preset", "certain", text="y\n")
    done = json.loads(answer(home, "--preset", "rare-name", "--yes", "--format", "json"))
    assert done["said"].startswith("1 accepted, 0 rejected")
    assert [each.id for each in load(home)][1:] == done["decisions"]


def test_cards_are_answered_by_their_ids(home: Home) -> None:
    answer(home, "--reject", C1, C3)
    answer(home, "--accept", C2)
    assert [type(each) for each in load(home)] == [Split, Split, Merge]


def test_a_card_that_a_split_forbids_cannot_be_accepted(home: Home) -> None:
    answer(home, "--reject", C1)
    [split] = load(home)
    shown = answer(home, C1, text="a\ns\n")
    assert f"were split by {split.id}; `kith undo {split.id}` allows it." in shown
    assert "Nothing was decided." in shown


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--accept", "c9"], "there is no card 'c9'; `kith review --format json` lists them"),
        (["--accept"], "name the cards"),
        (["--accept", "--reject", C1], "exclude each other"),
        (["--preset", "certain", "--accept", C1], "chooses the cards itself"),
        (["--yes"], "name one, or use --accept CARD"),
        (["--who", "nobody"], "nobody is known as 'nobody'"),
    ],
)
def test_what_cannot_be_is_refused_with_a_mend(home: Home, arguments: list[str], told: str) -> None:
    with pytest.raises(UserError, match=told):
        answer(home, *arguments)


def test_accepted_people_are_one_at_once_and_are_not_asked_again(home: Home) -> None:
    shown = answer(home, C1, text="a\n", apply=True)
    assert "1 accepted, 0 rejected; `kith decisions` lists them." in shown
    known = people(home)
    assert known["nora@fink.example"] == known["nora.fink@ostra.example"]
    assert (home.reports / "index.html").exists()
    asked = [{side["person_id"] for side in card["people"]} for card in cards(home)]
    assert not any(known["nora@fink.example"] in people for people in asked)


def test_nothing_left_is_said(home: Home) -> None:
    with duckdb.connect(str(home.database)) as connection:
        connection.execute("delete from people.suggestions")
    assert answer(home) == "Nothing is left to review.\n"
    assert answer(home, "--preset", "certain") == "Nothing is left to review that fits.\n"
    assert cards(home) == []


def test_names_cannot_command_the_terminal(home: Home) -> None:
    shown = answer(home, C2)
    assert "[b]V" in shown
    assert "\x1b" not in shown


def test_a_terminal_gets_panels_and_reads_single_keys(home: Home) -> None:
    leader, follower = pty.openpty()
    command = [sys.executable, "-c", "from flows.cli.review import review; review()", "--no-apply"]
    environment = os.environ | {
        "KITH_HOME": str(home.folder),
        "TERM": "xterm",
        "NO_COLOR": "1",
        "COLUMNS": "100",
    }
    process = subprocess.Popen(
        command,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=environment,
        cwd=Path(__file__).parent.parent,
    )
    os.close(follower)
    shown, deadline = "", time.monotonic() + 30
    while time.monotonic() < deadline:
        if not select.select([leader], [], [], 0.2)[0]:
            if asked := shown.count("[q] quit"):
                os.write(leader, b"srq"[asked - 1 : asked])  # a key that comes before it is read for is lost
            continue
        try:
            shown += os.read(leader, 65536).decode()
        except OSError:  # its end, as Linux tells it
            break
    assert process.wait(10) == 0, shown
    assert "╭" in shown
    assert "[b]V" in shown
    assert "\x1b[31m" not in shown
    assert [type(each) for each in load(home)] == [Split, Split]


def test_a_preset_answers_those_of_whom_each_two_are_sure() -> None:
    def pair(left: str, right: str, preset: str) -> dict[str, Any]:
        return {"left_person_id": left, "right_person_id": right, "preset": preset, "score": 0.99}

    def asked(preset: str, *pairs: dict[str, Any]) -> list[list[str]]:
        return [sorted(each.people) for each in of_preset([Question((pair,)) for pair in pairs], preset)]

    dora, emil = pair("mum", "dora", "certain"), pair("mum", "emil", "certain")
    assert asked("certain", dora, pair("c", "d", "certain")) == [["c", "d"], ["dora", "mum"]]
    assert asked("certain", dora, emil) == [], "Dora would be Emil"
    assert asked("certain", dora, emil, pair("dora", "emil", "certain")) == [["dora", "emil", "mum"]]
    assert asked("rare name", dora, pair("c", "d", "rare name")) == [["c", "d"]]
    assert asked("same company", dora) == []
