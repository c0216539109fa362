"""What the user decided about people, one JSON object a line, and which of it holds.

    {"id": "d3f9a2c1", "at": "2026-11-22T16:00:00Z", "do": "merge", "records": ["header:a@x.example", …]}
    {"id": …, "at": …, "do": "split", "left": […], "right": […]}
    {"id": …, "at": …, "do": "kind", "records": […], "kind": "human"}
    {"id": …, "at": …, "do": "rename", "records": […], "name": "Jane Doe"}
    {"id": …, "at": …, "do": "retract", "decision": "d3f9a2c1"}

Every line may have a note. Decisions are written on record keys (`warehouse.people.records`), never on ids of
persons, and a line is never changed: it is retracted by another.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, TypeGuard, get_args

import msgspec
from msgspec import Meta

from warehouse.errors import UserError
from warehouse.people.records import CARD, MENTION, PROFILE, canonical, place_of

PersonKind = Literal["human", "role", "list", "bot", "room"]
KINDS: tuple[str, ...] = get_args(PersonKind)
_Id = Annotated[str, Meta(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
_Records = Annotated[tuple[str, ...], Meta(min_length=1)]
_PREFIXES = (MENTION, CARD, PROFILE, "calendar:")
_JOINERS = dict.fromkeys(map(ord, "\u200c\u200d"))  # Persian names and some pictures are written with them
_CONFLICT = re.compile(r"<{7}|={7}$|>{7}|\|{7}")


class _Decision(
    msgspec.Struct, tag_field="do", tag=str.lower, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """What every decision says: its own id, when it was made, and why if somebody cared to note it."""

    id: _Id
    at: Annotated[datetime, Meta(tz=True)]
    note: str = ""


class Merge(_Decision, frozen=True):
    """These records are one person."""

    records: Annotated[tuple[str, ...], Meta(min_length=2)]


class Split(_Decision, frozen=True):
    """No record of left is one person with a record of right."""

    left: _Records
    right: _Records


class Kind(_Decision, frozen=True):
    """Whoever holds any of these records is of this kind."""

    records: _Records
    kind: PersonKind


class Rename(_Decision, frozen=True):
    """Whoever holds any of these records is called so."""

    records: _Records
    name: str


class Retract(_Decision, frozen=True):
    """An earlier decision does not hold any more; if that is a retract, what it retracted holds again."""

    decision: _Id


Decision = Merge | Split | Kind | Rename | Retract
_DECODER: msgspec.json.Decoder[Decision] = msgspec.json.Decoder(Decision)


@dataclass(frozen=True)
class Active:
    """The decisions that hold, each sort in the order in which they were made."""

    merges: tuple[Merge, ...] = ()
    splits: tuple[Split, ...] = ()
    kinds: tuple[Kind, ...] = ()
    names: tuple[Rename, ...] = ()


def read(text: str) -> list[Decision]:
    """The decisions of a file, in order; blank lines and those that begin with # are none.

    Raises UserError, with the number of the line and the mend, for what is none and for an id that is taken.
    """
    found: list[Decision] = []
    lines: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        content = line.strip().removeprefix("\ufeff")
        if not content or content.startswith("#"):
            continue
        try:
            decision = _read_line(content)
        except UserError as error:
            raise UserError(f"line {number}: {error}") from error
        if decision.id in lines:
            raise UserError(
                f"line {number}: the id '{decision.id}' is that of line {lines[decision.id]}; remove one"
            )
        lines[decision.id] = number
        found.append(decision)
    for each in found:
        if (
            isinstance(each, Retract) and lines.get(each.decision, 0) >= lines[each.id]
        ):  # forgotten ones are nowhere
            raise UserError(
                f"line {lines[each.id]}: it undoes '{each.decision}', which is not before it; move it down"
            )
    return found


def written(decision: Decision) -> str:
    """The line of a decision, without its end; `read` makes the same of it."""
    fields = msgspec.to_builtins(decision, builtin_types=(datetime,))
    ordered = {name: fields.pop(name) for name in ("id", "at", "do")} | fields
    if not decision.note:
        del ordered["note"]
    return msgspec.json.format(msgspec.json.encode(ordered), indent=0).decode()


def in_force(decisions: Sequence[Decision]) -> frozenset[str]:
    """Ids of the decisions that no retract in force undoes, retracts among them."""
    undone: set[str] = set()
    for decision in reversed(decisions):
        if isinstance(decision, Retract) and decision.id not in undone:
            undone.add(decision.decision)
    return frozenset(decision.id for decision in decisions) - undone


def active(decisions: Sequence[Decision]) -> Active:
    """What holds: everything that is not retracted."""
    holding = in_force(decisions)
    held = [decision for decision in decisions if decision.id in holding]
    return Active(
        merges=tuple(each for each in held if isinstance(each, Merge)),
        splits=tuple(each for each in held if isinstance(each, Split)),
        kinds=tuple(each for each in held if isinstance(each, Kind)),
        names=tuple(each for each in held if isinstance(each, Rename)),
    )


def digest(decisions: Active) -> str:
    """A hash of what holds: the same as long as people need not be made anew for it."""
    held: tuple[Decision, ...] = (
        *decisions.merges,
        *decisions.splits,
        *decisions.kinds,
        *decisions.names,
    )
    return hashlib.sha256("\n".join(written(each) for each in held).encode()).hexdigest()


def references(decision: Decision) -> tuple[str, ...]:
    """Every record key that a decision is written on, as it was written; none of a retract."""
    match decision:
        case Split():
            return decision.left + decision.right
        case Retract():
            return ()
        case _:
            return decision.records


def means(keys: Collection[str], record: str) -> bool:
    """Whether one of the keys, in canonical form, is that of the record or of all records at its address."""
    return record in keys or place_of(record) in keys


def forbidding(splits: Iterable[Split], left: Collection[str], right: Collection[str]) -> Split | None:
    """The first split that keeps persons with these records apart, whichever of them stands on which side."""
    for split in splits:
        sides = [{canonical(key) for key in side} for side in (split.left, split.right)]
        for one, other in (sides, reversed(sides)):
            if any(means(one, record) for record in left) and any(means(other, record) for record in right):
                return split
    return None


def is_kind(text: str) -> TypeGuard[PersonKind]:
    """Whether there is such a kind."""
    return text in KINDS


def fault_of_name(name: str) -> str:
    """What is wrong with a name that somebody is to have, and the mend; empty if it will do."""
    if not name.strip():
        return "the name is empty; write one"
    if not name.translate(_JOINERS).isprintable() or len(name) > 200:
        return "the name holds control characters or is longer than 200; write it as it is to be shown"
    return ""


def _read_line(line: str) -> Decision:
    if _CONFLICT.match(line):
        raise UserError("a conflict mark of git; keep the decisions of both sides and remove the marks")
    try:
        decision = _DECODER.decode(line)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise UserError(f"{_in_words(str(error))}; correct the line, or remove it") from error
    for key in references(decision):
        if not key.strip().startswith(_PREFIXES):
            raise UserError(
                f"'{key}' is no record; write header:ADDRESS|NAME, linkedin:PROFILE or vcard:SOURCE:CARD"
            )
    fault = ""
    if not 1970 <= decision.at.year <= 2100:
        fault = f"at: {decision.at.year} is too far away; write when it was decided"
    elif isinstance(decision, Rename):
        fault = fault_of_name(decision.name)
    elif isinstance(decision, Split) and {*map(canonical, decision.left)} & {*map(canonical, decision.right)}:
        fault = "the same record stands on both sides of a split; remove it from one"
    if fault:
        raise UserError(fault)
    return decision


def _in_words(error: str) -> str:
    """An error of msgspec as what the user sees in the line."""
    what, _, place = error.partition(" - at `$.")
    if found := re.fullmatch(r"Object contains unknown field `(.+)`", what):
        return f"there is no field '{found[1]}'"
    if found := re.fullmatch(r"Object missing required field `(.+)`", what):
        return f"the field '{found[1]}' is missing"
    name = place.rstrip("`").partition("[")[0]
    return f"{name}: {what[0].lower()}{what[1:]}" if name else f"no decision ({what[0].lower()}{what[1:]})"
