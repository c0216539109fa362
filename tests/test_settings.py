"""`kith.toml` and the home: what is read from them, and what a mistake in them says."""

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.settings import Home, source_name
from warehouse.errors import UserError

ME = '[me]\naddresses = ["robin@ferrow.example"]\n'
OLD = "jo@old.example"
SOURCE = '[[sources]]\nname = "work"\nkind = "ics"\nlocation = "/x"\n'


def complaint(folder: Path, text: str | bytes) -> str:
    """What the settings say of a configuration, without the file's name, which stands first."""
    home = Home(folder)
    home.config.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(UserError) as caught:
        home.settings()
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith(f"{home.config}: ")
    return said.removeprefix(f"{home.config}: ")


def period(address: str, *days: str) -> str:
    """A block of the configuration."""
    return "\n".join(["", "[[me.periods]]", f'address = "{address}"', *days, ""])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the key 'me' is missing; add it"),
        ("[me", "not TOML: "),
        (b"\xff\xfe", "not UTF-8 text; save it as UTF-8"),
        ("me = 3", "me: expected `object`, got `int`; correct it"),
        ("[me]", "the key 'me.addresses' is missing; add it"),
        ("[me]\naddresses = []", "me.addresses is empty; name at least one address of yours"),
        ('[me]\naddresses = "a@b.example"', "me.addresses: expected `array`, got `str`; correct it"),
        ("[me]\naddresses = [3]", "me.addresses[0]: expected `str`, got `int`; correct it"),
        ('[me]\naddresses = ["robin"]', "'robin' is no mail address; write it as you@example.org"),
        (ME + 'timezone = "Mars/Phobos"', "me.timezone: 'Mars/Phobos' is no time zone; use a name such as"),
        (ME + 'timezone = ""', "me.timezone: '' is no time zone"),
        (ME + 'timezone = "localtime"', "me.timezone: 'localtime' is no time zone"),
        (ME + 'region = "Germany"', "me.region: 'Germany' is no country; use two capital letters such as DE"),
        (ME + "nickname = 1", "unknown key 'me.nickname'; remove it or correct its spelling"),
        (ME + "[reprot]\ntop = 3", "unknown key 'reprot'; remove it or correct its spelling"),
        (ME + "[report]\ntop = 0", "report.top: expected `int` >= 1; correct it"),
        (ME + '[report]\ntop = "3"', "report.top: expected `int`, got `str`; correct it"),
        (ME + "[sql]\ntime_limit_seconds = inf", "sql.time_limit_seconds: expected `float` <= 86400.0"),
        (ME + "[sql]\ntime_limit_seconds = nan", "sql.time_limit_seconds: expected `float` > 0.0"),
        (ME + "[sql]\nmemory_limit_mb = 9999999999", "sql.memory_limit_mb: expected `int` <= 1048576"),
        (ME + "[sources]\nname = 'a'", "sources: expected `array`, got `object`"),
        (ME + "[[sources]]\nname = 'a'", "the key 'sources[0].kind' is missing; add it"),
        (ME + SOURCE + "colour = 1", "unknown key 'sources[0].colour'"),
        (ME + SOURCE + SOURCE, "two sources are called 'work'; rename one"),
        (ME + SOURCE.replace("ics", "fax"), "source 'work': unknown kind 'fax'; there are ics, vcard, mbox"),
        (ME + SOURCE.replace('"/x"', '""'), "source 'work': the location is empty"),
        (ME + SOURCE.replace("work", "../work"), "'../work' is no name for a source"),
        (ME + SOURCE.replace("work", "runs"), "'runs' is no name for a source"),
        (ME + SOURCE + 'me = ["x"]', "'x' is no mail address"),
        (ME + period("x", "since = 2015-01-01"), "'x' is no mail address"),
        (ME + period(OLD), f"me.periods: '{OLD}' has neither since nor until; name one or both"),
        (
            ME + period(OLD, "since = 2015-01-02", "until = 2015-01-01"),
            f"me.periods: '{OLD}' is yours since 2",
        ),
        (ME + period(OLD, "since = 0001-01-01"), "me.periods: 0001-01-01 is too far away; choose a day from"),
        (
            ME + period(OLD, "since = 2015-01-01T00:00:00Z"),
            "me.periods[0].since: expected `date | null`, got",
        ),
        (ME + period(OLD, "since = 'then'"), "me.periods[0].since: invalid RFC3339 encoded date; correct it"),
        (ME + period(OLD, "from = 2015-01-01"), "unknown key 'me.periods[0].from'; remove it or correct its"),
        (
            ME + period(OLD, "until = 2015-01-01") + period(OLD.upper(), "since = 2015-01-01"),
            f"me.periods: two periods of '{OLD}' overlap; make them one",
        ),
        (ME + 'not_mine = ["x"]', "'x' is no mail address"),
        (ME + 'not_mine = ["Robin@ferrow.example"]', "me.not_mine: 'Robin@ferrow.example' is among your"),
    ],
)
def test_a_mistake_names_the_key_and_the_mend(tmp_path: Path, text: str | bytes, said: str) -> None:
    assert complaint(tmp_path, text).startswith(said)


def test_addresses_of_mine_are_those_of_all_sources(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.config.write_text(ME + SOURCE + 'me = ["old@ferrow.example", "robin@ferrow.example"]')
    assert home.settings().my_addresses == ["old@ferrow.example", "robin@ferrow.example"]


def test_periods_may_follow_each_other_and_make_an_address_mine(tmp_path: Path) -> None:
    home = Home(tmp_path)
    later = period(OLD, "since = 2020-02-01")
    home.config.write_text(ME + later + period(OLD, "since = 2015-01-01", "until = 2020-01-31"))
    assert home.settings().my_addresses == [OLD, "robin@ferrow.example"]
    assert home.settings().my_periods == [
        (OLD, date(2015, 1, 1), date(2020, 1, 31)),
        (OLD, date(2020, 2, 1), None),
    ]


def test_the_home_is_that_of_the_option_then_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KITH_HOME", "/from/environment")
    assert Home.of_environment("/from/option").folder == Path("/from/option")
    assert Home.of_environment().folder == Path("/from/environment")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Home.of_environment("~/kith").folder == tmp_path / "kith"
    monkeypatch.delenv("KITH_HOME")
    assert Home.of_environment().folder.name == "kithline"


@given(st.text(), st.sets(st.sampled_from(["ics", "runs-ics", "work-ics"])))
def test_a_found_name_is_always_a_free_and_good_one(stem: str, taken: set[str]) -> None:
    name = source_name(Path("/") / f"{stem.replace('/', '')}x.ics", "ics", taken)
    assert name not in taken
    assert name != "runs"
    assert re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", name)
