"""What segments of either kind share: how customers are sampled and scaled, scored in stretches, told and stored."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_pipeline.models.clustering_sample import by_hash, check_ids, feature_names
from crm_pipeline.models.clustering_scaling import FeatureScale, FloatArray, fit_scales, numeric_column, scaled_matrix

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ALL_CUSTOMERS = "all customers"
_CHUNK = 100_000


class Segments(Protocol):
    """What is known of the clusters of either kind, in one order."""

    @property
    def scales(self) -> tuple[FeatureScale, ...]:
        """How each feature is scaled."""

    @property
    def feature_centers(self) -> tuple[tuple[float, ...], ...]:
        """A row per cluster, a number per scale, in the features' own units."""

    @property
    def cluster_ids(self) -> tuple[int, ...]:
        """The clusters' ids."""

    @property
    def cluster_labels(self) -> tuple[str, ...]:
        """Their labels."""

    @property
    def shares(self) -> tuple[float, ...]:
        """Their shares of the fitted sample."""


def centers_of(fitted: Segments) -> pd.DataFrame:
    """One row per cluster: cluster_id, cluster_label, customer_share, and each feature in its own units."""
    values = np.array(fitted.feature_centers).reshape(len(fitted.cluster_ids), len(fitted.scales))
    identity = {
        "cluster_id": fitted.cluster_ids,
        "cluster_label": fitted.cluster_labels,
        "customer_share": fitted.shares,
    }
    features = {scale.name: values[:, i] for i, scale in enumerate(fitted.scales)}
    return pd.DataFrame(identity | features).sort_values("cluster_id", ignore_index=True)


def evidence_of(tried: Sequence["DataclassInstance"], kind: type["DataclassInstance"]) -> pd.DataFrame:
    """One row per thing tried, with the figures of `kind`; none if nothing was tried."""
    return pd.DataFrame([asdict(row) for row in tried], columns=[field.name for field in fields(kind)])


def assigned(
    frame: pd.DataFrame,
    scales: tuple[FeatureScale, ...],
    ids: Sequence[int],
    labels: Sequence[str],
    positions_of: Callable[[FloatArray], NDArray[np.intp]],
) -> pd.DataFrame:
    """customer_id, cluster_id, cluster_label; rows and index of `frame`, scaled and placed a stretch at a time."""
    check_ids(frame)
    found = np.empty(len(frame), dtype=np.intp)
    for start in range(0, len(frame), _CHUNK):
        rows = slice(start, start + _CHUNK)
        found[rows] = positions_of(scaled_matrix(scales, frame.iloc[rows]))
    columns = {
        "customer_id": frame["customer_id"],
        "cluster_id": np.array(ids)[found],
        "cluster_label": np.array(labels, dtype=object)[found],
    }
    return pd.DataFrame(columns, index=frame.index)


def sampled(
    frame: pd.DataFrame, most_rows: int
) -> tuple[pd.DataFrame, tuple[FeatureScale, ...], FloatArray, Sequence[str]]:
    """At most `most_rows` customers by the hash of their ids, their scales, scaled points, and notes on features.

    Raises ValueError on missing or repeated ids, no features, or features that are not numeric.
    """
    names = feature_names(frame)
    sample = frame.iloc[by_hash(frame["customer_id"])[:most_rows]]
    scales, notes = fit_scales(names, np.column_stack([numeric_column(sample, name) for name in names]))
    return sample, scales, scaled_matrix(scales, sample), notes


def labels_before(previous_centers: pd.DataFrame | None) -> dict[int, str]:
    """The label that each cluster of the snapshot before had."""
    if previous_centers is None:
        return {}
    return dict(previous_centers[["cluster_id", "cluster_label"]].to_numpy())


def stored(fitted: "DataclassInstance", text_format: str) -> str:
    """Everything as JSON."""
    return json.dumps({"format": text_format, **asdict(fitted)}, sort_keys=True)


def restored(text: str, text_format: str, evidence: Callable[..., object]) -> dict[str, Any]:
    """The attributes of stored segments, lists as tuples. Raises ValueError when the text holds none of this format."""
    values = json.loads(text)
    if not isinstance(values, dict) or values.pop("format", None) != text_format:
        raise ValueError(f"not stored segments of format {text_format!r}")
    scales, tried = values.pop("scales"), values.pop("tried")
    return {
        "scales": tuple(FeatureScale(**scale) for scale in scales),
        "tried": tuple(evidence(**row) for row in tried),
        **{name: _as_tuples(value) for name, value in values.items()},
    }


def _as_tuples(value: Any) -> Any:
    return tuple(map(_as_tuples, value)) if isinstance(value, list) else value
