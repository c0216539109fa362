"""Homes for the tests, and the pipeline on them without Prefect."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from flows.cli.main import kith
from flows.reading import TRUSTING
from flows.settings import Home
from flows.steps import How, chosen_sources, night
from warehouse.connection import opened, rows
from warehouse.landing import Run

ME = "robin@ferrow.example"
AS_OF = date(2026, 6, 30)


def make_home(folder: Path, sources: Mapping[str, tuple[str, Path]], me: tuple[str, ...] = (ME,)) -> Home:
    """A home in Europe/Berlin with sources given as name: (kind, location)."""
    arguments = ["--home", str(folder), "init", "--timezone", "Europe/Berlin"]
    for address in me:
        arguments += ["--me", address]
    result = CliRunner().invoke(kith, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    home = Home(folder)
    text = home.config.read_text()
    for name, (kind, location) in sources.items():
        text += f'\n[[sources]]\nname = "{name}"\nkind = "{kind}"\nlocation = "{location}"\n'
    home.config.write_text(text)
    return home


def sync(home: Home, as_of: date = AS_OF, *, accept_shrink: bool = False) -> Run:
    """One run of the sync by its steps, in this process alone; every source's books balance."""
    with night(home, as_of=as_of, how=How(accept_shrink=accept_shrink, hands=TRUSTING)) as run:
        for source in chosen_sources(run.settings, ()):
            run.read(source)
        run.build()
    assert all(source.is_balanced for source in run.finished.sources)
    return run.finished


def ask(home: Home, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows of the published warehouse."""
    with opened(home.database, read_only=True) as connection:
        return rows(connection, query, list(values))
