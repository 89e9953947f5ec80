"""Requests to the service desk."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="tickets",
    description="One row per ticket.",
    grain=("ticket_id",),
    columns=(
        Column("ticket_id", "varchar", "The ticket's identifier."),
        columns.CUSTOMER_ID,
        Column("opened_at", "timestamp", "When it was opened."),
        Column("closed_at", "timestamp", "When it was closed; null while open.", nullable=True),
        Column("topic", "varchar", "What it was about.", nullable=True),
        columns.KNOWN_AT,
    ),
    kind="replaced",
    partition_column=None,
    delta_key=("ticket_id",),
    owner="team:data-engineering",
)
