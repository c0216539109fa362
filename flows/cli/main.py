"""`kith`: the commands, each imported only when it is called."""

import errno
import os
import sys
from contextlib import suppress
from datetime import date
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn

import click

from flows.settings import Home
from warehouse.errors import KithlineError, UserError

COMMANDS = {
    "init": "flows.cli.setup:init",
    "source": "flows.cli.setup:source",
    "sync": "flows.cli.sync:sync",
    "rebuild": "flows.cli.sync:rebuild",
    "report": "flows.cli.sync:report",
    "quiet": "flows.cli.ask:quiet",
    "person": "flows.cli.ask:person",
    "review": "flows.cli.review:review",
    "merge": "flows.cli.decide:merge",
    "split": "flows.cli.decide:split",
    "kind": "flows.cli.decide:kind",
    "rename": "flows.cli.decide:rename",
    "undo": "flows.cli.decide:undo",
    "decisions": "flows.cli.decide:decisions",
    "forget": "flows.cli.forget:forget",
    "me": "flows.cli.me:me",
    "status": "flows.cli.ask:status",
    "quarantine": "flows.cli.quarantine:quarantine",
    "sql": "flows.cli.sql:sql",
}


class Commands(click.Group):
    """A group whose commands live in modules of their own."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command


class Day(click.ParamType[date]):
    """A day as YYYY-MM-DD."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:  # noqa: ANN401 - click's own signature
        if isinstance(value, date):
            return value
        try:
            day = date.fromisoformat(value)
        except ValueError:
            self.fail(f"'{value}' is no day; write it as 2026-06-30", param, ctx)
        if not date(1970, 1, 1) <= day <= date(2100, 12, 31):
            self.fail(f"{value} is too far away; choose a day from 1970 to 2100", param, ctx)
        return day


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--home", metavar="DIR", help="The Kithline home (default: KITH_HOME, else the platform's folder)."
)
@click.version_option(package_name="kithline", prog_name="kith")
@click.pass_context
def kith(ctx: click.Context, home: str | None) -> None:
    """Your professional relationships in one private file, and who has gone quiet."""
    os.umask(0o077)
    ctx.obj = home


def home_of(ctx: click.Context, home: str | None) -> Home:
    """The home named by the command's own --home, by the group's, by KITH_HOME, or the default."""
    return Home.of_environment(home or ctx.find_root().obj)


def main(arguments: list[str] | None = None) -> None:
    """Run a command; every failure is one line on stderr and an exit code of the contract."""
    _open_streams()
    try:
        code = kith.main(arguments, prog_name="kith", standalone_mode=False)
        sys.stdout.flush()  # what cannot be written must be told, not lost while Python ends
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        code = 2
    except click.ClickException as error:
        code = _complain(" ".join(error.format_message().split()), 2)
    except click.Abort:
        code = 130
    except UserError as error:
        code = _complain(str(error), 2)
    except KithlineError as error:
        code = _complain(str(error), 1)
    except (BrokenPipeError, SystemExit):  # click makes the former the latter: the reader has seen enough
        _discard_output()
        code = 0
    except OSError as error:
        if not error.filename:  # standard output itself
            _discard_output()
        place = f"{error.filename}: " if error.filename else ""
        mend = "free some of it" if error.errno == errno.ENOSPC else "check the disk and the permissions"
        code = _complain(f"{place}{error.strerror}; {mend}; the last published state is untouched", 1)
    except Exception as error:
        if os.environ.get("KITH_DEBUG"):
            raise
        fault = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        code = _complain(f"an unexpected fault ({fault}); KITH_DEBUG=1 shows where, please report it", 1)
    _leave(code if isinstance(code, int) else 0)


def _open_streams() -> None:
    """Speak UTF-8 whatever the locale says, and have all three streams, also where some were closed."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            nothing = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - for the whole process
            setattr(sys, name, nothing)
        elif mode == "w" and isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")


def _discard_output() -> None:
    """What is still to be written has nobody to read it: Python must not try again when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _leave(code: int) -> NoReturn:
    """End the process without Python's tear-down, which takes as long as many an answer.

    After a flow it would also be noisy: Prefect's caches still hold DuckDB objects, and their binding reports
    each of them as a leak.
    """
    with suppress(OSError):  # what could not be written has been told
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _complain(message: str, code: int) -> int:
    printable = "".join(character if character.isprintable() else "�" for character in message)
    click.echo(f"kith: {printable}", err=True)
    return code
