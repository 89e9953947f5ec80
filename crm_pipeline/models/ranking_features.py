"""What the ranking model knows about a candidate, as columns that are roughly linear in the log-odds of a purchase."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crm_pipeline.models.item_similarity import FloatArray, IntArray
from crm_pipeline.models.purchase_history import KIND
from crm_pipeline.models.ranking_candidates import Candidates, all_orders, profile_weights

WINDOWS = ("", "_30d", "_90d", "_180d")


def usual_gap_days(interactions: pd.DataFrame) -> FloatArray:
    """Mean days from one order of the product to the next, at least one day; NaN when ordered once."""
    orders = interactions["order_count"].to_numpy(dtype=np.float64)
    span = (interactions["days_since_first_ordered"] - interactions["days_since_last_ordered"]).to_numpy(dtype=float)
    return np.where(orders > 1, np.maximum(span / np.maximum(orders - 1, 1), 1), np.nan)


def own_features(candidates: Candidates) -> dict[str, FloatArray]:
    """Features of products bought before: how often, how lately, how due, how popular; each (n,)."""
    history = candidates.history
    bought = history.interactions.take(candidates.interaction)
    since = bought["days_since_last_ordered"].to_numpy(dtype=np.float64)
    gap = usual_gap_days(bought)
    has_gap = ~np.isnan(gap)
    due = np.where(has_gap, np.log(np.clip(since / np.where(has_gap, gap, 1), 0.02, 20)), 0)
    count = bought["order_count"].to_numpy(dtype=np.float64)
    features = {
        "due": due,
        "overdue": np.maximum(due, 0),
        "is_single": 1.0 - has_gap,
        "single_days_since": np.where(has_gap, 0, np.log1p(since)),
        "days_since": np.log1p(since),
        "gap": np.log1p(np.where(has_gap, gap, 0)),
        # a week's worth of caution for what was bought for the first time just now
        "rate": np.log(count / (bought["days_since_first_ordered"].to_numpy(dtype=np.float64) + 7)),
    }
    for window in WINDOWS:
        orders = bought[f"order_count{window}"].to_numpy(dtype=np.float64)
        all_orders = _of(history.customers, f"order_count{window}", candidates.customer)
        features[f"count{window}"] = np.log1p(orders)
        features[f"order_share{window}"] = np.sqrt(orders / np.maximum(all_orders, 1))
    return features | _customer_features(candidates) | _product_features(candidates)


def new_features(candidates: Candidates) -> dict[str, FloatArray]:
    """Features of products never bought: how similar, of which kind, how popular, how curious the customer is; (n,)."""
    buyers = candidates.history.products["customer_count"].to_numpy(dtype=np.float64)
    return {
        "similarity": np.log(candidates.similarity.astype(np.float64) + 1e-4),
        "product_buyers": np.log((buyers + 1) / max(buyers.max(initial=0), 1))[candidates.product],
        **_kind_features(candidates),
        **curiosity_features(candidates),
        **_product_features(candidates),
    }


def product_orders(candidates: Candidates) -> FloatArray:
    """(n,) log of the product's share of everyone's orders, see `all_orders`."""
    orders = all_orders(candidates.history)
    return np.asarray(np.log((orders + 0.5) / max(orders.sum(), 1.0))[candidates.product])


def curiosity_features(candidates: Candidates) -> dict[str, FloatArray]:
    """How many products, in how many orders, the customer of each candidate has tried, and how lately; each (n,)."""
    history = candidates.history
    breadth = np.bincount(history.customer, minlength=len(history.customers)).astype(np.float64)[candidates.customer]
    orders = np.maximum(_of(history.customers, "order_count", candidates.customer), 1)
    return {
        "breadth": np.log1p(breadth),
        "breadth_per_order": np.log((breadth + 1) / orders),
        **_customer_features(candidates),
    }


def _kind_features(candidates: Candidates) -> dict[str, FloatArray]:
    """How much the customer buys of the kind, and everyone; how much of the kind is the product; 0 without a kind."""
    goods = candidates.history.products
    kind_of = goods[KIND].to_numpy(dtype=np.int64)
    kinds = int(kind_of.max(initial=-1)) + 1
    if not kinds:
        nothing = np.zeros(len(candidates.customer))
        return {"kind_affinity": nothing, "kind_share": nothing, "share_of_kind": nothing}
    orders, recent = (goods[name].to_numpy(dtype=np.float64) for name in ("order_count", "order_count_30d"))
    is_known, kind = kind_of >= 0, np.maximum(kind_of, 0)
    of_kind = np.bincount(kind[is_known], weights=orders[is_known], minlength=kinds)
    recent_of_kind = np.bincount(kind[is_known], weights=recent[is_known], minlength=kinds)
    everyone = of_kind / max(orders.sum(), 1.0)
    has_kind, mine = is_known[candidates.product], kind[candidates.product]
    features = {
        # what everyone buys counts a little, so that kinds never bought differ
        "kind_affinity": np.log(_own_share(candidates, kind_of) + 0.05 * everyone[mine] + 1e-6),
        "kind_share": np.log(everyone[mine] + 1e-6),
        "share_of_kind": np.log((recent[candidates.product] + 0.5) / (recent_of_kind[mine] + 1)),
    }
    return {name: np.where(has_kind, values, 0.0) for name, values in features.items()}


def _own_share(candidates: Candidates, kind_of: IntArray) -> FloatArray:
    """(candidates,) the share of the candidate's kind in what its customer bought, by `profile_weights`."""
    if not len(candidates.customer):
        return np.zeros(0)
    history = candidates.history
    # only what these customers bought: candidates come in chunks of a batch
    first = int(candidates.customer.min())
    rows = history.customer_slice(first, int(candidates.customer.max()) + 1)
    customer, product = history.customer[rows] - first, history.product[rows]
    weight = profile_weights(history.interactions.iloc[rows])
    total = np.bincount(customer, weights=weight, minlength=int(candidates.customer.max()) - first + 1)
    kinds = np.int64(kind_of.max(initial=0) + 2)
    keys, place = np.unique(customer * kinds + kind_of[product] + 1, return_inverse=True)
    sums = np.append(np.bincount(place, weights=weight, minlength=len(keys)), 0.0)
    wanted = (candidates.customer - first) * kinds + kind_of[candidates.product] + 1
    found = np.searchsorted(keys, wanted)
    is_there = np.append(keys, -1)[found] == wanted
    return np.where(is_there, sums[found], 0.0) / np.maximum(total[candidates.customer - first], 1e-9)


def _customer_features(candidates: Candidates) -> dict[str, FloatArray]:
    people, customer = candidates.history.customers, candidates.customer
    return {
        "customer_orders": np.log1p(_of(people, "order_count", customer)),
        "customer_orders_30d": np.log1p(_of(people, "order_count_30d", customer)),
        "customer_days_since": np.log1p(_of(people, "days_since_last_order", customer)),
    }


def _product_features(candidates: Candidates) -> dict[str, FloatArray]:
    """Shares of all lines, not counts: a shop grows, and its sample is smaller than itself."""
    goods, product = candidates.history.products, candidates.product
    orders, of_14d, of_30d, of_90d = (
        goods[f"order_count{window}"].to_numpy(dtype=np.float64) for window in ("", "_14d", "_30d", "_90d")
    )
    recent_share = np.log((of_30d + 0.5) / max(of_30d.sum(), 1.0))
    return {
        "product_recent_share": recent_share[product],
        "product_trend_30d": (np.log1p(of_30d) - np.log1p(of_90d))[product],
        "product_trend_14d": (np.log1p(of_14d) - np.log1p(of_30d))[product],
        "product_repeat": np.log((orders + 1) / (goods["customer_count"].to_numpy(dtype=np.float64) + 1))[product],
    }


def _of(frame: pd.DataFrame, column: str, position: IntArray | slice) -> FloatArray:
    return frame[column].to_numpy(dtype=np.float64)[position]
