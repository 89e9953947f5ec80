"""Pairs of features among all customers and within each segment."""

from crm_pipeline.segments import feature_correlations
from crm_pipeline_tests.kit import built_rows

DAY = "2024-02-01"
SEGMENTS = """customer_id, rfm_segment
              ada,         champions
              bob,         champions
              cyd,         champions
              dan,         champions
              eve,         lost
              fay,         lost"""
FEATURES = """customer_id, order_count, spend_amount, discount_share
              ada,         1,           10,           0.1
              bob,         2,           30,           0.2
              cyd,         3,           20,           0.3
              dan,         4,           40,           0.4
              eve,         9,           90,           0.5
              fay,         8,           80,"""


def test_pairs_by_hand():
    rows = built_rows(
        feature_correlations, snapshot_date=DAY, customer_segments=SEGMENTS, customer_features=FEATURES
    ).set_index(["population", "feature", "other_feature"])
    assert len(rows) == 3 * 12 * 11 / 2
    champions = rows.loc[("champions", "order_count", "spend_amount")]
    assert champions["customer_count"] == 4
    assert round(champions["pearson"], 9) == round(champions["spearman"], 9) == 0.8
    assert rows.loc[("all", "order_count", "spend_amount"), "customer_count"] == 6
    assert rows.loc[("all", "discount_share", "spend_amount"), "customer_count"] == 5
    assert rows.loc["lost", "spearman"].isna().all()  # two customers
    assert rows.loc[("all", "order_count", "return_count")].isna()["pearson"]  # nobody returned anything


def test_no_customers(assert_builds):
    assert_builds(feature_correlations, snapshot_date=DAY, expected="population, feature, other_feature, spearman")
