"""Somebody, and everything that they are known by: what goes if they are to be forgotten."""

from collections.abc import Iterable
from dataclasses import dataclass

from flows.asking import Holding, find_person, holding
from flows.settings import Settings
from warehouse.connection import Connection, rows
from warehouse.errors import UserError
from warehouse.forgetting.memory import name_identifiers
from warehouse.forgetting.recognising import phone
from warehouse.forgetting.searching import Needles
from warehouse.people.addresses import normalise, parse
from warehouse.people.names import clean
from warehouse.people.phones import linkedin_slug
from warehouse.people.records import CARD, MENTION, PROFILE, of_card, of_mention, place_of

_OFFICE = 2  # others with the same phone, from which on it is the house's and not theirs
_LEAST = 8  # of a uid or a number that is looked for by itself


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who is to be forgotten.

    identifiers: in normal form, as they are hashed. shown: kind and value. shared: what stays because others
    have it, too. spellings: how it is written, and names: both are looked for in the end.
    """

    person_id: str
    name: str
    identifiers: frozenset[str]
    shown: tuple[tuple[str, str], ...]
    shared: tuple[str, ...]
    spellings: frozenset[str]
    names: frozenset[str]

    @property
    def needles(self) -> Needles:
        """What must not be found in the end."""
        return Needles({*self.spellings, *self.names, self.person_id})


def find(connection: Connection, who: str, settings: Settings) -> Person:
    """The person meant. Raises UserError if that is nobody, several, or the owner."""
    found = holding(connection, _id_of(connection, who))
    known = rows(
        connection,
        "select distinct kind, value, source from main.identifiers where person_id = ? order by all",
        [found.person_id],
    )
    _refuse_the_owner(found, {value for kind, value, _ in known if kind == "email"}, settings)
    ids = _ids_of(connection, found)
    former = _former_records(connection, ids)
    known += [("email", address, "") for record in former if (address := _personal_address(record))]
    shared = {value for kind, value, _ in known if _is_others_too(connection, found.person_id, kind, value)}
    records = {*found.records, *former}
    cards = {record for record in records if record.startswith(CARD)}
    cards |= {of_card(source, value) for kind, value, source in known if kind == "vcard_uid"}
    emails = {value for kind, value, _ in known if kind == "email"} - shared
    texts, names = _spellings(connection, cards, emails, records)
    names |= {found.name} if clean(found.name).is_full else set()
    own = [(kind, value) for kind, value, _ in known if value not in shared]
    identifiers = {
        *(_normal(kind, value, settings.me.region) for kind, value in own),
        *(place_of(record) for record in records if record.startswith(PROFILE)),
        *(record for record in records if place_of(record).removeprefix(MENTION) in shared),
        *(each for name in names for each in name_identifiers(name)),
        *cards,
        *ids,
    } - {""}
    return Person(
        person_id=found.person_id,
        name=found.name,
        identifiers=frozenset(identifiers),
        shown=tuple(dict.fromkeys(own)),
        shared=tuple(sorted(shared)),
        spellings=frozenset(texts | {each for kind, each in own if kind == "email" or len(each) >= _LEAST}),
        names=frozenset(names - _names_of_others(connection, found.person_id)),
    )


def _id_of(connection: Connection, who: str) -> str:
    """The person meant; of several whose cards show an address the one who uses it."""
    users = rows(connection, "select person_id from main.people where primary_email = ?", [normalise(who)])
    return str(users[0][0]) if len(users) == 1 else find_person(connection, who)


def _refuse_the_owner(found: Holding, emails: set[str], settings: Settings) -> None:
    own = emails & {normalise(address) for address in settings.my_addresses}
    if found.is_me or own:
        named = " and ".join(sorted(own)) or found
        raise UserError(f"{named}: that is you; take it out of kith.toml first")


def _ids_of(connection: Connection, person: Holding) -> set[str]:
    """Their id, those that lead to it, and those that were born with a record which was once theirs alone."""
    former = rows(
        connection, "select person_id from people.redirects where to_person_id = ?", [person.person_id]
    )
    ids = {person.person_id, *(each for (each,) in former)}
    records = {*person.records, *_former_records(connection, ids)}
    born = rows(
        connection,
        """select person_id from people.ids where list_contains($1, founder)
        and person_id not in (select person_id from people.membership where valid_to is null)""",
        [list(records)],
    )
    return ids | {each for (each,) in born}


def _former_records(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Records that were theirs and are nobody's now: landing remembers what no source says any more."""
    found = rows(
        connection,
        """select distinct record from people.membership
        where list_contains($1, person_id) and record not in (
            select record from people.membership where valid_to is null)""",
        [list(ids)],
    )
    return {record for (record,) in found}


def _personal_address(record: str) -> str:
    """The address of a mention, if it can be one person's."""
    address = parse(place_of(record).removeprefix(MENTION))
    return address.value if record.startswith(MENTION) and address.kind == "personal" else ""


def _is_others_too(connection: Connection, person_id: str, kind: str, value: str) -> bool:
    """Whether an identifier is as much somebody else's: an office, a list, a mailbox that two write from."""
    if kind not in ("email", "phone"):
        return False
    [(others, writers)] = rows(
        connection,
        """select count(distinct person_id), count(distinct person_id) filter (primary_email = $1)
        from main.identifiers i join main.people using (person_id)
        where i.kind = $3 and value = $1 and person_id <> $2""",
        [value, person_id, kind],
    )
    if kind == "phone":
        return bool(others >= _OFFICE)
    return bool(writers or (others and parse(value).kind != "personal"))


def _spellings(
    connection: Connection, cards: Iterable[str], emails: set[str], records: set[str]
) -> tuple[set[str], set[str]]:
    """How their addresses, phones and profiles are written, and their full names."""
    texts, names = set[str](), set[str]()
    places = {place_of(record) for record in records}
    for name, written in rows(
        connection, "select distinct name, address from ledger.births where origin <> 'card'"
    ):
        address, cleaned = parse(written or ""), clean(name or "")
        if address.value in emails or address.value in places:
            texts.add(written)
        if cleaned.is_full and of_mention(address.value, cleaned.key, is_full=True) in records:
            names.add(cleaned.text)
    for name, addresses, numbers, urls in rows(
        connection,
        """select name, coalesce(emails, []), coalesce(phones, []), coalesce(urls, []) from landed.cards
        where list_contains($1, 'vcard:' || source || ':' || key)""",
        [list(cards)],
    ):
        names |= {clean(name or "").text} if clean(name or "").is_full else set()
        texts |= {each for each in addresses if normalise(each) in emails}
        texts |= {each for each in numbers if len(each) >= _LEAST}
        texts |= {url for url in urls if linkedin_slug(url)}
    return texts, names


def _normal(kind: str, value: str, region: str | None) -> str:
    if kind == "phone":
        return phone(value, region)
    return f"{PROFILE}{value}" if kind == "linkedin" else value if kind == "email" else ""


def _names_of_others(connection: Connection, person_id: str) -> set[str]:
    found = rows(
        connection,
        "select distinct name from main.people where person_id <> ? and name is not null",
        [person_id],
    )
    return {clean(name).text for (name,) in found}
