"""What only the generator knows. The pipeline has no source here and never reads it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from crm_pipeline.simulation.acme.world import query


def write_truth(world: duckdb.DuckDBPyConnection, through: date, folder: Path) -> None:
    """Write ``people.parquet``: a row per person who has ordered by ``through``, with every number that systems know
    them by, the planted segment and purchase rate, and the day on which they leave or left; and
    ``identities.parquet``: a row per record of a source of customers, with its person."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {"people": "truth", "identities": "true_identities"}.items():
        target = str(folder / f"{name}.parquet").replace("'", "''")
        world.execute(f"copy ({query(text)}) to '{target}' (format parquet, compression zstd)")
