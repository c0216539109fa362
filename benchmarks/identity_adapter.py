"""`warehouse.people` behind the interface of an identity harness: records in, labels and suggestions out.

A record is ``{rid, source, name, emails, phones, urls, uid, org, n}``. Run a harness with
``--fn benchmarks.identity_adapter:resolve``.
"""

from typing import Any

import polars as pl

from warehouse.people import resolve as people

Record = dict[str, Any]
Labels = list[tuple[str, ...]]


def resolve(records: list[Record]) -> tuple[Labels, list[tuple[int, int, float]]]:
    """One label per record, and the suggested pairs of records.

    A list, an office or a robot is no claim about a human: there each name keeps a label of its own.
    """
    cards = [record for record in records if record["source"] in ("vcard", "linkedin")]
    mentions = [record for record in records if record["source"] not in ("vcard", "linkedin")]
    found = people.resolve(_mentions(mentions), _cards(cards), me=[])
    kinds = dict(found.persons.select("person_id", "kind").iter_rows())
    of_mention = {(name, address): person for name, address, person in found.mention_links.iter_rows()}
    of_card = {key: person for _, key, person in found.card_links.iter_rows()}
    persons = [
        of_card[r["rid"]] if r["source"] in ("vcard", "linkedin") else of_mention[r["name"], _address(r)]
        for r in records
    ]
    labels: Labels = [
        (person,) if kinds[person] == "human" else (person, record["name"])
        for person, record in zip(persons, records, strict=True)
    ]
    first = {person: at for at, person in reversed(list(enumerate(persons)))}
    pairs = found.suggestions.select("left_person_id", "right_person_id").iter_rows()
    return labels, [(first[left], first[right], 0.5) for left, right in pairs]


def _address(record: Record) -> str:
    return record["emails"][0] if record["emails"] else ""


def _mentions(records: list[Record]) -> pl.DataFrame:
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


def _cards(records: list[Record]) -> pl.DataFrame:
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
