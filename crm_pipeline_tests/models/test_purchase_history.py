"""The coded history: sorted, checked, cut into batches."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crm_pipeline.models.purchase_history import PurchaseHistory, contains
from crm_pipeline_tests.models.ranking_shops import frames, history

LINES = [("bob", "tea", 5), ("bob", "ale", 9), ("ada", "tea", 40), ("ada", "tea", 3), ("ada", "ale", -2)]


def test_is_sorted_by_customer_and_product() -> None:
    found = history(LINES)
    assert found.customers["customer_id"].tolist() == ["ada", "bob"]
    assert found.products["product_id"].tolist() == ["ale", "tea"]
    assert list(zip(found.customer.tolist(), found.product.tolist(), strict=True)) == [(0, 1), (1, 0), (1, 1)]
    assert found.interactions["order_count"].tolist() == [2, 1, 1]
    assert found.interactions["days_since_first_ordered"].tolist() == [40, 9, 5]


def test_order_of_rows_is_no_input() -> None:
    shuffled = {name: frame.iloc[::-1] for name, frame in frames(LINES).items()}
    one, other = history(LINES), PurchaseHistory.from_frames(**shuffled)
    pd.testing.assert_frame_equal(one.interactions, other.interactions)
    assert (one.product == other.product).all()


def test_batches_hold_all_customers_once() -> None:
    first, second = history(LINES).batches(1)
    assert (first.customers["customer_id"].tolist(), second.customers["customer_id"].tolist()) == (["ada"], ["bob"])
    assert second.customer.tolist() == [0, 0]
    assert second.interactions["days_since_last_ordered"].tolist() == [9, 5]


def test_pairs_are_found_and_unknown_ones_left_out() -> None:
    found = history(LINES)
    pairs = pd.DataFrame({"customer_id": ["ada", "ada", "eve", "bob"], "product_id": ["tea", "rye", "tea", "ale"]})
    assert found.pair_keys(pairs).tolist() == [1, 2]
    assert found.holds(np.array([0, 0]), np.array([0, 1])).tolist() == [False, True]
    assert contains(np.array([2, 5]), np.array([1, 2, 5, 6])).tolist() == [False, True, True, False]
    assert contains(np.array([], dtype=np.int64), np.array([1])).tolist() == [False]


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (
            "customers",
            lambda f: f.drop(columns="order_count_30d"),
            "customers lacks the columns \\['order_count_30d'\\]",
        ),
        ("customers", lambda f: pd.concat([f, f]), "customers.customer_id must be known and unique"),
        ("customers", lambda f: f.iloc[:1], "interactions.customer_id .* such as 'bob'"),
        ("products", lambda f: f.iloc[1:], "interactions.product_id .* such as 'ale'"),
        ("products", lambda f: f.assign(order_count="many"), "products.order_count must hold numbers"),
        ("interactions", lambda f: pd.concat([f, f]), "more than one row"),
        ("interactions", lambda f: f.assign(order_count=0), "order_count must be at least 1"),
        ("interactions", lambda f: f.assign(days_since_last_ordered=-1), "numbers of at least 0"),
        ("interactions", lambda f: f.assign(days_since_last_ordered=np.nan), "none missing"),
    ],
)
def test_says_what_is_wrong(name: str, change: object, message: str) -> None:
    broken = frames(LINES)
    broken[name] = change(broken[name])  # type: ignore[operator]
    with pytest.raises(ValueError, match=message):
        PurchaseHistory.from_frames(**broken)
