"""`warehouse.derive` behind the interface of a gone-quiet harness: a log of messages in, scores out.

A scorer is called with ``past`` (one row per message that an ego saw: ego, alter, ts in UNIX seconds, out:
the ego wrote it), ``as_of`` in UNIX seconds and a horizon in days; it returns ego, alter and score, the
higher the quieter. Run a harness with ``--scorer benchmarks/quiet_adapter.py:pulse``.
"""

import polars as pl

from warehouse.derive import pulse as product
from warehouse.derive.gone_quiet import has_rhythm

DAY = 86_400
TIE = ["ego", "alter"]
_BELOW_THE_GATE = -1e6


def pulse(past: pl.DataFrame, as_of: int, horizon_days: int) -> pl.DataFrame:
    """Every tie with its quiet score; `p`, the probability of no contact, is calibrated for 30 days only."""
    ties = _ties(past, as_of).select(*TIE, score="quiet_score")
    if horizon_days == 30:
        ties = ties.with_columns(p=1 / (1 + (-(1.79 + 0.49 * pl.col("score"))).exp()))
    return ties.collect()


def report(past: pl.DataFrame, as_of: int, horizon_days: int) -> pl.DataFrame:
    """Every tie in the order of the report: the expected contact lost, and below it what has no rhythm."""
    del horizon_days
    value = pl.col("probability").log() + pl.col("recent_contact_days").log()
    is_listed = has_rhythm() & (pl.col("quiet_score") >= product.COOLING)
    score = pl.when(is_listed).then(value).otherwise(_BELOW_THE_GATE + pl.col("quiet_score"))
    return _ties(past, as_of).select(*TIE, score=score).collect()


def _ties(past: pl.DataFrame, as_of: int) -> pl.LazyFrame:
    """One row per ego and alter: the product's rhythm, and whether both have written."""
    days = past.lazy().select(*TIE, age_days=(as_of // DAY - pl.col("ts") // DAY).cast(pl.Float64)).unique()
    ways = past.lazy().group_by(TIE).agg(is_two_way=pl.col("out").any() & (~pl.col("out")).any())
    return product.pulse(days, TIE).join(ways, on=TIE)
