"""What an address says by itself: its normal form and the class it belongs to.

Nothing here decides who somebody is. Two spellings with one normal form reach one mailbox; the class says
whether that mailbox can be one person's at all.
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache

import idna
import polars as pl

from warehouse.people.phones import linkedin_slug
from warehouse.people.vocabulary import NOBODY_LOCAL_PARTS, ROLE_LOCAL_PARTS, TAG_BLIND

# Behind an address of mine on what is of a time in which it is another's (ownership): a comment (RFC 5322
# 3.2.2), which readers of headers leave on no address.
NOT_MINE = "(not-mine)"
_ORGANIZER_UNKNOWN = ("unknownorganizer", "calendar.google.com")
_SAME_DOMAIN = {"googlemail.com": "gmail.com"}

_BOT = re.compile(
    r"(?:no|do[-_.]?not|dont|not)[-_.]?reply|nepasrepondre|ne[-_.]pas[-_.]repondre|nicht[-_.]?antworten"
    r"|no[-_.]?responder|mailer[-_.]?daemon|\[bot\]"
    r"|^(?:reply|unsubscribe|notify|notification|notifications|alerts?|bounces?|automated|auto[-_.]?confirm)"
    r"(?:$|[-_.])"
    r"|(?:^|[-_.])(?:bot|robot|daemon|notifications?|notifier|bounces?)$"
)
_GITHUB_ID = re.compile(r"^\d+\+(?=[^+]+$)")
_LIST_DOMAIN = re.compile(
    r"^(?:lists?|listserv|mailman|groups)\.[^.]+\.|^(?:googlegroups\.com|groups\.io)$|^freelists\."
)
_LIST_LOCAL = re.compile(
    r".[-_](?:lists?|announce|devel|users|request)$|^(?:owner|majordomo|listserv)(?:$|-)"
)
# An address that is its own normal form but for its case, as nearly all are.
_SIMPLE = r"^[A-Za-z0-9][A-Za-z0-9._=-]*@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}$"
_SPECIAL_DOMAIN = r"xn--|^googlemail\.com$|^users\.noreply\.github\.com$|(?:^|\.)calendar\.google\.com$"
_PROFILE = "linkedin:"
_NOWHERE = re.compile(r"(?:^|\.)(?:localhost|localdomain|local|lan|internal|invalid)$|\(none\)|^unknown$")


@dataclass(frozen=True, slots=True)
class Address:
    """A normalised address.

    value: normal form, the text of the key; empty if nothing was written; ``linkedin:slug`` of a profile.
    kind: ``personal``, ``role``, ``list``, ``bot``, ``room`` or ``placeholder``; only ``personal`` is a key.
    """

    value: str
    local: str
    domain: str
    kind: str

    @property
    def slug(self) -> str:
        """Of a LinkedIn profile, which stands where an address does in messages on LinkedIn; else empty."""
        return self.local if self.value.startswith(_PROFILE) else ""


def normalise(raw: str) -> str:
    """The normal form of an address as written; text without an @ comes back trimmed and in lower case."""
    return parse(raw).value


@lru_cache(maxsize=200_000)
def parse(raw: str) -> Address:
    """The address behind a spelling (RFC 5322 addr-spec, RFC 6068 ``mailto:``, RFC 5890 domains)."""
    if raw.endswith(NOT_MINE):
        address = parse(raw.removesuffix(NOT_MINE))
        return replace(address, value=f"{address.value}{NOT_MINE}")
    text = written(raw)
    local, at, domain = text.rpartition("@")
    if not at:
        slug = text.removeprefix(_PROFILE) if text.startswith(_PROFILE) else linkedin_slug(text)
        return (
            Address(f"{_PROFILE}{slug}", slug, "", "personal")
            if slug
            else Address(text, text, "", "placeholder")
        )
    domain = _SAME_DOMAIN.get(domain, domain)
    if domain == "users.noreply.github.com":
        # GitHub writes "id+login" since 2017 and "login" before: the login is the mailbox.
        local = _GITHUB_ID.sub("", local)
    base = local.partition("+")[0]
    kind = _kind(base or local, domain)
    # A bot's tag is a token for one message: all its mail comes from one sender.
    if base and (domain in TAG_BLIND or kind == "bot"):
        local = base
    if domain == "gmail.com":
        local = local.replace(".", "") or local
    return Address(f"{local}@{domain}", local, domain, kind)


def written(raw: str) -> str:
    """The address as its owner would write it: lower case, no ``mailto:`` or brackets, a readable domain."""
    text = unicodedata.normalize("NFKC", raw.removesuffix(NOT_MINE)).strip().lower()
    text = text.removeprefix("mailto:").partition("?")[0] if text.startswith("mailto:") else text
    text = text.strip("<>\"' \t,;")
    text = "".join(text.split())
    local, at, domain = text.rpartition("@")
    return f"{local.strip(chr(34))}@{_readable(domain.rstrip('.'))}" if at else text


def parse_all(raw: pl.Series) -> pl.DataFrame:
    """One row per distinct spelling: address as given, and its value, spelling and kind.

    What `parse` and `written` say of each. Simple personal addresses are read as columns, others one by one.
    """
    texts = pl.DataFrame({"address": raw.unique()})
    simple = texts.filter(pl.col("address").str.contains(_SIMPLE)).select(
        "address", spelling=pl.col("address").str.to_lowercase()
    )
    parts = pl.col("spelling").str.splitn("@", 2).struct
    simple = simple.with_columns(
        parts.field("field_0").alias("local"), parts.field("field_1").alias("domain")
    )
    local, domain = pl.col("local"), pl.col("domain")
    dotless = pl.format("{}@{}", local.str.replace_all(".", "", literal=True), domain)
    simple = simple.filter(
        ~domain.str.contains(f"{_SPECIAL_DOMAIN}|{_NOWHERE.pattern}|{_LIST_DOMAIN.pattern}"),
        ~local.str.contains(f"{_BOT.pattern}|{_LIST_LOCAL.pattern}"),
        ~local.is_in(sorted(ROLE_LOCAL_PARTS | NOBODY_LOCAL_PARTS)),
    ).select(
        "address",
        pl.when(domain == "gmail.com").then(dotless).otherwise("spelling").alias("value"),
        "spelling",
        pl.lit("personal").alias("kind"),
    )
    others = texts.join(simple, on="address", how="anti", nulls_equal=True)["address"]
    read = [(text, (found := parse(text)).value, written(text), found.kind) for text in others]
    return pl.concat([simple, pl.DataFrame(read, schema=simple.schema, orient="row")])


def _readable(domain: str) -> str:
    """The Unicode form of a domain; an invalid A-label stays as it is, for no address is ever dropped."""
    if "xn--" not in domain:
        return domain
    try:
        return idna.decode(domain)
    except idna.IDNAError:
        return domain


def is_list_domain(domain: str) -> bool:
    """Whether only mailing lists have addresses there."""
    return bool(_LIST_DOMAIN.search(domain))


def _kind(base: str, domain: str) -> str:
    rules = (
        ("room", domain == "resource.calendar.google.com"),
        ("list", domain in ("group.calendar.google.com", "import.calendar.google.com")),
        ("placeholder", not base or "." not in domain or bool(_NOWHERE.search(domain))),
        ("placeholder", base in NOBODY_LOCAL_PARTS or (base, domain) == _ORGANIZER_UNKNOWN),
        ("bot", bool(_BOT.search(base))),
        ("list", bool(_LIST_DOMAIN.search(domain) or _LIST_LOCAL.search(base))),
        ("role", base in ROLE_LOCAL_PARTS),
    )
    return next((kind for kind, holds in rules if holds), "personal")
