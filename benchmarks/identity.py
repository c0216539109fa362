"""How well it is told who is who: `python -m benchmarks.identity --bench DIR`.

DIR holds one TSV per repository, as the histories and mailmaps of public repositories give them: name, email,
canonical name, canonical email, first and last commit, commits; without quotes and without a header. The data
is real people's and is not part of the project. Two names and addresses are one person if a mailmap says so.
"""

import argparse
import random
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from benchmarks.identity_adapter import Labels, Record, Suggested, cards_of, resolve, resolve_rare
from benchmarks.measuring import Table
from warehouse.people.addresses import parse

_BINS = (0.3, 0.5, 0.7, 0.9, 0.98, 1.01)
_MIDDLES = ("a", "e", "i", "o", "u", "ar", "el", "in", "or", "un")
_ENDS = ("da", "ko", "li", "mar", "nes", "ra", "ton", "va", "wyn", "zo")
Resolver = Callable[[list[Record]], tuple[Labels, Suggested]]


@dataclass
class Measures:
    """What was counted, summed over populations. Pairs are those of two addresses."""

    records: int = 0
    true_pairs: int = 0
    merged: int = 0
    merged_right: int = 0
    reviewed_right: int = 0
    impure: int = 0
    cards: int = 0
    suggested: list[tuple[float, bool]] = field(default_factory=list)


def load(path: Path) -> tuple[list[Record], list[str]]:
    """The records of a repository and the person of each: whose canonical address it is."""
    records: list[Record] = []
    truth = _Sets()
    mailboxes = []
    for line in path.read_text(encoding="utf-8").splitlines():
        fields = line.split("\t")
        if len(fields) != 7 or "[bot]" in fields[0] + fields[1]:
            continue
        name, email, canonical_name, canonical_email, first, _, count = fields
        mailbox = _mailbox(name, email)
        truth.unite(mailbox, _mailbox(canonical_name, canonical_email))
        mailboxes.append(mailbox)
        records.append(record(str(len(records)), name, email, int(count)) | {"first": int(first)})
    return records, [truth.find(mailbox) for mailbox in mailboxes]


def record(rid: str, name: str, email: str, count: int = 1) -> Record:
    """A mention of mail as the adapter takes it."""
    return {"rid": rid, "source": "header", "name": name, "emails": [email] if email else [], "n": count}


def measure(records: list[Record], truth: Sequence[str], resolver: Resolver, into: Measures) -> None:
    """Adds to the measures what a resolver makes of a population whose truth is known."""
    labels, suggestions = resolver(records)
    persons = [" ".join(label) for label in labels]
    addresses = [str(each["emails"]).lower() for each in records]
    of_cluster: dict[str, Counter[str]] = defaultdict(Counter)
    for person, true in zip(persons, truth, strict=True):
        of_cluster[person][true] += 1
    best = {person: max(sorted(votes), key=votes.__getitem__) for person, votes in of_cluster.items()}
    reviewed = _Sets()
    asked: dict[frozenset[str], tuple[float, bool]] = {}
    for left, right, score in suggestions:
        pair = frozenset((persons[left], persons[right]))
        is_right = len({best[person] for person in pair}) == 1
        asked.setdefault(pair, (score, is_right))
        if is_right:
            reviewed.unite(persons[left], persons[right])
    after = [reviewed.find(person) for person in persons]
    into.records += len(records)
    into.true_pairs += _pairs(addresses, truth)
    into.merged += _pairs(addresses, persons)
    into.merged_right += _pairs(addresses, persons, truth)
    into.reviewed_right += _pairs(addresses, after, truth)
    into.impure += sum(len(votes) > 1 for votes in of_cluster.values())
    into.suggested += asked.values()


def quality(populations: Iterable[tuple[list[Record], list[str]]], resolver: Resolver) -> Measures:
    """The measures of several populations, each resolved by itself."""
    found = Measures()
    for records, truth in populations:
        measure(records, truth, resolver, found)
        found.cards += cards_of(records)
    return found


def quality_row(name: str, found: Measures) -> tuple[str, ...]:
    """One line of the table of quality."""
    return (
        name,
        f"{found.records:,}",
        f"{found.merged_right / max(found.merged, 1):.4f}",
        f"{found.merged_right / max(found.true_pairs, 1):.3f}",
        f"{found.reviewed_right / max(found.true_pairs, 1):.3f}",
        str(found.impure),
        f"{1000 * found.cards / max(found.records, 1):.0f}",
    )


def calibration(suggested: Sequence[tuple[float, bool]]) -> list[tuple[str, ...]]:
    """One row per bin of scores: how many suggestions, their mean score, how many are right."""
    rows: list[tuple[str, ...]] = []
    for low, high in pairwise(_BINS):
        inside = [(score, is_right) for score, is_right in suggested if low <= score < high]
        if inside:
            mean = sum(score for score, _ in inside) / len(inside)
            right = sum(is_right for _, is_right in inside) / len(inside)
            rows.append((f"{low:.2f} to {min(high, 1):.2f}", str(len(inside)), f"{mean:.3f}", f"{right:.3f}"))
    return rows


def is_order_free(records: list[Record], seed: int = 1) -> bool:
    """Whether shuffled records make the same persons and the same suggestions."""
    shuffled = random.Random(seed).sample(records, len(records))
    return _partition(records) == _partition(shuffled)


def population(count: int, seed: int = 7) -> tuple[list[Record], list[str]]:
    """Made-up people with one to three addresses each, and who is who; a few have another's name."""
    draw = random.Random(seed)
    words = [a + b + c for a in "BDFGKLMNRSTV" for b in _MIDDLES for c in _ENDS]
    givens, families = words[::3], words[1::2]
    records: list[Record] = []
    truth: list[str] = []
    person = 0
    while len(records) < count:
        person += 1
        given, family = draw.choice(givens), draw.choice(families)
        g, f = given.lower(), family.lower()
        for _ in range(draw.choice([1, 1, 1, 2, 2, 3])):
            local = draw.choice([f"{g}.{f}", f"{g[0]}{f}", f"{g}{person}", f"{f}{g[0]}{person % 97}"])
            domain = draw.choice(
                ["gmail.com", "outlook.com", f"corp{draw.randrange(max(count // 8, 1))}.example"]
            )
            name = draw.choice([f"{given} {family}"] * 3 + [f"{given[0]}. {family}", g])
            records.append(record(str(len(records)), name, f"{local}@{domain}"))
            truth.append(str(person))
    return records[:count], truth[:count]


def report(folder: Path, counts: Sequence[int]) -> str:
    """Quality on all repositories of a folder, calibration, and speed on made-up people, in Markdown."""
    populations = [load(path) for path in sorted(folder.glob("*.tsv"))]
    table = Table(
        "Who is who",
        ("level", "records", "precision", "recall", "recall after review", "impure", "cards per 1,000"),
        note="Pairs of records with two addresses; a suggestion is answered truthfully. Mailmaps miss"
        " aliases: what is counted as wrong here is often right.",
    )
    default = quality(populations, resolve)
    table.rows += [
        quality_row("corroborated names", default),
        quality_row("and rare names", quality(populations, resolve_rare)),
    ]
    scores = Table("Scores", ("score", "suggestions", "mean score", "right"), calibration(default.suggested))
    speed = Table("Speed", ("records", "seconds", "peak MB so far"))
    for count in counts:
        records, _ = population(count)
        began = time.perf_counter()
        resolve(records)
        spent = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        speed.rows.append((f"{count:,}", f"{spent:.1f}", f"{peak:.0f}"))
    order = all(is_order_free(records) for records, _ in populations)
    said = f"The order of records {'changes nothing' if order else 'CHANGES THE RESULT'}.\n"
    return "\n".join([table.to_markdown(), scores.to_markdown(), speed.to_markdown(), said])


def _mailbox(name: str, email: str) -> str:
    """Whose mailbox it is; of an address that leads nowhere the name is asked too."""
    address = parse(email)
    return f"{name.lower()}|{email.lower()}" if address.kind == "placeholder" else address.value


def _pairs(addresses: Sequence[str], *groupings: Sequence[str]) -> int:
    """Pairs of records that are together in all groupings, without those of one address."""
    groups = Counter(zip(*groupings, strict=True))
    within = Counter(zip(addresses, *groupings, strict=True))
    return sum(n * (n - 1) // 2 for n in groups.values()) - sum(n * (n - 1) // 2 for n in within.values())


def _partition(
    records: list[Record],
) -> tuple[set[frozenset[str]], set[tuple[frozenset[tuple[str, ...]], float]]]:
    labels, suggestions = resolve(records)
    groups: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for label, each in zip(labels, records, strict=True):
        groups[label].add(each["rid"])
    asked = {(frozenset((labels[i], labels[j])), score) for i, j, score in suggestions}
    return set(map(frozenset, groups.values())), asked


class _Sets:
    """Disjoint sets of texts, each called after its smallest member."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def find(self, text: str) -> str:
        while (parent := self._parent.setdefault(text, text)) != text:
            text = parent
        return text

    def unite(self, one: str, other: str) -> None:
        low, high = sorted((self.find(one), self.find(other)))
        self._parent[high] = low


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--bench", type=Path, required=True, help="folder of TSVs, one per repository")
    parser.add_argument("--scale", default="10000,100000", help="sizes of the made-up populations")
    arguments = parser.parse_args()
    print(report(arguments.bench, [int(count) for count in arguments.scale.split(",")]))


if __name__ == "__main__":
    main()
