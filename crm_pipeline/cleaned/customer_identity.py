"""Which customer a source's record belongs to."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="customer_identity",
    description="One row per source and customer key: current knowledge of identity, applied to every snapshot.",
    grain=("source", "source_customer_id"),
    columns=(
        columns.SOURCE,
        Column("source_customer_id", "varchar", "The customer's key in that source.", pii="pseudonymous"),
        columns.CUSTOMER_ID,
    ),
    kind="replaced",
    partition_column=None,
    delta_key=("customer_id",),
    owner="team:data-engineering",
)
