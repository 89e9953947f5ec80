"""What each customer spends on which category."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table

TABLE = Table(
    name="customer_category_spend",
    description=(
        "One row per snapshot, customer and category bought before it. Products without a category share `unknown`; "
        "categories that were only returned are left out."
    ),
    grain=("snapshot_date", "customer_id", "category"),
    columns=(
        columns.SNAPSHOT_DATE,
        columns.CUSTOMER_ID,
        Column("category", "varchar", "The products' category."),
        Column("spend_amount", "decimal(18,4)", "Spend net of returns, in the project's currency."),
        Column("order_count", "integer", "Orders with a product of the category; returns are none."),
        Column("days_since_last_order", "integer", "Days from the last of these orders to the snapshot date."),
        Column(
            "spend_share",
            "double",
            "Part of the customer's spend, 0..1; 0 where more was returned than bought.",
        ),
    ),
    rules=(
        "order_count >= 1",
        "days_since_last_order >= 1",
        "spend_share between 0 and 1",
        "spend_amount > 0 or spend_share = 0",
    ),
    expectations=(
        Expectation("distinct_count", "category", minimum=2, why="one category for everything says nothing"),
    ),
)
