"""What the world knows of a person: names, addresses, and the rhythm in which we are in touch."""

from dataclasses import dataclass
from datetime import date

from .plan import Mailbox

QUIET, NOT_QUIET = "quiet", "not quiet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Contact days walk back from `silent` days before the as-of day to `since`, `gap` days apart.

    meets: share of contact days that are meetings. ends: the last contact: my ``reply``, a ``meeting``,
    a message of ``mine`` or of ``theirs``. one_way: I write, they never do. at_most: contact days in all.
    """

    since: date
    silent: int
    gap: tuple[int, int]
    meets: float = 0.0
    ends: str = "reply"
    one_way: bool = False
    at_most: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone, or something that has an address. emails: the first stands for the person.

    moved_on: the day the first address took the place of the second. verdict and why: what the gone-quiet
    report must say about a planted person.
    """

    name: str
    emails: tuple[str, ...]
    organization: str = ""
    title: str = ""
    kind: str = "human"
    rhythm: Rhythm | None = None
    zone: str = "Europe/Berlin"
    moved_on: date | None = None
    verdict: str = ""
    why: str = ""

    @property
    def mailbox(self) -> Mailbox:
        """The person under the first address."""
        return Mailbox(self.name, self.emails[0])
