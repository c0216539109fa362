"""Display names: what is left when company, title, list and encoding are taken away, and who fits whom.

`clean` turns a display name into a `Name`; `compatible` says whether two names can be one person's. Both
are pure. A name that cannot be read as a person's has no tokens and conflicts with nobody.
"""

import re
import unicodedata
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from functools import cache, lru_cache

import polars as pl
from nicknames import NickNamer
from rapidfuzz.distance import JaroWinkler

from warehouse.people.vocabulary import (
    CREDENTIALS,
    CREDENTIALS_AFTER_COMMA,
    GENERATIONS,
    NOT_PERSONAL,
    TITLES,
)

_LETTERS = str.maketrans(
    {
        "ø": "o", "ł": "l", "đ": "d", "ı": "i", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h",
    }
)  # fmt: skip
_QUOTES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"', "\\": None})

_ENCODED = re.compile(r"=\?[^?\s]+\?[bq]\?[^?]*\?=", re.IGNORECASE)
_ADDRESS = re.compile(r"<?(?:mailto:)?[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+>?", re.IGNORECASE)
_VIA = re.compile(r"\s*[(\[]?\s*\bvia\s+(?P<what>.+?)[)\]]?$", re.IGNORECASE)
_BEHALF = re.compile(r"\b(?:on behalf of|im auftrag von|de la part de)\b", re.IGNORECASE)
_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\"[^\"]*\"(?=\s+\S)|(?<=\s)'[^']{2,}'(?=\s)")
_TAIL = re.compile(r"\s+(?:[-–—/:]+|@|at|bei|chez)\s+|\s*[|•·]\s*")
_JOINT = re.compile(r"\s(?:&|\+|and|und|et)\s", re.IGNORECASE)
_CAMEL = re.compile(r"^([A-Z][a-z]{2,})([A-Z][a-z]{2,})$")
_WORD = re.compile(r"[^\W_]+")
# Two or three capitalised words that mean nothing by themselves are a name as it stands, as most are.
_SIMPLE = r"^[A-Z][a-z]+(?: [A-Z][a-z]+){1,2}$"
_MEANING = frozenset(["and", "und", "et", "via", "behalf", "auftrag", "part"])


@dataclass(frozen=True, slots=True)
class Name:
    """A cleaned display name.

    text: as it may be shown, "Last, First" turned, without titles. tokens: folded words, given name first.
    suffix: ``jr``, ``sr``, ``ii``…, the only trace of a generation. via: the list or service that sent it.
    is_full: a given and a family name of a person, so that it can contradict another.
    key: the same for every order and spelling of the words.
    """

    text: str
    tokens: tuple[str, ...] = ()
    suffix: str = ""
    via: str = ""
    is_full: bool = False
    key: str = ""


@lru_cache(maxsize=200_000)
def clean(raw: str) -> Name:
    """The name in a display name (FN, CN, From phrase), as far as it is a person's."""
    text = _plain(raw)
    text, via = _without_via(text)
    text = _ADDRESS.sub(" ", text)
    if not text.strip() or _BEHALF.search(text):
        return Name("", via=via)
    text = _without_tail(_without_asides(text))
    text, suffix = _in_order(text)
    camel = _CAMEL.match(text)
    words = _WORD.findall(fold(" ".join(camel.groups()) if camel else text).replace("'", ""))
    key = " ".join([*sorted(words), *([suffix] if suffix else [])])
    if _JOINT.search(f" {text} ") or not NOT_PERSONAL.isdisjoint(words):
        return Name(text, via=via, key=key)
    is_full = " " in text and sum(len(word) > 1 for word in words) > 1 and not re.search(r"\d", text)
    shown = f"{text} {suffix.title() if suffix in ('jr', 'sr') else suffix.upper()}".strip()
    return Name(shown, tuple(words), suffix, via, is_full, key)


def clean_all(raw: pl.Series) -> pl.DataFrame:
    """One row per distinct name: name as given, and its key, is_full, text, tokens, suffix and has_via.

    What `clean` says of each. Simple names are read as columns, the others one by one.
    """
    texts = pl.DataFrame({"name": raw.unique()})
    spoken = NOT_PERSONAL | TITLES | CREDENTIALS_AFTER_COMMA | GENERATIONS.keys() | _MEANING
    lower = pl.col("name").str.to_lowercase()
    simple = texts.filter(
        pl.col("name").str.contains(_SIMPLE), ~lower.str.contains(rf"\b(?:{'|'.join(sorted(spoken))})\b")
    ).select(
        "name",
        lower.str.split(" ").list.sort().list.join(" ").alias("key"),
        pl.lit(value=True).alias("is_full"),
        pl.col("name").alias("text"),
        lower.str.split(" ").alias("tokens"),
        pl.lit("").alias("suffix"),
        pl.lit(value=False).alias("has_via"),
    )
    others = texts.join(simple, on="name", how="anti")["name"]
    read = [
        (text, name.key, name.is_full, name.text, list(name.tokens), name.suffix, bool(name.via))
        for text, name in zip(others, map(clean, others), strict=True)
    ]
    return pl.concat([simple, pl.DataFrame(read, schema=simple.schema, orient="row")])


@lru_cache(maxsize=200_000)
def fold(text: str) -> str:
    """Letters without case and accents, for comparison only."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(char for char in plain if not unicodedata.combining(char))


def compatible(a: Name, b: Name) -> bool:
    """Whether both names can be one person's: no more than that, two strangers may share a name."""
    if not a.tokens or not b.tokens:
        return True
    if a.suffix and b.suffix and a.suffix != b.suffix:
        return False
    left, right = [[_umlaut(word) for word in name.tokens] for name in (a, b)]
    if set(left) <= set(right) or set(right) <= set(left) or "".join(left) == "".join(right):
        return True
    if len(left) == 1 or len(right) == 1:
        return _same_given(a.tokens[0], b.tokens[0])
    families = {left[-1], right[-1]} & set(left) & set(right)
    return any(_same_givens(_less(a, left, family), _less(b, right, family)) for family in families)


def _same_givens(a: list[str], b: list[str]) -> bool:
    """Every given name of the shorter has a partner of its own in the longer."""
    short, free = sorted((a, b), key=len)[0], list(sorted((a, b), key=len)[1])
    for word in short:
        partner = next((other for other in free if _same_given(word, other)), None)
        if partner is None:
            return False
        free.remove(partner)
    return True


def _same_given(a: str, b: str) -> bool:
    if b in _nicknames(a) or a in _nicknames(b):
        return True
    a, b = _umlaut(a), _umlaut(b)
    if a == b or (min(len(a), len(b)) == 1 and a[0] == b[0]):
        return True
    a, b = a.removesuffix("h"), b.removesuffix("h")
    # Mario and Maria, Karl and Karla look alike and share a table, not a body.
    if min(len(a), len(b)) < 3 or a.endswith("a") != b.endswith("a"):
        return a == b
    return JaroWinkler.similarity(a, b) >= 0.88


@cache
def _namer() -> NickNamer:
    return NickNamer()


@lru_cache(maxsize=50_000)
def _nicknames(given: str) -> frozenset[str]:
    return frozenset(_namer().nicknames_of(given))


def _umlaut(word: str) -> str:
    return word.replace("ae", "a").replace("oe", "o").replace("ue", "u")


def _less(name: Name, folded: list[str], family: str) -> list[str]:
    """The words of a name as they are without its family name."""
    at = folded.index(family)
    return [*name.tokens[:at], *name.tokens[at + 1 :]]


def _plain(raw: str) -> str:
    """Encoded words (RFC 2047) that a sender quoted are decoded; pictures and control characters go."""
    text = _ENCODED.sub(lambda found: _decoded(found.group()), raw) if "=?" in raw else raw
    text = text.translate(_QUOTES)
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFKC", text).translate(_QUOTES)
        text = "".join(" " if char.isspace() else char for char in text if not _is_ornament(char))
    text = " ".join(text.split()).strip(" \"'<>,;")
    return text.removeprefix("mailto:")


def _is_ornament(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Cn", "Co", "Cs", "So", "Sk") and not char.isspace()


def _decoded(word: str) -> str:
    try:
        return "".join(
            part if isinstance(part, str) else part.decode(charset or "utf-8", "replace")
            for part, charset in decode_header(word)
        )
    except (HeaderParseError, LookupError, ValueError):
        return word


def _without_via(text: str) -> tuple[str, str]:
    """ "Jane Doe via the-list": a list or a service wrote its own address under somebody's name."""
    found = _VIA.search(text)
    if not found or not found.start():
        return text, ""
    return text[: found.start()].strip(" \"'"), found["what"].strip(" \"'")


def _without_asides(text: str) -> str:
    bare = " ".join(_ASIDE.sub(" ", text).split()).strip(" \"',;-–")
    return bare or text.strip("()[]\"' ")


def _without_tail(text: str) -> str:
    """Of "Jane Doe - ACME GmbH" and "ACME GmbH | Jane Doe" the part that can be a person."""
    parts = [part.strip() for part in _TAIL.split(text) if part.strip()]
    personal = (part for part in parts if NOT_PERSONAL.isdisjoint(_WORD.findall(fold(part))))
    return next(personal, parts[0] if parts else "")


def _in_order(text: str) -> tuple[str, str]:
    """Given name first, titles and degrees gone: the text and the generation."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    suffix = ""
    while len(parts) > 1 and all(_is_appended(word) for word in parts[-1].split()):
        appended = map(_dotless, parts.pop().split())
        suffix = next((GENERATIONS[word] for word in appended if word in GENERATIONS), suffix)
    words = _turned(parts).split()
    while len(words) > 1 and _dotless(words[0]) in TITLES:
        words.pop(0)
    while len(words) > 1 and _dotless(words[-1]) in CREDENTIALS:
        words.pop()
    if len(words) > 2 and _dotless(words[-1]) in GENERATIONS:
        suffix = GENERATIONS[_dotless(words.pop())]
    return " ".join(words), suffix


def _turned(parts: list[str]) -> str:
    """The words of "Doe, Jane" turned; of "Jane Doe, ACME GmbH" the name; anything else as it stands."""
    if len(parts) != 2:
        return " ".join(parts)
    first, second = parts
    if not NOT_PERSONAL.isdisjoint(_WORD.findall(fold(second))):
        return first if " " in first else f"{first}, {second}"
    return f"{second} {first}" if max(len(first.split()), len(second.split())) <= 3 else f"{first} {second}"


def _is_appended(word: str) -> bool:
    return _dotless(word) in CREDENTIALS_AFTER_COMMA or _dotless(word) in GENERATIONS


def _dotless(word: str) -> str:
    return fold(word).replace(".", "").strip("()")
