"""PULSE against an independent computation, and what must hold of it whatever the days of contact are."""

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.derive.pulse import COOLING, GONE_QUIET, pulse
from warehouse.derive.rhythms import contact_days, rhythms

AS_OF = date(2026, 6, 30)
# Ages in days of the days of contact: scattered ones, and contact on every day of a while.
SCATTERED = st.sets(st.integers(1, 1500), min_size=1, max_size=60)
DAILY = st.builds(
    lambda last, number: set(range(last, last + number)), st.integers(1, 300), st.integers(1, 120)
)
TIES = st.lists(st.one_of(SCATTERED, DAILY), min_size=1, max_size=12)
INSTANT = pl.Datetime("us", "UTC")

Ages = Iterable[int]


def scored(*ties: Ages) -> list[dict[str, float]]:
    """PULSE of relationships, each given by the ages of its days, in their order."""
    rows = [(number, age) for number, ages in enumerate(ties) for age in ages]
    frame = pl.LazyFrame(rows, {"who": pl.Int64, "age_days": pl.Float64}, orient="row")
    found = pulse(frame, ["who"]).collect().sort("who").drop("who").to_dicts()
    assert len(found) == len(ties)
    return found


def score(ages: Ages) -> float:
    [found] = scored(ages)
    return found["quiet_score"]


def at_most(limit: int, shape: float, share: float) -> float:
    """P(X <= limit) of a negative binomial with real shape, term by term through log-gamma."""
    return math.fsum(
        math.exp(
            math.lgamma(shape + k)
            - math.lgamma(shape)
            - math.lgamma(k + 1)
            + shape * math.log(1 - share)
            + k * math.log(share)
        )
        for k in range(limit + 1)
    )


def judged(ages: Ages) -> tuple[float, float]:
    """Quiet score and probability, from the design's formula, without a frame."""
    ages = sorted(ages)
    n, silent, tenure = len(ages), ages[0], ages[-1]
    active = max(tenure - silent, 1)
    usual = (n - 1) / active
    shape = 0.3 + math.fsum(2 ** (-age / 180) for age in ages)
    days = 30 + 180 / math.log(2) * (1 - 2 ** (-tenure / 180))
    few = min(max(at_most(math.floor(0.2 * usual * 90), shape, 90 / (days + 90)), 1e-12), 1 - 1e-12)
    slowed = math.log(few / (1 - few))
    long = math.log(0.25 / (12 + n)) + (0.5 + n) * math.log(1 + silent / (17 + active))
    score = slowed + long / 2
    return score, 1 / (1 + math.exp(-(0.81 + 0.43 * score)))


@given(TIES)
@settings(max_examples=8, deadline=None)
def test_the_score_is_the_designs_formula(ties: list[set[int]]) -> None:
    for ages, found in zip(ties, scored(*ties), strict=True):
        assert (found["quiet_score"], found["probability"]) == pytest.approx(judged(ages), abs=1e-6)


@given(TIES)
@settings(max_examples=8, deadline=None)
def test_the_facts_of_the_rhythm_are_those_of_the_days(ties: list[set[int]]) -> None:
    for ages, found in zip(ties, scored(*ties), strict=True):
        days = sorted(ages)
        gaps = [later - earlier for earlier, later in pairwise(days)]
        assert found["contact_days"] == len(days)
        assert (found["silent_days"], found["tenure_days"]) == (days[0], days[-1])
        assert found["active_days"] == max(days[-1] - days[0], 1)
        assert found["long_gap_days"] == (max(gaps) if gaps else None)
        assert found["usual_gap_days"] == (median(gaps) if gaps else None)
        assert found["recent_contact_days"] == sum(age < days[0] + 180 for age in days)
        assert found["tie_strength"] == pytest.approx(math.fsum(2 ** (-age / 180) for age in days))


@given(st.lists(st.sets(st.integers(0, 40_000), min_size=1, max_size=60), min_size=1, max_size=12))
@settings(max_examples=8, deadline=None)
def test_the_score_is_finite_and_the_probability_is_one(ties: list[set[int]]) -> None:
    """Contact today and a century of it included."""
    for found in scored(*ties):
        assert math.isfinite(found["quiet_score"])
        assert 0 <= found["probability"] <= 1


def test_daily_contact_over_twenty_years_is_finite() -> None:
    ages = range(1, 7301)
    assert score(ages) == pytest.approx(judged(ages)[0], abs=1e-6)


@given(TIES, st.integers(1, 400))
@settings(max_examples=8, deadline=None)
def test_more_silence_never_lowers_the_score(ties: list[set[int]], longer: int) -> None:
    """It has slowed more, and the silence is longer."""
    later = scored(*({age + longer for age in ages} for ages in ties))
    for before, after in zip(scored(*ties), later, strict=True):
        assert after["quiet_score"] >= before["quiet_score"] - 1e-9


@given(st.lists(st.integers(0, 1500), min_size=1, max_size=40, unique=True))
@settings(max_examples=8, deadline=None)
def test_the_order_of_the_days_does_not_matter(ages: list[int]) -> None:
    given_order, sorted_order = scored(ages, sorted(ages))
    assert given_order == pytest.approx(sorted_order)


@given(TIES)
@settings(max_examples=8, deadline=None)
def test_each_relationship_is_scored_on_its_own(ties: list[set[int]]) -> None:
    assert scored(*ties)[0] == pytest.approx(scored(ties[0])[0])


def test_a_broken_rhythm_is_quiet_and_a_slow_or_living_one_is_not() -> None:
    weekly, bimonthly = range(100, 800, 7), range(60, 760, 60)
    assert score(weekly) > GONE_QUIET > score(bimonthly)
    assert score(range(3, 800, 7)) < COOLING


def test_active_days_run_from_the_first_to_the_last_though_the_last_is_today() -> None:
    [found] = scored([0, 1, 5])
    assert found["active_days"] == 5


def test_a_first_day_of_silence_does_not_lower_the_score() -> None:
    assert score([1, 6]) >= score([0, 5])


# From interactions to days of contact


def happened(*rows: tuple[datetime, str, str, int]) -> pl.LazyFrame:
    """Interactions with Ada: when, channel, direction, party size."""
    schema: dict[str, Any] = {
        "occurred_at": INSTANT, "channel": pl.String, "direction": pl.String,
        "party_size": pl.Int64,
    }  # fmt: skip
    return pl.LazyFrame(list(rows), schema, orient="row").with_columns(person_id=pl.lit("ada"))


def ago(days: int, hour: int = 12) -> datetime:
    return datetime(AS_OF.year, AS_OF.month, AS_OF.day, hour, tzinfo=UTC) - timedelta(days=days)


def rhythm(frame: pl.LazyFrame, as_of: date = AS_OF, zone: str = "Europe/Berlin") -> dict[str, object]:
    [row] = rhythms(frame, as_of=as_of, owner_zone=zone).collect().to_dicts()
    return row


def test_a_burst_is_one_day_of_contact() -> None:
    burst = [(ago(3, hour), "email", direction, 2) for hour in range(8, 18) for direction in ("in", "out")]
    found = rhythm(happened(*burst, (ago(10), "email", "in", 2)))
    assert (found["interactions"], found["contact_days"], found["silent_days"]) == (21, 2, 3)


def test_a_day_is_a_day_where_the_owner_is() -> None:
    """22:30 in London is half past midnight in Berlin in summer: the next day there."""
    late = happened((datetime(2026, 6, 1, 22, 30, tzinfo=UTC), "email", "in", 2))
    assert rhythm(late)["last_contact_on"] == date(2026, 6, 2)
    assert rhythm(late, zone="Europe/London")["last_contact_on"] == date(2026, 6, 1)


@pytest.mark.parametrize(
    ("channel", "party_size", "is_direct"),
    [("email", 6, True), ("email", 7, False), ("meeting", 5, True), ("meeting", 6, False)],
)
def test_mail_to_five_and_meetings_of_five_are_direct_contact(
    channel: str, party_size: int, is_direct: bool
) -> None:
    frame = happened((ago(3), channel, "in", party_size))
    assert contact_days(frame, owner_zone="UTC").collect()["is_direct"].to_list() == [is_direct]


def test_who_was_met_in_large_rounds_only_has_interactions_but_no_rhythm() -> None:
    found = rhythm(happened((ago(3), "meeting", "mutual", 9), (ago(9), "meeting", "mutual", 9)))
    assert found["interactions"] == 2
    assert (found["contact_days"], found["quiet_score"], found["last_contact_on"]) == (None, None, None)
    assert not found["is_two_way"]


@pytest.mark.parametrize(
    ("directions", "is_two_way"),
    [(["in"], False), (["out", "out"], False), (["in", "out"], True), (["mutual"], True)],
)
def test_both_have_written_or_we_have_met(directions: list[str], is_two_way: bool) -> None:
    rows = [(ago(day), "email", direction, 2) for day, direction in enumerate(directions)]
    assert rhythm(happened(*rows))["is_two_way"] is is_two_way


def test_what_comes_after_the_day_does_not_count_yet() -> None:
    frame = happened((ago(30), "email", "in", 2), (ago(-1), "email", "out", 2))
    found = rhythm(frame)
    assert (found["interactions"], found["silent_days"], found["is_two_way"]) == (1, 30, False)
    assert rhythms(frame, as_of=AS_OF - timedelta(days=31), owner_zone="UTC").collect().is_empty()


def test_alive_and_gone_quiet_add_up_to_one() -> None:
    found = rhythm(happened(*((ago(day), "email", "in", 2) for day in range(20, 200, 9))))
    alive, gone = found["still_alive"], found["probability"]
    assert isinstance(alive, float)
    assert isinstance(gone, float)
    assert alive + gone == pytest.approx(1)
