"""What the address books of Google, Outlook and Thunderbird have in common once their columns are named."""

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime

from connectors.records import Card, Rejected
from connectors.tables import Row, key
from connectors.text import clean

_ADDRESS = re.compile(r"[^\s@<>\"]{1,250}@[^\s@<>\"]{1,250}")
_MAILTO = re.compile("mailto:", re.IGNORECASE)
_BRACKETED = re.compile(r"<([^<>]*@[^<>]*)>")
_LEAP_YEAR = 2000
_BIRTH_YEARS = range(1800, 2101)  # Outlook writes 1601 and 4501 for no date
_LONGEST_ADDRESSES = 4000


def card(
    row: Row, emails: tuple[str, ...], birthday: str | None, categories: Iterable[str], made: datetime | None
) -> Card | Rejected:
    """The card of a row whose columns bear our names; `made` is when the address book was exported."""
    full = " ".join(
        filter(None, (row.one(part) for part in ("prefix", "given", "middle", "family", "suffix")))
    )
    organization = ", ".join(distinct(filter(None, (row.one("organization"), row.one("department")))))
    phones = distinct(phone[:200] for phone in row.many("phone"))
    urls = distinct(row.many("url"))
    named = row.one("name"), full, organization, *emails, row.one("nickname"), *phones
    name = clean(next(filter(None, named), ""))
    if not name:
        return row.rejected(
            "row holds no name, address or phone", "give the person a name, or delete the row"
        )
    return Card(
        key=key(name, ",".join(emails), ",".join(phones)),
        uid="",
        name=name,
        given_name=row.one("given"),
        family_name=row.one("family"),
        nickname=row.one("nickname"),
        kind="individual",
        organization=clean(organization),
        title=clean("".join(row.many("title")[-1:])),
        emails=emails,
        phones=phones,
        urls=urls,
        birthday=birthday,
        categories=distinct(map(clean, categories)),
        revised_at=made,
        capped=row.capped,
        position=row.position,
        locator=row.locator,
    )


def addresses(values: Iterable[str]) -> tuple[str, ...]:
    """The addresses in these fields, which may say ``mailto:``, ``Name <address>`` or list several."""
    return distinct(address for value in values for address in _addresses(value[:_LONGEST_ADDRESSES]))


def _addresses(text: str) -> Iterator[str]:
    for part in _BRACKETED.findall(text) or re.split(r"[,;\s]", text):
        bare = _MAILTO.sub("", part.strip(" '\"<>"))
        # An address of Exchange's directory may hold an @ too, and reaches nobody outside of it.
        if _ADDRESS.fullmatch(bare) and not bare.lower().startswith("/o="):
            yield bare


def distinct(texts: Iterable[str]) -> tuple[str, ...]:
    """The non-empty texts in order, the first spelling of each."""
    found: dict[str, str] = {}
    for text in filter(None, texts):
        found.setdefault(text.casefold(), text)
    return tuple(found.values())


def birthday(year: str, month: str, day: str) -> str | None:
    """``YYYY-MM-DD``, or ``--MM-DD`` if the year is missing or has two digits; None if it is no such day."""
    try:
        known = int(year) if len(year) == 4 else None
        born = date(known or _LEAP_YEAR, int(month), int(day))
    except ValueError:
        return None
    if known is None:
        return f"--{born:%m-%d}"
    return born.isoformat() if known in _BIRTH_YEARS else None
