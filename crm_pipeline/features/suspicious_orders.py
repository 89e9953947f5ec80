"""Orders that deserve a look: each sign of a fraud with its strength, combined into a score. A sign is no proof.

Judged are the orders known in the 32 days before the snapshot (or since the snapshot before, when that is longer ago),
against what is usual in the year before it; `models/suspicion.py` holds the rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table
from crm_pipeline.project import Project

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.models.isolation import FittedIsolation

STREAM_BY = "order_id"
SAMPLE_SIZE = 50_000
REASON_COUNT = 3
LOWEST_SCORE = 0.1


def _reason_columns() -> Iterator[Column]:
    for i in range(1, REASON_COUNT + 1):
        yield Column(f"reason_{i}", "varchar", f"Sign {i}, in the project's language.", nullable=i > 1)
        yield Column(f"reason_{i}_code", "varchar", "The sign's code.", nullable=i > 1)
        yield Column(f"reason_{i}_value", "double", "What was seen; null for the forest.", nullable=True)
        yield Column(f"reason_{i}_strength", "double", "The score that this sign alone would give, 0..1.")


TABLE = Table(
    name="suspicious_orders",
    description=f"One row per snapshot and order that shows signs of a fraud (score from {LOWEST_SCORE}).",
    grain=("snapshot_date", "order_id"),
    columns=(
        columns.SNAPSHOT_DATE,
        columns.ORDER_ID,
        columns.CUSTOMER_ID.may_be_null(),
        columns.ORDERED_AT,
        columns.NET_AMOUNT,
        Column("score", "double", "How suspicious the order is, 0..1; an order of ranks, not a probability."),
        *_reason_columns(),
    ),
    rules=(
        f"score between {LOWEST_SCORE} and 1",
        "reason_1_strength <= score + 0.000001",
        *(
            f"reason_{i}_strength between 0 and 1 and (reason_{i} is null) = (reason_{i}_strength = 0)"
            for i in range(1, REASON_COUNT + 1)
        ),
        "reason_1_strength >= reason_2_strength and reason_2_strength >= reason_3_strength",
    ),
    owner="team:data-science",
    expectations=(
        Expectation("mean", "score", maximum=0.9, why="where all is surely suspicious, a rule does not fit the shop"),
    ),
)


def fit_sample(sample: pd.DataFrame) -> FittedIsolation | None:
    """The forest of the snapshot, from a sample of its orders."""
    from crm_pipeline.models.isolation import fit_isolation
    from crm_pipeline.models.suspicion import order_matrix

    return fit_isolation(order_matrix(sample)) if len(sample) else None


def build(rows: pd.DataFrame, fitted: FittedIsolation | None, project: Project) -> pd.DataFrame:
    """The suspicious ones among some orders.

    Args:
        rows: one row per order_id with what the rules look at.
        fitted: the forest, None where there are too few orders for one.
        project: gives the language of reasons.
    """
    import numpy as np
    import pandas as pd

    from crm_pipeline.models.suspicion import CODES, FEWEST_ORDERS, combined, reason_words, strengths_of, values_of

    if rows.empty or int(rows["shop_order_count"].iloc[0]) < FEWEST_ORDERS:
        return pd.DataFrame(columns=list(TABLE.column_names))
    strengths = strengths_of(rows, fitted)
    scores = combined(strengths)
    chosen = scores >= LOWEST_SCORE
    strengths = strengths[chosen]
    values = values_of(rows[chosen], CODES)
    found: pd.DataFrame = rows.loc[
        chosen, ["snapshot_date", "order_id", "customer_id", "ordered_at", "net_amount"]
    ].reset_index(drop=True)
    found["score"] = scores[chosen]
    order = np.argsort(-strengths, axis=1, kind="stable")[:, :REASON_COUNT]
    for i in range(REASON_COUNT):
        place = order[:, i : i + 1]
        strength = np.take_along_axis(strengths, place, axis=1)[:, 0]
        value = np.where(strength > 0, np.take_along_axis(values, place, axis=1)[:, 0], np.nan)
        codes = [CODES[k] if s > 0 else None for k, s in zip(place[:, 0], strength, strict=True)]
        found[f"reason_{i + 1}"] = pd.Series(
            [
                reason_words(code, each, project.language) if code else None
                for code, each in zip(codes, value, strict=True)
            ],
            dtype=object,
        )
        found[f"reason_{i + 1}_code"] = pd.Series(codes, dtype=object)
        found[f"reason_{i + 1}_value"] = value
        found[f"reason_{i + 1}_strength"] = strength
    return found.reindex(columns=list(TABLE.column_names))
