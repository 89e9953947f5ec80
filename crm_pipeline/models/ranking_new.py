"""The score of new products: popularity, a logistic score, or the mean of that and LambdaRank, in log-odds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from crm_pipeline.models.item_similarity import FloatArray, IntArray, places_within
from crm_pipeline.models.purchase_history import PurchaseHistory
from crm_pipeline.models.ranking_baselines import RankedPairs
from crm_pipeline.models.ranking_candidates import BY_ALL_ORDERS, Candidates, all_orders, popular_new, popular_products
from crm_pipeline.models.ranking_features import curiosity_features, new_features, product_orders
from crm_pipeline.models.ranking_score import (
    FEW_INVERSE_RIDGE,
    LogisticScore,
    chunked_log_odds,
    fit_score,
    popularity_score,
)
from crm_pipeline.models.ranking_trees import RankingTrees

POPULARITY, LOGISTIC, LAMBDARANK = "popularity", "logistic", "lambdarank"
RANKERS = (POPULARITY, LOGISTIC, LAMBDARANK)
"""What may order new products, the simplest first. The last is the mean, in log-odds, of LambdaRank and logistic."""
_REACH = 10


@dataclass(frozen=True)
class NewScore:
    """Log-odds of new products. ranker: of RANKERS; trees: with LambdaRank only."""

    ranker: str
    logistic: LogisticScore
    trees: RankingTrees | None = None

    def log_odds(self, features: Mapping[str, FloatArray]) -> FloatArray:
        """(n,) from features of shape (n,). Raises ValueError when one is absent."""
        found = self.logistic.log_odds(features)
        return found if self.trees is None else (found + self.trees.log_odds(features)) / 2

    def log_odds_of(self, candidates: Candidates) -> FloatArray:
        """(candidates,), of new ones."""
        return chunked_log_odds(self, candidates, features_of_new(self.ranker))

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """The inverse of `dataclasses.asdict`."""
        trees = stored["trees"]
        return cls(
            stored["ranker"],
            LogisticScore(**stored["logistic"]),
            RankingTrees(**trees | {"features": tuple(trees["features"])}) if trees else None,
        )


def features_of_new(ranker: str) -> Callable[[Candidates], dict[str, FloatArray]]:
    """What a ranker knows of new candidates."""
    return popularity_features if ranker == POPULARITY else new_features


def popularity_features(candidates: Candidates) -> dict[str, FloatArray]:
    """How often everyone ordered the product, and what is known of the customer, which orders nothing; (n,) each."""
    return {"product_orders": product_orders(candidates), **curiosity_features(candidates)}


def fit_new(
    ranker: str,
    features: Mapping[str, FloatArray],
    is_bought: npt.NDArray[np.bool_],
    group: IntArray,
) -> NewScore:
    """Learn the score of a ranker from new candidates (n,): features, whether bought, and a number per customer.

    Popularity orders each customer's products by their orders, whatever is learned; what is known of the customer says
    how likely new products are at all, beside own ones.
    """
    if ranker == POPULARITY:
        learned = fit_score(features, is_bought, FEW_INVERSE_RIDGE)
        in_order = learned.weights["product_orders"] > 0
        return NewScore(ranker, learned if in_order else popularity_score(features, is_bought))
    logistic = fit_score(features, is_bought, FEW_INVERSE_RIDGE)
    if ranker == LOGISTIC:
        return NewScore(ranker, logistic)
    trees = RankingTrees.fit(features, is_bought, group, logistic.log_odds(features))
    return NewScore(ranker, logistic, trees)


def popularity_list(history: PurchaseHistory, k: int) -> RankedPairs:
    """GN-TopFreq: the k products in most orders that each customer never bought; ties by recent orders."""
    popular = popular_products(history, _REACH * k, BY_ALL_ORDERS)
    customer, place = popular_new(history, popular, k)
    product = popular[place]
    orders = all_orders(history)
    is_new = np.ones(len(product), dtype=np.bool_)
    return RankedPairs(customer, product, places_within(customer), orders[product], is_new)
