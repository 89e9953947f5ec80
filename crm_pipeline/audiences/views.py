"""What an audience's query may join beside the tables: who was addressed before, and who agreed to what.

``audience_members`` holds the exports drawn for *earlier* snapshots. Those of the snapshot itself are left out, also of
other audiences: an export would change the audience that it was made of, and the order of audiences would matter.
``customer_consents`` holds each customer's newest decision per purpose (a channel, say), as of the last load.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from crm_pipeline.audiences.consent import CONSENTS_SHOWN, show_consents

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from crm_pipeline.pipeline import Pipeline

HISTORY = "audience_members"
VIEWS = {
    HISTORY: "audience varchar, snapshot_date date, export_number integer, exported_at timestamp, "
    "customer_id varchar, audience_group varchar",
    CONSENTS_SHOWN: "customer_id varchar, purpose varchar, decided_at timestamp, is_granted boolean",
}
"""Name and columns of each."""
_WITH_IDS_OF_TODAY = f"""
create or replace temporary table {HISTORY} as
select audience, snapshot_date, export_number, exported_at,
    coalesce(forwarded.customer_id, given.customer_id) as customer_id, audience_group
from given left join cleaned.customer_forwarding as forwarded on given.customer_id = forwarded.source_customer_id
"""
"""An id that was handed over may have gone into another customer's since."""


def views_named(query: str) -> set[str]:
    """Which of the views a query names."""
    tables = sqlglot.parse_one(query.rstrip().rstrip(";"), dialect="duckdb").find_all(exp.Table)
    return {table.name.lower() for table in tables if not table.db} & VIEWS.keys()


def show_views(connection: DuckDBPyConnection, pipeline: Pipeline, query: str, where: str, snapshot_date: date) -> None:
    """Put the views that a query names into temporary tables on a connection to the copy for readers."""
    named = views_named(query)
    if CONSENTS_SHOWN in named:
        show_consents(connection, pipeline, where)
    if HISTORY in named:
        _show_history(connection, pipeline.project.warehouse_folder / "audiences" / "history", snapshot_date)


def _show_history(connection: DuckDBPyConnection, folder: Path, snapshot_date: date) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = [path for path in sorted(folder.glob("*/*.parquet")) if path.stem[-10:] < snapshot_date.isoformat()]
    if not files:
        connection.execute(f"create or replace temporary table {HISTORY} ({VIEWS[HISTORY]})")
        return
    read = [pq.read_table(path) for path in files]  # the connection itself cannot reach files
    connection.register("given", pa.concat_tables(read, promote_options="default"))
    connection.execute(_WITH_IDS_OF_TODAY)
    connection.unregister("given")
