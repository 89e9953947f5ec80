"""What is known at one snapshot about who bought what: checked, coded by position and sorted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

IntArray = npt.NDArray[np.int64]

INTERACTION_COLUMNS = (
    "order_count",
    "order_count_30d",
    "order_count_90d",
    "order_count_180d",
    "days_since_first_ordered",
    "days_since_last_ordered",
)
CUSTOMER_COLUMNS = (
    "order_count",
    "order_count_30d",
    "order_count_90d",
    "order_count_180d",
    "days_since_last_order",
)
PRODUCT_COLUMNS = ("customer_count", "order_count", "order_count_14d", "order_count_30d", "order_count_90d")
KIND, NO_KIND = "kind", -1
"""The optional column of products: a number of the kind of product, the same for all of a kind."""


@dataclass(frozen=True)
class PurchaseHistory:
    """Customers, products and what binds them, before one snapshot date.

    customers: (c rows) customer_id and CUSTOMER_COLUMNS, by customer_id. products: (p rows) product_id, PRODUCT_COLUMNS
    and KIND, by product_id. customer, product: (n,) positions in these; interactions: (n rows) INTERACTION_COLUMNS; by
    customer and product.
    """

    customers: pd.DataFrame
    products: pd.DataFrame
    interactions: pd.DataFrame
    customer: IntArray
    product: IntArray

    @classmethod
    def from_frames(
        cls, interactions: pd.DataFrame, customers: pd.DataFrame, products: pd.DataFrame
    ) -> PurchaseHistory:
        """Check and code the frames of one snapshot.

        Args:
            interactions: a row per customer_id and product_id ordered before the snapshot, with INTERACTION_COLUMNS
                (distinct orders with the product, ever and in the days before; whole days since).
            customers: a row per customer to be served, with CUSTOMER_COLUMNS. It may hold a batch of the customers;
                `interactions` then holds theirs, all of them.
            products: a row per product that any customer ever ordered, with PRODUCT_COLUMNS over all customers, and
                where it is known KIND (numbers from 0, NO_KIND for products without one).

        Raises:
            ValueError: naming absent columns, repeated ids, unknown ids, missing or negative numbers.
        """
        people = _by_id(customers, "customers", "customer_id", CUSTOMER_COLUMNS)
        kinds = products.get(KIND, NO_KIND)
        goods = _by_id(products.assign(**{KIND: kinds + 1}), "products", "product_id", (*PRODUCT_COLUMNS, KIND))
        goods[KIND] -= 1  # only while they are checked all numbers are at least 0
        _require_numbers(interactions, "interactions", ("customer_id", "product_id"), INTERACTION_COLUMNS)
        customer = _positions(interactions, "interactions", "customer_id", people)
        product = _positions(interactions, "interactions", "product_id", goods)
        key = customer * np.int64(max(len(goods), 1)) + product
        order = np.argsort(key, kind="stable")
        if (np.diff(key[order]) == 0).any():
            raise ValueError("interactions has more than one row for a customer_id and product_id")
        if len(interactions) and not (interactions["order_count"] >= 1).all():
            raise ValueError("interactions.order_count must be at least 1 in every row")
        kept = interactions.loc[:, list(INTERACTION_COLUMNS)].take(order).reset_index(drop=True)
        return cls(people, goods, kept, customer[order], product[order])

    def pair_keys(self, pairs: pd.DataFrame, name: str = "purchases") -> IntArray:
        """One sorted integer per customer and product of `pairs`; products or customers unknown here are left out.

        Raises ValueError for absent columns.
        """
        _require_columns(pairs, name, ("customer_id", "product_id"))
        customer = pd.Index(self.customers["customer_id"]).get_indexer(pd.Index(pairs["customer_id"]))
        product = pd.Index(self.products["product_id"]).get_indexer(pd.Index(pairs["product_id"]))
        known = (customer >= 0) & (product >= 0)
        return np.unique(self.keys(customer[known].astype(np.int64), product[known].astype(np.int64)))

    def keys(self, customer: IntArray, product: IntArray) -> IntArray:
        """customer and product positions as one integer, sorting by customer, then product."""
        return np.asarray(customer * np.int64(max(len(self.products), 1)) + product)

    def batches(self, customers: int) -> Iterator[PurchaseHistory]:
        """The same history in parts of at most so many customers, in order; the products are whole in each."""
        for start in range(0, len(self.customers), customers):
            stop = min(start + customers, len(self.customers))
            rows = self.customer_slice(start, stop)
            yield PurchaseHistory(
                self.customers.iloc[start:stop].reset_index(drop=True),
                self.products,
                self.interactions.iloc[rows].reset_index(drop=True),
                self.customer[rows] - start,
                self.product[rows],
            )

    def holds(self, customer: IntArray, product: IntArray) -> npt.NDArray[np.bool_]:
        """Which pairs of positions are among the interactions."""
        return contains(self.keys(self.customer, self.product), self.keys(customer, product))

    def customer_slice(self, start: int, stop: int) -> slice:
        """Where the interactions of the customers start..stop-1 are."""
        first, last = np.searchsorted(self.customer, (start, stop))
        return slice(int(first), int(last))


@dataclass(frozen=True)
class TrainingSnapshot:
    """A past snapshot and what was then bought: `purchases` has a row per customer_id and product_id in the horizon."""

    history: PurchaseHistory
    purchases: pd.DataFrame


def contains(sorted_keys: IntArray, keys: IntArray) -> npt.NDArray[np.bool_]:
    """Which `keys` occur in `sorted_keys` (ascending)."""
    if not len(sorted_keys):
        return np.zeros(len(keys), dtype=np.bool_)
    found = np.searchsorted(sorted_keys, keys)
    return np.asarray(sorted_keys[np.minimum(found, len(sorted_keys) - 1)] == keys)


def _by_id(frame: pd.DataFrame, name: str, key: str, columns: Sequence[str]) -> pd.DataFrame:
    _require_numbers(frame, name, (key,), columns)
    if frame[key].isna().any() or frame[key].duplicated().any():
        raise ValueError(f"{name}.{key} must be known and unique")
    return frame.loc[:, [key, *columns]].sort_values(key, ignore_index=True)


def _positions(frame: pd.DataFrame, name: str, key: str, owners: pd.DataFrame) -> IntArray:
    found = pd.Index(owners[key]).get_indexer(pd.Index(frame[key]))
    if (found < 0).any():
        example: Any = frame[key].to_numpy()[int(np.argmax(found < 0))]
        raise ValueError(f"{name}.{key} has values without a row of their own, such as {example!r}")
    return np.asarray(found, dtype=np.int64)


def _require_columns(frame: pd.DataFrame, name: str, columns: Sequence[str]) -> None:
    absent = [column for column in columns if column not in frame]
    if absent:
        raise ValueError(f"{name} lacks the columns {absent}")


def _require_numbers(frame: pd.DataFrame, name: str, keys: Sequence[str], columns: Sequence[str]) -> None:
    _require_columns(frame, name, (*keys, *columns))
    for column in columns:
        values = frame[column]
        if not pd.api.types.is_numeric_dtype(values) or values.isna().any() or (values < 0).any():
            raise ValueError(f"{name}.{column} must hold numbers of at least 0, none missing")
