"""Metrics of probabilities for a yes/no outcome: by hand, against scikit-learn, and their laws."""

import math

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.models.metrics import (
    Metric,
    accuracy_at,
    brier,
    calibration_slope,
    expected_calibration_error,
    f1_at,
    lift_at,
    log_loss,
    pr_auc,
    precision_at,
    recall_at,
    roc_auc,
)

TRUTH = [1, 0, 1, 0]
SCORE = [0.9, 0.8, 0.3, 0.1]

ALL = [
    roc_auc,
    pr_auc,
    lift_at(0.3),
    brier,
    log_loss,
    accuracy_at(0.5),
    precision_at(0.5),
    recall_at(0.5),
    f1_at(0.5),
    expected_calibration_error,
    calibration_slope,
]
REFERENCES = [
    (roc_auc, reference.roc_auc_score),
    (pr_auc, reference.average_precision_score),
    (brier, reference.brier_score_loss),
    (log_loss, reference.log_loss),
    (accuracy_at(0.5), lambda y, p, sample_weight: reference.accuracy_score(y, p >= 0.5, sample_weight=sample_weight)),
    (
        precision_at(0.5),
        lambda y, p, sample_weight: reference.precision_score(y, p >= 0.5, sample_weight=sample_weight),
    ),
    (recall_at(0.5), lambda y, p, sample_weight: reference.recall_score(y, p >= 0.5, sample_weight=sample_weight)),
    (f1_at(0.5), lambda y, p, sample_weight: reference.f1_score(y, p >= 0.5, sample_weight=sample_weight)),
]

# Scores on a grid, so that ties are common; weights as a bootstrap makes them, zeros included.
rows = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 20).map(lambda n: n / 20), st.integers(0, 3)), min_size=1, max_size=40
).map(lambda cells: tuple(np.array(column, dtype=float) for column in zip(*cells, strict=True)))


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (roc_auc, 3 / 4),  # of the 4 pairs only (.3, .8) is the wrong way round
        (pr_auc, (1 / 1 + 2 / 3) / 2),  # positives at places 1 and 3
        (lift_at(0.25), 1 / 0.5),  # the first of 4 is positive, half of all are
        (lift_at(0.5), 0.5 / 0.5),  # one of the first two
        (lift_at(0.125), 1 / 0.5),  # half of the first row, which is positive
        (brier, (0.01 + 0.64 + 0.49 + 0.01) / 4),
        (log_loss, -(math.log(0.9) + math.log(0.2) + math.log(0.3) + math.log(0.9)) / 4),
        (accuracy_at(0.5), 2 / 4),
        (precision_at(0.5), 1 / 2),
        (recall_at(0.3), 2 / 2),
        (f1_at(0.3), 2 * (2 / 3) * 1 / (2 / 3 + 1)),
    ],
    ids=lambda value: value.name if isinstance(value, Metric) else "",
)
def test_by_hand(metric, expected):
    assert metric(TRUTH, SCORE) == pytest.approx(expected)


def test_tied_scores_count_as_every_way_to_break_the_tie_on_average():
    assert roc_auc([1, 0], [0.5, 0.5]) == 0.5
    assert lift_at(0.5)([1, 0, 0, 0], [0.5] * 4) == 1
    assert pr_auc([1, 0, 0, 0], [0.5] * 4) == 0.25  # one group: recall 1 at precision 1/4


@pytest.mark.parametrize(("metric", "expected"), REFERENCES, ids=lambda value: getattr(value, "name", ""))
def test_agrees_with_scikit_learn(metric, expected):
    random = np.random.default_rng(5)
    score = random.random(500).round(2)
    truth = (random.random(500) < score).astype(float)
    for weights in (np.ones(500), random.poisson(1, 500).astype(float), random.random(500)):
        assert metric(truth, score, weights) == pytest.approx(expected(truth, score, sample_weight=weights), abs=1e-12)


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
@given(rows=rows)
def test_a_weight_of_n_is_n_copies_of_the_row(metric, rows):
    truth, score, weights = rows
    copies = weights.astype(int)
    weighted, repeated = metric(truth, score, weights), metric(np.repeat(truth, copies), np.repeat(score, copies))
    assert weighted == pytest.approx(repeated, abs=1e-6, nan_ok=True)


@given(rows=rows)
def test_auc_is_the_share_of_pairs_in_the_right_order(rows):
    truth, score, _ = rows
    positives, negatives = score[truth == 1], score[truth == 0]
    if len(positives) and len(negatives):
        wins = (np.sign(positives[:, None] - negatives) + 1) / 2
        assert roc_auc(truth, score) == pytest.approx(wins.mean())
        assert roc_auc(1 - truth, 1 - score) == pytest.approx(roc_auc(truth, score))


@given(rows=rows)
def test_lift_at_everything_is_one_and_never_above_its_limit(rows):
    truth, score, _ = rows
    base_rate = truth.mean()
    if 0 < base_rate < 1:
        assert lift_at(1.0)(truth, score) == pytest.approx(1)
        assert lift_at(0.2)(truth, score) <= min(1 / base_rate, 1 / 0.2) + 1e-9


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_no_rows_or_no_weight_give_nan(metric):
    assert math.isnan(metric([], []))
    assert math.isnan(metric([1, 0], [0.4, 0.6], [0, 0]))


@pytest.mark.parametrize("metric", [roc_auc, pr_auc, lift_at(0.1), calibration_slope], ids=lambda metric: metric.name)
@pytest.mark.parametrize("only", [0, 1])
def test_one_class_gives_nan_where_two_are_needed(metric, only):
    assert math.isnan(metric([only] * 3, [0.2, 0.4, 0.6]))


def test_one_class_is_enough_for_losses():
    assert brier([0, 0], [0.0, 0.5]) == 0.125
    assert log_loss([1], [1.0]) == pytest.approx(0)
    assert math.isfinite(log_loss([1], [0.0]))


def test_undefined_ratios_are_nan():
    assert math.isnan(precision_at(0.9)([1, 0], [0.2, 0.1]))
    assert math.isnan(recall_at(0.5)([0, 0], [0.9, 0.1]))
    assert math.isnan(f1_at(0.5)([0, 0], [0.1, 0.1]))


@pytest.mark.parametrize(
    ("metric", "arguments", "message"),
    [
        (roc_auc, ([0, 2], [0.1, 0.2]), "truth must be 0 or 1"),
        (brier, ([0, 1], [0.1, 1.2]), "score must be a probability, but spans 0.1 to 1.2"),
        (brier, ([0, 1], [0.1, math.nan]), "score has 1 missing or infinite values"),
        (roc_auc, ([0, 1, 1], [0.1, 0.2]), "truth has 3 rows and score 2"),
        (roc_auc, ([0, 1], [0.1, 0.2], [1, -1]), "weights must not be negative"),
        (roc_auc, ([0, 1], [0.1, 0.2], [1]), "weights has 1 rows and truth 2"),
        (roc_auc, ([[0, 1]], [0.1, 0.2]), "truth must be one-dimensional"),
    ],
)
def test_bad_input_is_named(metric, arguments, message):
    with pytest.raises(ValueError, match=message):
        metric(*arguments)


@pytest.mark.parametrize("share", [0, -0.1, 1.1])
def test_lift_needs_a_share(share):
    with pytest.raises(ValueError, match="share must be above 0"):
        lift_at(share)


def test_a_metric_says_its_name_and_meaning():
    assert lift_at(0.1).name == "lift_at_10"
    assert "ROC" in roc_auc.__doc__
    assert roc_auc.goodness(np.array([0.7])) == 0.7
    assert brier.goodness(np.array([0.2])) == -0.2
    assert calibration_slope.goodness(np.array([0.8, 1.3])) == pytest.approx([-0.2, -0.3])
    with pytest.raises(ValueError, match="a target needs its perfect value"):
        Metric("target", roc_auc.function, is_target=True)
