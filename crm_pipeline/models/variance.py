"""Differences between groups of which only number, mean and standard deviation are known."""

from __future__ import annotations

import numpy as np
from scipy.stats import f

from crm_pipeline.models.calibration import FloatArray


def welch_anova(count: FloatArray, mean: FloatArray, deviation: FloatArray) -> tuple[float, float] | None:
    """F and its p-value that the groups, (groups,) each, have one mean, without assuming one variance.

    Source: Welch (1951), "On the comparison of several mean values", Biometrika 38, 330-336. count: 2 or more each;
    deviation: of the sample, above 0. None below two groups.
    """
    groups = len(count)
    if groups < 2:
        return None
    weight = count / deviation**2
    total = weight.sum()
    centre = (weight * mean).sum() / total
    between = (weight * (mean - centre) ** 2).sum() / (groups - 1)
    spread = (((1 - weight / total) ** 2) / (count - 1)).sum()
    statistic = between / (1 + 2 * (groups - 2) / (groups**2 - 1) * spread)
    return float(statistic), float(f.sf(statistic, groups - 1, (groups**2 - 1) / (3 * spread)))


def eta_squared(count: FloatArray, mean: FloatArray, deviation: FloatArray) -> float | None:
    """Share of all variance that lies between the groups, 0..1; None without variance."""
    if count.sum() == 0:
        return None
    centre = (count * mean).sum() / count.sum()
    between, within = (count * (mean - centre) ** 2).sum(), ((count - 1) * deviation**2).sum()
    whole = float(between + within)
    return min(float(np.divide(between, whole)), 1.0) if whole > 0 else None
