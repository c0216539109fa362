"""connectors.contacts.vcard, judged by vobject on clean cards and by the share read of a wild corpus."""

import os
from collections import Counter
from pathlib import Path

import pytest
import vobject

from benchmarks.cards import cards
from connectors.contacts import vcard
from connectors.inputs import plain
from connectors.records import Card, Item, NotThisFormat

DATA = Path(__file__).parent / "data" / "contacts"


def read(path: Path) -> list[Item]:
    with plain(path) as source:
        return list(vcard.read(source))


@pytest.mark.parametrize("name", ["apple-3.0.vcf", "modern-4.0.vcf"])
def test_vobject_reads_the_same_names_and_addresses_of_clean_cards(name: str) -> None:
    judged = list(vobject.readComponents((DATA / name).read_text("utf-8"), allowQP=True))
    items = list(read(DATA / name))
    assert len(items) == len(judged)
    for item, judge in zip(items, judged, strict=True):
        if not isinstance(item, Card):
            continue
        assert item.name in {fn.value for fn in judge.contents["fn"]}
        for n in judge.contents.get("n", []):
            assert (item.family_name, item.given_name) == (n.value.family, n.value.given)
        written = " ".join(email.value for email in judge.contents.get("email", []))
        assert all(address in written for address in item.emails)


def test_vobject_reads_the_same_facts_of_every_version_of_the_cards_that_are_measured(tmp_path: Path) -> None:
    path = tmp_path / "book.vcf"
    texts = list(cards(60, photo=3_000))
    path.write_bytes(b"".join(texts))
    for item, text in zip(read(path), texts, strict=True):
        judge = vobject.readOne(text.decode(), allowQP=True).contents
        assert isinstance(item, Card)
        assert item.name == judge["fn"][0].value
        assert (item.family_name, item.given_name) == (judge["n"][0].value.family, judge["n"][0].value.given)
        assert item.organization == ", ".join(judge["org"][0].value)
        assert set(item.emails) == {email.value for email in judge["email"]}
        assert set(item.phones) == {tel.value.removeprefix("tel:") for tel in judge["tel"]}


@pytest.mark.skipif("KITHLINE_CORPORA" not in os.environ, reason="KITHLINE_CORPORA names no folder with vcf/")
def test_more_than_98_percent_of_the_cards_of_a_wild_corpus_are_read() -> None:
    counts: Counter[str] = Counter()
    for path in sorted(Path(os.environ["KITHLINE_CORPORA"], "vcf").rglob("*.vcf")):
        try:
            counts.update(type(item).__name__ for item in read(path))
        except NotThisFormat:
            counts["NotThisFormat"] += 1
    assert counts["Card"] + counts["Skipped"] > 0.98 * counts.total(), counts
