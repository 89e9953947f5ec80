"""Which campaign reached which customer, and when."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="campaign_contacts",
    description="One row per contact; without a time of its own it counts from the campaign's start.",
    grain=(
        "campaign_id",
        "customer_id",
        "contacted_at",
        "channel",
    ),
    columns=(
        Column("campaign_id", "varchar", "The campaign's identifier."),
        columns.CUSTOMER_ID,
        Column("contacted_at", "timestamp", "When; the campaign's start where the source does not say."),
        Column("channel", "varchar", "How; unknown where the source does not say."),
        columns.KNOWN_AT,
    ),
    kind="replaced",
    partition_column=None,
    delta_key=("campaign_id", "customer_id"),
    owner="team:data-engineering",
)
