"""Files that are complete or absent: written aside, put onto the disk, then moved into place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from crm_pipeline.errors import UserError
from crm_pipeline.warehouse.connection import translated

if TYPE_CHECKING:
    import pyarrow as pa


@contextmanager
def write_aside(path: Path) -> Iterator[Path]:
    """A draft in the same folder that takes the place of ``path`` when the block ends well, and else goes."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield draft
            with draft.open("rb") as written:
                os.fsync(written.fileno())
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)


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
