"""What changed about a customer since the snapshot before, beside how much such things differ between customers.

Scores of two snapshots differ because the customer did something, because time passed, or because the model learned
anew. `diff/scores.py` tells what differs between two states of the *same* snapshot; here two snapshots are compared by
the contract's own columns, each change in standard deviations over all customers of D, so that days, amounts and shares
can be ranked together.
"""

from __future__ import annotations

from crm_pipeline.contract.table import Table

NUMBERS = ("integer", "bigint", "double", "decimal")
SHOWN = 8
SMALLEST = 0.1
"""Standard deviations below which a change is not worth a line."""

_QUERY = """
with now_row as (select * from {table} where customer_id = $customer_id and snapshot_date = $snapshot_date),
before_row as (
    select * from {table}
    where customer_id = $customer_id
        and snapshot_date = (select max(snapshot_date) from {table} where snapshot_date < $snapshot_date)
),
spread as (select {spreads} from {table} where snapshot_date = $snapshot_date),
pairs as (
    select unnest([{names}]) as feature, unnest([{befores}]) as before, unnest([{nows}]) as now,
        unnest([{of_all}]) as spread
    from now_row as n, before_row as b, spread as s
)
select feature, before, now, round((now - before) / spread, 6) as distance
from pairs where spread > 0 and abs(now - before) > {smallest} * spread
order by abs(distance) desc, feature limit {shown}
"""


def changes_query(features: Table) -> str:
    """SQL over a table of one row per snapshot and customer: feature, before, now and distance, the largest first."""
    names = [
        column.name
        for column in features.columns
        if column.name not in features.grain and column.type.split("(")[0] in NUMBERS
    ]
    return _QUERY.format(
        table=f"{features.stage}.{features.name}",
        names=", ".join(f"'{name}'" for name in names),
        spreads=", ".join(f"stddev_pop({name}) as {name}" for name in names),
        befores=", ".join(f"b.{name}::double" for name in names),
        nows=", ".join(f"n.{name}::double" for name in names),
        of_all=", ".join(f"s.{name}" for name in names),
        smallest=SMALLEST,
        shown=SHOWN,
    ).strip()
