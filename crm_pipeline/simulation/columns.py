"""Arrays of numbers as exact Arrow columns."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

SECONDS_PER_DAY = 86_400
AMOUNT = pa.decimal128(18, 2)


def amounts(cents: NDArray[np.int64]) -> pa.Array:
    """Whole cents (n,) as decimal(18, 2), exactly.

    Built from the 128-bit two's complement words: 20 million Python Decimals would take minutes.
    """
    words = np.empty((len(cents), 2), dtype=np.int64)
    words[:, 0] = cents
    words[:, 1] = cents >> 63
    return pa.Array.from_buffers(AMOUNT, len(cents), [None, pa.py_buffer(words)])


def timestamps(first_day: date, days: NDArray[np.float64]) -> pa.Array:
    """Days since the first midnight (n,) as timestamps cut to whole seconds, without a time zone."""
    seconds = np.floor(days * SECONDS_PER_DAY).astype(np.int64)
    return pa.array(np.datetime64(first_day, "s") + seconds.astype("timedelta64[s]"))


def flags(values: NDArray[np.bool_]) -> pa.Array:
    """Booleans (n,) as an Arrow column."""
    return pa.array(np.asarray(values, dtype=bool))
