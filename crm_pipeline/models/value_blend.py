"""A weighted mean of forecasts of spend that first agree on the total.

Each forecast is scaled to one level, the geometric mean of what the BTYD model and the boosted correction of it expect
in all: a rich model fitted on one season of a young shop is surer of who spends more than of how much all will spend.
The weights are those, on a grid, with the least error on outcomes that the forecasts were not fitted on: the mean
absolute error plus the loss of ranking (1 - normalised Gini), each as a share of the reference's, plus a penalty on the
distance from equal weights, which are hard to beat when forecasts are combined (Clemen, 1989, "Combining forecasts").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

from crm_pipeline.models.calibration import FloatArray
from crm_pipeline.models.metrics import mae, normalized_gini

NAIVE, BTYD, CENTRE, CORRECTION = "naive", "btyd", "centre", "correction"
STEPS = 8
"""Weights are multiples of an eighth."""
PENALTY = 0.5
"""On the squared distance from equal weights: a weight moved by a tenth must save a half percent of a loss."""


def common_levels(totals: Mapping[str, float]) -> dict[str, float]:
    """The factor per forecast that brings its total to the common level; 1 where a total is 0."""
    sure = [totals[name] for name in (BTYD, CORRECTION) if totals.get(name, 0.0) > 0]
    if not sure:
        return {name: 1.0 for name in totals}
    level = float(np.exp(np.mean(np.log(sure))))
    return {name: level / total if total > 0 else 1.0 for name, total in totals.items()}


def levelled(forecasts: Mapping[str, FloatArray], group: npt.NDArray[np.int64]) -> dict[str, FloatArray]:
    """The forecasts, (n,) each, on their common level within each group (0, 1, ...), such as a snapshot."""
    found = {name: values.copy() for name, values in forecasts.items()}
    for number in range(int(group.max()) + 1 if len(group) else 0):
        rows = group == number
        factors = common_levels({name: float(values[rows].sum()) for name, values in forecasts.items()})
        for name, factor in factors.items():
            found[name][rows] *= factor
    return found


def equal_weights(names: Sequence[str]) -> dict[str, float]:
    """The weights to begin with: the boosted models, which both know BTYD, share the rest with the rule."""
    own = [name for name in names if name != BTYD] if CORRECTION in names else list(names)
    return {name: 1 / len(own) if name in own else 0.0 for name in names}


def fit_weights(forecasts: Mapping[str, FloatArray], spend: FloatArray) -> dict[str, float]:
    """Weights by forecast, at least 0 and 1 in all.

    Args:
        forecasts: levelled, (n,) each, not fitted on these rows.
        spend: (n,), the outcomes. Where they do not differ, or the reference has no error, weights stay equal.
    """
    names = list(forecasts)
    start = equal_weights(names)
    reference = mix(forecasts, start)
    error, ranking_loss = mae(spend, reference), 1 - normalized_gini(spend, reference)
    if not (error > 0 and ranking_loss > 0):
        return start

    def loss(weights: Mapping[str, float]) -> float:
        mixed = mix(forecasts, weights)
        away = sum((weights[name] - start[name]) ** 2 for name in names)
        losses = mae(spend, mixed) / error + (1 - normalized_gini(spend, mixed)) / ranking_loss
        return float(losses + PENALTY * away)

    grid = [point for point in product(range(STEPS + 1), repeat=len(names)) if sum(point) == STEPS]
    points = [start, *({n: part / STEPS for n, part in zip(names, point, strict=True)} for point in grid)]
    return min(points, key=loss)


def mix(forecasts: Mapping[str, FloatArray], weights: Mapping[str, float]) -> FloatArray:
    """The weighted sum, (n,); names in the order of the weights, so that the last bits repeat."""
    first, *others = [weight * forecasts[name] for name, weight in weights.items()]
    return np.asarray(sum(others, first))
