"""How likely a candidate is to be bought: logistic scores for own and for new products, and the rule that stands in."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from crm_pipeline.models.item_similarity import FloatArray
from crm_pipeline.models.ranking_candidates import Candidates, all_orders
from crm_pipeline.one_thread import one_thread

_ROWS_PER_CHUNK = 500_000
INVERSE_RIDGE = 1.0
"""scikit-learn's C on standardised features; with thousands of purchases per feature its value hardly matters."""
FEW_INVERSE_RIDGE = 0.1
"""The same where purchases are few, as of new products."""


@dataclass(frozen=True)
class LogisticScore:
    """Log-odds of a purchase = intercept + sum of weight x feature, in the features' own units."""

    weights: Mapping[str, float]
    intercept: float

    def log_odds(self, features: Mapping[str, FloatArray]) -> FloatArray:
        """(n,) from features of shape (n,). Raises ValueError when one is absent."""
        absent = [name for name in self.weights if name not in features]
        if absent:
            raise ValueError(f"the ranking needs the features {absent}")
        terms = (weight * features[name] for name, weight in self.weights.items())
        return np.asarray(sum(terms, start=np.full(len(next(iter(features.values()))), self.intercept)))


class Score(Protocol):
    """Anything that gives log-odds for features."""

    def log_odds(self, features: Mapping[str, FloatArray]) -> FloatArray:
        """(n,) from features of shape (n,)."""
        ...


def chunked_log_odds(
    score: Score, candidates: Candidates, features_of: Callable[[Candidates], dict[str, FloatArray]]
) -> FloatArray:
    """(candidates,), in chunks, so that features never exist for all candidates at once."""
    count = len(candidates.customer)
    starts = range(0, count, _ROWS_PER_CHUNK)
    chunks = (candidates.where(np.arange(start, min(start + _ROWS_PER_CHUNK, count))) for start in starts)
    return np.concatenate([np.zeros(0), *(score.log_odds(features_of(chunk)) for chunk in chunks)])


def fit_score(
    features: Mapping[str, FloatArray], is_bought: npt.NDArray[np.bool_], inverse_ridge: float = INVERSE_RIDGE
) -> LogisticScore:
    """Maximum-likelihood weights with a ridge on standardised features.

    Raises ValueError when nothing or everything was bought.
    """
    # imported here, because lists are made from known weights without it
    from sklearn.linear_model import LogisticRegression

    if is_bought.all() or not is_bought.any():
        raise ValueError("a score needs candidates that were bought and candidates that were not")
    X = np.column_stack(list(features.values()))
    mean, deviation = X.mean(axis=0), X.std(axis=0)
    scale = np.where(deviation > 1e-9, deviation, 1.0)
    with one_thread():
        model = LogisticRegression(C=inverse_ridge, solver="newton-cholesky", max_iter=50)
        model.fit((X - mean) / scale, is_bought)
    weights = model.coef_[0] / scale
    intercept = float(model.intercept_[0]) - float((weights * mean).sum())
    return LogisticScore(dict(zip(features, weights.tolist(), strict=True)), intercept)


def popularity_score(features: Mapping[str, FloatArray], is_bought: npt.NDArray[np.bool_]) -> LogisticScore:
    """Odds in proportion to the product's share of everyone's orders, at the level seen: where too little is known."""
    rate = (float(is_bought.sum()) + 0.5) / (len(is_bought) + 1)
    level = float(features["product_orders"].mean()) if len(is_bought) else 0.0
    return LogisticScore({"product_orders": 1.0}, math.log(rate / (1 - rate)) - level)


def rule_score(candidates: Candidates) -> FloatArray:
    """GP-TopFreq: own products by frequency, ties by the later order; then new ones by all orders. No probability."""
    history, is_new = candidates.history, candidates.is_new
    orders = all_orders(history)
    score = orders[candidates.product] / (2 * max(orders.max(initial=0), 1))
    bought = history.interactions.take(candidates.interaction[~is_new])
    later = 1 / (2 + bought["days_since_last_ordered"].to_numpy(dtype=np.float64))
    score[~is_new] = bought["order_count"].to_numpy(dtype=np.float64) + later
    return np.asarray(score)
