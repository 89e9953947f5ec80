"""Calibration of predicted probabilities."""

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from crm_pipeline.models.metrics import calibration_slope, expected_calibration_error


def simulated(seed=3, n=4000):
    """True log-odds and outcomes drawn from them."""
    random = np.random.default_rng(seed)
    log_odds = random.normal(-1, 1.2, n)
    return log_odds, (random.random(n) < sigmoid(log_odds)).astype(float)


def sigmoid(log_odds):
    return 1 / (1 + np.exp(-log_odds))


def test_ece_by_hand_with_one_row_per_bin():
    truth = [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    score = [0.95, 0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1, 0.05]
    gaps = [0.05, 0.1, 0.2, 0.3, 0.4, 0.4, 0.3, 0.2, 0.1, 0.05]
    assert expected_calibration_error(truth, score) == pytest.approx(sum(gaps) / 10)


def test_ece_of_equal_predictions_is_the_error_of_their_mean():
    assert expected_calibration_error([1, 0, 0, 1, 0], [0.3] * 5) == pytest.approx(0.1)


def test_ece_agrees_with_sorted_equal_bins():
    log_odds, truth = simulated()
    score = sigmoid(1.7 * log_odds)
    bins = np.argsort(score).reshape(10, -1)
    expected = np.abs(score[bins].mean(axis=1) - truth[bins].mean(axis=1)).mean()
    assert expected_calibration_error(truth, score) == pytest.approx(expected)


@pytest.mark.parametrize("stretch", [0.5, 1.0, 2.0])
def test_slope_undoes_a_stretch_of_the_log_odds(stretch):
    log_odds, truth = simulated(n=40_000)
    assert calibration_slope(truth, sigmoid(stretch * log_odds)) == pytest.approx(1 / stretch, rel=0.05)


def test_slope_agrees_with_scikit_learn():
    log_odds, truth = simulated()
    weights = np.random.default_rng(8).poisson(1, len(truth)).astype(float)
    model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
    model.fit(log_odds[:, None], truth, sample_weight=weights)
    assert calibration_slope(truth, sigmoid(log_odds), weights) == pytest.approx(model.coef_[0, 0], rel=1e-4)


def test_slope_is_nan_without_a_maximum():
    assert math.isnan(calibration_slope([0, 0, 1, 1], [0.1, 0.2, 0.7, 0.8]))  # separated
    assert math.isnan(calibration_slope([0, 1, 1], [0.4, 0.4, 0.4]))  # one prediction


def test_slope_survives_certain_predictions():
    assert math.isfinite(calibration_slope([0, 1, 0, 1, 1], [0.0, 1.0, 1.0, 0.0, 0.5]))
