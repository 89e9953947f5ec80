"""Learns a blended ranking from past snapshots, and finds out on left-out customers whether it is worth it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from crm_pipeline.models.item_similarity import FloatArray, IntArray
from crm_pipeline.models.metrics.ranking import ndcg_at_k, recall_at_k
from crm_pipeline.models.purchase_history import TrainingSnapshot, contains
from crm_pipeline.models.ranking import MODEL, RULE, FittedRanking, best_places, similarity_for
from crm_pipeline.models.ranking_baselines import OWN_THEN_POPULAR_RULE, RankedPairs, own_then_popular_list
from crm_pipeline.models.ranking_candidates import Candidates, CandidateSettings, generate_candidates
from crm_pipeline.models.ranking_evaluation import hit_matrix, relevant_counts
from crm_pipeline.models.ranking_features import new_features, own_features
from crm_pipeline.models.ranking_score import LogisticScore, fit_score, popularity_score

NEW_SHIFTS = (0.0, -0.25, 0.25, -0.5, 0.5, -1.0, 1.0, -2.0)
_CONFIDENT = 1.96
Values = dict[str, FloatArray]


@dataclass(frozen=True)
class FitSettings:
    """candidates: how many per source. k: the list length that is judged. min_customers: buyers needed to learn at all.
    min_purchases: bought candidates of a kind (own, new) needed for a score of that kind."""

    candidates: CandidateSettings = CandidateSettings()  # noqa: RUF009 (frozen)
    k: int = 10
    min_customers: int = 100
    min_purchases: int = 100


@dataclass(frozen=True)
class _Part:
    """One snapshot's candidates: which were bought, in which fold their customer is, and what lists are judged by."""

    candidates: Candidates
    bought_keys: IntArray
    relevant: IntArray
    fold: IntArray
    person: IntArray

    @property
    def is_bought(self) -> npt.NDArray[np.bool_]:
        return contains(self.bought_keys, self.candidates.keys)

    def values(self, ranked: RankedPairs, k: int) -> Values:
        """NDCG and recall at k per customer, NaN for those who bought nothing."""
        is_hit = contains(self.bought_keys, self.candidates.history.keys(ranked.customer, ranked.product))
        hits = hit_matrix(ranked.customer[is_hit], ranked.place[is_hit], len(self.relevant), k)
        return {"ndcg": ndcg_at_k(hits, self.relevant, k), "recall": recall_at_k(hits, self.relevant, k)}


def fit_ranking(training: Iterable[TrainingSnapshot], settings: FitSettings | None = None) -> FittedRanking:
    """Learn scores for own and new products, the shift between them, and whether to use them at all.

    Args:
        training: past snapshots with what was bought in the horizon after each, all known by now. One or two of the
            newest are enough; some thousand customers (all their interactions) of a large shop are.
        settings: default FitSettings().

    Returns:
        The scores fitted on everyone, when lists scored by fits on other customers have a better mean NDCG than
        GP-TopFreq (lower end of a paired 95 % interval over customers above 0); else the rule, with the reason why.
    """
    chosen = settings or FitSettings()
    parts = _parts(training, chosen.candidates)
    buyers = len(np.unique(np.concatenate([part.person[part.relevant > 0] for part in parts]))) if parts else 0
    if buyers < chosen.min_customers:
        why = f"{OWN_THEN_POPULAR_RULE}, for only {buyers} of the {chosen.min_customers} buyers needed are known"
        return FittedRanking(RULE, why, chosen.candidates)
    rows = _Rows.of(parts, chosen.min_purchases)
    if not rows.can_learn(0) or not rows.can_learn(1):
        why = f"{OWN_THEN_POPULAR_RULE}, for too few of the products bought before were bought again"
        return FittedRanking(RULE, why, chosen.candidates)
    log_odds = rows.held_out_log_odds()
    shift, values = _best_shift(parts, rows, log_odds, chosen.k)
    rule = _joined([part.values(own_then_popular_list(part.candidates.history, chosen.k), chosen.k) for part in parts])
    gain, lower = _paired_gain(values["ndcg"] - rule["ndcg"], np.concatenate([part.person for part in parts]))
    metrics = {f"{name}_at_{chosen.k}": float(np.nanmean(each)) for name, each in values.items()}
    metrics |= {f"baseline_{name}_at_{chosen.k}": float(np.nanmean(each)) for name, each in rule.items()}
    metrics |= {"improvement": gain, "improvement_lower": lower, "customer_count": float(buyers)}
    figures = (
        f"NDCG@{chosen.k} {metrics[f'ndcg_at_{chosen.k}']:.3f} against {metrics[f'baseline_ndcg_at_{chosen.k}']:.3f}"
    )
    if not lower > 0:
        why = f"{OWN_THEN_POPULAR_RULE}, for the blend is not surely better ({figures} on customers left out)"
        return FittedRanking(RULE, why, chosen.candidates, metrics=metrics)
    own, new = rows.fit(rows.everyone)
    why = f"the blend is better than {OWN_THEN_POPULAR_RULE} ({figures} on customers left out)"
    return FittedRanking(MODEL, why, chosen.candidates, own, new, shift, metrics)


@dataclass(frozen=True)
class _Rows:
    """The candidates of all snapshots, with features of the own and of the new ones apart."""

    is_new: npt.NDArray[np.bool_]
    is_bought: npt.NDArray[np.bool_]
    fold: IntArray
    own: dict[str, FloatArray]
    new: dict[str, FloatArray]
    min_purchases: int

    @classmethod
    def of(cls, parts: list[_Part], min_purchases: int) -> _Rows:
        is_new = np.concatenate([part.candidates.is_new for part in parts])
        is_bought = np.concatenate([part.is_bought for part in parts])
        fold = np.concatenate([part.fold[part.candidates.customer] for part in parts])
        own, new = _features(parts, own_features, False), _features(parts, new_features, True)
        return cls(is_new, is_bought, fold, own, new, min_purchases)

    @property
    def everyone(self) -> npt.NDArray[np.bool_]:
        return np.ones(len(self.fold), dtype=np.bool_)

    def can_learn(self, fold: int) -> bool:
        """Whether the own products of a fold hold enough that were bought, and some that were not."""
        bought = self.is_bought[(self.fold == fold) & ~self.is_new]
        return int(bought.sum()) >= self.min_purchases / 2 and not bool(bought.all())

    def fit(self, rows: npt.NDArray[np.bool_]) -> tuple[LogisticScore, LogisticScore]:
        own, own_bought = rows[~self.is_new], self.is_bought[~self.is_new & rows]
        new, new_bought = rows[self.is_new], self.is_bought[self.is_new & rows]
        can_learn = int(new_bought.sum()) >= self.min_purchases / 2 and not bool(new_bought.all())
        fit_new = fit_score if can_learn else popularity_score
        return (
            fit_score({name: column[own] for name, column in self.own.items()}, own_bought),
            fit_new({name: column[new] for name, column in self.new.items()}, new_bought),
        )

    def held_out_log_odds(self) -> FloatArray:
        """(candidates,), each from the fit on the other half of the customers."""
        log_odds = np.empty(len(self.fold))
        for fold in (0, 1):
            own, new = self.fit(self.fold != fold)
            mine = self.fold == fold
            own_columns = {name: column[mine[~self.is_new]] for name, column in self.own.items()}
            new_columns = {name: column[mine[self.is_new]] for name, column in self.new.items()}
            log_odds[mine & ~self.is_new] = own.log_odds(own_columns)
            log_odds[mine & self.is_new] = new.log_odds(new_columns)
        return log_odds


def _parts(training: Iterable[TrainingSnapshot], settings: CandidateSettings) -> list[_Part]:
    parts: list[_Part] = []
    people: list[npt.NDArray[np.object_]] = []
    for snapshot in training:
        history = snapshot.history
        candidates = generate_candidates(history, similarity_for(history, settings), settings)
        nobody = np.zeros(0, dtype=np.int64)
        bought = history.pair_keys(snapshot.purchases)
        parts.append(_Part(candidates, bought, relevant_counts(history, snapshot.purchases), nobody, nobody))
        people.append(history.customers["customer_id"].to_numpy())
    if not parts:
        return []
    # a customer is in the same half at every snapshot, whatever the order of the input
    _, person = np.unique(np.concatenate(people), return_inverse=True)
    splits = np.cumsum([len(ids) for ids in people])[:-1]
    persons = np.split(np.asarray(person, dtype=np.int64), splits)
    return [replace(part, fold=ids % 2, person=ids) for part, ids in zip(parts, persons, strict=True)]


def _features(
    parts: list[_Part], features_of: Callable[[Candidates], dict[str, FloatArray]], is_new: bool
) -> dict[str, FloatArray]:
    each = [features_of(part.candidates.where(part.candidates.is_new == is_new)) for part in parts]
    return {name: np.concatenate([features[name] for features in each]) for name in each[0]}


def _best_shift(parts: list[_Part], rows: _Rows, log_odds: FloatArray, k: int) -> tuple[float, Values]:
    """The shift of new products with the best NDCG plus recall; the smaller one among equals."""
    ends = np.cumsum([len(part.candidates.customer) for part in parts])
    best: tuple[float, float, Values] = (-math.inf, 0.0, {})
    trimmed = []
    for part, end in zip(parts, ends, strict=True):
        own_part = log_odds[end - len(part.candidates.customer) : end]
        trimmed.append((part, _first_of_each_kind(part.candidates, own_part, k), own_part))
    for shift in NEW_SHIFTS:
        found = []
        for part, kept, score in trimmed:
            candidates = part.candidates.where(kept)
            _, ranked = best_places(candidates, score[kept] + np.where(candidates.is_new, shift, 0.0), k)
            found.append(part.values(ranked, k))
        values = _joined(found)
        quality = round(float(np.nanmean(values["ndcg"]) + np.nanmean(values["recall"])), 9)
        if quality > best[0]:
            best = (quality, shift, values)
    return best[1], best[2]


def _first_of_each_kind(candidates: Candidates, score: FloatArray, k: int) -> IntArray:
    """Positions of the k best own and the k best new candidates: no shift can bring others into the first k."""
    kept = []
    for is_new in (False, True):
        rows = np.flatnonzero(candidates.is_new == is_new)
        picks, _ = best_places(candidates.where(rows), score[rows], k)
        kept.append(np.searchsorted(candidates.keys, picks.keys))
    return np.sort(np.concatenate(kept)).astype(np.int64)


def _joined(values: list[Values]) -> Values:
    return {name: np.concatenate([each[name] for each in values]) for name in values[0]}


def _paired_gain(difference: FloatArray, person: IntArray) -> tuple[float, float]:
    """Mean difference per customer, over their snapshots first, and the lower end of its 95 % interval."""
    known = ~np.isnan(difference)
    counts = np.bincount(person[known])
    means = np.bincount(person[known], weights=difference[known])[counts > 0] / counts[counts > 0]
    if len(means) < 2:
        return math.nan, math.nan
    return float(means.mean()), float(means.mean() - _CONFIDENT * means.std(ddof=1) / math.sqrt(len(means)))
