"""Audiences as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crm_pipeline.errors import UserError
from crm_pipeline.warehouse.write_aside import write_aside

if TYPE_CHECKING:
    import pyarrow as pa


def write_table(rows: pa.Table, path: Path, kind: str) -> None:
    """Write rows as a CSV or Parquet file, whole or not at all."""
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    if path.is_dir():
        raise UserError(f"{path} is a folder; name a file")
    with write_aside(path) as draft:
        if kind == "parquet":
            pq.write_table(rows, draft)
        else:
            pc.write_csv(rows, draft)
