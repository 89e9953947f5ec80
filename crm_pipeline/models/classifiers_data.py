"""What a churn model reads: checked frames, float matrices, and samples and folds made by a hash of the customer id."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from crm_pipeline.models.calibration import BoolArray, FloatArray

SNAPSHOT_DATE, CUSTOMER_ID = "snapshot_date", "customer_id"
OUTCOME, ACTIVE = "is_churned", "is_active"
RECENCY, EXPECTED = "days_since_last_order", "expected_purchases"
NOT_FEATURES = (SNAPSHOT_DATE, CUSTOMER_ID, OUTCOME, ACTIVE)


@dataclass(frozen=True)
class TrainingData:
    """Rows with known outcomes, ordered by snapshot_date and customer_id.

    X: (n, features) with NaN for missing values. y, is_active: (n,). snapshot: (n,) datetime64.
    customer_hash: (n,) unsigned, the same for all rows of a customer.
    """

    features: tuple[str, ...]
    X: FloatArray
    y: BoolArray
    is_active: BoolArray
    snapshot: npt.NDArray[np.datetime64]
    customer_hash: npt.NDArray[np.uint64]

    def without(self, names: Collection[str]) -> TrainingData:
        """All rows with fewer features."""
        kept = [position for position, name in enumerate(self.features) if name not in names]
        return replace(self, features=tuple(self.features[position] for position in kept), X=self.X[:, kept])

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that change with any value, name or row."""
        found = sha256("\0".join(self.features).encode())
        for values in (self.X, self.y, self.is_active, self.snapshot, self.customer_hash):
            found.update(np.ascontiguousarray(values).tobytes())
        return found.hexdigest()[:16]

    def where(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> TrainingData:
        """The rows of a mask or of positions."""
        return TrainingData(
            self.features,
            self.X[rows],
            self.y[rows],
            self.is_active[rows],
            self.snapshot[rows],
            self.customer_hash[rows],
        )


def training_data(frame: pd.DataFrame, features: Sequence[str] | None = None) -> TrainingData:
    """Check and order a training frame.

    Args:
        frame: one row per snapshot_date and customer_id, with is_churned, days_since_last_order, optionally is_active
            (absent: everyone is) and numeric feature columns.
        features: the columns to learn from; default all but the four that are not features.

    Raises:
        ValueError: naming absent or non-numeric columns, missing values where none may be, or repeated rows.
    """
    _require(frame, (SNAPSHOT_DATE, CUSTOMER_ID, OUTCOME, RECENCY))
    names = tuple(features) if features is not None else tuple(c for c in frame.columns if c not in NOT_FEATURES)
    if RECENCY not in names:
        names = (RECENCY, *names)
    is_repeated = frame.duplicated([SNAPSHOT_DATE, CUSTOMER_ID])
    if is_repeated.any():
        raise ValueError(f"{int(is_repeated.sum())} rows repeat a snapshot_date and customer_id")
    for column in (SNAPSHOT_DATE, CUSTOMER_ID, OUTCOME):
        if frame[column].isna().any():
            raise ValueError(f"{column} is missing in {int(frame[column].isna().sum())} training rows")
    ordered = frame.assign(**{CUSTOMER_ID: frame[CUSTOMER_ID].astype(str)}).sort_values([SNAPSHOT_DATE, CUSTOMER_ID])
    return TrainingData(
        features=names,
        X=feature_matrix(ordered, names),
        y=_flags(ordered, OUTCOME),
        is_active=_flags(ordered, ACTIVE) if ACTIVE in ordered else np.ones(len(ordered), dtype=np.bool_),
        snapshot=pd.to_datetime(ordered[SNAPSHOT_DATE]).to_numpy(dtype="datetime64[us]"),
        customer_hash=pd.util.hash_array(ordered[CUSTOMER_ID].to_numpy(dtype=object), categorize=False),
    )


def feature_matrix(frame: pd.DataFrame, features: Sequence[str]) -> FloatArray:
    """The columns as float64, shape (n, len(features)); missing and infinite values become NaN.

    Raises:
        ValueError: naming absent or non-numeric columns, or days_since_last_order that is missing or negative.
    """
    _require(frame, features)
    X = np.empty((len(frame), len(features)), dtype=np.float64)
    for j, name in enumerate(features):
        column = frame[name]
        if not (is_numeric_dtype(column) or is_bool_dtype(column)):
            column = _numbers(column)
        X[:, j] = column.to_numpy(dtype=np.float64, na_value=np.nan)
    X[~np.isfinite(X)] = np.nan
    days = X[:, list(features).index(RECENCY)] if RECENCY in features else np.zeros(0)
    if not (days >= 0).all():
        raise ValueError(f"{RECENCY} is missing or negative in {int((~(days >= 0)).sum())} rows")
    return X


def sample_customers(data: TrainingData, row_cap: int) -> TrainingData:
    """All rows of as many customers, in the order of their hash, as fit into `row_cap` rows (at least one)."""
    if len(data.y) <= row_cap:
        return data
    customers, row_counts = np.unique(data.customer_hash, return_counts=True)
    kept = max(1, int(np.searchsorted(np.cumsum(row_counts), row_cap, side="right")))
    return data.where(data.customer_hash <= customers[kept - 1])


def _require(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        raise ValueError(f"columns are missing: {', '.join(absent)}")


def _numbers(column: pd.Series) -> pd.Series:
    """Decimals and all-null columns arrive as objects; anything else that is not a number is refused."""
    try:
        return pd.to_numeric(column).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"feature {column.name} is not numeric") from error


def _flags(frame: pd.DataFrame, column: str) -> BoolArray:
    values = frame[column]
    if values.isna().any() or not values.isin([0, 1]).all():
        raise ValueError(f"{column} must be true or false in every row")
    return values.to_numpy(dtype=np.bool_)
