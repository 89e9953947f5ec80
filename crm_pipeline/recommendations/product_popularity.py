"""How often each product was ordered, ever and of late: what is popular, and what is known of products."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table

WINDOWS = (14, 30, 90)

TABLE = Table(
    name="product_popularity",
    description="One row per snapshot and product that a known customer ordered before it; returns are no orders.",
    grain=("snapshot_date", "product_id"),
    columns=(
        columns.SNAPSHOT_DATE,
        columns.PRODUCT_ID,
        Column(
            "product_number", "integer", "Place among the snapshot's products by product_id: a small key for models."
        ),
        Column("product_name", "varchar", "What customers call it, where the catalogue says so.", nullable=True),
        Column("category", "varchar", "Its category, where the catalogue says so.", nullable=True),
        Column("subcategory", "varchar", "Its subcategory, where the catalogue says so.", nullable=True),
        Column(
            "unit_price",
            "decimal(18,4)",
            "Mean price per unit that known customers paid in the last 90 days (else ever), in the project's currency.",
        ),
        Column("days_since_last_ordered", "integer", "Days since any known customer ordered it."),
        Column("customer_count", "bigint", "Customers who ordered it."),
        Column("order_count", "bigint", "Orders of known customers with it."),
        *(Column(f"order_count_{days}d", "bigint", f"The same in the last {days} days.") for days in WINDOWS),
        Column(
            "is_offered",
            "boolean",
            "Whether it may be pushed, by `available_days`, `min_price` and `excluded_categories` in crm.yaml.",
        ),
    ),
    rules=(
        "product_number >= 1",
        "days_since_last_ordered >= 0",
        "customer_count between 1 and order_count",
        "order_count_14d between 0 and order_count_30d",
        "order_count_30d <= order_count_90d",
        "order_count_90d <= order_count",
    ),
    expectations=(
        Expectation("row_count", minimum=2, why="with one product there is nothing to choose from"),
        Expectation("mean", "order_count_30d", minimum=0.01, why="some products should have been ordered of late"),
    ),
)
