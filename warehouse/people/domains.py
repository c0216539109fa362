"""Whose a domain is: the part that somebody registered, and whether anybody may have an address there."""

from functools import cache, lru_cache
from importlib.resources import files

import polars as pl
from publicsuffixlist import PublicSuffixList


@lru_cache(maxsize=100_000)
def registrable(domain: str) -> str:
    """The domain that was registered: ``acme.co.uk`` of ``mail.acme.co.uk``.

    By the rules of the public suffix list that registries set, not by those of hosting companies; a domain
    that is itself a suffix, or has no dot, stays as it is.
    """
    name = domain.strip().rstrip(".").lower()
    return _suffixes().privatesuffix(name) or name


@lru_cache(maxsize=100_000)
def is_shared(domain: str) -> bool:
    """Whether strangers have addresses there: free mail, access providers, hosting and code forges."""
    name = domain.strip().rstrip(".").lower()
    return name in _shared() or registrable(name) in _shared()


def read_domains(domains: pl.Series) -> pl.DataFrame:
    """One row per distinct domain: domain, and what the two functions say of it (site, is_shared)."""
    names = domains.drop_nulls().unique().to_list()
    rows = [(name, registrable(name), is_shared(name)) for name in names]
    schema = {"domain": pl.String, "site": pl.String, "is_shared": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(only_icann=True)


@cache
def _shared() -> frozenset[str]:
    """The kept list: words of all lines that are no comments."""
    text = files(__package__).joinpath("shared_domains.txt").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(word for line in lines for word in line.split())
