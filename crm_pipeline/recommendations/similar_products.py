"""What is like a product: for pages of products, and for products that nobody or hardly anybody has bought yet.

Neighbours are those of `product_similarities` where the same customers bought both. Products without such neighbours
get those of their kind (subcategory, else category): of the same brand first, then the most popular in 90 days. Told
are products that were ordered in the last 90 days, and those that entered the catalogue since; their neighbours are
products of the last 90 days that the filters of `recommendations` let be pushed.
"""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table

TABLE = Table(
    name="similar_products",
    description="One row per snapshot, current product and place: up to five others that are like it.",
    grain=("snapshot_date", "product_id", "rank"),
    columns=(
        columns.SNAPSHOT_DATE,
        columns.PRODUCT_ID,
        Column("rank", "integer", "Place, 1 is the most similar."),
        Column("other_product_id", "varchar", "A product that is like it."),
        Column(
            "source",
            "varchar",
            "`same_customers`: bought by the same customers; `same_kind`: of its kind, for want of purchases.",
        ),
        Column(
            "similarity",
            "double",
            "Weight of the one in a ridge regression of the other on all products; null for `same_kind`.",
            nullable=True,
        ),
    ),
    rules=(
        "rank between 1 and 5",
        "product_id <> other_product_id",
        "source in ('same_customers', 'same_kind')",
        "(source = 'same_customers') = (similarity is not null)",
    ),
    expectations=(Expectation("row_count", minimum=1, why="some products should have something in common"),),
)
