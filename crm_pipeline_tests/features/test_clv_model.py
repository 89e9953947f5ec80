"""Level, judgement and champion, on fits whose predictions are known by hand."""

import json
import math

import pandas as pd
import pytest

from crm_pipeline.features import clv_model
from crm_pipeline.features.calibrated_btyd import CalibratedBtyd
from crm_pipeline.models.btyd import FittedBtyd
from crm_pipeline.models.btyd_purchases import PurchaseModel
from crm_pipeline.models.btyd_spend import SpendModel
from crm_pipeline.models.value import ValueModel
from crm_pipeline_tests.kit import built_rows, built_table

PROJECT = {"clv": {"horizon_days": 30}, "snapshots": {"dates": ["2024-01-01", "2024-02-01", "2024-03-03"]}}
CUSTOMERS = [f"c{i:03d}" for i in range(150)]
OFTEN_LITTLE = {"frequency": 9, "monetary_value": 10.0}  # the rule: 9 / 90 x 30 x 10 = 30; one purchase of 10
SELDOM_MUCH = {"frequency": 1, "monetary_value": 40.0}  # the rule: 1 / 90 x 30 x 40 = 13.33; one purchase of 40


def fits(*days: str) -> pd.DataFrame:
    """Nobody leaves, everyone is taken to buy once in 30 days, and to spend as much as on their own mean day."""
    model = FittedBtyd(PurchaseModel("gamma_poisson", 1e9, 30e9, 0.0, 1.0), SpendModel(1e9, 2.0, 1e-6), 30, 0, 150, ())
    fit = {"artifact": model.to_json(), "horizon_days": 30, "notes": "", "preference": 1}
    return pd.DataFrame({"snapshot_date": list(days), **fit})


def alternating(first: float, second: float) -> list[float]:
    """One value for customers who buy often and little, another for those who buy seldom and much."""
    return [second if i % 2 else first for i in range(len(CUSTOMERS))]


def outcomes(*days: str, spends: list[float], purchases: int = 1) -> pd.DataFrame:
    """Each customer's spend, the same at every judged snapshot."""
    row = {"known_date": "2024-03-03", "horizon_days": 30, "is_active": True, "purchase_count": purchases}
    parts = [
        pd.DataFrame({"snapshot_date": day, "customer_id": CUSTOMERS, "spend_amount": spends, **row}) for day in days
    ]
    return pd.concat(parts, ignore_index=True)


def histories(*days: str) -> dict[str, pd.DataFrame]:
    """Customers of both kinds, seen for 90 days."""
    kinds = pd.DataFrame([SELDOM_MUCH if i % 2 else OFTEN_LITTLE for i in range(len(CUSTOMERS))])
    rfm = pd.concat(
        [kinds.assign(snapshot_date=day, customer_id=CUSTOMERS, recency=80, T=90) for day in days], ignore_index=True
    )
    features = rfm[["snapshot_date", "customer_id"]].assign(days_since_last_order=10, is_active=True)
    return {"customer_rfm": rfm, "customer_features": features}


def built(spends: list[float], *judged: str, purchases: int = 1, **tables: pd.DataFrame) -> pd.DataFrame:
    days = ("2024-01-01", "2024-02-01", "2024-03-03")
    return built_rows(
        clv_model,
        snapshot_date="2024-03-03",
        project=PROJECT,
        clv_fit=fits(*days),
        clv_outcomes=outcomes(*judged, spends=spends, purchases=purchases),
        **histories(*days),
        **tables,
    ).set_index("candidate")


def test_the_blend_is_published_where_it_ranks_better_than_the_rule():
    rows = built(alternating(10, 40), "2024-01-01")  # as BTYD says; the rule has them the wrong way round
    assert rows["is_champion"].to_dict() == {"blend": True, "btyd": False, "naive": False}
    assert set(rows["why_code"]) == {"beats_baseline"}
    metrics = {name: json.loads(text) for name, text in rows["metrics"].items()}
    assert metrics["btyd"]["normalized_gini"] == pytest.approx(1)
    assert metrics["naive"]["normalized_gini"] == pytest.approx(-1)
    assert (metrics["blend"]["row_count"], metrics["blend"]["snapshot_count"]) == (150, 1)


def test_too_few_outcomes_for_trees_leave_equal_parts_on_one_level():
    rows = built(alternating(10, 40), "2024-01-01")
    model = ValueModel.from_json(rows.at["blend", "artifact"])
    assert model.boosted is None
    assert model.weights == {"naive": 0.5, "btyd": 0.5}
    # in all the rule expects 75 x (30 + 13.33), BTYD 75 x (10 + 40)
    assert model.levels == pytest.approx({"naive": 50 / (30 + 40 / 3), "btyd": 1.0})


def test_the_rule_is_published_where_the_blend_ranks_worse():
    rows = built(alternating(30, 14), "2024-01-01")
    assert rows["is_champion"].to_dict() == {"blend": False, "btyd": False, "naive": True}
    assert set(rows["why_code"]) == {"does_not_beat_baseline"}
    assert "naive is published instead of blend" in rows.at["blend", "why"]


def test_btyd_alone_is_the_blend_where_only_it_ranks_better_than_the_rule(monkeypatch: pytest.MonkeyPatch):
    # the rule expects 36 and 5 and outweighs BTYD, which expects 12 and 15 and is right
    monkeypatch.setitem(OFTEN_LITTLE, "monetary_value", 12.0)
    monkeypatch.setitem(SELDOM_MUCH, "monetary_value", 15.0)
    rows = built(alternating(12, 15), "2024-01-01")
    assert set(rows["why_code"]) == {"beats_baseline"}
    assert rows["is_champion"].to_dict() == {"blend": True, "btyd": False, "naive": False}
    model = ValueModel.from_json(rows.at["blend", "artifact"])
    assert model.weights == {"naive": 0.0, "btyd": 1.0}
    assert json.loads(rows.at["blend", "metrics"])["normalized_gini"] == pytest.approx(1)
    assert model.intervals is not None and model.intervals.ratios.mean() == pytest.approx(1)


def test_an_error_of_purchases_that_persists_moves_their_level():
    rows = built(alternating(10, 40), "2024-01-01", "2024-02-01", purchases=2)  # twice, 2 where 1 was expected
    model = CalibratedBtyd.from_json(rows.at["btyd", "artifact"])
    # log 2 repeats: of it, log2^2 / (log2^2 + 0.01) is believed
    assert model.purchase_factor == pytest.approx(2 ** (0.480453 / 0.490453), rel=1e-4)


def seasons(log: float | None) -> pd.DataFrame:
    """The same season at every snapshot."""
    days = ["2024-01-01", "2024-02-01", "2024-03-03"]
    return pd.DataFrame({"snapshot_date": days, "horizon_days": 30, "history_days": 700, "season_log": log})


def test_a_season_that_came_as_last_year_moves_the_level():
    # twice of what was expected, in purchases and spend, as last year's season said; it says so again
    rows = built(alternating(20, 80), "2024-01-01", "2024-02-01", purchases=2, clv_season=seasons(math.log(2)))
    model = CalibratedBtyd.from_json(rows.at["btyd", "artifact"])
    assert model.season_factor == pytest.approx(2, rel=0.02)
    assert model.season_of_purchases == pytest.approx(2, rel=0.02)
    assert model.purchase_factor == pytest.approx(1, rel=0.02)  # nothing besides persists
    settings = json.loads(rows.at["blend", "settings"])
    assert settings["season_factor"] == model.season_factor
    assert "totals follow last year's same season (+100.0%)" in settings["notes"][-1]
    # intervals are those of forecasts in season: most outcomes are as expected
    blend = ValueModel.from_json(rows.at["blend", "artifact"])
    assert blend.intervals is not None
    assert 0.5 < blend.intervals.ratios.mean() < 1.5


def test_a_season_that_did_not_come_is_not_used():
    rows = built(alternating(10, 40), "2024-01-01", "2024-02-01", clv_season=seasons(-math.log(2)))
    assert CalibratedBtyd.from_json(rows.at["btyd", "artifact"]).season_factor == pytest.approx(1, abs=1e-6)


def test_a_season_that_is_not_known_is_said():
    rows = built(alternating(10, 40), "2024-01-01", clv_season=seasons(None))
    assert "700 days of history do not show a season twice" in rows.at["blend", "settings"]


def test_before_anything_is_known_the_blend_stands():
    given = {"clv_fit": fits("2024-03-03"), **histories("2024-03-03")}
    rows = built_rows(clv_model, snapshot_date="2024-03-03", project=PROJECT, **given)
    assert rows.set_index("candidate")["is_champion"].to_dict() == {"blend": True, "btyd": False, "naive": False}
    assert set(rows["why_code"]) == {"not_enough_data"}


def test_versions_differ_between_snapshots_with_equal_models():
    versions = {
        day: built_rows(clv_model, snapshot_date=day, project=PROJECT, clv_fit=fits(day))["model_version"].tolist()
        for day in ("2024-02-01", "2024-03-03")
    }
    assert not set(versions["2024-02-01"]) & set(versions["2024-03-03"])


def test_outcomes_without_a_fit_are_left_out():
    given = {"snapshot_date": "2024-03-03", "project": PROJECT, "clv_fit": fits("2024-03-03")}
    judged = {"clv_outcomes": outcomes("2024-01-01", spends=alternating(1, 2)), **histories("2024-01-01")}
    assert built_table(clv_model, **given, **judged).equals(built_table(clv_model, **given))


def test_no_customers_no_model():
    assert built_table(clv_model, snapshot_date="2024-03-03", project=PROJECT).num_rows == 0
