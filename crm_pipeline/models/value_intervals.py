"""Predictive intervals of spend from how earlier forecasts fell out: quantiles of outcome over forecast.

Customers are grouped by their chance to buy, for most of the uncertainty is whether they buy at all; within a group the
outcomes known so far, each divided by its forecast, are the predictive distribution (split conformal prediction: Vovk,
Gammerman and Shafer, 2005; by groups: "Mondrian"). It has no shape to get wrong and is calibrated by construction, as
far as the next horizon is like those judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from crm_pipeline.models.calibration import FloatArray, IntArray

GROUPS = 10
LEAST_GROUP_ROWS = 100
QUANTILES = 101


@dataclass(frozen=True)
class RatioIntervals:
    """Quantiles of outcome / forecast at even levels from 0 to 1, shape (groups, QUANTILES), and the groups' borders.

    borders: rising chances to buy, one less than groups. zeros: share of outcomes not above 0, shape (groups,).
    """

    borders: FloatArray
    ratios: FloatArray
    zeros: FloatArray

    @classmethod
    def fit(cls, chance: FloatArray, forecast: FloatArray, spend: FloatArray) -> Self | None:
        """From outcomes that the forecasts, (n,) each, were not fitted on; None with fewer than LEAST_GROUP_ROWS."""
        is_used = forecast > 0
        chance, ratio = chance[is_used], np.maximum(spend[is_used], 0.0) / forecast[is_used]
        count = min(GROUPS, len(ratio) // LEAST_GROUP_ROWS)
        if count == 0:
            return None
        borders = np.unique(np.quantile(chance, np.arange(1, count) / count))
        group = np.searchsorted(borders, chance, side="right")
        parts = [ratio[group == number] for number in range(len(borders) + 1)]
        borders = borders[[len(part) > 0 for part in parts[:-1]]]
        parts = [part for part in parts if len(part)]
        levels = np.linspace(0, 1, QUANTILES)
        ratios = np.array([np.quantile(part, levels) for part in parts])
        return cls(borders[: len(parts) - 1], ratios, np.array([float(np.mean(part <= 0)) for part in parts]))

    def group(self, chance: FloatArray) -> IntArray:
        """The group of each customer, (n,)."""
        return np.asarray(np.searchsorted(self.borders, chance, side="right"), dtype=np.int64)

    def quantile(self, chance: FloatArray, forecast: FloatArray, level: float) -> FloatArray:
        """The spend, (n,), that the customer stays below with probability `level`, 0..1."""
        levels = np.linspace(0, 1, self.ratios.shape[1])
        by_group = np.array([np.interp(level, levels, ratios) for ratios in self.ratios])
        return np.asarray(by_group[self.group(chance)] * forecast)

    def position(self, chance: FloatArray, forecast: FloatArray, spend: FloatArray, draw: FloatArray) -> FloatArray:
        """Where outcomes lie in their distributions, 0..1, shape (n,): the randomised probability integral transform.

        Uniform when the distributions are right (Czado, Gneiting and Held, 2009). draw: uniform numbers, (n,), which
        spread outcomes of 0 over the probability of 0.
        """
        levels, found = np.linspace(0, 1, self.ratios.shape[1]), np.empty(len(spend))
        group = self.group(chance)
        ratio = np.divide(spend, forecast, out=np.zeros_like(spend), where=forecast > 0)
        for number, ratios in enumerate(self.ratios):
            rows = group == number
            found[rows] = np.interp(ratio[rows], ratios, levels)
        return np.where(ratio <= 0, draw * self.zeros[group], np.maximum(found, self.zeros[group]))

    def to_dict(self) -> dict[str, Any]:
        """JSON-able parameters."""
        return {"borders": self.borders.tolist(), "ratios": self.ratios.tolist(), "zeros": self.zeros.tolist()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """The inverse of to_dict."""
        return cls(*(np.array(stored[name], dtype=np.float64) for name in ("borders", "ratios", "zeros")))


def interval_score(spend: FloatArray, lower: FloatArray, upper: FloatArray, level: float = 0.8) -> FloatArray:
    """Width plus 2 / (1 - level) x the distance of outcomes outside, (n,); less is better (Gneiting, Raftery, 2007)."""
    outside = np.maximum(lower - spend, 0.0) + np.maximum(spend - upper, 0.0)
    return np.asarray(upper - lower + 2 / (1 - level) * outside)
