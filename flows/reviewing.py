"""The cards of `kith review`: who may be one person, what is known of them, and what an answer decides."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from flows.asking import Holding, holdings
from flows.decisions import speakers, stamp
from warehouse.connection import Connection, table
from warehouse.people.decisions import Decision, Merge, Split

Pair = dict[str, Any]
CERTAIN = "certain"


@dataclass(frozen=True)
class Question:
    """Whether some people are one, as suggested: one row of people.suggestions per pair of them.

    score: the chance that it is right, that of its weakest pair. preset: of all pairs, empty if they differ.
    """

    pairs: tuple[Pair, ...]

    @property
    def card(self) -> str:
        """The id of the question: of the records that it is about, so that it can mean no other tomorrow."""
        records = {pair[f"{side}_record"] for pair in self.pairs for side in ("left", "right")}
        return hashlib.sha256("\n".join(sorted(records)).encode()).hexdigest()[:8]

    @property
    def score(self) -> float:
        return min(float(pair["score"]) for pair in self.pairs)

    @property
    def preset(self) -> str:
        presets = {str(pair["preset"]) for pair in self.pairs}
        return presets.pop() if len(presets) == 1 else ""

    @property
    def people(self) -> frozenset[str]:
        return frozenset(pair[f"{side}_person_id"] for pair in self.pairs for side in ("left", "right"))

    def said(self, column: str) -> list[str]:
        """Its shared or its conflicting evidence, each sentence once."""
        return list(dict.fromkeys(each for pair in self.pairs for each in pair[column] or ()))


@dataclass(frozen=True)
class Card:
    """A question with its people, the oldest first, and in the same order what is shown of each."""

    question: Question
    people: tuple[Holding, ...]
    facts: tuple[dict[str, Any], ...]

    @property
    def accepting(self) -> str:
        """What accepting it would do."""
        interactions = sum(facts["interactions"] for facts in self.facts)
        known = len({each for facts in self.facts for each in facts["identifiers"]})
        return (
            f"one person, {self.people[0]}, with {known} identifier{'s' * (known != 1)} and "
            f"{interactions} interaction{'s' * (interactions != 1)}"
        )

    def accepted(self) -> list[Decision]:
        """The decision that they are one, written on the records that the suggestion is about."""
        pairs = self.question.pairs
        records = [pair[f"{side}_record"] for pair in pairs for side in ("left", "right")]
        return [Merge(**stamp(), records=tuple(dict.fromkeys(records)))]

    def rejected(self) -> list[Decision]:
        """The decisions that no two of them are one: of each against all that come after."""
        sides = [self._records_of(person) for person in self.people]
        return [
            Split(**stamp(), left=side, right=tuple(record for other in sides[at:] for record in other))
            for at, side in enumerate(sides[:-1], 1)
        ]

    def pairwise(self) -> list["Card"]:
        """A card for each of its pairs."""
        return [
            Card(
                question := Question((pair,)),
                tuple(each for each in self.people if each.person_id in question.people),
                tuple(each for each in self.facts if each["person_id"] in question.people),
            )
            for pair in self.question.pairs
        ]

    def document(self) -> dict[str, object]:
        """All of it, as JSON shows it."""
        return {
            "card": self.question.card,
            "score": self.question.score,
            "preset": self.question.preset,
            "people": list(self.facts),
            "shared": self.question.said("shared"),
            "conflicting": self.question.said("conflicting"),
            "accepting": self.accepting,
        }

    def _records_of(self, person: Holding) -> tuple[str, ...]:
        asked = [
            pair[f"{side}_record"]
            for pair in self.question.pairs
            for side in ("left", "right")
            if pair[f"{side}_person_id"] == person.person_id
        ]
        return tuple(dict.fromkeys([*asked, *speakers(person)]))


def of_preset(questions: Iterable[Question], preset: str) -> list[Question]:
    """What a preset answers at once: its pairs, those that hang together in one question, the surest first.

    Only people of whom each two are a pair of it, or a certain one: if Mum may be Dora and may be Emil, it is
    not said that Dora is Emil, and each has to be asked about.
    """
    sure = [pair for question in questions for pair in question.pairs if pair["preset"] in (preset, CERTAIN)]
    known = {frozenset((pair["left_person_id"], pair["right_person_id"])) for pair in sure}
    parts: dict[str, Question] = {}
    for pair in sure:
        part = Question((pair,))
        for other in {
            parts[person].people: parts[person] for person in part.people if person in parts
        }.values():
            part = Question(other.pairs + part.pairs)
        parts.update(dict.fromkeys(part.people, part))
    whole = {part.people: part for part in parts.values()}.values()
    answered = [
        part
        for part in whole
        if any(pair["preset"] == preset for pair in part.pairs)
        and all(frozenset(two) in known for two in combinations(part.people, 2))
    ]
    return sorted(answered, key=lambda part: (-part.score, sorted(part.people)))


def questions(connection: Connection) -> list[Question]:
    """Everything that the published warehouse asks, the surest first."""
    columns, found = table(
        connection,
        """select card, left_person_id, right_person_id, left_record, right_record, score, preset,
            shared, conflicting
        from people.suggestions order by card, score desc, left_person_id, right_person_id""",
    )
    pairs: dict[str, list[Pair]] = {}
    for row in found:
        pairs.setdefault(str(row[0]), []).append(dict(zip(columns, row, strict=True)))
    asked = [Question(tuple(of_card)) for of_card in pairs.values()]
    return sorted(asked, key=lambda question: (-question.score, question.card))


def cards(connection: Connection, asked: Sequence[Question]) -> list[Card]:
    """The cards of these questions, in the same order."""
    wanted = sorted({each for question in asked for each in question.people})
    held, facts = holdings(connection, wanted), _facts(connection, wanted)
    age = {person_id: at for at, person_id in enumerate(held)}
    ordered = [sorted(question.people & held.keys(), key=age.__getitem__) for question in asked]
    return [
        Card(question, tuple(held[each] for each in people), tuple(facts[each] for each in people))
        for question, people in zip(asked, ordered, strict=True)
    ]


def _facts(connection: Connection, people: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What is shown of these people, by id."""
    columns, found = table(
        connection,
        """
        with met as (select person_id, count(*) as times from main.interactions group by all),
        known as (
            select person_id, list(distinct value order by value) as identifiers
            from main.identifiers where kind <> 'vcard_uid' group by all
        )
        select p.person_id, p.name, p.kind, p.organization, coalesce(k.identifiers, []) as identifiers,
            p.first_contact_at, p.last_contact_at, coalesce(m.times, 0) as interactions
        from main.people p left join met m using (person_id) left join known k using (person_id)
        semi join (select unnest(?::varchar[]) as person_id) w on w.person_id = p.person_id""",
        [list(people)],
    )
    return {row[0]: dict(zip(columns, row, strict=True)) for row in found}
