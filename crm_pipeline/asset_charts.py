"""Pictures in the metadata of assets, where people would rather look than read."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from crm_pipeline.contract.table import Table
from crm_pipeline.warehouse.connection import Warehouse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FEATURES = "crm_pipeline.features.charts"
SEGMENTS, CHURN = "crm_pipeline.segments.charts", "crm_pipeline.churn.charts"
RECOMMENDATIONS = "crm_pipeline.recommendations.charts"

Chart = Callable[["DuckDBPyConnection"], bytes | None]


def rejections(connection: DuckDBPyConnection) -> bytes | None:
    """Share of each source's rows that were rejected or said nothing new."""
    from crm_pipeline.charts import bar_chart

    rows = connection.execute(
        "select source, sum(rejected_count + duplicate_count) / nullif(sum(read_count - left_out_count), 0) "
        "from quality.reconciliation group by source order by source"
    ).fetchall()
    return bar_chart(
        [row[0] for row in rows],
        [100 * float(row[1] or 0) for row in rows],
        "Rows rejected or repeated",
        "% of rows read and not left out",
    )


CHARTS: dict[str, tuple[str, str, str]] = {
    "reconciliation": ("rows rejected or repeated per source", "crm_pipeline.asset_charts", "rejections"),
    "clv_deciles": ("expected and actual spend per tenth of the customers", FEATURES, "clv_deciles"),
    "cluster_evidence": ("silhouette and stability for each number of clusters", SEGMENTS, "cluster_evidence"),
    "customer_segments": ("customers per segment", SEGMENTS, "segment_sizes"),
    "segment_profiles": ("what sets each cluster apart", SEGMENTS, "cluster_profiles"),
    "feature_correlations": ("which features go together", SEGMENTS, "feature_correlations"),
    "segment_transitions": ("from which segment customers moved to which", SEGMENTS, "segment_transitions"),
    "cohort_retention": ("share of each cohort that came back", SEGMENTS, "cohort_retention"),
    "churn_threshold": ("expected profit of each cut-off", CHURN, "profit"),
    "churn_predictions": ("churn found per tenth of the customers", CHURN, "lift"),
    "churn_evaluation": ("predicted against observed churn", CHURN, "calibration"),
    "churn_drift": ("how far scores and features moved, snapshot by snapshot", CHURN, "drift"),
    "product_affinities": ("products bought together more often than by chance", RECOMMENDATIONS, "top_affinities"),
    "recommendation_evaluation": ("the lists against their rule over time", RECOMMENDATIONS, "recall_over_time"),
    "churn_grade": ("the model against its rule, snapshot by snapshot", CHURN, "grade_over_time"),
}
"""Per table: what its picture shows, and the module and function that draw it."""
SECOND_CHARTS: dict[str, tuple[str, str, str]] = {
    "churn_evaluation": ("precision against recall of churn scores", CHURN, "precision_recall"),
}
"""Of tables that deserve two."""


def charts_of(warehouse: Warehouse, table: Table) -> dict[str, Any]:
    """The table's charts as Markdown metadata, or nothing for tables without one."""
    import dagster as dg

    from crm_pipeline.charts import as_markdown

    wanted = {"chart": CHARTS.get(table.name), "second chart": SECOND_CHARTS.get(table.name)}
    found = {}
    for key, entry in wanted.items():
        if entry is None:
            continue
        alt, module, name = entry
        draw: Chart = getattr(import_module(module), name)
        with warehouse.connect() as connection:
            png = draw(connection)
        if png:
            found[key] = dg.MetadataValue.md(as_markdown(png, alt))
    return found
