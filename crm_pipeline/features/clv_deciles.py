"""Whether customers who were expected to spend most did: tenths of the customers by what was published for them."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="clv_deciles",
    description=(
        "One row per judged snapshot and tenth of its customers by expected spend; empty where nothing fell due. Equal "
        "expectations are told apart by customer_id."
    ),
    grain=("known_date", "snapshot_date", "decile"),
    columns=(
        columns.KNOWN_DATE,
        columns.JUDGED_SNAPSHOT_DATE,
        Column("decile", "integer", "1 is the tenth of whom most was expected, 10 that of whom least was."),
        Column("customer_count", "bigint", "Customers of the tenth."),
        Column("buyer_count", "bigint", "Those who bought in the horizon."),
        Column("expected_amount", "decimal(18,4)", "Spend expected of them in all, as published."),
        Column("naive_amount", "decimal(18,4)", "Spend that the rule expected of them in all."),
        Column("actual_amount", "decimal(18,4)", "What they spent, net of returns."),
        Column(
            "cumulative_share",
            "double",
            "Share of all spend that this tenth and those above it brought; null where nothing was spent.",
            nullable=True,
        ),
        Column("below_interval_share", "double", "Share of them whose spend was below the 80 % interval, 0..1."),
        Column("above_interval_share", "double", "Share of them whose spend was above it, 0..1."),
    ),
    rules=(
        "decile between 1 and 10",
        "customer_count >= 1 and buyer_count between 0 and customer_count",
        "expected_amount >= 0 and naive_amount >= 0",
        "below_interval_share between 0 and 1 and above_interval_share between 0 and 1",
    ),
    partition_column="known_date",
)
