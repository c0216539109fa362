"""Seeded chance that gives the same world on every Python version and machine.

Only `Random.random()` promises the same numbers across Python versions, so everything is drawn from it, and
each stream is seeded by a name: a change to one person leaves all the others as they were.
"""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """A named stream of choices."""

    def __init__(self, seed: int, name: str) -> None:
        self._random = Random(f"{seed}:{name}")

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def pick(self, things: Sequence[T]) -> T:
        """One of the things."""
        return things[self.between(0, len(things) - 1)]

    def happens(self, probability: float) -> bool:
        """True with this probability."""
        return self._random.random() < probability

    def token(self) -> str:
        """Eight hexadecimal digits."""
        return f"{self.between(0, 0xFFFFFFFF):08x}"
