"""Invitations.csv: who asked whom to connect. Before 2023 without the columns for the profiles."""

from collections.abc import Iterator

from connectors.inputs import Input
from connectors.linkedin import MEND, instant, profile_url
from connectors.records import Invitation, Item
from connectors.tables import Layout, Row, items, key

_LAYOUT = Layout(
    "LinkedIn invitations",
    MEND,
    {
        "from": "inviter",
        "to": "invitee",
        "sent at": "at",
        "direction": "direction",
        "inviterprofileurl": "inviter profile",
        "inviteeprofileurl": "invitee profile",
    }.get,
    {"From": ("inviter",), "To": ("invitee",), "Sent At": ("at",), "Direction": ("direction",)},
)
_DIRECTIONS = {"incoming": ("in", "inviter"), "outgoing": ("out", "invitee")}


def read(source: Input) -> Iterator[Item]:
    """One item for every row, in file order. Raises NotThisFormat for a file with another heading."""
    return items(source, _LAYOUT, _invitation)


def _invitation(row: Row) -> Item:
    """The invitation of the other person, by whose side the direction goes."""
    direction, other = _DIRECTIONS.get(row.one("direction").lower(), ("", ""))
    if not direction:
        return row.rejected("the direction is neither INCOMING nor OUTGOING")
    name, profile = row.one(other), profile_url(row.one(f"{other} profile", 1000))
    if not name and not profile:
        return row.rejected("row holds no name or profile of the other person")
    return Invitation(
        key=key(direction, profile or name, row.one("at")),
        sent_at=instant(row.one("at")),
        direction=direction,
        name=name,
        profile=profile,
        capped=row.capped,
        position=row.position,
        locator=row.locator,
    )
