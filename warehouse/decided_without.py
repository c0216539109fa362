"""The text of `decisions.jsonl` without the records of those who are forgotten. Pure."""

from typing import Any

import msgspec

from warehouse.cleansing import names_them
from warehouse.forgotten import Forgotten

Decision = dict[str, Any]
_SIDES = {"merge": ("records",), "split": ("left", "right"), "kind": ("records",), "rename": ("records",)}
_LEAST = {"merge": 2}  # records that a decision needs on each of its sides


def without(content: bytes, forgotten: Forgotten) -> bytes:
    """The lines that name nobody, as they are, and the others without their records.

    A decision that is left with too few sides goes, and so do the lines that retract it.
    """
    kept: list[bytes] = []
    gone: set[str] = set()
    for line in content.splitlines(keepends=True):
        decision = _decoded(line)
        if decision is None:
            kept += [] if forgotten.holds(line.decode("utf-8", "replace")) else [line]
            continue
        told = None if decision.get("decision") in gone else _without(decision, forgotten)
        if told is None:
            gone.add(str(decision.get("id")))
        else:
            kept.append(line if told is decision else msgspec.json.encode(told) + b"\n")
    return b"".join(kept)


def _without(decision: Decision, forgotten: Forgotten) -> Decision | None:
    if not names_them(decision, forgotten) and not _names_by_name(decision, forgotten):
        return decision
    verb = str(decision.get("do"))
    told = dict(decision)
    for side in _SIDES.get(verb, ()):
        told[side] = [each for each in decision.get(side) or () if not names_them(each, forgotten)]
        if len(told[side]) < _LEAST.get(verb, 1):
            return None
    if verb == "rename":  # it gives its name to whoever holds any of the records: to them, that is
        return None
    return told | ({"note": ""} if _says(told.get("note"), forgotten) else {})


def _says(text: object, forgotten: Forgotten) -> bool:
    return isinstance(text, str) and (forgotten.holds(text) or forgotten.is_name(text))


def _names_by_name(decision: Decision, forgotten: Forgotten) -> bool:
    return _says(decision.get("note"), forgotten)


def _decoded(line: bytes) -> Decision | None:
    try:
        found = msgspec.json.decode(line)
    except msgspec.MsgspecError:
        return None
    return found if isinstance(found, dict) else None
