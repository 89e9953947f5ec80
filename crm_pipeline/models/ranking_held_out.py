"""Judges scores of training snapshots on customers left out of their fit, and finds the best shift of new products."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from crm_pipeline.models.item_similarity import FloatArray, IntArray
from crm_pipeline.models.metrics.ranking import ndcg_at_k, recall_at_k
from crm_pipeline.models.purchase_history import TrainingSnapshot, contains
from crm_pipeline.models.ranking import best_of_each_slot, best_places, similarity_for
from crm_pipeline.models.ranking_baselines import RankedPairs, own_then_popular_list
from crm_pipeline.models.ranking_candidates import Candidates, CandidateSettings, generate_candidates
from crm_pipeline.models.ranking_evaluation import hit_matrix, relevant_counts

NEW_SHIFTS = (0.0, -0.25, 0.25, -0.5, 0.5, -1.0, 1.0, -2.0)
_CONFIDENT = 1.96
Values = dict[str, FloatArray]
"""NDCG and recall per customer of every snapshot, one after the other."""


@dataclass(frozen=True)
class JudgedSnapshot:
    """One snapshot's candidates and what its lists are judged by.

    bought_keys: sorted keys of the pairs bought. relevant: (customers,) distinct products bought. person: (customers,)
    a number per customer, the same at every snapshot; even and odd ones make the two halves of cross-fitting.
    """

    candidates: Candidates
    bought_keys: IntArray
    relevant: IntArray
    person: IntArray

    @property
    def is_bought(self) -> npt.NDArray[np.bool_]:
        """Which candidates were bought."""
        return contains(self.bought_keys, self.candidates.keys)

    @property
    def fold(self) -> IntArray:
        """(candidates,) the half that the candidate's customer is in."""
        return np.asarray(self.person[self.candidates.customer] % 2)

    def with_candidates(self, settings: CandidateSettings) -> JudgedSnapshot:
        """The same with other candidates, found with the similarity that is there."""
        known = self.candidates
        return replace(self, candidates=generate_candidates(known.history, known.item_similarity, settings))

    def values(self, ranked: RankedPairs, k: int) -> Values:
        """Figures of lists; NaN for customers who bought nothing."""
        is_hit = contains(self.bought_keys, self.candidates.history.keys(ranked.customer, ranked.product))
        return self._values(ranked, is_hit, self.relevant, k)

    def new_values(self, ranked: RankedPairs, k: int) -> Values:
        """Figures of lists of new products by the new products that were bought; NaN for customers without any."""
        history = self.candidates.history
        is_repeat = contains(history.keys(history.customer, history.product), self.bought_keys)
        buyer = self.bought_keys[is_repeat] // max(len(history.products), 1)
        relevant = self.relevant - np.bincount(buyer, minlength=len(self.relevant))
        is_hit = contains(self.bought_keys[~is_repeat], history.keys(ranked.customer, ranked.product))
        return self._values(ranked, is_hit, relevant, k)

    def _values(self, ranked: RankedPairs, is_hit: npt.NDArray[np.bool_], relevant: IntArray, k: int) -> Values:
        hits = hit_matrix(ranked.customer[is_hit], ranked.place[is_hit], len(relevant), k)
        return {"ndcg": ndcg_at_k(hits, relevant, k), "recall": recall_at_k(hits, relevant, k)}


def judged_snapshots(training: Iterable[TrainingSnapshot], settings: CandidateSettings) -> list[JudgedSnapshot]:
    """Candidates and outcomes of training snapshots, in their order."""
    found = [
        (generate_candidates(item.history, similarity_for(item.history, settings), settings), item.purchases)
        for item in training
    ]
    if not found:
        return []
    ids = [candidates.history.customers["customer_id"].to_numpy() for candidates, _ in found]
    _, person = np.unique(np.concatenate(ids), return_inverse=True)
    persons = np.split(np.asarray(person, dtype=np.int64), np.cumsum([len(part) for part in ids])[:-1])
    return [
        JudgedSnapshot(
            candidates,
            candidates.history.pair_keys(purchases),
            relevant_counts(candidates.history, purchases),
            numbers,
        )
        for (candidates, purchases), numbers in zip(found, persons, strict=True)
    ]


def rule_values(snapshots: list[JudgedSnapshot], k: int) -> Values:
    """Figures of GP-TopFreq."""
    return joined([each.values(own_then_popular_list(each.candidates.history, k), k) for each in snapshots])


def best_shift(snapshots: list[JudgedSnapshot], log_odds: FloatArray, k: int) -> tuple[float, Values]:
    """The shift of new products' log-odds with the best mean NDCG plus recall, and the figures under it.

    log_odds: of the candidates of all snapshots, one after the other, from fits on other customers.
    """
    ends = np.cumsum([len(each.candidates.customer) for each in snapshots])
    scores = np.split(log_odds, ends[:-1])
    kept = [best_of_each_slot(each.candidates, score, k)[0] for each, score in zip(snapshots, scores, strict=True)]
    best: tuple[float, float, Values] = (-math.inf, 0.0, {})
    for shift in NEW_SHIFTS:
        found = []
        for each, score, rows in zip(snapshots, scores, kept, strict=True):
            candidates = each.candidates.where(rows)
            _, ranked = best_places(candidates, score[rows] + np.where(candidates.is_new, shift, 0.0), k)
            found.append(each.values(ranked, k))
        values = joined(found)
        # rounded, so that the last bits cannot choose between equals: the first of them stays
        quality = round(float(np.nanmean(values["ndcg"]) + np.nanmean(values["recall"])), 9)
        if quality > best[0]:
            best = (quality, shift, values)
    return best[1], best[2]


def paired_gain(difference: FloatArray, snapshots: list[JudgedSnapshot]) -> tuple[float, float]:
    """Mean difference over customers (each the mean over its snapshots) and the lower end of its 95 % interval."""
    person = np.concatenate([each.person for each in snapshots])
    known = ~np.isnan(difference)
    counts = np.bincount(person[known])
    means = np.bincount(person[known], weights=difference[known])[counts > 0] / counts[counts > 0]
    if len(means) < 2:
        return math.nan, math.nan
    return float(means.mean()), float(means.mean() - _CONFIDENT * means.std(ddof=1) / math.sqrt(len(means)))


def joined(values: list[Values]) -> Values:
    """The figures of several snapshots, one after the other."""
    return {name: np.concatenate([each[name] for each in values]) for name in values[0]}
