"""A blended list per customer of what they are likely to order next: own, similar and popular products in one order.

Candidates come from `ranking_candidates`. Two scores, a logistic one of products bought before and one of new ones (see
`ranking_new`), put them on one scale, the probability of an order within the horizon; a shift of the new ones is chosen
for the quality of the whole list. Everything is learned from past snapshots whose outcomes are known, judged on
customers left out of the fit, and kept only when it beats the rule "own by frequency, filled up with popular" there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from crm_pipeline.models.item_similarity import (
    FloatArray,
    IntArray,
    ItemSimilarity,
    places_within,
    similarity_of_positions,
)
from crm_pipeline.models.purchase_history import PurchaseHistory
from crm_pipeline.models.ranking_baselines import RankedPairs
from crm_pipeline.models.ranking_candidates import (
    SOURCES,
    Candidates,
    CandidateSettings,
    Offered,
    generate_candidates,
)
from crm_pipeline.models.ranking_features import own_features
from crm_pipeline.models.ranking_new import POPULARITY, NewScore
from crm_pipeline.models.ranking_reasons import reason_columns
from crm_pipeline.models.ranking_score import LogisticScore, chunked_log_odds, rule_score

MODEL, RULE = "model", "rule"
FORMAT = "ranking/2"


@dataclass(frozen=True)
class FittedRanking:
    """Weights of a blended ranking; see `fit_ranking` in ranking_fitting.

    method: 'model', or 'rule' (GP-TopFreq) when nothing better is known. why: one sentence. own, new: the scores, None
    with the rule. new_shift: added to the log-odds of new products. metrics: figures on customers left out of the fit.
    new_why: why the new score is what it is, one sentence; None with the rule.
    """

    method: str
    why: str
    candidates: CandidateSettings
    own: LogisticScore | None = None
    new: NewScore | None = None
    new_shift: float = 0.0
    metrics: Mapping[str, float] | None = None
    new_why: str | None = None

    @property
    def new_ranker(self) -> str:
        """What orders new products, of RANKERS."""
        return POPULARITY if self.new is None else self.new.ranker

    def scores(self, candidates: Candidates) -> FloatArray:
        """(candidates,): with the model the probability of an order within the horizon, else `rule_score`."""
        if self.own is None or self.new is None:
            return rule_score(candidates)
        return blended_probability(candidates, self.own, self.new, self.new_shift)

    def to_json(self) -> str:
        """A few kilobytes of JSON, with trees some hundred; `from_json` gives back the same scores."""
        return json.dumps({"format": FORMAT} | asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> FittedRanking:
        """Raises ValueError when the text is not a ranking of this format."""
        values = json.loads(text)
        if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
            raise ValueError(f"not a ranking in the format {FORMAT}")
        values["own"] = LogisticScore(**values["own"]) if values["own"] is not None else None
        values["new"] = NewScore.from_dict(values["new"]) if values["new"] is not None else None
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


def blended_probability(candidates: Candidates, own: LogisticScore, new: NewScore, new_shift: float) -> FloatArray:
    """(candidates,): probability of an order from the score of the candidate's kind."""
    is_new = candidates.is_new
    log_odds = np.empty(len(is_new))
    log_odds[~is_new] = chunked_log_odds(own, candidates.where(~is_new), own_features)
    log_odds[is_new] = new.log_odds_of(candidates.where(is_new)) + new_shift
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def best_rows(candidates: Candidates, score: FloatArray, k: int) -> tuple[IntArray, IntArray]:
    """Positions of the k best candidates of each customer, best first, and their places from 0; ties by product_id."""
    order = np.lexsort((-score, candidates.customer))  # stable, and candidates come by customer and product
    place = places_within(candidates.customer[order])
    return order[place < k].astype(np.int64), place[place < k]


def best_places(candidates: Candidates, score: FloatArray, k: int) -> tuple[Candidates, RankedPairs]:
    """`best_rows` as candidates and as ranked pairs."""
    rows, place = best_rows(candidates, score, k)
    picks = candidates.where(rows)
    return picks, RankedPairs(picks.customer, picks.product, place, score[rows], picks.is_new)


def best_of_each_slot(candidates: Candidates, score: FloatArray, k: int) -> tuple[IntArray, IntArray]:
    """Positions of each customer's k best usual and k best new candidates, ascending, and their places in their slot.

    Whatever shift is added to the new ones, the k best of all are among them.
    """
    found = []
    for is_new in (False, True):
        mine = np.flatnonzero(candidates.is_new == is_new)
        rows, place = best_rows(candidates.where(mine), score[mine], k)
        found.append((mine[rows], place))
    rows, place = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.argsort(rows)
    return rows[order], place[order]


def rank(candidates: Candidates, fitted: FittedRanking, k: int = 10) -> pd.DataFrame:
    """The k best usual and the k best new products of each customer in one order, with the reason for each.

    Args:
        candidates: from `generate_candidates`, with the settings of `fitted.candidates`.
        k: length of the lists, at most `candidates.popular_count` if every customer is to get k new products.

    Returns:
        customer_id, rank, product_id, score, slot, slot_rank, source and the columns of `reason_columns`, by
        customer_id and rank. rank up to k is the best mix of both slots; slot_rank up to k is the list of a slot.

    Raises:
        ValueError: for k below 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    score = fitted.scores(candidates)
    rows, slot_place = best_of_each_slot(candidates, score, k)
    order, place = best_rows(candidates.where(rows), score[rows], 2 * k)
    picks = candidates.where(rows[order])
    ranked = RankedPairs(picks.customer, picks.product, place, score[rows[order]], picks.is_new)
    listed = ranked.to_frame(candidates.history).assign(
        slot_rank=slot_place[order] + 1,
        source=pd.array(np.array(SOURCES, dtype=object)[picks.source.astype(np.int64)], dtype="str"),
    )
    return pd.concat([listed, reason_columns(picks)], axis=1)


def recommend(
    history: PurchaseHistory,
    similarity: ItemSimilarity,
    fitted: FittedRanking,
    k: int = 10,
    offered: Offered | None = None,
) -> pd.DataFrame:
    """`rank` of the candidates of one batch of customers: some 2 kB of memory per customer at 60 own products each."""
    return rank(generate_candidates(history, similarity, fitted.candidates, offered), fitted, k)
