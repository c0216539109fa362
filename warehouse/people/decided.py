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
    """A merge that does not hold, and why: the id of the split that forbids it, or ``me``."""

    decision: str
    forbidden_by: str


@dataclass(frozen=True)
class Decided:
    """Decisions on the records that are there.

    sides: on which sides of splits a record stands. teams: records that a merge makes one person, each with
    the number of its team. of_team: merges that made a team. sides_of_team: all sides on which its records
    stand. kinds, names: the last word on a record.
    """

    sides: Mapping[str, frozenset[Side]] = field(default_factory=dict)
    teams: Mapping[str, int] = field(default_factory=dict)
    of_team: Mapping[int, tuple[Merge, ...]] = field(default_factory=dict)
    sides_of_team: Mapping[int, frozenset[Side]] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    names: Mapping[str, Rename] = field(default_factory=dict)
    refused: tuple[Refusal, ...] = ()


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
    sides: dict[str, set[Side]] = defaultdict(set)
    for split in active.splits:
        for is_left, side in ((True, split.left), (False, split.right)):
            for record in meant.by(side):
                sides[record].add((split.id, is_left))
    teams = _Teams({record: frozenset(held) for record, held in sides.items()}, frozenset(mine))
    for merge in active.merges:
        teams.join(merge, sorted(meant.by(merge.records)))
    return Decided(
        sides=teams.sides,
        teams={record: number for number, team in teams.members.items() for record in sorted(team)},
        of_team={number: tuple(merges) for number, merges in teams.merges.items()},
        sides_of_team={number: teams.sides_of(team) for number, team in teams.members.items()},
        kinds=_last(meant, active.kinds),
        names=_last(meant, active.names),
        refused=tuple(teams.refused),
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
    """Records that merges make one person, as long as no split has both its sides among them."""

    def __init__(self, sides: Mapping[str, frozenset[Side]], mine: frozenset[str]) -> None:
        self.sides = sides
        self.mine = mine
        self.members: dict[int, set[str]] = {}
        self.merges: dict[int, list[Merge]] = {}
        self.team: dict[str, int] = {}
        self.refused: list[Refusal] = []

    def join(self, merge: Merge, records: Iterable[str]) -> None:
        asked = list(records)
        if not self.mine.isdisjoint(asked):
            self.refused.append(Refusal(decision=merge.id, forbidden_by="me"))
            return
        teams = sorted({self.team[record] for record in asked if record in self.team})
        united = set(asked).union(*(self.members[number] for number in teams))
        if split := self._split_among(united):
            self.refused.append(Refusal(decision=merge.id, forbidden_by=split))
            return
        merges = [each for number in teams for each in self.merges.pop(number)]
        for number in teams:
            del self.members[number]
        if len(united) > 1:
            number = teams[0] if teams else len(self.team)
            self.members[number] = united
            self.merges[number] = [*merges, merge]
            self.team.update(dict.fromkeys(united, number))

    def sides_of(self, records: Iterable[str]) -> frozenset[Side]:
        return NOWHERE.union(*(self.sides.get(record, NOWHERE) for record in records))

    def _split_among(self, records: Iterable[str]) -> str:
        held = self.sides_of(records)
        return min((split for split, is_left in held if (split, not is_left) in held), default="")


def _last(meant: _Meaning, decisions: Iterable[_Said]) -> dict[str, _Said]:
    return {record: each for each in decisions for record in meant.by(each.records)}
