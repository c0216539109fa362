"""Connections.csv: the people with whom the member is connected.

Since 2021 a note precedes the heading; before July 2023 there is no column for the profile. Company and
position are those of the day of the export. A member who hides, or has left, is a row with a date alone.
"""

from collections.abc import Iterator

from connectors.inputs import Input
from connectors.linkedin import MEND, day, profile_url
from connectors.records import Card, Item
from connectors.tables import Layout, Row, items, key

_LAYOUT = Layout(
    "LinkedIn connections",
    MEND,
    {
        "first name": "given",
        "last name": "family",
        "url": "url",
        "email address": "email",
        "company": "company",
        "position": "position",
        "connected on": "on",
    }.get,
    {"First Name": ("given",), "Last Name": ("family",), "Connected On": ("on",)},
)


def read(source: Input) -> Iterator[Item]:
    """One item for every row, in file order. Raises NotThisFormat for a file with another heading."""

    def to_card(row: Row) -> Item:
        profile, emails = profile_url(row.one("url", 1000)), tuple(filter(_is_address, row.many("email")))
        given, family = row.one("given"), row.one("family")
        name = f"{given} {family}".strip()[:200] or next(iter(emails), "") or profile
        if not name and row.fields.keys() <= {"on"}:
            return row.skipped("hidden profile")
        if not name:
            return row.rejected("row holds no name, address or profile")
        return Card(
            key=profile or key(name, *emails, row.one("on")),
            uid="",
            name=name,
            given_name=given,
            family_name=family,
            nickname="",
            kind="individual",
            organization=row.one("company"),
            title=row.one("position"),
            emails=emails,
            phones=(),
            urls=(profile,) if profile else (),
            birthday=None,
            categories=(),
            revised_at=source.dated,
            connected_on=day(row.one("on")),
            capped=row.capped,
            position=row.position,
            locator=row.locator,
        )

    return items(source, _LAYOUT, to_card)


def _is_address(text: str) -> bool:
    return text.count("@") == 1 and " " not in text and len(text) <= 320
