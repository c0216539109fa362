"""What a build costs at 10,000, 100,000 and 1,000,000 messages: first, with nothing new, and grown by 1 %.

    python -m benchmarks.growth [--messages 10000 100000] [--steps]

Landed rows are written straight into the database, so that reading mail is not measured. A message has five
parties, of ten messages six answer an earlier one, and there are about fifteen messages to each name on an
address; few people write most of the mail. All is made of a hash of a row's number, so it is always the same.
"""

import argparse
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import ParamSpec, TypeVar, cast
from unittest import mock

from warehouse import building, history, loading, staging
from warehouse.connection import Connection, opened
from warehouse.owner import Owner, Rules

P = ParamSpec("P")
T = TypeVar("T")
ME = "robin@ferrow.example"
UNTIL = datetime(2026, 6, 30, 22, tzinfo=UTC)
_MADE = re.compile(r"\s*(?:create or replace (?:temp )?(?:table|view)|insert into|delete from|update) (\S+)")

_MESSAGES = """
create or replace temp table made as
with numbered as (
    select i, hash(i, 1) % 1000 as luck, (hash(i, 2) % 1000000) / 1e6 as u
    from range(?::bigint, ?::bigint) as r (i)
), peopled as (
    select *, [
        -- the seventh power makes few people many messages' people, and leaves one of fifteen a stranger
        (power((hash(i, 10 + slot) % 1000000) / 1e6, 3.5) * (i // 12 + 20))::bigint
        for slot in range(5)
    ] as who from numbered
), placed as (
    select *, [
        {
            'role': ['from', 'to', 'to', 'cc', 'cc'][slot + 1],
            'name': case when luck < 300 and slot = luck % 2 then 'Robin Ferrow'
                when hash(who[slot + 1], 3) % 10 = 0 and hash(i, slot) % 2 = 0 then ''
                else 'Given' || chr((97 + who[slot + 1] % 26)::int)
                    || chr((97 + who[slot + 1] // 26 % 26)::int)
                    || ' Family' || chr((97 + who[slot + 1] // 676 % 26)::int)
                    || chr((97 + who[slot + 1] // 17576 % 26)::int) end,
            'address': case when luck < 300 and slot = luck % 2 then 'robin@ferrow.example'
                else 'person' || who[slot + 1] || '@company' || who[slot + 1] % 997 || '.example' end
        } for slot in range(5)
    ] as parties from peopled
)
select
    'mail' as source, 'mail.mbox' as file, 'h' || i as hash,
    ?::bigint as born_batch, ?::bigint as batch, timestamptz '2026-06-30 20:00Z' as ingested_at,
    sha256(i::varchar) as key, i || '.grown@mail.example' as message_id,
    timestamptz '2006-01-01 08:00Z' + to_seconds((i * 600 + luck) % 640000000) as sent_at, 'date' as dated_by,
    parties,
    case when u < 0.6 and i > 0 then answered || '.grown@mail.example' end as in_reply_to,
    case when u < 0.6 and i > 0 then [(answered // 2) || '.grown@mail.example'][:(u < 0.02)::int]
        || [answered || '.grown@mail.example'] else [] end as "references",
    case when luck >= 700 and luck < 900 then 'crew' || luck % 20 || '.lists.example' end as list_id,
    case when luck >= 700 and luck < 900 then 'crew' || luck % 20 || '@lists.example' end as list_post,
    luck >= 900 as has_list_unsubscribe, null::varchar as precedence, null::varchar as auto_submitted,
    parties[1].address as return_path, false as has_feedback_id,
    case when luck < 300 then ['robin@ferrow.example'] else [] end as delivered_to, []::varchar[] as labels,
    i * 3000 as position, 'byte ' || i * 3000 as locator
from (select *, greatest(i - 1 - hash(i, 4) % 50, 0)::bigint as answered from placed)
"""
_BIRTHS = """
insert into ledger.births
select 'header', name, address, ? from (
    select distinct p.name, p.address from made, unnest(parties) as u (p)
) anti join (from ledger.births where origin = 'header') using (name, address)
"""


def land(connection: Connection, first: int, last: int, *, batch: int) -> None:
    """The messages numbered from `first` up to `last`, and the births of whom they mention."""
    connection.execute(_MESSAGES, [first, last, batch, batch])
    connection.execute("insert into landed.messages by name from made")
    connection.execute(_BIRTHS, [batch])
    connection.execute("insert into ledger.batches values (?, 'mail', '2026-06-30 20:00Z')", [batch])
    connection.execute("drop table made")


class Clock:
    """CPU seconds by step; a connection that tells by what each statement makes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.seconds = defaultdict[str, float](float)

    def execute(self, query: str, *values: list[object]) -> Connection:
        made = _MADE.match(query)
        with self.step(made[1] if made else "other"):
            return self._connection.execute(query, *values)

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        started, before = time.process_time(), sum(self.seconds.values())
        yield
        inner = sum(self.seconds.values()) - before
        self.seconds[name] += time.process_time() - started - inner

    def timed(self, function: Callable[P, T]) -> Callable[P, T]:
        def run(*values: P.args, **named: P.kwargs) -> T:
            with self.step(f"{function.__name__}()"):
                return function(*values, **named)

        return run


_FUNCTIONS = ("frame", "store", "threads", "occurrences", "resolve", "derivable", "derive", "rows")


def build(connection: Connection, scratch: Path) -> dict[str, float]:
    """All that follows loading; CPU seconds by step."""
    clock = Clock(connection)
    observed = cast(Connection, clock)
    owner = Owner([ME], "UTC")
    with ExitStack() as stack:
        for module in (building, staging):
            for name in _FUNCTIONS:
                if hasattr(module, name):
                    timed = clock.timed(getattr(module, name))
                    stack.enter_context(mock.patch.object(module, name, timed))
        connection.execute("begin transaction")
        with clock.step("other"):
            building.build_marts(
                observed,
                owner,
                Rules(),
                until=UNTIL,
                scratch=scratch,
                remember=lambda news: history.keep(observed, scratch, news, at=UNTIL),
            )
            building.build_answers(
                observed, owner, as_of=date(2026, 6, 30), until=UNTIL, published_at=UNTIL, scratch=scratch
            )
        connection.execute("commit")
    return clock.seconds


def main() -> None:
    """Print a table of CPU seconds; with --steps a column for each build and a row for each step."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--steps", action="store_true", help="each step that takes 10 ms")
    parser.add_argument("--memory-mb", type=int, default=1024)
    options = parser.parse_args()
    if not options.steps:
        print("| messages | first, CPU s | nothing new | grown by 1 % |\n|---|---|---|---|")
    for count in options.messages:
        with tempfile.TemporaryDirectory() as folder:
            runs = _runs(Path(folder), count, options.memory_mb)
        totals = [sum(run.values()) for run in runs]
        if not options.steps:
            print(f"| {count:,} | " + " | ".join(f"{total:.2f}" for total in totals) + " |", flush=True)
            continue
        print(f"\n| {count:,} messages: step | first | nothing new | grown by 1 % |\n|---|---|---|---|")
        for name in sorted(set().union(*runs), key=lambda name: -runs[0].get(name, 0)):
            spent = [run.get(name, 0) for run in runs]
            if max(spent) >= 0.01:
                print(f"| {name} | " + " | ".join(f"{seconds:.2f}" for seconds in spent) + " |")
        print("| all | " + " | ".join(f"{total:.2f}" for total in totals) + " |", flush=True)


def _runs(folder: Path, count: int, memory_mb: int) -> list[dict[str, float]]:
    """The three builds on one database: first, with nothing new, and with a hundredth more messages."""
    with opened(folder / "growth.duckdb", read_only=False, memory_limit_mb=memory_mb) as connection:
        loading.prepare(connection)
        land(connection, 0, count, batch=1)
        connection.execute("checkpoint")
        first = build(connection, folder)
        connection.execute("checkpoint")
        unchanged = build(connection, folder)
        land(connection, count, count + count // 100, batch=2)
        connection.execute("checkpoint")
        return [first, unchanged, build(connection, folder)]


if __name__ == "__main__":
    main()
