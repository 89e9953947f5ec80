"""Level, judgement and champion, on fits whose predictions are known by hand."""

import json

import pandas as pd
import pytest

from crm_pipeline.features import clv_model
from crm_pipeline.features.calibrated_btyd import CalibratedBtyd
from crm_pipeline.models.btyd import FittedBtyd
from crm_pipeline.models.btyd_purchases import PurchaseModel
from crm_pipeline.models.btyd_spend import SpendModel
from crm_pipeline_tests.kit import built_rows, built_table

PROJECT = {"clv": {"horizon_days": 30}, "snapshots": {"dates": ["2024-01-01", "2024-02-01", "2024-03-03"]}}
CUSTOMERS = [f"c{i:03d}" for i in range(150)]


def fits(*days: str) -> pd.DataFrame:
    """Nobody leaves and everyone is shrunk to a rate of one purchase in 30 days, of an amount of 10."""
    model = FittedBtyd(PurchaseModel("gamma_poisson", 1e9, 30e9, 0.0, 1.0), SpendModel(1.0, 1e9, 10e9), 30, 0, 150, ())
    return pd.DataFrame({"snapshot_date": list(days), "artifact": model.to_json(), "horizon_days": 30, "notes": ""})


def outcomes(*days: str, spends: list[float], known_date: str = "2024-03-03") -> pd.DataFrame:
    """Each customer's spend, the same at every judged snapshot; one purchase where there is any."""
    parts = [
        pd.DataFrame(
            {
                "known_date": known_date,
                "snapshot_date": day,
                "customer_id": CUSTOMERS,
                "horizon_days": 30,
                "is_active": True,
                "purchase_count": 1,
                "spend_amount": spends,
            }
        )
        for day in days
    ]
    return pd.concat(parts, ignore_index=True)


def rfm(*days: str, monetary_value: float) -> pd.DataFrame:
    """Histories of three repeats in 90 days: the rule expects one purchase of the mean value."""
    row = {"frequency": 3, "recency": 80, "T": 90, "monetary_value": monetary_value}
    return pd.concat(
        [pd.DataFrame({"snapshot_date": day, "customer_id": CUSTOMERS, **row}) for day in days], ignore_index=True
    )


def built(spends: list[float], monetary_value: float, *judged: str) -> pd.DataFrame:
    return built_rows(
        clv_model,
        snapshot_date="2024-03-03",
        project=PROJECT,
        clv_fit=fits("2024-01-01", "2024-02-01", "2024-03-03"),
        clv_outcomes=outcomes(*judged, spends=spends),
        customer_rfm=rfm(*judged, monetary_value=monetary_value),
    ).set_index("candidate")


SPREAD = [9.0 + 2 * (i % 2) for i in range(150)]  # 9 or 11: the model's 10 is off by 1


def test_a_model_that_beats_the_rule_is_published():
    rows = built(SPREAD, 20.0, "2024-01-01")  # the rule expects 20: off by 9 or 11
    assert rows["is_champion"].to_dict() == {"btyd": True, "naive": False}
    assert set(rows["why_code"]) == {"beats_baseline"}
    metrics = json.loads(rows.at["btyd", "metrics"])
    assert metrics["rmse"] == pytest.approx(1.0)
    assert metrics["rmse_improvement"] == pytest.approx((202 / 2) ** 0.5 - 1)
    assert (metrics["row_count"], metrics["snapshot_count"]) == (150, 1)


def test_a_model_that_does_not_is_not():
    rows = built([20.0] * 150, 20.0, "2024-01-01")  # the rule is perfect
    assert rows["is_champion"].to_dict() == {"btyd": False, "naive": True}
    assert set(rows["why_code"]) == {"does_not_beat_baseline"}
    assert "naive is published instead of btyd" in rows.at["btyd", "why"]


def test_an_error_that_persists_moves_the_level_of_spend_but_not_of_purchases():
    rows = built([20.0] * 150, 5.0, "2024-01-01", "2024-02-01")  # twice, 20 where 10 was expected
    model = CalibratedBtyd.from_json(rows.at["btyd", "artifact"])
    assert model.purchase_factor == 1.0
    # log 2 repeats: of it, log2^2 / (log2^2 + 0.01) is believed
    assert model.spend_factor == pytest.approx(2 ** (0.480453 / 0.490453), rel=1e-4)


def test_before_anything_is_known_the_model_stands():
    rows = built_rows(clv_model, snapshot_date="2024-03-03", project=PROJECT, clv_fit=fits("2024-03-03"))
    assert rows.set_index("candidate")["is_champion"].to_dict() == {"btyd": True, "naive": False}
    assert set(rows["why_code"]) == {"not_enough_data"}


def test_versions_differ_between_snapshots_with_equal_models():
    versions = {
        day: built_rows(clv_model, snapshot_date=day, project=PROJECT, clv_fit=fits(day))["model_version"].tolist()
        for day in ("2024-02-01", "2024-03-03")
    }
    assert not set(versions["2024-02-01"]) & set(versions["2024-03-03"])


def test_outcomes_without_a_fit_are_left_out():
    given = {"snapshot_date": "2024-03-03", "project": PROJECT, "clv_fit": fits("2024-03-03")}
    judged = {
        "clv_outcomes": outcomes("2024-01-01", spends=SPREAD),
        "customer_rfm": rfm("2024-01-01", monetary_value=1.0),
    }
    assert built_table(clv_model, **given, **judged).equals(built_table(clv_model, **given))


def test_no_customers_no_model():
    assert built_table(clv_model, snapshot_date="2024-03-03", project=PROJECT).num_rows == 0
