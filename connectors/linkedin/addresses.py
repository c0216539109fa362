"""Email Addresses.csv: the member's own addresses, of which only the confirmed ones prove to be theirs."""

from collections.abc import Iterator

from connectors.inputs import Input
from connectors.linkedin import MEND
from connectors.records import Item, OwnIdentifier
from connectors.tables import Layout, Row, items

_LAYOUT = Layout(
    "LinkedIn e-mail addresses",
    MEND,
    {"email address": "email", "confirmed": "confirmed", "primary": "primary"}.get,
    {"Email Address": ("email",), "Confirmed": ("confirmed",), "Primary": ("primary",)},
)
_YES = ("yes", "true")


def read(source: Input) -> Iterator[Item]:
    """One item for every row, in file order. Raises NotThisFormat for a file with another heading."""
    return items(source, _LAYOUT, _identifier)


def _identifier(row: Row) -> Item:
    address = row.one("email", 320)
    local, _, domain = address.rpartition("@")
    if not local or not domain or " " in address:
        return row.rejected("row holds no address")
    if row.one("confirmed").lower() not in _YES:
        return row.skipped("not confirmed")
    primary = ", primary" if row.one("primary").lower() in _YES else ""
    return OwnIdentifier(
        key=address.lower(),
        kind="email",
        value=address,
        evidence=f"LinkedIn export: confirmed{primary}",
        capped=row.capped,
        position=row.position,
        locator=row.locator,
    )
