"""The three rules, by hand."""

from __future__ import annotations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.models.ranking_baselines import baseline_rankings
from crm_pipeline_tests.models.ranking_shops import Line, history

# orders: tea 4 (ada 2, bob, cyd), ale 3 (ada, bob, cyd), rye 2 (both ada's), milk 1
LINES: list[Line] = [
    ("ada", "rye", 30),
    ("ada", "rye", 10),
    ("ada", "tea", 30),
    ("ada", "tea", 20),
    ("ada", "ale", 20),
    ("bob", "tea", 8),
    ("bob", "ale", 8),
    ("cyd", "tea", 5),
    ("cyd", "ale", 9),
    ("cyd", "milk", 5),
]


def _lists(frame: pd.DataFrame) -> dict[str, list[str]]:
    return {str(name): rows["product_id"].tolist() for name, rows in frame.groupby("customer_id")}


def test_popular_is_the_same_for_everyone() -> None:
    found = baseline_rankings(history(LINES), 3)["G-TopFreq"]
    assert _lists(found) == {name: ["tea", "ale", "rye"] for name in ("ada", "bob", "cyd")}
    assert found["rank"].tolist() == [1, 2, 3] * 3
    assert found["slot"].tolist() == ["usual"] * 3 + ["usual", "usual", "new"] * 2


def test_own_goes_by_orders_then_by_the_later_order_then_by_id() -> None:
    found = baseline_rankings(history(LINES), 3)["P-TopFreq"]
    # rye and tea: two orders each, rye later; tea and milk of cyd: once each, on one day
    assert _lists(found) == {"ada": ["rye", "tea", "ale"], "bob": ["ale", "tea"], "cyd": ["milk", "tea", "ale"]}
    assert set(found["slot"]) == {"usual"}


def test_own_is_filled_up_with_popular() -> None:
    found = baseline_rankings(history(LINES), 3)["GP-TopFreq"]
    assert _lists(found) == {"ada": ["rye", "tea", "ale"], "bob": ["ale", "tea", "rye"], "cyd": ["milk", "tea", "ale"]}
    assert found.loc[found["slot"] == "new", ["customer_id", "rank", "product_id"]].to_numpy().tolist() == [
        ["bob", 3, "rye"]
    ]


@settings(max_examples=25)  # each builds a shop
@given(
    st.lists(
        st.tuples(st.sampled_from(["ada", "bob", "cyd"]), st.sampled_from("abcdefgh"), st.integers(1, 60)), min_size=1
    ),
    st.integers(1, 5),
)
def test_laws(lines: list[Line], k: int) -> None:
    known = history(lines)
    for name, found in baseline_rankings(known, k).items():
        assert not found.duplicated(["customer_id", "product_id"]).any()
        assert not found.duplicated(["customer_id", "rank"]).any()
        assert (found.groupby("customer_id")["rank"].max() == found.groupby("customer_id").size()).all()
        assert (
            found.sort_values(["customer_id", "rank"])["score"].groupby(found["customer_id"]).diff().fillna(0) <= 0
        ).all()
        if name != "P-TopFreq":  # full lists for everyone, as far as there are products
            assert (found.groupby("customer_id").size() == min(k, len(known.products))).all()
            assert found["customer_id"].nunique() == len(known.customers)
