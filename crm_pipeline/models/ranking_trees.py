"""An order of candidates by LambdaRank (Burges, 2010): boosted trees that learn from pairs within a customer's list.

Where a logistic score asks how likely each product is, these trees ask which of a customer's products belong higher,
with the weight that the swap would have in the NDCG. LightGBM (Ke et al., 2017) on one thread gives the same trees
every time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from crm_pipeline.models.item_similarity import FloatArray, IntArray

if TYPE_CHECKING:
    import lightgbm

TREES = 60
_ROWS_TO_SCALE_BY = 4_000
SETTINGS: dict[str, Any] = {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 15,
    "learning_rate": 0.1,
    "num_leaves": 15,
    "min_data_in_leaf": 200,
    "feature_fraction": 0.5,
    "lambda_l2": 10.0,
    "max_bin": 63,
    "seed": 0,
    "deterministic": True,
    "force_row_wise": True,
    # on small machines LightGBM's threads wait for each other far longer than they work
    "num_threads": 1,
    "verbose": -1,
}


@dataclass(frozen=True)
class RankingTrees:
    """Trees in LightGBM's text format, and what brings their scores to the scale of log-odds: level + scale x score."""

    text: str
    features: tuple[str, ...]
    level: float
    scale: float

    @classmethod
    def fit(
        cls,
        features: Mapping[str, FloatArray],
        is_bought: npt.NDArray[np.bool_],
        group: IntArray,
        log_odds: FloatArray,
    ) -> Self:
        """Learn an order within groups.

        Args:
            features: (n,) each.
            is_bought: (n,); some of them true and some not.
            group: (n,) a number per customer and snapshot, ascending. Groups of which nothing was bought say nothing.
            log_odds: (n,) of another score of the same candidates, whose mean and spread in the groups that say
                something the scores get.
        """
        # imported here, because most lists are made without trees
        from crm_pipeline.models.openmp import lightgbm

        says = np.bincount(group[is_bought], minlength=int(group[-1]) + 1)[group] > 0
        X, likely = np.column_stack([each[says] for each in features.values()]), log_odds[says]
        sizes = np.bincount(group[says])
        data = lightgbm.Dataset(X, is_bought[says].astype(np.int32), group=sizes[sizes > 0])
        booster = lightgbm.train(SETTINGS, data, num_boost_round=TREES)
        some = slice(None, None, 1 + len(X) // _ROWS_TO_SCALE_BY)
        score = np.asarray(booster.predict(X[some], num_threads=1), dtype=np.float64)
        likely = likely[some]
        scale = float(likely.std()) / max(float(score.std()), 1e-9)
        return cls(booster.model_to_string(), tuple(features), float(likely.mean() - scale * score.mean()), scale)

    @cached_property
    def _booster(self) -> lightgbm.Booster:
        from crm_pipeline.models.openmp import lightgbm

        try:
            return lightgbm.Booster(model_str=self.text)
        except lightgbm.basic.LightGBMError as error:
            raise ValueError("the model's text is not a LightGBM model") from error

    def log_odds(self, features: Mapping[str, FloatArray]) -> FloatArray:
        """(n,) from features of shape (n,). Raises ValueError when the text is no model."""
        if not len(features[self.features[0]]):
            return np.zeros(0)
        X = np.column_stack([features[name] for name in self.features])
        return np.asarray(self.level + self.scale * np.asarray(self._booster.predict(X, num_threads=1)))
