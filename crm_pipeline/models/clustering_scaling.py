"""Puts customer features of any unit and skew on one scale that a few extreme customers cannot stretch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

CLIP = 3.0
SKEWED = 0.5
NORMAL_WIDTH = 2.563  # from the 10 % to the 90 % quantile of a standard normal


@dataclass(frozen=True)
class FeatureScale:
    """x -> clip((y - center) / width, -3, 3), y = sign(x) ln(1 + |x| / unit) for a skewed feature, else x.

    The unit is the median size of the non-zero values: the result is the same in cents and in euros.
    """

    name: str
    is_log: bool
    unit: float
    center: float
    width: float

    def transform(self, values: FloatArray, clip: float = CLIP) -> FloatArray:
        """Scaled values, shape as given; a missing value becomes the median, 0."""
        y = np.sign(values) * np.log1p(np.abs(values) / self.unit) if self.is_log else values
        return np.asarray(np.nan_to_num(np.clip((y - self.center) / self.width, -clip, clip), nan=0.0))

    def inverse(self, scaled: FloatArray) -> FloatArray:
        """Values in the feature's own unit."""
        y = scaled * self.width + self.center
        return np.asarray(np.sign(y) * np.expm1(np.abs(y)) * self.unit if self.is_log else y)


def fit_scales(names: Sequence[str], values: FloatArray) -> tuple[tuple[FeatureScale, ...], list[str]]:
    """Scales of the columns of `values`, shape (customers, features), and notes on constant ones, which are left out.

    A feature is skewed when one tail of its 5 %..95 % range is three times as long as the other.
    """
    scales, constant = [], []
    for name, column in zip(names, values.T, strict=True):
        known = np.sort(column[~np.isnan(column)])
        if len(known) == 0 or known[0] == known[-1]:
            constant.append(name)
            continue
        nonzero = np.abs(known[known != 0])
        unit = float(np.median(nonzero))
        low, middle, high = np.quantile(known, [0.05, 0.5, 0.95])
        is_log = high == low or abs(high + low - 2 * middle) > SKEWED * (high - low)
        y = np.sign(known) * np.log1p(np.abs(known) / unit) if is_log else known
        center, width = float(np.median(y)), float(np.quantile(y, 0.9) - np.quantile(y, 0.1)) / NORMAL_WIDTH
        if width == 0:  # nearly everyone has the same value: the spread is in the tail
            width = float(y.std())
        scales.append(FeatureScale(name, bool(is_log), unit, center, width))
    notes = [f"the same for every customer, not used: {', '.join(constant)}"] if constant else []
    return tuple(scales), notes


def scaled_matrix(scales: Sequence[FeatureScale], frame: pd.DataFrame, clip: float = CLIP) -> FloatArray:
    """Scaled features, shape (rows, features). ValueError names a feature that is missing or holds no numbers."""
    columns = [scale.transform(numeric_column(frame, scale.name), clip) for scale in scales]
    return np.column_stack(columns) if columns else np.empty((len(frame), 0))


def feature_centers(
    scales: Sequence[FeatureScale], frame: pd.DataFrame, nearest: NDArray[np.intp], k: int
) -> tuple[tuple[float, ...], ...]:
    """Centre of each of k clusters in the features' own units: means of the unclipped scaled values, scaled back."""
    unclipped = scaled_matrix(scales, frame, clip=np.inf)
    means = np.array([unclipped[nearest == cluster].mean(axis=0) for cluster in range(k)]).reshape(k, len(scales))
    columns = [scale.inverse(means[:, position]) for position, scale in enumerate(scales)]
    return tuple(zip(*(column.tolist() for column in columns), strict=True)) if columns else ((),) * k


def numeric_column(frame: pd.DataFrame, name: str) -> FloatArray:
    """One column as floats, NaN where missing. ValueError when it is absent, not numeric, or infinite."""
    if name not in frame.columns:
        raise ValueError(f"feature {name!r} is missing; there are: {', '.join(map(str, frame.columns))}")
    try:
        values = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(f"feature {name!r} is not numeric: {error}") from error
    if np.isinf(values).any():
        raise ValueError(f"feature {name!r} holds an infinite value at position {int(np.isinf(values).argmax())}")
    return np.asarray(values)
