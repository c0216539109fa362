"""The books of a source: read = new + changed + unchanged + skipped + quarantined, file by file. Pure.

A file that was not read carries on the share that it had; one of which only the tail was read carries on what
stands before the tail.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from warehouse.landing import FileChange, FileState, SourceRun

RECORD, QUARANTINED = "record", "quarantined"
REPEATS = ("duplicate", "superseded")
WHOLE_FILE = 2**62  # the position of what is wrong with a file as a whole: after everything in it


class Findings(msgspec.Struct, kw_only=True):
    """What comparing one file's items with the ledger has found.

    outcomes: records by ``new``, ``changed``, ``unchanged``, ``duplicate``, ``superseded``.
    skipped: items that are none of ours, by reason. rejected: those that could not be read.
    tail: the outcome of the last item, if it was a record.
    """

    outcomes: Counter[str] = msgspec.field(default_factory=Counter)
    skipped: Counter[str] = msgspec.field(default_factory=Counter)
    rejected: int = 0
    tail: str = RECORD


def before_tail(known: FileState | None, change: FileChange) -> FileState | None:
    """The books of a file without what was read of it now; None if it was read from its beginning."""
    if known is None or change.from_position == 0:
        return None
    if change.from_position == WHOLE_FILE:
        return msgspec.structs.replace(known, quarantined=known.quarantined - known.is_refused)
    skipped = Counter(known.skipped)
    if known.tail_outcome not in (RECORD, QUARANTINED):
        skipped[known.tail_outcome] -= 1
    return msgspec.structs.replace(
        known,
        records=known.records - (known.tail_outcome == RECORD),
        skipped=dict(skipped),
        quarantined=known.quarantined - (known.tail_outcome == QUARANTINED),
    )


def counted(state: FileState, found: Findings, before: FileState | None) -> FileState:
    """The file's state with its share of the books."""
    skipped = Counter(found.skipped)
    skipped.update({reason: found.outcomes[reason] for reason in REPEATS if found.outcomes[reason]})
    records = found.outcomes["new"] + found.outcomes["changed"] + found.outcomes["unchanged"]
    quarantined = found.rejected
    if before is not None:
        skipped.update(before.skipped)
        records += before.records
        quarantined += before.quarantined
    # A last message that repeats an earlier one stands in the books as a duplicate, not as a record.
    tail = found.tail if state.tail_outcome == RECORD and found.tail in REPEATS else state.tail_outcome
    return msgspec.structs.replace(
        state,
        tail_outcome=tail,
        records=records,
        skipped={reason: number for reason, number in skipped.items() if number > 0},
        quarantined=quarantined,
    )


def books(
    source: str,
    *,
    kept: Iterable[FileState],
    changed: Mapping[str, FileChange],
    befores: Iterable[FileState],
    found: Iterable[Findings],
    taken: int,
    withdrawn: int,
) -> SourceRun:
    """The books of one run over one source. taken: how many items were read now."""
    kept, befores = list(kept), list(befores)
    states = [*kept, *(change.state for change in changed.values() if change.state is not None)]
    outcomes = sum((each.outcomes for each in found), Counter[str]())
    skipped = sum((Counter(state.skipped) for state in states), Counter[str]())
    carried = [*kept, *befores]
    records = sum(state.records for state in carried)
    others = sum(sum(state.skipped.values()) + state.quarantined for state in carried)
    return SourceRun(
        name=source,
        kind="",
        status="ok" if changed else "unchanged",
        read=taken + records + others,
        new=outcomes["new"],
        changed=outcomes["changed"],
        unchanged=outcomes["unchanged"] + records,
        skipped=dict(sorted(skipped.items())),
        quarantined=sum(state.quarantined for state in states),
        withdrawn=withdrawn,
    )
