"""`kith init` and `kith source`."""

import os
import shutil
from pathlib import Path

import click
import tomlkit

from connectors import KINDS
from connectors.bounds import Bounds
from connectors.recognise import parts_of
from flows import recognising
from flows.cli import render
from flows.cli.main import home_of
from flows.cli.options import format_option, home_option
from flows.settings import CONFIG, Home, Me, Settings, Source, check, source_name
from warehouse.errors import SourceError, UserError
from warehouse.escaping import to_terminal
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
    click.echo("Next: kith source add FILE-OR-FOLDER, then kith sync")


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


@source.command("add", epilog=f"The kinds: {', '.join(KINDS)}.")
@click.argument("what", nargs=-1, required=True, metavar="[KIND] LOCATION")
@click.option("--name", metavar="N", help="What to call it (default: after the file or folder).")
@click.option(
    "--me", "addresses", multiple=True, metavar="ADDRESS", help="A further address of yours; may be repeated."
)
@home_option
@click.pass_context
def add(
    ctx: click.Context, what: tuple[str, ...], name: str | None, addresses: tuple[str, ...], home: str | None
) -> None:
    """Add a file or a folder; without a KIND, what it holds is recognised, and may be several sources."""
    place = home_of(ctx, home)
    settings = place.settings()
    kind, path = _kind_and_path(what)
    if kind is not None:
        found = [Source(name="new", kind=kind, location=str(path))]
    else:
        recognised = recognising.recognise(path, settings.bounds)
        found = recognised.sources
        for line in recognised.told:
            click.echo(to_terminal(line), err=True)
    if name is not None and len(found) > 1:
        kinds = ", ".join(each.kind for each in found)
        raise UserError(f"--name: {path} holds {len(found)} kinds ({kinds}); add one of them by its kind")
    entries: list[Source] = []
    for each in found:
        taken = {known.name for known in (*settings.sources, *entries)}
        chosen = source_name(Path(each.location), each.kind, taken) if name is None else name
        entries.append(Source(name=chosen, kind=each.kind, location=each.location, me=list(addresses)))
    new = [entry for entry in entries if not _is_known(entry, settings, must_be_new=len(entries) == 1)]
    if not new:
        raise UserError(f"all of {path} is there already; `kith sync` reads it")
    check(Settings(me=settings.me, sources=[*settings.sources, *new]))
    counts = [_parts_of(entry, settings) for entry in new]
    _write_entries(place, new)
    for entry, number in zip(new, counts, strict=True):
        files_ = "file" if number == 1 else "files"
        click.echo(to_terminal(f"Added {entry.name}: {entry.kind}, {number} {files_} at {entry.location}"))


@source.command("check")
@click.argument("what", nargs=-1, required=True, metavar="[KIND] LOCATION")
@format_option()
@home_option
@click.pass_context
def check_source(ctx: click.Context, what: tuple[str, ...], style: str, home: str | None) -> None:
    """Read a file or a folder without keeping anything: what would be read, skipped and quarantined.

    Needs no home: without one, every option has its default.
    """
    from flows.checking import COLUMNS, checked

    place = home_of(ctx, home)
    bounds = place.settings().bounds if place.config.exists() else Bounds()
    kind, path = _kind_and_path(what)
    if kind is not None:
        found, told = [Source(name="new", kind=kind, location=str(path))], []
    else:
        recognised = recognising.recognise(path, bounds)
        found, told = recognised.sources, recognised.told
    reports = []
    for each in found:
        try:
            reports.append(checked(each, bounds))
        except SourceError as error:
            raise UserError(_without_name(error, each)) from error
    for line in told:
        click.echo(to_terminal(line), err=style != "table")
    if style == "json":
        render.write_json([report.document() for report in reports])
        return
    render.write(style, COLUMNS, [report.row() for report in reports])
    for line in (line for report in reports for line in report.lines()) if style == "table" else ():
        click.echo(to_terminal(line))


def _kind_and_path(what: tuple[str, ...]) -> tuple[str | None, Path]:
    """What was named: a kind and a location, or a location alone. Raises UserError for anything else."""
    if len(what) > 2:
        raise UserError(f"'{what[2]}' is one argument too many; name a KIND, if you like, and one LOCATION")
    *kinds, location = what
    for kind in kinds:
        if kind not in KINDS:
            raise UserError(f"unknown kind '{kind}'; there are {', '.join(KINDS)}")
    if not kinds and location in KINDS and not Path(location).exists():
        raise UserError(f"the location is missing: kith source add {location} FILE-OR-FOLDER")
    if "://" in location:
        raise UserError(f"{location} is a URL; download it, and add the file")
    if not location:
        raise UserError("the location is empty; name a file or a folder")
    return next(iter(kinds), None), Path(location).expanduser().absolute()


def _is_known(entry: Source, settings: Settings, *, must_be_new: bool) -> bool:
    """Whether the configuration has it already, by itself or in a folder. Raises UserError if it must not."""
    path = Path(entry.location)
    own = {path.resolve(), *path.resolve().parents, *_other_parts(path)}
    for known in settings.sources:
        if known.kind == entry.kind and Path(known.location).resolve() in own:
            if must_be_new:
                raise UserError(f"{path} is there already, as '{known.name}'; `kith sync` reads it")
            return True
    return False


def _other_parts(path: Path) -> set[Path]:
    """The archives that are read together with this one."""
    if not path.is_file():
        return set()
    beside = path.resolve().parent
    return {beside / name for name in parts_of(path.name, [each.name for each in beside.iterdir()])}


def _parts_of(entry: Source, settings: Settings) -> int:
    """How many files it consists of. Raises UserError unless each opens and a lone one is of the kind."""
    from flows.checking import first_refusal
    from flows.gathering import listed

    try:
        found = listed(entry, settings.bounds)
        for part in found.values():
            if not (part.refusal or part.is_immutable or os.access(part.path, os.R_OK)):
                raise UserError(f"{part.path}: Permission denied; check its permissions")
        if len(found) == 1 and (reason := first_refusal(found, settings.bounds)):
            [part] = found.values()
            raise UserError(f"{part.path}: {reason}")
    except SourceError as error:
        raise UserError(_without_name(error, entry)) from error
    except OSError as error:
        raise UserError(f"{error.filename}: {error.strerror}; check its permissions") from error
    return len(found)


def _without_name(error: SourceError, entry: Source) -> str:
    """The failure of a source that is not in the configuration yet."""
    message = str(error).removeprefix(f"{entry.name}: ").split("; put it back")[0]
    return f"{message}; name a file or a folder with such files"


def _write_entries(place: Home, entries: list[Source]) -> None:
    document = tomlkit.parse(place.config.read_text(encoding="utf-8"))
    tables = document.setdefault("sources", tomlkit.aot())
    for entry in entries:
        table = tomlkit.table()
        table.update({"name": entry.name, "kind": entry.kind, "location": entry.location})
        if entry.me:
            table["me"] = entry.me
        tables.append(table)
    write_durably(place.config, tomlkit.dumps(document).encode())


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
