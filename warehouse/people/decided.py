"""What the user's decisions say of the records that are there: who stands apart, and who together."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from warehouse.people.decisions import Active, Kind, Merge, Rename, Split
from warehouse.people.records import canonical, place_of

Side = tuple[str, bool]  # a split, and on which side of it
NOWHERE: frozenset[Side] = frozenset()
_Said = TypeVar("_Said", Kind, Rename)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A merge or a split that does not hold, and why: the id of the split that forbids it, or ``me``."""

    decision: str
    forbidden_by: str


@dataclass(frozen=True)
class Decided:
    """Decisions on the records that are there.

    sides: on which sides of splits a record stands. teams: records that a merge makes one person, each with
    the number of its team. of_team: merges that made a team. sides_of_team: all sides on which its records
    stand. kinds, names: the last word on a record. order: the place of each of these words among all.
    """

    sides: Mapping[str, frozenset[Side]] = field(default_factory=dict)
    teams: Mapping[str, int] = field(default_factory=dict)
    of_team: Mapping[int, tuple[Merge, ...]] = field(default_factory=dict)
    sides_of_team: Mapping[int, frozenset[Side]] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    names: Mapping[str, Rename] = field(default_factory=dict)
    order: Mapping[str, int] = field(default_factory=dict)
    refused: tuple[Refusal, ...] = ()

    def speaks_of(self, record: str) -> bool:
        """Whether any decision is about a record."""
        return any(record in each for each in (self.sides, self.teams, self.kinds, self.names))


def are_apart(left: frozenset[Side], right: frozenset[Side]) -> bool:
    """Whether a split has its two sides among these."""
    return (
        not left.isdisjoint({(split, not is_left) for split, is_left in right}) if left and right else False
    )


def decide(active: Active, records: Iterable[str], mine: Collection[str] = ()) -> Decided:
    """What the decisions that hold say of these records. mine: those that are the user's, who is not merged.

    A decision on records that are gone says nothing until they are back.
    """
    meant = _Meaning(records)
    own = frozenset(mine)
    sides: dict[str, set[Side]] = defaultdict(set)
    refused = []
    for split in active.splits:
        left, right = meant.by(split.left), meant.by(split.right)
        if not own.isdisjoint(left) and not own.isdisjoint(right):
            refused.append(Refusal(decision=split.id, forbidden_by="me"))
            continue
        for is_left, side in ((True, left), (False, right)):
            for record in side:
                sides[record].add((split.id, is_left))
    teams = _Teams({record: frozenset(held) for record, held in sides.items()}, own)
    for merge in active.merges:
        teams.join(merge, sorted(meant.by(merge.records)))
    return Decided(
        sides=teams.sides,
        teams=teams.team,
        of_team={number: tuple(merges) for number, merges in teams.merges.items()},
        sides_of_team={number: frozenset(held) for number, held in teams.held.items()},
        kinds=_last(meant, active.kinds),
        names=_last(meant, active.names),
        order={each.id: at for words in (active.kinds, active.names) for at, each in enumerate(words)},
        refused=(*refused, *teams.refused),
    )


def places(active: Active) -> frozenset[str]:
    """The addresses and profiles, as keys without a name, that any decision speaks of."""
    decisions: tuple[Merge | Split | Kind | Rename, ...] = (
        *active.merges,
        *active.splits,
        *active.kinds,
        *active.names,
    )
    keys = {
        key
        for each in decisions
        for key in (each.left + each.right if isinstance(each, Split) else each.records)
    }
    return frozenset(place_of(canonical(key)) for key in keys)


class _Meaning:
    """Which records a key of a decision means."""

    def __init__(self, records: Iterable[str]) -> None:
        self.records = frozenset(records)
        self.at: dict[str, list[str]] = defaultdict(list)
        for record in self.records:
            self.at[place_of(record)].append(record)

    def by(self, keys: Iterable[str]) -> set[str]:
        found: set[str] = set()
        for key in keys:
            name = key if key in self.records else canonical(key)
            found.update([name] if name in self.records else self.at.get(name, ()))
        return found


class _Teams:
    """Records that merges make one person, as long as no split has both its sides among them.

    Disjoint sets: of two teams the smaller moves to the larger, so that a thousand merges onto one person
    cost no more than a thousand merges of two.
    """

    def __init__(self, sides: Mapping[str, frozenset[Side]], mine: frozenset[str]) -> None:
        self.sides = sides
        self.mine = mine
        self.team: dict[str, int] = {}
        self.members: dict[int, list[str]] = {}
        self.held: dict[int, set[Side]] = {}
        self.merges: dict[int, list[Merge]] = {}
        self.refused: list[Refusal] = []

    def join(self, merge: Merge, records: Iterable[str]) -> None:
        """Make one team of the records and of the teams that they are in, or refuse to."""
        asked = list(records)
        if not self.mine.isdisjoint(asked):
            self.refused.append(Refusal(decision=merge.id, forbidden_by="me"))
            return
        if len(asked) < 2:
            return
        teams = {self.team[record] for record in asked if record in self.team}
        new = [record for record in asked if record not in self.team]
        sides = [self.held[number] for number in teams]
        sides.append({side for record in new for side in self.sides.get(record, NOWHERE)})
        if split := _split_among(sides):
            self.refused.append(Refusal(decision=merge.id, forbidden_by=split))
            return
        number = max(teams, key=lambda each: (len(self.members[each]), -each), default=len(self.team))
        for other in teams - {number}:
            self._move(self.members.pop(other), number)
            self.held[number] |= self.held.pop(other)
            self.merges[number] += self.merges.pop(other)
        self._move(new, number)
        self.held.setdefault(number, set()).update(sides[-1])
        self.merges.setdefault(number, []).append(merge)

    def _move(self, records: list[str], number: int) -> None:
        self.members.setdefault(number, []).extend(records)
        self.team.update(dict.fromkeys(records, number))


def _split_among(sides: Iterable[Collection[Side]]) -> str:
    """The split that has both its sides among these, or nothing."""
    held = set().union(*sides)
    return min((split for split, is_left in held if (split, not is_left) in held), default="")


def _last(meant: _Meaning, decisions: Iterable[_Said]) -> dict[str, _Said]:
    return {record: each for each in decisions for record in meant.by(each.records)}
