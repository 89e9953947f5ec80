"""Bundles by hand, against a brute-force count, and on shops with planted bundles and with chance alone."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from crm_pipeline.recommendations import bundles, product_affinities
from crm_pipeline_tests.kit import built_rows
from crm_pipeline_tests.recommendations.test_product_affinities import lines

DAY = "2024-04-01"


def bundles_of(baskets, **more):
    rows = lines(baskets)
    affinities = built_rows(product_affinities, snapshot_date=DAY, order_lines=rows)
    return built_rows(bundles, snapshot_date=DAY, order_lines=rows, product_affinities=affinities, **more)


def test_a_triple_by_hand():
    # 2,000 baskets; pasta, sauce and cheese together in 120, each of them in 200 in all
    baskets = [["cheese", "pasta", "sauce"]] * 120 + [["rum"]] * 1_640
    baskets += [[name] for name in ("cheese", "pasta", "sauce") for _ in range(80)]
    found = bundles_of(baskets)
    triple = found[found["size"] == 3].iloc[0]
    assert (triple["product_1_id"], triple["product_2_id"], triple["product_3_id"]) == ("cheese", "pasta", "sauce")
    assert (triple["bundle_count"], float(triple["support"]), float(triple["confidence"])) == (120, 0.06, 1.0)
    assert float(triple["lift"]) == 60  # 120 / (2000 x 0.1 ^ 3)
    # of the 200 baskets with pasta 60 % hold sauce and 60 % cheese: 72 would hold both if only pasta drew them
    assert float(triple["extra_count"]) == 48
    assert float(triple["lift_over_parts"]) == pytest.approx(120 / 72, abs=1e-4)
    pair = found[found["size"] == 2].iloc[0]
    assert (float(pair["lift"]), float(pair["lift_over_parts"]), float(pair["confidence"])) == (6, 6, 0.6)


def test_what_is_not_to_be_pushed_is_in_no_bundle():
    popularity = """snapshot_date, product_id, unit_price, is_offered
                    2024-04-01,    pasta,      2,          true
                    2024-04-01,    sauce,      3,          false"""
    baskets = [["cheese", "pasta", "sauce"]] * 120 + [["rum"]] * 1_640
    found = bundles_of(baskets, product_popularity=popularity)
    assert found[["product_1_id", "product_2_id"]].to_numpy().tolist() == [["cheese", "pasta"]]


def test_pairs_that_share_a_product_make_no_triple():
    rng = np.random.default_rng(3)
    baskets = []
    for _ in range(4_000):
        basket = {"hub"} if rng.random() < 0.3 else set()
        # both go with the hub, and given the hub not with each other
        basket |= {name for name in ("one", "two") if rng.random() < (0.5 if basket else 0.05)}
        baskets.append(sorted(basket | {"rest"}))
    found = bundles_of(baskets)
    assert {("hub", "one"), ("hub", "two")} <= set(zip(found["product_1_id"], found["product_2_id"], strict=True))
    assert (found["size"] == 2).all()


def planted_baskets(seed: int) -> tuple[list[list[str]], set[tuple[str, ...]]]:
    """4,000 baskets of 30 products by chance, and three planted triples, each in a further 5 % of the baskets."""
    rng = np.random.default_rng(seed)
    items = np.array([f"p{number:02d}" for number in range(30)])
    planted = [tuple(items[[start, start + 1, start + 2]]) for start in (0, 10, 20)]
    baskets = []
    for _ in range(4_000):
        basket = set(items[rng.random(30) < 0.05])
        for triple in planted:
            basket |= set(triple) if rng.random() < 0.05 else set()
        baskets.append(sorted(basket))
    return [basket for basket in baskets if basket], set(planted)


@pytest.mark.parametrize("seed", [1, 2])
def test_planted_triples_are_found_and_chance_ones_are_not(seed):
    baskets, planted = planted_baskets(seed)
    found = bundles_of(baskets)
    triples = found[found["size"] == 3]
    names = set(zip(triples["product_1_id"], triples["product_2_id"], triples["product_3_id"], strict=True))
    assert names == planted
    pairs = found[found["size"] == 2]
    expected = {pair for triple in planted for pair in combinations(triple, 2)}
    assert set(zip(pairs["product_1_id"], pairs["product_2_id"], strict=True)) == expected


def test_counts_equal_a_brute_force_count():
    baskets, _ = planted_baskets(4)
    found = bundles_of(baskets)
    sets = [frozenset(basket) for basket in baskets]
    for row in found.itertuples():
        names = [name for name in (row.product_1_id, row.product_2_id, row.product_3_id) if isinstance(name, str)]
        count = sum(set(names) <= basket for basket in sets)
        rest = sum(set(names) - {row.offered_product_id} <= basket for basket in sets)
        assert row.bundle_count == count
        assert float(row.confidence) == pytest.approx(count / rest, abs=1e-8)
        shares = np.prod([sum(name in basket for basket in sets) / len(sets) for name in names])
        assert float(row.lift) == pytest.approx(count / len(sets) / shares, abs=1e-3)


def test_prices_add_up_and_nothing_makes_nothing():
    rows = lines([["cake", "tea"]] * 40 + [["tea"]] * 10 + [["rum"]] * 150)
    affinities = built_rows(product_affinities, snapshot_date=DAY, order_lines=rows)
    popularity = pd.DataFrame({"snapshot_date": [DAY] * 2, "product_id": ["cake", "tea"], "unit_price": [2.5, 4.0]})
    popularity = popularity.assign(is_offered=True)
    given = {"order_lines": rows, "product_affinities": affinities}
    priced = built_rows(bundles, snapshot_date=DAY, **given, product_popularity=popularity)
    assert priced["price"].astype(float).tolist() == [6.5]
    assert built_rows(bundles, snapshot_date=DAY, **given)["price"].isna().all()
    assert built_rows(bundles, snapshot_date=DAY).empty
