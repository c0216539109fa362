"""Who is forgotten: keyed hashes of identifiers, and whether a text is, or holds, one of them.

    <home>/forgotten.json    {"key", "hashes", "hints", "mine", "region", "people", "is_finished"}

A hash is HMAC-SHA256 (RFC 2104) of an identifier in normal form: an address as `people.addresses` reads it,
a phone in E.164, ``linkedin:slug``, ``vcard:source:key`` of a card, ``header:address|name`` of a name at an
address that others use too, ``name:words`` of a full name, or the id of a person. Nothing in the file can be
read; whoever guesses an identifier can ask whether it is there, as every sync does.
"""

import hmac
import re
import secrets
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import combinations
from pathlib import Path

import msgspec

from warehouse.connection import Connection, rows
from warehouse.errors import WarehouseError
from warehouse.landing import write_durably
from warehouse.people import names, phones, records
from warehouse.people.addresses import parse
from warehouse.people.vocabulary import TAG_BLIND

FILE = "forgotten.json"
REASON = "forgotten"  # why a record was skipped

_FOLDED_DOMAINS = frozenset({"gmail.com", "googlemail.com", *TAG_BLIND})
_ADDRESSES = re.compile(r"([^\s<>\"'(),;:|/\\@\[\]]+)@([^\s<>\"'(),;:|/\\@\[\]]+)")
_PROFILES = re.compile(r"linkedin:([^\s|]+)")
_PHONE = re.compile(r"(?!\d{4}-\d\d-\d\d$)(?:tel:)?\+?[\d(][\d\s()./-]{5,}(?:;ext=\d+)?")
_UID = re.compile(r"\bUID (\S+)")
_PERSON_ID = re.compile(r"p[a-z2-7]{16}")
_SNAPSHOT = re.compile(r"@\d{4}-\d{2}-\d{2}$")


class Memory(msgspec.Struct, kw_only=True, frozen=True):
    """The file. hints: one byte for the domain of each address, so that others need no closer look.

    mine: hashes of my own addresses. people: how many were forgotten. is_finished: nothing is left to do.
    """

    key: str
    hashes: list[str] = []
    hints: list[int] = []
    mine: list[str] = []
    region: str | None = None
    people: int = 0
    is_finished: bool = True


def new_memory() -> Memory:
    """Nobody yet, and a key of its own."""
    return Memory(key=secrets.token_hex(32))


def read_memory(home: Path) -> Memory | None:
    """What a home remembers of the forgotten; None if there was nobody yet."""
    path = home / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Memory)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise WarehouseError(f"{path}: {error}; restore it from a backup") from error


def write_memory(home: Path, memory: Memory) -> None:
    """Keep it, whole and readable to its owner only."""
    path = home / FILE
    path.touch(mode=0o600)
    write_durably(path, msgspec.json.format(msgspec.json.encode(memory), indent=1), mode=0o600)


def beside(connection: Connection) -> "Forgotten | None":
    """Those whom the home of an open database has forgotten; None if there is nobody.

    Asked of the database itself, so that nobody who writes to it can leave it out.
    """
    [(path,)] = rows(
        connection, "select path from duckdb_databases() where database_name = current_database()"
    )
    return of_home(Path(path).parent) if path else None


def of_home(home: Path) -> "Forgotten | None":
    """Those whom a home has forgotten; None if there is nobody."""
    memory = read_memory(home)
    return Forgotten(memory) if memory and memory.hashes else None


def with_identifiers(
    memory: Memory, identifiers: Iterable[str], *, mine: Iterable[str], region: str | None
) -> Memory:
    """The memory with one more person, whose work is yet to be done.

    identifiers: in normal form. mine: my addresses.
    """
    forgotten = Forgotten(memory)
    texts = set(identifiers)
    domains = {text.rpartition("@")[2] for text in texts if "@" in text and ":" not in text}
    return msgspec.structs.replace(
        memory,
        hashes=sorted({*memory.hashes, *map(forgotten.digest, texts)}),
        hints=sorted({*memory.hints, *map(forgotten.hint, domains)}),
        mine=sorted({forgotten.digest(parse(address).value) for address in mine}),
        region=region,
        people=memory.people + (not all(map(forgotten.is_known, texts))),
        is_finished=False,
    )


def name_identifiers(raw: str) -> set[str]:
    """A full name in its normal forms: all words, first and last, and the initial with the family name."""
    name = names.clean(raw)
    if not name.is_full or len(name.tokens) < 2:
        return set()
    given, family = name.tokens[0], name.tokens[-1]
    pairs = (sorted((given, family)), [given[0], family])
    return {f"name:{name.key}", *(f"name:{' '.join(pair)}" for pair in pairs)}


class Forgotten:
    """Questions to a `Memory`: each answer is True if it is somebody who is forgotten."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self._key = bytes.fromhex(memory.key)
        self._hashes = frozenset(memory.hashes)
        self._hints = frozenset(memory.hints)
        self._mine = frozenset(memory.mine)
        self.is_address = lru_cache(maxsize=200_000)(self._is_address)
        self.is_party = lru_cache(maxsize=200_000)(self._is_party)
        self.holds = lru_cache(maxsize=200_000)(self._holds)
        self.hidden_path = lru_cache(maxsize=10_000)(self._hidden_path)
        self._domains = lru_cache(maxsize=50_000)(self._find_domains)

    def digest(self, text: str) -> str:
        """The keyed hash of a normal form."""
        return hmac.digest(self._key, text.encode("utf-8", "replace"), "sha256").hex()

    def hint(self, domain: str) -> int:
        """One byte of a domain: it rules out nearly all others and gives none away."""
        return hmac.digest(self._key, f"@{domain}".encode("utf-8", "replace"), "sha256")[0]

    def is_mine(self, raw: str) -> bool:
        """Whether an address is one of the owner's."""
        return self.digest(parse(raw).value) in self._mine

    def is_known(self, identifier: str) -> bool:
        """Whether an identifier in normal form is among them."""
        return self.digest(identifier) in self._hashes

    def _is_address(self, raw: str) -> bool:
        """Of an address or a profile, with whatever tag."""
        address = parse(raw)
        if not address.value:
            return False
        base, plus, _ = address.local.partition("+")
        tagged = base and plus and address.domain
        return self.is_known(address.value) or bool(tagged and self.is_known(f"{base}@{address.domain}"))

    def _is_party(self, name: str, address: str) -> bool:
        """Of who stands in a header or on a meeting: by the address, or by the name where it is not alone."""
        if self.is_address(address):
            return True
        cleaned = names.clean(name) if name else None
        if cleaned is None or not cleaned.is_full:
            return False
        if not address:
            return self.is_name(name)
        return self.is_known(records.of_mention(parse(address).value, cleaned.key, is_full=True))

    def is_phone(self, raw: str) -> bool:
        """Of a number as written."""
        number = phone(raw, self.memory.region)
        return bool(number) and self.is_known(number)

    def is_name(self, raw: str, *, by_initial: bool = False) -> bool:
        """Of a full name, whatever stands between its first and its last word; or only its initial fits."""
        name = names.clean(raw)
        if not name.is_full:
            return False
        pairs = {" ".join(sorted(pair)) for pair in combinations(name.tokens[:6], 2)}
        if by_initial and len(name.tokens) > 1:
            pairs.add(f"{name.tokens[0][0]} {name.tokens[-1]}")
        return any(self.is_known(f"name:{text}") for text in {name.key, *pairs})

    def _holds(self, text: str, source: str = "") -> bool:
        """Whether an identifier stands somewhere in a text; in a source also the key of one of its cards."""
        if not text:
            return False
        return (
            ("@" in text and any(map(self.is_known, self._addresses_in(text.lower()))))
            or ("linkedin" in text.lower() and any(map(self.is_known, _profiles_in(text))))
            or (text.startswith((records.CARD, records.MENTION)) and self.is_known(text))
            or bool(source and any(self.is_known(records.of_card(source, key)) for key in _keys_in(text)))
            or bool(_PHONE.fullmatch(text) and self.is_phone(text))
            or any(map(self.is_known, _PERSON_ID.findall(text)))
        )

    def _addresses_in(self, text: str) -> Iterator[str]:
        """Whatever may be an address in a text: a message's id may begin, a file's name end with more."""
        for local, domain in _ADDRESSES.findall(text):
            yield from self._spellings(local, domain)
            verp, equals, within = local.rpartition("=")  # bounces+jane=x.example@lists.example
            if equals:
                yield from self._spellings(verp, within)

    def _spellings(self, local: str, domain: str) -> Iterator[str]:
        for candidate in self._domains(domain):
            starts = [0, *(found.end() for found in re.finditer(r"[^a-z0-9]", local))]
            for start in starts[:12]:
                part = local[start:]
                for each in dict.fromkeys((part, part.partition("+")[0])):
                    is_folded = candidate in _FOLDED_DOMAINS
                    yield parse(f"{each}@{candidate}").value if is_folded else f"{each}@{candidate}"

    def _find_domains(self, domain: str) -> tuple[str, ...]:
        """What of a domain may be one of theirs: it, and it without what may be a file's ending."""
        ends = [len(domain), *(found.start() for found in re.finditer(r"[^a-z0-9]", domain))]
        found = {parse(f"a@{domain[:end]}").domain for end in ends[:12] if "." in domain[:end]}
        return tuple(each for each in sorted(found) if self.hint(each) in self._hints)

    def hide(self, text: str) -> str:
        """A name for a text that must not be read: the same for the same text."""
        return f"forgotten-{self.digest(text)[:16]}"

    def hidden(self, text: str, source: str = "") -> str:
        """The text, or what hides it if it holds an identifier."""
        return self.hide(text) if self.holds(text, source) else text

    def _hidden_path(self, path: str, source: str = "") -> str:
        """A path in which each part that holds an identifier or is their name is hidden.

        The mark of an archive and the day of an export stay.
        """
        return "/".join(self._hidden_part(part, source) for part in path.split("/"))

    def _hidden_part(self, part: str, source: str) -> str:
        bare = part.removesuffix("!")
        day = found[0] if (found := _SNAPSHOT.search(bare)) else ""
        bare = bare.removesuffix(day)
        stem = bare.partition(".")[0] if "@" not in bare else bare
        is_theirs = (
            self.holds(bare, source)
            or self.holds(bare.rpartition(".")[0], source)
            or (bool(stem) and self.is_known(f"linkedin:{stem.lower()}"))
            or self.is_name(re.sub(r"[\W_]+", " ", stem))
        )
        return f"{self.hide(bare)}{day}{'!' if part.endswith('!') else ''}" if is_theirs else part


def phone(raw: str, region: str | None) -> str:
    """A number's normal form: E.164 where that is certain, else its digits; nothing if they are few."""
    bare = raw.removeprefix("tel:")
    digits = re.sub(r"\D", "", bare)
    return phones.e164(bare, region) or (digits if len(digits) > 5 else "")


def _profiles_in(text: str) -> Iterator[str]:
    if slug := phones.linkedin_slug(text):
        yield f"linkedin:{slug}"
    yield from (f"linkedin:{slug.lower()}" for slug in _PROFILES.findall(text))


def _keys_in(text: str) -> set[str]:
    return {text, *_UID.findall(text)}
