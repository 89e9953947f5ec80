"""A small shop for tests of the learned mix: everyone orders a favourite weekly, and one thing in passing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from crm_pipeline.recommendations import product_popularity, product_similarities, recommendation_model
from crm_pipeline_tests.kit import built_rows

DAYS = ("2024-03-01", "2024-04-01")


def shop_lines(customers: int = 240, seed: int = 5) -> pd.DataFrame:
    """Order lines of January to April 2024.

    Half of the customers gave up an old favourite, ordered often in January, for a new one: the rule, which counts
    orders, is slower to see it than the mix.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        old, new = (f"f{position:02d}" for position in rng.choice(30, 2, replace=False))
        for week in range(17):
            day = pd.Timestamp("2024-01-01") + pd.Timedelta(days=7 * week + int(rng.integers(7)))
            favourite = [old] * (3 if week < 4 else 0) if number % 2 else [new]
            bought = {*favourite, new if week >= 4 else old, f"p{int(rng.integers(60)):02d}"}
            rows += [(f"c{number:03d}", f"o{number}-{week}", item, day) for item in sorted(bought)]
    frame = pd.DataFrame(rows, columns=["customer_id", "order_id", "product_id", "ordered_at"])
    return frame.assign(quantity=1)


def orders_of(lines: pd.DataFrame) -> pd.DataFrame:
    """The orders that the lines belong to."""
    grouped = lines.groupby(["order_id", "customer_id", "ordered_at"], as_index=False)
    return grouped.agg(line_count=("product_id", "size"))


def upstream(lines: Any, orders: Any, days: tuple[str, ...] = DAYS, **more: Any) -> dict[str, Any]:
    """What `customer_recommendations` reads, built for the days."""
    sources = {"order_lines": lines, "orders": orders}
    popularity = built_rows(product_popularity, snapshot_dates=days, order_lines=lines)
    popularity = popularity.astype({"product_name": object}).where(popularity.notna(), None)
    given = {**sources, "product_popularity": popularity}
    similarities = built_rows(product_similarities, snapshot_dates=days, **given)
    model = built_rows(recommendation_model, snapshot_dates=days, **given, **more)
    return {**given, "product_similarities": similarities, "recommendation_model": model}
