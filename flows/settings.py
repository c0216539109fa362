"""The home of one user and its configuration, `kith.toml`.

The options in the reference are generated from the structures here.
"""

import os
import re
import tomllib
from collections.abc import Iterable
from datetime import date
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from connectors import KINDS
from connectors.bounds import Bounds
from warehouse.errors import UserError

CONFIG = "kith.toml"
_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")
_NOT_PLACES = {"Factory", "localtime"}  # among the files of the system, but no zones to Polars and DuckDB
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2100, 12, 31)
_SOURCE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class Period(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """A time in which an address is yours; outside of all its periods it is somebody else's."""

    address: Annotated[str, Meta(description="The address; it need not be among `addresses` too.")]
    since: Annotated[date | None, Meta(description="Its first day with you. None: from ever.")] = None
    until: Annotated[date | None, Meta(description="Its last day with you. None: to this day.")] = None


class Me(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Who you are."""

    addresses: Annotated[list[str], Meta(description="Your mail addresses, former ones too.")]
    timezone: Annotated[str, Meta(description="Your time zone, an IANA name such as Europe/Berlin.")] = "UTC"
    region: Annotated[
        str | None,
        Meta(
            description="Country of phone numbers without a prefix, such as DE. None: they stay as written.",
        ),
    ] = None
    periods: Annotated[
        list[Period],
        Meta(
            description="Since when and until when an address is yours: for each time a table "
            "`{address, since, until}`, in days of your time zone. Without one, it always is.",
        ),
    ] = []
    not_mine: Annotated[
        list[str], Meta(description="Addresses that are not yours: `kith me` asks no more about them.")
    ] = []


class Report(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """The gone-quiet report."""

    top: Annotated[int, Meta(description="How many people it names.", ge=1, le=1000)] = 10


class Sync(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """The nightly job."""

    wait_seconds: Annotated[float, Meta(description="How long to wait for another sync to end.", ge=0)] = 0.0
    memory_limit_mb: Annotated[int, Meta(description="Memory for DuckDB; more spills to disk.", ge=64)] = 512


class Identity(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Who is who, beside what is certain."""

    rare_names: Annotated[
        bool, Meta(description="Make two addresses one person if they share a rare full name, unasked.")
    ] = False


class Sql(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Bounds on one query of `kith sql`."""

    memory_limit_mb: Annotated[
        int, Meta(description="Memory of the whole query process.", ge=256, le=2**20)
    ] = 2048
    time_limit_seconds: Annotated[float, Meta(description="Time until it is stopped.", gt=0, le=86_400)] = (
        60.0
    )


class Source(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """One source."""

    name: Annotated[str, Meta(description="Lower-case letters, digits, dots, dashes and underscores.")]
    kind: Annotated[str, Meta(description="What it holds: one of those that `kith source add --help` lists.")]
    location: Annotated[str, Meta(description="A file, or a folder that is read with all its folders.")]
    me: Annotated[list[str], Meta(description="Further addresses of yours that this source knows.")] = []
    enabled: Annotated[bool, Meta(description="false: keep what it brought, read no more of it.")] = True


class Settings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """All of `kith.toml`."""

    me: Me
    report: Report = Report()
    sync: Sync = Sync()
    identity: Identity = Identity()
    sql: Sql = Sql()
    bounds: Bounds = Bounds()
    sources: list[Source] = []

    @property
    def my_addresses(self) -> list[str]:
        """Every address that is mine at some time, of the configuration and of its sources."""
        of_sources = (address for source in self.sources for address in source.me)
        return sorted({*self.me.addresses, *(each.address for each in self.me.periods), *of_sources})

    @property
    def my_periods(self) -> list[tuple[str, date | None, date | None]]:
        """When addresses are mine that are not always: address, first and last day, in one order."""
        periods = ((each.address, each.since, each.until) for each in self.me.periods)
        return sorted(periods, key=lambda each: (each[0], each[1] or date.min))

    @property
    def owner_zone(self) -> ZoneInfo:
        """My time zone."""
        return ZoneInfo(self.me.timezone)


class Home:
    """The folder that holds everything of one user."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / CONFIG
        self.database = folder / "network.duckdb"
        self.landing = folder / "landing"
        self.inbox = folder / "inbox"
        self.reports = folder / "reports"
        self.scratch = folder / ".scratch"

    @classmethod
    def of_environment(cls, override: str | None = None) -> "Home":
        """`override`, else KITH_HOME, else the platform's folder for user data."""
        chosen = override or os.environ.get("KITH_HOME")
        if chosen:
            return cls(Path(chosen).expanduser().absolute())
        from platformdirs import user_data_path  # only the default needs it, and `kith sql` starts without

        return cls(user_data_path("kithline"))

    def settings(self) -> Settings:
        """The configuration. Raises UserError that names the key and the mend."""
        try:
            text = self.config.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise UserError(
                f"{self.folder} is not a Kithline home; `kith init --me YOUR@ADDRESS` makes one"
            ) from None
        except NotADirectoryError:
            raise UserError(f"{self.folder} is a file; choose a folder with --home") from None
        except UnicodeDecodeError as error:
            raise UserError(f"{self.config}: not UTF-8 text; save it as UTF-8") from error
        except OSError as error:
            raise UserError(f"{self.config}: {error.strerror}; check its permissions") from error
        try:
            settings = msgspec.convert(tomllib.loads(text), Settings)
        except tomllib.TOMLDecodeError as error:
            raise UserError(f"{self.config}: not TOML: {error}") from error
        except msgspec.ValidationError as error:
            raise UserError(f"{self.config}: {_in_words(str(error))}") from error
        self.check(settings)
        return settings

    def require_database(self) -> Path:
        """The published database. Raises UserError if there is none."""
        if not self.database.is_file():
            if not self.config.exists():
                self.settings()
            raise UserError(f"{self.database} is missing; `kith rebuild` makes it from landing")
        return self.database

    def check(self, settings: Settings) -> None:
        """Raise UserError, with the file's name, for what `check` finds."""
        try:
            check(settings)
        except UserError as error:
            raise UserError(f"{self.config}: {error}") from error


def _zones() -> frozenset[str]:
    """The names of time zones, from one small file: to list what the system has takes longer than a query."""
    return frozenset((files("tzdata") / "zones").read_text("ascii").split()) - _NOT_PLACES


def check(settings: Settings) -> None:
    """Raise UserError for what the types alone cannot tell: zones, names, kinds."""
    if settings.me.timezone not in _zones():
        raise UserError(
            f"me.timezone: '{settings.me.timezone}' is no time zone; use a name such as Europe/Berlin"
        )
    if not settings.me.addresses:
        raise UserError("me.addresses is empty; name at least one address of yours")
    if settings.me.region is not None and not re.fullmatch("[A-Z]{2}", settings.me.region):
        raise UserError(
            f"me.region: '{settings.me.region}' is no country; use two capital letters such as DE"
        )
    for address in (*settings.my_addresses, *settings.me.not_mine):
        check_address(address)
    _check_periods(settings.me.periods)
    mine = {address.lower() for address in settings.my_addresses}
    for address in settings.me.not_mine:
        if address.lower() in mine:
            raise UserError(f"me.not_mine: '{address}' is among your addresses too; remove one of the two")
    names = [source.name for source in settings.sources]
    for name in names:
        if not _SOURCE_NAME.fullmatch(name) or name == "runs":
            raise UserError(f"'{name}' is no name for a source; use lower-case letters, digits, . _ -")
        if names.count(name) > 1:
            raise UserError(f"two sources are called '{name}'; rename one")
    for source in settings.sources:
        if source.kind not in KINDS:
            raise UserError(
                f"source '{source.name}': unknown kind '{source.kind}'; there are {', '.join(KINDS)}"
            )
        if not source.location:
            raise UserError(f"source '{source.name}': the location is empty; name a file or a folder")


def _check_periods(periods: Iterable[Period]) -> None:
    """Raise UserError for a period that ends before it begins, or that meets another of its address."""
    spans: dict[str, list[tuple[date, date]]] = {}
    for each in periods:
        for day in filter(None, (each.since, each.until)):
            if not FIRST_DAY <= day <= LAST_DAY:
                years = f"{FIRST_DAY.year} to {LAST_DAY.year}"
                raise UserError(f"me.periods: {day} is too far away; choose a day from {years}")
        if each.since is None and each.until is None:
            raise UserError(f"me.periods: '{each.address}' has neither since nor until; name one or both")
        span = each.since or date.min, each.until or date.max
        if span[0] > span[1]:
            raise UserError(
                f"me.periods: '{each.address}' is yours since {each.since} until {each.until}; swap the two"
            )
        spans.setdefault(each.address.lower(), []).append(span)
    for address, found in spans.items():
        for (_, until), (since, _) in pairwise(sorted(found)):
            if since <= until:
                raise UserError(f"me.periods: two periods of '{address}' overlap; make them one")


def check_address(address: str) -> None:
    """Raise UserError unless it has the form of a mail address."""
    if not _ADDRESS.fullmatch(address):
        raise UserError(f"'{address}' is no mail address; write it as you@example.org")


def source_name(location: Path, kind: str, taken: set[str]) -> str:
    """A free name for a source, from the name of its file or folder."""
    stem = re.sub(r"[^a-z0-9._-]+", "-", location.stem.lower()).strip("-._")[:40] or kind
    base = stem if stem.endswith(kind) or stem == kind else f"{stem}-{kind}"
    candidates = (base if number == 1 else f"{base}-{number}" for number in range(1, len(taken) + 2))
    return next(name for name in candidates if name not in taken and name != "runs")


def _in_words(error: str) -> str:
    """A validation error of msgspec as a key and a mend."""
    what, _, place = error.partition(" - at `$")
    place = place.strip(".`")
    if found := re.fullmatch(r"Object contains unknown field `(.+)`", what):
        return f"unknown key '{'.'.join(filter(None, (place, found[1])))}'; remove it or correct its spelling"
    if found := re.fullmatch(r"Object missing required field `(.+)`", what):
        return f"the key '{'.'.join(filter(None, (place, found[1])))}' is missing; add it"
    return f"{place}: {what[0].lower()}{what[1:]}; correct it"
