"""Polars frames in and out of DuckDB."""

from pathlib import Path

import polars as pl

from warehouse.connection import Connection


def frame(connection: Connection, query: str) -> pl.DataFrame:
    """The result of a query as a Polars frame (Arrow's C interface, no copy through Python)."""
    return pl.DataFrame(connection.sql(query))


def store(
    connection: Connection, table: str, data: pl.DataFrame, scratch: Path, *, temporary: bool = False
) -> None:
    """Make `table` anew from a frame, through a Parquet file in `scratch` (DuckDB's fastest way in)."""
    parquet = scratch / f"{table}.parquet"
    data.write_parquet(parquet, compression="uncompressed")
    kind = "temp table" if temporary else "table"
    connection.execute(f"create or replace {kind} {table} as select * from read_parquet(?)", [str(parquet)])
    parquet.unlink()
