"""Planted frauds: as many as asked for, what they look like, and nothing else changed."""

from collections import Counter
from dataclasses import replace

import pandas as pd
import pytest

from crm_pipeline.simulation import Shop, ShopSettings, simulate_shop
from crm_pipeline.simulation.frauds import (
    AMOUNT,
    BURST,
    DISCOUNT,
    FIRST_ORDER,
    KINDS,
    NEW_CUSTOMER_IDS,
    ORDERS_PER_CASE,
    QUANTITY,
    QUICK_RETURN,
    RING,
)

HONEST = ShopSettings(customers=800, products=200)


@pytest.fixture(scope="module")
def shop() -> Shop:
    return simulate_shop(replace(HONEST, fraud_share=0.05), 3)


@pytest.fixture(scope="module")
def frauds(shop: Shop) -> pd.DataFrame:
    return shop.order_lines.to_pandas().merge(shop.truth.fraudulent_orders.to_pandas(), on="order_id")


def test_each_kind_has_its_part(shop: Shop) -> None:
    orders = simulate_shop(HONEST, 3).order_lines["order_id"].to_pandas().nunique()
    found = Counter(shop.truth.fraudulent_orders["kind"].to_pylist())
    for kind in KINDS:
        size = ORDERS_PER_CASE.get(kind, 1)
        assert found[kind] == size * round(0.05 * orders / len(KINDS) / size), kind


def test_the_honest_lines_are_those_of_a_shop_without_frauds(shop: Shop) -> None:
    honest = simulate_shop(HONEST, 3).order_lines.to_pandas().set_index("order_line_id").sort_index()
    both = shop.order_lines.to_pandas().set_index("order_line_id").sort_index()
    pd.testing.assert_frame_equal(both.loc[honest.index], honest)
    assert both.index.is_unique
    assert simulate_shop(HONEST, 3).truth.fraudulent_orders.num_rows == 0


def test_the_lines_stay_sorted_by_time(shop: Shop) -> None:
    assert shop.order_lines["ordered_at"].to_pandas().is_monotonic_increasing


def test_a_burst_is_one_customer_within_minutes(frauds: pd.DataFrame) -> None:
    bursts = frauds[frauds["kind"] == BURST].sort_values("ordered_at")
    for _, orders in bursts.groupby("customer_id"):
        gaps = orders["ordered_at"].diff().dt.total_seconds().dropna()
        assert (gaps <= 91).sum() >= ORDERS_PER_CASE[BURST] - 1


def test_a_ring_is_new_customers_with_one_basket(frauds: pd.DataFrame) -> None:
    ring = frauds[frauds["kind"] == RING]
    assert ring["customer_id"].min() > NEW_CUSTOMER_IDS and ring["customer_id"].is_unique
    assert len(ring[["product_id", "quantity"]].drop_duplicates()) <= len(ring) / ORDERS_PER_CASE[RING]


def test_first_orders_are_of_new_customers(frauds: pd.DataFrame) -> None:
    assert frauds.loc[frauds["kind"] == FIRST_ORDER, "customer_id"].min() > NEW_CUSTOMER_IDS
    assert frauds.loc[frauds["kind"] == AMOUNT, "customer_id"].max() < NEW_CUSTOMER_IDS


def test_quantities_discounts_and_returns(frauds: pd.DataFrame, shop: Shop) -> None:
    assert frauds.loc[frauds["kind"] == QUANTITY, "quantity"].min() >= 25
    of_discount = frauds[frauds["kind"] == DISCOUNT]
    assert (of_discount["net_amount"] <= of_discount["list_amount"] / 3).mean() > 0.9  # cents round up for the shop
    lines = shop.order_lines.to_pandas()
    returned = lines[lines["quantity"] < 0].groupby(["customer_id", "product_id"])["ordered_at"].max()
    for line in frauds[frauds["kind"] == QUICK_RETURN].itertuples():
        assert (line.customer_id, line.product_id) in returned.index


def test_the_same_seed_gives_the_same_frauds(shop: Shop) -> None:
    again = simulate_shop(replace(HONEST, fraud_share=0.05), 3)
    assert again.order_lines.equals(shop.order_lines)
    assert again.truth.fraudulent_orders.equals(shop.truth.fraudulent_orders)


def test_chunks_with_frauds_number_orders_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_pipeline.simulation.shops.CUSTOMERS_PER_CHUNK", 300)
    shop = simulate_shop(replace(HONEST, fraud_share=0.05), 3)
    chunks = [set(chunk.order_lines["order_id"].to_pylist()) for chunk in shop.chunks()]
    assert len(chunks) == 3
    assert sum(map(len, chunks)) == len(set.union(*chunks))
    assert shop.order_lines["order_line_id"].to_pandas().is_unique
