"""Which settings of churn models are searched for, and where; without heavy imports, for files are checked by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """From low to high, both included: whole numbers or any, on a linear or a logarithmic scale."""

    low: float
    high: float
    is_whole: bool = False
    is_log: bool = False

    def holds(self, value: object) -> bool:
        """Whether a value is one of the range."""
        kinds = int if self.is_whole else (int, float)
        return isinstance(value, kinds) and not isinstance(value, bool) and self.low <= value <= self.high


SPACES: Mapping[str, Mapping[str, Range]] = {
    # depth and leaves stay small: the cost of exact reasons grows with the square of the depth
    "boosting": {
        "learning_rate": Range(0.02, 0.2, is_log=True),
        "num_leaves": Range(4, 16, is_whole=True),
        "max_depth": Range(2, 5, is_whole=True),
        "lambda_l2": Range(0.1, 100.0, is_log=True),
        "bagging_fraction": Range(0.4, 1.0),
        "feature_fraction": Range(0.1, 1.0),
        "min_data_in_leaf": Range(10, 500, is_whole=True, is_log=True),
    },
    "forest": {
        "num_leaves": Range(8, 64, is_whole=True, is_log=True),
        "max_depth": Range(4, 10, is_whole=True),
        "feature_fraction_bynode": Range(0.05, 0.8, is_log=True),
        "min_data_in_leaf": Range(10, 500, is_whole=True, is_log=True),
    },
    "tree": {
        "num_leaves": Range(4, 32, is_whole=True, is_log=True),
        "max_depth": Range(2, 8, is_whole=True),
        "min_data_in_leaf": Range(20, 2000, is_whole=True, is_log=True),
    },
    "svm": {"cost": Range(1e-5, 1.0, is_log=True)},
}
"""By model; names as the library has them. Penalty and number of trees are chosen in each fit anyway."""

Tuned = Mapping[str, Mapping[str, float]]
"""Settings by model, those of SPACES; what is left out stays as it is by default."""
