"""Opens the copy for readers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

from crm_pipeline.errors import UserError
from crm_pipeline.warehouse.connection import Warehouse, translated

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@contextmanager
def open_published(warehouse: Warehouse) -> Iterator[DuckDBPyConnection]:
    """A reading connection to `published.duckdb`, which a run may replace meanwhile: this one keeps its state.

    UserError when nothing is published yet.
    """
    if not warehouse.published.exists():
        raise UserError(f"{warehouse.published}: nothing is published yet; start with: crm-pipeline run")
    with translated(warehouse.published):
        connection = duckdb.connect(str(warehouse.published), read_only=True)
    try:
        connection.execute("set enable_progress_bar = false")
        with translated(warehouse.published):
            yield connection
    finally:
        connection.close()
