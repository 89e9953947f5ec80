"""Marketing campaigns."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="campaigns",
    description="One row per campaign, known from its start.",
    grain=("campaign_id",),
    columns=(
        Column("campaign_id", "varchar", "The campaign's identifier."),
        Column("name", "varchar", "Its name.", nullable=True),
        Column("campaign_type", "varchar", "Its type.", nullable=True),
        Column("started_at", "timestamp", "Its first moment.", nullable=True),
        Column("ended_at", "timestamp", "Its planned last moment.", nullable=True),
        columns.KNOWN_AT,
    ),
    kind="replaced",
    partition_column=None,
    delta_key=("campaign_id",),
    owner="team:data-engineering",
)
