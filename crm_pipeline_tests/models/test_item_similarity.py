"""Item similarity: cosines by hand, neighbours, ties, laws."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.models.item_similarity import fit_item_similarity, places_within, top_entries

# every customer has two products and every count is one, so all BM25 weights are equal and the cosine is that of sets
PAIRS = [("ada", "tea"), ("ada", "milk"), ("bob", "tea"), ("bob", "milk"), ("cyd", "tea"), ("cyd", "ale")]


def _interactions(pairs: list[tuple[str, str]]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["customer_id", "product_id"]).assign(order_count=1)


def test_cosine_of_the_customers_of_two_products() -> None:
    found = fit_item_similarity(_interactions(PAIRS), min_customers=1).to_frame()
    expected = [
        ("ale", 1, "tea", 1 / math.sqrt(1 * 3)),
        ("milk", 1, "tea", 2 / math.sqrt(2 * 3)),
        ("tea", 1, "milk", 2 / math.sqrt(2 * 3)),
        ("tea", 2, "ale", 1 / math.sqrt(1 * 3)),
    ]
    assert list(found[["product_id", "rank", "other_product_id"]].itertuples(index=False, name=None)) == [
        row[:3] for row in expected
    ]
    np.testing.assert_allclose(found["similarity"], [row[3] for row in expected], rtol=1e-6)


def test_weights_saturate_and_broad_customers_count_less() -> None:
    # ada has 3 products, bob 1, mean 2: b = .75 gives lengths 1.375 and .625; weight = n * 2.2 / (n + 1.2 * length)
    rows = pd.DataFrame(
        [("ada", "tea", 2), ("ada", "milk", 1), ("ada", "ale", 1), ("bob", "tea", 1)],
        columns=["customer_id", "product_id", "order_count"],
    )
    found = fit_item_similarity(rows, min_customers=1).to_frame().set_index(["product_id", "other_product_id"])
    ada, bob = 2 * 2.2 / (2 + 1.2 * 1.375), 2.2 / (1 + 1.2 * 0.625)
    assert found.loc[("milk", "tea"), "similarity"] == pytest.approx(ada / math.hypot(ada, bob), rel=1e-6)
    assert found.loc[("milk", "ale"), "similarity"] == pytest.approx(1, rel=1e-6)


def test_keeps_the_nearest_with_ties_to_the_smaller_id() -> None:
    pairs = [(customer, product) for customer in "xy" for product in ("a", "b", "c")]
    found = fit_item_similarity(_interactions(pairs), min_customers=1, neighbour_count=1).to_frame()
    assert list(zip(found["product_id"], found["other_product_id"], strict=True)) == [
        ("a", "b"),
        ("b", "a"),
        ("c", "a"),
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
def test_cosines_are_within_bounds_and_no_product_is_its_own_neighbour(pairs: list[tuple[int, int]]) -> None:
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
