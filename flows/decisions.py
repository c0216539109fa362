"""`decisions.jsonl` of a home: what was decided about people, and how a decision is written and applied.

The file is the user's: it may be edited by hand and kept in version control, and nothing makes it anew.
"""

import os
import secrets
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from flows.asking import Holding
from flows.settings import Home
from warehouse.connection import Connection, rows
from warehouse.errors import UserError, WarehouseError
from warehouse.landing import write_durably
from warehouse.people import decisions as kept
from warehouse.people.addresses import normalise
from warehouse.people.decisions import Decision, Split, means
from warehouse.people.phones import e164, linkedin_slug
from warehouse.people.records import CARD, MENTION, PROFILE, canonical, place_of
from warehouse.publish import writer

FILE = "decisions.jsonl"


def path_of(home: Home) -> Path:
    """Where the decisions of a home are kept."""
    return home.folder / FILE


def load(home: Home) -> list[Decision]:
    """Every decision, in order. Raises UserError that names the file, the line and the mend."""
    path = path_of(home)
    try:
        return kept.read(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text; save it as UTF-8") from error
    except OSError as error:
        raise WarehouseError(f"{path}: {error.strerror}; check its permissions") from error
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def append(home: Home, *decisions: Decision) -> None:
    """Write decisions at the end of the file, all or none, under the writer's lock.

    Raises Busy if another process holds the lock, and UserError if the file is damaged.
    """
    os.umask(0o077)  # the file is its owner's alone, as all that is made in a home
    with writer(home.folder, wait_seconds=home.settings().sync.wait_seconds):
        load(home)
        path = path_of(home).resolve()  # where it is a link into a checkout, it stays one
        before = path.read_bytes() if path.exists() else b""
        if before and not before.endswith(b"\n"):
            before += b"\n"
        lines = "".join(f"{kept.written(each)}\n" for each in decisions)
        write_durably(path, before + lines.encode())


def stamp(note: str = "") -> dict[str, Any]:
    """What every new decision begins with: an id, the time, and a note."""
    at = datetime.now(UTC).replace(microsecond=0)
    return {"id": secrets.token_hex(4), "at": at, "note": note.encode("utf-8", "replace").decode()}


def apply(home: Home) -> None:
    """Make people, answers and reports anew with the decisions as they are, and publish them."""
    from flows.reporting import write_reports
    from flows.steps import night

    with night(home) as run:
        run.build()
    write_reports(home, home.reports)


def speakers(person: Holding) -> tuple[str, ...]:
    """The one or two records that say most of a person: the founder, and an address if that is a card."""
    usual = f"{MENTION}{normalise(person.primary_email)}"
    mentions = [record for record in person.records if not record.startswith(CARD)]
    best = sorted(mentions, key=lambda record: (place_of(record) != usual, _vagueness(record), record))
    if person.founder not in person.records:
        return tuple(best[:1] or person.records[:1] or ([usual] if person.primary_email else []))
    return (person.founder, *best[:1]) if person.founder.startswith(CARD) else (person.founder,)


def _vagueness(record: str) -> int:
    """0 of a full name, 1 of another, 2 of none."""
    name = record.partition("|")[2]
    return 2 if not name else int(name.startswith("~"))


class _Card(NamedTuple):
    """What a record is reached by: addresses or profiles of a mention or a card, and what else a card has."""

    addresses: frozenset[str]
    others: frozenset[str] = frozenset()

    def goes(self, named: Collection[str]) -> bool:
        """Whether what is named takes the whole record: all its addresses, or anything else of it."""
        return (bool(self.addresses) and self.addresses <= set(named)) or not self.others.isdisjoint(named)


def split_of(
    connection: Connection, person: Holding, identifiers: Sequence[str], region: str | None, note: str = ""
) -> Split:
    """The decision that parts the records at these identifiers from all the rest of a person.

    identifiers: addresses, phone numbers, profiles, UIDs of cards, or record keys.
    Raises UserError for one that the person has not, and if a side is empty.
    """
    known = _reached_by(connection, person, region)
    going: set[str] = set()
    named: set[str] = set()
    for identifier in identifiers:
        key, forms = canonical(identifier), _forms(identifier, region)
        told = {record for record in known if means({key}, record)}
        if not told and not any(forms & (card.addresses | card.others) for card in known.values()):
            has = ", ".join(sorted({each for card in known.values() for each in card.addresses})[:5])
            raise UserError(f"{person} has no '{identifier}'; `kith person` lists what there is: {has}")
        going |= told
        named |= forms
    going |= {record for record, card in known.items() if card.goes(named)}
    staying = known.keys() - going
    if not going:
        raise UserError(
            f"{' and '.join(identifiers)} stands only on cards with other addresses of {person}; "
            "name all of a card's addresses, or its UID"
        )
    if not staying:
        raise UserError(f"that is all of {person}; name only what is somebody else's")
    at_places = _all_at(connection, {place_of(record) for record in known})
    left, right = (_in_short(side, at_places) for side in (going, staying))
    return Split(**stamp(note), left=left, right=right)


def _reached_by(connection: Connection, person: Holding, region: str | None) -> dict[str, _Card]:
    """The records of a person, and what each is reached by. Of a card in several files all that they say."""
    found = {
        record: _Card(frozenset({place_of(record).removeprefix(MENTION)}))
        for record in person.records
        if not record.startswith(CARD)
    }
    cards = rows(
        connection,
        """select * from (
            select 'vcard:' || source || ':' || key as record, flatten(list(coalesce(emails, []))),
                flatten(list(coalesce(phones, []))), flatten(list(coalesce(urls, []))), list(uid)
            from landed.cards group by source, key)
        where list_contains($1, record)""",
        [list(person.records)],
    )
    for record, emails, phones, urls, uids in cards:
        numbers = {e164(raw, region) or raw for raw in phones}
        profiles = {f"{PROFILE}{slug}" for slug in map(linkedin_slug, urls) if slug}
        others = numbers | profiles | {uid for uid in uids if uid}
        found[record] = _Card(frozenset(filter(None, map(normalise, emails))), frozenset(others))
    return {record: found.get(record, _Card(frozenset())) for record in person.records}


def _forms(identifier: str, region: str | None) -> frozenset[str]:
    """How an identifier may be kept: as an address or profile, a number, or as it is."""
    text = identifier.strip()
    number = e164(text, region) if any(character.isdigit() for character in text) else None
    bare = {f"{PROFILE}{text.lower()}"} if text.replace("-", "").isalnum() else set[str]()
    return frozenset({normalise(text), text} | bare | ({number} if number else set()))


def _all_at(connection: Connection, places: Collection[str]) -> dict[str, set[str]]:
    """Every record at these addresses and profiles, whoever holds it."""
    found = rows(
        connection,
        """select distinct record from people.membership
        where valid_to is null and not starts_with(record, 'vcard:')
            and list_contains($1, split_part(record, '|', 1))""",
        [list(places)],
    )
    at: dict[str, set[str]] = {}
    for (record,) in found:
        at.setdefault(place_of(record), set()).add(record)
    return at


def _in_short(side: Collection[str], at_places: dict[str, set[str]]) -> tuple[str, ...]:
    """The keys of one side: of an address that is on it with all its records only the address."""
    whole = {place for place, records in at_places.items() if records <= set(side)}
    return tuple(sorted({place_of(record) if place_of(record) in whole else record for record in side}))
