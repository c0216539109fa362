"""`kith review`: people who may be one, card by card, with the evidence, and the user's answers."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from flows.asking import find_person
from flows.cli import render
from flows.cli.decide import apply_option, check_merge, finish, meant, state_of
from flows.cli.main import home_of
from flows.cli.options import home_option
from flows.decisions import append, load, stamp
from flows.reviewing import Card, cards, of_preset, questions
from flows.settings import Home
from warehouse.connection import Connection, opened
from warehouse.errors import UserError
from warehouse.escaping import to_terminal
from warehouse.people.decisions import Decision, Merge, Retract, Split

if TYPE_CHECKING:
    from rich.panel import Panel

PRESETS = {"certain": "certain", "rare-name": "rare name", "same-company": "same company"}
_ANSWERS = {"a": "accept", "r": "reject", "s": "skip", "u": "undo", "q": "quit", "p": "pair by pair"}
_YES = ("y", "yes")


@click.command()
@click.argument("ids", nargs=-1, metavar="[CARD]...")
@click.option("--accept", is_flag=True, help="Accept the cards that are named, and ask nothing.")
@click.option("--reject", is_flag=True, help="Reject the cards that are named, and ask nothing.")
@click.option("--preset", type=click.Choice(list(PRESETS)), help="Accept all cards of it with one answer.")
@click.option("--yes", is_flag=True, help="That answer is yes.")
@click.option("--top", type=click.IntRange(1, 1_000_000), metavar="N", help="The N surest cards.")
@click.option("--min-score", type=click.FloatRange(0, 1), default=0.0, metavar="P", help="Surer than that.")
@click.option("--who", metavar="WHO", help="Only cards about one person: an id, an address or a name.")
@apply_option
@click.option(
    "--format", "style", type=click.Choice(["table", "json"]), default="table", help="json: ask nothing."
)
@home_option
@click.pass_context
def review(
    ctx: click.Context,
    /,
    ids: tuple[str, ...],
    is_applied: bool,
    style: str,
    home: str | None,
    **rest: Any,  # noqa: ANN401 - the options that `Wish` names one by one
) -> None:
    """People who may be one: accept, reject or skip. What is rejected is never asked again."""
    wish = Wish(ids, **rest)
    wish.check()
    place = home_of(ctx, home)
    load(place)  # a damaged file is told before any question is asked
    with opened(place.require_database(), read_only=True) as connection:
        found = wish.chosen(connection)
    if style == "json" and not wish.is_sure:
        render.write_json({"cards": [card.document() for card in found]})
    elif not found:
        fits = " that fits" if wish.preset or wish.who or wish.min_score else ""
        _say(f"Nothing is left to review{fits}.", style)
    elif wish.is_sure or wish.preset:
        _end(place, _together(place, found, wish, style), is_applied, style)
    else:
        _end(place, _one_by_one(place, found), is_applied, style)


@dataclass(frozen=True)
class Wish:
    """Which cards are meant, and how they are answered if not one by one."""

    ids: tuple[str, ...]
    accept: bool
    reject: bool
    preset: str | None
    yes: bool
    top: int | None
    min_score: float
    who: str | None

    @property
    def is_sure(self) -> bool:
        """Nothing is to be asked."""
        return self.accept or self.reject or self.yes

    def check(self) -> None:
        """Raise UserError for options that do not go together."""
        if self.accept and self.reject:
            raise UserError("--accept and --reject exclude each other; call kith review twice")
        if (self.accept or self.reject) and not self.ids:
            raise UserError("name the cards; `kith review --format json` lists them")
        if (self.accept or self.reject) and self.preset:
            raise UserError("--preset chooses the cards itself; leave out --accept and --reject")
        if self.yes and not self.preset:
            raise UserError("--yes answers --preset; name one, or use --accept CARD")

    def chosen(self, connection: Connection) -> list[Card]:
        """The cards, the surest first. Raises UserError for an id that there is not."""
        wanted = find_person(connection, self.who) if self.who is not None else None
        asked = questions(connection)
        known = {question.card for question in asked}
        for each in self.ids:
            if each not in known:
                raise UserError(f"there is no card '{each}'; `kith review --format json` lists them")
        named = [question for question in asked if not self.ids or question.card in self.ids]
        if self.preset:
            named = of_preset(named, PRESETS[self.preset])
        fitting = [
            question
            for question in named
            if question.score >= self.min_score and (wanted is None or wanted in question.people)
        ]
        return cards(connection, fitting[: self.top])


def _together(place: Home, found: Sequence[Card], wish: Wish, style: str) -> list[Decision]:
    """One answer to all of these cards, written at once; cards that cannot be accepted are told and left."""
    decided: list[Decision] = []
    before = load(place)
    for card in found:
        if not wish.reject:
            try:
                check_merge(card.people, before)
            except UserError as error:
                click.echo(f"kith: card {card.question.card}: {to_terminal(str(error))}", err=True)
                continue
        decided += card.rejected() if wish.reject else card.accepted()
        if style == "table":
            names = " = ".join(map(str, card.people))
            click.echo(to_terminal(f"{card.question.card}  {card.question.score:.2f}  {names}"))
    if not wish.is_sure and decided:
        click.echo(f"Accept these {len(decided)}? y/n")
        if sys.stdin.readline().strip().lower() not in _YES:
            return []
    if decided:
        append(place, *decided)
    return decided


def _one_by_one(place: Home, found: Sequence[Card]) -> list[Decision]:
    """Ask about each card, each answer being on the disk before the next; what was decided and not undone."""
    queue, at = list(found), 0
    answers: list[tuple[int, list[Decision]]] = []
    while at < len(queue):
        card = queue[at]
        _show(card, at + 1, len(queue))
        answer = _answer(card)
        if answer == "q":
            break
        if answer == "u":
            if answers:
                at, taken = answers.pop()
                append(place, *(Retract(**stamp(), decision=each.id) for each in taken))
            else:
                click.echo("There is no answer to undo yet.")
        elif answer == "p":
            queue[at : at + 1] = card.pairwise()
        else:
            decided = _decided(place, card, answer)
            if decided is not None:
                answers.append((at, decided))
                at += 1
    return [each for _, taken in answers for each in taken]


def _decided(place: Home, card: Card, answer: str) -> list[Decision] | None:
    """What an answer wrote; None if it cannot be: then the card is asked again."""
    try:
        if answer == "a":
            check_merge(card.people, load(place))
    except UserError as error:
        click.echo(to_terminal(f"{error}."))
        return None
    decided = {"a": card.accepted, "r": card.rejected, "s": list[Decision]}[answer]()
    if decided:
        append(place, *decided)
    return decided


def _answer(card: Card) -> str:
    """The letter of an answer: a key on a terminal, else a line; the end of the input is `q`."""
    possible = {key: word for key, word in _ANSWERS.items() if key != "p" or len(card.people) > 2}
    while True:
        click.echo("  ".join(f"[{key}] {word}" for key, word in possible.items()))
        try:
            text = click.getchar() if _is_terminal() else sys.stdin.readline() or "q"
        except (EOFError, KeyboardInterrupt):
            return "q"
        given = text.strip().lower()
        for key, word in possible.items():
            if given in (key, word):
                return key


def _end(place: Home, decided: Sequence[Decision], is_applied: bool, style: str) -> None:
    """Apply what was decided, once, and say what came of it."""
    if not decided:
        _say("Nothing was decided.", style)
        return
    later = finish(place, is_applied)
    with opened(place.database, read_only=True) as connection:
        refused = [each.id for each in decided if not later and _is_refused(connection, each)]
    accepted = sum(isinstance(each, Merge) for each in decided)
    rejected = sum(isinstance(each, Split) for each in decided)
    said = f"{accepted} accepted, {rejected} rejected{f' ({later})' if later else ''}"
    if style == "json":
        render.write_json(
            {
                "decisions": [each.id for each in decided],
                "state": "pending" if later else "active",
                "refused": refused,
                "said": said,
            }
        )
        return
    click.echo(f"{said}; `kith decisions` lists them.")
    for each in refused:
        click.echo(f"{each} is refused: a split, or what is yours, keeps them apart.")


def _is_refused(connection: Connection, decision: Decision) -> bool:
    [people] = meant(connection, decision)
    return state_of(decision, people, None) == "refused"


def _say(text: str, style: str) -> None:
    if style == "json":
        render.write_json({"decisions": [], "state": "active", "refused": [], "said": text})
    else:
        click.echo(text)


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _show(card: Card, number: int, of: int) -> None:
    question = card.question
    title = (
        f"{number} of {of}  score {question.score:.2f}  {question.preset}".rstrip() + f"  [{question.card}]"
    )
    if _is_terminal():
        from rich.console import Console  # a script does not need it

        Console().print(_panel(card, title))
        return
    click.echo(to_terminal(f"\n{title}"))
    for at, facts in enumerate(card.facts, 1):
        click.echo(_line(f"  {at}  {'; '.join(_told(facts))}"))
    for name, sentence in _evidence(card):
        click.echo(_line(f"  {name}: {sentence}"))


def _panel(card: Card, title: str) -> "Panel":
    """The card as Rich draws it. Text, never markup: a name may hold brackets."""
    from rich.console import Group
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    sides = Table.grid(padding=(0, 3), expand=True)
    for _ in card.facts:
        sides.add_column(ratio=1, overflow="fold")
    sides.add_row(*(Text("\n".join(map(_line, _told(facts)))) for facts in card.facts))
    evidence = Text("\n".join(_line(f"{name}: {sentence}") for name, sentence in _evidence(card)))
    return Panel(Group(sides, Text(""), evidence), title=Text(_line(title)))


def _told(facts: dict[str, Any]) -> list[str]:
    """What is shown of one person."""
    who = (
        f"{facts['name'] or 'without a name'}{', ' + facts['organization'] if facts['organization'] else ''}"
    )
    first, last = facts["first_contact_at"], facts["last_contact_at"]
    contact = f"{facts['interactions']} interactions"
    if isinstance(first, datetime) and isinstance(last, datetime):
        contact += f", {first:%Y-%m-%d} to {last:%Y-%m-%d}"
    kind = [] if facts["kind"] == "human" else [facts["kind"]]
    return [f"{who} ({facts['person_id']})", *kind, ", ".join(facts["identifiers"]) or "no address", contact]


def _evidence(card: Card) -> Iterable[tuple[str, str]]:
    """The rows of a card below its people."""
    yield from (("same", each) for each in card.question.said("shared"))
    yield from (("but", each) for each in card.question.said("conflicting"))
    yield "accepting", card.accepting


def _line(text: str) -> str:
    return text[: len(text) - len(text.lstrip())] + " ".join(to_terminal(text).split())
