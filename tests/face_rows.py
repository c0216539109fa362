"""Faces as tests write them: (name, address), one person each unless they share an address."""

from typing import Any

import polars as pl

from warehouse.people.addresses import parse
from warehouse.people.faces import FACES
from warehouse.people.names import clean
from warehouse.people.records import of_card, of_mention

NO_RIVALS = pl.DataFrame(schema=dict.fromkeys(("left_person_id", "right_person_id", "reason"), pl.String))
NONE_FORBIDDEN = NO_RIVALS.drop("reason")


def mention(name: str, address: str, *, share: float = 1.0, kind: str = "") -> dict[str, Any]:
    """The face of a name on an address of mail."""
    place, read = parse(address), clean(name)
    return _row(
        record=of_mention(place.value, read.key, is_full=read.is_full),
        name=name, address=address, kind=kind or place.kind, share=share,
    )  # fmt: skip


def card(name: str, *addresses: str, book: str = "book", uid: str = "", slug: str | None = None,
         organization: str = "") -> list[dict[str, Any]]:  # fmt: skip
    """The faces of a card, one for each address."""
    record = of_card(book, uid or name)
    rows = [
        _row(record=record, name=name, address=address, kind=parse(address).kind) for address in addresses
    ]
    rows = rows or [_row(record=record, name=name, address="", kind="")]
    return [row | {"book": book, "slug": slug, "organization": organization} for row in rows]


def frame(*rows: dict[str, Any] | list[dict[str, Any]]) -> pl.DataFrame:
    """The faces with a person for each address, and for each card without one."""
    flat = [each for row in rows for each in (row if isinstance(row, list) else [row])]
    return pl.DataFrame(flat, {**FACES, "person_id": pl.String})


def people(faces: pl.DataFrame, kind: str = "human") -> pl.DataFrame:
    """The persons of faces; behind an address of a list is a list."""
    kinds = pl.when((pl.col("address_kind") == "list").all()).then(pl.lit("list")).otherwise(pl.lit(kind))
    return (
        faces.group_by("person_id").agg(kinds.first().alias("kind")).with_columns(is_me=pl.lit(value=False))
    )


def _row(*, record: str, name: str, address: str, kind: str, share: float = 1.0) -> dict[str, Any]:
    place, read = parse(address), clean(name)
    return {
        "record": record, "address": place.value, "local": place.local, "domain": place.domain,
        "address_kind": kind, "key": read.key, "tokens": list(read.tokens), "suffix": read.suffix,
        "text": read.text, "count": 1, "share": share, "book": None, "slug": None, "organization": "",
        "person_id": f"p-{place.value or record}",
    }  # fmt: skip
