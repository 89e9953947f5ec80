"""Features that know the outcome: a canary for what slipped into the past from the future."""

from __future__ import annotations

import numpy as np

from crm_pipeline.models.calibration import BoolArray, FloatArray
from crm_pipeline.models.classifiers_btyd import MIXED
from crm_pipeline.models.classifiers_data import EXPECTED, RECENCY, TrainingData

TELLING = 0.99
"""Area under the ROC curve of one feature alone. Honest ones stay far below it; who will leave is never that plain."""
TRUSTED = (RECENCY, EXPECTED, MIXED)
"""Features that the rules are made of: computed here from dated orders alone."""


def tell_tales(data: TrainingData) -> dict[str, float]:
    """The features that alone rank the outcome with an area of TELLING or more in either direction, with that area.

    Being missing counts as a value of its own, below all others: a field may be filled only for those who left.
    """
    found = {}
    for column, name in enumerate(data.features):
        area = _area(data.X[:, column], data.y)
        if name not in TRUSTED and max(area, 1 - area) >= TELLING:
            found[name] = round(max(area, 1 - area), 4)
    return found


def _area(values: FloatArray, y: BoolArray) -> float:
    """Chance that a row of those who left has the higher value, ties half; y holds both classes."""
    filled = np.where(np.isnan(values), -np.inf, values)
    stayed = np.sort(filled[~y])
    left = filled[y]
    below = np.searchsorted(stayed, left, side="left") + np.searchsorted(stayed, left, side="right")
    return float(below.mean()) / (2 * len(stayed))
