"""Folds that are later in time and disjoint in customers from what is fitted on.

A random split would let a model see the same customers, and the same weeks, that it is judged on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm_pipeline.models.calibration import BoolArray, IntArray
from crm_pipeline.models.classifiers_data import TrainingData

CUSTOMER_FOLDS = 3
JUDGED_SNAPSHOTS = 4
TIME_BLOCKS = 2
LEAST_CLASS_ROWS_TO_FIT = 10


@dataclass(frozen=True)
class Fold:
    """Positions of the rows to fit on and to judge, and the customer fold that is judged."""

    fit: IntArray
    judged: IntArray
    customer_fold: int


def make_folds(data: TrainingData, horizon_days: int) -> list[Fold]:
    """Up to TIME_BLOCKS x CUSTOMER_FOLDS folds over the newest JUDGED_SNAPSHOTS snapshots.

    Each is fitted on snapshots whose outcome was known when the block begins (all earlier ones, where none was) and
    on other customers. With one snapshot, or where earlier ones cannot be fitted on, only the customers differ.
    Folds whose fitting part has fewer than 10 rows of a class are left out; the list may be empty.
    """
    blocks = _time_blocks(data, horizon_days)
    folds = [fold for fit, judged in blocks for fold in _customer_folds(data, fit, judged)]
    if not folds:
        everything = np.ones(len(data.y), dtype=np.bool_)
        folds = list(_customer_folds(data, everything, everything))
    return folds


def customer_fold(data: TrainingData) -> IntArray:
    """The fold of each row's customer, (n,)."""
    return (data.customer_hash % np.uint64(CUSTOMER_FOLDS)).astype(np.int64)


def _time_blocks(data: TrainingData, horizon_days: int) -> list[tuple[BoolArray, BoolArray]]:
    """Masks (fit, judged) per block of the newest snapshots."""
    snapshots = np.unique(data.snapshot)
    judged = snapshots[-min(JUDGED_SNAPSHOTS, len(snapshots) - 1) :] if len(snapshots) > 1 else snapshots[:0]
    blocks = []
    for block in np.array_split(judged, min(TIME_BLOCKS, max(1, len(judged)))):
        if len(block) == 0:
            continue
        is_known = data.snapshot + np.timedelta64(horizon_days, "D") <= block[0]
        fit = is_known if is_known.any() else data.snapshot < block[0]
        blocks.append((fit, np.isin(data.snapshot, block)))
    return blocks


def _customer_folds(data: TrainingData, fit: BoolArray, judged: BoolArray) -> list[Fold]:
    groups = customer_fold(data)
    folds = []
    for group in range(CUSTOMER_FOLDS):
        fitted, held = np.flatnonzero(fit & (groups != group)), np.flatnonzero(judged & (groups == group))
        churned = int(data.y[fitted].sum())
        if len(held) and min(churned, len(fitted) - churned) >= LEAST_CLASS_ROWS_TO_FIT:
            folds.append(Fold(fitted, held, group))
    return folds
