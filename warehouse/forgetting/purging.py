"""Those who are forgotten taken out of landing and decisions; a kill at any instant leaves it loadable.

What goes is decided by `forgotten.json` alone, so that whoever comes next can finish what was cut off.
Batches are planned all at once and replaced from the newest to the oldest: the newest says how many records a
file still holds, and that has to be right whatever is left to do.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from warehouse import landing
from warehouse.connection import Connection, opened, quoted, rows
from warehouse.errors import WarehouseError
from warehouse.forgetting import deciding
from warehouse.forgetting.cleansing import names_them
from warehouse.forgetting.memory import REASON, is_unfinished
from warehouse.forgetting.planning import BatchPlan, plan
from warehouse.forgetting.recognising import Forgotten, of_home
from warehouse.landing import Landing, Run

DECISIONS = "decisions.jsonl"


def finish(home: Path, scratch: Path) -> bool:
    """Do in landing and decisions what is left to do; whether there was an order to.

    Under the writer's lock. The warehouse has to be made anew from landing then, and the order to be settled.
    """
    forgotten = of_home(home)
    if forgotten is None or not is_unfinished(home):
        return False
    purge(home, forgotten, scratch)
    return True


def purge(home: Path, forgotten: Forgotten, scratch: Path) -> None:
    """Take the forgotten out of landing and decisions."""
    source = Landing(home / "landing")
    # Where the decisions are a link into a checkout, they stay one.
    decisions = (home / DECISIONS).resolve()
    _remove(source.leftovers())
    with opened(Path(":memory:"), read_only=False) as connection:
        for each in reversed(plan(connection, source, forgotten, landing.clear(scratch))):
            _replace(connection, source, each, landing.clear(scratch / "batch"))
        for path in sorted(source.folder.glob("*.parquet")):
            _without_rows(connection, path, forgotten, scratch)
    for path in sorted((source.folder / landing.RUNS).glob("*.json")):
        _rewrite(path, lambda content: _run_without(content, forgotten))
    _rewrite(decisions, lambda content: deciding.without(content, forgotten))
    _remove([*home.glob(".*.tmp"), *decisions.parent.glob(f".{DECISIONS}.tmp")])


def without_errors(run: Run, forgotten: Forgotten | None) -> Run:
    """The run, the same object if no error in it names somebody."""
    if forgotten is None:
        return run
    sources = [
        msgspec.structs.replace(each, error=REASON) if each.error and forgotten.names(each.error) else each
        for each in run.sources
    ]
    return run if sources == run.sources else msgspec.structs.replace(run, sources=sources)


def _replace(connection: Connection, source: Landing, each: BatchPlan, folder: Path) -> None:
    """Write a batch anew and put it in the place of the old one."""
    for name in each.batch.manifest.parts:
        old = each.batch.folder / name
        if part := each.parts.get(name):
            _to_parquet(connection, part.lines, old, folder / name)
            part.lines.unlink()
        else:
            (folder / name).write_bytes(old.read_bytes())
    source.replace(each.batch, folder, each.manifest)


def _to_parquet(connection: Connection, lines: Path, like: Path, target: Path) -> None:
    """Lines of JSON as a Parquet file with the columns of another."""
    described = rows(connection, f"describe from read_parquet({quoted(like)})")
    columns: Mapping[str, str] = {name: kind for name, kind, *_ in described}
    typed = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    told = f"read_json({quoted(lines)}, format = 'newline_delimited', columns = {{{typed}}})"
    told = told if lines.stat().st_size else f"(from read_parquet({quoted(like)}) limit 0)"
    order = "file, position" if {"file", "position"} <= columns.keys() else "all"
    query = f"select * from {told} order by {order}"
    connection.execute(f"copy ({query}) to {quoted(target)} (format parquet, compression zstd)")


def _without_rows(connection: Connection, path: Path, forgotten: Forgotten, scratch: Path) -> None:
    """A Parquet file beside the batches without the rows that name them, whatever its columns are."""
    lines, kept, found = scratch / "rows.ndjson", scratch / "kept.ndjson", False
    connection.execute(f"copy (from read_parquet({quoted(path)})) to {quoted(lines)} (format json)")
    with lines.open("rb") as before, kept.open("wb") as after:
        for line in before:
            if names_them(msgspec.json.decode(line), forgotten):
                found = True
            else:
                after.write(line)
    if found:
        target = scratch / "rows.parquet"
        _to_parquet(connection, kept, path, target)
        landing.write_durably(path, target.read_bytes())


def _run_without(content: bytes, forgotten: Forgotten) -> bytes:
    run = msgspec.json.decode(content, type=Run)
    told = without_errors(run, forgotten)
    return content if told is run else msgspec.json.encode(told)


def _rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Write a file anew if `change` makes something else of its content."""
    with suppress(FileNotFoundError):
        before = path.read_bytes()
        try:
            after = change(before)
        except msgspec.MsgspecError as error:
            raise WarehouseError(f"{path}: {error}; mend it or restore it from a backup") from error
        if after != before:
            landing.write_durably(path, after, mode=0o600)


def _remove(paths: list[Path]) -> None:
    for path in paths:
        if path.is_symlink() or path.exists():  # nothing is left of what stood in a folder that went before
            landing.remove(path)
