"""What a home remembers of those whom it has forgotten.

    <home>/forgotten.json    {"key", "hashes", "hints", "mine", "region", "people", "is_finished"}

A hash is HMAC-SHA256 (RFC 2104) of an identifier in normal form: an address as `people.addresses` reads it,
a phone in E.164, ``linkedin:slug``, ``vcard:source:key`` of a card, ``header:address|name`` of a name at an
address that others use too, ``name:words`` of a full name, or the id of a person. Nothing in the file can be
read; whoever guesses an identifier can ask whether it is there, as every sync does.
"""

import hmac
import secrets
from collections.abc import Iterable
from pathlib import Path

import msgspec

from warehouse.errors import WarehouseError
from warehouse.landing import write_durably
from warehouse.people import names
from warehouse.people.addresses import parse

FILE = "forgotten.json"
REASON = "forgotten"  # why a record was skipped


class Memory(msgspec.Struct, kw_only=True, frozen=True):
    """The file.

    hints: one byte for the domain of each address, endings: one for the last digits of each number, so that
    others need no closer look. mine: hashes of my own addresses. people: how many were forgotten.
    is_finished: nothing is left to do.
    """

    key: str
    hashes: list[str] = []
    hints: list[int] = []
    endings: list[int] = []
    mine: list[str] = []
    region: str | None = None
    people: int = 0
    is_finished: bool = True

    def digest(self, text: str) -> str:
        """The keyed hash of a normal form."""
        return self._hashed(text).hex()

    def hint(self, text: str) -> int:
        """One byte of a domain or of digits: it rules out nearly all others and gives none away."""
        return self._hashed(f"@{text}")[0]

    def _hashed(self, text: str) -> bytes:
        return hmac.digest(bytes.fromhex(self.key), text.encode("utf-8", "replace"), "sha256")


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
    content = msgspec.json.format(msgspec.json.encode(memory), indent=1)
    write_durably(home / FILE, content, mode=0o600)


def is_unfinished(home: Path) -> bool:
    """Whether somebody was to be forgotten and it was cut off."""
    memory = read_memory(home)
    return memory is not None and not memory.is_finished


def settle(home: Path, order: Memory | None) -> None:
    """Note that nothing is left of an order to do, unless somebody else was to be forgotten meanwhile."""
    if order and read_memory(home) == order:
        write_memory(home, msgspec.structs.replace(order, is_finished=True))


def with_identifiers(
    memory: Memory, identifiers: Iterable[str], *, mine: Iterable[str], region: str | None
) -> Memory:
    """The memory with one more person, whose work is yet to be done.

    identifiers: in normal form. mine: my addresses.
    """
    texts = set(identifiers)
    hashes = {memory.digest(text) for text in texts}
    return msgspec.structs.replace(
        memory,
        hashes=sorted({*memory.hashes, *hashes}),
        hints=sorted({*memory.hints, *map(memory.hint, filter(None, map(_domain, texts)))}),
        endings=sorted({*memory.endings, *map(memory.hint, filter(None, map(_ending, texts)))}),
        mine=sorted({memory.digest(parse(address).value) for address in mine}),
        region=region,
        people=memory.people + (not hashes <= set(memory.hashes)),
        is_finished=False,
    )


def _domain(identifier: str) -> str:
    return identifier.rpartition("@")[2] if "@" in identifier and ":" not in identifier else ""


def _ending(identifier: str) -> str:
    """The last four digits of a number."""
    number = identifier.partition(";")[0].removeprefix("+")
    return number[-4:] if number.isdecimal() else ""


def name_identifiers(raw: str) -> set[str]:
    """A full name in its normal forms: all words, first and last, and the initial with the family name."""
    name = names.clean(raw)
    if not name.is_full or len(name.tokens) < 2:
        return set()
    given, family = name.tokens[0], name.tokens[-1]
    pairs = (sorted((given, family)), [given[0], family])
    return {f"name:{name.key}", *(f"name:{' '.join(pair)}" for pair in pairs)}
