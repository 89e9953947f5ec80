"""Orders: lines of one order collapsed, so that features need not touch every line."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="orders",
    description=(
        "One row per order and part of it. What was added to, or returned from, an order on a later day is a part of "
        "its own, known on its own day, so that it changes nothing about earlier ones."
    ),
    grain=("order_id", "order_part"),
    columns=(
        columns.ORDER_ID.own(),
        Column("order_part", "integer", "1 for the order as first known; later additions and returns count on."),
        columns.CUSTOMER_ID.may_be_null(),
        columns.ORDERED_AT,
        Column(
            "part_type",
            "varchar",
            "order, return (or cancellation), or correction: discounts and adjustments on a day without a sale in the "
            "same order.",
        ),
        Column("line_count", "integer", "Lines of the part; 0 for an order without lines."),
        Column("product_count", "integer", "Different products of the part; 0 for an order without lines."),
        columns.QUANTITY,
        columns.NET_AMOUNT,
        columns.DISCOUNT_AMOUNT,
        columns.IS_RETURN.described(
            "Whether this is a return, cancellation or correction of amounts, which is not an order."
        ),
        columns.KNOWN_AT,
    ),
    rules=(
        "order_part >= 1",
        "product_count <= line_count",
        "known_at >= ordered_at",
        "is_return = (part_type in ('return', 'correction'))",
    ),
    kind="replaced",
    partition_column=None,
    order_by=("known_at", "order_id", "order_part"),
    delta_key=("order_id",),
    owner="team:data-engineering",
)
