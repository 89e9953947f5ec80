"""What every metric shares: rows sorted once, weighted many times.

A bootstrap replicate changes only how often a row counts. So whatever does not depend on the weights (sort orders,
groups of equal scores, losses of rows) belongs to `Pairs` and is computed once; a `Sample` adds one set of weights,
and a metric is a function of a `Sample` that takes one pass over the rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
Result = TypeVar("Result")


def as_vector(values: npt.ArrayLike, name: str) -> FloatArray:
    """The values as a one-dimensional array of floats; ValueError (with `name`) where one is missing or infinite."""
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, not of shape {vector.shape}")
    if not np.isfinite(vector).all():
        raise ValueError(f"{name} has {int((~np.isfinite(vector)).sum())} missing or infinite values")
    return vector


class Order:
    """Rows sorted by a value, highest first, and where its groups of equal values end."""

    def __init__(self, values: FloatArray) -> None:
        self.rows: IntArray = np.argsort(-values, kind="stable")
        ranked = values[self.rows]
        is_end = np.ones(len(values), dtype=bool)
        is_end[:-1] = ranked[1:] != ranked[:-1]
        # Without ties every row is a group, and replicates are spared a copy.
        self.group_bounds: IntArray | None = None
        if not is_end.all():
            self.group_bounds = np.concatenate((np.zeros(1, dtype=np.intp), np.flatnonzero(is_end) + 1))
        starts = np.concatenate(([False], is_end[:-1])) if len(values) else is_end
        self.group_of_row: IntArray = np.empty(len(values), dtype=np.intp)
        self.group_of_row[self.rows] = np.cumsum(starts)

    def curve(self, sorted_values: FloatArray) -> FloatArray:
        """Running totals, from 0, at the ends of the groups: shape (groups + 1,).

        Taking ends only treats rows with equal values as one, so that their order cannot matter.
        """
        totals = np.zeros(len(sorted_values) + 1)
        np.cumsum(sorted_values, out=totals[1:])
        return totals if self.group_bounds is None else totals[self.group_bounds]


class Pairs:
    """Truth and score of the same rows, shape (n,) each; all that is independent of weights is computed once.

    Raises ValueError when the lengths differ or a value is missing or infinite.
    """

    def __init__(self, truth: npt.ArrayLike, score: npt.ArrayLike) -> None:
        self.truth = as_vector(truth, "truth")
        self.score = as_vector(score, "score")
        if len(self.truth) != len(self.score):
            raise ValueError(f"truth has {len(self.truth)} rows and score {len(self.score)}")
        self._results: dict[Callable[[Pairs], Any], Any] = {}

    def once(self, compute: Callable[[Pairs], Result]) -> Result:
        """compute(self), remembered: a replicate pays for it only the first time."""
        if compute not in self._results:
            self._results[compute] = compute(self)
        result: Result = self._results[compute]
        return result

    @cached_property
    def by_score(self) -> Order:
        """Rows from the highest score to the lowest."""
        return Order(self.score)

    @cached_property
    def by_truth(self) -> Order:
        """Rows from the highest true value to the lowest."""
        return Order(self.truth)


class Sample:
    """Pairs with the weight of each row, and the running totals that several metrics use."""

    def __init__(self, pairs: Pairs, weights: FloatArray) -> None:
        self.pairs = pairs
        self.weights = weights

    @cached_property
    def total_weight(self) -> float:
        """The sum of the weights."""
        return float(self.weights.sum())

    @cached_property
    def sorted_weights(self) -> FloatArray:
        """Weights from the highest score to the lowest."""
        return self.weights[self.pairs.by_score.rows]

    @cached_property
    def weight_curve(self) -> FloatArray:
        """Weight of the rows down to each distinct score."""
        return self.pairs.by_score.curve(self.sorted_weights)

    @cached_property
    def truth_curve(self) -> FloatArray:
        """Weighted truth of the rows down to each distinct score."""
        return self.pairs.by_score.curve(self.sorted_weights * self.pairs.once(_truth_by_score))

    def mean(self, values: FloatArray) -> float:
        """Weighted mean of row values; NaN without weight."""
        # Not a dot product: BLAS may split the sum differently, and reruns must agree to the last bit.
        return float((self.weights * values).sum()) / self.total_weight if self.total_weight > 0 else math.nan


@dataclass(frozen=True)
class Metric:
    """A named measure of predictions, called as `metric(truth, score, weights=None)`.

    `function` maps a `Sample` to the value, NaN where the measure is undefined. `perfect` is the value of a perfect
    prediction, None where it depends on the data. With `is_target`, better means nearer to `perfect` from either side
    (a total bias of -2 % beats +5 %); otherwise `greater_is_better` decides.
    """

    name: str
    function: Callable[[Sample], float]
    greater_is_better: bool = True
    perfect: float | None = None
    is_target: bool = False

    def __post_init__(self) -> None:
        if self.is_target and self.perfect is None:
            raise ValueError(f"metric {self.name}: a target needs its perfect value")
        object.__setattr__(self, "__doc__", self.function.__doc__)

    def __call__(self, truth: npt.ArrayLike, score: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> float:
        """The metric of rows of shape (n,), each counted `weights` times (default once).

        Raises ValueError for missing values, different lengths, or negative weights.
        """
        pairs = Pairs(truth, score)
        row_weights = np.ones(len(pairs.truth)) if weights is None else as_vector(weights, "weights")
        if len(row_weights) != len(pairs.truth):
            raise ValueError(f"weights has {len(row_weights)} rows and truth {len(pairs.truth)}")
        if (row_weights < 0).any():
            raise ValueError("weights must not be negative")
        return self.function(Sample(pairs, row_weights))

    def goodness(self, value: FloatArray) -> FloatArray:
        """The value turned so that greater is better, for differences between models."""
        if self.is_target and self.perfect is not None:
            return -np.abs(value - self.perfect)
        return value if self.greater_is_better else -value


def metric(
    *, greater_is_better: bool = True, perfect: float | None = None, is_target: bool = False, name: str | None = None
) -> Callable[[Callable[[Sample], float]], Metric]:
    """Decorator that makes a function of a `Sample` a `Metric`, named after the function unless `name` is given."""

    def decorate(function: Callable[[Sample], float]) -> Metric:
        return Metric(name or function.__name__, function, greater_is_better, perfect, is_target)

    return decorate


def by_name(*metrics: Metric) -> dict[str, Metric]:
    """Metrics keyed by their names, as the bootstrap takes them."""
    return {each.name: each for each in metrics}


def area_under(x: FloatArray, y: FloatArray) -> float:
    """Area under the line through (x, y) by the trapezoid rule, with both axes scaled to end at 1."""
    return float((np.diff(x) * (y[1:] + y[:-1])).sum()) / (2 * float(x[-1]) * float(y[-1]))


def _truth_by_score(pairs: Pairs) -> FloatArray:
    return pairs.truth[pairs.by_score.rows]
