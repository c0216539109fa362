"""Google Contacts as CSV, with the heading of before 2024 and the one since.

Until 2024: ``Name,Given Name,…,Group Membership,E-mail 1 - Type,E-mail 1 - Value,…,Organization 1 - Name,…``.
Since: ``First Name,Middle Name,…,Organization Name,…,Labels,E-mail 1 - Label,E-mail 1 - Value,…``. The names
of the columns are English in every language, and there are as many numbered ones as somebody has values.
"""

import re
from collections.abc import Iterable, Iterator

from connectors.contacts.rows import addresses, birthday, card
from connectors.inputs import Input
from connectors.records import Item
from connectors.tables import Layout, Row, items

_NAMES = {
    "name": "name",
    "name prefix": "prefix",
    "first name": "given",
    "given name": "given",
    "middle name": "middle",
    "additional name": "middle",
    "last name": "family",
    "family name": "family",
    "name suffix": "suffix",
    "nickname": "nickname",
    "organization name": "organization",
    "organization title": "title",
    "organization department": "department",
    "birthday": "birthday",
    "labels": "labels",
    "group membership": "groups",
    "phonetic first name": "phonetic",
}
_NUMBERED = re.compile(r"(e-mail|phone|website) \d{1,3} - value|organization 1 - (name|title|department)")
_VALUES = {"e-mail": "email", "phone": "phone", "website": "url", "name": "organization"}
_SEPARATOR = " ::: "
_BIRTHDAY = re.compile(r"(\d{4}|-)-(\d\d)-(\d\d)")


def _name_of(column: str) -> str | None:
    if found := _NUMBERED.fullmatch(column):
        what = str(found[1] or found[2])
        return _VALUES.get(what, what)
    return _NAMES.get(column)


_LAYOUT = Layout(
    "Google contacts",
    "export them at contacts.google.com as Google CSV",
    _name_of,
    {
        "First Name or Given Name": ("given", "name"),
        "Labels, Group Membership, E-mail 1 - Value or Phone 1 - Value": (
            "phonetic",
            "groups",
            "email",
            "phone",
        ),
    },
)


def read(source: Input) -> Iterator[Item]:
    """One item for every row, in file order. Raises NotThisFormat for a file with another heading."""

    def to_card(row: Row) -> Item:
        row = Row(row.position, row.line, row.capped, {name: _several(row.many(name)) for name in row.fields})
        # A star marks Google's own groups: everybody is in "* myContacts".
        groups = [group for group in row.many("labels") + row.many("groups") if not group.startswith("*")]
        born = _BIRTHDAY.fullmatch(row.one("birthday"))
        day = birthday(*born.groups()) if born else None
        return card(row, addresses(row.many("email")), day, groups, source.dated)

    return items(source, _LAYOUT, to_card)


def _several(values: Iterable[str]) -> list[str]:
    """Fields as their values: several of one kind stand in one field."""
    return [part.strip() for value in values for part in value.split(_SEPARATOR) if part.strip()]
