"""What customers bought and spent in the horizon after a snapshot, once that is known."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="clv_outcomes",
    description=(
        "One row per judged snapshot S and customer scored at it; partition D holds the snapshots whose horizon "
        "[S, S + horizon_days) ended since the snapshot date before D. Orders recorded after D do not change it."
    ),
    grain=("known_date", "snapshot_date", "customer_id"),
    columns=(
        columns.KNOWN_DATE,
        columns.JUDGED_SNAPSHOT_DATE,
        columns.CUSTOMER_ID,
        columns.HORIZON_DAYS,
        columns.IS_ACTIVE.described("Whether the customer could still leave at the judged snapshot."),
        Column("order_count", "integer", "Orders in the horizon; returns are none."),
        Column("purchase_count", "integer", "Days with an order in the horizon, what `expected_purchases` predicts."),
        Column(
            "spend_amount",
            "decimal(18,4)",
            "Spend in the horizon net of returns, with corrections of amounts, in the project's currency.",
        ),
    ),
    rules=(
        "date_diff('day', snapshot_date, known_date) >= horizon_days",
        "purchase_count between 0 and horizon_days",
        "purchase_count <= order_count and (purchase_count = 0) = (order_count = 0)",
    ),
    partition_column="known_date",
)
