"""`warehouse.people` behind the interface of an identity harness: records in, labels and suggestions out.

A record is ``{rid, source, name, emails, phones, urls, uid, org, n}``. Run a harness with
``--fn benchmarks.identity_adapter:resolve``.
"""

from typing import Any

import polars as pl

from warehouse.people import resolve as people
from warehouse.people.addresses import parse
from warehouse.people.names import clean
from warehouse.people.records import of_card, of_mention

Record = dict[str, Any]
Labels = list[tuple[str, ...]]
Suggested = list[tuple[int, int, float]]

_BOOKS = ("vcard", "linkedin")


def resolve(records: list[Record], *, rare_names: bool = False) -> tuple[Labels, Suggested]:
    """One label per record, and the suggested pairs of records with their scores.

    A list, an office or a robot is no claim about a human: there each name keeps a label of its own.
    """
    found = _resolution(records, rare_names=rare_names)
    kinds = dict(found.persons.select("person_id", "kind").iter_rows())
    persons_of = dict(found.members.select("record", "person_id").iter_rows())
    keys = [_key(record) for record in records]
    labels: Labels = [
        (person,) if kinds[person] == "human" else (person, record["name"])
        for person, record in zip([persons_of[key] for key in keys], records, strict=True)
    ]
    first = {key: at for at, key in reversed(list(enumerate(keys)))}
    pairs = found.suggestions.select("left_record", "right_record", "score").iter_rows()
    return labels, [(first[left], first[right], score) for left, right, score in pairs]


def resolve_rare(records: list[Record]) -> tuple[Labels, Suggested]:
    """The same with links on rare full names."""
    return resolve(records, rare_names=True)


def cards_of(records: list[Record]) -> int:
    """How many questions the review of these records asks."""
    return _resolution(records).suggestions["card"].n_unique()


def _resolution(records: list[Record], *, rare_names: bool = False) -> people.Resolution:
    cards = [record for record in records if record["source"] in _BOOKS]
    mentions = [record for record in records if record["source"] not in _BOOKS]
    return people.resolve(mentions_frame(mentions), cards_frame(cards), me=[], rare_names=rare_names)


def _key(record: Record) -> str:
    """The natural key that the warehouse gives a record."""
    if record["source"] in _BOOKS:
        return of_card(record["source"], record["rid"])
    address, name = parse(_address(record)), clean(record["name"])
    return of_mention(address.value, name.key, is_full=name.is_full)


def _address(record: Record) -> str:
    return record["emails"][0] if record["emails"] else ""


def mentions_frame(records: list[Record]) -> pl.DataFrame:
    """Records of mail and calendars as `resolve` takes mentions."""
    rows = [
        (
            r["source"],
            "calendar" if r["source"] == "calendar" else "header",
            r["name"],
            _address(r),
            r["n"],
            r["n"],
        )
        for r in records
    ]
    schema = {"source": pl.String, "origin": pl.String, "name": pl.String, "address": pl.String}
    frame = pl.DataFrame(rows, schema | {"count": pl.Int64, "sent": pl.Int64}, orient="row")
    return frame.with_columns(
        automatic=pl.lit(0, pl.Int64),
        listed=pl.lit(value=False),
        cutype=pl.lit(None, pl.String),
        born=pl.lit(1, pl.Int64),
        first_at=pl.lit(None, pl.Datetime("us", "UTC")),
        last_at=pl.lit(None, pl.Datetime("us", "UTC")),
    )


def cards_frame(records: list[Record]) -> pl.DataFrame:
    """Records of address books as `resolve` takes cards."""
    lists = ("emails", "phones", "urls")
    rows = [
        (
            r["source"],
            r["rid"],
            r.get("uid") or "",
            r["name"],
            r.get("org") or "",
            *(r.get(part) or [] for part in lists),
        )
        for r in records
    ]
    texts = ("source", "key", "uid", "name", "organization")
    schema = dict.fromkeys(texts, pl.String) | dict.fromkeys(lists, pl.List(pl.String))
    return pl.DataFrame(rows, schema, orient="row").with_columns(
        nickname=pl.lit(""),
        kind=pl.lit("individual"),
        born=pl.lit(1, pl.Int64),
        revised_at=pl.lit(None, pl.Datetime("us", "UTC")),
    )
