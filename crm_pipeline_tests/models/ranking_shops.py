"""Little shops for the tests of ranking: orders as tuples, counted the slow way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from crm_pipeline.models.purchase_history import (
    CUSTOMER_COLUMNS,
    INTERACTION_COLUMNS,
    PRODUCT_COLUMNS,
    PurchaseHistory,
    TrainingSnapshot,
)

Line = tuple[str, str, int]
"""customer_id, product_id, days before the snapshot (negative: after it). One order per customer and day."""


def frames(lines: Iterable[Line]) -> dict[str, pd.DataFrame]:
    """interactions, customers and products from the lines before the snapshot."""
    rows = pd.DataFrame(sorted({line for line in lines if line[2] > 0}), columns=["customer_id", "product_id", "day"])
    orders = rows.drop_duplicates(["customer_id", "day"])
    return {
        "interactions": _counted(rows, ["customer_id", "product_id"]).rename(
            columns={"first": "days_since_first_ordered", "last": "days_since_last_ordered"}
        )[["customer_id", "product_id", *INTERACTION_COLUMNS]],
        "customers": _counted(orders, ["customer_id"]).rename(columns={"last": "days_since_last_order"})[
            ["customer_id", *CUSTOMER_COLUMNS]
        ],
        "products": _counted(rows, ["product_id"]).merge(
            rows.groupby("product_id", as_index=False).agg(customer_count=("customer_id", "nunique"))
        )[["product_id", *PRODUCT_COLUMNS]],
    }


def history(lines: Iterable[Line]) -> PurchaseHistory:
    """The history of the lines before the snapshot."""
    return PurchaseHistory.from_frames(**frames(lines))


def purchases(lines: Sequence[Line]) -> pd.DataFrame:
    """customer_id, product_id, is_repeat of the lines after the snapshot."""
    known = {line[:2] for line in lines if line[2] > 0}
    bought = sorted({line[:2] for line in lines if line[2] <= 0})
    rows = [(*pair, pair in known) for pair in bought]
    return pd.DataFrame(rows, columns=["customer_id", "product_id", "is_repeat"]).astype({"is_repeat": bool})


def snapshot(lines: Sequence[Line]) -> TrainingSnapshot:
    """History and outcome of the lines."""
    return TrainingSnapshot(history(lines), purchases(lines))


def grocery_lines(customers: int, seed: int, *, horizon: int = 30, is_random: bool = False) -> list[Line]:
    """A shop in which each customer restocks some products at steady gaps, dropped some others, and tries some once.

    Dropped products were ordered more often than restocked ones, so a rule that only counts orders goes wrong. With
    `is_random` what follows the snapshot has nothing to do with what was before it.
    """
    rng = np.random.default_rng(seed)
    lines: list[Line] = []
    for number in range(customers):
        name, taste = f"c{number:04d}", 40 * (number % 2)
        for product in rng.choice(30, size=6, replace=False) + taste:
            gap = int(rng.integers(12, 26))
            lines += [(name, f"p{product:03d}", day) for day in range(int(rng.integers(1, gap)), 150, gap)]
            due = int(rng.integers(0, horizon + 15))
            if due < horizon and not is_random:
                lines.append((name, f"p{product:03d}", -due))
        for product in rng.choice(10, size=4, replace=False) + 30 + taste:
            lines += [(name, f"p{product:03d}", day) for day in range(110, 330, 11)]
        for product in rng.choice(80, size=6, replace=False):
            lines.append((name, f"p{product:03d}", int(rng.integers(1, 300))))
        for product in rng.choice(40, size=2, replace=False) + taste:
            lines.append((name, f"p{product:03d}", -int(rng.integers(0, horizon))))
        if is_random:
            lines += [(name, f"p{product:03d}", -1) for product in rng.choice(80, size=4, replace=False)]
    return lines


def _counted(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    windows = {f"order_count_{days}d": (rows["day"] <= days).astype("int64") for days in (14, 30, 90, 180)}
    counted = rows.assign(order_count=1, **windows).groupby(keys, as_index=False)
    sums = counted[["order_count", *windows]].sum()
    return sums.merge(counted.agg(first=("day", "max"), last=("day", "min")))
