"""Customers' ratings of products and of the service."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="reviews",
    description="One row per review.",
    grain=("review_id",),
    columns=(
        Column("review_id", "varchar", "The review's identifier."),
        columns.CUSTOMER_ID,
        columns.PRODUCT_ID.may_be_null(),
        Column("reviewed_at", "timestamp", "When."),
        Column("rating", "decimal(9,3)", "The rating, in the source's scale.", nullable=True),
        columns.KNOWN_AT,
    ),
    kind="replaced",
    partition_column=None,
    delta_key=("review_id",),
    owner="team:data-engineering",
)
