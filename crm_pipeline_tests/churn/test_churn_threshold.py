"""Whom a cut-off reaches and what it earns, by hand."""

import numpy as np
import pytest

from crm_pipeline.churn import churn_threshold
from crm_pipeline_tests.churn.registry import prior_rows
from crm_pipeline_tests.kit import built_rows

FEATURES = """customer_id, is_active, days_since_last_order, mean_basket_amount
              ada,         true,      10,                    60
              bob,         true,      10,                    30
              cyd,         true,      10,                    90
              dan,         false,     10,                    1000"""
# probabilities exp(-E): .5, .9, .1 and, of the inactive one, .9
VALUES = """customer_id, expected_purchases_churn_horizon, clv
            ada,         0.693147180559945,                100
            bob,         0.105360515657826,                10
            cyd,         2.302585092994046,                10
            dan,         0.105360515657826,                1000"""


def built(**churn):
    rows = built_rows(
        churn_threshold,
        snapshot_date="2024-04-01",
        project={"churn": {"horizon_days": 30, **churn}},
        churn_model=prior_rows(),
        customer_features=FEATURES,
        customer_clv=VALUES,
    )
    return rows.set_index(rows["cutoff"].round(2))


def test_a_cut_off_by_hand():
    rows = built(contact_cost=1, save_rate=0.2)
    assert len(rows) == 101
    half = rows.loc[0.5]
    assert (half["contacted_count"], half["true_churner_count"]) == pytest.approx((2, 1.4))
    assert half["false_churner_count"] == pytest.approx(0.6)
    assert (half["precision"], half["recall"]) == pytest.approx((0.7, 1.4 / 1.5))
    # .5 x 100 + .9 x 10 = 59 at risk, of which a fifth is kept, for two contacts
    assert (half["value_reached"], half["expected_profit"]) == pytest.approx((59, 9.8))
    assert rows.loc[0.0, "expected_profit"] == pytest.approx(0.2 * 60 - 3)
    assert rows.loc[0.51, "expected_profit"] == pytest.approx(0.2 * 9 - 1)
    assert rows.loc[1.0, "contacted_count"] == 0


def test_the_highest_of_the_best_cut_offs_is_recommended():
    rows = built(contact_cost=1, save_rate=0.2)
    assert rows.index[rows["is_recommended"]].tolist() == [0.5]
    # where asking costs more than it saves, nobody is asked
    dear = built(contact_cost=100, save_rate=0.2)
    assert dear.index[dear["is_recommended"]].tolist() == [1.0]
    # where it costs nothing, everyone is
    free = built(contact_cost=0, save_rate=0.2)
    assert free.index[free["is_recommended"]].tolist() == [0.1]


def test_without_a_cost_it_follows_the_size_of_orders():
    rows = built()
    # 3 % of (60 + 30 + 90) / 3; the inactive one does not count
    assert set(rows["contact_cost"].round(12)) == {1.8}
    assert set(rows["save_rate"]) == {0.1}


def test_higher_cut_offs_reach_fewer():
    rows = built()
    for name in ("contacted_count", "true_churner_count", "false_churner_count", "value_reached"):
        assert (np.diff(rows[name]) <= 1e-9).all()


def test_nobody_is_active():
    assert built_rows(churn_threshold, snapshot_date="2024-04-01").empty
