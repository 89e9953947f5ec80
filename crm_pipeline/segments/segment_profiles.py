"""What sets each segment apart: size, revenue, and each feature against the rest of the customers.

The effect size is Cohen's d: the difference of the means of segment and rest in pooled standard deviations. Source:
Cohen (1988), "Statistical Power Analysis for the Behavioral Sciences", 2nd ed., section 2.5; 0.2 is small, 0.5 medium,
0.8 large.
"""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table

TABLE = Table(
    name="segment_profiles",
    description="One row per snapshot, segment (RFM segments and clusters) and feature of customer_features.",
    grain=("snapshot_date", "segmentation", "segment", "feature"),
    columns=(
        columns.SNAPSHOT_DATE,
        Column("segmentation", "varchar", "`rfm_segment` or `cluster`."),
        Column("segment", "varchar", "Name of the RFM segment, or label of the cluster."),
        Column("feature", "varchar", "The column of customer_features; figures below are in its unit."),
        Column("customer_count", "bigint", "Customers of the segment."),
        Column("customer_share", "double", "The same as a share of all customers, 0..1."),
        Column(
            "revenue_share",
            "double",
            "Share of all customers' spend net of returns; null where that is 0.",
            nullable=True,
        ),
        Column("value_count", "bigint", "Customers of the segment for whom the feature is known."),
        Column("mean", "double", "Mean of the known values; null without any.", nullable=True),
        Column("median", "double", "Median of the known values; null without any.", nullable=True),
        Column("standard_deviation", "double", "Of the known values (sample); null below two.", nullable=True),
        Column(
            "effect_size",
            "double",
            "Cohen's d: mean less that of all other customers, in pooled standard deviations; null where that is 0.",
            nullable=True,
        ),
    ),
    rules=(
        "segmentation in ('rfm_segment', 'cluster')",
        "customer_count >= 1",
        "customer_share > 0 and customer_share <= 1",
        "value_count between 0 and customer_count",
        "(mean is null) = (value_count = 0) and (median is null) = (value_count = 0)",
        "(standard_deviation is null) = (value_count < 2)",
        "standard_deviation is null or standard_deviation >= 0",
    ),
    expectations=(
        Expectation("mean", "customer_share", minimum=0.02, why="dozens of tiny segments cannot be acted on"),
    ),
)
