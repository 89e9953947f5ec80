"""Tests of difference from profiles."""

import pytest

from crm_pipeline.segments import segment_differences
from crm_pipeline_tests.kit import built_rows


def test_segments_that_differ_and_one_that_cannot_be_compared() -> None:
    rows = built_rows(
        segment_differences,
        snapshot_date="2024-02-01",
        segment_profiles="""segmentation, segment, feature,     value_count, mean, standard_deviation
                            cluster,      a,       order_count, 50,          1,    1
                            cluster,      b,       order_count, 50,          3,    1
                            cluster,      c,       order_count, 1,           9,
                            cluster,      a,       return_count, 50,         0,    0
                            cluster,      b,       return_count, 50,         0,    0""",
    ).set_index("feature")
    assert rows.loc["order_count", "segment_count"] == 2
    # t = 2 / sqrt(1 / 50 + 1 / 50) = 10; between 100 x 1, within 98 x 1
    assert rows.loc["order_count", "f_statistic"] == pytest.approx(100)
    assert rows.loc["order_count", "p_value"] < 1e-15
    assert rows.loc["order_count", "eta_squared"] == pytest.approx(100 / 198)
    assert rows.loc["return_count", ["f_statistic", "p_value", "eta_squared"]].isna().all()
