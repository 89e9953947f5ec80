"""Metrics of a predicted amount or count. Each is NaN without rows.

The mean absolute error alone rewards predicting zero for customers who rarely buy: read it with the total bias and a
measure of ranking (normalised Gini, Spearman).
"""

from __future__ import annotations

import math

import numpy as np

from crm_pipeline.models.metrics.samples import FloatArray, Order, Pairs, Sample, area_under, metric


@metric(greater_is_better=False, perfect=0.0)
def mae(sample: Sample) -> float:
    """Mean absolute error, in the unit of the truth."""
    return sample.mean(sample.pairs.once(_absolute_error))


@metric(greater_is_better=False, perfect=0.0)
def rmse(sample: Sample) -> float:
    """Root of the mean squared error, in the unit of the truth."""
    mean = sample.mean(sample.pairs.once(_squared_error))
    return math.sqrt(mean) if mean >= 0 else math.nan


@metric(greater_is_better=False, perfect=0.0, is_target=True)
def total_bias(sample: Sample) -> float:
    """Sum of predictions over sum of truth, less 1: -0.05 predicts 5 % too little in all. NaN unless the sum is > 0."""
    actual = float((sample.weights * sample.pairs.truth).sum())
    return float((sample.weights * sample.pairs.score).sum()) / actual - 1 if actual > 0 else math.nan


@metric(perfect=1.0)
def normalized_gini(sample: Sample) -> float:
    """Gini coefficient of the truth ranked by score, over that of the truth ranked by itself.

    1 ranks customers perfectly, 0 is no better than chance; for a 0/1 truth it is 2 x AUC - 1. NaN unless the truth
    sums to more than 0 and differs between rows.
    """
    by_score, by_truth = sample.pairs.by_score, sample.pairs.by_truth
    best = _gini(sample, by_truth)
    return _gini(sample, by_score) / best if best > 0 else math.nan


@metric(perfect=1.0)
def spearman(sample: Sample) -> float:
    """Rank correlation of score and truth; equal values share their mean rank. NaN when either is constant."""
    if sample.total_weight <= 0:
        return math.nan
    score_rank = _centred_ranks(sample, sample.pairs.by_score)
    truth_rank = _centred_ranks(sample, sample.pairs.by_truth)
    spread = sample.mean(np.square(score_rank)) * sample.mean(np.square(truth_rank))
    return sample.mean(score_rank * truth_rank) / math.sqrt(spread) if spread > 0 else math.nan


@metric(perfect=1.0)
def customer_mean(sample: Sample) -> float:
    """Mean of a value per row that is itself the figure of merit, such as each customer's recall; ignores the truth."""
    return sample.mean(sample.pairs.score)


def _gini(sample: Sample, order: Order) -> float:
    weights = sample.weights[order.rows]
    rows = order.curve(weights)
    amounts = order.curve(weights * sample.pairs.truth[order.rows])
    if rows[-1] <= 0 or amounts[-1] <= 0:
        return math.nan
    gini = 2 * area_under(rows, amounts) - 1
    # Equal amounts have no inequality; what the sums leave of it is rounding.
    return gini if abs(gini) > 1e-12 else 0.0


def _centred_ranks(sample: Sample, order: Order) -> FloatArray:
    """Weighted mid-ranks less their mean: a row of weight 2 ranks like two equal rows."""
    totals = order.curve(sample.weights[order.rows])
    # The mean of weighted mid-ranks is always half the total weight.
    ranks: FloatArray = ((totals[1:] + totals[:-1] - totals[-1]) / 2)[order.group_of_row]
    return ranks


def _absolute_error(pairs: Pairs) -> FloatArray:
    return np.abs(pairs.score - pairs.truth)


def _squared_error(pairs: Pairs) -> FloatArray:
    return np.square(pairs.score - pairs.truth)
