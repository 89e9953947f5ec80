"""Churn from one number: the recency rule, the baseline."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from crm_pipeline.models.calibration import BoolArray, FloatArray

BIN_COUNT = 30
ROWS_PER_BIN = 50


@dataclass(frozen=True)
class RecencyRule:
    """Log-odds of churn, non-decreasing in silence = log(1 + days_since_last_order).

    Piecewise linear through (knots, values), plus slope * silence: nobody ties beyond the longest silence learned from.
    column: of days_since_last_order in the matrix. base: mean log-odds in training.
    """

    column: int
    knots: list[float]
    values: list[float]
    slope: float
    base: float

    @classmethod
    def fit(cls, X: FloatArray, y: BoolArray, column: int) -> RecencyRule:
        """The mean, in log-odds, of an isotonic regression over equal-sized bins (Zadrozny and Elkan, 2002) and a
        log-logistic line; the one follows the data where there are many, the other orders customers everywhere.

        Args:
            X: (n, features), y: (n,), both classes present.
        """
        silence = np.log1p(X[:, column])
        bin_count = int(np.clip(len(y) // ROWS_PER_BIN, 1, BIN_COUNT))
        edges = np.unique(np.quantile(silence, np.linspace(0, 1, bin_count + 1)[1:-1]))
        bins = np.searchsorted(edges, silence, side="right")
        used, codes = np.unique(bins, return_inverse=True)
        counts = np.bincount(codes, minlength=len(used)).astype(np.float64)
        knots = np.bincount(codes, weights=silence) / counts
        # half a row of either class keeps the log-odds of pure bins finite
        rates = (np.bincount(codes, weights=y) + 0.5) / (counts + 1)
        smooth = IsotonicRegression(increasing=True).fit_transform(knots, rates, sample_weight=counts)
        line = LogisticRegression().fit(silence[:, None], y)
        slope, level = float(line.coef_[0, 0]), float(line.intercept_[0])
        if slope < 0:  # a rule that falls with silence would be none: flat, at the share of churn
            slope, level = 0.0, float(np.log(y.mean() / (1 - y.mean())))
        values = (np.log(smooth / (1 - smooth)) + level) / 2
        rule = cls(column, knots.tolist(), values.tolist(), slope / 2, 0.0)
        return replace(rule, base=float(rule.log_odds(X).mean()))

    @classmethod
    def prior(cls, horizon_days: int, column: int) -> RecencyRule:
        """Without outcomes: odds of churn = (days since the last order + 1) / horizon_days.

        A silence lasts another h days with probability d / (d + h) if nothing but its length d is known
        (Gott, 1993, "Implications of the Copernican principle"); it is also the Pareto gap with shape 1.
        """
        return cls(column, [0.0], [-float(np.log(horizon_days))], 1.0, 0.0)

    def log_odds(self, X: FloatArray) -> FloatArray:
        """Shape (n,)."""
        silence = np.log1p(X[:, self.column])
        return np.asarray(np.interp(silence, self.knots, self.values) + self.slope * silence, dtype=np.float64)

    def contributions(self, X: FloatArray) -> FloatArray:
        """Shape of X; rows sum to log_odds less base."""
        shares = np.zeros_like(X)
        shares[:, self.column] = self.log_odds(X) - self.base
        return shares

    def to_dict(self) -> dict[str, Any]:
        """JSON-able parameters."""
        return asdict(self)
