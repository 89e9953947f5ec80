"""How many customers of each cohort came back, month by month."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="cohort_retention",
    description=(
        "One row per snapshot, cohort (the calendar month of the first order known) and complete calendar month since. "
        "Cohorts of the first months of the data hold customers who may be older than the data."
    ),
    grain=("snapshot_date", "cohort_month", "months_since"),
    columns=(
        columns.SNAPSHOT_DATE,
        Column("cohort_month", "date", "First day of the month of the customers' first order."),
        Column("months_since", "integer", "Calendar months after it; 0 is the month itself."),
        Column("customer_count", "bigint", "Customers of the cohort."),
        Column("active_count", "bigint", "Those with an order in that month; returns are none."),
        Column("retention_share", "double", "active_count as a share of customer_count, 0..1."),
    ),
    rules=(
        "extract(day from cohort_month) = 1",
        "cohort_month < snapshot_date",
        "months_since >= 0",
        "customer_count >= 1",
        "active_count between 0 and customer_count",
        "months_since > 0 or active_count = customer_count",
        "retention_share between 0 and 1",
    ),
)
