"""Gradient-boosted trees (LightGBM: Ke et al., 2017), shallow and regularised, the same on every run.

Contributions are TreeSHAP values (Lundberg et al., 2018): exact for the ensemble, and additive in log-odds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from crm_pipeline.models.calibration import BoolArray, FloatArray
from crm_pipeline.models.openmp import lightgbm

# Few leaves: more did not help on any shop tried, and the cost of contributions grows with depth squared. One thread:
# on shared or small machines LightGBM's threads wait for each other far longer than they work.
PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 8,
    "max_depth": 4,
    "lambda_l2": 10.0,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "max_bin": 63,
    "seed": 0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}
FEATURE_FRACTION = 0.3
LEAST_TREE_FEATURES = 16
"""A tree draws this share of the features, but at least this many: correlated features take turns."""
LEAST_LEAF_ROWS = 20
ROWS_PER_LEAF_ROW = 250
"""A leaf needs one row per this many training rows, and at least LEAST_LEAF_ROWS."""


@dataclass(frozen=True)
class BoostingModel:
    """Trees in LightGBM's text format, and their mean log-odds over the training rows."""

    text: str
    booster: lightgbm.Booster
    base: float

    @classmethod
    def fit(cls, X: FloatArray, y: BoolArray, rounds: int) -> BoostingModel:
        """Args: X: (n, features), NaN allowed; y: (n,), both classes present; rounds: number of trees."""
        leaf_rows = max(LEAST_LEAF_ROWS, len(y) // ROWS_PER_LEAF_ROW)
        fraction = min(1.0, max(FEATURE_FRACTION, LEAST_TREE_FEATURES / X.shape[1]))
        settings = PARAMETERS | {"min_data_in_leaf": leaf_rows, "feature_fraction": fraction}
        booster = lightgbm.train(settings, lightgbm.Dataset(X, y.astype(np.float64)), num_boost_round=rounds)
        return cls.from_dict({"text": booster.model_to_string()})

    @classmethod
    def from_dict(cls, parameters: dict[str, Any]) -> BoostingModel:
        """The inverse of to_dict. Raises ValueError when the text is no LightGBM model."""
        try:
            booster = lightgbm.Booster(model_str=parameters["text"])
        except lightgbm.basic.LightGBMError as error:
            raise ValueError("the boosting model's text is not a LightGBM model") from error
        nothing = np.full((1, booster.num_feature()), np.nan)
        base = booster.predict(nothing, pred_contrib=True, num_threads=1)
        return cls(parameters["text"], booster, float(np.asarray(base)[0, -1]))

    def log_odds(self, X: FloatArray) -> FloatArray:
        """Shape (n,)."""
        return np.asarray(self.booster.predict(X, raw_score=True, num_threads=1), dtype=np.float64)

    def log_odds_after(self, X: FloatArray, rounds: Sequence[int]) -> list[FloatArray]:
        """Shape (n,) each: the scores after so many trees, numbers rising."""
        steps = [
            self.booster.predict(X, raw_score=True, start_iteration=first, num_iteration=last - first, num_threads=1)
            for first, last in pairwise([0, *rounds])
        ]
        return list(np.cumsum(np.asarray(steps, dtype=np.float64), axis=0))

    def contributions(self, X: FloatArray) -> FloatArray:
        """Shape of X; rows sum to log_odds less base."""
        if len(X) == 0:
            return np.zeros_like(X)
        parts = np.asarray(self.booster.predict(X, pred_contrib=True, num_threads=1), dtype=np.float64)
        return parts[:, :-1]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able parameters: the model's text."""
        return {"text": self.text}
