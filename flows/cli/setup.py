"""`kith init` and `kith source`."""

import re
from pathlib import Path

import click
import tomlkit

from connectors import CONNECTORS
from flows import files
from flows.cli import render
from flows.cli.main import home_of
from flows.cli.options import format_option, home_option
from flows.settings import CONFIG, Home, Settings, Source, source_name
from warehouse.errors import SourceError, UserError
from warehouse.landing import write_durably

_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")

_TEMPLATE = """\
# Kithline's configuration. `kith source add` writes the sources below; the rest is yours.
# Every option and its default: docs/reference/configuration.md

[me]
addresses = []
timezone = ""

"""


@click.command()
@click.option(
    "--me",
    "addresses",
    multiple=True,
    required=True,
    metavar="ADDRESS",
    help="A mail address of yours; may be repeated.",
)
@click.option("--timezone", metavar="ZONE", help="Your time zone (default: this machine's).")
@home_option
@click.pass_context
def init(ctx: click.Context, addresses: tuple[str, ...], timezone: str | None, home: str | None) -> None:
    """Make a home: configuration, database, landing, inbox, reports."""
    place = home_of(ctx, home)
    for address in addresses:
        _check_address(address)
    if place.config.exists() or place.database.exists():
        raise UserError(f"{place.folder} is a Kithline home already; choose another with --home, or use it")
    if place.folder.exists() and not place.folder.is_dir():
        raise UserError(f"{place.folder} is a file; choose a folder with --home")
    document = tomlkit.parse(_TEMPLATE)
    document["me"]["addresses"] = list(addresses)
    document["me"]["timezone"] = timezone or _local_zone()
    _make(place, tomlkit.dumps(document))
    click.echo(f"Made {place.folder}")
    click.echo("Next: kith source add ics|vcard|mbox FILE-OR-FOLDER, then kith sync")


def _make(place: Home, config: str) -> None:
    """The folders, the configuration, and an empty published database."""
    from flows.steps import night  # Polars and DuckDB, which bad arguments must not wait for

    made_folder = not place.folder.exists()
    for folder in (place.folder, place.landing, place.inbox, place.reports):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_durably(place.config, config.encode())
    try:
        with night(place) as run:
            run.build()
    except BaseException:
        place.config.unlink()
        if made_folder:
            for folder in (place.landing, place.inbox, place.reports):
                folder.rmdir()
        raise


@click.group()
def source() -> None:
    """Where records come from."""


@source.command("add")
@click.argument("kind")
@click.argument("location")
@click.option("--name", metavar="N", help="What to call it (default: after the file or folder).")
@click.option(
    "--me", "addresses", multiple=True, metavar="ADDRESS", help="A further address of yours; may be repeated."
)
@home_option
@click.pass_context
def add(
    ctx: click.Context,
    kind: str,
    location: str,
    name: str | None,
    addresses: tuple[str, ...],
    home: str | None,
) -> None:
    """Add a file or a folder: KIND is ics, vcard or mbox."""
    place = home_of(ctx, home)
    settings = place.settings()
    if kind not in CONNECTORS:
        raise UserError(f"unknown kind '{kind}'; there are {', '.join(CONNECTORS)}")
    for address in addresses:
        _check_address(address)
    path = Path(location).expanduser().absolute()
    chosen = name or source_name(path, kind, {known.name for known in settings.sources})
    entry = Source(name=chosen, kind=kind, location=str(path), me=list(addresses))
    for known in settings.sources:
        if (known.kind, known.location) == (kind, str(path)):
            raise UserError(f"{path} is there already, as '{known.name}'")
    try:
        found = files.files_of(entry, CONNECTORS[kind])
        for each in found.values():
            with each.open("rb"):
                pass
    except SourceError as error:
        raise UserError(str(error).removeprefix(f"{chosen}: ").split("; put it back")[0]) from error
    except OSError as error:
        raise UserError(f"{error.filename}: {error.strerror}; check its permissions") from error
    place.check(Settings(me=settings.me, sources=[*settings.sources, entry]))
    document = tomlkit.parse(place.config.read_text(encoding="utf-8"))
    entries = document.setdefault("sources", tomlkit.aot())
    table = tomlkit.table()
    table.update({"name": chosen, "kind": kind, "location": str(path)})
    if addresses:
        table["me"] = list(addresses)
    entries.append(table)
    write_durably(place.config, tomlkit.dumps(document).encode())
    click.echo(f"Added {chosen}: {kind}, {len(found)} {'file' if len(found) == 1 else 'files'} at {path}")


@source.command("list")
@format_option()
@home_option
@click.pass_context
def list_sources(ctx: click.Context, style: str, home: str | None) -> None:
    """The configured sources."""
    settings = home_of(ctx, home).settings()
    rows = [(each.name, each.kind, each.location, each.enabled) for each in settings.sources]
    render.write(style, ["name", "kind", "location", "enabled"], rows)


@source.command("remove")
@click.argument("name")
@home_option
@click.pass_context
def remove(ctx: click.Context, name: str, home: str | None) -> None:
    """Forget a source; the next sync withdraws what it brought."""
    place = home_of(ctx, home)
    known = [each.name for each in place.settings().sources]
    if name not in known:
        raise UserError(f"there is no source '{name}'; there are {', '.join(known) or 'none'}")
    document = tomlkit.parse(place.config.read_text(encoding="utf-8"))
    del document["sources"][known.index(name)]
    if not document["sources"]:
        del document["sources"]
    write_durably(place.config, tomlkit.dumps(document).encode())
    click.echo(f"Removed {name} from {CONFIG}; the next sync withdraws what it brought")


def _check_address(address: str) -> None:
    if not _ADDRESS.fullmatch(address):
        raise UserError(f"'{address}' is no mail address; write it as you@example.org")


def _local_zone() -> str:
    from tzlocal import get_localzone_name  # reads the system's files; only `init` asks

    try:
        return str(get_localzone_name() or "UTC")
    except Exception:  # noqa: BLE001 - whatever the system's files hold, UTC is a zone and --timezone the mend
        return "UTC"
