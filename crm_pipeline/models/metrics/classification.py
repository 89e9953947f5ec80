"""Metrics of a probability or score for a yes/no outcome: truth in {0, 1}.

Each is NaN without rows; those that need both classes are NaN with one, as their docstrings say. Rows with equal
scores are treated as one group, so that the order of rows never matters.
"""

from __future__ import annotations

import math

import numpy as np

from crm_pipeline.models.metrics.samples import FloatArray, Metric, Pairs, Sample, area_under, metric


@metric(perfect=1.0)
def roc_auc(sample: Sample) -> float:
    """Area under the ROC curve: chance that a positive scores above a negative, ties half. NaN with one class."""
    sample.pairs.once(_check_classes)
    positives = sample.truth_curve
    negatives = sample.weight_curve - positives
    if positives[-1] <= 0 or negatives[-1] <= 0:
        return math.nan
    return area_under(negatives, positives)


@metric(perfect=1.0)
def pr_auc(sample: Sample) -> float:
    """Average precision: the sum over distinct scores of (recall gained) x precision. NaN with one class.

    Not the trapezoid under the precision-recall curve, which is too optimistic (Davis and Goadrich, 2006).
    """
    sample.pairs.once(_check_classes)
    positives, rows = sample.truth_curve, sample.weight_curve
    if positives[-1] <= 0 or positives[-1] >= rows[-1]:
        return math.nan
    # Groups whose rows all weigh 0 gain no recall; the floor keeps 0 / 0 out.
    precision = positives[1:] / np.maximum(rows[1:], np.finfo(np.float64).tiny)
    return float((np.diff(positives) * precision).sum() / positives[-1])


def lift_at(share: float) -> Metric:
    """Lift in the top `share` of rows: their share of positives over that of all rows; named like `lift_at_10`.

    Rows tied at the edge count in proportion, that is the mean over all ways to break the tie. NaN with one class.
    Raises ValueError unless 0 < share <= 1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must be above 0 and at most 1, not {share}")

    @metric(name=f"lift_at_{100 * share:g}")
    def lift(sample: Sample) -> float:
        sample.pairs.once(_check_classes)
        positives, rows = sample.truth_curve, sample.weight_curve
        if positives[-1] <= 0 or positives[-1] >= rows[-1]:
            return math.nan
        captured = np.interp(share * rows[-1], rows, positives)
        return float(captured / positives[-1] / share)

    return lift


@metric(greater_is_better=False, perfect=0.0)
def brier(sample: Sample) -> float:
    """Mean squared error of the probability (Brier, 1950). Defined with one class; NaN without rows."""
    return sample.mean(sample.pairs.once(_squared_error))


@metric(greater_is_better=False, perfect=0.0)
def log_loss(sample: Sample) -> float:
    """Mean negative log-likelihood in nats; probabilities are kept a float's epsilon from 0 and 1.

    Defined with one class; NaN without rows.
    """
    return sample.mean(sample.pairs.once(_negative_log_likelihood))


def accuracy_at(cutoff: float) -> Metric:
    """Share of rows classified right when scores of at least `cutoff` mean yes. NaN without rows."""

    @metric(perfect=1.0, name=f"accuracy_at_{cutoff:g}")
    def accuracy(sample: Sample) -> float:
        _, false_alarms, misses = _confusion(sample, cutoff)
        return 1 - (false_alarms + misses) / sample.total_weight if sample.total_weight > 0 else math.nan

    return accuracy


def precision_at(cutoff: float) -> Metric:
    """Share of positives among scores of at least `cutoff`. NaN when no score reaches it."""

    @metric(perfect=1.0, name=f"precision_at_{cutoff:g}")
    def precision(sample: Sample) -> float:
        hits, false_alarms, _ = _confusion(sample, cutoff)
        return _ratio(hits, hits + false_alarms)

    return precision


def recall_at(cutoff: float) -> Metric:
    """Share of positives whose score is at least `cutoff`. NaN without positives."""

    @metric(perfect=1.0, name=f"recall_at_{cutoff:g}")
    def recall(sample: Sample) -> float:
        hits, _, misses = _confusion(sample, cutoff)
        return _ratio(hits, hits + misses)

    return recall


def f1_at(cutoff: float) -> Metric:
    """Harmonic mean of precision and recall at `cutoff`. NaN without positives, true or predicted."""

    @metric(perfect=1.0, name=f"f1_at_{cutoff:g}")
    def f1(sample: Sample) -> float:
        hits, false_alarms, misses = _confusion(sample, cutoff)
        return _ratio(2 * hits, 2 * hits + false_alarms + misses)

    return f1


def _confusion(sample: Sample, cutoff: float) -> tuple[float, float, float]:
    """Weight of true positives, false positives and false negatives."""
    sample.pairs.once(_check_classes)
    weights, truth = sample.weights, sample.pairs.truth
    is_predicted = sample.pairs.score >= cutoff
    hits = float((weights * truth * is_predicted).sum())
    false_alarms = float((weights * (1 - truth) * is_predicted).sum())
    misses = float((weights * truth * ~is_predicted).sum())
    return hits, false_alarms, misses


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else math.nan


def probabilities(pairs: Pairs) -> FloatArray:
    """The scores; ValueError unless truth is in {0, 1} and every score in [0, 1]."""
    pairs.once(_check_classes)
    if len(pairs.score) and not (pairs.score.min() >= 0 and pairs.score.max() <= 1):
        raise ValueError(f"score must be a probability, but spans {pairs.score.min():g} to {pairs.score.max():g}")
    return pairs.score


def _check_classes(pairs: Pairs) -> None:
    if not np.isin(pairs.truth, (0.0, 1.0)).all():
        raise ValueError("truth must be 0 or 1 in every row")


def _squared_error(pairs: Pairs) -> FloatArray:
    return np.square(pairs.once(probabilities) - pairs.truth)


def _negative_log_likelihood(pairs: Pairs) -> FloatArray:
    epsilon = np.finfo(np.float64).eps
    probability = np.clip(pairs.once(probabilities), epsilon, 1 - epsilon)
    loss: FloatArray = -np.log(np.where(pairs.truth == 1, probability, 1 - probability))
    return loss
