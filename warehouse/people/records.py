"""The natural keys of records: what decisions, links and memberships are written on.

    header:<address>|<name>       an address of mail or calendars with one name on it
    linkedin:<slug>|<name>        the same for a LinkedIn profile that wrote or was written to
    vcard:<source>:<card's key>   a card of an address book

A key never changes. In its canonical form the address is normalised and the name is `Name.key`, with a tilde
before it if it is no full name. Without a bar it means every record at the address or profile.
"""

import polars as pl

from warehouse.people.addresses import parse
from warehouse.people.names import clean

MENTION, CARD, PROFILE = "header:", "vcard:", "linkedin:"
_CALENDAR = "calendar:"
_BAR = "%7C"  # RFC 3986 2.1: an address may hold a bar (RFC 5322 3.2.3)


def of_mention(value: str, name_key: str, *, is_full: bool) -> str:
    """The key of one cleaned name on one normalised address or profile."""
    place = value if value.startswith(PROFILE) else f"{MENTION}{value}"
    return f"{place.replace('|', _BAR)}|{_mark(name_key, is_full=is_full)}{name_key}"


def of_mentions() -> pl.Expr:
    """`of_mention` of rows with value, key and is_full, as the column record."""
    place = pl.when(pl.col("value").str.starts_with(PROFILE)).then(pl.lit("")).otherwise(pl.lit(MENTION))
    mark = pl.when(pl.col("is_full") | (pl.col("key") == "")).then(pl.lit("")).otherwise(pl.lit("~"))
    value = pl.col("value").str.replace_all("|", _BAR, literal=True)
    return pl.concat_str(place, value, pl.lit("|"), mark, "key").alias("record")


def of_card(source: str, key: str) -> str:
    """The key of a card."""
    return f"{CARD}{source}:{key}"


def canonical(reference: str) -> str:
    """The canonical form of a key as somebody wrote it; text that is no key comes back trimmed."""
    text = reference.strip()
    if text.startswith(CARD):
        return text
    place, bar, name = text.removeprefix(_CALENDAR).removeprefix(MENTION).partition("|")
    address = parse(place.replace(_BAR, "|"))
    where = (address.value if address.slug else f"{MENTION}{address.value}").replace("|", _BAR)
    if not bar or name.startswith("~"):
        return f"{where}{bar}{name}"
    read = clean(name)
    return f"{where}|{_mark(read.key, is_full=read.is_full)}{read.key}"


def place_of(record: str) -> str:
    """The address or profile of a mention, as the key of all records there; of a card the card itself."""
    return record if record.startswith(CARD) else record.partition("|")[0]


def value_of(place: str) -> str:
    """The address or profile of a `place_of`."""
    return place.removeprefix(MENTION).replace(_BAR, "|")


def _mark(name_key: str, *, is_full: bool) -> str:
    return "" if is_full or not name_key else "~"
