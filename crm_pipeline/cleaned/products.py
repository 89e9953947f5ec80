"""What is sold."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="products",
    description="One row per product of the catalogue, with its newest description.",
    grain=("product_id",),
    columns=(
        columns.PRODUCT_ID,
        Column("name", "varchar", "What customers call it.", nullable=True),
        Column("category", "varchar", "Its category.", nullable=True),
        Column("subcategory", "varchar", "Its category's part.", nullable=True),
        Column("brand", "varchar", "Its brand.", nullable=True),
        columns.KNOWN_AT,
    ),
    kind="replaced",
    partition_column=None,
    delta_key=("product_id",),
    owner="team:data-engineering",
)
