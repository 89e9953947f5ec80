"""Calibration and blending in log-odds: intercept + sum of non-negative weights x log-odds of models.

With one model this is Platt scaling (Platt, 1999, "Probabilistic outputs for support vector machines"); with several
it is stacking with non-negative weights (Breiman, 1996, "Stacked regressions"). Weights come from rows that the models
were not fitted on, or they would believe the models too much. The intercept comes from the rows they were fitted on:
learned on later rows it would hold the drift since the fit, and a model refitted on those rows would count it twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq, minimize
from scipy.special import expit

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

PRIOR_STRENGTH = 30.0
"""Penalty on squared distance of the weights from equal weights, in units of log-likelihood: a few thousand rows of one
season are weak evidence on which model will be better in the next."""
INTERCEPT_LIMIT = 50.0


@dataclass(frozen=True)
class Stack:
    """Calibrated log-odds = intercept + sum of weight x log-odds; weights by model name, all >= 0."""

    intercept: float
    weights: dict[str, float]


def probability(log_odds: FloatArray) -> FloatArray:
    """Probabilities from log-odds, any shape."""
    return np.asarray(expit(log_odds), dtype=np.float64)


def fit_weights(log_odds: dict[str, FloatArray], outcome: BoolArray, group: IntArray) -> dict[str, float]:
    """Non-negative weights by penalised maximum likelihood, with an intercept for each group of rows.

    Args:
        log_odds: finite log-odds per model, shape (n,) each; rows that the models were not fitted on.
        outcome: shape (n,), both classes present.
        group: shape (n,), 0, 1, ...: rows whose level may differ (judged by another fit, or at another time).

    Raises:
        ValueError: without models, for one class only, or log-odds that are not finite.
    """
    if not log_odds:
        raise ValueError("no models to calibrate")
    scores = np.column_stack(list(log_odds.values()))
    if not np.isfinite(scores).all():
        raise ValueError("log-odds to calibrate must be finite")
    if outcome.all() or not outcome.any():
        raise ValueError("calibration needs outcomes of both classes")
    y = outcome.astype(np.float64)
    group_count, equal = int(group.max()) + 1, 1.0 / scores.shape[1]

    def loss(parameters: FloatArray) -> tuple[float, FloatArray]:
        intercepts, weights = parameters[:group_count], parameters[group_count:]
        z = intercepts[group] + scores @ weights
        residual = probability(z) - y
        away = weights - equal
        value = np.logaddexp(0, z).sum() - y @ z + PRIOR_STRENGTH * (away @ away)
        by_group = np.bincount(group, weights=residual, minlength=group_count)
        gradient = np.concatenate([by_group, residual @ scores + 2 * PRIOR_STRENGTH * away])
        return float(value) / len(y), gradient / len(y)

    start = np.concatenate([np.zeros(group_count), np.full(scores.shape[1], equal)])
    # a group of one class would send its intercept to infinity
    bounds = [(-INTERCEPT_LIMIT, INTERCEPT_LIMIT)] * group_count + [(0.0, None)] * scores.shape[1]
    options = {"maxiter": 500, "gtol": 1e-8, "ftol": 1e-13}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x[group_count:]
    return {name: float(weight) for name, weight in zip(log_odds, found, strict=True)}


def fit_intercept(weights: dict[str, float], log_odds: dict[str, FloatArray], outcome: BoolArray) -> Stack:
    """The stack with these weights whose mean probability is the share of `outcome`, (n,), both classes present."""
    share = float(np.mean(outcome))
    if not 0 < share < 1:
        raise ValueError("calibration needs outcomes of both classes")
    return with_mean(weights, log_odds, share)


def with_mean(weights: dict[str, float], log_odds: dict[str, FloatArray], share: float) -> Stack:
    """The stack with these weights whose mean probability over rows, (n,) each, is `share`, between 0 and 1."""
    weighted = apply_stack(Stack(0.0, weights), log_odds)
    level = np.log(share / (1 - share))
    lowest, highest = level - float(weighted.max()), level - float(weighted.min())
    if highest - lowest < 1e-12:
        return Stack(lowest, weights)
    return Stack(float(brentq(lambda a: float(probability(a + weighted).mean()) - share, lowest, highest)), weights)


def anchored(stacks: dict[str, Stack], log_odds: dict[str, FloatArray], anchors: Sequence[str]) -> dict[str, Stack]:
    """The stacks with the level on which they and the `anchors` agree, for the customers to be scored.

    What a rich model learned at one time of a young or seasonal shop says little about the level at another: features
    that grow with the history pull it along. Simple rules are surer of it. The mean probability of each stack becomes
    the plain average of its own and the anchors' (equal weights are hard to beat when forecasts are combined: Clemen,
    1989); who is above whom stays. The anchors stay as they are.

    Args:
        stacks: by name; names that are among the anchors hold what those say.
        log_odds: per model, (n,), of the customers to be scored; none: nothing to agree on.
    """
    if not len(next(iter(log_odds.values()))):
        return stacks
    means = {name: float(probability(apply_stack(stack, log_odds)).mean()) for name, stack in stacks.items()}
    sure = [means[name] for name in anchors if name in means]
    return {
        name: stack if name in anchors else with_mean(stack.weights, log_odds, float(np.mean([means[name], *sure])))
        for name, stack in stacks.items()
    }


def apply_stack(stack: Stack, log_odds: dict[str, FloatArray]) -> FloatArray:
    """Calibrated log-odds, shape (n,), from the log-odds of (at least) the stack's models."""
    first, *others = [weight * log_odds[name] for name, weight in stack.weights.items()]
    return stack.intercept + sum(others, first)
