"""The fit on grouped histories: equal to the fit on customers, with a labelled way down."""

import numpy as np
import pandas as pd
import pytest

from crm_pipeline.features import clv_fit
from crm_pipeline.models.btyd import FittedBtyd, fit_btyd
from crm_pipeline_tests.kit import built_rows, built_table

HORIZON = {"clv": {"horizon_days": 30}}


def histories(customers: int, seed: int = 0) -> pd.DataFrame:
    """Histories of a shop where purchases follow BG/NBD roughly: enough to fit."""
    random = np.random.default_rng(seed)
    age = random.integers(30, 300, customers)
    frequency = random.poisson(random.gamma(1.0, 0.02, customers) * age)
    frequency = np.minimum(frequency, age - 1)
    recency = np.where(frequency > 0, np.maximum(frequency, (age * random.beta(4, 1, customers)).astype(int)), 0)
    spend = np.where(frequency > 0, random.gamma(6.0, 5.0, customers).round(2), 0.0)
    return pd.DataFrame(
        {
            "customer_id": [f"c{i:05d}" for i in range(customers)],
            "frequency": frequency,
            "recency": recency,
            "T": age,
            "monetary_value": spend,
            "order_count": frequency + 1,
            "total_spend": spend * frequency + 25,
            "days_since_last_order": age - recency,
        }
    )


def test_groups_give_the_fit_of_single_customers():
    customers = histories(400)
    built = built_rows(clv_fit, snapshot_date="2024-03-01", project=HORIZON, customer_rfm=customers).iloc[0]
    direct = fit_btyd(customers, 30)
    assert (built["family"], built["preference"]) == ("pareto_nbd", 1)
    for name in ("r", "alpha"):
        assert built[name] == pytest.approx(getattr(direct.purchases, name), rel=1e-3, abs=1e-3)
    for name in ("p", "q", "v"):
        assert built[name] == pytest.approx(getattr(direct.spend, name), rel=1e-3)
    assert built["customer_count"] == 400


def test_the_artifact_is_the_model():
    customers = histories(120)
    built = built_rows(clv_fit, snapshot_date="2024-03-01", project=HORIZON, customer_rfm=customers).iloc[0]
    stored = FittedBtyd.from_json(built["artifact"])
    assert (stored.purchases.r, stored.spend.v, stored.horizon_days) == (built["r"], built["v"], 30)


def test_families_to_choose_from_have_parameters_of_their_own():
    given = {"snapshot_date": "2024-03-01", "customer_rfm": histories(120)}
    rows = built_rows(clv_fit, project=HORIZON, **given)
    assert rows[["preference", "family"]].to_numpy().tolist() == [[1, "pareto_nbd"], [2, "bg_nbd"]]
    assert rows[["a", "b"]].isna().all(axis=1).tolist() == [True, False]
    assert rows[["s", "beta"]].isna().all(axis=1).tolist() == [False, True]
    wanted = {"clv": {"horizon_days": 30, "purchases": "mbg_nbd"}}
    assert built_rows(clv_fit, project=wanted, **given)["family"].tolist() == ["mbg_nbd"]


def test_order_of_customers_does_not_matter():
    customers = histories(80)
    given = {"snapshot_date": "2024-03-01", "project": HORIZON}
    shuffled = customers.sample(frac=1, random_state=1)
    assert built_table(clv_fit, customer_rfm=customers, **given).equals(
        built_table(clv_fit, customer_rfm=shuffled, **given)
    )


def test_one_customer_without_a_repeat_gets_a_labelled_fallback():
    # no repeat spend is known: the mean order of 20 stands in for it
    one = "customer_id, frequency, recency, T, monetary_value, order_count, total_spend\nada, 0, 0, 10, 0, 2, 40"
    built = built_rows(clv_fit, snapshot_date="2024-03-01", project=HORIZON, customer_rfm=one).iloc[0]
    assert (built["family"], built["customer_count"]) == ("gamma_poisson", 1)
    assert "0 of 1 customer bought again" in built["notes"]
    assert built["p"] * built["v"] / (built["q"] - 1) == 20


def test_no_customers_no_fit():
    assert built_table(clv_fit, snapshot_date="2024-03-01").num_rows == 0
