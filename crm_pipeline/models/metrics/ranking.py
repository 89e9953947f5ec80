"""Figures of merit of a ranked list per customer.

`hits` has shape (customers, places): whether the item at each place, best first, was one the customer then bought.
`relevant_count` has shape (customers,): how many distinct items the customer bought. Each function returns one value
per customer, NaN for customers who bought nothing: they say nothing about the list. The metric of a model is the
mean of these values (`customer_mean`, or `weighted_mean` with the weights of a bootstrap replicate).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from crm_pipeline.models.metrics.samples import FloatArray, as_vector


def recall_at_k(hits: npt.ArrayLike, relevant_count: npt.ArrayLike, k: int) -> FloatArray:
    """Share of the bought items that are among the first k. A list shorter than k misses the rest."""
    top, relevant = _checked(hits, relevant_count, k)
    return _where_relevant(np.asarray(top.sum(axis=1), dtype=np.float64), relevant)


def hit_rate_at_k(hits: npt.ArrayLike, relevant_count: npt.ArrayLike, k: int) -> FloatArray:
    """1.0 when a bought item is among the first k, else 0.0."""
    top, relevant = _checked(hits, relevant_count, k)
    return _where_relevant(np.asarray(top.any(axis=1), dtype=np.float64), np.minimum(relevant, 1))


def mrr_at_k(hits: npt.ArrayLike, relevant_count: npt.ArrayLike, k: int) -> FloatArray:
    """Reciprocal rank: 1 / the place of the first bought item among the first k, 0.0 when there is none."""
    top, relevant = _checked(hits, relevant_count, k)
    first = np.where(top.any(axis=1), 1 / (np.argmax(top, axis=1) + 1.0), 0.0) if top.shape[1] else np.zeros(len(top))
    return _where_relevant(first, np.minimum(relevant, 1))


def precision_at_k(hits: npt.ArrayLike, relevant_count: npt.ArrayLike, k: int) -> FloatArray:
    """Share of the first k places that hold a bought item. A list shorter than k leaves places empty."""
    top, relevant = _checked(hits, relevant_count, k)
    share = np.asarray(top.sum(axis=1), dtype=np.float64) / k
    return _where_relevant(share, np.minimum(relevant, 1))


def ndcg_at_k(hits: npt.ArrayLike, relevant_count: npt.ArrayLike, k: int) -> FloatArray:
    """Normalised discounted cumulative gain with gains 0 and 1: hits count 1 / log2(place + 1), over the best possible.

    Source: Jarvelin and Kekalainen (2002), with the discount of Burges et al. (2005).
    """
    top, relevant = _checked(hits, relevant_count, k)
    discounts = 1 / np.log2(np.arange(2, k + 2))
    gain = np.asarray((top * discounts[: top.shape[1]]).sum(axis=1), dtype=np.float64)
    best = np.concatenate((np.zeros(1), np.cumsum(discounts)))
    return _where_relevant(gain, best[np.minimum(relevant, k).astype(np.intp)])


def weighted_mean(values: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> float:
    """Mean of the values that are not NaN, each counted `weights` times; NaN when there are none.

    Raises ValueError for shapes that differ and for negative weights.
    """
    vector = np.asarray(values, dtype=np.float64)
    row_weights = np.ones(vector.shape) if weights is None else as_vector(weights, "weights")
    if vector.shape != row_weights.shape:
        raise ValueError(f"values has shape {vector.shape} and weights {row_weights.shape}")
    if (row_weights < 0).any():
        raise ValueError("weights must not be negative")
    is_known = ~np.isnan(vector)
    total = float(row_weights[is_known].sum())
    return float((row_weights[is_known] * vector[is_known]).sum()) / total if total > 0 else math.nan


def _checked(hits: npt.ArrayLike, relevant_count: npt.ArrayLike, k: int) -> tuple[npt.NDArray[np.bool_], FloatArray]:
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    matrix = np.asarray(hits)
    relevant = as_vector(relevant_count, "relevant_count")
    if matrix.ndim != 2 or len(matrix) != len(relevant):
        raise ValueError(f"hits has shape {matrix.shape}, but needs ({len(relevant)} customers, places)")
    if not np.isin(matrix, (0, 1)).all():
        raise ValueError("hits must be 0 or 1 at every place")
    is_hit = matrix.astype(bool)
    if (is_hit.sum(axis=1) > relevant).any():
        raise ValueError("a customer has more hits than relevant items: are items repeated in the list?")
    return is_hit[:, :k], relevant


def _where_relevant(part: FloatArray, whole: FloatArray) -> FloatArray:
    values = np.full(len(whole), np.nan)
    np.divide(part, whole, out=values, where=whole > 0)
    return values
