"""Expectations of the next order against what came, by hand."""

import math

import pytest

from crm_pipeline.recommendations import next_purchase_evaluation
from crm_pipeline_tests.kit import built_rows

# ada is expected in 5 days, by her usual gap in 7, and comes in 8; bob is not expected, and does not come
EXPECTED = """snapshot_date, customer_id, category, purchase_day_count, usual_gap_days, days_since_last, probability, rate_probability, expected_date, horizon_days
              2024-03-01,    ada,         any,      3,                  10,             3,               0.9,         0.8,              2024-03-06,    30
              2024-03-01,    ada,         tea,      3,                  10,             3,               0.1,         0.1,              2024-03-20,    30
              2024-03-01,    bob,         any,      1,                  ,               90,              0.1,         0.4,              ,              30"""  # noqa: E501
ORDERS = """order_id, customer_id, ordered_at, is_return
            o1,       ada,         2024-03-05, true    -- a return is no order
            o2,       ada,         2024-03-09, false
            o3,       ada,         2024-03-12, false
            o4,       bob,         2024-03-31, false   -- the day after the horizon"""


def judged(day: str = "2024-04-01"):
    rows = built_rows(next_purchase_evaluation, snapshot_date=day, next_purchase=EXPECTED, orders=ORDERS)
    pooled = rows[(rows["scope"] == "pooled") & (rows["population"] == "all")]
    return pooled.set_index(["metric", "model"])


def test_days_against_the_usual_gap():
    found = judged()
    assert found.at[("days_mae", "published"), "value"] == pytest.approx(1.5)  # 3 days off, and 30 were 30
    assert found.at[("days_mae", "usual_gap"), "value"] == pytest.approx(0.5)
    assert found.at[("days_mae", "published"), "improvement"] == pytest.approx(-1)
    assert found.at[("days_mae", "published"), "row_count"] == 2


def test_probabilities_against_the_past_rate():
    found = judged()
    assert found.at[("log_loss", "published"), "value"] == pytest.approx(-math.log(0.9))
    assert found.at[("log_loss", "rate"), "value"] == pytest.approx(-(math.log(0.8) + math.log(0.6)) / 2)
    assert set(found.index.get_level_values("model")) == {"published", "rate", "usual_gap"}


def test_nothing_is_judged_before_the_horizon_ends_nor_twice_as_new():
    assert judged("2024-03-28").empty
    # a month later nothing fell due
    assert judged("2024-05-01").empty


def test_without_expectations_there_is_nothing_to_judge():
    assert built_rows(next_purchase_evaluation, snapshot_date="2024-04-01").empty
