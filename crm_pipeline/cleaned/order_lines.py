"""Typed, deduplicated order lines; returns stay as negative lines on their own date."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table

TABLE = Table(
    name="order_lines",
    description=(
        "One row per line of an order, return or cancellation. Lines without a customer stay, with a null customer."
    ),
    grain=("order_line_id",),
    columns=(
        columns.ORDER_LINE_ID.own(),
        columns.ORDER_ID,
        columns.CUSTOMER_ID.may_be_null(),
        columns.PRODUCT_ID,
        Column("store_id", "varchar", "The shop or channel, where known.", nullable=True),
        columns.ORDERED_AT,
        columns.QUANTITY,
        Column(
            "unit_price",
            "decimal(18,4)",
            "Price of one unit before discounts; derived where the source has none; null without quantity.",
            nullable=True,
        ),
        columns.NET_AMOUNT,
        columns.DISCOUNT_AMOUNT,
        columns.LINE_TYPE,
        columns.IS_RETURN.described("Whether goods come back or are cancelled: a product with a negative sign."),
        columns.KNOWN_AT,
        columns.SOURCE,
    ),
    rules=("known_at >= ordered_at", "is_return = (line_type = 'product' and (quantity < 0 or net_amount < 0))"),
    expectations=(
        Expectation("null_share", "customer_id", maximum=0.5, why="most sales should belong to a known customer"),
        Expectation("distinct_count", "product_id", minimum=2, why="a shop sells more than one product"),
    ),
    kind="replaced",
    partition_column=None,
    order_by=("known_at", "order_line_id"),
    keeps_order=True,
    delta_key=("order_line_id",),
    owner="team:data-engineering",
)
