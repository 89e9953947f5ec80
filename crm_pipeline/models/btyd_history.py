"""The purchase histories of a frame, checked and grouped: all that BTYD models need to know of a customer."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_pipeline.models.btyd_purchases import FloatArray

_KEY_BITS = 21  # three whole numbers below 2^21 are sorted as one integer


@dataclass(frozen=True)
class History:
    """Columns of shape (customers,), the distinct (frequency, recency, T) of shape (groups,), and each one's group."""

    frequency: FloatArray
    T: FloatArray
    monetary_value: FloatArray
    groups: tuple[FloatArray, FloatArray, FloatArray]
    group_of: NDArray[np.intp]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> "History":
        """Read frequency, recency, T (whole days) and monetary_value; ValueError names what is impossible in them."""
        frequency, recency, T = (_whole_numbers(frame, name) for name in ("frequency", "recency", "T"))
        _check_rows(recency > T, "recency must not exceed T")
        _check_rows((frequency == 0) != (recency == 0), "frequency must be 0 exactly where recency is 0")
        monetary_value = _numbers(frame, "monetary_value")
        _check_rows(
            (frequency > 0) & ~np.isfinite(monetary_value), "monetary_value must be a number where frequency > 0"
        )
        key = (frequency << 2 * _KEY_BITS) | (recency << _KEY_BITS) | T
        distinct, group_of = np.unique(key, return_inverse=True)
        mask = (1 << _KEY_BITS) - 1
        parts = (distinct >> 2 * _KEY_BITS, (distinct >> _KEY_BITS) & mask, distinct & mask)
        x, t_x, age = (part.astype(np.float64) for part in parts)
        return cls(
            frequency.astype(np.float64), T.astype(np.float64), np.nan_to_num(monetary_value), (x, t_x, age), group_of
        )


def _numbers(frame: pd.DataFrame, name: str) -> FloatArray:
    if name not in frame.columns:
        raise ValueError(f"column {name!r} is missing; there are: {', '.join(map(str, frame.columns))}")
    return np.asarray(pd.to_numeric(frame[name]).to_numpy(dtype=np.float64, na_value=np.nan))


def _whole_numbers(frame: pd.DataFrame, name: str) -> NDArray[np.int64]:
    values = _numbers(frame, name)
    valid = (values >= 0) & (values < 1 << _KEY_BITS) & (values == np.floor(values))
    _check_rows(~valid, f"{name} must be a whole number from 0 to {(1 << _KEY_BITS) - 1}")
    return values.astype(np.int64)


def _check_rows(bad: NDArray[np.bool_], message: str) -> None:
    if bad.any():
        raise ValueError(f"{message}: {int(bad.sum())} rows break this, the first at position {int(bad.argmax())}")
