"""Whose warehouse it is, and by which rules people are told apart."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from warehouse.people.decisions import Active, digest


@dataclass(frozen=True)
class Owner:
    """Whose warehouse it is: addresses, time zone (IANA), country of phone numbers without a prefix.

    periods: of addresses that are mine at times only, each time: address, first and last day in the zone.
    """

    me: Sequence[str]
    zone: str
    region: str | None = None
    periods: Sequence[tuple[str, date | None, date | None]] = ()


@dataclass(frozen=True)
class Rules:
    """What says who is who beside the records: the user's decisions, and whether rare names link."""

    decisions: Active = field(default_factory=Active)
    rare_names: bool = False

    @property
    def digest(self) -> str:
        """The same as long as people need not be made anew."""
        return f"{digest(self.decisions)} {self.rare_names}"
