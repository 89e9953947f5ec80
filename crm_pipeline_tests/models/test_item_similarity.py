"""Which products speak for which: weights by hand, ties, laws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.models.item_similarity import fit_item_similarity, places_within, top_entries

# every customer has two products and every count is one, so all BM25 weights are 1
PAIRS = [("ada", "tea"), ("ada", "milk"), ("bob", "tea"), ("bob", "milk"), ("cyd", "tea"), ("cyd", "ale")]


def _interactions(pairs: list[tuple[str, str]]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["customer_id", "product_id"]).assign(order_count=1)


def test_weights_of_the_regression_of_each_product_on_the_others() -> None:
    # customers in common, with a ridge of .2 x 3 customers: ale 1.6 0 1, milk 0 2.6 2, tea 1 2 3.6; its inverse is
    # (5.36 2 -2.6, 2 4.76 -3.2, -2.6 -3.2 4.16) / 5.976, and ale speaks against milk
    found = fit_item_similarity(_interactions(PAIRS), min_customers=1).to_frame()
    expected = [
        ("ale", 1, "tea", 2.6 / 4.16),
        ("milk", 1, "tea", 3.2 / 4.16),
        ("tea", 1, "milk", 3.2 / 4.76),
        ("tea", 2, "ale", 2.6 / 5.36),
    ]
    assert list(found[["product_id", "rank", "other_product_id"]].itertuples(index=False, name=None)) == [
        row[:3] for row in expected
    ]
    np.testing.assert_allclose(found["similarity"], [row[3] for row in expected], atol=1e-6)


def test_counts_saturate_and_broad_customers_count_less() -> None:
    # ada has 2 products, bob 1, mean 1.5: b = .75 gives lengths 1.25 and .75; weight = n * 2.2 / (n + 1.2 * length)
    rows = pd.DataFrame(
        [("ada", "tea", 2), ("ada", "milk", 1), ("bob", "tea", 1)],
        columns=["customer_id", "product_id", "order_count"],
    )
    found = fit_item_similarity(rows, min_customers=1).to_frame().set_index(["product_id", "other_product_id"])
    ada_tea, ada_milk, bob_tea = 2 * 2.2 / (2 + 1.5), 2.2 / (1 + 1.5), 2.2 / (1 + 0.9)
    # of two products each is regressed on one: common / (own square + .2 x 2 customers)
    from_milk = ada_tea * ada_milk / (ada_milk**2 + 0.4)
    from_tea = ada_tea * ada_milk / (ada_tea**2 + bob_tea**2 + 0.4)
    assert found.loc[("milk", "tea"), "similarity"] == pytest.approx(from_milk, abs=1e-6)
    assert found.loc[("tea", "milk"), "similarity"] == pytest.approx(from_tea, abs=1e-6)


def test_keeps_what_speaks_most_for_a_product_with_ties_to_the_smaller_id() -> None:
    pairs = [(customer, product) for customer in "xy" for product in ("a", "b", "c")]
    found = fit_item_similarity(_interactions(pairs), min_customers=1, neighbour_count=1).to_frame()
    assert list(zip(found["product_id"], found["other_product_id"], strict=True)) == [
        ("a", "b"),
        ("a", "c"),
        ("b", "a"),
    ]


def test_leaves_out_rare_products_and_those_beyond_the_limit() -> None:
    assert list(fit_item_similarity(_interactions(PAIRS), min_customers=2).product_ids) == ["milk", "tea"]
    assert list(fit_item_similarity(_interactions(PAIRS), min_customers=1, max_products=1).product_ids) == ["tea"]
    assert len(fit_item_similarity(_interactions(PAIRS), min_customers=9).to_frame()) == 0
    assert len(fit_item_similarity(_interactions([])).product_ids) == 0


@given(st.permutations(PAIRS))
def test_order_of_rows_is_no_input(pairs: list[tuple[str, str]]) -> None:
    one, other = (fit_item_similarity(_interactions(rows), min_customers=1) for rows in (PAIRS, pairs))
    assert one.neighbours.data.tobytes() == other.neighbours.data.tobytes()
    assert (one.neighbours.indices == other.neighbours.indices).all()


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 8)), min_size=1, unique=True))
def test_weights_are_within_bounds_and_no_product_is_its_own_neighbour(pairs: list[tuple[int, int]]) -> None:
    rows = pd.DataFrame(pairs, columns=["customer_id", "product_id"]).assign(order_count=1)
    found = fit_item_similarity(rows, min_customers=1).to_frame()
    assert found["similarity"].between(0, 1, inclusive="right").all()
    assert (found["product_id"] != found["other_product_id"]).all()


@given(st.lists(st.lists(st.integers(-1, 3), min_size=4, max_size=4), min_size=1, max_size=5), st.integers(1, 5))
def test_top_entries_are_those_of_a_plain_sort(rows: list[list[int]], count: int) -> None:
    expected = [
        (number, column)
        for number, row in enumerate(rows)
        for column in [c for c in sorted(range(4), key=lambda c: (-row[c], c)) if row[c] > 0][:count]
    ]
    row, column, value = top_entries(np.array(rows, dtype=np.float32), count)
    assert list(zip(row.tolist(), column.tolist(), strict=True)) == expected
    assert value.tolist() == [rows[r][c] for r, c in expected]


def test_places_within_runs() -> None:
    assert places_within(np.array([3, 3, 5, 7, 7, 7])).tolist() == [0, 1, 0, 0, 1, 2]
    assert places_within(np.array([], dtype=np.int64)).tolist() == []


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (_interactions(PAIRS + PAIRS[:1]), "more than one row"),
        (_interactions(PAIRS).assign(order_count=0), "order_count must be at least 1"),
        (_interactions(PAIRS).drop(columns="order_count"), "lacks the columns"),
        (_interactions([("ada", None)]), "without customer_id or product_id"),  # type: ignore[list-item]
    ],
)
def test_says_what_is_wrong(rows: pd.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_item_similarity(rows)
