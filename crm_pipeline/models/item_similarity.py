"""Which products speak for which: a ridge regression of every product on all others, over customers; the best weights.

A cosine asks whether the same customers buy two products, and so finds what everybody buys beside everything. Here each
product is foretold from all others at once: a weight is what having the one adds when the others are known. Sources:
Steck (2019), "Embarrassingly shallow autoencoders for sparse data" (EASE), for the closed form; Robertson and Zaragoza
(2009) for the BM25 weights, which keep heavy buyers and staples from dominating. Nothing of size customers x products
is ever dense.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.linalg import lapack

from crm_pipeline.one_thread import one_thread

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

SATURATION, LENGTH_NORMALISATION = 1.2, 0.75
"""BM25's k1 and b, at their customary values."""
RIDGE = 0.2
"""Penalty per customer, so that twice as many customers of the same kind give the same weights."""


@dataclass(frozen=True)
class ItemSimilarity:
    """What each product says about others.

    product_ids: (products,) sorted. neighbours: sparse (products, products), float32; row = a product that is bought,
    column = one that it speaks for, entry = its weight (0, 1]. Each column has those that speak most for it.
    """

    product_ids: npt.NDArray[Any]
    neighbours: sparse.csr_array

    def to_frame(self) -> pd.DataFrame:
        """product_id, rank (1 = nearest), other_product_id, similarity; sorted by product_id and rank."""
        pairs = self.neighbours.tocoo()
        frame = pd.DataFrame({"row": pairs.row, "column": pairs.col, "similarity": pairs.data.astype(np.float64)})
        frame = frame.sort_values(["row", "similarity", "column"], ascending=[True, False, True], ignore_index=True)
        return pd.DataFrame(
            {
                "product_id": self.product_ids[frame["row"]],
                "rank": frame.groupby("row").cumcount() + 1,
                "other_product_id": self.product_ids[frame["column"]],
                "similarity": frame["similarity"],
            }
        )


def fit_item_similarity(
    interactions: pd.DataFrame,
    *,
    neighbour_count: int = 50,
    min_customers: int = 5,
    max_products: int = 2_000,
) -> ItemSimilarity:
    """Find what speaks for each of the products that most customers bought.

    Args:
        interactions: one row per customer_id and product_id, with order_count >= 1. A sample of customers will do
            (all products of each): weights do not depend on its size.
        neighbour_count: products kept that speak for a product.
        min_customers: products with fewer customers are left out; their neighbours would be chance.
        max_products: at most so many, those with most customers (then the smaller product_id).

    Raises:
        ValueError: for absent columns, repeated pairs, or counts below 1.
    """
    _check_columns(interactions)
    people = pd.Index(interactions["customer_id"]).unique().sort_values()
    goods = pd.Index(interactions["product_id"]).unique().sort_values()
    return similarity_of_positions(
        people.get_indexer(pd.Index(interactions["customer_id"])).astype(np.int64),
        goods.get_indexer(pd.Index(interactions["product_id"])).astype(np.int64),
        interactions["order_count"].to_numpy(dtype=np.float64),
        goods.to_numpy(),
        neighbour_count=neighbour_count,
        min_customers=min_customers,
        max_products=max_products,
    )


def similarity_of_positions(
    customer: IntArray,
    product: IntArray,
    order_count: FloatArray,
    product_ids: npt.NDArray[Any],
    *,
    neighbour_count: int,
    min_customers: int,
    max_products: int,
) -> ItemSimilarity:
    """`fit_item_similarity` of interactions whose ids are positions: product in the sorted `product_ids`."""
    if min(neighbour_count, min_customers, max_products) < 1:
        raise ValueError("neighbour_count, min_customers and max_products must be at least 1")
    key = customer * np.int64(max(len(product_ids), 1)) + product
    order = np.argsort(key, kind="stable")
    if (np.diff(key[order]) == 0).any():
        raise ValueError("interactions has more than one row for a customer_id and product_id")
    customer, product, order_count = customer[order], product[order], order_count[order]
    breadth = np.bincount(product, minlength=len(product_ids))
    kept = np.lexsort((np.arange(len(breadth)), -breadth))[:max_products]
    kept = np.sort(kept[breadth[kept] >= min_customers])
    position = np.full(len(breadth), -1, dtype=np.int64)
    position[kept] = np.arange(len(kept))
    known = position[product] >= 0
    matrix = sparse.csr_array(
        (_bm25(order_count, customer)[known].astype(np.float32), (customer[known], position[product[known]])),
        shape=(int(customer.max(initial=-1)) + 1, len(kept)),
    )
    return ItemSimilarity(product_ids[kept], _weights(matrix, len(np.unique(customer)), neighbour_count))


def top_entries(scores: npt.NDArray[np.float32], count: int) -> tuple[IntArray, IntArray, FloatArray]:
    """Row, column and value of the `count` greatest positive entries of each row, best first, ties to the lower column.

    scores: (rows, columns), a chunk small enough to be dense. Fewer for rows with fewer positive entries.
    """
    if count < 1 or 0 in scores.shape:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    least = np.zeros((len(scores), 1), dtype=np.float32)
    if count < scores.shape[1]:
        place = scores.shape[1] - count
        least = np.partition(scores, place, axis=1)[:, place : place + 1]
    # the entries equal to the least of the best are all kept here, so that the sort decides between them
    row, column = np.nonzero((scores >= least) & (scores > 0))
    value = scores[row, column]
    order = np.lexsort((column, -value, row))
    order = order[places_within(row[order]) < count]
    return row[order].astype(np.int64), column[order].astype(np.int64), value[order].astype(np.float64)


def places_within(group: npt.NDArray[Any]) -> IntArray:
    """0, 1, 2, … within each run of equal neighbours of a sorted array."""
    starts = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1]))) if len(group) else np.zeros(0, np.intp)
    return np.asarray(np.arange(len(group)) - np.repeat(starts, np.diff(np.append(starts, len(group)))), dtype=np.int64)


def _bm25(order_count: FloatArray, customer: IntArray) -> FloatArray:
    """Saturating in the orders, less for customers of many products."""
    breadth = np.bincount(customer).astype(np.float64)
    mean = len(customer) / max(int(np.count_nonzero(breadth)), 1)
    length = 1 - LENGTH_NORMALISATION + LENGTH_NORMALISATION * breadth[customer] / max(mean, 1.0)
    return np.asarray(order_count * (SATURATION + 1) / (order_count + SATURATION * length))


def _weights(matrix: sparse.csr_array, customer_count: int, count: int) -> sparse.csr_array:
    """Per column the `count` greatest positive weights of a ridge regression on the other columns, (columns, columns).

    With P the inverse of the ridged Gram matrix the weights of column j are -P[:, j] / P[j, j].
    """
    size = matrix.shape[1]
    if not size:
        return sparse.csr_array((0, 0), dtype=np.float32)
    gram = (matrix.T @ matrix).toarray().astype(np.float64)
    gram[np.diag_indices(size)] += RIDGE * customer_count
    with one_thread():  # so that the last bits are the same on any number of processors
        factor, _ = lapack.dpotrf(gram, lower=1, overwrite_a=1)
        inverse, _ = lapack.dpotri(factor, lower=1, overwrite_c=1)
    inverse = np.tril(inverse)
    own = inverse.diagonal().copy()
    inverse += inverse.T
    np.fill_diagonal(inverse, own)
    # symmetric, so that a row serves as the column; rounded, so that the last bits cannot choose between equals
    towards = np.round(-inverse / own[:, None], 6).astype(np.float32)
    np.fill_diagonal(towards, 0)
    target, source, value = top_entries(towards, count)
    return sparse.csr_array((np.minimum(value, 1.0).astype(np.float32), (source, target)), shape=(size, size))


def _check_columns(interactions: pd.DataFrame) -> None:
    absent = [name for name in ("customer_id", "product_id", "order_count") if name not in interactions]
    if absent:
        raise ValueError(f"interactions lacks the columns {absent}")
    if interactions[["customer_id", "product_id"]].isna().any(axis=None):
        raise ValueError("interactions has rows without customer_id or product_id")
    if not (interactions["order_count"] >= 1).all():
        raise ValueError("interactions.order_count must be at least 1 in every row")
