"""Products worth ranking for each customer: bought before, similar to those, and popular of late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from crm_pipeline.models.item_similarity import (
    FloatArray,
    IntArray,
    ItemSimilarity,
    places_within,
    rows_per_chunk,
    top_entries,
)
from crm_pipeline.models.purchase_history import PurchaseHistory

OWN, SIMILAR, POPULAR = "own", "similar", "popular"
SOURCES = (OWN, SIMILAR, POPULAR)


@dataclass(frozen=True)
class CandidateSettings:
    """How many products per customer and source are ranked, and how far similarity reaches."""

    own_count: int = 60
    similar_count: int = 20
    popular_count: int = 30
    neighbour_count: int = 50
    min_customers: int = 5
    max_products: int = 3_000

    def __post_init__(self) -> None:
        if min(self.own_count, self.popular_count, self.neighbour_count, self.min_customers, self.max_products) < 1:
            raise ValueError("counts of candidate settings must be at least 1")
        if self.similar_count < 0:
            raise ValueError("similar_count must not be negative")


DEFAULTS = CandidateSettings()


@dataclass(frozen=True)
class Candidates:
    """Pairs to rank, by customer and product: (n,) each.

    customer, product: positions in `history`. source: position in SOURCES. interaction: row of history.interactions,
    -1 for products that the customer never bought. similarity: mean cosine with what the customer bought, weighted as
    in `profile_matrix`; 0 for own products, where nothing is asked.
    """

    history: PurchaseHistory
    item_similarity: ItemSimilarity
    customer: IntArray
    product: IntArray
    source: npt.NDArray[np.int8]
    interaction: IntArray
    similarity: npt.NDArray[np.float32]

    def where(self, rows: npt.NDArray[np.bool_] | IntArray) -> Candidates:
        """The candidates of a mask or of positions."""
        return Candidates(
            self.history,
            self.item_similarity,
            self.customer[rows],
            self.product[rows],
            self.source[rows],
            self.interaction[rows],
            self.similarity[rows],
        )

    @property
    def is_new(self) -> npt.NDArray[np.bool_]:
        """Which were never bought before."""
        return np.asarray(self.interaction < 0)

    @property
    def keys(self) -> IntArray:
        """One integer per pair, as in `PurchaseHistory.keys`."""
        return self.history.keys(self.customer, self.product)


def generate_candidates(
    history: PurchaseHistory, similarity: ItemSimilarity, settings: CandidateSettings = DEFAULTS
) -> Candidates:
    """Own products by recency-weighted frequency, the most similar new ones, and the most popular new ones.

    A customer gets at least min(popular_count, products) candidates, since a popular product not new is an own one.
    """
    own = _own_rows(history, settings.own_count)
    chunks = list(_new_candidates(history, similarity, settings))
    new = [np.concatenate(part) for part in zip(*chunks, strict=True)] if chunks else [np.zeros(0, dtype=np.int64)] * 4
    customer = np.concatenate((history.customer[own], new[0]))
    product = np.concatenate((history.product[own], new[1]))
    order = np.argsort(history.keys(customer, product), kind="stable")
    return Candidates(
        history,
        similarity,
        customer[order],
        product[order],
        np.concatenate((np.full(len(own), SOURCES.index(OWN)), new[2])).astype(np.int8)[order],
        np.concatenate((own, np.full(len(new[0]), -1)))[order],
        np.concatenate((np.zeros(len(own)), new[3])).astype(np.float32)[order],
    )


def popular_products(history: PurchaseHistory, count: int) -> IntArray:
    """Positions of the products in most orders of the last 30 days (then: of all time), best first."""
    goods = history.products
    order = np.lexsort((np.arange(len(goods)), -goods["order_count"], -goods["order_count_30d"]))
    return np.asarray(order[:count], dtype=np.int64)


def profile_matrix(history: PurchaseHistory, similarity: ItemSimilarity, start: int, stop: int) -> sparse.csr_array:
    """Weights of the products that the customers start..stop-1 bought: sparse (customers, similarity's products).

    Logarithmic in the orders, and what was bought in the last 90 days counts twice.
    """
    rows = history.customer_slice(start, stop)
    column = _columns_of(history, similarity)[history.product[rows]]
    bought = history.interactions.iloc[rows]
    weight = np.log1p(bought["order_count"].to_numpy()) + np.log1p(bought["order_count_90d"].to_numpy())
    known = column >= 0
    entries = (weight[known].astype(np.float32), (history.customer[rows][known] - start, column[known]))
    return sparse.csr_array(entries, shape=(stop - start, len(similarity.product_ids)))


def _own_rows(history: PurchaseHistory, count: int) -> IntArray:
    """Rows of the interactions to keep: long memory, with what is recent counted again."""
    if np.bincount(history.customer).max(initial=0) <= count:
        return np.arange(len(history.customer), dtype=np.int64)
    bought = history.interactions
    weight = (
        bought["order_count"] + bought["order_count_180d"] + bought["order_count_90d"] + bought["order_count_30d"] / 2
    )
    order = np.lexsort((history.product, bought["days_since_last_ordered"], -weight, history.customer))
    return np.sort(order[places_within(history.customer[order]) < count]).astype(np.int64)


def _columns_of(history: PurchaseHistory, similarity: ItemSimilarity) -> IntArray:
    """Per product of the history its position in the similarity, -1 when absent."""
    known = pd.Index(similarity.product_ids)
    return np.asarray(known.get_indexer(pd.Index(history.products["product_id"])), dtype=np.int64)


def _new_candidates(
    history: PurchaseHistory, similarity: ItemSimilarity, settings: CandidateSettings
) -> Iterator[tuple[IntArray, IntArray, IntArray, FloatArray]]:
    """customer, product, source, similarity of products not bought before, by chunks of customers."""
    column_of = _columns_of(history, similarity)
    product_of = np.full(len(similarity.product_ids), -1, dtype=np.int64)
    product_of[column_of[column_of >= 0]] = np.flatnonzero(column_of >= 0)
    popular = popular_products(history, settings.popular_count)
    size = rows_per_chunk(len(similarity.product_ids))
    for start in range(0, len(history.customers), size):
        stop = min(start + size, len(history.customers))
        scores = _similarity_to_profile(history, similarity, start, stop)
        _clear_known(scores, history, column_of, start)
        scores[:, product_of < 0] = 0
        row, column, value = top_entries(scores, settings.similar_count)
        product = product_of[column]
        fill_row, fill_product = _popular_new(history, popular, start, stop)
        is_extra = ~np.isin(history.keys(fill_row, fill_product), history.keys(row, product))
        fill_row, fill_product = fill_row[is_extra], fill_product[is_extra]
        fill_column = column_of[fill_product]
        # a popular product outside the similarity's reach has column -1 and similarity 0
        fill_value = scores[fill_row, fill_column] if scores.shape[1] else np.zeros(len(fill_row))
        yield (
            np.concatenate((row, fill_row)) + start,
            np.concatenate((product, fill_product)),
            np.repeat((SOURCES.index(SIMILAR), SOURCES.index(POPULAR)), (len(row), len(fill_row))),
            np.concatenate((value, np.where(fill_column >= 0, fill_value, 0))),
        )


def _similarity_to_profile(
    history: PurchaseHistory, similarity: ItemSimilarity, start: int, stop: int
) -> npt.NDArray[np.float32]:
    """(customers start..stop-1, similarity's products)."""
    profile = profile_matrix(history, similarity, start, stop)
    total = np.asarray(profile.sum(axis=1), dtype=np.float64).ravel()
    mean = sparse.diags_array((1 / np.where(total > 0, total, 1)).astype(np.float32)) @ profile
    return np.asarray((mean @ similarity.neighbours).toarray(), dtype=np.float32)


def _clear_known(scores: npt.NDArray[np.float32], history: PurchaseHistory, column_of: IntArray, start: int) -> None:
    """Set the scores of products that the customers bought before to 0, in place."""
    rows = history.customer_slice(start, start + len(scores))
    column = column_of[history.product[rows]]
    scores[history.customer[rows][column >= 0] - start, column[column >= 0]] = 0


def _popular_new(history: PurchaseHistory, popular: IntArray, start: int, stop: int) -> tuple[IntArray, IntArray]:
    """Customer (counted from start) and product of the popular products that each customer never bought."""
    place_of = np.full(len(history.products), -1, dtype=np.int64)
    place_of[popular] = np.arange(len(popular))
    rows = history.customer_slice(start, stop)
    place = place_of[history.product[rows]]
    is_own = np.zeros((stop - start, len(popular)), dtype=np.bool_)
    is_own[history.customer[rows][place >= 0] - start, place[place >= 0]] = True
    row, place = np.nonzero(~is_own)
    return row.astype(np.int64), popular[place]
