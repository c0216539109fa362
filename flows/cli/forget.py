"""`kith forget`: erase somebody, so that no later sync brings them back."""

import sys
from typing import TYPE_CHECKING

import click

from flows.cli import render
from flows.cli.main import home_of
from flows.cli.options import home_option
from flows.settings import Home
from warehouse.errors import UserError
from warehouse.escaping import to_terminal

if TYPE_CHECKING:
    from flows.forgetting import Preview


@click.command()
@click.argument("who", required=False)
@click.option("--yes", is_flag=True, help="Do it, or finish what was cut off; on a terminal it still asks.")
@click.option("--list", "is_listed", is_flag=True, help="How many are forgotten. Names are not kept.")
@click.option(
    "--format", "style", type=click.Choice(["table", "json"]), default="table", help="How to print it."
)
@home_option
@click.pass_context
def forget(
    ctx: click.Context, who: str | None, yes: bool, is_listed: bool, style: str, home: str | None
) -> None:
    """Erase a person, and keep only keyed hashes of what they are known by, so that no sync brings them back.

    Without --yes it only shows what would go. WHO is an id, an address, or a name or part of one.

    There is no way to remember somebody again. To remove forgotten.json brings nothing back, but lets later
    syncs read them as they read anybody.
    """
    place = home_of(ctx, home)
    if is_listed:
        _list(place, style)
    elif who is None:
        _finish(place, yes=yes)
    elif yes:
        ctx.exit(_forget(place, who, style))
    else:
        from flows.forgetting import preview

        _show(preview(place, who), style)


def _list(place: Home, style: str) -> None:
    from warehouse.forgetting.memory import read_memory

    memory = read_memory(place.folder)
    people, hashes = (memory.people, len(memory.hashes)) if memory else (0, 0)
    is_finished = memory is None or memory.is_finished
    if style == "json":
        render.write_json({"people": people, "hashes": hashes, "is_finished": is_finished})
        return
    click.echo(f"{people} forgotten, by {hashes} hashes")
    if not is_finished:
        click.echo("One of them not wholly: `kith forget --yes` goes on.")


def _finish(place: Home, *, yes: bool) -> None:
    from flows.forgetting import finish
    from warehouse.forgetting.memory import is_unfinished

    place.settings()
    if not is_unfinished(place.folder):
        raise UserError("WHO is missing; name an id, an address, or a part of a name")
    if not yes:
        click.echo("Somebody is not wholly forgotten: `kith forget --yes` goes on.")
        return
    finish(place)
    click.echo("What was cut off is done.")


def _forget(place: Home, who: str, style: str) -> int:
    """Do it; 1 if something of them is left."""
    from flows.forgetting import forget as erase
    from flows.forgetting import preview

    if sys.stdin.isatty():
        _show(preview(place, who), "table")
        click.confirm("This cannot be undone. Forget them?", abort=True)
    person, left = erase(place, who)
    if style == "json":
        found = [{"place": trace.place, "text": trace.text, "mend": mend} for trace, mend in left]
        render.write_json({"person_id": person.person_id, "left": found})
    else:
        click.echo(to_terminal(f"Forgotten: {person.name or person.person_id}"))
    for trace, mend in left:
        click.echo(to_terminal(f"kith: {trace.text} is left in {trace.place}; {mend}"), err=True)
    return 1 if left else 0


def _show(found: "Preview", style: str) -> None:
    person = found.person
    if style == "json":
        render.write_json(
            {
                "person_id": person.person_id,
                "name": person.name,
                "identifiers": [{"kind": kind, "value": value} for kind, value in person.shown],
                "names": sorted(person.names),
                "counts": found.counts,
                "batches": [{"batch": name, "rows": losses} for name, losses in found.batches.items()],
                "reports": list(found.reports),
                "shared": list(person.shared),
                "stays": list(found.stays),
            }
        )
        return
    lines = [f"{person.name or person.person_id} ({person.person_id}) would be forgotten:"]
    lines += [f"  {kind}: {value}" for kind, value in person.shown]
    lines += [f"  {number} {what}" for what, number in found.counts.items() if number]
    lines += [
        f"  landing/{name}: {', '.join(f'{number} {kind}' for kind, number in losses.items())}"
        for name, losses in found.batches.items()
    ]
    lines += [f"  reports/{name}" for name in found.reports]
    lines += ["What stays:", *(f"  {each}" for each in found.stays)]
    lines += ["Nothing was changed; --yes does it."]
    click.echo(to_terminal("\n".join(lines)))
