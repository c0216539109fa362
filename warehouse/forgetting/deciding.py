"""The text of `decisions.jsonl` without the records of those who are forgotten. Pure."""

from typing import Any

import msgspec

from warehouse.forgetting.cleansing import names_them
from warehouse.forgetting.recognising import Forgotten

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
            kept += [] if forgotten.names(line.decode("utf-8", "replace")) else [line]
            continue
        told = None if decision.get("decision") in gone else _without(decision, forgotten)
        if told is None:
            gone.add(str(decision.get("id")))
        else:
            kept.append(line if told is decision else msgspec.json.encode(told) + b"\n")
    return b"".join(kept)


def _without(decision: Decision, forgotten: Forgotten) -> Decision | None:
    """A decision as it may stay, the same object if it names nobody; None if too little of it is left."""
    says_them = _says(decision.get("note"), forgotten)
    if not says_them and not names_them(decision, forgotten):
        return decision
    verb, told = str(decision.get("do")), dict(decision)
    for side in _SIDES.get(verb, ()):
        told[side] = [each for each in decision.get(side) or () if not names_them(each, forgotten)]
        if len(told[side]) < _LEAST.get(verb, 1):
            return None
    # A name that was given to whoever holds any of the records was given to them.
    if verb == "rename" and (told["records"] != decision["records"] or _says(told.get("name"), forgotten)):
        return None
    return told | ({"note": ""} if says_them else {})


def _says(text: object, forgotten: Forgotten) -> bool:
    return isinstance(text, str) and forgotten.names(text)


def _decoded(line: bytes) -> Decision | None:
    try:
        found = msgspec.json.decode(line)
    except msgspec.MsgspecError:
        return None
    return found if isinstance(found, dict) else None
