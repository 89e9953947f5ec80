"""Do predicted probabilities mean what they say? Truth in {0, 1}, score in [0, 1]."""

from __future__ import annotations

import math

import numpy as np

from crm_pipeline.models.metrics.classification import probabilities
from crm_pipeline.models.metrics.samples import FloatArray, Pairs, Sample, metric

BIN_COUNT = 10
_LOGIT_FLOOR = 1e-12
_NEWTON_STEPS = 60
_LONGEST_STEP = 2.0


@metric(greater_is_better=False, perfect=0.0)
def expected_calibration_error(sample: Sample) -> float:
    """Mean gap between predicted and observed share over 10 bins of equal weight. NaN without rows.

    Bins are cut from rows sorted by score (Naeini et al., 2015); rows tied at an edge are split in proportion. A
    perfectly calibrated model does not reach 0 on finite data: expect about 0.8 x the standard error of a bin's share.
    """
    sample.pairs.once(probabilities)
    if sample.total_weight <= 0:
        return math.nan
    rows = sample.weight_curve
    predicted = sample.pairs.by_score.curve(sample.sorted_weights * sample.pairs.once(_probability_by_score))
    edges = np.linspace(0, rows[-1], BIN_COUNT + 1)
    gaps = np.diff(np.interp(edges, rows, predicted)) - np.diff(np.interp(edges, rows, sample.truth_curve))
    return float(np.abs(gaps).sum() / rows[-1])


@metric(greater_is_better=False, perfect=1.0, is_target=True)
def calibration_slope(sample: Sample) -> float:
    """Slope of a logistic regression of the outcome on the log-odds of the prediction (Cox, 1958).

    1 is right; below 1 the predictions are too extreme, above 1 too timid. NaN with one class, equal predictions, or
    predictions that separate the classes.
    """
    weights, truth = sample.weights, sample.pairs.truth
    log_odds, scale = sample.pairs.once(_scaled_log_odds)
    positives = float((weights * truth).sum())
    if scale == 0 or not 0 < positives < sample.total_weight:
        return math.nan
    start = sample.pairs.once(_unweighted_line)
    return _logistic_line(log_odds, truth, weights, start)[1] / scale


def _logistic_line(
    x: FloatArray, truth: FloatArray, weights: FloatArray, start: tuple[float, float]
) -> tuple[float, float]:
    """Intercept and slope by Newton's method with bounded steps; (NaN, NaN) where the likelihood has no maximum."""
    intercept, slope = start
    for _ in range(_NEWTON_STEPS):
        with np.errstate(over="ignore"):
            probability = 1 / (1 + np.exp(-(intercept + slope * x)))
        residual = weights * (truth - probability)
        information = weights * probability * (1 - probability)
        information_x = information * x
        a, b, c = float(information.sum()), float(information_x.sum()), float((information_x * x).sum())
        determinant = a * c - b * b
        if not determinant > 1e-12 * float(weights.sum()) ** 2:
            break
        gradient, gradient_x = float(residual.sum()), float((residual * x).sum())
        steps = (c * gradient - b * gradient_x) / determinant, (a * gradient_x - b * gradient) / determinant
        intercept += min(max(steps[0], -_LONGEST_STEP), _LONGEST_STEP)
        slope += min(max(steps[1], -_LONGEST_STEP), _LONGEST_STEP)
        if max(abs(steps[0]), abs(steps[1])) < 1e-4:  # quadratic convergence: the error left is about its square
            return intercept, slope
    return math.nan, math.nan


def _unweighted_line(pairs: Pairs) -> tuple[float, float]:
    """The line of the rows as they are: a start from which a replicate needs two or three steps."""
    log_odds, _ = pairs.once(_scaled_log_odds)
    line = _logistic_line(log_odds, pairs.truth, np.ones(len(log_odds)), (0.0, 0.0))
    return line if math.isfinite(line[1]) else (0.0, 0.0)


def _scaled_log_odds(pairs: Pairs) -> tuple[FloatArray, float]:
    """Log-odds, centred and in standard deviations, and that deviation (0 when all predictions are equal)."""
    probability = np.clip(pairs.once(probabilities), _LOGIT_FLOOR, 1 - _LOGIT_FLOOR)
    log_odds: FloatArray = np.log(probability) - np.log1p(-probability)
    if len(log_odds) == 0 or log_odds.min() == log_odds.max():
        return log_odds, 0.0
    scale = float(log_odds.std())
    return (log_odds - log_odds.mean()) / scale, scale


def _probability_by_score(pairs: Pairs) -> FloatArray:
    return pairs.score[pairs.by_score.rows]
