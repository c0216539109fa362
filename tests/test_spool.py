"""connectors.spool: items become lines that add up, whatever ends the writing."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.records import Invitation, Item, Rejected, Seen, Skipped
from connectors.spool import QUARANTINED, Spool, Taken, Unwritable, restore


def invitation(name: str = "Ada", *, key: str = "1", position: int = 0, digest: str = "") -> Invitation:
    return Invitation(
        key=key,
        sent_at=None,
        direction="in",
        name=name,
        profile="",
        digest=digest,
        position=position,
        locator=f"byte {position}",
    )


def lines(folder: Path, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / f"{name}.ndjson").read_bytes().splitlines()]


def test_each_kind_of_item_has_a_file_of_its_own(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.take(
        "a",
        [
            invitation(),
            Seen(position=1, digest="d"),
            Skipped(position=2, locator="line 2", reason="VTODO"),
            Rejected(position=3, locator="line 3", reason="no name"),
        ],
    )
    spool.close()
    assert [line["name"] for line in lines(tmp_path, "invitation")] == ["Ada"]
    assert [line["digest"] for line in lines(tmp_path, "seen")] == ["d"]
    assert [line["is_rejected"] for line in lines(tmp_path, "others")] == [False, True]
    assert {line["file"] for name in ("invitation", "seen", "others") for line in lines(tmp_path, name)} == {
        "a"
    }


@pytest.mark.parametrize(
    ("last", "taken"),
    [
        ([invitation(key="k", position=7)], Taken(items=1, position=7, key="k")),
        ([Rejected(position=7, locator="", reason="x")], Taken(items=1, position=7, outcome=QUARANTINED)),
        ([Skipped(position=7, locator="", reason="VTODO")], Taken(items=1, position=7, outcome="VTODO")),
        ([Seen(position=7, digest="d")], Taken(items=1, position=7)),
        ([], Taken()),
    ],
)
def test_what_a_file_gave_ends_with_its_last_item(last: list[Item], taken: Taken, tmp_path: Path) -> None:
    assert Spool(tmp_path).take("a", last) == taken


def test_the_hash_is_of_what_a_record_says_and_not_of_where_it_stands(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.take("a", [invitation(), invitation(position=9, digest="d"), invitation("Bo")])
    spool.close()
    first, moved, other = [line["hash"] for line in lines(tmp_path, "invitation")]
    assert first == moved != other


@given(st.text(), st.text())
def test_no_name_can_imitate_the_end_of_what_is_hashed(one: str, other: str) -> None:
    def hashed(name: str) -> object:
        with TemporaryDirectory() as folder:
            spool = Spool(Path(folder))
            spool.take("a", [invitation(f'{name}","digest":"x')])
            spool.close()
            [line] = lines(Path(folder), "invitation")
        return line["hash"]

    assert (hashed(one) == hashed(other)) == (one == other)


def breaking(*items: Item) -> Iterator[Item]:
    yield from items
    raise ValueError


def test_a_file_that_breaks_off_leaves_no_line_and_the_next_one_begins_where_it_began(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.take("a", [invitation()])
    before = spool.lengths()
    with pytest.raises(ValueError):  # noqa: PT011 - what was raised is what comes out
        spool.take("b", breaking(*[invitation("x" * 100)] * 100, Skipped(position=1, locator="", reason="y")))
    assert spool.lengths() == before | {"others": 0}
    spool.take("c", [invitation("Cy")])
    spool.close()
    assert [(line["file"], line["name"]) for line in lines(tmp_path, "invitation")] == [
        ("a", "Ada"),
        ("c", "Cy"),
    ]


def test_a_spool_is_cut_back_to_what_it_held_and_taken_up_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.take("a", [invitation()])
    kept = spool.lengths()
    spool.take("b", [invitation("Bo"), Skipped(position=1, locator="", reason="y")])
    spool.close()
    restore(tmp_path, kept)
    again = Spool(tmp_path)
    assert again.lengths() == kept | {"others": 0}
    again.take("c", [invitation("Cy")])
    again.close()
    assert [line["name"] for line in lines(tmp_path, "invitation")] == ["Ada", "Cy"]
    assert lines(tmp_path, "others") == []


def test_what_is_no_item_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="str is no item"):
        Spool(tmp_path).take("a", ["text"])  # type: ignore[list-item]  # it is what is tested


def test_a_disk_that_is_full_is_no_fault_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "invitation.ndjson").symlink_to("/dev/full")
    spool = Spool(tmp_path)
    with pytest.raises(Unwritable, match="No space left"):
        spool.take("a", [invitation("x" * 1000)] * 5000)
