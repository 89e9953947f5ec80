"""What lists are worth, by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from crm_pipeline.models.ranking_evaluation import metric_columns, ranking_values

RANKED = pd.DataFrame(
    [
        ("ada", 1, "tea"),
        ("ada", 2, "ale"),
        ("ada", 3, "rye"),
        ("bob", 1, "tea"),
        ("bob", 2, "ale"),
        ("cyd", 1, "tea"),
    ],
    columns=["customer_id", "rank", "product_id"],
)
PURCHASES = pd.DataFrame(
    [
        ("ada", "tea", True),  # hit at 1
        ("ada", "rye", False),  # at 3, seen with k = 3 only
        ("ada", "milk", True),  # missed
        ("ada", "gin", False),  # missed
        ("bob", "gin", True),  # bob's list misses
        ("eve", "tea", True),  # not served
    ],
    columns=["customer_id", "product_id", "is_repeat"],
)


def test_values_of_a_list_of_two() -> None:
    found = ranking_values(RANKED, PURCHASES, k=2).set_index("customer_id")
    assert found.index.tolist() == ["ada", "bob"]  # cyd bought nothing
    assert found["purchase_count"].tolist() == [4, 1]
    assert found.loc["ada", "recall_at_2"] == 1 / 4
    assert found.loc["ada", "ndcg_at_2"] == pytest.approx(1 / (1 + 1 / math.log2(3)))
    assert found.loc["ada", "hit_rate_at_2"] == 1
    assert found.loc["ada", "repeat_recall_at_2"] == 1 / 2
    assert found.loc["ada", "explore_recall_at_2"] == 0
    assert found.loc["bob", ["recall_at_2", "ndcg_at_2", "hit_rate_at_2"]].tolist() == [0, 0, 0]
    assert np.isnan(found.loc["bob", "explore_recall_at_2"])


def test_places_of_the_whole_list_count_for_its_parts() -> None:
    found = ranking_values(RANKED, PURCHASES, k=3).set_index("customer_id")
    assert found.loc["ada", "recall_at_3"] == 2 / 4
    assert found.loc["ada", "explore_ndcg_at_3"] == pytest.approx((1 / math.log2(4)) / (1 + 1 / math.log2(3)))


def test_served_customers_without_a_list_miss() -> None:
    found = ranking_values(RANKED, PURCHASES, k=2, customer_ids=["ada", "bob", "cyd", "eve"])
    assert found["customer_id"].tolist() == ["ada", "bob", "eve"]
    assert found["recall_at_2"].tolist() == [1 / 4, 0, 0]


def test_order_of_rows_is_no_input() -> None:
    pd.testing.assert_frame_equal(
        ranking_values(RANKED, PURCHASES, 3), ranking_values(RANKED.iloc[::-1], PURCHASES.iloc[::-1], 3)
    )


def test_no_purchases_no_rows() -> None:
    found = ranking_values(RANKED, PURCHASES.iloc[:0])
    assert list(found.columns) == ["customer_id", "purchase_count", *metric_columns()]
    assert len(found) == 0


@pytest.mark.parametrize(
    ("ranked", "purchases", "message"),
    [
        (RANKED.drop(columns="rank"), PURCHASES, "ranked lacks the columns"),
        (RANKED, PURCHASES.drop(columns="is_repeat"), "purchases lacks the columns"),
        (pd.concat([RANKED, RANKED]), PURCHASES, "ranked has more than one row"),
        (RANKED, pd.concat([PURCHASES, PURCHASES]), "purchases has more than one row"),
        (RANKED.assign(rank=0), PURCHASES, "ranked.rank must be at least 1"),
    ],
)
def test_says_what_is_wrong(ranked: pd.DataFrame, purchases: pd.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ranking_values(ranked, purchases)
