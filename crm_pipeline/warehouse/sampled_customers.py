"""Shows a table only the rows of some customers, so that a query about all of them serves for a sample as it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from crm_pipeline.contract.table import Table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SAMPLE = "sampled_customers"
_KEY = "customer_id"


def draw_customers(
    connection: DuckDBPyConnection, visible_orders: str | None, count: int
) -> Callable[[Table, str], str]:
    """Draw up to ``count`` customers with an order; what turns an upstream table's query into one of their rows.

    Args:
        visible_orders: the query that shows `orders` as of the date that is built; None where it was not built yet.
        count: customers; those with the lowest md5 of their id, the same ones every time.

    Returns:
        For `as_of_views`: tables without customers are shown whole. It holds until the next draw on the connection.
    """
    orders = visible_orders or f"select null::varchar as {_KEY}, false as is_return where false"
    connection.execute(
        f'create or replace temporary table "{SAMPLE}" as select {_KEY} from ({orders}) '
        f"where {_KEY} is not null and not is_return group by {_KEY} order by md5({_KEY}), {_KEY} limit {count}"
    )

    def restrict(table: Table, query: str) -> str:
        if _KEY not in table.column_names:
            return query
        return f'select * from ({query}) where {_KEY} in (select {_KEY} from "{SAMPLE}")'

    return restrict
