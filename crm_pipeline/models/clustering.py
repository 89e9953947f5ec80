"""K-means segments of customers: scaled robustly, as many as are stable, named in words, kept from month to month."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crm_pipeline.counting import counted
from crm_pipeline.models.clustering_choice import STABILITY_ROWS, Evidence, choose_k, kmeans, weigh_evidence
from crm_pipeline.models.clustering_common import (
    ALL_CUSTOMERS,
    assigned,
    centers_of,
    evidence_of,
    labels_before,
    restored,
    sampled,
    stored,
)
from crm_pipeline.models.clustering_identity import cluster_radii, match_cluster_ids
from crm_pipeline.models.clustering_labels import cluster_labels
from crm_pipeline.models.clustering_scaling import FeatureScale, FloatArray, feature_centers
from crm_pipeline.one_thread import one_thread

SAMPLE_ROWS = 50_000
MIN_CUSTOMERS_PER_CLUSTER = 20
_FORMAT = "segments/1"
Weigh = Callable[[Sequence[Callable[[], Evidence]]], Sequence[Evidence]]


def in_turn(calls: Sequence[Callable[[], Evidence]]) -> Sequence[Evidence]:
    """The results of calls, one after the other."""
    return [call() for call in calls]


@dataclass(frozen=True)
class FittedSegments:
    """Clusters fitted at one snapshot. `tried` is the evidence for each k; `notes` says why k, and what changed.

    `scaled_centers` has one row per cluster and one number per scale, `feature_centers` the same in the features' own
    units and without clipping; the other tuples follow their order.
    """

    scales: tuple[FeatureScale, ...]
    scaled_centers: tuple[tuple[float, ...], ...]
    feature_centers: tuple[tuple[float, ...], ...]
    cluster_ids: tuple[int, ...]
    cluster_labels: tuple[str, ...]
    shares: tuple[float, ...]
    next_cluster_id: int
    tried: tuple[Evidence, ...]
    notes: tuple[str, ...]

    @property
    def k(self) -> int:
        """The number of clusters."""
        return len(self.cluster_ids)

    @property
    def centers(self) -> pd.DataFrame:
        """One row per cluster: cluster_id, cluster_label, customer_share (of the fitted sample), and each feature.

        Features are in their own units, so a later fit can take this frame as `previous_centers`.
        """
        return centers_of(self)

    @property
    def evidence(self) -> pd.DataFrame:
        """One row per k tried: k and the figures of `Evidence`; none if nothing was tried."""
        return evidence_of(self.tried, Evidence)

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Each customer's nearest cluster: customer_id, cluster_id, cluster_label; same rows and index as `frame`.

        Missing values count as the median. Raises ValueError when a feature is absent or not numeric.
        """
        centers = np.array(self.scaled_centers).reshape(self.k, len(self.scales))
        return assigned(frame, self.scales, self.cluster_ids, self.cluster_labels, lambda rows: _nearest(rows, centers))

    def to_json(self) -> str:
        """Everything as JSON; `from_json` gives the same labels for every customer."""
        return stored(self, _FORMAT)

    @classmethod
    def from_json(cls, text: str) -> "FittedSegments":
        """Rebuild fitted segments. Raises ValueError when the text does not hold any."""
        return cls(**restored(text, _FORMAT, Evidence))


def fit_segments(
    frame: pd.DataFrame,
    k_range: Iterable[int] = range(3, 9),
    seed: int = 0,
    previous_centers: pd.DataFrame | None = None,
    next_cluster_id: int = 1,
    weigh: Weigh = in_turn,
) -> FittedSegments:
    """Cluster customers by every column but `customer_id`; each must be numeric, missing values are allowed.

    k_range: the numbers of clusters to weigh. previous_centers: `centers` of the snapshot before, whose ids are kept;
    next_cluster_id: its `next_cluster_id`, so that the ids of clusters that ended long ago are not used again.
    weigh: makes the calls that gather the evidence for each k, and may do so side by side.
    Fitted to 50,000 customers at most, chosen by a hash of their id; the order of rows and columns does not matter.
    Raises ValueError on missing or repeated ids, no features, or features that are not numeric.
    """
    if previous_centers is not None and previous_centers.empty:
        previous_centers = None
    sample, scales, points, notes = sampled(frame, SAMPLE_ROWS)
    with one_thread():
        tried, k, why = _choose(points, sorted(set(k_range)), seed, len(frame), weigh)
        centers = kmeans(points, k, seed, n_init=10).cluster_centers_ if k > 1 else points.mean(axis=0, keepdims=True)
    shares = np.bincount(_nearest(points, centers), minlength=len(centers)) / len(points)
    order = np.lexsort((*centers.T[::-1], -shares))  # first ids go to the largest clusters
    centers, shares = centers[order], shares[order]
    nearest = _nearest(points, centers)
    radii = cluster_radii(points, centers, nearest)
    ids, free, changes = match_cluster_ids(centers, radii, scales, previous_centers, next_cluster_id)
    used = tuple(scale.name for scale in scales)
    before = labels_before(previous_centers)
    earlier = [before.get(cluster_id) for cluster_id in ids]
    labels = cluster_labels(used, centers, shares, earlier) if k > 1 else (ALL_CUSTOMERS,)
    return FittedSegments(
        scales=scales,
        scaled_centers=tuple(tuple(center) for center in centers.tolist()),
        feature_centers=feature_centers(scales, sample, nearest, len(centers)),
        cluster_ids=ids,
        cluster_labels=labels,
        shares=tuple(shares.tolist()),
        next_cluster_id=free,
        tried=tried,
        notes=(why, *notes, *changes),
    )


def _choose(
    points: FloatArray, k_range: Sequence[int], seed: int, customers: int, weigh: Weigh
) -> tuple[tuple[Evidence, ...], int, str]:
    """Evidence for each k that the customers suffice for, the chosen k, and why."""
    if not k_range or k_range[0] < 2:
        raise ValueError(f"k_range must hold numbers from 2 on, got {list(k_range)}")
    distinct = len(np.unique(points, axis=0))
    possible = [k for k in k_range if customers >= k * MIN_CUSTOMERS_PER_CLUSTER and distinct > k]
    if not possible:
        why = (
            f"one cluster: {counted(customers, 'customer')} with {counted(distinct, 'different profile')}, "
            f"and {k_range[0]} clusters need {k_range[0] * MIN_CUSTOMERS_PER_CLUSTER} customers "
            f"with more than {k_range[0]} profiles"
        )
        return (), 1, why
    few = points[:STABILITY_ROWS]  # no more than is used travels
    tried = tuple(weigh([partial(weigh_evidence, few, k, seed) for k in possible]))
    best, why = choose_k(tried)
    return tried, best.k, why


def _nearest(points: FloatArray, centers: FloatArray) -> NDArray[np.intp]:
    """Index of the nearest centre per point. Summed feature by feature: the same bits for one row as for a million."""
    distance = np.zeros((len(points), len(centers)))
    for feature in range(points.shape[1]):
        distance += (points[:, feature, None] - centers[None, :, feature]) ** 2
    return np.asarray(distance.argmin(axis=1))
