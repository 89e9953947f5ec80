"""Returns and cancellations matched to the sales that they undo."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="returned_lines",
    description=(
        "One row per returned line whose sale is known: of the same customer and product, the latest earlier sale with "
        "enough quantity left after the returns known before; among those one at the same price first. Returns of "
        "sales before the data begins, of nobody's sales, and of more than any one sale had left are not listed, nor "
        "those after a customer's 500th of one product. The match is known with the return and changes nothing about "
        "earlier days."
    ),
    grain=("return_line_id",),
    columns=(
        Column("return_line_id", "varchar", "`order_line_id` of the returned or cancelled line."),
        Column("sale_line_id", "varchar", "`order_line_id` of the sale; several returns may share one."),
        columns.CUSTOMER_ID,
        columns.PRODUCT_ID,
        Column("quantity", "decimal(18,3)", "Units returned, positive."),
        Column("sold_at", "timestamp", "When the sale was made, in the project's time zone."),
        Column("returned_at", "timestamp", "When the return or cancellation was made, in the project's time zone."),
        Column("days_to_return", "integer", "Days from the day of the sale to the day of the return."),
        columns.KNOWN_AT.described("When the company could first know the return, in the project's time zone."),
    ),
    rules=("quantity > 0", "sold_at <= returned_at", "returned_at <= known_at", "return_line_id <> sale_line_id"),
    kind="replaced",
    partition_column=None,
    order_by=("known_at", "return_line_id"),
    delta_key=("customer_id", "product_id"),
    owner="team:data-engineering",
)
