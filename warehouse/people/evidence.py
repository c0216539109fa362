"""From the frames of landed mentions and cards to the items that are grouped into persons.

An item never changes once it is born, and carries the claim that a person's id is made of: of all the
claims in a person the smallest wins.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from warehouse.people import phones
from warehouse.people.addresses import Address, is_list_domain, parse, parse_all, written
from warehouse.people.names import Name, clean, clean_all
from warehouse.people.records import PROFILE, of_card, of_mention

Claim = tuple[int, str]
ITEM = ("value", "key", "is_full")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """One cleaned name on one normalised address, from all sources.

    kind: what the address is: its class, unless headers or calendars say better.
    is_first: the first mention of its address, the one whose claim needs no name.
    count, in_mail, in_calendar, sent, automatic: messages and events; sent and automatic as From.
    names, spellings: how often the name and the address were written in which way.
    """

    address: Address
    name: Name
    kind: str
    is_first: bool
    born: int
    count: int
    in_mail: int
    in_calendar: int
    sent: int
    automatic: int
    source: str
    first_at: datetime | None
    last_at: datetime | None
    names: dict[str, int]
    spellings: dict[str, int]

    @property
    def record(self) -> str:
        return of_mention(self.address.value, self.name.key, is_full=self.name.is_full)

    @property
    def claim(self) -> Claim:
        text = self.address.value if self.address.slug else f"email:{self.address.value}"
        # By spelling alone: what headers say of an address may change, an id may not.
        is_shared = self.address.kind in ("role", "placeholder") and self.name.is_full
        if self.is_first and not is_shared:
            return self.born, text
        return self.born, f"{text}|{self.name.key}" if self.name.is_full else f"{text}|~{self.name.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One card of an address book. is_personal: a person's, not an organisation's or a group's.

    phones: in E.164, without those whose country is unknown. slugs: of LinkedIn profiles.
    """

    source: str
    key: str
    uid: str
    name: Name
    is_personal: bool
    emails: tuple[Address, ...]
    spellings: tuple[str, ...]
    phones: tuple[str, ...]
    slugs: tuple[str, ...]
    organization: str
    born: int
    revised_at: datetime | None

    @property
    def record(self) -> str:
        return of_card(self.source, self.key)

    @property
    def places(self) -> list[str]:
        """The addresses and profiles on it."""
        return [*(mail.value for mail in self.emails), *(f"{PROFILE}{slug}" for slug in self.slugs)]

    @property
    def claim(self) -> Claim:
        return self.born, f"vcard:{self.source}:{self.key}"


def in_order(item: Mention | Card) -> tuple[int, int, str, str]:
    """Oldest first; of one batch full names, then cards, then the rest, which finds somebody to join."""
    if isinstance(item, Card):
        return item.born, 1, item.source, item.key
    return item.born, 0 if item.name.is_full else 2, item.address.value, item.name.key


def read_mentions(mentions: pl.DataFrame) -> pl.DataFrame:
    """One row per name and address as written: counts, and `ITEM`, the mention that it belongs to."""
    in_calendar = pl.col("origin") == "calendar"
    spelled = mentions.group_by("name", "address").agg(
        pl.col("count", "sent", "automatic").sum(),
        pl.col("count").filter(~in_calendar).sum().alias("in_mail"),
        pl.col("count").filter(in_calendar).sum().alias("in_calendar"),
        pl.col("listed").any(),
        pl.col("cutype").str.to_lowercase().is_in(["room", "resource"]).any().alias("is_room"),
        (pl.col("cutype").str.to_lowercase() == "group").any().alias("is_group"),
        pl.col("source", "born", "first_at").min(),
        pl.col("last_at").max(),
    )
    addresses, names = parse_all(spelled["address"]), clean_all(spelled["name"])
    return spelled.join(addresses, on="address").join(names, on="name")


def gather_mentions(spelled: pl.DataFrame) -> list[Mention]:
    """The mentions of `read_mentions`, in the order in which they are grouped."""
    heard = spelled.group_by("value").agg(
        pl.col("is_room").any(),
        (pl.col("listed") | pl.col("is_group")).any().alias("is_listed"),
        (pl.col("count").filter("has_via").sum() * 2 > pl.col("count").sum()).alias("is_relay"),
        _is_one_writer().alias("is_one_writer"),
    )
    rows = (
        spelled.sort("born", "text", "name", "spelling", "address")
        .group_by(ITEM, maintain_order=True)
        .agg(
            pl.col("count", "in_mail", "in_calendar", "sent", "automatic").sum(),
            pl.col("born", "source", "first_at").min(),
            pl.col("last_at").max(),
            pl.col("name", "address").first(),
            pl.struct("text", "spelling", "count").alias("ways"),
        )
        .join(heard, on="value")
        .sort("born", pl.col("is_full").not_(), "value", "key")
        .with_columns(is_first=pl.int_range(pl.len()).over("value") == 0)
    )
    return [_mention(row) for row in rows.iter_rows(named=True)]


def gather_cards(cards: pl.DataFrame, region: str | None) -> list[Card]:
    """One item per card; of two rows with one key the oldest."""
    rows = cards.sort("born", "name", "uid").unique(["source", "key"], keep="first", maintain_order=True)
    return [_card(row, region) for row in rows.iter_rows(named=True)]


def _mention(row: dict[str, Any]) -> Mention:
    address, name = parse(row["address"]), clean(row["name"])
    names: dict[str, int] = {}
    spellings: dict[str, int] = {}
    for way in row["ways"]:
        names[way["text"]] = names.get(way["text"], 0) + way["count"]
        spellings[way["spelling"]] = spellings.get(way["spelling"], 0) + way["count"]
    fields = ("is_first", "born", "count", "in_mail", "in_calendar", "sent", "automatic")
    return Mention(
        address=address,
        name=name,
        kind=_address_kind(address, row),
        source=row["source"],
        first_at=row["first_at"],
        last_at=row["last_at"],
        names=names,
        spellings=spellings,
        **{name: row[name] for name in fields},
    )


def _is_one_writer() -> pl.Expr:
    """Of an address: whether all that was sent from it bears one full name."""
    sent = pl.col("sent").sum()
    named = pl.col("is_full") & (pl.col("sent") > 0)
    return (
        (sent > 0)
        & (pl.col("sent").filter(named).sum() == sent)
        & (pl.col("key").filter(named).n_unique() == 1)
    )


def _address_kind(address: Address, row: dict[str, Any]) -> str:
    """Calendars know rooms and headers know lists better than spelling does."""
    if row["is_room"] or address.kind == "room":
        return "room"
    if row["is_listed"] or (row["is_relay"] and address.kind != "bot"):
        return "list"
    is_listlike = address.kind == "list" and is_list_domain(address.domain)
    # me-on-list@ is what some call the mailbox with which they read a list.
    return "personal" if address.kind == "list" and row["is_one_writer"] and not is_listlike else address.kind


def _card(row: dict[str, Any], region: str | None) -> Card:
    emails = {parse(raw): written(raw) for raw in reversed(row["emails"] or ()) if parse(raw).value}
    name = clean(row["name"])
    if not name.key:
        name = clean(row["nickname"] or "")
    numbers = (phones.e164(raw, region) for raw in row["phones"] or ())
    slugs = (phones.linkedin_slug(url) for url in row["urls"] or ())
    is_company = bool(row["organization"]) and row["name"] == row["organization"]
    return Card(
        source=row["source"],
        key=row["key"],
        uid=row["uid"] or "",
        name=name,
        is_personal=(row["kind"] or "individual") == "individual" and not is_company,
        emails=tuple(emails)[::-1],
        spellings=tuple(emails.values())[::-1],
        phones=tuple(sorted({number for number in numbers if number})),
        slugs=tuple(sorted({slug for slug in slugs if slug})),
        organization=row["organization"] or "",
        born=row["born"],
        revised_at=row["revised_at"],
    )
