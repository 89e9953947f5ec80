"""Customers unlike the others: distances by hand, planted outliers, words."""

import numpy as np
import pandas as pd
import pytest

from crm_pipeline.features import customer_outliers
from crm_pipeline.features.customer_outliers import FEATURES, LIMIT, reason
from crm_pipeline_tests.kit import built_rows

DAY = "2024-02-01"


def customers(**columns: object) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    return frame.assign(customer_id=[f"c{number:03d}" for number in range(len(frame))])


def outliers(frame: pd.DataFrame, **given: object) -> pd.DataFrame:
    return built_rows(customer_outliers, snapshot_date=DAY, customer_features=frame, **given)


def test_distances_by_hand() -> None:
    """20 customers with 1 order, 20 with 3, one with 1000.

    Logarithms of 1 + orders: median ln 4, median absolute deviation ln 2, so a spread of 1.4826 ln 2 = 1.02766 (the
    mean deviation is smaller). ln 1001 lies (6.90875 - 1.38629) / 1.02766 = 5.37384 above. Typical: below 0, so from
    0, to 4 exp(3.5 x 1.02766) - 1 = 144.943.
    """
    (row,) = outliers(customers(order_count=[1] * 20 + [3] * 20 + [1000])).to_dict("records")
    assert (row["customer_id"], row["feature"], row["feature_rank"]) == ("c040", "order_count", 1)
    assert row["distance"] == pytest.approx(5.37384, abs=1e-4)
    assert (row["typical_lower"], row["typical_upper"]) == (0.0, pytest.approx(144.943, abs=0.05))
    assert row["is_robust_outlier"] and row["feature_value"] == 1000
    assert row["reason"] == "Orders so far: 1,000 (typical: 0 to 145)"
    assert np.isnan(row["isolation_score"])  # 41 customers make no forest


def test_having_none_is_not_unusual() -> None:
    assert outliers(customers(return_count=[0] * 100 + [4] * 25)).empty


def test_where_more_than_half_are_alike_the_mean_deviation_speaks() -> None:
    """29 of 30 have 1: the median deviation is 0, the mean one ln(10.5)/30 = 0.0784, times 1.2533 below 0.1."""
    (row,) = outliers(customers(coupon_redemption_count=[1] * 29 + [20])).to_dict("records")
    assert row["distance"] == pytest.approx((np.log(21) - np.log(2)) / 0.1, rel=1e-6)


def test_few_customers_say_nothing_about_what_is_typical() -> None:
    assert outliers(customers(order_count=[1] * 18 + [10_000])).empty


def test_spend_may_be_negative() -> None:
    (row,) = outliers(customers(spend_amount=[*range(50, 80), -5000.0])).to_dict("records")
    assert row["feature"] == "spend_amount" and row["distance"] < -LIMIT


def test_planted_outliers_are_found_and_hardly_anyone_else() -> None:
    rng = np.random.default_rng(7)
    size, planted = 2_000, 20
    frame = customers(
        order_count=np.rint(np.exp(rng.normal(2.0, 0.6, size))).clip(1),
        spend_amount=np.exp(rng.normal(5.0, 0.8, size)).round(2),
        mean_basket_amount=np.exp(rng.normal(3.0, 0.5, size)),
    )
    frame.loc[: planted - 1, "spend_amount"] *= 10_000
    found = outliers(frame)
    robust = found[found["is_robust_outlier"]]
    expected = {f"c{number:03d}" for number in range(planted)}
    assert expected <= set(robust.loc[robust["feature"] == "spend_amount", "customer_id"])
    assert len(set(robust["customer_id"]) - expected) <= size * 0.002
    assert found["is_isolated"].any()


def test_far_out_in_several_features_each_within_its_range() -> None:
    """Nobody is 3.5 deviations out but one is 3 in five independent features at once."""
    rng = np.random.default_rng(3)
    names = ("spend_amount", "spend_amount_90d", "mean_basket_amount", "max_basket_amount", "mean_basket_line_count")
    frame = customers(**{name: np.exp(6 + 0.5 * rng.normal(0, 1, 3_000).clip(-3.2, 3.2)).round(2) for name in names})
    frame.loc[0, list(names)] = [np.exp(6 + 0.5 * sign * 3.0).round(2) for sign in (1, -1, 1, -1, 1)]
    found = outliers(frame).set_index("customer_id")
    assert not found["is_robust_outlier"].any()
    assert found.loc["c000", "is_isolated"]
    assert len(found) <= 16  # 0.5 % of the customers


def test_ranks_begin_with_the_farthest() -> None:
    frame = customers(order_count=[1] * 20 + [3] * 20 + [1000], product_count=[1] * 20 + [3] * 20 + [100_000])
    found = outliers(frame).set_index("feature_rank")["feature"]
    assert found.to_dict() == {1: "product_count", 2: "order_count"}


def test_words() -> None:
    assert reason("discount_share", 0.9, 0.0, 0.25, "de") == "Anteil der Rabatte: 0,9 (typisch: 0 bis 0,25)"
    assert all(len(set(names.values())) == 3 for names in FEATURES.values())


def test_features_are_those_of_the_query_in_its_order() -> None:
    rows = outliers(customers(order_count=[1] * 20 + [3] * 20 + [1000]))
    assert set(rows["feature"]) <= set(FEATURES)
