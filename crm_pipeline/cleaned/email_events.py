"""Messages that were sent, opened or clicked."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="email_events",
    description="One row per event.",
    grain=(
        "customer_id",
        "occurred_at",
        "event_type",
        "campaign_id",
    ),
    columns=(
        columns.CUSTOMER_ID,
        Column("occurred_at", "timestamp", "When."),
        Column("event_type", "varchar", "What happened."),
        Column("campaign_id", "varchar", "The campaign; `none` where it belonged to none."),
        columns.KNOWN_AT,
    ),
    kind="replaced",
    partition_column=None,
    delta_key=("customer_id", "occurred_at", "event_type"),
    owner="team:data-engineering",
)
