"""Every customer that any source knows, without direct identifiers."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table

TABLE = Table(
    name="customers",
    description="One row per customer of any source: described ones, buyers and contacts.",
    grain=("customer_id",),
    columns=(
        columns.CUSTOMER_ID,
        Column(
            "first_seen_at",
            "timestamp",
            "First moment at which any source knew the customer, in the project's time zone.",
        ),
        columns.KNOWN_AT,
    ),
    rules=("first_seen_at <= known_at",),
    expectations=(
        Expectation("row_count", minimum=1, severity="critical", why="without customers there is nothing to score"),
    ),
    kind="replaced",
    partition_column=None,
    delta_key=("customer_id",),
    owner="team:data-engineering",
)
