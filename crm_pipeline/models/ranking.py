"""A blended list per customer of what they are likely to order next: own, similar and popular products in one order.

Candidates come from `ranking_candidates`. Two logistic scores, one for products bought before and one for new ones,
put them on one scale, the probability of an order within the horizon; a shift of the new ones is chosen for the quality
of the whole list. Everything is learned from past snapshots whose outcomes are known, judged on customers left out of
the fit, and kept only when it beats the rule "own by frequency, filled up with popular" there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from crm_pipeline.models.item_similarity import FloatArray, ItemSimilarity, places_within, similarity_of_positions
from crm_pipeline.models.purchase_history import PurchaseHistory
from crm_pipeline.models.ranking_baselines import NEW, USUAL, RankedPairs
from crm_pipeline.models.ranking_candidates import (
    SOURCES,
    Candidates,
    CandidateSettings,
    generate_candidates,
)
from crm_pipeline.models.ranking_features import new_features, own_features
from crm_pipeline.models.ranking_reasons import reason_columns
from crm_pipeline.models.ranking_score import LogisticScore, rule_score

MODEL, RULE = "model", "rule"
SLOTS = (USUAL, NEW)
_FORMAT = "ranking/1"


@dataclass(frozen=True)
class FittedRanking:
    """Weights of a blended ranking; see `fit_ranking` in ranking_fitting.

    method: 'model', or 'rule' (GP-TopFreq) when nothing better is known. why: one sentence. own, new: the scores, None
    with the rule. new_shift: added to the log-odds of new products. metrics: figures on customers left out of the fit.
    """

    method: str
    why: str
    candidates: CandidateSettings
    own: LogisticScore | None = None
    new: LogisticScore | None = None
    new_shift: float = 0.0
    metrics: Mapping[str, float] | None = None

    def scores(self, candidates: Candidates) -> FloatArray:
        """(candidates,): with the model the probability of an order within the horizon, else `rule_score`."""
        if self.own is None or self.new is None:
            return rule_score(candidates)
        return blended_probability(candidates, self.own, self.new, self.new_shift)

    def to_json(self) -> str:
        """A few kilobytes of JSON; `from_json` gives back the same scores."""
        return json.dumps({"format": _FORMAT} | asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> FittedRanking:
        """Raises ValueError when the text is not a ranking of this format."""
        values = json.loads(text)
        if not isinstance(values, dict) or values.pop("format", None) != _FORMAT:
            raise ValueError(f"not a ranking in the format {_FORMAT}")
        for name in ("own", "new"):
            values[name] = LogisticScore(**values[name]) if values[name] is not None else None
        return cls(**values | {"candidates": CandidateSettings(**values["candidates"])})


def similarity_for(history: PurchaseHistory, settings: CandidateSettings) -> ItemSimilarity:
    """Item similarity of a history under the settings of its candidates."""
    return similarity_of_positions(
        history.customer,
        history.product,
        history.interactions["order_count"].to_numpy(dtype=np.float64),
        history.products["product_id"].to_numpy(),
        neighbour_count=settings.neighbour_count,
        min_customers=settings.min_customers,
        max_products=settings.max_products,
    )


def blended_probability(candidates: Candidates, own: LogisticScore, new: LogisticScore, new_shift: float) -> FloatArray:
    """(candidates,): probability of an order from the score of the candidate's kind."""
    is_new = candidates.is_new
    log_odds = np.empty(len(is_new))
    log_odds[~is_new] = own.log_odds_of(candidates.where(~is_new), own_features)
    log_odds[is_new] = new.log_odds_of(candidates.where(is_new), new_features) + new_shift
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def best_places(candidates: Candidates, score: FloatArray, k: int) -> tuple[Candidates, RankedPairs]:
    """The k best candidates of each customer, best first; ties by product_id."""
    order = np.lexsort((-score, candidates.customer))  # stable, and candidates come by customer and product
    place = places_within(candidates.customer[order])
    order, place = order[place < k], place[place < k]
    picks = candidates.where(order)
    return picks, RankedPairs(picks.customer, picks.product, place, score[order], picks.is_new)


def rank(candidates: Candidates, fitted: FittedRanking, k: int = 10, slots: tuple[str, ...] = SLOTS) -> pd.DataFrame:
    """The k best candidates of each customer, with the reason for each.

    Args:
        candidates: from `generate_candidates`, with the settings of `fitted.candidates`.
        k: length of the lists, at most `candidates.popular_count` if every customer is to get k rows.
        slots: ('usual', 'new') for the blended list; one of them alone for a list of only such products.

    Returns:
        customer_id, rank, product_id, score, slot, source and the columns of `reason_columns`, by customer_id and rank.

    Raises:
        ValueError: for an unknown slot, or k below 1.
    """
    if k < 1 or not slots or not set(slots) <= set(SLOTS):
        raise ValueError(f"k must be at least 1 and slots some of {SLOTS}, not {k} and {slots}")
    wanted = candidates
    if set(slots) != set(SLOTS):
        wanted = candidates.where(candidates.is_new == (NEW in slots))
    picks, ranked = best_places(wanted, fitted.scores(wanted), k)
    sources = np.array(SOURCES, dtype=object)[picks.source.astype(np.int64)]
    listed = ranked.to_frame(candidates.history).assign(source=pd.array(sources, dtype="str"))
    return pd.concat([listed, reason_columns(picks)], axis=1)


def recommend(
    history: PurchaseHistory,
    similarity: ItemSimilarity,
    fitted: FittedRanking,
    k: int = 10,
    slots: tuple[str, ...] = SLOTS,
) -> pd.DataFrame:
    """`rank` of the candidates of one batch of customers: some 2 kB of memory per customer at 60 own products each."""
    return rank(generate_candidates(history, similarity, fitted.candidates), fitted, k, slots)
