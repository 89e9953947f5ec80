"""Logistic regression on transformed features; its log-odds split exactly into the features' parts."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
from scipy.stats import skew
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from crm_pipeline.models.calibration import BoolArray, FloatArray
from crm_pipeline.one_thread import one_thread

SKEWED = 1.0
CLIPPED_SHARE = 0.01
MISSING_SHARE = 0.01
MACHINE_COST = 0.003
"""Of rows on the wrong side, against the width of the margin: features are many and alike, so the margin is wide."""


@dataclass(frozen=True)
class Transform:
    """log(1 + x) where skewed, median where missing, clipped to the 1st..99th percentile, standardised.

    All lists have one number per feature, but `indicator_columns`: the features whose absence is a feature of its own
    (missing in 1 % to 99 % of the training rows), with `indicator_means`.
    """

    is_log: list[bool]
    medians: list[float]
    lowest: list[float]
    highest: list[float]
    means: list[float]
    inverse_scales: list[float]
    indicator_columns: list[int]
    indicator_means: list[float]

    @classmethod
    def fit(cls, X: FloatArray) -> Transform:
        """Learn from training rows, shape (n, features); constant or absent columns come out as zero."""
        missing = np.isnan(X)
        shares = missing.mean(axis=0)
        indicators = np.flatnonzero((shares >= MISSING_SHARE) & (shares <= 1 - MISSING_SHARE))
        parameters = [_column_parameters(X[~missing[:, j], j]) for j in range(X.shape[1])]
        is_log, medians, lowest, highest = ([row[i] for row in parameters] for i in range(4))
        unscaled = cls(
            is_log=[bool(flag) for flag in is_log],
            medians=medians,
            lowest=lowest,
            highest=highest,
            means=[0.0] * X.shape[1],
            inverse_scales=[1.0] * X.shape[1],
            indicator_columns=indicators.tolist(),
            indicator_means=shares[indicators].tolist(),
        )
        scaled = unscaled._clipped(X)
        spread = scaled.std(axis=0)
        # a column that is constant up to rounding carries nothing
        varies = spread > 1e-9 * (1 + np.abs(scaled).max(axis=0))
        inverse = np.divide(1.0, spread, out=np.zeros_like(spread), where=varies)
        return replace(unscaled, means=scaled.mean(axis=0).tolist(), inverse_scales=inverse.tolist())

    def design(self, X: FloatArray) -> FloatArray:
        """Shape (n, features + indicators), centred on the training mean."""
        scaled = (self._clipped(X) - np.array(self.means)) * np.array(self.inverse_scales)
        return np.hstack([scaled, np.isnan(X[:, self.indicator_columns]) - np.array(self.indicator_means)])

    def _clipped(self, X: FloatArray) -> FloatArray:
        scaled = X.copy()
        logged = np.flatnonzero(self.is_log)
        scaled[:, logged] = np.log1p(np.maximum(scaled[:, logged], 0))
        scaled = np.where(np.isnan(scaled), np.array(self.medians), scaled)
        return np.clip(scaled, self.lowest, self.highest)


@dataclass(frozen=True)
class LogisticModel:
    """log-odds = intercept + design @ coefficients; the intercept is also the log-odds of average values."""

    transform: Transform
    coefficients: list[float]
    base: float

    @classmethod
    def fit(cls, X: FloatArray, y: BoolArray, inverse_penalties: tuple[float, ...]) -> dict[float, LogisticModel]:
        """One model per L2 strength (scikit-learn's C), sharing the transform.

        Args:
            X: (n, features), NaN allowed. y: (n,), both classes present.
        """
        transform = Transform.fit(X)
        design = transform.design(X)
        models = {}
        with one_thread():
            for inverse_penalty in inverse_penalties:
                fitted = LogisticRegression(C=inverse_penalty, solver="newton-cholesky", max_iter=200).fit(design, y)
                models[inverse_penalty] = cls(transform, fitted.coef_[0].tolist(), float(fitted.intercept_[0]))
        return models

    def log_odds(self, X: FloatArray) -> FloatArray:
        """Shape (n,)."""
        return np.asarray(self.base + self.contributions(X).sum(axis=1), dtype=np.float64)

    def contributions(self, X: FloatArray) -> FloatArray:
        """Shape of X; rows sum to log_odds less base. A missing value's indicator counts for its feature."""
        parts: FloatArray = self.transform.design(X) * np.array(self.coefficients)
        feature_count = X.shape[1]
        shares = parts[:, :feature_count]
        shares[:, self.transform.indicator_columns] += parts[:, feature_count:]
        return shares

    def to_dict(self) -> dict[str, Any]:
        """JSON-able parameters."""
        return asdict(self)

    @classmethod
    def from_dict(cls, parameters: dict[str, Any]) -> Self:
        """The inverse of to_dict."""
        return cls(Transform(**parameters["transform"]), parameters["coefficients"], parameters["base"])


@dataclass(frozen=True)
class VectorMachine(LogisticModel):
    """A linear support vector machine (Cortes and Vapnik, 1995): the distance to its plane stands for the log-odds.

    Linear, so that its scores split into the features' parts; a line through the outcomes gives distances the scale of
    log-odds (Platt, 1999).
    """

    @classmethod
    def fit_machine(
        cls, X: FloatArray, y: BoolArray, transform: Transform, cost: float = MACHINE_COST
    ) -> VectorMachine:
        """Args: X: (n, features), NaN allowed. y: (n,), both classes present. transform: fitted on these rows."""
        # the primal problem with squared hinge loss: solved without chance, unlike the dual
        machine = LinearSVC(C=cost, dual=False, max_iter=300, tol=1e-3)
        with one_thread():
            fitted = machine.fit(design := transform.design(X), y)
            line = LogisticRegression().fit(fitted.decision_function(design)[:, None], y)
        slope, level = float(line.coef_[0, 0]), float(line.intercept_[0])
        return cls(transform, (slope * fitted.coef_[0]).tolist(), level + slope * float(fitted.intercept_[0]))


def _column_parameters(values: FloatArray) -> tuple[bool, float, float, float]:
    """Whether to take logs, and median and clipping bounds after that; `values` are without NaN."""
    if len(values) == 0:
        return False, 0.0, 0.0, 0.0
    is_log = bool(values.min() >= 0 and values.max() > values.min() and skew(values) > SKEWED)
    scaled = np.log1p(values) if is_log else values
    lowest, median, highest = np.quantile(scaled, [CLIPPED_SHARE, 0.5, 1 - CLIPPED_SHARE])
    return is_log, float(median), float(lowest), float(highest)
