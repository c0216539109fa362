"""The id of a person: a function of the claim that the person was born with."""

import base64
import hashlib
from collections.abc import Sequence

import polars as pl

_BYTES = 10  # are sixteen letters


def person_id(claim: str) -> str:
    """The id of whoever was born with this claim. The batch is no part of it: it only says who was first."""
    return "p" + _letters([claim])


def person_ids(addresses: pl.Series) -> pl.Series:
    """The ids of those who were born with an address, as `person_id` gives them."""
    letters = _letters([f"email:{address}" for address in addresses])
    width = len(letters) // len(addresses) if len(addresses) else 0
    ids = ["p" + letters[at : at + width] for at in range(0, len(letters), width or 1)]
    return pl.Series("person_id", ids, dtype=pl.String)


def _letters(claims: Sequence[str]) -> str:
    """All in one: of whole groups of five bytes each is encoded by itself (RFC 4648 6)."""
    digests = b"".join(hashlib.sha256(claim.encode()).digest()[:_BYTES] for claim in claims)
    return base64.b32encode(digests).decode().lower()
