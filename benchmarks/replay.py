"""61 nights of a growing archive: does anybody become somebody else in silence?

    python -m benchmarks.replay --bench DIR

DIR holds the labelled repositories of `benchmarks.identity`. Their names and addresses arrive in the order of
their first commit, in 61 nights; every tenth night the ten best suggestions are answered by the truth. What
is counted: records that went from one person to another without an event that says so, decisions that do not
hold, and what a night without news tells; beside it, what the same nights say if no night remembers the last.
"""

import argparse
import tempfile
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl

from benchmarks.identity import load
from benchmarks.identity_adapter import cards_frame, mentions_frame
from benchmarks.measuring import Table
from warehouse import history, loading
from warehouse.connection import Connection, rows
from warehouse.people.decisions import Active, Merge, Split
from warehouse.people.records import canonical
from warehouse.people.resolve import Resolution, resolve

NIGHTS = 61
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
_ANSWERED = 10
NO_CARDS = cards_frame([])


@dataclass
class Counts:
    """What was seen in all nights of one population."""

    records: int = 0
    moved: int = 0
    silent: int = 0
    broken: int = 0
    answers: int = 0
    news_of_a_second_run: int = 0
    moved_without_memory: int = 0


def replay(mentions: pl.DataFrame, truth: dict[str, str], nights: int = NIGHTS) -> Counts:
    """Run the nights over mentions with a column night, and count.

    truth: the person behind each record.
    """
    counts = Counts(records=len(mentions))
    decided = Active()
    was: dict[str, str] = {}
    was_without: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        loading.prepare(connection)
        for night in range(1, nights + 1):
            there = mentions.filter(pl.col("born") <= night)
            found, explained = _publish(connection, Path(folder), there, decided, night)
            now = _membership(found)
            moves = {(was[each], now[each]) for each in was.keys() & now.keys() if was[each] != now[each]}
            counts.moved += len(moves)
            counts.silent += len(moves - explained)
            counts.broken += _broken(decided, now)
            alone = _membership(resolve(there, NO_CARDS, me=[], decisions=decided))
            counts.moved_without_memory += sum(
                was_without[each] != alone[each] and was_without[each] in set(alone.values())
                for each in was_without.keys() & alone.keys()
            )
            was, was_without = now, alone
            if night % 10 == 0:
                decided = _answered(decided, found, truth, night)
                counts.answers = len(decided.merges) + len(decided.splits)
        _publish(connection, Path(folder), mentions, decided, nights + 1)
        before = len(rows(connection, "from people.histories"))
        _publish(connection, Path(folder), mentions, decided, nights + 2)
        counts.news_of_a_second_run = len(rows(connection, "from people.histories")) - before
    return counts


def _publish(
    connection: Connection, folder: Path, mentions: pl.DataFrame, decided: Active, night: int
) -> tuple[Resolution, set[tuple[str, str | None]]]:
    """One night, and the pairs of persons of which it tells that the one gave way or records to the other."""
    before = history.published(connection)
    found = resolve(mentions, NO_CARDS, me=[], decisions=decided, published=before)
    news = history.news(found, before, frozenset())
    if len(news):
        history.keep(connection, folder, news, at=_BEGINNING + timedelta(days=night))
    told = news.filter(pl.col("what") == "event").select("person_id", "other")
    return found, set(told.iter_rows())


def _membership(found: Resolution) -> dict[str, str]:
    return dict(found.members.select("record", "person_id").iter_rows())


def _broken(decided: Active, now: dict[str, str]) -> int:
    apart = sum(now[each.left[0]] == now[each.right[0]] for each in decided.splits)
    return apart + sum(len({now[record] for record in each.records}) > 1 for each in decided.merges)


def _answered(decided: Active, found: Resolution, truth: dict[str, str], night: int) -> Active:
    """The decisions and the truthful answers to the best suggestions."""
    best = found.suggestions.sort("score", "left_record", descending=[True, False]).head(_ANSWERED)
    for number, (left, right) in enumerate(best.select("left_record", "right_record").iter_rows()):
        made = {"id": f"n{night}-{number}", "at": _BEGINNING}
        if truth.get(left) == truth.get(right):
            decided = replace(decided, merges=(*decided.merges, Merge(**made, records=(left, right))))
        else:
            split = Split(**made, left=(left,), right=(right,))
            decided = replace(decided, splits=(*decided.splits, split))
    return decided


def population(path: Path) -> tuple[pl.DataFrame, dict[str, str]]:
    """The mentions of a repository, born in the night of their first commit, and whose each record is."""
    records, truth = load(path)
    order = sorted(range(len(records)), key=lambda at: (records[at]["first"], at))
    nights = {at: 1 + rank * NIGHTS // len(records) for rank, at in enumerate(order)}
    born = pl.Series([nights[at] for at in range(len(records))], dtype=pl.Int64)
    keys = (
        canonical(f"header:{each['emails'][0] if each['emails'] else ''}|{each['name']}") for each in records
    )
    return mentions_frame(records).with_columns(born=born), dict(zip(keys, truth, strict=True))


def main() -> None:
    """Print the counts of each repository."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--bench", type=Path, required=True)
    parser.add_argument("--repos", nargs="*", default=[])
    options = parser.parse_args()
    table = Table(
        f"{NIGHTS} nights",
        (
            "population",
            "records",
            "moves told",
            "silent moves",
            "broken decisions",
            "answers",
            "news of a second run",
            "moves if nothing is remembered",
        ),
    )
    for path in sorted(options.bench.glob("*.tsv")):
        if not options.repos or path.stem in options.repos:
            counts = replay(*population(path))
            table.rows.append((path.stem, *(f"{value:,}" for value in astuple(counts))))
    print(table.to_markdown())


if __name__ == "__main__":
    main()
