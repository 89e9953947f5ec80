"""Comparing models on the rows that they all scored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_pipeline.models.metrics import Metric


@dataclass(frozen=True)
class Comparison:
    """Models to compare: rows with snapshot_date and customer_id, model -> score column, and the outcome's column.

    `truth` is None when the metrics judge the score alone, as the mean of a value per customer does.
    """

    rows: pd.DataFrame
    columns: Mapping[str, str]
    metrics: Mapping[str, Metric]
    truth: str | None


def compare(
    comparison: Comparison, bootstrap: Callable[..., pd.DataFrame], baseline: str
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Results for the models that scored the same snapshots, beside the rows they rest on."""
    for snapshots, models in _models_by_snapshots(comparison, baseline).items():
        rows = comparison.rows[comparison.rows["snapshot_date"].isin(snapshots)]
        compared = list(dict.fromkeys([baseline, *models]))
        result = bootstrap(
            truth=np.zeros(len(rows)) if comparison.truth is None else rows[comparison.truth].to_numpy(np.float64),
            scores={model: rows[comparison.columns[model]].to_numpy(np.float64) for model in compared},
            metrics=comparison.metrics,
            customer_ids=rows["customer_id"],
        )
        yield rows, result[result["model"].isin(models)]


def _models_by_snapshots(comparison: Comparison, baseline: str) -> dict[tuple[pd.Timestamp, ...], list[str]]:
    """Models grouped by the snapshots that they scored; ValueError where one scored only part of a snapshot."""
    columns = comparison.columns
    missing = comparison.rows[list(columns.values())].isna().groupby(comparison.rows["snapshot_date"]).mean()
    groups: dict[tuple[pd.Timestamp, ...], list[str]] = {}
    for model, column in columns.items():
        shares = missing[column]
        if (is_partly := (shares > 0) & (shares < 1)).any():
            raise ValueError(f"{column} is missing for part of the snapshot {shares.index[is_partly][0].date()}")
        if model == baseline and (shares > 0).any():
            raise ValueError(f"{column} is the baseline, but is missing for a whole snapshot")
        scored = tuple(shares.index[shares == 0])
        # An empty population still gets its rows; a model without any score has nothing to judge.
        if scored or comparison.rows.empty:
            groups.setdefault(scored, []).append(model)
    return groups
