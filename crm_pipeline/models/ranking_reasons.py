"""Why a product is on a customer's list: a code and its parameters, and words for them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm_pipeline.models.item_similarity import FloatArray, IntArray, places_within
from crm_pipeline.models.ranking_candidates import SIMILAR, SOURCES, Candidates, profile_matrix
from crm_pipeline.models.ranking_features import usual_gap_days

DUE_AGAIN, BOUGHT_OFTEN, BOUGHT_BEFORE, GOES_WITH, POPULAR_NOW = (
    "due_again",
    "bought_often",
    "bought_before",
    "goes_with",
    "popular_now",
)
REASONS = (DUE_AGAIN, BOUGHT_OFTEN, BOUGHT_BEFORE, GOES_WITH, POPULAR_NOW)
DUE_FROM, DUE_UNTIL = 0.8, 3.0
"""Multiples of the usual gap between which a product is called due; later it is rather given up."""
_CUSTOMERS_PER_CHUNK = 4_096

WORDS = {
    "en": {
        DUE_AGAIN: "Due again: bought {order_count} times, about every {days_between_orders} days, "
        "last {days_since_last_ordered} days ago",
        BOUGHT_OFTEN: "Bought {order_count} times, last {days_since_last_ordered} days ago",
        BOUGHT_BEFORE: "Bought before, {days_since_last_ordered} days ago",
        GOES_WITH: "Goes with {related_product}, bought before",
        POPULAR_NOW: "Popular now: in {product_order_count_30d} orders of the last 30 days",
    },
    "de": {
        DUE_AGAIN: "Wieder fällig: {order_count}-mal gekauft, etwa alle {days_between_orders} Tage, "
        "zuletzt vor {days_since_last_ordered} Tagen",
        BOUGHT_OFTEN: "{order_count}-mal gekauft, zuletzt vor {days_since_last_ordered} Tagen",
        BOUGHT_BEFORE: "Schon gekauft, vor {days_since_last_ordered} Tagen",
        GOES_WITH: "Passt zu {related_product}, schon gekauft",
        POPULAR_NOW: "Gerade beliebt: in {product_order_count_30d} Bestellungen der letzten 30 Tage",
    },
}


def reason_columns(picks: Candidates) -> pd.DataFrame:
    """Reason code and parameters of the picked candidates, (n) rows in their order.

    Columns: reason (of REASONS); for own products order_count, days_between_orders (NaN when ordered once) and
    days_since_last_ordered; for similar ones related_product_id, the own product that speaks most for it; for the
    popular ones product_order_count_30d. The parameters of the other reasons are missing.
    """
    history, is_own = picks.history, ~picks.is_new
    is_similar = picks.source == SOURCES.index(SIMILAR)
    bought = history.interactions.take(picks.interaction[is_own])
    gap = np.full(len(is_own), np.nan)
    gap[is_own] = usual_gap_days(bought)
    count, since = _spread(bought["order_count"], is_own), _spread(bought["days_since_last_ordered"], is_own)
    recent = history.products["order_count_30d"].to_numpy(dtype=np.float64)[picks.product]
    reason = np.select(
        [is_own & (since >= DUE_FROM * gap) & (since <= DUE_UNTIL * gap), is_own & (count > 1), is_own, is_similar],
        [DUE_AGAIN, BOUGHT_OFTEN, BOUGHT_BEFORE, GOES_WITH],
        POPULAR_NOW,
    )
    related = np.full(len(is_own), -1, dtype=np.int64)
    related[is_similar] = related_products(picks.where(is_similar))
    return pd.DataFrame(
        {
            "reason": reason,
            "order_count": _whole(count),
            "days_between_orders": gap,
            "days_since_last_ordered": _whole(since),
            "related_product_id": pd.array(history.products["product_id"]).take(related, allow_fill=True),
            "product_order_count_30d": _whole(np.where(is_own | is_similar, np.nan, recent)),
        }
    )


def related_products(picks: Candidates) -> IntArray:
    """Per pick the customer's product that adds most to its similarity: position in the history's products, (n,)."""
    history, similarity = picks.history, picks.item_similarity
    known = pd.Index(similarity.product_ids)
    column_of = known.get_indexer(pd.Index(history.products["product_id"])).astype(np.int64)
    product_of = pd.Index(history.products["product_id"]).get_indexer(known).astype(np.int64)
    towards = similarity.neighbours.T.tocsr()
    related = np.full(len(picks.customer), -1, dtype=np.int64)
    for start in range(0, len(history.customers), _CUSTOMERS_PER_CHUNK):
        stop = min(start + _CUSTOMERS_PER_CHUNK, len(history.customers))
        first, last = np.searchsorted(picks.customer, (start, stop))
        if first == last:
            continue
        profile = profile_matrix(history, similarity, start, stop)[picks.customer[first:last] - start]
        shares = profile.multiply(towards[column_of[picks.product[first:last]]]).tocoo()
        order = np.lexsort((shares.col, -shares.data, shares.row))
        row, column = shares.row[order], shares.col[order]
        is_best = places_within(row) == 0
        related[first + row[is_best]] = product_of[column[is_best]]
    return related


def reason_text(
    reason: str,
    *,
    order_count: Any = None,
    days_between_orders: Any = None,
    days_since_last_ordered: Any = None,
    related_product: Any = None,
    product_order_count_30d: Any = None,
    language: str = "en",
) -> str:
    """One row's reason in words; `related_product` is the name (or id) of the product it goes with.

    Raises ValueError for an unknown reason or language, or a parameter that the reason needs and lacks.
    """
    if language not in WORDS or reason not in WORDS[language]:
        raise ValueError(
            f"no words for reason {reason!r} in language {language!r}; known are {REASONS}, {tuple(WORDS)}"
        )
    given = {
        "order_count": order_count,
        "days_between_orders": days_between_orders,
        "days_since_last_ordered": days_since_last_ordered,
        "related_product": related_product,
        "product_order_count_30d": product_order_count_30d,
    }
    template = WORDS[language][reason]
    absent = [name for name, value in given.items() if f"{{{name}}}" in template and _is_missing(value)]
    if absent:
        raise ValueError(f"reason {reason!r} needs {absent}")
    return template.format(**{name: _rounded(value) for name, value in given.items()})


def _spread(values: pd.Series, rows: npt.NDArray[np.bool_]) -> FloatArray:
    spread = np.full(len(rows), np.nan)
    spread[rows] = values.to_numpy(dtype=np.float64)
    return spread


def _whole(values: FloatArray) -> pd.Series:
    """Whole numbers, missing where NaN."""
    return pd.Series(values).astype("Int64")


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def _rounded(value: Any) -> Any:
    return round(value) if isinstance(value, float) and not math.isnan(value) else value
