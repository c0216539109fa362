"""The report as a whole: one small fictional world in, the golden files of tests/data/report out."""

import dataclasses
import tomllib
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from warehouse.reports import ReportData, to_csv, to_html, to_markdown
from warehouse.reports.timeline import ContactDay, contact_days, draw
from warehouse.reports.view import report

DATA = Path(__file__).parent / "data" / "report"
AS_OF = date(2026, 3, 14)


def world(**changes: object) -> ReportData:
    """The frames of tests/data/report, with some of them replaced."""
    instant = pl.Datetime("us", "UTC")
    data = ReportData(
        as_of=AS_OF,
        owner_zone="Europe/Berlin",
        gone_quiet=pl.read_csv(DATA / "people.csv", try_parse_dates=True),
        contacts=pl.read_csv(DATA / "contacts.csv", try_parse_dates=True),
        totals={"people": 1842, "interactions": 9310, "messages": 12400, "meetings": 1895, "contacts": 412},
        sources=pl.read_csv(DATA / "sources.csv", schema_overrides={"last_synced_at": instant}),
        quarantine=pl.read_csv(DATA / "quarantine.csv", schema_overrides={"seen_at": instant}),
    )
    return dataclasses.replace(data, **changes)


def named(name: str, **others: object) -> ReportData:
    """The world, in which the first person is called `name` and `others` replace further columns."""
    values = {"name": name, **others}
    people = world().gone_quiet.with_columns(
        pl.when(pl.col("rank") == 1).then(pl.lit(value)).otherwise(pl.col(column)).alias(column)
        for column, value in values.items()
    )
    return world(gone_quiet=people)


def empty_world() -> ReportData:
    nothing = pl.DataFrame()
    return ReportData(AS_OF, "UTC", nothing, nothing, {"people": 0, "messages": 0}, nothing, nothing)


@pytest.mark.parametrize(
    ("golden", "text"),
    [
        ("report.html", to_html(world())),
        ("report.md", to_markdown(world())),
        ("empty.html", to_html(empty_world())),
        ("empty.md", to_markdown(empty_world())),
        ("gone_quiet.csv", to_csv(world().gone_quiet)),
    ],
)
def test_the_same_frames_give_the_golden_report(golden: str, text: str) -> None:
    assert text == (DATA / golden).read_bytes().decode()


def test_the_order_of_the_rows_does_not_change_the_report() -> None:
    data = world()
    shuffled = world(
        gone_quiet=data.gone_quiet.sort("name"),
        contacts=data.contacts.sample(fraction=1, shuffle=True, seed=3),
    )
    assert to_html(shuffled) == to_html(data)
    assert to_markdown(shuffled) == to_markdown(data)


@pytest.mark.parametrize("write", [to_html, to_markdown])
def test_a_report_without_data_says_how_to_begin(write: object) -> None:
    assert "kith source add" in write(empty_world())


@pytest.mark.parametrize("write", [to_html, to_markdown])
def test_a_report_on_which_nobody_stands_says_so_and_still_shows_the_books(write: object) -> None:
    text = write(world(gone_quiet=world().gone_quiet.clear(), contacts=world().contacts.clear()))
    assert "Nobody has gone quiet" in text
    assert "The books balance" in text


@pytest.mark.parametrize("write", [to_html, to_markdown])
def test_an_empty_quarantine_is_good_news(write: object) -> None:
    assert "Nothing is in quarantine" in write(world(quarantine=world().quarantine.clear()))


@pytest.mark.parametrize("write", [to_html, to_markdown])
def test_of_many_quarantined_records_fifty_are_shown_and_the_others_counted(write: object) -> None:
    [record] = world().quarantine.head(1).to_dicts()
    many = pl.DataFrame([{**record, "locator": f"line {n}."} for n in range(1, 1064)])
    text = write(world(quarantine=many))
    assert "line 50." in text
    assert "line 51." not in text
    assert "1,013 more" in text


def test_the_books_name_the_source_that_does_not_balance() -> None:
    off = world().sources.with_columns(new=pl.col("new") - (pl.col("name") == "calendar").cast(pl.Int64) * 5)
    said = report(world(sources=off))
    assert not said.is_balanced
    assert said.balance == "The books do not balance. calendar: 1,906 read, 1,901 accounted for."
    assert [source.missing for source in said.sources] == [0, 5, 0, 0]


def test_a_person_of_whom_little_is_known_is_still_reported() -> None:
    bare = world().gone_quiet.head(1).with_columns(
        pl.lit(None, pl.Date).alias("last_contact_on"),
        *(pl.lit(None, pl.Float64).alias(c) for c in ("usual_gap_days", "probability", "silent_days")),
        *(pl.lit(None, pl.String).alias(c) for c in ("name", "organization", "primary_email")),
    )  # fmt: skip
    data = world(gone_quiet=bare, contacts=pl.DataFrame())
    assert "Someone without a name" in to_html(data)
    assert "no rhythm yet" in to_markdown(data)


def test_the_timeline_shows_a_day_once_and_nothing_after_the_as_of_day() -> None:
    contacts = pl.DataFrame(
        {
            "person_id": [1, 1, 1, 1],
            "on": [AS_OF - timedelta(10), AS_OF - timedelta(10), AS_OF - timedelta(40), AS_OF + timedelta(3)],
            "channel": ["email", "meeting", "email", "meeting"],
            "direction": ["in", "mutual", "out", "mutual"],
        }
    )
    days = contact_days(contacts, AS_OF)
    assert days == {1: [ContactDay(AS_OF - timedelta(40), False), ContactDay(AS_OF - timedelta(10), True)]}
    line = draw(days[1], AS_OF)
    assert line is not None
    assert (line.mails, line.meetings) == (("0.00%",), ("75.00%",))
    assert (line.silent_x, line.silent_width, line.silent_label) == ("75.00%", "25.00%", "silent 10 days")


@pytest.mark.parametrize("as_of", [AS_OF, date(2028, 2, 29), date(2026, 1, 1)])
@pytest.mark.parametrize("first_days_ago", [0, 1, 5, 364, 1095, 1096, 9000])
def test_the_timeline_stays_inside_its_width(as_of: date, first_days_ago: int) -> None:
    line = draw([ContactDay(as_of - timedelta(first_days_ago), has_meeting=False)], as_of)
    assert line is not None
    positions = [
        *line.mails,
        *line.meetings,
        *(year.x for year in line.years),
        line.silent_x,
        line.silent_width,
    ]
    assert all(0 <= float(x.removesuffix("%")) <= 100 for x in positions)
    assert len(line.years) <= 3
    assert line.summary.endswith("at the end.")


def test_the_templates_are_inside_the_package_that_the_wheel_carries() -> None:
    root = Path(__file__).parent.parent
    wheel = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert "warehouse" in wheel["packages"]
    assert {file.name for file in (root / "warehouse" / "reports" / "templates").iterdir()} == {
        "parts.html.jinja",
        "report.css",
        "report.html.jinja",
    }
