"""What orders new products: the simplest way that nothing surely beats, on customers left out of each fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_pipeline.models.item_similarity import FloatArray
from crm_pipeline.models.ranking import best_places
from crm_pipeline.models.ranking_baselines import RankedPairs
from crm_pipeline.models.ranking_held_out import JudgedSnapshot, Values, joined, paired_gain
from crm_pipeline.models.ranking_new import LAMBDARANK, LOGISTIC, POPULARITY, popularity_list
from crm_pipeline.models.ranking_rows import TrainingRows

TREE_PURCHASES = 4
"""So many times the purchases of new products that a logistic score needs are needed for trees."""
_NAMES = {POPULARITY: "popularity", LOGISTIC: "a logistic score", LAMBDARANK: "LambdaRank with a logistic score"}


@dataclass(frozen=True)
class NewChoice:
    """The winner. ranker: of RANKERS; why: one sentence; metrics: figures of all that were judged.

    log_odds: of the new candidates, each from a fit on other customers; None for popularity, whose candidates
    are others.
    """

    ranker: str
    why: str
    metrics: dict[str, float]
    log_odds: FloatArray | None = None


def choose_new(rows: TrainingRows, k: int) -> NewChoice:
    """Let popularity, the logistic score and LambdaRank compete, in this order: the later has to be surely better.

    Lists of k new products are judged by NDCG plus recall of what the customers bought that they never had bought
    before. Better is a mean difference over customers whose 95 % interval lies above 0.
    """
    popular = [popularity_list(each.candidates.history, k) for each in rows.snapshots]
    values = {POPULARITY: _values(rows.snapshots, popular, k)}
    metrics = _metrics(POPULARITY, values[POPULARITY], k)
    if not rows.can_learn_new():
        return NewChoice(POPULARITY, "popularity, for too few new products were bought to learn from", metrics)
    features = rows.new_features(LOGISTIC)
    best = NewChoice(POPULARITY, "", metrics)
    for ranker in (LOGISTIC, LAMBDARANK):
        if ranker == LAMBDARANK and not rows.can_learn_new(TREE_PURCHASES):
            break
        log_odds = rows.held_out_new(ranker, features)
        values[ranker] = _values(rows.snapshots, _lists(rows, log_odds, k), k)
        gain, lower = paired_gain(_quality(values[ranker]) - _quality(values[best.ranker]), rows.snapshots)
        metrics |= _metrics(ranker, values[ranker], k)
        metrics |= {f"new_{ranker}_improvement": gain, f"new_{ranker}_improvement_lower": lower}
        if lower > 0:
            best = NewChoice(ranker, "", metrics, log_odds)
    return NewChoice(best.ranker, _why(best.ranker, metrics, k), metrics, best.log_odds)


def _why(chosen: str, metrics: dict[str, float], k: int) -> str:
    figures = ", ".join(
        f"{name} {metrics[f'new_{ranker}_ndcg_at_{k}']:.3f}"
        for ranker, name in _NAMES.items()
        if f"new_{ranker}_ndcg_at_{k}" in metrics
    )
    beaten = "nothing learned is surely better" if chosen == POPULARITY else "it is surely better than what is simpler"
    return f"{_NAMES[chosen]}, for {beaten} (NDCG@{k} of new products on customers left out: {figures})"


def _lists(rows: TrainingRows, log_odds: FloatArray, k: int) -> list[RankedPairs]:
    """The k best new products of each customer, per snapshot."""
    counts = [int(each.candidates.is_new.sum()) for each in rows.snapshots]
    parts = np.split(log_odds, np.cumsum(counts)[:-1])
    return [
        best_places(each.candidates.where(each.candidates.is_new), part, k)[1]
        for each, part in zip(rows.snapshots, parts, strict=True)
    ]


def _values(snapshots: list[JudgedSnapshot], lists: list[RankedPairs], k: int) -> Values:
    return joined([each.new_values(ranked, k) for each, ranked in zip(snapshots, lists, strict=True)])


def _quality(values: Values) -> FloatArray:
    return np.asarray(values["ndcg"] + values["recall"])


def _metrics(ranker: str, values: Values, k: int) -> dict[str, float]:
    known = {name: each[~np.isnan(each)] for name, each in values.items()}
    return {f"new_{ranker}_{name}_at_{k}": float(each.mean()) for name, each in known.items() if len(each)}
