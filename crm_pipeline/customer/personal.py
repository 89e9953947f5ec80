"""Direct identifiers of one customer, from the vault, and only when they were asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_pipeline.ingestion.staged import STAGED
from crm_pipeline.warehouse.connection import Warehouse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_KEYS = "select source, source_customer_id from cleaned.customer_identity where customer_id = ? order by all"
STAGED_CUSTOMERS = "staged_customers"


def keys_of(connection: DuckDBPyConnection, customer: str) -> list[tuple[str, str]]:
    """Sources and the customer's keys in them: all, where the page lists the first ones."""
    return connection.execute(_KEYS, [customer]).fetchall()


def personal_data(warehouse: Warehouse, keys: list[tuple[str, str]]) -> list[tuple[str, str, str, str]]:
    """Source, key, column and value of the direct identifiers in the clean records of a customer.

    ``keys``: sources and the customer's keys in them. WarehouseError when a run has the vault open.
    """
    if not warehouse.vault.exists() or not keys:
        return []
    columns = [column.name for column in STAGED[STAGED_CUSTOMERS].columns if column.pii == "direct"]
    with warehouse.connect("vault", read_only=True) as connection:
        there = {
            row[0]
            for row in connection.execute(
                "select column_name from duckdb_columns() where table_name = ?", [STAGED_CUSTOMERS]
            ).fetchall()
        }
        names = [name for name in columns if name in there]
        if not names:
            return []
        rows = connection.execute(
            f"select source, customer_id, {', '.join(names)} from staged.{STAGED_CUSTOMERS} "
            "where verdict = 'clean' and list_contains($1, source || chr(31) || customer_id) order by all",
            [[f"{source}\x1f{key}" for source, key in keys]],
        ).fetchall()
    return [
        (source, key, name, text)
        for source, key, *values in rows
        for column, value in zip(names, values, strict=True)
        for name, text in _spread(column, value)
    ]


def _spread(column: str, value: Any) -> list[tuple[str, str]]:
    """One line per identifier; the columns that a project adds are a map."""
    if value is None or value == {}:
        return []
    if isinstance(value, dict):
        return [(str(name), str(text)) for name, text in sorted(value.items()) if text is not None]
    return [(column, str(value))]
