"""A fitted churn model: scores, their split into features, reasons, and a safe text form."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm_pipeline.models.calibration import BoolArray, FloatArray, Stack, apply_stack, probability
from crm_pipeline.models.classifiers_boosting import BoostingModel, ForestModel, TreeModel
from crm_pipeline.models.classifiers_btyd import MIXED, BtydRule, MixedBtydRule
from crm_pipeline.models.classifiers_data import EXPECTED, feature_matrix
from crm_pipeline.models.classifiers_linear import LogisticModel, VectorMachine
from crm_pipeline.models.classifiers_rules import RecencyRule
from crm_pipeline.models.reasons import top_reasons

FORMAT = "crm_pipeline.churn/2"
BATCH_ROWS = 50_000
EXACT, LINEAR = "exact", "linear"
TREES = frozenset({"tree", "forest", "boosting"})


class Scorer(Protocol):
    """A model whose log-odds split into the features: base + contributions(X).sum(axis=1) == log_odds(X)."""

    @property
    def base(self) -> float:
        """Mean log-odds in training."""

    def log_odds(self, X: FloatArray) -> FloatArray:
        """Shape (n,)."""

    def contributions(self, X: FloatArray) -> FloatArray:
        """Shape of X."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-able parameters."""


@dataclass(frozen=True)
class Contributions:
    """values: (n, features), in log-odds. intercept: (n,); intercept + values.sum(axis=1) are the log-odds explained.

    reason_method: (n,), 'exact': the champion's own log-odds; 'linear': those of the logistic candidate instead.
    """

    values: pd.DataFrame
    intercept: FloatArray
    reason_method: npt.NDArray[np.str_]

    def shares(self) -> pd.DataFrame:
        """Each feature's part of the sum of absolute contributions, (n, features); zero rows stay zero."""
        size = self.values.abs()
        return size.div(size.sum(axis=1).replace(0.0, 1.0), axis=0)


@dataclass(frozen=True)
class FittedChurn:
    """Candidates fitted on known outcomes, and the one that is published.

    models: by name, uncalibrated; stacks: calibration per candidate, over one or more models. metrics: held-out
    log_loss, brier and roc_auc per candidate (empty for a prior). why: the choice of the champion in words.
    Scoring frames need the columns of `features`; their order, other columns and the order of rows do not matter.
    """

    features: tuple[str, ...]
    horizon_days: int
    models: dict[str, Scorer]
    stacks: dict[str, Stack]
    champion: str
    is_prior: bool
    why: str
    settings: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def candidates(self) -> tuple[str, ...]:
        """Names of the candidates that could be fitted; the baseline `recency_rule` first."""
        return tuple(self.stacks)

    def log_odds(self, frame: pd.DataFrame, candidate: str | None = None) -> FloatArray:
        """Calibrated log-odds of churn in the horizon, (n,), of a candidate (default: the champion).

        Raises ValueError for an unknown candidate, absent or non-numeric columns.
        """
        name = self.champion if candidate is None else candidate
        if name not in self.stacks:
            raise ValueError(f"no candidate {name!r}; there are {', '.join(self.stacks)}")
        parts = [self._candidate_log_odds(X, name) for X in self._batches(frame)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def probabilities(self, frame: pd.DataFrame) -> pd.DataFrame:
        """One column per candidate, and the champion's as `churn_probability`; same index as the frame."""
        batches = [self._all_log_odds(X) for X in self._batches(frame)]
        columns = {
            name: probability(np.concatenate([batch[name] for batch in batches]) if batches else np.zeros(0))
            for name in self.stacks
        }
        return pd.DataFrame(columns | {"churn_probability": columns[self.champion]}, index=frame.index)

    def contributions(self, frame: pd.DataFrame, exact_for: BoolArray | None = None) -> Contributions:
        """What each feature adds to the champion's log-odds, against the training customers' average.

        Args:
            frame: features, n rows.
            exact_for: (n,) mask. Where trees are part of the champion, exact contributions cost minutes per million
                rows; rows outside the mask get the logistic candidate's instead. Default: all rows are exact.

        What `btyd_log_odds` adds is told as that of expected_purchases, from which it is computed.
        """
        is_exact = np.ones(len(frame), dtype=np.bool_) if exact_for is None else np.asarray(exact_for, dtype=np.bool_)
        if is_exact.shape != (len(frame),):
            raise ValueError(f"exact_for has shape {is_exact.shape}, the frame {len(frame)} rows")
        if not TREES & self.stacks[self.champion].weights.keys():
            is_exact = np.ones(len(frame), dtype=np.bool_)
        values = np.zeros((len(frame), len(self.features)))
        intercept = np.zeros(len(frame))
        start = 0
        for X in self._batches(frame):
            for method, candidate in ((True, self.champion), (False, "logistic")):
                rows = np.flatnonzero(is_exact[start : start + len(X)] == method)
                if len(rows):
                    values[start + rows], intercept[start + rows] = self._split(X[rows], candidate)
            start += len(X)
        if MIXED in self.features and EXPECTED in self.features:
            expected, mixed = self.features.index(EXPECTED), self.features.index(MIXED)
            values[:, expected] += values[:, mixed]
            values[:, mixed] = 0.0
        table = pd.DataFrame(values, columns=list(self.features), index=frame.index)
        return Contributions(table, intercept, np.where(is_exact, EXACT, LINEAR))

    def top_reasons(self, frame: pd.DataFrame, k: int = 3, exact_for: BoolArray | None = None) -> pd.DataFrame:
        """The k strongest reasons for each score; see `reasons.top_reasons`. Adds `reason_method` per row.

        Columns: reason_1, reason_1_value, reason_1_share, ..., reason_method; same index as the frame.
        """
        contributions = self.contributions(frame, exact_for)
        reasons = top_reasons(contributions.values, frame.loc[:, list(self.features)], k)
        return reasons.assign(reason_method=contributions.reason_method)

    def to_json(self) -> str:
        """All parameters as JSON (trees as LightGBM's text); the same model gives the same text."""
        content = {
            "format": FORMAT,
            "features": list(self.features),
            "horizon_days": self.horizon_days,
            "models": {name: self.models[name].to_dict() for name in sorted(self.models)},
            "stacks": {name: asdict(stack) for name, stack in self.stacks.items()},
            "champion": self.champion,
            "is_prior": self.is_prior,
            "why": self.why,
            "settings": self.settings,
            "metrics": self.metrics,
        }
        return json.dumps(content, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> FittedChurn:
        """The model that `to_json` wrote, with identical scores. Raises ValueError for anything else."""
        content = json.loads(text)
        if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
            raise ValueError(f"not a churn model of format {FORMAT}")
        content["features"] = tuple(content["features"])
        content["models"] = {name: _model(name, parameters) for name, parameters in content["models"].items()}
        content["stacks"] = {name: Stack(**parameters) for name, parameters in content["stacks"].items()}
        return cls(**content)

    def _batches(self, frame: pd.DataFrame) -> Iterator[FloatArray]:
        """The features as matrices of at most BATCH_ROWS rows; checked even when there are none."""
        for start in range(0, max(len(frame), 1), BATCH_ROWS):
            X = feature_matrix(frame.iloc[start : start + BATCH_ROWS], self.features)
            if len(X):
                yield X

    def _all_log_odds(self, X: FloatArray) -> dict[str, FloatArray]:
        raw = {name: model.log_odds(X) for name, model in self.models.items()}
        return {name: apply_stack(stack, raw) for name, stack in self.stacks.items()}

    def _candidate_log_odds(self, X: FloatArray, candidate: str) -> FloatArray:
        stack = self.stacks[candidate]
        return apply_stack(stack, {name: self.models[name].log_odds(X) for name in stack.weights})

    def _split(self, X: FloatArray, candidate: str) -> tuple[FloatArray, float]:
        """Contributions and intercept of a candidate: calibration is linear, so both are weighted sums."""
        stack = self.stacks[candidate]
        values, intercept = np.zeros_like(X), stack.intercept
        for name, weight in stack.weights.items():
            if weight > 0:
                values += weight * self.models[name].contributions(X)
                intercept += weight * self.models[name].base
        return values, intercept


LOADERS: dict[str, Callable[[dict[str, Any]], Scorer]] = {
    "recency_rule": lambda parameters: RecencyRule(**parameters),
    "btyd": BtydRule.from_dict,
    "btyd_mixed": MixedBtydRule.from_dict,
    "logistic": LogisticModel.from_dict,
    "svm": VectorMachine.from_dict,
    "tree": TreeModel.from_dict,
    "forest": ForestModel.from_dict,
    "boosting": BoostingModel.from_dict,
}


def _model(name: str, parameters: dict[str, Any]) -> Scorer:
    """The model of that name from its parameters."""
    if name not in LOADERS:
        raise ValueError(f"unknown model {name!r}")
    return LOADERS[name](parameters)
