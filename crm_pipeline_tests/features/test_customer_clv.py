"""Customer value from a model whose predictions are known by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from crm_pipeline.features import customer_clv
from crm_pipeline.features.calibrated_btyd import CalibratedBtyd
from crm_pipeline.models.btyd import FittedBtyd
from crm_pipeline.models.btyd_purchases import Family, PurchaseModel
from crm_pipeline.models.btyd_spend import SpendModel
from crm_pipeline.models.value import ValueModel
from crm_pipeline.models.value_intervals import RatioIntervals
from crm_pipeline_tests.kit import built_rows, built_table

PROJECT = {"clv": {"horizon_days": 30, "discount_rate": 0.0, "margin": 0.5}, "churn": {"horizon_days": 60}}
RFM = """customer_id, frequency, recency, T,  monetary_value, days_since_last_order, order_count, total_spend
         ada,         3,         80,      90, 20,             10,                    5,           75
         bob,         0,         0,       60, 0,              60,                    1,           40
         eve,         0,         0,       5,  0,              5,                     1,           8"""
FEATURES = """customer_id, order_count
              ada,         5
              bob,         1
              eve,         1"""


def registry(
    why_code: str = "beats_baseline", family: Family = "bg_nbd", intervals: RatioIntervals | None = None
) -> pd.DataFrame:
    """Everyone buys once in 30 days, for 10, and hardly anyone leaves; the blend is 1.2 times that."""
    purchases = PurchaseModel(family, 1e9, 30e9, 1e-6, 1e9)
    fitted = FittedBtyd(purchases, SpendModel(1.0, 1e9, 10e9), 30, 0, 3, ())
    levels, weights = {"naive": 1.0, "btyd": 1.2}, {"naive": 0.0, "btyd": 1.0}
    blend = ValueModel(None, (), 1.0, levels, weights, intervals).to_json()
    is_rule = why_code == "does_not_beat_baseline"
    return pd.DataFrame(
        {
            "snapshot_date": ["2024-02-01", "2024-03-01", "2024-03-01", "2024-03-01"],
            "model_version": ["old", "new", "plain", "rule"],
            "candidate": ["blend", "blend", "btyd", "naive"],
            "is_champion": [True, not is_rule, False, is_rule],
            "artifact": ["{}", blend, CalibratedBtyd(fitted, 1.1).to_json(), None],
            "why_code": why_code,
        }
    )


def built(**given: object) -> pd.DataFrame:
    rows = built_rows(
        customer_clv,
        snapshot_date="2024-03-01",
        project=PROJECT,
        **{"clv_model": registry(), "customer_rfm": RFM, "customer_features": FEATURES, **given},
    )
    return rows.set_index("customer_id")


def test_the_champion_model_scores_everyone():
    rows = built()
    assert rows["expected_purchases"].tolist() == pytest.approx([1.1] * 3, rel=1e-4)
    assert rows["expected_purchases_churn_horizon"].tolist() == pytest.approx([2.2] * 3, rel=1e-4)
    assert rows["expected_spend"].tolist() == pytest.approx([12.0] * 3, rel=1e-4)
    assert rows["btyd_spend"].tolist() == pytest.approx([10.0] * 3, rel=1e-4)
    assert rows["purchase_probability"].tolist() == pytest.approx([1 - math.exp(-1)] * 3, rel=1e-4)
    assert rows["clv"].tolist() == pytest.approx([6.0] * 3, rel=1e-4)
    assert set(rows["model_version"]) == {"new"}
    assert not rows["is_fallback"].any()


def test_the_simple_references():
    rows = built()
    # ada: 3 repeats in 90 days x 30 days x 20; eve was seen for less than a horizon and has no repeat
    assert rows["naive_spend"].tolist() == [20.0, 0.0, 0.0]
    # retention: of ada and bob, who came more than 30 days ago, one ordered in the last 30
    # ada: 75 / 5 an order x 5 x 30 / 90 orders x 1/2 retention x 1/2 margin; bob: 40 x 30 / 60; eve: 8 x 30 / 30
    assert rows["formula_clv"].tolist() == pytest.approx([15 * 5 / 3 / 4, 40 / 2 / 4, 8 / 4])


def test_the_rule_is_published_where_the_model_does_not_beat_it():
    rows = built(clv_model=registry("does_not_beat_baseline"))
    assert rows["expected_spend"].tolist() == [20.0, 0.0, 0.0]
    assert rows["clv"].tolist() == [10.0, 0.0, 0.0]
    assert rows["blend_spend"].tolist() == pytest.approx([12.0] * 3, rel=1e-4)
    assert rows["is_fallback"].all()
    assert set(rows["model_version"]) == {"rule"}
    assert (rows["clv_lower"] <= rows["clv"]).all()


def test_a_model_without_drop_out_is_a_fallback():
    rows = built(clv_model=registry("not_enough_data", "gamma_poisson"))
    assert set(rows["why_code"]) == {"no_dropout_model"}
    assert rows["is_fallback"].all()


def test_value_is_discounted():
    project = {**PROJECT, "clv": {**PROJECT["clv"], "discount_rate": 0.1}}
    rows = built_rows(
        customer_clv,
        snapshot_date="2024-03-01",
        project=project,
        clv_model=registry(),
        customer_rfm=RFM,
        customer_features=FEATURES,
    )
    # purchases come on average in the middle of the 30 days
    assert rows["clv"].tolist() == pytest.approx([6.0 * 1.1 ** (-15 / 365)] * 3, rel=1e-4)


def test_intervals_come_from_known_outcomes():
    # outcomes were spread evenly between nothing and three times the forecast
    intervals = RatioIntervals(np.zeros(0), np.linspace(0, 3, 101)[None, :], np.zeros(1))
    rows = built(clv_model=registry(intervals=intervals))
    # a tenth and nine tenths of the way, x 12 x a margin of 0.5
    assert rows["clv_lower"].tolist() == pytest.approx([0.3 * 6] * 3, rel=1e-4)
    assert rows["clv_upper"].tolist() == pytest.approx([2.7 * 6] * 3, rel=1e-4)


def test_before_outcomes_are_known_intervals_are_those_of_btyd():
    # spend of an order day is exponential with mean 10, purchases Poisson with mean 1: P(no spend) = exp(-1)
    rows = built(clv_model=registry())
    assert (rows["clv_lower"] == 0).all()
    # the 90 % quantile of that sum, at a margin of 0.5
    assert rows["clv_upper"].tolist() == pytest.approx([compound_quantile(0.9) * 0.5] * 3, rel=0.05)


def compound_quantile(level: float) -> float:
    """The quantile of a Poisson(1) sum of exponentials of mean 10, by bisection on its series."""

    def at_most(x: float) -> float:
        total = math.exp(-1)
        for n in range(1, 40):
            erlang = 1 - math.exp(-x / 10) * sum((x / 10) ** k / math.factorial(k) for k in range(n))
            total += math.exp(-1) / math.factorial(n) * erlang
        return total

    low, high = 0.0, 500.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if at_most(middle) < level else (low, middle)
    return low


def test_the_season_moves_what_is_published_and_neither_plain_btyd_nor_the_rule():
    models = registry()
    plain = CalibratedBtyd.from_json(models.at[2, "artifact"])
    models.at[2, "artifact"] = CalibratedBtyd(plain.model, plain.purchase_factor, 1.5).to_json()
    rows, without = built(clv_model=models), built()
    assert rows["expected_spend"].tolist() == pytest.approx((1.5 * without["expected_spend"]).tolist())
    assert rows[["btyd_spend", "naive_spend"]].equals(without[["btyd_spend", "naive_spend"]])


def test_customers_without_a_model_are_an_error():
    with pytest.raises(ValueError, match="no model of the snapshot 2024-03-01"):
        built(clv_model=registry().query("snapshot_date == '2024-02-01'"))


def test_no_customers_no_values():
    assert built_table(customer_clv, snapshot_date="2024-03-01", project=PROJECT).num_rows == 0
