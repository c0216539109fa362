"""Decisions about people: the file survives everything, and every command says what it did or why not."""

import json
import shutil
import stat
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.asking import find_person
from flows.cli import decide
from flows.decisions import append, load, path_of, stamp
from flows.settings import Home
from flows.steps import night
from tests.pipeline import ask, make_home, sync
from warehouse.connection import opened
from warehouse.errors import Busy, UserError
from warehouse.people.decisions import (
    Decision,
    Kind,
    Merge,
    Rename,
    Retract,
    Split,
    active,
    digest,
    forbidding,
    in_force,
    read,
    written,
)
from warehouse.people.records import canonical
from warehouse.publish import writer

AT = datetime(2026, 11, 22, 16, tzinfo=UTC)
VERA, VERA_AT_OSTRA, NORA = (
    "header:vera@fern.example",
    "header:vera@ostra.example",
    "header:nora@fink.example",
)


def merge(name: str, *records: str) -> Merge:
    return Merge(id=name, at=AT, records=records or (VERA, VERA_AT_OSTRA))


def retract(name: str, decision: str) -> Retract:
    return Retract(id=name, at=AT, decision=decision)


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
key = st.builds("{}{}".format, st.sampled_from(["header:", "vcard:b:", "linkedin:"]), text)
some = st.lists(key, min_size=2, max_size=3).map(tuple)
times = st.integers(0, 10**9).map(lambda second: datetime.fromtimestamp(second, UTC))
common = {"id": st.just("new"), "at": st.just(AT) | times, "note": text}
sorts = st.one_of(
    st.builds(Merge, records=some, **common),
    st.builds(Split, left=some, right=some, **common),
    st.builds(Kind, records=some, kind=st.sampled_from(["human", "bot"]), **common),
    st.builds(Rename, records=some, name=st.just("Vera Fernsby"), **common),
    st.builds(Retract, decision=st.integers(0, 9).map(str), **common),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Decision]:
    """Decisions with the ids 0, 1, 2 …; retracts name what stands before them."""
    drawn = enumerate(draw(st.lists(sorts, max_size=10)))
    numbered = [msgspec.structs.replace(each, id=str(number)) for number, each in drawn]
    return [each for each in numbered if _is_possible(each)]


def _is_possible(decision: Decision) -> bool:
    if isinstance(decision, Split):
        return not set(map(canonical, decision.left)) & set(map(canonical, decision.right))
    return not isinstance(decision, Retract) or int(decision.decision) < int(decision.id)


@settings(max_examples=30)
@given(histories())
def test_what_is_written_is_read_back(decisions: list[Decision]) -> None:
    assert read("\n".join(map(written, decisions))) == decisions


@settings(max_examples=30)
@given(histories())
def test_a_decision_holds_unless_a_retract_that_holds_undoes_it(decisions: list[Decision]) -> None:
    holding = in_force(decisions)
    undone = {each.decision for each in decisions if isinstance(each, Retract) and each.id in holding}
    assert holding == {each.id for each in decisions} - undone


@settings(max_examples=30)
@given(histories())
def test_to_undo_an_undo_changes_nothing(decisions: list[Decision]) -> None:
    noisy = list(decisions)
    for each in decisions:
        noisy += [retract(f"x{each.id}", each.id), retract(f"y{each.id}", f"x{each.id}")]
    assert active(noisy) == active(decisions)


@settings(max_examples=30)
@given(histories(), st.data())
def test_what_is_retracted_leaves_no_trace(decisions: list[Decision], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(decisions)))
    noisy = [*decisions[:at], merge("noise"), *decisions[at:], retract("no-noise", "noise")]
    assert active(noisy) == active(decisions)


def test_decisions_hold_in_the_order_in_which_they_were_made() -> None:
    names = [Rename(id=each, at=AT, records=(VERA,), name=each) for each in ("b", "a", "c")]
    assert active([*names, retract("r", "a")]).names == (names[0], names[2])


def test_a_line_is_as_a_reader_expects_it() -> None:
    assert written(merge("d3f9a2c1")) == (
        '{"id": "d3f9a2c1", "at": "2026-11-22T16:00:00Z", "do": "merge", '
        '"records": ["header:vera@fern.example", "header:vera@ostra.example"]}'
    )


def test_blank_lines_and_comments_are_no_decisions() -> None:
    assert read(f"# mine\n\n  \r\n{written(merge('a'))}\r\n\t# end") == [merge("a")]


GOOD = written(merge("a"))
OTHER = written(merge("b"))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("<<<<<<< HEAD", "line 3: a conflict mark of git; keep the decisions of both sides"),
        ("=======", "line 3: a conflict mark of git"),
        (">>>>>>> branch", "line 3: a conflict mark of git"),
        (GOOD[:40], "line 3: no decision (input data was truncated); correct the line, or remove it"),
        (GOOD, "line 3: the id 'a' is that of line 2; remove one"),
        (OTHER.replace('"b"', '"b", "colour": 1'), "line 3: there is no field 'colour'"),
        (OTHER.replace('"b"', '"b b"'), "line 3: id: expected"),
        (OTHER.replace('"id": "b", ', ""), "line 3: the field 'id' is missing"),
        (OTHER.replace("merge", "marry"), "line 3: do: invalid value 'marry'"),
        (OTHER.replace("header:vera@fern", "vera@fern"), "line 3: 'vera@fern.example' is no"),
        (OTHER.replace("00:00Z", "00:00"), "line 3: at: expected `datetime` with a timezone"),
        (written(merge("b", VERA)), "line 3: records: expected `array` of length >= 2"),
        (written(retract("b", "b")), "line 3: it undoes 'b', which is not before it; move it down"),
        (written(Split(id="b", at=AT, left=(VERA,), right=(VERA,))), "line 3: the same record stands"),
        (written(retract("b", "a")).replace(f"{AT:%Y}", "9999", 1), "line 3: at: 9999 is too far away"),
        (written(Rename(id="b", at=AT, records=(VERA,), name="\x1b[2J")), "line 3: the name holds control"),
        ("[1, 2]", "line 3: no decision"),
    ],
)  # fmt: skip
def test_a_damaged_line_is_told_with_its_number_and_mend(line: str, told: str) -> None:
    with pytest.raises(UserError) as error:
        read(f"# decisions\n{GOOD}\n{line}\n")
    assert str(error.value).startswith(told)
    assert ";" in str(error.value)
    assert "\n" not in str(error.value)


def test_an_undo_of_what_was_forgotten_is_no_fault() -> None:
    assert active(read(written(retract("r", "gone")))).merges == ()


def test_a_split_forbids_a_merge_of_whoever_holds_its_sides() -> None:
    split = Split(id="s", at=AT, left=(VERA,), right=("calendar:NORA@fink.example|Fink, Nora",))
    vera, nora = [f"{VERA}|fernsby vera"], [f"{NORA}|fink nora", "vcard:book:n"]
    assert forbidding([split], vera, nora) is split
    assert forbidding([split], nora, vera) is split
    assert forbidding([split], vera, [f"{NORA}|fink paul"]) is None
    assert forbidding([split], vera, vera) is None


def letters(people: dict[str, str]) -> str:
    """Two letters of each of these people (address: name) to me."""
    made = ""
    for number, (address, name) in enumerate(people.items()):
        for day in (5, 6):
            made += f"From x@y Mon Jan  5 10:00:00 2026\nFrom: {name} <{address.rstrip('+')}>\n"
            made += f"To: robin@ferrow.example\nDate: Mon, {day:02} Jan 2026 10:00:00 +0000\n"
            made += f"Message-ID: <{number}.{day}@letters.example>\n\n\n"
    return made


PEOPLE = {
    "vera@fern.example": "Vera Fernsby",
    "vera@ostra.example": "V. Fernsby",
    "nora@fink.example": "Nora Fink",
    "nora@fink.example+": "N. Fink",
    "info@shop.example": "Shop",
    "weiss@home.example": "Karl Weiss",
    "weiss@home.example+": "Hanna Weiss",
}
CARDS = """BEGIN:VCARD\nVERSION:3.0\nUID:u1\nFN:Vera Fernsby\nEMAIL:vera@fern.example\nEMAIL:desk@fern.example
TEL:+49 30 1234567\nEND:VCARD\n"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("prepared")
    (folder / "mail.mbox").write_text(letters(PEOPLE))
    (folder / "book.vcf").write_text(CARDS)
    sources = {"mail": ("mbox", folder / "mail.mbox"), "book": ("vcard", folder / "book.vcf")}
    home = make_home(folder / "home", sources)
    sync(home)
    return home


@pytest.fixture
def home(prepared: Home, tmp_path: Path) -> Home:
    shutil.copytree(prepared.folder, tmp_path / "home")
    return Home(tmp_path / "home")


def kith(home: Home, name: str, *arguments: str) -> str:
    """What a command that succeeds prints."""
    command = getattr(decide, name)
    given = [*arguments, "--home", str(home.folder)]
    return CliRunner().invoke(command, given, catch_exceptions=False).output


def refusal(home: Home, name: str, *arguments: str) -> str:
    """The one line of a command that is refused, with a mend, and writes nothing."""
    before = path_of(home).read_bytes() if path_of(home).exists() else None
    with pytest.raises(UserError) as error:
        kith(home, name, *arguments)
    assert (path_of(home).read_bytes() if path_of(home).exists() else None) == before
    assert "\n" not in str(error.value)
    return str(error.value)


def person(home: Home, address: str) -> str:
    [(found,)] = ask(home, "select person_id from main.identifiers where value = ? group by all", address)
    return str(found)


def states(home: Home) -> list[tuple[str, str]]:
    listed = json.loads(kith(home, "decisions", "--format", "json"))
    return [(each["do"], each["state"]) for each in listed]


def test_a_merge_makes_two_people_one_and_an_undo_brings_the_same_ids_back(home: Home) -> None:
    vera, ostra = person(home, "vera@fern.example"), person(home, "vera@ostra.example")
    said = kith(home, "merge", "vera@fern.example", "vera@ostra.example")
    assert said.startswith(
        f"Merged: Vera Fernsby ({vera}) and V. Fernsby ({ostra}) are Vera Fernsby ({vera})\n"
    )
    with opened(home.database, read_only=True) as connection:
        assert find_person(connection, ostra) == person(home, "vera@ostra.example") == vera
    assert "is one person already" in refusal(home, "merge", ostra, vera)
    assert states(home) == [("merge", "active")]
    kith(home, "undo")
    assert (person(home, "vera@fern.example"), person(home, "vera@ostra.example")) == (vera, ostra)
    assert states(home) == [("merge", "undone"), ("retract", "active")]


def test_a_split_parts_what_is_named_from_all_the_rest_and_forbids_the_merge(home: Home) -> None:
    vera = person(home, "vera@fern.example")
    kith(home, "split", vera, "+49 30 1234567", "--note", "her desk")
    desk = person(home, "desk@fern.example")
    assert desk != vera
    [split] = load(home)
    assert isinstance(split, Split)
    assert (split.left, split.right, split.note) == (("vcard:book:u1",), (VERA,), "her desk")
    told = refusal(home, "merge", vera, desk)
    assert f"were split by {split.id}; `kith undo {split.id}` allows it" in told
    kith(home, "undo", split.id)
    assert person(home, "desk@fern.example") == vera


def test_a_kind_and_a_name_hold_through_a_rebuild(home: Home) -> None:
    [(before,)] = ask(home, "select kind from main.people where name = 'Shop'")
    kith(home, "kind", "info@shop.example", "room", "--no-apply")
    kith(home, "rename", "info@shop.example", "  Corner   Shop ", "--no-apply")
    with night(home, from_landing_alone=True) as run:
        run.build()
    assert before != "room"
    assert ask(home, "select kind from main.people where name = 'Corner Shop'") == [("room",)]


def test_a_decision_that_is_not_applied_waits_for_the_next_sync(home: Home) -> None:
    answer = json.loads(
        kith(home, "merge", "nora@fink.example", "vera@ostra.example", "--no-apply", "--format", "json")
    )
    assert (answer["do"], answer["state"], len(answer["people"])) == ("merge", "pending", 2)
    assert states(home) == [("merge", "pending")]
    sync(home)
    assert states(home) == [("merge", "active")]
    assert "the next `kith sync` applies it" in kith(home, "undo", answer["decision"], "--no-apply")


def test_merges_that_are_refused_say_so(home: Home) -> None:
    append(home, Merge(**stamp(), records=("header:robin@ferrow.example", "header:nora@fink.example")))
    sync(home)
    assert states(home) == [("merge", "refused")]


def test_the_last_decision_that_holds_is_undone_first_and_an_undo_can_be_undone(home: Home) -> None:
    append(home, merge("a"), merge("b"), retract("c", "b"))
    assert "there is no decision 'z'; `kith decisions` lists them" in refusal(home, "undo", "z")
    assert refusal(home, "undo", "b") == "'b' is undone already; `kith undo c` brings it back"
    kith(home, "undo", "--no-apply")
    assert in_force(load(home)) >= {"c"}
    assert "a" not in in_force(load(home))
    kith(home, "undo", "c", "--no-apply")
    assert "b" in in_force(load(home))


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("undo", "there is no decision to undo"),
        ("merge nora", "a merge needs two people; write kith merge A B"),
        ("merge nora nora@fink.example", "is one person already"),
        ("merge nora nobody", "nobody is known as 'nobody'"),
        ("merge nora fernsby", "'fernsby' may be V. Fernsby"),
        ("merge nora robin@ferrow.example", "is you; add the address to [me] in kith.toml"),
        ("split nora vera@fern.example", "has no 'vera@fern.example'"),
        ("split nora nora@fink.example", "that is all of Nora Fink"),
        ("split vera@fern.example desk@fern.example", "stands only on cards with other addresses"),
        ("split robin@ferrow.example robin@ferrow.example", "is yours by kith.toml; remove it there"),
        ("kind nora alien", "'alien' is no kind; there are human, role, list, bot, room"),
        ("rename nora \t", "the name is empty"),
        ("rename nora \x1b[2J", "the name holds control characters"),
    ],
)
def test_what_cannot_be_is_refused_with_a_mend(home: Home, command: str, told: str) -> None:
    name, *arguments = command.split(" ")
    assert told in refusal(home, name, *arguments)


def test_a_split_of_one_address_names_its_records(home: Home) -> None:
    kith(home, "split", "nora@fink.example", "header:nora@fink.example|N. Fink", "--no-apply")
    [split] = load(home)
    assert isinstance(split, Split)
    assert len(split.left) == 1
    assert split.left[0].startswith("header:nora@fink.example|")
    assert split.right == ("header:nora@fink.example|fink nora",)


def test_the_file_is_the_owners_alone_and_may_be_a_link_into_a_checkout(home: Home, tmp_path: Path) -> None:
    target = tmp_path / "checkout.jsonl"
    target.write_text("# mine")
    path_of(home).symlink_to(target)
    append(home, merge("a"))
    assert path_of(home).is_symlink()
    assert target.read_text() == f"# mine\n{written(merge('a'))}\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_damaged_file_is_told_and_not_written_to(home: Home) -> None:
    path_of(home).write_text(f"{GOOD}\n<<<<<<< HEAD\n")
    told = refusal(home, "rename", "nora", "Nora")
    assert told.startswith(f"{path_of(home)}: line 2: a conflict mark of git")
    path_of(home).write_bytes(b"\xff")
    assert "not UTF-8 text" in refusal(home, "decisions")


def test_nothing_is_written_while_another_process_writes(home: Home) -> None:
    with writer(home.folder), pytest.raises(Busy):
        append(home, merge("a"))
    assert load(home) == []


def test_what_cannot_be_applied_now_is_left_to_the_next_sync(home: Home) -> None:
    with writer(home.folder):
        assert decide.finish(home, is_applied=True) == "another sync is writing; the next one applies it"


def test_the_digest_is_that_of_what_holds(home: Home) -> None:
    empty = digest(active(load(home)))
    append(home, merge("a"))
    held = digest(active(load(home)))
    path_of(home).write_text(f"# a note\n\n{path_of(home).read_text()}")
    assert digest(active(load(home))) == held != empty
    append(home, retract("r", "a"))
    assert digest(active(load(home))) == empty
