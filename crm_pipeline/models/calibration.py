"""Calibration and blending in log-odds: intercept + sum of non-negative weights x log-odds of models.

With one model this is Platt scaling (Platt, 1999, "Probabilistic outputs for support vector machines"); with several
it is stacking with non-negative weights (Breiman, 1996, "Stacked regressions"). Fit it on predictions for customers
that the models were not fitted on, or it believes the models too much.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

PRIOR_STRENGTH = 1.0
"""Penalty on squared distance of the weights from equal weights, in units of log-likelihood: felt by tiny samples."""


@dataclass(frozen=True)
class Stack:
    """Calibrated log-odds = intercept + log_odds @ weights; weights by model name, all >= 0."""

    intercept: float
    weights: dict[str, float]


def probability(log_odds: FloatArray) -> FloatArray:
    """Probabilities from log-odds, any shape."""
    return np.asarray(expit(log_odds), dtype=np.float64)


def fit_stack(log_odds: dict[str, FloatArray], outcome: BoolArray) -> Stack:
    """Fit intercept and non-negative weights by penalised maximum likelihood.

    Args:
        log_odds: finite log-odds per model, shape (n,) each; rows that the models were not fitted on.
        outcome: shape (n,), both classes present.

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
    equal = 1.0 / scores.shape[1]

    def loss(parameters: FloatArray) -> tuple[float, FloatArray]:
        z = parameters[0] + scores @ parameters[1:]
        residual = probability(z) - y
        away = parameters[1:] - equal
        value = np.logaddexp(0, z).sum() - y @ z + PRIOR_STRENGTH * (away @ away)
        gradient = np.concatenate([[residual.sum()], residual @ scores + 2 * PRIOR_STRENGTH * away])
        return float(value) / len(y), gradient / len(y)

    start = np.concatenate([[0.0], np.full(scores.shape[1], equal)])
    bounds = [(None, None)] + [(0.0, None)] * scores.shape[1]
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500, "gtol": 1e-8, "ftol": 1e-13}
    ).x
    weights = {name: float(weight) for name, weight in zip(log_odds, found[1:], strict=True)}
    return Stack(float(found[0]), weights)


def apply_stack(stack: Stack, log_odds: dict[str, FloatArray]) -> FloatArray:
    """Calibrated log-odds, shape (n,), from the log-odds of (at least) the stack's models."""
    first, *others = [weight * log_odds[name] for name, weight in stack.weights.items()]
    return stack.intercept + sum(others, first)
