"""How the plans of this package are run."""

import polars as pl


def collected(plan: pl.LazyFrame) -> pl.DataFrame:
    """The rows of a plan, by the engine that is quicker on few rows.

    The other, which Polars takes by itself, now and then panics where texts are put together in streams.
    """
    return plan.collect(engine="in-memory")
