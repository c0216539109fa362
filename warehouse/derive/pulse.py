"""PULSE: how sure it is that a relationship has gone quiet, from the days of contact alone.

Two questions, both in log odds. Has it slowed: under a gamma-Poisson rate with a memory of 180 days, how
likely are next to no contacts in the coming 90 days. Is this silence long: the log probability of a silence
like this one under a Pareto drop-out model. The constants are frozen; they were fitted on six real networks
(company mail, mailing lists, phone calls) and only the two numbers in each sigma may be fitted anew.
"""

import math

import polars as pl
import polars.selectors as cs

HALF_LIFE_DAYS = 180.0
WINDOW_DAYS = 90
_PRIOR_CONTACTS, _PRIOR_DAYS = 0.3, 30.0
_BREAK_SHARE = 0.2
_MAX_TERMS = 19
_DROP_SHAPE, _DROP_DAYS, _DROP_WEIGHT, _DROP_CONTACTS = 0.5, 17.0, 0.25, 12.0

COOLING, GONE_QUIET = -3.0, -1.0


def pulse(contact_days: pl.LazyFrame, keys: list[str]) -> pl.LazyFrame:
    """One row per key: its rhythm and its quiet score.

    In: one row per key and day of contact, with `age_days` (Float64, days before as_of, at least 0).
    Out: the keys, contact_days, silent_days, tenure_days, active_days, usual_gap_days (median),
    long_gap_days, recent_contact_days (in the 180 days up to the last one), tie_strength (contact days,
    halved each 180 days), usual_per_day, quiet_score (the higher the quieter), probability (of having gone
    quiet, 0..1).
    """
    age = pl.col("age_days")
    rhythm = contact_days.group_by(keys).agg(
        contact_days=pl.len().cast(pl.Int64),
        silent_days=age.min(),
        tenure_days=age.max(),
        usual_gap_days=age.sort().diff().median(),
        long_gap_days=age.sort().diff().max(),
        recent_contact_days=(age < age.min() + HALF_LIFE_DAYS).sum().cast(pl.Int64),
        # rounded: the last digits of a sum depend on the order of rows, and no answer may
        tie_strength=(2.0 ** (-age / HALF_LIFE_DAYS)).sum().round(9),
    )
    silent = pl.col("silent_days").clip(0.5)
    return (
        rhythm.with_columns(active_days=(pl.col("tenure_days") - pl.col("silent_days")).clip(1.0))
        .with_columns(usual_per_day=(pl.col("contact_days") - 1) / pl.col("active_days"))
        .pipe(_with_slowed)
        .with_columns(quiet_score=pl.col("_slowed") + 0.5 * _is_long(silent))
        .drop(cs.starts_with("_"))
        .with_columns(probability=1 / (1 + (-(0.81 + 0.43 * pl.col("quiet_score"))).exp()))
    )


def _with_slowed(rhythms: pl.LazyFrame) -> pl.LazyFrame:
    """With `_slowed`: log odds that at most a fifth of the usual contact happens in the next 90 days.

    A column a term: one expression of all terms repeats each in the next, and planning it costs more CPU
    than computing it for thousands of people.
    """
    memory = HALF_LIFE_DAYS / math.log(2) * (1 - 2.0 ** (-pl.col("tenure_days") / HALF_LIFE_DAYS))
    contacts, share, term, sum_ = (pl.col(name) for name in ("_contacts", "_share", "_term", "_sum"))
    terms = rhythms.with_columns(
        _contacts=_PRIOR_CONTACTS + pl.col("tie_strength"),
        _share=WINDOW_DAYS / (_PRIOR_DAYS + memory + WINDOW_DAYS),
        _few=(_BREAK_SHARE * pl.col("usual_per_day") * WINDOW_DAYS).floor(),
    ).with_columns(_term=(1 - share) ** contacts)
    terms = terms.with_columns(_sum=term)
    for k in range(1, _MAX_TERMS):
        terms = terms.with_columns(_term=term * (contacts + k - 1) / k * share)
        terms = terms.with_columns(_sum=sum_ + pl.when(pl.col("_few") >= k).then(term).otherwise(0.0))
    probability = sum_.clip(1e-12, 1 - 1e-12)
    return terms.with_columns(_slowed=(probability / (1 - probability)).log())


def _is_long(silent: pl.Expr) -> pl.Expr:
    """Log probability of dropping out against that of a silence this long within the tie."""
    n = pl.col("contact_days")
    silence = (1 + silent / (_DROP_DAYS + pl.col("active_days"))).log()
    return (_DROP_WEIGHT / (_DROP_CONTACTS + n)).log() + (_DROP_SHAPE + n) * silence
