"""Products worth ranking for each customer: bought before, similar to those, and popular of late."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sparse_dot_topn import sp_matmul_topn

from crm_pipeline.models.item_similarity import FloatArray, IntArray, ItemSimilarity, places_within
from crm_pipeline.models.purchase_history import PurchaseHistory, contains

OWN, SIMILAR, POPULAR = "own", "similar", "popular"
SOURCES = (OWN, SIMILAR, POPULAR)
RECENT_ORDERS, BY_ALL_ORDERS = "order_count_30d", "order_count"
"""What popular products are chosen by: the orders of the last 30 days, or those of all time."""
_FAR = np.float32(1e6)
_POPULAR_REACH = 4
_WEIGHTS = {"": 1.0, "_180d": 1.0, "_90d": 1.0, "_30d": 0.5}
"""What an order counts for an own product, by the window that it is in."""


@dataclass(frozen=True)
class CandidateSettings:
    """How many products per customer and source are ranked, and how far similarity reaches.

    popular_by: RECENT_ORDERS or BY_ALL_ORDERS. With a similar_count of 0 no similarity is asked for.
    """

    own_count: int = 60
    similar_count: int = 30
    popular_count: int = 30
    popular_by: str = RECENT_ORDERS
    neighbour_count: int = 50
    min_customers: int = 5
    max_products: int = 2_000

    def __post_init__(self) -> None:
        if min(self.own_count, self.popular_count, self.neighbour_count, self.min_customers, self.max_products) < 1:
            raise ValueError("counts of candidate settings must be at least 1")
        if self.similar_count < 0:
            raise ValueError("similar_count must not be negative")
        if self.popular_by not in (RECENT_ORDERS, BY_ALL_ORDERS):
            raise ValueError(f"popular_by must be {RECENT_ORDERS!r} or {BY_ALL_ORDERS!r}, not {self.popular_by!r}")

    @property
    def wider(self) -> CandidateSettings:
        """Twice as many new candidates."""
        return replace(self, similar_count=2 * self.similar_count, popular_count=2 * self.popular_count)

    @property
    def by_popularity(self) -> CandidateSettings:
        """What lists need whose new products go by popularity: as many popular ones by all orders, no similar ones."""
        return replace(self, similar_count=0, popular_by=BY_ALL_ORDERS)


DEFAULTS = CandidateSettings()


@dataclass(frozen=True)
class Offered:
    """What may be recommended. products: (products of the history,); interactions: (rows of its interactions,)."""

    products: npt.NDArray[np.bool_]
    interactions: npt.NDArray[np.bool_]

    @classmethod
    def everything(cls, history: PurchaseHistory) -> Offered:
        """No restriction."""
        return cls(np.ones(len(history.products), np.bool_), np.ones(len(history.customer), np.bool_))


@dataclass(frozen=True)
class Candidates:
    """Pairs to rank, by customer and product: (n,) each.

    customer, product: positions in `history`. source: position in SOURCES. interaction: row of history.interactions,
    -1 for products that the customer never bought. similarity: mean weight of what the customer bought towards the
    product, over `mean_profile`; 0 for own products, where nothing is asked.
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
    history: PurchaseHistory,
    similarity: ItemSimilarity,
    settings: CandidateSettings = DEFAULTS,
    offered: Offered | None = None,
) -> Candidates:
    """Own products by recency-weighted frequency, the most similar new ones, and the most popular new ones.

    Each customer gets popular_count new candidates, as far as a list of popular products four times as long has them.
    """
    allowed = offered or Offered.everything(history)
    own = _own_rows(history, settings.own_count, allowed.interactions & allowed.products[history.product])
    new = _new_candidates(history, similarity, settings, allowed.products)
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


def popular_products(history: PurchaseHistory, count: int, by: str = RECENT_ORDERS) -> IntArray:
    """Positions of the products in most orders of the last 30 days, ties by all orders; or the reverse; best first."""
    goods = history.products
    ties = {RECENT_ORDERS: BY_ALL_ORDERS, BY_ALL_ORDERS: RECENT_ORDERS}[by]
    order = np.lexsort((np.arange(len(goods)), -goods[ties], -goods[by]))
    return np.asarray(order[:count], dtype=np.int64)


def all_orders(history: PurchaseHistory) -> FloatArray:
    """(products,) orders of all time, and below 1 for those of the last 30 days, which decide between equals."""
    recent = history.products[RECENT_ORDERS].to_numpy(dtype=np.float64)
    return np.asarray(history.products[BY_ALL_ORDERS] + recent / (recent.max(initial=0) + 1), dtype=np.float64)


def profile_weights(interactions: pd.DataFrame) -> FloatArray:
    """(n,) what each product says about its customer: logarithmic in the orders, the last 90 days count twice."""
    return np.asarray(np.log1p(interactions["order_count"].to_numpy()) + np.log1p(interactions["order_count_90d"]))


def own_weights(interactions: pd.DataFrame) -> FloatArray:
    """(n,) recency-weighted frequency: long memory, with what is recent counted again; multiples of a half."""
    counts = {window: interactions[f"order_count{window}"].to_numpy(dtype=np.float64) for window in _WEIGHTS}
    return np.asarray(sum(weight * counts[window] for window, weight in _WEIGHTS.items()))


def mean_profile(history: PurchaseHistory, similarity: ItemSimilarity) -> sparse.csr_array:
    """(customers, similarity's products): `profile_weights` of what each customer bought, adding up to 1 (or 0)."""
    column = columns_of(history, similarity)[history.product]
    known = column >= 0
    customer, weight = history.customer[known], profile_weights(history.interactions)[known]
    total = np.bincount(customer, weights=weight, minlength=len(history.customers))
    entries = ((weight / total[customer]).astype(np.float32), (customer, column[known]))
    return sparse.csr_array(entries, shape=(len(history.customers), len(similarity.product_ids)))


def _own_rows(history: PurchaseHistory, count: int, is_allowed: npt.NDArray[np.bool_]) -> IntArray:
    """Rows of the interactions to keep, of the allowed ones: those of the greatest `own_weights`."""
    rows = np.flatnonzero(is_allowed).astype(np.int64)
    customer = history.customer[rows]
    if np.bincount(customer).max(initial=0) <= count:
        return rows
    bought = history.interactions.take(rows)
    order = np.lexsort((history.product[rows], bought["days_since_last_ordered"], -own_weights(bought), customer))
    return np.sort(rows[order[places_within(customer[order]) < count]])


def columns_of(history: PurchaseHistory, similarity: ItemSimilarity) -> IntArray:
    """Per product of the history its position in the similarity, -1 when absent."""
    known = pd.Index(similarity.product_ids)
    return np.asarray(known.get_indexer(pd.Index(history.products["product_id"])), dtype=np.int64)


def _new_candidates(
    history: PurchaseHistory,
    similarity: ItemSimilarity,
    settings: CandidateSettings,
    is_offered: npt.NDArray[np.bool_],
) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """customer, product, source, similarity of products not bought before: the most similar, then popular ones."""
    popular = popular_products(history, len(history.products), settings.popular_by)
    popular = popular[is_offered[popular]][: _POPULAR_REACH * settings.popular_count]
    fill_row, place = popular_new(history, popular, settings.popular_count)
    if not settings.similar_count:
        return fill_row, popular[place], np.full(len(place), SOURCES.index(POPULAR)), np.zeros(len(place))
    column_of = columns_of(history, similarity)
    product_of = np.full(len(similarity.product_ids), -1, dtype=np.int64)
    product_of[column_of[column_of >= 0]] = np.flatnonzero(column_of >= 0)
    profile = mean_profile(history, similarity)
    is_wanted = product_of >= 0
    is_wanted[is_wanted] = is_offered[product_of[is_wanted]]
    row, column, value = _most_similar(profile, similarity.neighbours, is_wanted, settings.similar_count)
    product = product_of[column]
    is_extra = ~contains(np.sort(history.keys(row, product)), history.keys(fill_row, popular[place]))
    fill_row, place = fill_row[is_extra], place[is_extra]
    return (
        np.concatenate((row, fill_row)),
        np.concatenate((product, popular[place])),
        np.repeat((SOURCES.index(SIMILAR), SOURCES.index(POPULAR)), (len(row), len(fill_row))),
        np.concatenate((value, _similarity_to(profile, similarity.neighbours, column_of[popular])[fill_row, place])),
    )


def _most_similar(
    profile: sparse.csr_array, neighbours: sparse.csr_array, is_wanted: npt.NDArray[np.bool_], count: int
) -> tuple[IntArray, IntArray, FloatArray]:
    """Row, column and similarity of the `count` most similar wanted products that are not in the profile.

    The matrix of customers x products never exists: each row keeps its best entries while it is multiplied.
    """
    if count < 1 or 0 in profile.shape or not profile.nnz:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
    # whatever is in a profile gets a similarity far below 0 to it, by a diagonal that no sum of weights outweighs
    towards = neighbours @ sparse.diags_array(is_wanted.astype(np.float32)) - _FAR * sparse.eye_array(
        len(is_wanted), dtype=np.float32
    )
    best = sp_matmul_topn(
        sparse.csr_matrix(profile), sparse.csr_matrix(towards), top_n=min(count, len(is_wanted)), threshold=0.0
    )
    row = np.repeat(np.arange(best.shape[0], dtype=np.int64), np.diff(best.indptr))
    return row, best.indices.astype(np.int64), best.data.astype(np.float64)


def _similarity_to(
    profile: sparse.csr_array, neighbours: sparse.csr_array, columns: IntArray
) -> npt.NDArray[np.float32]:
    """(customers, columns): mean similarity of a few products; 0 for those outside its reach, with column -1."""
    found = np.zeros((profile.shape[0], len(columns)), dtype=np.float32)
    is_known = columns >= 0
    if is_known.any():
        found[:, is_known] = (profile @ neighbours[:, columns[is_known]]).toarray()
    return found


def popular_new(history: PurchaseHistory, popular: IntArray, count: int) -> tuple[IntArray, IntArray]:
    """Customer and place in `popular` of the first `count` popular products that each customer never bought."""
    place_of = np.full(len(history.products), -1, dtype=np.int64)
    place_of[popular] = np.arange(len(popular))
    place = place_of[history.product]
    is_own = np.zeros((len(history.customers), len(popular)), dtype=np.bool_)
    is_own[history.customer[place >= 0], place[place >= 0]] = True
    is_wanted = ~is_own & (np.cumsum(~is_own, axis=1, dtype=np.int32) <= count)
    row, found = np.nonzero(is_wanted)
    return row.astype(np.int64), found.astype(np.int64)
