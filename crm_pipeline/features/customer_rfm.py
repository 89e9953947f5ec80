"""Recency, frequency and monetary value, in the BTYD convention."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table

TABLE = Table(
    name="customer_rfm",
    description="One row per snapshot and customer who ordered before it.",
    grain=("snapshot_date", "customer_id"),
    columns=(
        columns.SNAPSHOT_DATE,
        columns.CUSTOMER_ID,
        Column("frequency", "integer", "Order days after the first."),
        Column("recency", "integer", "Days from the first order day to the last."),
        Column("T", "integer", "Days from the first order day to the snapshot date."),
        Column("monetary_value", "decimal(18,4)", "Mean spend per repeat order day; 0 without one."),
        Column("days_since_last_order", "integer", "Days from the last order day to the snapshot date."),
        Column("order_count", "integer", "Orders; returns are none."),
        Column("total_spend", "decimal(18,4)", "Spend net of returns."),
        Column(
            "r_score",
            "integer",
            "Quintile of the days since the last order; 5 is most recent. Equal values get the middle one of theirs.",
        ),
        Column("f_score", "integer", "Quintile of the order count, likewise; 5 is most frequent."),
        Column("m_score", "integer", "Quintile of the total spend, likewise; 5 is highest."),
        Column("rfm_score", "varchar", "The three scores, one after the other."),
    ),
    rules=(
        "frequency >= 0",
        "recency between 0 and T",
        "(frequency = 0) = (recency = 0)",
        "frequency < order_count",
        "days_since_last_order = T - recency",
        "days_since_last_order >= 1",
        "r_score between 1 and 5 and f_score between 1 and 5 and m_score between 1 and 5",
        "length(rfm_score) = 3",
    ),
    expectations=(
        Expectation("row_count", minimum=1, severity="critical", why="a snapshot without customers scores nobody"),
        Expectation("mean", "frequency", minimum=0.01, why="some customers should have come back"),
    ),
)
