"""Learns a blended ranking from past snapshots, and finds out on left-out customers whether it is worth it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from crm_pipeline.models.item_similarity import FloatArray, IntArray
from crm_pipeline.models.purchase_history import TrainingSnapshot
from crm_pipeline.models.ranking import MODEL, RULE, FittedRanking
from crm_pipeline.models.ranking_baselines import OWN_THEN_POPULAR_RULE
from crm_pipeline.models.ranking_candidates import Candidates, CandidateSettings
from crm_pipeline.models.ranking_features import new_features, own_features
from crm_pipeline.models.ranking_held_out import (
    JudgedSnapshot,
    Values,
    best_shift,
    judged_snapshots,
    paired_gain,
    rule_values,
)
from crm_pipeline.models.ranking_score import LogisticScore, fit_score, popularity_score

Columns = Mapping[str, FloatArray]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class FitSettings:
    """What is learned from.

    candidates: how many per source. k: length of the lists that are judged. min_customers: customers with a purchase
    in the horizon, below which nothing is learned. min_purchases: bought candidates of a kind (own, new) needed for a
    score of that kind.
    """

    candidates: CandidateSettings = field(default_factory=CandidateSettings)
    k: int = 10
    min_customers: int = 100
    min_purchases: int = 100


def fit_ranking(training: Iterable[TrainingSnapshot], settings: FitSettings | None = None) -> FittedRanking:
    """Learn scores for own and new products, the shift between them, and whether to use them at all.

    Args:
        training: past snapshots with what was bought in the horizon after each, all known by now. The newest one is
            enough, and some thousand customers of a large shop are (with all their interactions).
        settings: default FitSettings().

    Returns:
        The scores fitted on everyone, when lists scored by fits on other customers have a better mean NDCG than
        GP-TopFreq (lower end of a paired 95 % interval over customers above 0); else the rule, with the reason why.
    """
    chosen = settings or FitSettings()
    snapshots = judged_snapshots(training, chosen.candidates)
    buyers = _buyer_count(snapshots)
    if buyers < chosen.min_customers:
        why = f"{OWN_THEN_POPULAR_RULE}, for only {buyers} of the {chosen.min_customers} buyers needed are known"
        return FittedRanking(RULE, why, chosen.candidates)
    rows = _Rows.of(snapshots, chosen.min_purchases)
    if not (rows.can_learn_own(0) and rows.can_learn_own(1)):
        why = f"{OWN_THEN_POPULAR_RULE}, for too few of the products bought before were bought again"
        return FittedRanking(RULE, why, chosen.candidates)
    shift, values = best_shift(snapshots, rows.held_out_log_odds(), chosen.k)
    rule = rule_values(snapshots, chosen.k)
    gain, lower = paired_gain(values["ndcg"] - rule["ndcg"], snapshots)
    metrics = _means(values, "", chosen.k) | _means(rule, "baseline_", chosen.k)
    metrics |= {"improvement": gain, "improvement_lower": lower, "customer_count": float(buyers)}
    figures = (
        f"NDCG@{chosen.k} {metrics[f'ndcg_at_{chosen.k}']:.3f} against "
        f"{metrics[f'baseline_ndcg_at_{chosen.k}']:.3f} on customers left out"
    )
    if not lower > 0:
        why = f"{OWN_THEN_POPULAR_RULE}, for the blend is not surely better ({figures})"
        return FittedRanking(RULE, why, chosen.candidates, metrics=metrics)
    own, new = rows.fit(rows.everyone)
    why = f"the blend is better than {OWN_THEN_POPULAR_RULE} ({figures})"
    return FittedRanking(MODEL, why, chosen.candidates, own, new, shift, metrics)


@dataclass(frozen=True)
class _Rows:
    """The candidates of all snapshots, one after the other, with the features of own and of new ones apart."""

    is_new: BoolArray
    is_bought: BoolArray
    fold: IntArray
    own: Columns
    new: Columns
    min_purchases: int

    @classmethod
    def of(cls, snapshots: list[JudgedSnapshot], min_purchases: int) -> _Rows:
        is_new = np.concatenate([each.candidates.is_new for each in snapshots])
        is_bought = np.concatenate([each.is_bought for each in snapshots])
        fold = np.concatenate([each.fold for each in snapshots])
        own, new = _features(snapshots, own_features, False), _features(snapshots, new_features, True)
        return cls(is_new, is_bought, fold, own, new, min_purchases)

    @property
    def everyone(self) -> BoolArray:
        return np.ones(len(self.fold), dtype=np.bool_)

    def can_learn_own(self, fold: int) -> bool:
        """Whether enough of the own products in a half were bought, and some were not."""
        return self._can_learn(self.is_bought[(self.fold == fold) & ~self.is_new])

    def fit(self, rows: BoolArray) -> tuple[LogisticScore, LogisticScore]:
        """Scores of own and of new products from some of the candidates."""
        new_bought = self.is_bought[self.is_new & rows]
        fit_new = fit_score if self._can_learn(new_bought) else popularity_score
        return (
            fit_score(_rows_of(self.own, rows[~self.is_new]), self.is_bought[~self.is_new & rows]),
            fit_new(_rows_of(self.new, rows[self.is_new]), new_bought),
        )

    def held_out_log_odds(self) -> FloatArray:
        """(candidates,), each from the fit on the other half of the customers."""
        log_odds = np.empty(len(self.fold))
        for fold in (0, 1):
            mine = self.fold == fold
            own, new = self.fit(~mine)
            log_odds[mine & ~self.is_new] = own.log_odds(_rows_of(self.own, mine[~self.is_new]))
            log_odds[mine & self.is_new] = new.log_odds(_rows_of(self.new, mine[self.is_new]))
        return log_odds

    def _can_learn(self, is_bought: BoolArray) -> bool:
        return int(is_bought.sum()) >= self.min_purchases / 2 and not bool(is_bought.all())


def _features(
    snapshots: list[JudgedSnapshot], features_of: Callable[[Candidates], dict[str, FloatArray]], is_new: bool
) -> Columns:
    each = [features_of(item.candidates.where(item.candidates.is_new == is_new)) for item in snapshots]
    return {name: np.concatenate([features[name] for features in each]) for name in each[0]}


def _rows_of(columns: Columns, rows: BoolArray) -> Columns:
    return {name: column[rows] for name, column in columns.items()}


def _buyer_count(snapshots: list[JudgedSnapshot]) -> int:
    return len(set().union(*(each.person[each.relevant > 0].tolist() for each in snapshots)))


def _means(values: Values, prefix: str, k: int) -> dict[str, float]:
    return {f"{prefix}{name}_at_{k}": float(np.nanmean(each)) for name, each in values.items()}
