"""`warehouse.derive` behind the interface of a gone-quiet harness: a log of messages in, scores out.

A scorer is called with ``past`` (one row per message that an ego saw: ego, alter, ts in UNIX seconds, out:
the ego wrote it), ``as_of`` in UNIX seconds and a horizon in days; it returns ego, alter and score, the
higher the quieter. Run a harness with ``--scorer benchmarks/quiet_adapter.py:pulse``.
"""

from datetime import date, timedelta

import polars as pl

from warehouse.derive import pulse as product
from warehouse.derive.gone_quiet import ranked

DAY = 86_400
TIE = ["ego", "alter"]
_OFF_THE_LIST = -1e6


def pulse(past: pl.DataFrame, as_of: int, horizon_days: int) -> pl.DataFrame:
    """Every tie with its quiet score; `p`, the probability of no contact, is calibrated for 30 days only."""
    ties = _ties(past, as_of).select(*TIE, score="quiet_score")
    if horizon_days == 30:
        ties = ties.with_columns(p=1 / (1 + (-(1.79 + 0.49 * pl.col("score"))).exp()))
    return ties.collect()


def report(past: pl.DataFrame, as_of: int, horizon_days: int) -> pl.DataFrame:
    """Every tie by its place in the product's own ranking; what has no rhythm follows by its quiet score."""
    del horizon_days
    ties = _ties(past, as_of).with_columns(person_id=pl.format("{} {}", *TIE)).collect().lazy()
    listed = ranked(ties).with_row_index("rank", offset=1).select("person_id", pl.col("rank").cast(pl.Int64))
    score = (-pl.col("rank")).cast(pl.Float64).fill_null(_OFF_THE_LIST + pl.col("quiet_score"))
    return ties.join(listed, on="person_id", how="left").select(*TIE, score=score).collect()


def _ties(past: pl.DataFrame, as_of: int) -> pl.LazyFrame:
    """One row per ego and alter: the product's rhythm, who has written, and the last day."""
    days = past.lazy().select(*TIE, age_days=(as_of // DAY - pl.col("ts") // DAY).cast(pl.Float64)).unique()
    ways = past.lazy().group_by(TIE).agg(is_two_way=pl.col("out").any() & (~pl.col("out")).any())
    today = date(1970, 1, 1) + timedelta(days=as_of // DAY)
    return (
        product.pulse(days, TIE)
        .join(ways, on=TIE)
        .with_columns(
            pl.col("silent_days", "long_gap_days").cast(pl.Int64),
            last_contact_on=pl.lit(today) - pl.duration(days=pl.col("silent_days")),
        )
    )
