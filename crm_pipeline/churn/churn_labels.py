"""What became of each customer: whether an order followed within the churn horizon.

Partition D holds the snapshots whose horizon ended in (previous D, D]; the first partition, all that ended by then.
Only orders known at D count, so a label never changes for a later reader of the same partition.
"""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table

TABLE = Table(
    name="churn_labels",
    description="One row per customer scored at a snapshot whose churn horizon ended since the snapshot date before.",
    grain=("known_date", "snapshot_date", "customer_id"),
    partition_column="known_date",
    columns=(
        columns.KNOWN_DATE,
        columns.JUDGED_SNAPSHOT_DATE,
        columns.CUSTOMER_ID,
        columns.HORIZON_DAYS,
        Column(
            "is_churned", "boolean", "No order in the horizon, which begins on the snapshot date; returns are none."
        ),
        columns.IS_ACTIVE.described(
            "Whether the customer could still leave at the snapshot (see `customer_features`)."
        ),
        Column("order_count", "integer", "Orders in the horizon."),
        Column("net_amount", "decimal(18,4)", "Spend in the horizon net of returns, in the project's currency."),
        Column(
            "customer_hash",
            "varchar",
            "First four hexadecimal digits of the md5 of the id: samples take whole customers, lowest first.",
            pii="pseudonymous",
        ),
    ),
    rules=(
        "is_churned = (order_count = 0)",
        "order_count >= 0",
        "date_diff('day', snapshot_date, known_date) >= horizon_days",
        "length(customer_hash) = 4",
    ),
    expectations=(
        Expectation(
            "mean",
            "is_churned",
            minimum=0.001,
            maximum=0.999,
            why="where everyone or no one leaves, the source may be incomplete or the horizon wrong",
        ),
    ),
)
