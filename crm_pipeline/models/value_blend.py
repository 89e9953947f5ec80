"""A weighted mean of forecasts of spend that first agree on the total.

Each forecast is scaled to one level, a geometric mean of what the BTYD model and the boosted correction of it expect in
all. The correction's share in it grows with the snapshots that it was fitted on, to a half: a rich model fitted on one
season of a young shop is surer of who spends more than of how much all will spend.
The weights are those, on a grid, with the least error on outcomes that the forecasts were not fitted on: the mean
absolute error plus the loss of ranking (1 - normalised Gini), each as a share of the reference's, plus a penalty on the
distance from stated weights, for weights that are not estimated are hard to beat when forecasts are combined (Clemen,
1989, "Combining forecasts"): half to `centre`, which aims at small errors, half to the two that aim at means.
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
"""On the squared distance from the stated weights: a weight moved by a tenth must save a half percent of a loss."""
START = {NAIVE: 0.25, BTYD: 0.0, CENTRE: 0.5, CORRECTION: 0.25}
HALF_TRUST_SNAPSHOTS = 6
"""Judged snapshots from which the level of the correction has half of the share that it can have."""


def common_levels(totals: Mapping[str, float], snapshots: int) -> dict[str, float]:
    """The factor per forecast that brings its total to the common level; 1 where a total is 0.

    snapshots: those with known outcomes, from which the correction learns.
    """
    btyd, correction = totals.get(BTYD, 0.0), totals.get(CORRECTION, 0.0)
    share = snapshots / (snapshots + HALF_TRUST_SNAPSHOTS) / 2
    level = btyd * (correction / btyd) ** share if min(btyd, correction) > 0 else max(btyd, correction)
    if level <= 0:
        return {name: 1.0 for name in totals}
    return {name: level / total if total > 0 else 1.0 for name, total in totals.items()}


def levelled(
    forecasts: Mapping[str, FloatArray], group: npt.NDArray[np.int64], snapshots: int
) -> dict[str, FloatArray]:
    """The forecasts, (n,) each, on their common level within each group (0, 1, ...), such as a snapshot."""
    found = {name: values.copy() for name, values in forecasts.items()}
    for number in range(int(group.max()) + 1 if len(group) else 0):
        rows = group == number
        factors = common_levels({name: float(values[rows].sum()) for name, values in forecasts.items()}, snapshots)
        for name, factor in factors.items():
            found[name][rows] *= factor
    return found


def first_weights(names: Sequence[str]) -> dict[str, float]:
    """The weights to begin with: START, where the boosted models, which know BTYD, stand for it; else equal ones."""
    return {name: START[name] if CORRECTION in names else 1 / len(names) for name in names}


def fit_weights(forecasts: Mapping[str, FloatArray], spend: FloatArray) -> dict[str, float]:
    """Weights by forecast, at least 0 and 1 in all.

    Args:
        forecasts: levelled, (n,) each, not fitted on these rows.
        spend: (n,), the outcomes. Where they do not differ, or the reference has no error, the first weights stay.
    """
    names = list(forecasts)
    start = first_weights(names)
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
