"""How large the project's own segments were at each snapshot, and what they spent."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="custom_segment_sizes",
    description=(
        "One row per snapshot and custom segment with members: the history of its size, also before it was defined."
    ),
    grain=("snapshot_date", "segment"),
    columns=(
        columns.SNAPSHOT_DATE,
        Column("segment", "varchar", "Its name in `segments.custom` of crm.yaml."),
        Column("customer_count", "bigint", "Members."),
        Column("customer_share", "double", "Members as a share of all customers, 0..1."),
        Column("spend_amount_90d", "decimal(18,4)", "Their spend of the last 90 days, net of returns."),
        Column("stayed_count", "bigint", "Members who already were at the snapshot before."),
    ),
    rules=(
        "customer_count >= 1",
        "customer_share > 0 and customer_share <= 1",
        "stayed_count between 0 and customer_count",
    ),
)
