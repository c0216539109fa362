"""Ids through nights: who keeps one, what is told, and what a decision and its undoing leave."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.test_people import CARDS, MENTIONS, Row, card, mention
from warehouse import history, loading
from warehouse.connection import Connection, rows
from warehouse.people.decisions import Active, Kind, Merge, Rename, Split
from warehouse.people.lineage import redirects
from warehouse.people.resolve import Resolution, resolve

FIRST = datetime(2026, 1, 1, tzinfo=UTC)


class Nights:
    """A home's people from night to night, as a build and a rebuild see them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.number = 0
        self.connection = self._fresh()

    def _fresh(self) -> Connection:
        connection = duckdb.connect()
        connection.execute("set timezone = 'UTC'")
        loading.prepare(connection)
        history.load_pending(connection, self.folder)
        return connection

    def night(
        self,
        mentions: list[Row],
        cards: list[Row] = (),
        decisions: Active | None = None,
        me: tuple[str, ...] = (),
    ) -> Resolution:
        """One publication; what is new is kept."""
        self.number += 1
        before = history.published(self.connection)
        found = resolve(
            pl.DataFrame(list(mentions), schema=MENTIONS),
            pl.DataFrame(list(cards), schema=CARDS),
            me=me,
            decisions=decisions,
            published=before,
        )
        told = frozenset(detail for (detail,) in rows(self.connection, "select detail from people.events"))
        self.news = history.news(found, before, told)
        if len(self.news):
            history.keep(self.connection, self.folder, self.news, at=FIRST + timedelta(days=self.number))
        return found

    def events(self) -> list[tuple[str, str, str | None]]:
        """What was told since the beginning."""
        return rows(
            self.connection,
            'select event, person_id, other_person_id from people.events order by "at", event, person_id',
        )

    def restart(self) -> None:
        """As `rebuild` does: all that is known comes from the files."""
        self.connection = self._fresh()


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path)


def whose(found: Resolution, record: str) -> str:
    """The person who holds a record."""
    [person] = found.members.filter(record=record)["person_id"]
    return str(person)


JO = mention("Jo Marlowe", "jo@marlowe.example")
JOANNA = mention("Joanna Marlowe", "joanna@work.example", born=2)
JO_RECORD, JOANNA_RECORD = "header:jo@marlowe.example|jo marlowe", "header:joanna@work.example|joanna marlowe"
MERGED = Active(merges=(Merge(id="m1", at=FIRST, records=(JO_RECORD, JOANNA_RECORD)),))


def test_a_second_night_without_news_tells_nothing(nights: Nights) -> None:
    nights.night([JO, JOANNA])
    assert len(nights.news)
    nights.night([JOANNA, JO])
    assert len(nights.news) == 0


def test_a_merge_keeps_the_oldest_id_and_its_undoing_revives_the_other(nights: Nights) -> None:
    first = nights.night([JO, JOANNA])
    jo, joanna = whose(first, JO_RECORD), whose(first, JOANNA_RECORD)
    merged = nights.night([JO, JOANNA], decisions=MERGED)
    assert whose(merged, JO_RECORD) == whose(merged, JOANNA_RECORD) == jo != joanna
    undone = nights.night([JO, JOANNA])
    assert (whose(undone, JO_RECORD), whose(undone, JOANNA_RECORD)) == (jo, joanna)
    assert nights.events() == [("redirect", joanna, jo), ("revived", joanna, None), ("split", jo, joanna)]


def test_an_id_outlives_the_record_that_it_was_born_with(nights: Nights) -> None:
    own = card("Jo Marlowe", "jo@marlowe.example")
    later = JO | {"born": 2}
    first = nights.night([later], [own])
    left = nights.night([later])
    assert whose(left, JO_RECORD) == whose(first, JO_RECORD)
    assert nights.events() == []
    back = nights.night([later], [own])
    assert whose(back, JO_RECORD) == whose(first, JO_RECORD)


def test_an_id_whose_records_are_all_gone_has_ended(nights: Nights) -> None:
    first = nights.night([JO, JOANNA])
    nights.night([JOANNA])
    assert nights.events() == [("ended", whose(first, JO_RECORD), None)]


def test_a_published_link_stays_when_the_name_is_rare_no_more(nights: Nights) -> None:
    pair = [
        mention("Tamsin Orrery", "tamsin@eu.globex.example"),
        mention("Tamsin Orrery", "t.orrery@globex.example"),
    ]
    records = [f"header:{each['address']}|orrery tamsin" for each in pair]
    first = nights.night(pair)
    assert whose(first, records[0]) == whose(first, records[1])
    namesakes = [
        mention(f"{given} Orrery", f"{given.lower()}@orrery{at}.example", born=2)
        for at, given in enumerate(["Tamsin", "Ada", "Bo", "Cy", "Di", "Tamsin", "Ed", "Flo", "Gus"])
    ]
    namesakes += [
        mention(f"Tamsin {family}", f"tamsin@{family.lower()}.example", born=2)
        for family in ("Ashby", "Birch", "Cole", "Dunn", "Eames")
    ]
    later = nights.night([*pair, *namesakes])
    assert whose(later, records[0]) == whose(later, records[1])
    nights.restart()
    rebuilt = nights.night([*pair, *namesakes])
    assert rebuilt.members.equals(later.members)
    assert len(nights.news) == 0


def test_a_split_ends_a_published_link(nights: Nights) -> None:
    pair = [
        mention("Tamsin Orrery", "tamsin@eu.globex.example"),
        mention("Tamsin Orrery", "t.orrery@globex.example"),
    ]
    records = tuple(f"header:{each['address']}|orrery tamsin" for each in pair)
    nights.night(pair)
    apart = Active(splits=(Split(id="s1", at=FIRST, left=records[:1], right=records[1:]),))
    found = nights.night(pair, decisions=apart)
    assert whose(found, records[0]) != whose(found, records[1])
    assert [event for event, *_ in nights.events()] == ["split"]
    assert len(found.suggestions) == 0, "what was rejected never returns"


def test_a_merge_that_a_split_forbids_is_refused_and_told_once(nights: Nights) -> None:
    apart = Split(id="s1", at=FIRST, left=(JO_RECORD,), right=(JOANNA_RECORD,))
    both = Active(splits=(apart,), merges=MERGED.merges)
    found = nights.night([JO, JOANNA], decisions=both)
    assert whose(found, JO_RECORD) != whose(found, JOANNA_RECORD)
    nights.night([JO, JOANNA], decisions=both)
    assert [event for event, *_ in nights.events()] == ["decision_refused"]


def test_nobody_is_merged_with_me(nights: Nights) -> None:
    found = nights.night([JO, JOANNA], decisions=MERGED, me=("jo@marlowe.example",))
    assert whose(found, JO_RECORD) != whose(found, JOANNA_RECORD)
    assert [event for event, *_ in nights.events()] == ["decision_refused"]


def test_who_was_merged_under_two_names_keeps_what_fits_either(nights: Nights) -> None:
    """Nora Nilsson married: her old card, her old address and her new one are all hers."""
    old, new = mention("Nora Nilsson", "nora@nilsson.example"), mention("Nora Petersen", "np@new.example")
    own = card("Nora Nilsson", "nora@nilsson.example", "nora@priv.example", phones=["+493012345678"])
    later = [
        mention("Nora Petersen", "nora@nilsson.example", born=3),
        mention("Nora Nilsson", "nora@priv.example", born=3),
    ]
    records = ("header:nora@nilsson.example|Nora Nilsson", "header:np@new.example|Nora Petersen")
    said = Active(merges=(Merge(id="m1", at=FIRST, records=records),))
    nights.night([old, new], [own])
    found = nights.night([old, new, *later], [own, card("Nora Petersen", "np@new.example", born=3)], said)
    assert found.members["person_id"].n_unique() == 1


def test_a_kind_and_a_name_that_were_given_last(nights: Nights) -> None:
    office = mention("", "info@marlowe.example", count=3)
    said = Active(
        kinds=(Kind(id="k1", at=FIRST, records=("header:info@marlowe.example",), kind="human"),),
        names=(Rename(id="n1", at=FIRST, records=(JO_RECORD,), name="Josephine Marlowe"),),
    )
    found = nights.night([office, JO], decisions=said)
    assert sorted(found.persons.select("name", "kind").rows()) == [
        ("Josephine Marlowe", "human"),
        ("info@marlowe.example", "human"),
    ]


def test_a_whole_address_that_was_split_off_takes_later_spellings_along(nights: Nights) -> None:
    own = card("Jo Marlowe", "jo@marlowe.example", "desk@marlowe.example")
    desk = mention("", "desk@marlowe.example")
    apart = Active(
        splits=(
            Split(
                id="s1", at=FIRST, left=("header:desk@marlowe.example",), right=(f"vcard:book:{own['key']}",)
            ),
        )
    )
    nights.night([JO, desk], [own], decisions=apart)
    spelled = mention("Jo M", "desk@marlowe.example", born=2)
    found = nights.night([JO, desk, spelled], [own], decisions=apart)
    assert whose(found, "header:desk@marlowe.example|") == whose(found, "header:desk@marlowe.example|~jo m")
    assert whose(found, "header:desk@marlowe.example|") != whose(found, JO_RECORD)


def test_an_id_never_passes_to_a_stranger_at_the_same_address(nights: Nights) -> None:
    ann, bob = (
        mention(name, "desk@mill.example", 5, born=born)
        for born, name in enumerate(["Ann Oakes", "Bob Pell"], 1)
    )
    ann_record, bob_record = "header:desk@mill.example|ann oakes", "header:desk@mill.example|bob pell"
    first = nights.night([ann, bob])
    assert whose(first, ann_record) != whose(first, bob_record)
    alone = nights.night([bob])
    assert whose(alone, bob_record) == whose(first, bob_record)
    later = nights.night([bob, ann | {"born": 3}])
    assert (whose(later, ann_record), whose(later, bob_record)) == (
        whose(first, ann_record),
        whose(first, bob_record),
    )
    assert [event for event, *_ in nights.events()] == ["ended", "revived"]


def test_a_retired_id_leads_on_though_some_of_its_records_are_gone(nights: Nights) -> None:
    card_of_both = card("Joanna Marlowe", "joanna@work.example", born=2)
    first = nights.night([JO, JOANNA], [card_of_both])
    nights.night([JO, JOANNA], [card_of_both], MERGED)
    retired = whose(first, JOANNA_RECORD)
    found = nights.night([JO], [card_of_both], MERGED)
    before = history.published(nights.connection)
    led = dict(redirects(found.members, before).iter_rows())
    assert led.get(retired, retired) == whose(found, f"vcard:book:{card_of_both['key']}")


@pytest.mark.parametrize(
    "second",
    [
        mention("Tamsin Orrery", "t.orrery@globex.example", listed=True),
        mention("Tamsin Orrery", "t.orrery@elsewhere.example"),
    ],
    ids=["the address is a list's", "the address is gone"],
)
def test_a_link_ends_with_its_evidence(nights: Nights, second: Row) -> None:
    own = card("Tamsin Orrery", "tamsin@eu.globex.example", key="k1")
    written = mention("Tamsin Orrery", "t.orrery@globex.example")
    mine = f"header:{second['address']}|orrery tamsin"
    first = nights.night([written], [own])
    assert whose(first, "vcard:book:k1") == whose(first, "header:t.orrery@globex.example|orrery tamsin")
    later = nights.night([second], [own])
    assert whose(later, "vcard:book:k1") != whose(later, mine)
    kinds = dict(later.persons.select("person_id", "kind").iter_rows())
    assert kinds[whose(later, "vcard:book:k1")] == "human"
    assert not len(later.name_links)


def test_a_card_that_moved_to_another_company_ends_the_link_through_the_old_one(nights: Nights) -> None:
    written = mention("Tamsin Orrery", "t.orrery@globex.example")
    nights.night([written], [card("Tamsin Orrery", "tamsin@eu.globex.example", key="k1")])
    later = nights.night([written], [card("Tamsin Orrery", "tamsin@initech.example", key="k1")])
    assert not len(later.name_links)


def test_who_was_a_person_stays_one_however_seldom_the_name_is_written(nights: Nights) -> None:
    def desk(ann: int, bob: int) -> list[Row]:
        return [
            mention("Ann Oakes", "desk@mill.example", ann),
            mention("Bob Pell", "desk@mill.example", bob, born=2),
        ]

    first = nights.night(desk(80, 20))
    later = nights.night(desk(81, 20))
    assert later.members.equals(first.members)
    assert len(nights.news) == 0


def test_an_address_that_turns_out_to_be_mine_does_not_give_me_its_id(nights: Nights) -> None:
    robin = [mention(name, "robin@ferrow.example") for name in ("Robin Ferrow", "", "Robin")]
    first = nights.night([*robin, mention("Al Archer", "al@archer.example")], me=("robin@ferrow.example",))
    mine = ("robin@ferrow.example", "al@archer.example")
    later = nights.night([*robin, mention("Al Archer", "al@archer.example")], me=mine)
    record = "header:robin@ferrow.example|ferrow robin"
    assert whose(later, record) == whose(first, record)


def test_who_wrote_through_a_list_is_not_the_list(nights: Nights) -> None:
    """A list that wrote under somebody's name is merged by that one record only."""
    rewritten = [
        mention(f"{name} via makers", "makers@lists.example")
        for name in ("Jo Marlowe", "Ann Oakes", "Ben Pell")
    ]
    said = Merge(id="m1", at=FIRST, records=(JO_RECORD, "header:makers@lists.example|Jo Marlowe"))
    found = nights.night([JO, *rewritten], decisions=Active(merges=(said,)))
    kinds = dict(found.persons.select("person_id", "kind").iter_rows())
    jo = whose(found, JO_RECORD)
    assert whose(found, "header:makers@lists.example|jo marlowe") == jo
    assert kinds[jo] == "human"
    makers = {whose(found, f"header:makers@lists.example|{name}") for name in ("ann oakes", "ben pell")}
    assert [kinds[each] for each in makers] == ["list"]


GIVEN, FAMILY = ("Ann", "Ben", "Cleo", "Dag"), ("Oakes", "Pell", "Quist")
PLACES = ("mill.example", "eu.mill.example", "post.example", "gmail.com")
PEOPLE = st.builds(
    lambda given, family, place, short: mention(
        f"{given} {family}", f"{given[0].lower() if short else given.lower()}{family.lower()}@{place}"
    ),
    st.sampled_from(GIVEN),
    st.sampled_from(FAMILY),
    st.sampled_from(PLACES),
    st.booleans(),
)
BOOK = st.builds(
    lambda given, family, places: card(
        f"{given} {family}", *(f"{given.lower()}{family.lower()}@{place}" for place in places)
    ),
    st.sampled_from(GIVEN),
    st.sampled_from(FAMILY),
    st.lists(st.sampled_from(PLACES), min_size=1, max_size=2, unique=True),
)


# A night takes a quarter of a second: to shrink a failure would take minutes.
@settings(max_examples=8, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.lists(st.lists(PEOPLE | BOOK, min_size=1, max_size=4), min_size=2, max_size=4), st.data())
def test_no_record_moves_in_silence_and_a_rebuild_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, arrivals: list[list[Row]], data: st.DataObject
) -> None:
    nights = Nights(tmp_path_factory.mktemp("nights"))
    known: dict[str, Row] = {}
    decided = Active()
    was: dict[str, str] = {}
    for born, arrived in enumerate(arrivals, 1):
        for row in arrived:
            known.setdefault(f"{row['name']} {row.get('address') or row['key']}", row | {"born": born})
        gone = data.draw(st.sets(st.sampled_from(sorted(known)), max_size=1)) if len(known) > 1 else set()
        there = [row for key, row in known.items() if key not in gone]
        mentions, cards = ([row for row in there if ("address" in row) is is_met] for is_met in (True, False))
        told = len(nights.events())
        found = nights.night(mentions, cards, decided)
        now = dict(found.members.select("record", "person_id").iter_rows())
        explained = {(person, other) for _, person, other in nights.events()[told:]}
        for record in was.keys() & now.keys():
            assert was[record] == now[record] or (was[record], now[record]) in explained
        was = now
        for split in decided.splits:
            assert not {now.get(each) for each in split.left} & {now.get(each) for each in split.right} - {
                None
            }
        for merge in decided.merges:
            assert len({now[each] for each in merge.records if each in now}) < 2 or any(
                event == "decision_refused" for event, *_ in nights.events()
            )
        if len(now) < 2:
            continue
        left, right = (data.draw(st.sampled_from(sorted(now))) for _ in "ab")
        if left != right:
            made = {"id": f"d{born}", "at": FIRST}
            if data.draw(st.booleans()):
                decided = Active((*decided.merges, Merge(**made, records=(left, right))), decided.splits)
            else:
                decided = Active(
                    decided.merges, (*decided.splits, Split(**made, left=(left,), right=(right,)))
                )
        final = nights.night(mentions, cards, decided)
        nights.night(mentions, cards, decided)
        assert len(nights.news) == 0
        nights.restart()
        assert nights.night(mentions[::-1], cards[::-1], decided).members.equals(final.members)
        assert len(nights.news) == 0
        was = dict(final.members.select("record", "person_id").iter_rows())
