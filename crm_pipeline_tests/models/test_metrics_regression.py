"""Metrics of predicted amounts."""

import math

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from crm_pipeline.models.metrics import (
    AMOUNT_METRICS,
    customer_mean,
    mae,
    normalized_gini,
    rmse,
    roc_auc,
    spearman,
    total_bias,
)

rows = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 3)), min_size=1, max_size=40).map(
    lambda cells: tuple(np.array(column, dtype=float) for column in zip(*cells, strict=True))
)


def test_by_hand():
    truth, score = [0, 10, 30], [5, 10, 20]
    assert mae(truth, score) == pytest.approx(15 / 3)
    assert rmse(truth, score) == pytest.approx(math.sqrt(125 / 3))
    assert total_bias(truth, score) == pytest.approx(35 / 40 - 1)
    assert normalized_gini(truth, score) == 1
    assert spearman(truth, score) == pytest.approx(1)
    assert customer_mean(truth, score, [1, 1, 2]) == pytest.approx(55 / 4)


def test_gini_by_hand():
    # Best first: the area under (0, 0), (.5, .75), (1, 1) is .625, so the Gini is .25; the other way round it is -.25.
    assert normalized_gini([1, 3], [2, 1]) == pytest.approx(-1)
    assert normalized_gini([1, 3], [7, 7]) == pytest.approx(0)  # no ranking
    # 4, 0, 1: areas (.4 + .8 + .9) / 3 = .7 against (.4 + .9 + 1) / 3 = .7667, so .4 / .5333
    assert normalized_gini([4, 1, 0], [9, 1, 2]) == pytest.approx(0.75)


def test_agrees_with_references():
    random = np.random.default_rng(2)
    truth, score = random.poisson(2, 400).astype(float), random.poisson(2, 400).astype(float)
    weights = random.random(400)
    assert mae(truth, score, weights) == pytest.approx(
        reference.mean_absolute_error(truth, score, sample_weight=weights)
    )
    squared = reference.mean_squared_error(truth, score, sample_weight=weights)
    assert rmse(truth, score, weights) == pytest.approx(math.sqrt(squared))
    assert spearman(truth, score) == pytest.approx(spearmanr(truth, score).statistic)


@pytest.mark.parametrize("metric", AMOUNT_METRICS.values(), ids=lambda metric: metric.name)
@given(rows=rows)
def test_a_weight_of_n_is_n_copies_of_the_row(metric, rows):
    truth, score, weights = rows
    copies = weights.astype(int)
    weighted, repeated = metric(truth, score, weights), metric(np.repeat(truth, copies), np.repeat(score, copies))
    assert weighted == pytest.approx(repeated, abs=1e-9, nan_ok=True)


@given(rows=rows)
def test_gini_of_a_yes_or_no_truth_is_twice_the_auc_less_one(rows):
    truth, score, weights = rows
    is_high = (truth > 4).astype(float)
    expected = 2 * roc_auc(is_high, score, weights) - 1
    assert normalized_gini(is_high, score, weights) == pytest.approx(expected, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("metric", AMOUNT_METRICS.values(), ids=lambda metric: metric.name)
def test_no_rows_give_nan(metric):
    assert math.isnan(metric([], []))


def test_undefined_values_are_nan():
    assert math.isnan(total_bias([0, 0], [1, 2]))
    assert math.isnan(normalized_gini([0, 0], [1, 2]))
    assert math.isnan(normalized_gini([5, 5, 5], [1, 2, 3]))
    assert math.isnan(spearman([1, 2], [3, 3]))
