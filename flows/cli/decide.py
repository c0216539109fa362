"""`kith merge`, `split`, `kind`, `rename`, `undo` and `decisions`: what the user knows better."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, TypeVar

import click

from flows.asking import Holding, called, find_person, holders, holding
from flows.cli import render
from flows.cli.main import home_of
from flows.cli.options import format_option, home_option
from flows.decisions import append, apply, load, speakers, split_of, stamp
from flows.settings import Home
from warehouse.connection import Connection, opened, rows
from warehouse.errors import Busy, UserError
from warehouse.escaping import to_terminal
from warehouse.people.addresses import normalise
from warehouse.people.decisions import (
    KINDS,
    Decision,
    Kind,
    Merge,
    Rename,
    Retract,
    Split,
    active,
    digest,
    fault_of_name,
    forbidding,
    in_force,
    is_kind,
    references,
)
from warehouse.people.records import canonical

Command = TypeVar("Command", bound=Callable[..., Any])
_COLUMNS = ("decision", "at", "do", "state", "who", "what", "note")

apply_option = click.option(
    "--apply/--no-apply", "is_applied", default=True, help="Apply it now, or leave it to the next sync."
)


def _writes(command: Command) -> Command:
    """The options of every command that writes a decision."""
    style = click.option(
        "--format", "style", type=click.Choice(["table", "json"]), default="table", help="How to print it."
    )
    note = click.option("--note", default="", metavar="TEXT", help="Why, for whoever reads the decisions.")
    for option in (home_option, style, apply_option, note):
        command = option(command)
    return command


@click.command()
@click.argument("who", nargs=-1, required=True, metavar="A B [MORE]...")
@_writes
@click.pass_context
def merge(
    ctx: click.Context, who: tuple[str, ...], note: str, is_applied: bool, style: str, home: str | None
) -> None:
    """These are one person. Each is an id, an address, or a name or part of one."""
    place = home_of(ctx, home)
    if len(who) < 2:
        raise UserError("a merge needs two people; write kith merge A B")
    with opened(place.require_database(), read_only=True) as connection:
        people = [holding(connection, find_person(connection, each)) for each in who]
    check_merge(people, load(place))
    records = dict.fromkeys(record for person in people for record in speakers(person))
    _finish(place, Merge(**stamp(note), records=tuple(records)), is_applied, style)


def check_merge(people: Sequence[Holding], decisions: Sequence[Decision]) -> None:
    """Raise UserError, with the mend, if these cannot be made one person."""
    for number, person in enumerate(people):
        if person.is_me:
            raise UserError(f"{person} is you; add the address to [me] in kith.toml")
        for other in people[:number]:
            if person.person_id == other.person_id:
                raise UserError(f"{person} is one person already; name somebody else")
            split = forbidding(active(decisions).splits, other.records, person.records)
            if split:
                raise UserError(
                    f"{other} and {person} were split by {split.id}; `kith undo {split.id}` allows it"
                )


@click.command()
@click.argument("who", metavar="PERSON")
@click.argument("identifiers", nargs=-1, required=True, metavar="IDENTIFIER...")
@_writes
@click.pass_context
def split(
    ctx: click.Context,
    who: str,
    identifiers: tuple[str, ...],
    note: str,
    is_applied: bool,
    style: str,
    home: str | None,
) -> None:
    """What is at these identifiers is somebody else's: addresses, numbers, profiles, UIDs or record keys."""
    place = home_of(ctx, home)
    settings = place.settings()
    with opened(place.require_database(), read_only=True) as connection:
        person = holding(connection, find_person(connection, who))
        mine = set(map(normalise, settings.my_addresses)) if person.is_me else set[str]()
        for identifier in identifiers:
            if normalise(identifier) in mine:
                raise UserError(f"'{identifier}' is yours by kith.toml; remove it there")
        decision = split_of(connection, person, identifiers, settings.me.region, note)
    load(place)
    _finish(place, decision, is_applied, style)


@click.command()
@click.argument("who")
@click.argument("kind", metavar="|".join(KINDS))
@_writes
@click.pass_context
def kind(
    ctx: click.Context, who: str, kind: str, note: str, is_applied: bool, style: str, home: str | None
) -> None:
    """WHO is a human, a role, a list, a bot or a room, whatever the records look like."""
    if not is_kind(kind):
        raise UserError(f"'{kind}' is no kind; there are {', '.join(KINDS)}")
    place = home_of(ctx, home)
    with opened(place.require_database(), read_only=True) as connection:
        person = holding(connection, find_person(connection, who))
    if person.is_me:
        raise UserError(
            "that is you, who are human; take an address that is not yours out of [me] in kith.toml"
        )
    _finish(place, Kind(**stamp(note), records=speakers(person), kind=kind), is_applied, style)


@click.command()
@click.argument("who")
@click.argument("name")
@_writes
@click.pass_context
def rename(
    ctx: click.Context, who: str, name: str, note: str, is_applied: bool, style: str, home: str | None
) -> None:
    """WHO is called NAME, whatever the records say."""
    fault = fault_of_name(name)
    if fault:
        raise UserError(fault)
    place = home_of(ctx, home)
    with opened(place.require_database(), read_only=True) as connection:
        person = holding(connection, find_person(connection, who))
    decision = Rename(**stamp(note), records=speakers(person), name=" ".join(name.split()))
    _finish(place, decision, is_applied, style)


@click.command()
@click.argument("decision", required=False)
@_writes
@click.pass_context
def undo(
    ctx: click.Context, decision: str | None, note: str, is_applied: bool, style: str, home: str | None
) -> None:
    """A decision holds no more (default: the last that does). An undo can be undone by its own id."""
    place = home_of(ctx, home)
    place.require_database()
    taken = to_undo(load(place), decision)
    _finish(place, Retract(**stamp(note), decision=taken.id), is_applied, style, undone=taken)


def to_undo(decisions: Sequence[Decision], wanted: str | None) -> Decision:
    """The decision of this id, or the last that holds. Raises UserError if there is none to undo."""
    holding_now = in_force(decisions)
    if wanted is None:
        held = [each for each in decisions if each.id in holding_now and not isinstance(each, Retract)]
        if not held:
            raise UserError("there is no decision to undo; `kith decisions` lists what was decided")
        return held[-1]
    found = next((each for each in decisions if each.id == wanted), None)
    if found is None:
        raise UserError(f"there is no decision '{wanted}'; `kith decisions` lists them")
    if wanted in holding_now:
        return found
    by = next(
        each.id
        for each in decisions
        if isinstance(each, Retract) and each.decision == wanted and each.id in holding_now
    )
    raise UserError(f"'{wanted}' is undone already; `kith undo {by}` brings it back")


@click.command()
@format_option()
@home_option
@click.pass_context
def decisions(ctx: click.Context, style: str, home: str | None) -> None:
    """What was decided about whom, and whether it holds."""
    place = home_of(ctx, home)
    decided = load(place)
    with opened(place.require_database(), read_only=True) as connection:
        holding_now, since = in_force(decided), pending_since(connection, decided)
        known = meant(connection, *decided)
    listed = [
        [
            each.id,
            each.at,
            _do(each),
            state_of(each, people, since) if each.id in holding_now else "undone",
            "; ".join(called(*person) for person in people.items()) or "; ".join(references(each)),
            _what(each),
            each.note,
        ]
        for each, people in zip(decided, known, strict=True)
    ]
    if style == "table" and not listed:
        click.echo("Nothing was decided yet.")
        return
    render.write(style, _COLUMNS, listed)


def pending_since(connection: Connection, decided: Sequence[Decision]) -> datetime | None:
    """Decisions from this second on have no effect yet; None if all that hold are applied."""
    [(rules, published_at)] = rows(
        connection, "select m.rules, p.published_at from meta.marts m, meta.publication p"
    )
    is_applied = str(rules).startswith(digest(active(decided)))
    return None if is_applied else published_at.replace(microsecond=0)


def state_of(decision: Decision, people: Mapping[str, str], since: datetime | None) -> str:
    """Of a decision that holds: `pending` if made since then, `refused` for a split or me, else `active`.

    people: who holds its records.
    """
    if since is not None and decision.at >= since:
        return "pending"
    is_refused = isinstance(decision, Merge) and len(people) > 1
    return "refused" if is_refused else "active"


def finish(place: Home, is_applied: bool) -> str:
    """Apply what was written, if it is to be applied now; empty if that is done, else when it will be."""
    if is_applied:
        try:
            apply(place)
            return ""
        except Busy:
            return "another sync is writing; the next one applies it"
    return "the next `kith sync` applies it"


def _finish(
    place: Home, decision: Decision, is_applied: bool, style: str, undone: Decision | None = None
) -> None:
    """Write a decision, apply it, and say what happened."""
    subject = undone or decision
    with opened(place.database, read_only=True) as connection:
        [before] = meant(connection, subject)
    append(place, decision)
    later = finish(place, is_applied)
    with opened(place.database, read_only=True) as connection:
        [after] = meant(connection, subject)
    is_refused = not later and not undone and state_of(decision, after, None) == "refused"
    said = _said(subject, before, after, is_undone=undone is not None, is_refused=is_refused)
    if style == "json":
        people = [{"person_id": person_id, "name": name} for person_id, name in after.items()]
        state = "pending" if later else "refused" if is_refused else "active"
        render.write_json(
            {"decision": decision.id, "do": _do(decision), "state": state, "people": people, "said": said}
        )
    else:
        click.echo(to_terminal(f"{said}{f' ({later})' if later else ''}"))
        click.echo(f"`kith undo {decision.id}` takes it back.")


def _said(
    decision: Decision, before: dict[str, str], after: dict[str, str], *, is_undone: bool, is_refused: bool
) -> str:
    """One line: what was decided, and who it is now."""
    were, are = (" and ".join(called(*each) for each in people.items()) for people in (before, after))
    if is_undone:
        return f"Undone: {_do(decision)} of {decision.at:%Y-%m-%d}{': ' + are if are else ''}"
    if is_refused:
        return f"Kept, but refused: other decisions or addresses keep {are} apart"
    match decision:
        case Merge():
            return f"Merged: {were}{' are ' + are if len(after) == 1 else ''}"
        case Split():
            return f"Split: {were}{' is now ' + are if len(after) > 1 else ''}"
        case Kind(kind=kind):
            return f"Kind: {are or were} is {kind}"
        case Rename(name=name):
            return f"Renamed: {were} is {name}"
        case _:
            return f"Undone: {decision.id}"


def meant(connection: Connection, *decisions: Decision) -> list[dict[str, str]]:
    """Who holds the records of each decision now: id and name."""
    keys = [[canonical(key) for key in references(decision)] for decision in decisions]
    held = holders(connection, chain.from_iterable(keys))
    return [dict(sorted(person for key in own for person in held.get(key, {}).items())) for own in keys]


def _do(decision: Decision) -> str:
    return type(decision).__name__.lower()


def _what(decision: Decision) -> str:
    """What a decision says beside whom it means."""
    match decision:
        case Kind(kind=kind):
            return kind
        case Rename(name=name):
            return name
        case Retract(decision=undone):
            return undone
        case Split():
            return f"{'; '.join(decision.left)} | {'; '.join(decision.right)}"
        case _:
            return "; ".join(references(decision))
