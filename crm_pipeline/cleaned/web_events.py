"""Visits, views and clicks of customers in shops and apps."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="web_events",
    description="One row per event.",
    grain=(
        "customer_id",
        "occurred_at",
        "event_type",
        "product_id",
    ),
    columns=(
        columns.CUSTOMER_ID,
        Column("occurred_at", "timestamp", "When."),
        Column("event_type", "varchar", "What happened."),
        columns.PRODUCT_ID.described("The product it was about; `none` where it was about none."),
        columns.KNOWN_AT,
    ),
    kind="replaced",
    partition_column=None,
    delta_key=("customer_id", "occurred_at", "event_type"),
    owner="team:data-engineering",
)
