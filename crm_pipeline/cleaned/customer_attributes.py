"""What sources say about customers beyond identity: age band, region, tier and whatever else a project maps."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="customer_attributes",
    description="One row per customer, attribute and time at which it was known.",
    grain=("customer_id", "attribute", "known_at"),
    columns=(
        columns.CUSTOMER_ID,
        Column("attribute", "varchar", "The attribute's name in crm.yaml."),
        columns.KNOWN_AT,
        Column("value", "varchar", "Its value as text."),
    ),
    kind="replaced",
    partition_column=None,
    delta_key=("customer_id",),
    owner="team:data-engineering",
)
