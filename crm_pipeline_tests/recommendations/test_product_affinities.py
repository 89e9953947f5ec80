"""Association rules by hand, and that chance makes none."""

from itertools import product

import numpy as np
import pandas as pd

from crm_pipeline.recommendations import product_affinities
from crm_pipeline_tests.kit import built_rows


def lines(baskets, ordered_at="2024-03-01"):
    """Lines of baskets, each a list of products."""
    rows = [(f"o{number:05d}", item) for number, basket in enumerate(baskets) for item in basket]
    frame = pd.DataFrame(rows, columns=["order_id", "product_id"])
    return frame.assign(ordered_at=pd.Timestamp(ordered_at), customer_id="ada", quantity=1)


def affinities(baskets, **given):
    return built_rows(product_affinities, snapshot_date="2024-04-01", order_lines=lines(baskets, **given))


TEA_AND_CAKE = [["tea", "cake"]] * 40 + [["tea"]] * 10 + [["rum"]] * 150


def test_support_confidence_and_lift_by_hand():
    found = affinities(TEA_AND_CAKE).set_index(["product_id", "other_product_id"])
    assert list(found.index) == [("cake", "tea"), ("tea", "cake")]
    tea = found.loc[("tea", "cake")]
    assert (tea["basket_count"], tea["other_basket_count"], tea["pair_count"], tea["rank"]) == (50, 40, 40, 1)
    # of 200 baskets 40 hold both; 40 of the 50 with tea; independent they would be 50 * 40 / 200 = 10 baskets
    assert (tea["support"], tea["confidence"], tea["lift"]) == (0.2, 0.8, 4.0)
    assert tea["lift_lower"] == round(4 * np.exp(-5 / np.sqrt(40)), 4)
    assert found.loc[("cake", "tea"), "confidence"] == 1.0


def test_rare_pairs_say_nothing():
    baskets = [["tea", "cake"]] * 9 + [["rum"]] * 500
    assert affinities(baskets).empty
    assert len(affinities([["tea", "cake"], *baskets])) == 2


def test_chance_makes_no_pairs():
    rng = np.random.default_rng(7)
    items = np.array([f"p{number:02d}" for number in range(40)])
    baskets = [items[rng.random(40) < 0.2].tolist() for _ in range(2_000)]
    assert affinities(baskets).empty


def test_bulk_baskets_count_nowhere():
    bulk = [[f"p{number:03d}" for number in range(101)]] * 30
    found = affinities(TEA_AND_CAKE + bulk).set_index(["product_id", "other_product_id"])
    assert set(found.index) == {("tea", "cake"), ("cake", "tea")}
    assert found["support"].tolist() == [0.2, 0.2]


def test_of_each_product_twenty_others_stay():
    hub = [["hub", f"p{number:02d}"] for number, _ in product(range(25), range(30))]
    found = affinities(hub + [["rum"]] * 9_000)
    assert found.groupby("product_id")["rank"].max()["hub"] == 20
    assert found[found["product_id"] == "hub"]["other_product_id"].tolist() == [f"p{n:02d}" for n in range(20)]


def test_only_the_last_year_counts():
    assert len(affinities(TEA_AND_CAKE, ordered_at="2023-04-02")) == 2
    assert affinities(TEA_AND_CAKE, ordered_at="2023-04-01").empty


def test_returns_lie_in_no_basket():
    rows = lines(TEA_AND_CAKE)
    rows.loc[rows["product_id"] == "cake", "quantity"] = -1
    assert built_rows(product_affinities, snapshot_date="2024-04-01", order_lines=rows).empty
