"""Which family outcomes choose, on fits whose expectations are known by hand."""

from datetime import date

import pandas as pd
import pytest

from crm_pipeline.features.purchase_choice import Choice, choose, fits_by_family
from crm_pipeline.models.btyd import FittedBtyd
from crm_pipeline.models.btyd_pareto import ParetoModel
from crm_pipeline.models.btyd_purchases import PurchaseModel
from crm_pipeline.models.btyd_spend import SpendModel

EARLIER, NOW = date(2024, 1, 1), date(2024, 2, 1)
SPEND = SpendModel(1.0, 2.0, 10.0)


def fitted(family: str, purchases: float, horizon_days: int = 30) -> FittedBtyd:
    """Nobody leaves, and everyone is expected to buy this often in 30 days."""
    many = 1e9
    alpha = many * 30 / purchases
    if family == "pareto_nbd":
        model: ParetoModel | PurchaseModel = ParetoModel(many, alpha, 1e-9, 1e9)
    else:
        model = PurchaseModel("bg_nbd", many, alpha, 1e-9, 1e9)
    return FittedBtyd(model, SPEND, horizon_days, 0, 200, ())


def outcomes(purchases: list[int]) -> pd.DataFrame:
    """Customers without a repeat, and their order days of the horizon after EARLIER."""
    names = [f"c{number:04d}" for number in range(len(purchases))]
    history = {"frequency": 0, "recency": 0, "T": 90, "monetary_value": 0.0}
    return pd.DataFrame({"snapshot_date": EARLIER, "customer_id": names, "purchase_count": purchases, **history})


def chosen(rows: pd.DataFrame, pareto: float, bg: float, horizon_days: int = 30) -> Choice:
    fits = {
        "pareto_nbd": {day: fitted("pareto_nbd", pareto, horizon_days) for day in (EARLIER, NOW)},
        "bg_nbd": {day: fitted("bg_nbd", bg, horizon_days) for day in (EARLIER, NOW)},
    }
    return choose(rows, fits, NOW, 30)


def test_the_family_that_expected_what_came_is_taken():
    assert chosen(outcomes([1, 1, 0, 2] * 50), pareto=3.0, bg=1.0).family == "bg_nbd"
    assert chosen(outcomes([3, 3, 2, 4] * 50), pareto=3.0, bg=1.0).family == "pareto_nbd"


def test_the_gain_is_the_difference_of_poisson_deviances():
    """Who bought once where 2 or 1 was expected: 2 (ln(1/2) - (1 - 2)) = 0.61371 against 0."""
    choice = chosen(outcomes([1] * 100), pareto=2.0, bg=1.0)
    assert choice.why == "bg_nbd against pareto_nbd: Poisson deviance per customer lower by 0.61371 (+-0.00000)"


def test_a_gain_that_may_be_chance_changes_nothing():
    assert chosen(outcomes([0, 2] * 50), pareto=1.001, bg=1.0).family == "pareto_nbd"


@pytest.mark.parametrize(("customers", "horizon_days"), [(0, 30), (99, 30), (200, 60)])
def test_without_enough_outcomes_of_the_horizon_the_first_is_taken(customers: int, horizon_days: int):
    choice = chosen(outcomes([1] * customers), pareto=3.0, bg=1.0, horizon_days=horizon_days)
    assert choice == Choice("pareto_nbd", "too few outcomes are known to judge families by: pareto_nbd is taken")


def test_one_family_is_no_choice():
    fits = {"gamma_poisson": {EARLIER: fitted("bg_nbd", 1.0)}, "bg_nbd": {NOW: fitted("bg_nbd", 1.0)}}
    assert choose(outcomes([1] * 200), fits, NOW, 30) == Choice("bg_nbd", "bg_nbd is the only family that was fitted")


def test_fits_are_rebuilt_in_the_order_of_rows():
    artifacts = [fitted(family, 1.0).to_json() for family in ("pareto_nbd", "bg_nbd", "bg_nbd")]
    fits = fits_by_family(pd.DataFrame({"snapshot_date": [NOW, NOW, EARLIER], "artifact": artifacts}))
    assert {family: list(days) for family, days in fits.items()} == {"pareto_nbd": [NOW], "bg_nbd": [NOW, EARLIER]}
