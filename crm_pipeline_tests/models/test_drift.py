"""Drift measures: values by hand, what chance does, and ends of the range."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.models.drift import NOTHING, odds_ratio, stability_index

NUMBERS = st.lists(st.floats(-1e6, 1e6) | st.just(math.nan), min_size=1, max_size=60).map(np.array)


def test_the_index_of_two_shares_by_hand():
    # 3 of 4 and 1 of 4 lie above; half a row added to each bin: .7 and .3 of 5
    found = stability_index(np.array([0.0, 1, 1, 1]), np.array([0.0, 0, 0, 1]))
    assert found.value == pytest.approx(2 * 0.4 * math.log(0.7 / 0.3))


def test_a_missing_value_is_a_bin_of_its_own():
    full = np.arange(1000.0)
    holes = np.where(full % 2 == 0, np.nan, full)
    assert stability_index(full, holes).value > 1


def test_values_that_were_never_seen_keep_the_index_finite():
    found = stability_index(np.zeros(1000), np.ones(1000))
    assert 5 < found.value < 20


@given(NUMBERS, NUMBERS)
def test_the_index_is_never_negative_and_zero_for_the_same_rows(reference, now):
    assert stability_index(reference, now).value >= 0
    assert stability_index(reference, reference).value == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("rows", [50, 2000])
def test_chance_alone_hardly_passes_its_limit(rows):
    random = np.random.default_rng(0)
    draws = [stability_index(random.normal(size=rows), random.normal(size=rows)) for _ in range(300)]
    assert sum(found.value > found.chance for found in draws) <= 3
    # and the limit is no wider than it must be
    assert max(found.value for found in draws) > 0.5 * draws[0].chance


def test_many_rows_of_few_customers_are_worth_the_customers():
    values = np.arange(1000.0)
    assert stability_index(values, values, 10).chance > 10 * stability_index(values, values).chance


def test_the_odds_ratio_by_hand():
    # (20 + .5) / (99 + 1) of now has odds of 20.5 / 79.5; a tenth was predicted: odds of 1 / 9
    assert odds_ratio(20, 99, 0.1).value == pytest.approx(20.5 / 79.5 * 9)
    # fewer count as much as more
    assert odds_ratio(9, 99, 0.2575).value == pytest.approx(0.2575 / 0.7425 * 90.5 / 9.5)


def test_an_odds_ratio_of_few_rows_may_be_chance():
    few, many = odds_ratio(4, 20, 0.1), odds_ratio(4000, 20_000, 0.1)
    assert few.value < few.chance
    assert many.value > many.chance


def test_a_share_that_was_seen_in_few_rows_is_less_sure():
    assert odds_ratio(200, 1000, 0.1, 50).chance > odds_ratio(200, 1000, 0.1, 5000).chance > 1


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_certain_shares_stay_finite(share):
    for found in (odds_ratio(5, 10, share), odds_ratio(5, 10, share, 20)):
        assert 1 <= found.value < math.inf and 1 < found.chance < math.inf


def test_nothing_to_compare_with():
    some = np.ones(3)
    for found in (
        stability_index(some[:0], some),
        stability_index(some, some[:0]),
        odds_ratio(0, 0, 0.5),
        odds_ratio(1, 2, math.nan, 0),
        odds_ratio(1, 2, math.nan),
    ):
        assert found is NOTHING
