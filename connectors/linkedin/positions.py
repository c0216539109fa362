"""Positions.csv: where the member has worked, without what was written about it."""

from collections.abc import Iterator

from connectors.inputs import Input
from connectors.linkedin import MEND, month
from connectors.records import Item, Position
from connectors.tables import Layout, Row, items, key

_LAYOUT = Layout(
    "LinkedIn positions",
    MEND,
    {"company name": "company", "title": "title", "started on": "start", "finished on": "end"}.get,
    {"Company Name": ("company",), "Title": ("title",), "Started On": ("start",)},
)


def read(source: Input) -> Iterator[Item]:
    """One item for every row, in file order. Raises NotThisFormat for a file with another heading."""
    return items(source, _LAYOUT, _position)


def _position(row: Row) -> Item:
    company, title = row.one("company"), row.one("title")
    if not company and not title:
        return row.rejected("row holds no company and no title")
    return Position(
        key=key(company, title, row.one("start")),
        organization=company,
        title=title,
        started_on=month(row.one("start")),
        ended_on=month(row.one("end")),
        capped=row.capped,
        position=row.position,
        locator=row.locator,
    )
