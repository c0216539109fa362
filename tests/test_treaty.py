"""The treaty: what a connector may yield and what the warehouse lands are the same columns."""

import types
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Union, get_args, get_origin, get_type_hints

import duckdb
import pytest

from connectors import FORMATS, KINDS
from connectors.records import (
    Attendee,
    MessageParty,
    Rejected,
    Seen,
    Skipped,
)
from connectors.spool import KIND_OF
from warehouse import loading
from warehouse.schema import RECORD_KINDS

RECORD_TYPES: dict[str, type] = {kind: record for record, kind in KIND_OF.items()}
LEDGER = ["source", "file", "hash", "born_batch", "batch", "ingested_at"]
SCALARS = {str: "VARCHAR", int: "BIGINT", bool: "BOOLEAN", date: "DATE"}

Describe = Callable[[str], dict[str, str]]


@pytest.fixture(scope="module")
def described() -> Iterator[Describe]:
    """Column names and types of a landed table, in order."""
    with duckdb.connect() as connection:
        loading.prepare(connection)

        def columns(record_kind: str) -> dict[str, str]:
            table = RECORD_KINDS[record_kind].table
            return {name: kind for name, kind, *_ in connection.sql(f"describe landed.{table}").fetchall()}

        yield columns


def column_type(hint: object, name: str) -> str:
    """The DuckDB type that holds a Python one. Local times have no zone, all others have one."""
    if get_origin(hint) in (Union, types.UnionType):
        [hint] = [part for part in get_args(hint) if part is not type(None)]
    if get_origin(hint) is tuple:
        element, ellipsis = get_args(hint)
        assert ellipsis is Ellipsis, f"{name} is not a list"
        return f"{column_type(element, name)}[]"
    if hint is datetime:
        is_local = name.endswith("_local") or name in ("added", "removed")
        return "TIMESTAMP" if is_local else "TIMESTAMP WITH TIME ZONE"
    assert isinstance(hint, type)
    if hint in SCALARS:
        return SCALARS[hint]
    fields = (f"{field} {column_type(kind, field)}" for field, kind in get_type_hints(hint).items())
    return f"STRUCT({', '.join(fields)})"


@pytest.mark.parametrize("record_kind", RECORD_TYPES)
def test_the_fields_of_a_record_are_the_columns_behind_the_ledgers(
    record_kind: str, described: Describe
) -> None:
    assert list(described(record_kind)) == [*LEDGER, *get_type_hints(RECORD_TYPES[record_kind])]


@pytest.mark.parametrize("record_kind", RECORD_TYPES)
def test_each_column_holds_the_type_of_its_field(record_kind: str, described: Describe) -> None:
    landed = described(record_kind)
    for name, hint in get_type_hints(RECORD_TYPES[record_kind]).items():
        assert landed[name].replace('"', "") == column_type(hint, name), name


def test_every_kind_of_record_has_a_table_and_every_format_a_kind() -> None:
    assert RECORD_TYPES.keys() == RECORD_KINDS.keys()
    assert {each.record_kind for each in FORMATS.values()} == RECORD_KINDS.keys()


def test_a_kind_of_source_holds_formats_that_there_are_and_every_format_has_one() -> None:
    assert {each for formats in KINDS.values() for each in formats} == FORMATS.keys()


@pytest.mark.parametrize("record", KIND_OF, ids=lambda record: record.__name__)
def test_a_record_ends_with_what_it_does_not_say(record: type) -> None:
    """The hash of what a record says is made of the fields before them."""
    assert list(get_type_hints(record))[-4:] == ["capped", "digest", "position", "locator"]


@pytest.mark.parametrize("record_kind", RECORD_TYPES)
def test_the_order_among_repeats_names_columns_that_there_are(record_kind: str, described: Describe) -> None:
    terms = RECORD_KINDS[record_kind].newest_first.split(",")
    assert {term.split()[0] for term in terms} <= described(record_kind).keys()


@pytest.mark.parametrize("record_kind", RECORD_TYPES)
def test_every_record_has_a_key_a_position_and_a_locator_that_are_never_null(
    record_kind: str, described: Describe
) -> None:
    hints = get_type_hints(RECORD_TYPES[record_kind])
    assert (hints["key"], hints["position"], hints["locator"]) == (str, int, str)


@pytest.mark.parametrize(
    "item", [*KIND_OF, MessageParty, Attendee, Rejected, Skipped, Seen], ids=lambda item: item.__name__
)
def test_no_item_has_room_for_what_people_wrote(item: type) -> None:
    written = {
        "subject",
        "summary",
        "description",
        "location",
        "body",
        "note",
        "content",
        "attachment",
        "photo",
    }
    assert written.isdisjoint(get_type_hints(item))


@pytest.mark.parametrize("item", [*KIND_OF, Rejected, Skipped, Seen], ids=lambda item: item.__name__)
def test_only_rejected_and_skipped_items_give_a_reason(item: type) -> None:
    """The intake, which does not know the connectors' types, tells them apart by it."""
    names = get_type_hints(item).keys()
    assert ("reason" in names) == (item in (Rejected, Skipped))
    assert ("mend" in names) == (item is Rejected)
