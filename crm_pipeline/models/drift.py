"""How far what is seen now has moved from what a model learned, beside what chance alone would do.

Distributions are compared by the population stability index, the sum over bins of (q - p) ln(q / p) with shares p of
the reference and q of now: the symmetric Kullback-Leibler divergence (Jeffreys, 1946; Siddiqi, 2006, has 0.1 and 0.25
as the usual limits). Shares of churn are compared by the ratio of their odds, which means the same at 5 % and at 50 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2, norm

from crm_pipeline.models.calibration import FloatArray

BINS = 10
CHANCE = 0.001
"""Without any drift, the stated limit of chance is passed this often."""


@dataclass(frozen=True)
class Shift:
    """How far, and what chance alone passes once in 1,000 times; both NaN where there is nothing to compare."""

    value: float
    chance: float


NOTHING = Shift(math.nan, math.nan)


def stability_index(reference: FloatArray, now: FloatArray, reference_customers: int | None = None) -> Shift:
    """The population stability index of values, missing ones (NaN) being a bin of their own.

    Args:
        reference: (m,); tenths of its present values make the bins, fewer where values are equal.
        now: (n,).
        reference_customers: independent values among the m (default: all); chance is reckoned with these.

    Half a row is added to each bin, so that an empty one does not make the index infinite.
    """
    if not len(reference) or not len(now):
        return NOTHING
    present = reference[~np.isnan(reference)]
    inner = np.linspace(0, 1, BINS + 1)[1:-1]
    edges = np.unique(np.quantile(present, inner)) if len(present) else np.zeros(0)
    counts = np.array([_binned(reference, edges), _binned(now, edges)], dtype=np.float64)
    counts = counts[:, counts.sum(axis=0) > 0] + 0.5
    p, q = counts / counts.sum(axis=1, keepdims=True)
    size = 1 / (reference_customers or len(reference)) + 1 / len(now)
    chance = float(chi2.ppf(1 - CHANCE, len(p) - 1)) * size if len(p) > 1 else 0.0
    return Shift(float(((q - p) * np.log(q / p)).sum()), chance)


def odds_ratio(count: float, rows: int, reference_share: float, reference_rows: float = math.inf) -> Shift:
    """Odds of `count` of `rows` against those of a share, as a ratio of at least 1, whichever are higher.

    Args:
        count: rows of the kind now. rows: all rows now.
        reference_share: expected share, 0 to 1. reference_rows: rows that it was seen in (infinite: it was stated).

    Half a row of either kind is added now, and to a share that was seen.
    """
    if not rows or not reference_rows or math.isnan(reference_share):
        return NOTHING
    now = (count + 0.5) / (rows + 1)
    seen = (
        (reference_share * reference_rows + 0.5) / (reference_rows + 1)
        if math.isfinite(reference_rows)
        else min(max(reference_share, 0.5 / (rows + 1)), 1 - 0.5 / (rows + 1))
    )
    error = math.sqrt(1 / (rows * now * (1 - now)) + 1 / (reference_rows * seen * (1 - seen)))
    distance = abs(math.log(now / (1 - now)) - math.log(seen / (1 - seen)))
    return Shift(math.exp(distance), math.exp(float(norm.ppf(1 - CHANCE / 2)) * error))


def _binned(values: FloatArray, edges: FloatArray) -> FloatArray:
    """Rows per bin, those without a value last: (len(edges) + 2,)."""
    is_missing = np.isnan(values)
    counts = np.bincount(np.searchsorted(edges, values[~is_missing], side="left"), minlength=len(edges) + 1)
    return np.append(counts, is_missing.sum()).astype(np.float64)
