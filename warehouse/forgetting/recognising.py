"""Whether a text is, or holds, an identifier of somebody who is forgotten.

Texts come as others wrote them: an address with a tag, in capitals, quoted, within the id of a message or the
path of a bounce; a name within that of a file. Each reading of a text is hashed and looked up.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations, pairwise
from pathlib import Path
from urllib.parse import unquote

from warehouse.connection import Connection, rows
from warehouse.forgetting.memory import Memory, read_memory
from warehouse.people import names, phones, records
from warehouse.people.addresses import Address, parse
from warehouse.people.vocabulary import TAG_BLIND

_FOLDED_DOMAINS = frozenset({"gmail.com", *TAG_BLIND})
_APART = r"\s<>\"'(),;:|/\\\[\]"  # what stands between addresses, and in none that is not quoted
_ADDRESSES = re.compile(rf"([^{_APART}@]+)\"?@(?=([^{_APART}@]+))")
_DOMAINS = re.compile(rf"[@=](?=([^{_APART}@]+))")
_PROFILES = re.compile(r"linkedin:([^\s|]+)")
_RECORDS = (records.CARD, records.MENTION, "calendar:")
_NUMBERS = re.compile(r"(?<![\w.@])\+?\(?\d[\d\s()./-]{5,}(?:;ext=\d+)?")
_DIGITS = re.compile(r"\d+")
_UID = re.compile(r"\bUID (\S+)")
_SLUG = re.compile(r"(?=.*[\d-])[\w-]{5,100}")
_PERSON_ID = re.compile(r"p[a-z2-7]{16}")
_SNAPSHOT = re.compile(r"@\d{4}-\d{2}-\d{2}$")
_WORDS = re.compile(r"[^\W\d_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MOST = 64  # beginnings of a name, or endings of a domain, that are looked at


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


class Forgotten:
    """Questions to a `Memory`: each answer is True if it is somebody who is forgotten."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self._hashes = frozenset(memory.hashes)
        self._hints = frozenset(memory.hints)
        self._endings = frozenset(memory.endings)
        self._mine = frozenset(memory.mine)
        self.is_mine = lru_cache(maxsize=50_000)(self._is_mine)
        self.is_address = lru_cache(maxsize=200_000)(self._is_address)
        self.is_party = lru_cache(maxsize=200_000)(self._is_party)
        self.holds = lru_cache(maxsize=200_000)(self._holds)
        self.hidden_path = lru_cache(maxsize=10_000)(self._hidden_path)
        self._domains = lru_cache(maxsize=50_000)(self._find_domains)
        self._is_ending = lru_cache(maxsize=10_000)(lambda digits: memory.hint(digits) in self._endings)

    def is_known(self, identifier: str) -> bool:
        """Whether an identifier in normal form is among them."""
        return self.memory.digest(identifier) in self._hashes

    def _is_mine(self, raw: str) -> bool:
        """Whether an address is one of the owner's."""
        return self.memory.digest(parse(raw).value) in self._mine

    def _is_address(self, raw: str) -> bool:
        """Of an address or a profile, with whatever tag; also of one that more is written around."""
        written = _ADDRESSES.findall(raw)
        texts = [raw, *(f"{local}@{domain}" for local, domain in written)]
        if any(self._is_theirs(parse(each)) for each in texts):
            return True
        return any(self.is_known(each) for local, _ in written for each in self._within(local.lower()))

    def _is_theirs(self, address: Address) -> bool:
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

    def names(self, text: str) -> bool:
        """Whether a text says a full name, with at most one word within, or holds an identifier."""
        words = _WORDS.findall(names.fold(_CAMEL.sub(" ", text)))
        pairs = {*pairwise(words), *zip(words, words[2:], strict=False)}
        return self.holds(text) or any(self.is_known(f"name:{' '.join(sorted(pair))}") for pair in pairs)

    def _holds(self, text: str, source: str = "") -> bool:
        """Whether an identifier stands somewhere in a text; in a source also the key of one of its cards."""
        if not text:
            return False
        plain = _plain(text)
        return (
            ("@" in plain and (any(map(self.is_known, self._addresses_in(plain))) or self.is_address(plain)))
            or any(map(self.is_known, _profiles_in(plain)))
            or bool(source and _SLUG.fullmatch(plain) and self.is_known(f"linkedin:{plain}"))
            or (text.startswith(_RECORDS) and self.is_known(records.canonical(text)))
            or bool(source and any(self.is_known(records.of_card(source, key)) for key in _keys_in(text)))
            or any(map(self.is_phone, self._numbers_in(plain)))
            or any(map(self.is_known, _PERSON_ID.findall(text)))
        )

    def may_hold(self, text: str) -> bool:
        """Whether `holds` may be true of any part of a text, keys of cards aside. Quick, and rarely wrong."""
        plain = _plain(text)
        return (
            any(map(self._domains, _DOMAINS.findall(plain)))
            or "linkedin" in plain
            or any(True for _ in self._numbers_in(plain))
            or bool(_PERSON_ID.search(plain))
        )

    def _addresses_in(self, text: str) -> Iterator[str]:
        """Whatever may be an address in a text: a message's id may begin, a file's name end with more."""
        for local, domain in _ADDRESSES.findall(text):
            yield from self._spellings(local, domain)
            yield from self._within(local)

    def _within(self, local: str) -> Iterator[str]:
        """An address within one: bounces+jane=x.example@a.example, SRS0=h=d=x.example=jane@a.example."""
        before, equals, after = local.rpartition("=")
        if equals:
            yield from self._spellings(before, after)
            yield from self._spellings(after, before.rpartition("=")[2])

    def _spellings(self, local: str, domain: str) -> Iterator[str]:
        for candidate in self._domains(domain):
            starts = [0, *(found.end() for found in re.finditer(r"[\W_]", local))]
            for start in starts[-_MOST:]:
                part = local[start:]
                for each in dict.fromkeys((part, part.partition("+")[0])):
                    is_folded = candidate in _FOLDED_DOMAINS
                    yield parse(f"{each}@{candidate}").value if is_folded else f"{each}@{candidate}"

    def _find_domains(self, domain: str) -> tuple[str, ...]:
        """What of a domain may be one of theirs: it, and it without what may be a file's ending."""
        ends = [len(domain), *(found.start() for found in re.finditer(r"[\W_]", domain))]
        found = {parse(f"a@{domain[:end]}").domain for end in ends[:_MOST] if "." in domain[:end]}
        return tuple(each for each in sorted(found) if self.memory.hint(each) in self._hints)

    def _numbers_in(self, text: str) -> Iterator[str]:
        """What may be a phone number in a text: up to eight groups of digits, with an end like theirs."""
        for found in _NUMBERS.finditer(text) if self._endings else ():
            whole = found[0]
            groups = [(each.start(), each.end()) for each in _DIGITS.finditer(whole.partition(";")[0])]
            for last, (_, end) in enumerate(groups):
                digits = "".join(_DIGITS.findall(whole[:end]))
                if len(digits) > 5 and self._is_ending(digits[-4:]):
                    for start, _ in groups[max(last - 7, 0) : last + 1]:
                        yield whole[len(whole[:start].rstrip("+(")) : end]
                    if ";" in whole:
                        yield whole

    def hide(self, text: str) -> str:
        """A name for a text that must not be read: the same for the same text."""
        return f"forgotten-{self.memory.digest(text)[:16]}"

    def hidden(self, text: str, source: str = "") -> str:
        """The text, or what hides it if it holds an identifier."""
        return self.hide(text) if self.holds(text, source) else text

    def _hidden_path(self, path: str, source: str = "") -> str:
        """A path in which each part that holds an identifier or their name is hidden.

        The mark of an archive and the day of an export stay.
        """
        return "/".join(self._hidden_part(part, source) for part in path.split("/"))

    def _hidden_part(self, part: str, source: str) -> str:
        bare = part.removesuffix("!")
        day = found[0] if (found := _SNAPSHOT.search(bare)) else ""
        bare = bare.removesuffix(day)
        is_theirs = (
            self.holds(bare, source) or self.holds(bare.rpartition(".")[0], source) or self.names(bare)
        )
        return f"{self.hide(bare)}{day}{'!' if part.endswith('!') else ''}" if is_theirs else part


def phone(raw: str, region: str | None) -> str:
    """A number's normal form: E.164 where that is certain, else its digits; nothing if they are few."""
    bare = raw.removeprefix("tel:")
    digits = re.sub(r"\D", "", bare)
    return phones.e164(bare, region) or (digits if len(digits) > 5 else "")


def _plain(text: str) -> str:
    """The text in lower case, in one form of each letter (NFKC), and without percent signs of links."""
    if text.isascii() and "%" not in text:
        return text.lower()
    return unicodedata.normalize("NFKC", unquote(text)).lower()


def _profiles_in(text: str) -> Iterator[str]:
    if "linkedin" in text:
        if slug := phones.linkedin_slug(text):
            yield f"linkedin:{slug}"
        yield from (f"linkedin:{slug}" for slug in _PROFILES.findall(text))


def _keys_in(text: str) -> set[str]:
    return {text, *_UID.findall(text)}
