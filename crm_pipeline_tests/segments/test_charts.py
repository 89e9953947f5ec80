"""Charts read the newest snapshot; without rows there are none."""

from collections.abc import Iterator

import duckdb
import pytest

from crm_pipeline.contract.catalog import declared_transforms
from crm_pipeline.segments import charts
from crm_pipeline_tests.kit import fill_table, memory_warehouse

ROWS = {
    "cluster_evidence": """snapshot_date, k, inertia, silhouette, ari_mean, ari_p05, jaccard_min, is_chosen
                           2024-01-01,    3, 9,       0.1,        0.1,      0.1,     0.1,         true
                           2024-02-01,    3, 2,       0.3,        0.95,     0.9,     0.9,         true
                           2024-02-01,    4, 1,       0.2,        0.7,      0.5,     0.4,         false""",
    "customer_segments": """snapshot_date, customer_id, rfm_segment
                            2024-02-01,    ada,         lost
                            2024-02-01,    bob,         champions""",
    "segment_profiles": """snapshot_date, segmentation, segment, feature,      effect_size
                           2024-02-01,    cluster,      active,  spend_amount, 1.25
                           2024-02-01,    cluster,      active,  return_count,
                           2024-02-01,    cluster,      dormant, spend_amount, -1.25
                           2024-02-01,    rfm_segment,  lost,    spend_amount, -0.5""",
    "feature_correlations": """snapshot_date, population, feature,     other_feature, spearman
                               2024-02-01,    all,        order_count, return_count,  0.4
                               2024-02-01,    all,        order_count, spend_amount,  0.9
                               2024-02-01,    lost,       order_count, spend_amount,  0.1""",
    "segment_transitions": """snapshot_date, from_segment,  to_segment, customer_count, share
                              2024-02-01,    no orders yet, promising,  3,              1
                              2024-02-01,    champions,     lost,       1,              1""",
    "cohort_retention": """snapshot_date, cohort_month, months_since, customer_count, active_count, retention_share
                           2024-02-01,    2023-12-01,   0,            4,              4,            1
                           2024-02-01,    2023-12-01,   1,            4,              1,            0.25""",
}
FUNCTIONS = {
    "cluster_evidence": charts.cluster_evidence,
    "customer_segments": charts.segment_sizes,
    "segment_profiles": charts.cluster_profiles,
    "feature_correlations": charts.feature_correlations,
    "segment_transitions": charts.segment_transitions,
    "cohort_retention": charts.cohort_retention,
}


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with memory_warehouse() as opened:
        yield opened


@pytest.mark.parametrize("table", ROWS)
def test_a_chart_per_table_always_the_same(connection, table):
    fill_table(connection, declared_transforms()[table].table, ROWS[table])
    image = FUNCTIONS[table](connection)
    assert image is not None and image.startswith(b"\x89PNG") and image == FUNCTIONS[table](connection)


@pytest.mark.parametrize("table", ROWS)
def test_no_rows_no_chart(connection, table):
    fill_table(connection, declared_transforms()[table].table, ROWS[table].splitlines()[0])
    assert FUNCTIONS[table](connection) is None


def test_only_the_newest_snapshot_is_drawn(connection):
    table = declared_transforms()["cluster_evidence"].table
    fill_table(connection, table, ROWS["cluster_evidence"])
    both = charts.cluster_evidence(connection)
    connection.execute("delete from segments.cluster_evidence where snapshot_date = '2024-01-01'")
    assert charts.cluster_evidence(connection) == both
