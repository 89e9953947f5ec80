"""The rules that a recommendation must beat: popular (G), own (P), own filled up with popular (GP), by frequency.

Source of the names: Li et al. (2023), "A next basket recommendation reality check".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm_pipeline.models.item_similarity import FloatArray, IntArray, places_within
from crm_pipeline.models.purchase_history import PurchaseHistory

POPULAR_RULE, OWN_RULE, OWN_THEN_POPULAR_RULE = "G-TopFreq", "P-TopFreq", "GP-TopFreq"
NEW_RULE = "GN-TopFreq"
"""Popular products that the customer never bought: what a list of new products must beat."""
USUAL, NEW = "usual", "new"


@dataclass(frozen=True)
class RankedPairs:
    """The first places of each customer, by customer and place (from 0): (n,) each; positions in a history."""

    customer: IntArray
    product: IntArray
    place: IntArray
    score: FloatArray
    is_new: npt.NDArray[np.bool_]

    def to_frame(self, history: PurchaseHistory) -> pd.DataFrame:
        """customer_id, rank (from 1), product_id, score, slot ('usual': bought before, 'new')."""
        return pd.DataFrame(
            {
                "customer_id": history.customers["customer_id"].to_numpy()[self.customer],
                "rank": self.place + 1,
                "product_id": history.products["product_id"].to_numpy()[self.product],
                "score": self.score,
                "slot": np.where(self.is_new, NEW, USUAL),
            }
        )


def baseline_rankings(history: PurchaseHistory, k: int = 10) -> dict[str, pd.DataFrame]:
    """Lists of up to k products per customer from the three rules, as `RankedPairs.to_frame`, by rule.

    score is the number of orders it goes by: the customer's, or everyone's; for the filled-up part of GP everyone's as
    a share of the most popular product's, halved to stay below 1.
    """
    rules = {POPULAR_RULE: popular_list, OWN_RULE: own_list, OWN_THEN_POPULAR_RULE: own_then_popular_list}
    return {name: rule(history, k).to_frame(history) for name, rule in rules.items()}


def popular_list(history: PurchaseHistory, k: int) -> RankedPairs:
    """The same k products for everyone: those in most orders, ties by product_id."""
    top = _most_ordered(history, k)
    customer = np.repeat(np.arange(len(history.customers), dtype=np.int64), len(top))
    product = np.tile(top, len(history.customers))
    orders = history.products["order_count"].to_numpy(dtype=np.float64)
    is_new = ~history.holds(customer, product)
    return RankedPairs(customer, product, places_within(customer), orders[product], is_new)


def own_list(history: PurchaseHistory, k: int) -> RankedPairs:
    """Up to k products that the customer ordered most often, ties by the later order, then by product_id."""
    bought = history.interactions
    order = np.lexsort((history.product, bought["days_since_last_ordered"], -bought["order_count"], history.customer))
    place = places_within(history.customer[order])
    order, place = order[place < k], place[place < k]
    score = bought["order_count"].to_numpy(dtype=np.float64)[order]
    return RankedPairs(history.customer[order], history.product[order], place, score, np.zeros(len(order), np.bool_))


def own_then_popular_list(history: PurchaseHistory, k: int) -> RankedPairs:
    """`own_list`, and where it is short the most popular products not in it."""
    own = own_list(history, k)
    count = np.bincount(own.customer, minlength=len(history.customers))
    # whoever owns fewer than k products cannot own all of the top 2k
    short, top = np.flatnonzero(count < k).astype(np.int64), _most_ordered(history, 2 * k)
    customer, product = np.repeat(short, len(top)), np.tile(top, len(short))
    is_new = ~history.holds(customer, product)
    customer, product = customer[is_new], product[is_new]
    place = places_within(customer) + count[customer]
    customer, product, place = (part[place < k] for part in (customer, product, place))
    orders = history.products["order_count"].to_numpy(dtype=np.float64)
    joined = np.concatenate((own.customer, customer)), np.concatenate((own.place, place))
    order = np.lexsort((joined[1], joined[0]))
    return RankedPairs(
        joined[0][order],
        np.concatenate((own.product, product))[order],
        joined[1][order],
        np.concatenate((own.score, orders[product] / (2 * max(orders.max(initial=0), 1))))[order],
        np.concatenate((own.is_new, np.ones(len(product), np.bool_)))[order],
    )


def _most_ordered(history: PurchaseHistory, count: int) -> IntArray:
    goods = history.products
    order = np.lexsort((np.arange(len(goods)), -goods["order_count"]))
    return np.asarray(order[:count], dtype=np.int64)
