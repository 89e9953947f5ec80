"""What orders new products, and how many are ranked: the simplest way that nothing surely beats on held-out buyers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_pipeline.models.item_similarity import FloatArray
from crm_pipeline.models.ranking import best_places
from crm_pipeline.models.ranking_baselines import RankedPairs
from crm_pipeline.models.ranking_candidates import CandidateSettings
from crm_pipeline.models.ranking_held_out import JudgedSnapshot, Values, joined, paired_gain
from crm_pipeline.models.ranking_new import LAMBDARANK, LOGISTIC, POPULARITY, popularity_list
from crm_pipeline.models.ranking_rows import Columns, TrainingRows

TREE_PURCHASES = 4
"""So many times the purchases of new products that a logistic score needs are needed for trees."""
WIDE = "logistic_wide"
_NAMES = {
    POPULARITY: "popularity",
    LOGISTIC: "a logistic score",
    WIDE: "a logistic score of twice as many products",
    LAMBDARANK: "LambdaRank with a logistic score",
}


@dataclass(frozen=True)
class NewChoice:
    """The winner of `choose_new`.

    ranker: of RANKERS; why: one sentence; metrics: figures of all that were judged. candidates: what is ranked, and
    rows: with these. features, log_odds: of the new ones, the latter from fits on other customers.
    """

    ranker: str
    why: str
    metrics: dict[str, float]
    candidates: CandidateSettings
    rows: TrainingRows
    features: Columns
    log_odds: FloatArray


def choose_new(rows: TrainingRows, settings: CandidateSettings, k: int) -> NewChoice:
    """Let popularity, a logistic score, twice as many candidates, and LambdaRank compete; later ones have to be better.

    Lists of k new products are judged by NDCG plus recall of what the customers bought that they never had bought
    before. Better is a mean difference over customers whose 95 % interval lies above 0.

    Args:
        rows: with the candidates of `settings`.
    """
    popular = [popularity_list(each.candidates.history, k) for each in rows.snapshots]
    best, figures = POPULARITY, _values(rows.snapshots, popular, k)
    metrics = _metrics(POPULARITY, figures, k)
    if not rows.can_learn_new():
        return _by_popularity(rows, settings, metrics, "popularity, for too few new products were bought to learn from")
    won = (settings, rows, rows.new_features(LOGISTIC), np.zeros(0))
    for name in (LOGISTIC, WIDE, LAMBDARANK):
        chosen, judged, features, _ = won
        if name == LAMBDARANK and not judged.can_learn_new(TREE_PURCHASES):
            break
        if name == WIDE:
            chosen = settings.wider
            judged = rows.with_candidates(chosen)
            features = judged.new_features(LOGISTIC)
        log_odds = judged.held_out_new(LOGISTIC if name == WIDE else name, features)
        values = _values(judged.snapshots, _lists(judged, log_odds, k), k)
        gain, lower = paired_gain(_quality(values) - _quality(figures), judged.snapshots)
        metrics |= _metrics(name, values, k)
        metrics |= {f"new_{name}_improvement": gain, f"new_{name}_improvement_lower": lower}
        if lower > 0:
            best, figures, won = name, values, (chosen, judged, features, log_odds)
    why = _why(best, metrics, k)
    if best == POPULARITY:
        return _by_popularity(rows, settings, metrics, why)
    return NewChoice(LOGISTIC if best == WIDE else best, why, metrics, *won)


def _by_popularity(rows: TrainingRows, settings: CandidateSettings, metrics: dict[str, float], why: str) -> NewChoice:
    """Such lists need other candidates, and fewer."""
    narrow = settings.by_popularity
    judged = rows.with_candidates(narrow)
    features = judged.new_features(POPULARITY)
    return NewChoice(POPULARITY, why, metrics, narrow, judged, features, judged.held_out_new(POPULARITY, features))


def _why(best: str, metrics: dict[str, float], k: int) -> str:
    figures = ", ".join(
        f"{words} {metrics[f'new_{name}_ndcg_at_{k}']:.3f}"
        for name, words in _NAMES.items()
        if f"new_{name}_ndcg_at_{k}" in metrics
    )
    beaten = "nothing learned is surely better" if best == POPULARITY else "it is surely better than what is simpler"
    return f"{_NAMES[best]}, for {beaten} (NDCG@{k} of new products on customers left out: {figures})"


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


def _metrics(name: str, values: Values, k: int) -> dict[str, float]:
    known = {figure: each[~np.isnan(each)] for figure, each in values.items()}
    return {f"new_{name}_{figure}_at_{k}": float(each.mean()) for figure, each in known.items() if len(each)}
