"""The candidates of training snapshots as rows to learn from, and scores of each from fits on other customers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from crm_pipeline.models.item_similarity import FloatArray, IntArray
from crm_pipeline.models.ranking_candidates import Candidates, CandidateSettings
from crm_pipeline.models.ranking_features import own_features
from crm_pipeline.models.ranking_held_out import JudgedSnapshot
from crm_pipeline.models.ranking_new import POPULARITY, NewScore, features_of_new, fit_new
from crm_pipeline.models.ranking_score import LogisticScore, fit_score, popularity_score

Columns = Mapping[str, FloatArray]
BoolArray = npt.NDArray[np.bool_]
FOLDS = (0, 1)


@dataclass(frozen=True)
class TrainingRows:
    """The candidates of all snapshots, one after the other: (n,) each.

    is_new, is_bought: of each candidate. fold: the half of the customers that it belongs to. group: a number per
    customer and snapshot, ascending. own: features of those that are not new. new: features of the new ones by ranker.
    least: bought candidates of a kind that a half of the customers needs to be learned from.
    """

    snapshots: list[JudgedSnapshot]
    is_new: BoolArray
    is_bought: BoolArray
    fold: IntArray
    group: IntArray
    own: Columns
    least: float

    @classmethod
    def of(cls, snapshots: list[JudgedSnapshot], min_purchases: float, own: Columns | None = None) -> Self:
        """Rows of snapshots; min_purchases: bought candidates of a kind needed in both halves together.

        own: features of the own products, where they are known already.
        """
        starts = np.cumsum([0, *(len(each.candidates.history.customers) for each in snapshots)])
        return cls(
            snapshots,
            np.concatenate([each.candidates.is_new for each in snapshots]),
            np.concatenate([each.is_bought for each in snapshots]),
            np.concatenate([each.fold for each in snapshots]),
            np.concatenate([each.candidates.customer + start for each, start in zip(snapshots, starts, strict=False)]),
            own or _features(snapshots, own_features, False),
            min_purchases / 2,
        )

    def with_candidates(self, settings: CandidateSettings) -> Self:
        """The same snapshots with other new candidates; settings differ in these only."""
        return self.of([each.with_candidates(settings) for each in self.snapshots], 2 * self.least, self.own)

    def can_learn_own(self) -> bool:
        """Whether in both halves enough of the own products were bought, and some were not."""
        return all(self._can_learn(self.is_bought[(self.fold == fold) & ~self.is_new], 1) for fold in FOLDS)

    def can_learn_new(self, times: float = 1) -> bool:
        """Whether in both halves enough of the new products were bought, or so many times as many."""
        return all(self._can_learn(self.is_bought[(self.fold == fold) & self.is_new], times) for fold in FOLDS)

    def fit_own(self, rows: BoolArray | None = None) -> LogisticScore:
        """The score of own products from all candidates, or from some of them."""
        chosen = np.ones(len(self.fold), np.bool_) if rows is None else rows
        return fit_score(_rows_of(self.own, chosen[~self.is_new]), self.is_bought[~self.is_new & chosen])

    def new_features(self, ranker: str) -> Columns:
        """What the ranker knows of the new candidates."""
        return _features(self.snapshots, features_of_new(ranker), True)

    def fit_new(self, ranker: str, features: Columns, rows: BoolArray | None = None) -> NewScore:
        """The score of new products, of the features of `new_features`; popularity alone where too few were bought."""
        chosen = np.ones(len(self.fold), np.bool_) if rows is None else rows
        mine, is_bought = _rows_of(features, chosen[self.is_new]), self.is_bought[self.is_new & chosen]
        if not self._can_learn(is_bought, 1):
            return NewScore(POPULARITY, popularity_score(mine, is_bought))
        return fit_new(ranker, mine, is_bought, self.group[self.is_new & chosen])

    def held_out_own(self) -> FloatArray:
        """Log-odds of the own products, each from the fit on the other half of the customers."""
        fold = self.fold[~self.is_new]
        found = np.empty(len(fold))
        for half in FOLDS:
            score = self.fit_own(self.fold != half)
            found[fold == half] = score.log_odds(_rows_of(self.own, fold == half))
        return found

    def held_out_new(self, ranker: str, features: Columns) -> FloatArray:
        """The same of the new products, by a ranker."""
        fold = self.fold[self.is_new]
        found = np.empty(len(fold))
        for half in FOLDS:
            score = self.fit_new(ranker, features, self.fold != half)
            found[fold == half] = score.log_odds(_rows_of(features, fold == half))
        return found

    def both(self, own: FloatArray, new: FloatArray) -> FloatArray:
        """(n,) values of own and of new candidates in the order of all."""
        found = np.empty(len(self.fold))
        found[~self.is_new], found[self.is_new] = own, new
        return found

    def _can_learn(self, is_bought: BoolArray, times: float) -> bool:
        return int(is_bought.sum()) >= times * self.least and not bool(is_bought.all())


def _features(
    snapshots: list[JudgedSnapshot], features_of: Callable[[Candidates], dict[str, FloatArray]], is_new: bool
) -> Columns:
    each = [features_of(item.candidates.where(item.candidates.is_new == is_new)) for item in snapshots]
    return {name: np.concatenate([features[name] for features in each]) for name in each[0]}


def _rows_of(columns: Columns, rows: BoolArray) -> Columns:
    return {name: column[rows] for name, column in columns.items()}
