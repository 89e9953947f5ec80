"""Trees by LightGBM (Ke et al., 2017): one, a random forest, and boosted ones, the same on every run.

Contributions are TreeSHAP values (Lundberg et al., 2018): exact for the ensemble, and additive in log-odds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Self

import numpy as np

from crm_pipeline.models.calibration import BoolArray, FloatArray
from crm_pipeline.models.openmp import lightgbm

# One thread: on shared or small machines LightGBM's threads wait for each other far longer than they work.
# without the filter a data set serves models with other limits for a leaf
BINNING: dict[str, Any] = {"max_bin": 63, "feature_pre_filter": False, "num_threads": 1, "verbose": -1}
COMMON: dict[str, Any] = BINNING | {
    "objective": "binary",
    "seed": 0,
    "deterministic": True,
    "force_row_wise": True,
}
# Few leaves: more did not help on any shop tried, and the cost of contributions grows with depth squared.
BOOSTING: dict[str, Any] = {
    "learning_rate": 0.05,
    "num_leaves": 8,
    "max_depth": 4,
    "lambda_l2": 10.0,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
}
TREE: dict[str, Any] = {"learning_rate": 1.0, "num_leaves": 16, "max_depth": 6}
FOREST: dict[str, Any] = {
    "boosting": "rf",
    "num_leaves": 31,
    "max_depth": 8,
    "bagging_fraction": 0.632,
    "bagging_freq": 1,
    "feature_fraction_bynode": 0.2,
}
FOREST_TREES = 60
FEATURE_FRACTION = 0.3
LEAST_TREE_FEATURES = 16
"""A tree draws this share of the features, but at least this many: correlated features take turns."""
LEAST_TREE_LEAF_ROWS, ROWS_PER_TREE_LEAF = 50, 50
LEAST_LEAF_ROWS = 20
ROWS_PER_LEAF_ROW = 250
"""A leaf needs one row per this many training rows, and at least LEAST_LEAF_ROWS."""


DEFAULT: Mapping[str, float] = MappingProxyType({})


def binned(X: FloatArray, y: BoolArray) -> lightgbm.Dataset:
    """Rows cut into bins, which takes longer than a tree: several models can share it. X: (n, features), y: (n,)."""
    return lightgbm.Dataset(X, y.astype(np.float64), params=BINNING).construct()


@dataclass(frozen=True)
class TreeModel:
    """Trees in LightGBM's text format, and their mean log-odds over the training rows."""

    text: str
    booster: lightgbm.Booster
    base: float

    @classmethod
    def fit_tree(
        cls, X: FloatArray, y: BoolArray, data: lightgbm.Dataset | None = None, tuned: Mapping[str, float] = DEFAULT
    ) -> TreeModel:
        """One tree (Breiman et al., 1984), whose leaves give their own share of churn. Args as of `BoostingModel`."""
        leaf_rows = max(LEAST_TREE_LEAF_ROWS, len(y) // ROWS_PER_TREE_LEAF)
        settings = TREE | {"min_data_in_leaf": leaf_rows} | dict(tuned)
        return cls._train(data or binned(X, y), settings, 1)._with_shares(X, y)

    def _with_shares(self, X: FloatArray, y: BoolArray) -> Self:
        """The same trees, each leaf with the log-odds of its own share of churn, two rows of the mean added to it.

        Trees that are not corrected by later ones must say all by themselves; LightGBM takes one Newton step only.
        """
        leaves = np.asarray(self.booster.predict(X, pred_leaf=True, num_threads=1), dtype=np.int64).reshape(len(y), -1)
        mean = float(y.mean())
        for tree, leaf in enumerate(leaves.T):
            rows, churned = np.bincount(leaf), np.bincount(leaf, weights=y)
            values = np.log((churned + 2 * mean) / (rows - churned + 2 * (1 - mean)))
            for position in np.flatnonzero(rows):
                self.booster.set_leaf_output(tree, int(position), float(values[position]))
        return self.from_dict({"text": self.booster.model_to_string()})

    @classmethod
    def _train(cls, data: lightgbm.Dataset, settings: dict[str, Any], rounds: int) -> Self:
        return cls.from_dict(
            {"text": lightgbm.train(COMMON | settings, data, num_boost_round=rounds).model_to_string()}
        )

    @classmethod
    def from_dict(cls, parameters: dict[str, Any]) -> Self:
        """The inverse of to_dict. Raises ValueError when the text is no LightGBM model."""
        try:
            booster = lightgbm.Booster(model_str=parameters["text"])
        except lightgbm.basic.LightGBMError as error:
            raise ValueError("the model's text is not a LightGBM model") from error
        nothing = np.full((1, booster.num_feature()), np.nan)
        base = np.asarray(booster.predict(nothing, pred_contrib=True, num_threads=1))[0, -1]
        return cls(parameters["text"], booster, float(base) / cls._parts(booster))

    @classmethod
    def _parts(cls, booster: lightgbm.Booster) -> int:
        """What the trees' sum is divided by."""
        return 1

    def log_odds(self, X: FloatArray) -> FloatArray:
        """Shape (n,)."""
        score = self.booster.predict(X, raw_score=True, num_threads=1)
        return np.asarray(score, dtype=np.float64) / self._parts(self.booster)

    def contributions(self, X: FloatArray) -> FloatArray:
        """Shape of X; rows sum to log_odds less base."""
        if len(X) == 0:
            return np.zeros_like(X)
        parts = np.asarray(self.booster.predict(X, pred_contrib=True, num_threads=1), dtype=np.float64)
        return parts[:, :-1] / self._parts(self.booster)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able parameters: the model's text."""
        return {"text": self.text}


@dataclass(frozen=True)
class ForestModel(TreeModel):
    """A random forest (Breiman, 2001): the mean log-odds of trees on samples of rows and features."""

    @classmethod
    def fit(
        cls, X: FloatArray, y: BoolArray, data: lightgbm.Dataset | None = None, tuned: Mapping[str, float] = DEFAULT
    ) -> ForestModel:
        """Args as of `BoostingModel`."""
        settings = FOREST | {"min_data_in_leaf": _leaf_rows(y)} | dict(tuned)
        return cls._train(data or binned(X, y), settings, FOREST_TREES)._with_shares(X, y)

    @classmethod
    def _parts(cls, booster: lightgbm.Booster) -> int:
        return int(booster.num_trees())


@dataclass(frozen=True)
class BoostingModel(TreeModel):
    """Boosted trees, each correcting those before it."""

    @classmethod
    def fit(
        cls,
        X: FloatArray,
        y: BoolArray,
        rounds: int,
        data: lightgbm.Dataset | None = None,
        tuned: Mapping[str, float] = DEFAULT,
    ) -> BoostingModel:
        """Fit so many trees.

        Args:
            X: (n, features), NaN allowed. y: (n,), both classes present. rounds: number of trees.
            data: `binned(X, y)`, where it is at hand.
            tuned: settings of LightGBM that take the place of the defaults.
        """
        fraction = min(1.0, max(FEATURE_FRACTION, LEAST_TREE_FEATURES / X.shape[1]))
        settings = BOOSTING | {"min_data_in_leaf": _leaf_rows(y), "feature_fraction": fraction} | dict(tuned)
        return cls._train(data or binned(X, y), settings, rounds)

    def log_odds_after(self, X: FloatArray, rounds: Sequence[int]) -> list[FloatArray]:
        """Shape (n,) each: the scores after so many trees, numbers rising."""
        steps = [
            self.booster.predict(X, raw_score=True, start_iteration=first, num_iteration=last - first, num_threads=1)
            for first, last in pairwise([0, *rounds])
        ]
        return list(np.cumsum(np.asarray(steps, dtype=np.float64), axis=0))


def _leaf_rows(y: BoolArray) -> int:
    return max(LEAST_LEAF_ROWS, len(y) // ROWS_PER_LEAF_ROW)
