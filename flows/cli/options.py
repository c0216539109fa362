"""Options that several commands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from flows.cli.main import Day

Command = TypeVar("Command", bound=Callable[..., Any])

home_option = click.option("--home", metavar="DIR", help="The Kithline home.")
as_of_option = click.option(
    "--as-of", type=Day(), metavar="DATE", help="Answer as of that day (default: today)."
)


def format_option(*more: str) -> Callable[[Command], Command]:
    """--format, with formats beside the usual four."""
    return click.option(
        "--format",
        "style",
        type=click.Choice(["table", "json", "csv", "md", *more]),
        default="table",
        help="How to print it.",
    )
