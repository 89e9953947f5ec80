"""What a list was worth to each customer, all told and for repeats and discoveries apart."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm_pipeline.models.item_similarity import IntArray
from crm_pipeline.models.metrics.ranking import (
    hit_rate_at_k,
    mrr_at_k,
    ndcg_at_k,
    precision_at_k,
    recall_at_k,
)
from crm_pipeline.models.purchase_history import PurchaseHistory

METRICS = {
    "recall": recall_at_k,
    "ndcg": ndcg_at_k,
    "hit_rate": hit_rate_at_k,
    "mrr": mrr_at_k,
    "precision": precision_at_k,
}
PARTS = ("", "repeat_", "explore_")


def metric_columns(k: int = 10) -> tuple[str, ...]:
    """The figures of `ranking_values`: recall_at_10, ndcg_at_10, …, repeat_recall_at_10, …, explore_hit_rate_at_10."""
    return tuple(f"{part}{name}_at_{k}" for part in PARTS for name in METRICS)


def ranking_values(
    ranked: pd.DataFrame, purchases: pd.DataFrame, k: int = 10, customer_ids: Collection[Any] | None = None
) -> pd.DataFrame:
    """Judge lists by what was bought in the horizon after the snapshot.

    Args:
        ranked: customer_id, rank (from 1), product_id; the lists of any model or rule.
        purchases: a row per customer_id and product_id bought in the horizon, and is_repeat: bought before as well.
        k: length of the lists that is judged; shorter lists miss.
        customer_ids: who was to be served (default: who is in `ranked`). Others' purchases are ignored.

    Returns:
        A row per served customer who bought something, by customer_id: customer_id, purchase_count (distinct products)
        and `metric_columns`. recall = hits / distinct products bought; repeat_ counts only products bought before,
        explore_ only others (at their places in the same list), NaN for customers who bought none of that part.

    Raises:
        ValueError: for absent columns, repeated rows, or ranks below 1.
    """
    _check(ranked, purchases)
    served = pd.Index(ranked["customer_id"].unique() if customer_ids is None else list(customer_ids))
    bought = purchases[purchases["customer_id"].isin(served).to_numpy()]
    people = pd.Index(np.unique(bought["customer_id"].to_numpy()))
    buyer = people.get_indexer(pd.Index(bought["customer_id"]))
    listed = ranked[((ranked["rank"] <= k) & ranked["customer_id"].isin(people)).to_numpy()]
    is_repeat = bought["is_repeat"].to_numpy(dtype=np.bool_)
    found = listed[["customer_id", "product_id", "rank"]].merge(
        bought.assign(is_repeat=is_repeat)[["customer_id", "product_id", "is_repeat"]], on=["customer_id", "product_id"]
    )
    row, place = people.get_indexer(pd.Index(found["customer_id"])), found["rank"].to_numpy(dtype=np.int64) - 1
    values: dict[str, Any] = {"customer_id": people, "purchase_count": np.bincount(buyer, minlength=len(people))}
    for part in PARTS:
        hit_counts, relevant_counts = (
            _selected(part, found["is_repeat"].to_numpy(dtype=np.bool_)),
            _selected(part, is_repeat),
        )
        hits = hit_matrix(row[hit_counts], place[hit_counts], len(people), k)
        relevant = np.bincount(buyer[relevant_counts], minlength=len(people))
        values |= {f"{part}{name}_at_{k}": metric(hits, relevant, k) for name, metric in METRICS.items()}
    return pd.DataFrame(values)


def hit_matrix(row: npt.NDArray[Any], place: npt.NDArray[Any], rows: int, k: int) -> npt.NDArray[np.bool_]:
    """(rows, k) booleans, true at the given pairs."""
    hits = np.zeros((rows, k), dtype=np.bool_)
    hits[row, place] = True
    return hits


def relevant_counts(history: PurchaseHistory, purchases: pd.DataFrame) -> IntArray:
    """Distinct products bought per customer of the history, also products that nobody had bought before."""
    pairs = purchases[["customer_id", "product_id"]].drop_duplicates()
    buyer = pd.Index(history.customers["customer_id"]).get_indexer(pd.Index(pairs["customer_id"]))
    return np.bincount(buyer[buyer >= 0], minlength=len(history.customers)).astype(np.int64)


def _selected(part: str, is_repeat: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    return {"": np.ones_like(is_repeat), "repeat_": is_repeat, "explore_": ~is_repeat}[part]


def _check(ranked: pd.DataFrame, purchases: pd.DataFrame) -> None:
    needed = {"ranked": (ranked, ("customer_id", "rank", "product_id"))}
    needed["purchases"] = (purchases, ("customer_id", "product_id", "is_repeat"))
    for name, (frame, columns) in needed.items():
        absent = [column for column in columns if column not in frame]
        if absent:
            raise ValueError(f"{name} lacks the columns {absent}")
        if frame.duplicated(["customer_id", "product_id"]).any():
            raise ValueError(f"{name} has more than one row for a customer_id and product_id")
    if ranked.duplicated(["customer_id", "rank"]).any() or (ranked["rank"] < 1).any():
        raise ValueError("ranked.rank must be at least 1 and occur once per customer_id")
