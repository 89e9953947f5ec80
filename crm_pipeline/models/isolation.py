"""Isolation forest: how few random cuts set a row apart (Liu, Ting and Zhou, "Isolation Forest", 2008).

Fitted on a sample, since each tree sees 256 rows only; one thread and a fixed seed, so that a rerun gives the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sklearn.ensemble import IsolationForest

FloatArray = NDArray[np.float64]

TREES = 100
ROWS_PER_TREE = 256
SEED = 20_080_615
FEWEST_ROWS = 50
"""Below this a forest tells the few rows that there are apart, not what is unusual."""

FARTHEST_SHARE = 0.995
SURELY_APART = 0.6
"""From this score on a row is likely to be an anomaly; a forest gives about 0.5 to rows like the rest (Liu et al.)."""


@dataclass(frozen=True)
class FittedIsolation:
    """A fitted forest. ``limit``: the score from which a row stands apart. ``typical`` and ``farthest``: the median and
    the largest score of the sample."""

    forest: IsolationForest
    limit: float
    typical: float
    farthest: float

    def scores(self, rows: FloatArray) -> FloatArray:
        """Anomaly scores in (0, 1], shape (rows,); about 0.5 is ordinary, near 1 is alone."""
        return _scores(self.forest, rows)

    def strengths(self, rows: FloatArray) -> FloatArray:
        """Scores from 0 (up to the limit) to 1 (as far from the typical row as any of the sample), shape (rows,)."""
        reach = max(self.farthest - self.limit, 0.02)
        strengths: FloatArray = np.clip((self.scores(rows) - self.limit) / reach, 0.0, 1.0)
        return strengths


def fit_isolation(sample: FloatArray, seed: int = SEED) -> FittedIsolation | None:
    """Fit a forest on a sample, shape (rows, features), without missing values; None where it has under 50 rows.

    The limit is the sample's 99.5 % quantile, and no less than 0.6.
    """
    from sklearn.ensemble import IsolationForest

    if len(sample) < FEWEST_ROWS or sample.shape[1] == 0:
        return None
    forest = IsolationForest(
        n_estimators=TREES, max_samples=min(ROWS_PER_TREE, len(sample)), n_jobs=1, random_state=seed
    ).fit(sample)
    scores = _scores(forest, sample)
    limit = max(SURELY_APART, float(np.quantile(scores, FARTHEST_SHARE)))
    return FittedIsolation(forest, limit, float(np.median(scores)), float(scores.max()))


def _scores(forest: IsolationForest, rows: FloatArray) -> FloatArray:
    if not len(rows):
        return np.empty(0)
    scores: FloatArray = -forest.score_samples(rows)
    return scores
