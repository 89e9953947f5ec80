"""Weights and levels of calibrated log-odds."""

import numpy as np
import pytest

from crm_pipeline.models.calibration import Stack, apply_stack, fit_intercept, fit_weights, probability


def outcomes(z, seed=0):
    return np.random.default_rng(seed).random(len(z)) < probability(z)


def test_probability_of_even_odds():
    assert probability(np.array([0.0, np.log(3), -np.log(3)])) == pytest.approx([0.5, 0.75, 0.25])


def test_weights_recover_the_slope_whatever_the_level_of_a_group():
    z = np.random.default_rng(1).normal(size=40_000)
    group = np.repeat([0, 1], 20_000)
    y = outcomes(0.6 * z + np.where(group == 0, -2.0, 1.0))
    assert fit_weights({"model": z}, y, group)["model"] == pytest.approx(0.6, abs=0.04)


def test_a_useless_or_contrary_model_gets_no_weight():
    random = np.random.default_rng(2)
    good, noise = random.normal(size=20_000), random.normal(size=20_000)
    y = outcomes(good)
    weights = fit_weights(
        {"good": good, "noise": noise, "contrary": noise - 0.5 * good}, y, np.zeros(20_000, dtype=int)
    )
    assert weights["good"] == pytest.approx(1.0, abs=0.06)
    assert weights["noise"] < 0.05
    assert weights["contrary"] < 0.05


def test_a_handful_of_rows_keeps_near_equal_weights():
    z = np.array([-0.1, 0.1, 0.05, -0.05])
    weights = fit_weights({"a": z, "b": z[::-1]}, np.array([True, False, True, False]), np.zeros(4, dtype=int))
    assert list(weights.values()) == pytest.approx([0.5, 0.5], abs=0.1)


def test_level_by_hand():
    # one log-odds for all, two of eight churned: log(1/3) = a + 2 * 0.7
    stack = fit_intercept({"model": 2.0}, {"model": np.full(8, 0.7)}, np.arange(8) < 2)
    assert stack.intercept == pytest.approx(np.log(1 / 3) - 1.4)


def test_level_gives_the_share_of_the_outcome():
    z = np.random.default_rng(3).normal(size=500) * 3
    stack = fit_intercept({"model": 0.8}, {"model": z}, np.arange(500) < 40)
    assert probability(apply_stack(stack, {"model": z})).mean() == pytest.approx(0.08)


def test_stack_is_a_weighted_sum():
    stack = Stack(0.5, {"a": 2.0, "b": 0.25})
    assert apply_stack(stack, {"a": np.array([1.0]), "b": np.array([4.0]), "unused": np.array([9.0])}) == [3.5]


@pytest.mark.parametrize(
    ("log_odds", "y", "message"),
    [
        ({}, [True, False], "no models"),
        ({"a": [np.nan, 1.0]}, [True, False], "finite"),
        ({"a": [0.0, 1.0]}, [True, True], "both classes"),
    ],
)
def test_refuses(log_odds, y, message):
    scores = {name: np.array(values) for name, values in log_odds.items()}
    with pytest.raises(ValueError, match=message):
        fit_weights(scores, np.array(y), np.zeros(2, dtype=int))
