"""Next purchases: the rate by hand, and what is learned from steady customers."""

import math

import numpy as np
import pandas as pd
import pytest

from crm_pipeline.models.btyd import FittedBtyd
from crm_pipeline.models.btyd_purchases import PurchaseModel
from crm_pipeline.models.btyd_spend import SpendModel
from crm_pipeline.recommendations import next_purchase
from crm_pipeline_tests.kit import assert_builds, built_rows

DAY = "2024-04-01"


def test_the_rate_by_hand():
    found = built_rows(
        next_purchase,
        snapshot_date=DAY,
        project={"recommendations": {"horizon_days": 30}},
        orders="""order_id, customer_id, ordered_at, is_return
                  o1,       ada,         2024-03-02, false
                  o2,       ada,         2024-03-12, false
                  o3,       ada,         2024-03-22, false
                  o4,       ada,         2024-03-25, true    -- a return is no purchase
                  o5,       bob,         2024-03-01, false""",
        order_lines="""order_id, customer_id, product_id, ordered_at, quantity
                       o1,       ada,         tea,        2024-03-02, 1
                       o1,       ada,         milk,       2024-03-02, 1
                       o2,       ada,         tea,        2024-03-12, 1
                       o3,       ada,         mint,       2024-03-22, 1
                       o5,       bob,         tea,        2024-03-01, 1""",
        products="""product_id, category, subcategory
                    tea,        drinks,   hot drinks
                    mint,       drinks,   hot drinks
                    milk,       drinks,""",
    ).set_index(["customer_id", "category"])
    assert list(found.index) == [("ada", "any"), ("ada", "hot drinks"), ("bob", "any")]  # milk only once
    ada = found.loc[("ada", "any")]
    assert (ada["purchase_day_count"], ada["usual_gap_days"], ada["days_since_last"]) == (3, 10, 10)
    assert ada["probability"] == pytest.approx(1 - math.exp(-30 * 3 / 37))  # three days in 30, and a week's caution
    assert str(ada["expected_date"])[:10] == "2024-04-09"  # after 37 / 3 x ln 2 = 8.5 days
    assert np.isnan(found.loc[("bob", "any"), "usual_gap_days"])
    assert set(found["method"]) == {"rate"}


def test_before_outcomes_are_known_who_is_gone_is_seen_by_btyd():
    """Ada and bob both came every ten days; bob has been silent for 60. BG/NBD's formulas by hand."""
    fitted = FittedBtyd(PurchaseModel("bg_nbd", 1.0, 10.0, 0.5, 2.0), SpendModel(1.0, 2.0, 1.0), 30, 0, 2, ())
    found = built_rows(
        next_purchase,
        snapshot_date=DAY,
        project={"recommendations": {"horizon_days": 30}},
        orders="""order_id, customer_id, ordered_at
                  o1,       ada,         2024-03-02
                  o2,       ada,         2024-03-12
                  o3,       ada,         2024-03-22
                  o4,       bob,         2024-01-12
                  o5,       bob,         2024-01-22
                  o6,       bob,         2024-02-01""",
        order_lines="""order_id, customer_id, product_id, ordered_at, quantity
                       o1,       ada,         tea,        2024-03-02, 1
                       o2,       ada,         tea,        2024-03-12, 1
                       o3,       ada,         tea,        2024-03-22, 1
                       o4,       bob,         tea,        2024-01-12, 1
                       o5,       bob,         tea,        2024-01-22, 1
                       o6,       bob,         tea,        2024-02-01, 1""",
        products="product_id, category\ntea, drinks",
        clv_fit=pd.DataFrame(
            {"snapshot_date": [DAY] * 2, "preference": [2, 1], "artifact": ["no model", fitted.to_json()]}
        ),
    ).set_index(["customer_id", "category"])

    def chances(silence: int) -> tuple[float, float]:
        recency, T = 20, 20 + silence
        alive = 1 / (1 + 0.5 / (2 + 2 - 1) * ((10 + T) / (10 + recency)) ** (1 + 2))
        return alive, alive * (1 - ((10 + T) / (10 + T + 30)) ** (1 + 2))

    for customer, silence in (("ada", 10), ("bob", 60)):
        alive, order = chances(silence)
        rate = 1 - math.exp(-30 * 3 / (20 + silence + 7))
        assert found.loc[(customer, "any"), "probability"] == pytest.approx(order)
        assert found.loc[(customer, "drinks"), "probability"] == pytest.approx(min(alive * rate, order))
        assert found.loc[(customer, "any"), "rate_probability"] == pytest.approx(rate)
    assert set(found["method"]) == {"btyd"}
    assert set(found["why"]) == {"by who is still a customer, for only 0 outcomes of a kind are known"}
    assert found.loc[("bob", "any"), "probability"] < 0.2 < found.loc[("ada", "any"), "probability"]


def steady_shop(customers: int = 320) -> pd.DataFrame:
    """Half of the customers order every week until the end; the others did so, and stopped five weeks ago or ea"""
    days = [
        (f"c{number:03d}", pd.Timestamp(DAY) - pd.Timedelta(days=int(ago)))
        for number in range(customers)
        for ago in range(1 + number % 7 + (35 + number % 60 if number % 2 else 0), 200, 7)
    ]
    frame = pd.DataFrame(days, columns=["customer_id", "ordered_at"])
    return frame.assign(order_id=[f"o{number}" for number in range(len(frame))])


def test_it_learns_who_is_gone():
    found = built_rows(
        next_purchase,
        snapshot_date=DAY,
        project={"recommendations": {"horizon_days": 30}},
        orders=steady_shop().assign(is_return=False),
    )
    assert set(found["method"]) == {"due"}
    assert found["why"].iloc[0].startswith("due is published: on 320 known outcomes")
    is_gone = found["customer_id"].str[1:].astype(int) % 2 == 1
    assert found.loc[~is_gone, "probability"].min() > 0.9 > 0.2 > found.loc[is_gone, "probability"].max()
    assert found.loc[is_gone, "rate_probability"].min() > 0.5
    assert found.loc[~is_gone, "expected_date"].max() < pd.Timestamp("2024-04-09")
    assert found.loc[is_gone, "expected_date"].isna().all()  # not within two years


def test_what_was_known_late_is_not_learned_from_as_if_it_had_been_known():
    # at the judged date (2 March) only the first order was known
    orders = """order_id, customer_id, ordered_at, known_at
                o1,       ada,         2024-02-01, 2024-02-01
                o2,       ada,         2024-02-20, 2024-03-20"""
    with_late = built_rows(next_purchase, snapshot_date=DAY, orders=orders)
    assert with_late["purchase_day_count"].tolist() == [2]


def test_nobody_to_expect():
    assert built_rows(next_purchase, snapshot_date=DAY).empty
    assert_builds(
        next_purchase,
        snapshot_date=DAY,
        orders="""order_id, customer_id, ordered_at
                  o1,       ada,         2024-03-31""",
        expected="""customer_id, category, purchase_day_count, days_since_last
                    ada,         any,      1,                  1""",
    )
