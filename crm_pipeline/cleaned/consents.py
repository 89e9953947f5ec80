"""What customers allowed, and what they withdrew."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="consents",
    description="One row per decision.",
    grain=(
        "customer_id",
        "purpose",
        "decided_at",
    ),
    columns=(
        columns.CUSTOMER_ID,
        Column("purpose", "varchar", "The use of personal data."),
        Column("decided_at", "timestamp", "When."),
        Column("is_granted", "boolean", "Whether it was allowed."),
        columns.KNOWN_AT,
    ),
    kind="replaced",
    partition_column=None,
    delta_key=("customer_id", "purpose", "decided_at"),
    owner="team:data-engineering",
)
