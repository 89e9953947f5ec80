"""Pictures of the newest snapshot's segments; each function reads its live table and is None where that has no rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from crm_pipeline.charts import bar_chart, heat_map, line_chart
from crm_pipeline.segments.rfm_segments import RFM_RULES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SHOWN_COHORTS = 24
SHOWN_MONTHS = 24


def cluster_evidence(connection: DuckDBPyConnection) -> bytes | None:
    """What spoke for each setting that was tried: silhouette, and how well resampled fits agree."""
    columns = "min_cluster_size, k, silhouette, ari_mean, ari_p05, jaccard_min, is_chosen"
    rows = _newest(connection, "cluster_evidence", columns, "min_cluster_size, k")
    if not rows:
        return None
    chosen = next(row[1] for row in rows if row[6])
    is_density = any(row[0] > 0 for row in rows)
    shown = [row for row in rows if row[0] > 0] if is_density else rows
    sizes, ks, silhouette, ari_mean, ari_p05, jaccard_min, _ = zip(*shown, strict=True)
    series = {
        "ARI, mean": ari_mean,
        "ARI, 5 % quantile": ari_p05,
        "weakest cluster's overlap": jaccard_min,
        "silhouette": silhouette,
    }
    if is_density:
        title = f"Density clusters: {chosen} and outliers were chosen"
        return line_chart(sizes, series, title, "sampled customers that make a cluster", "1 is best")
    return line_chart(ks, series, f"Clusters: k = {chosen} was chosen", "number of clusters, k", "1 is best")


def segment_sizes(connection: DuckDBPyConnection) -> bytes | None:
    """Customers per RFM segment, largest first."""
    rows = _newest(
        connection, "customer_segments", "rfm_segment, count(*)", "count(*) desc, rfm_segment", "group by rfm_segment"
    )
    if not rows:
        return None
    return bar_chart([row[0] for row in rows], [row[1] for row in rows], "Customers per RFM segment", "customers")


def cluster_profiles(connection: DuckDBPyConnection) -> bytes | None:
    """What sets each cluster apart: effect size per feature."""
    rows = _newest(
        connection,
        "segment_profiles",
        "segment, feature, round(effect_size, 1)",
        "segment, feature",
        "and segmentation = 'cluster' and effect_size is not null",
    )
    if not rows:
        return None
    segments, features = sorted({row[0] for row in rows}), sorted({row[1] for row in rows})
    matrix = _matrix(rows, segments, features)
    return heat_map(matrix, segments, features, "Clusters against all others", "effect size, Cohen's d", center=0)


def feature_correlations(connection: DuckDBPyConnection) -> bytes | None:
    """Rank correlation of every two features among all customers."""
    rows = _newest(
        connection,
        "feature_correlations",
        "feature, other_feature, round(spearman, 2)",
        "feature, other_feature",
        "and population = 'all' and spearman is not null",
    )
    if not rows:
        return None
    features = sorted({row[0] for row in rows} | {row[1] for row in rows})
    mirrored = [(other, feature, value) for feature, other, value in rows]
    matrix = _matrix([*rows, *mirrored], features, features)
    return heat_map(matrix, features, features, "Which features go together", "Spearman's correlation", center=0)


def segment_transitions(connection: DuckDBPyConnection) -> bytes | None:
    """Where the customers of each RFM segment went since the snapshot before."""
    rows = _newest(
        connection, "segment_transitions", "from_segment, to_segment, round(100 * share)", "from_segment, to_segment"
    )
    if not rows:
        return None
    names = [rule.name for rule in RFM_RULES]
    sources = [name for name in (*names, "no orders yet") if any(row[0] == name for row in rows)]
    targets = [name for name in names if any(row[1] == name for row in rows)]
    matrix = _matrix(rows, sources, targets)
    return heat_map(matrix, sources, targets, "From segment (row) to segment", "% of the row's customers")


def cohort_retention(connection: DuckDBPyConnection) -> bytes | None:
    """Share of each of the last 24 cohorts that ordered in the months after the first."""
    rows = _newest(
        connection,
        "cohort_retention",
        "strftime(cohort_month, '%Y-%m'), months_since, round(100 * retention_share)",
        "cohort_month, months_since",
        f"and months_since between 1 and {SHOWN_MONTHS}",
    )
    if not rows:
        return None
    cohorts, months = sorted({row[0] for row in rows})[-SHOWN_COHORTS:], sorted({row[1] for row in rows})
    labels = [str(month) for month in months]
    matrix = _matrix(rows, cohorts, months)
    return heat_map(
        matrix, cohorts, labels, "Customers who ordered again, by months since the first", "% of the cohort"
    )


def _newest(
    connection: DuckDBPyConnection, table: str, columns: str, order_by: str, more: str = ""
) -> list[tuple[Any, ...]]:
    """Rows of a table's newest snapshot; all arguments but the connection are this module's own words."""
    newest = f"snapshot_date = (select max(snapshot_date) from segments.{table})"
    return connection.execute(
        f"select {columns} from segments.{table} where {newest} {more} order by {order_by}"
    ).fetchall()


def _matrix(
    rows: Sequence[tuple[Any, Any, float | None]], row_names: Sequence[Any], column_names: Sequence[Any]
) -> list[list[float | None]]:
    """Values by row and column name; None where there is none."""
    values = {(row, column): value for row, column, value in rows}
    return [[values.get((row, column)) for column in column_names] for row in row_names]
