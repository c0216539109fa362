"""`kith init` and `kith source`."""

import shutil
from pathlib import Path

import click
import tomlkit

from connectors import CONNECTORS
from connectors.records import ConnectorError
from flows import files
from flows.cli import render
from flows.cli.main import home_of
from flows.cli.options import format_option, home_option
from flows.settings import CONFIG, Home, Me, Settings, Source, check, source_name
from warehouse.errors import SourceError, UserError
from warehouse.landing import write_durably

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
    if place.config.exists() or place.database.exists():
        raise UserError(f"{place.folder} is a Kithline home already; choose another with --home, or use it")
    if place.folder.exists() and not place.folder.is_dir():
        raise UserError(f"{place.folder} is a file; choose a folder with --home")
    zone = _local_zone() if timezone is None else timezone
    check(Settings(me=Me(addresses=list(addresses), timezone=zone)))
    document = tomlkit.parse(_TEMPLATE)
    document["me"]["addresses"] = list(addresses)
    document["me"]["timezone"] = zone
    _make(place, tomlkit.dumps(document))
    click.echo(f"Made {place.folder}")
    click.echo("Next: kith source add ics|vcard|mbox FILE-OR-FOLDER, then kith sync")


def _make(place: Home, config: str) -> None:
    """The folders, the configuration, and an empty published database."""
    from flows.steps import night  # Polars and DuckDB, which bad arguments must not wait for

    is_ours = not place.folder.exists()
    try:
        for folder in (place.folder, place.landing, place.inbox, place.reports):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_durably(place.config, config.encode())
        with night(place) as run:
            run.build()
    except BaseException:
        if is_ours:
            shutil.rmtree(place.folder, ignore_errors=True)
        else:
            place.config.unlink(missing_ok=True)
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
    path = _path_of(location)
    chosen = source_name(path, kind, {known.name for known in settings.sources}) if name is None else name
    entry = Source(name=chosen, kind=kind, location=str(path), me=list(addresses))
    for known in settings.sources:
        if known.kind == kind and Path(known.location).resolve() == path.resolve():
            raise UserError(f"{path} is there already, as '{known.name}'; `kith sync` reads it")
    check(Settings(me=settings.me, sources=[*settings.sources, entry]))
    found = _files_of(entry)
    document = tomlkit.parse(place.config.read_text(encoding="utf-8"))
    entries = document.setdefault("sources", tomlkit.aot())
    table = tomlkit.table()
    table.update({"name": chosen, "kind": kind, "location": str(path)})
    if addresses:
        table["me"] = list(addresses)
    entries.append(table)
    write_durably(place.config, tomlkit.dumps(document).encode())
    click.echo(f"Added {chosen}: {kind}, {found} {'file' if found == 1 else 'files'} at {path}")


def _path_of(location: str) -> Path:
    if "://" in location:
        raise UserError(f"{location} is a URL; download it, and add the file")
    if not location:
        raise UserError("the location is empty; name a file or a folder")
    return Path(location).expanduser().absolute()


def _files_of(entry: Source) -> int:
    """How many files it consists of. Raises UserError unless each opens and a lone one is of the kind."""
    connector = CONNECTORS[entry.kind]
    try:
        found = files.files_of(entry, connector)
        for each in found.values():
            with each.open("rb"):
                pass
        if len(found) == 1:
            next(connector.read(each), None)
    except ConnectorError as error:
        raise UserError(f"{each}: {error}") from error
    except SourceError as error:
        message = str(error).removeprefix(f"{entry.name}: ").split("; put it back")[0]
        raise UserError(f"{message}; name a file or a folder with such files") from error
    except OSError as error:
        raise UserError(f"{error.filename}: {error.strerror}; check its permissions") from error
    return len(found)


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


def _local_zone() -> str:
    from tzlocal import get_localzone_name  # reads the system's files; only `init` asks

    try:
        return str(get_localzone_name() or "UTC")
    except Exception:  # noqa: BLE001 - whatever the system's files hold, UTC is a zone and --timezone the mend
        return "UTC"
