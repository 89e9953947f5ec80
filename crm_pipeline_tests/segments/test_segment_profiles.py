"""Profiles by hand, and the same moments as numpy's for any customers."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.segments import segment_profiles
from crm_pipeline_tests.kit import built_rows

DAY = "2024-02-01"
SEGMENTS = """customer_id, rfm_segment, cluster_id, cluster_label
              ada,         champions,   1,          active
              bob,         champions,   1,          active
              cyd,         lost,        1,          active"""


def _only(feature, **given):
    rows = built_rows(segment_profiles, snapshot_date=DAY, **given)
    return rows[rows["feature"] == feature].set_index(["segmentation", "segment"])


def test_size_revenue_and_effect_by_hand(assert_builds):
    rows = _only(
        "spend_amount",
        customer_segments=SEGMENTS,
        customer_features="customer_id, spend_amount\nada, 10\nbob, 30\ncyd, 60",
    )
    champions, lost = rows.loc[("rfm_segment", "champions")], rows.loc[("rfm_segment", "lost")]
    assert (champions["customer_count"], lost["customer_count"]) == (2, 1)
    assert (champions["customer_share"], champions["revenue_share"], lost["revenue_share"]) == (2 / 3, 0.4, 0.6)
    assert (champions["mean"], champions["median"], lost["mean"]) == (20, 20, 60)
    # champions lie 10 from their mean, so the squares are 200, on one degree of freedom; the same when pooled
    assert np.isclose(champions["standard_deviation"], 200**0.5) and np.isnan(lost["standard_deviation"])
    assert np.isclose(champions["effect_size"], -40 / 200**0.5) and np.isclose(lost["effect_size"], 40 / 200**0.5)


def test_a_segment_of_everyone_has_nobody_to_differ_from():
    rows = _only(
        "spend_amount",
        customer_segments=SEGMENTS,
        customer_features="customer_id, spend_amount\nada, 1\nbob, 2\ncyd, 3",
    )
    everyone = rows.loc[("cluster", "active")]
    assert (everyone["customer_share"], everyone["revenue_share"]) == (1, 1)
    assert np.isnan(everyone["effect_size"])


def test_missing_values_are_not_counted():
    rows = _only(
        "discount_share",
        customer_segments=SEGMENTS,
        customer_features="customer_id, discount_share\nada, 0.5\nbob,\ncyd,",
    )
    champions, lost = rows.loc[("rfm_segment", "champions")], rows.loc[("rfm_segment", "lost")]
    assert (champions["value_count"], champions["mean"], champions["customer_count"]) == (1, 0.5, 2)
    assert lost["value_count"] == 0 and np.isnan(lost["mean"]) and np.isnan(lost["effect_size"])


def test_the_same_value_for_all_has_no_effect():
    features = "customer_id, discount_share\nada, 0.1\nbob, 0.1\ncyd, 0.1"
    champions = _only("discount_share", customer_segments=SEGMENTS, customer_features=features).loc[
        ("rfm_segment", "champions")
    ]
    assert champions["standard_deviation"] == 0 and np.isnan(champions["effect_size"])


def test_no_revenue_has_no_shares_and_large_amounts_fit():
    rows = _only("spend_amount", customer_segments=SEGMENTS, customer_features="customer_id\nada\nbob\ncyd")
    assert rows["revenue_share"].isna().all()
    features = "customer_id, spend_amount\nada, 10000000000000\nbob, 30000000000000\ncyd, 1"
    rows = _only("spend_amount", customer_segments=SEGMENTS, customer_features=features)
    assert np.isclose(rows.loc[("rfm_segment", "champions"), "standard_deviation"], 2e26**0.5)


def test_no_customers(assert_builds):
    assert_builds(segment_profiles, snapshot_date=DAY, expected="segment, feature")


@settings(max_examples=5, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["lost", "loyal", "champions"]), st.integers(-500, 9999)), min_size=3))
def test_moments_agree_with_numpy(customers):
    frame = pd.DataFrame(customers, columns=["rfm_segment", "spend_amount"])
    frame["customer_id"] = [f"c{number:04d}" for number in range(len(frame))]
    rows = _only(
        "spend_amount",
        customer_segments=frame[["customer_id", "rfm_segment"]],
        customer_features=frame[["customer_id", "spend_amount"]],
    ).loc["rfm_segment"]
    groups = frame.groupby("rfm_segment")["spend_amount"]
    assert np.isclose(rows["customer_share"].sum(), 1)
    for name, wanted in {"mean": groups.mean(), "median": groups.median(), "standard_deviation": groups.std()}.items():
        assert np.allclose(rows[name].sort_index(), wanted.sort_index(), equal_nan=True)
