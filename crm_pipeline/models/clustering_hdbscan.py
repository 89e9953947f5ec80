"""Density segments of customers: dense groups of any shape and outliers, named and kept like those of K-means."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_pipeline.counting import counted
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
from crm_pipeline.models.clustering_density import DensityClusters, one_cluster, rounded
from crm_pipeline.models.clustering_density_choice import (
    LEAST_SIZE,
    DensityEvidence,
    choose_size,
    sizes_to_try,
    weigh_density,
)
from crm_pipeline.models.clustering_identity import cluster_radii, match_cluster_ids
from crm_pipeline.models.clustering_labels import cluster_labels
from crm_pipeline.models.clustering_scaling import FeatureScale, FloatArray, feature_centers
from crm_pipeline.one_thread import one_thread

SAMPLE_ROWS = 5_000
"""Density depends on how many are sampled, so that all fits share the sample; their time grows with its square."""
OUTLIERS = "outliers"
OUTLIER_ID = 0
NOT_OUTLIERS = "usual customers"
_FORMAT = "density_segments/1"


@dataclass(frozen=True)
class DensitySegments:
    """Density clusters fitted at one snapshot; attributes as in `FittedSegments`, which see.

    `points`, `core_distances` and `point_labels` are the sampled customers in the order of the hash of their ids, the
    label a position in `cluster_ids` or -1; `reaches` is per cluster. Outliers have the id 0 and the label `outliers`
    at every snapshot; `shares` are those of the clusters and leave theirs out. `min_cluster_size` is None where one
    cluster had to do.
    """

    scales: tuple[FeatureScale, ...]
    points: tuple[tuple[float, ...], ...]
    core_distances: tuple[float, ...]
    point_labels: tuple[int, ...]
    reaches: tuple[float, ...]
    feature_centers: tuple[tuple[float, ...], ...]
    cluster_ids: tuple[int, ...]
    cluster_labels: tuple[str, ...]
    shares: tuple[float, ...]
    min_cluster_size: int | None
    next_cluster_id: int
    tried: tuple[DensityEvidence, ...]
    notes: tuple[str, ...]

    @property
    def k(self) -> int:
        """The number of clusters, outliers not counted."""
        return len(self.cluster_ids)

    @property
    def centers(self) -> pd.DataFrame:
        """One row per cluster as in `FittedSegments.centers`; outliers have none."""
        return centers_of(self)

    @property
    def evidence(self) -> pd.DataFrame:
        """One row per size tried: the figures of `DensityEvidence`; none if nothing was tried."""
        return evidence_of(self.tried, DensityEvidence)

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Each customer's cluster or `outliers`: customer_id, cluster_id, cluster_label; rows and index of `frame`.

        Sampled customers get what the fit gave them, others the approximation of `DensityClusters.assign`; one row
        alone the same as among a million. Missing values count as the median. Raises ValueError as `fit` does.
        """
        ids, labels = (*self.cluster_ids, OUTLIER_ID), (*self.cluster_labels, OUTLIERS)
        return assigned(frame, self.scales, ids, labels, self._clusters.assign)

    @property
    def _clusters(self) -> DensityClusters:
        points = np.array(self.points, dtype=np.float64).reshape(len(self.point_labels), len(self.scales))
        labels = np.array(self.point_labels, dtype=np.intp)
        return DensityClusters(points, np.array(self.core_distances), labels, np.array(self.reaches))

    def to_json(self) -> str:
        """Everything as JSON; `from_json` gives the same labels for every customer."""
        return stored(self, _FORMAT)

    @classmethod
    def from_json(cls, text: str) -> "DensitySegments":
        """Rebuild fitted segments. Raises ValueError when the text does not hold any."""
        return cls(**restored(text, _FORMAT, DensityEvidence))


def fit_density_segments(
    frame: pd.DataFrame,
    seed: int = 0,
    previous_centers: pd.DataFrame | None = None,
    next_cluster_id: int = 1,
) -> DensitySegments:
    """Density clusters of customers by every column but `customer_id`; arguments and errors as of `fit_segments`.

    Fitted to 5,000 customers at most, chosen by a hash of their id; the order of rows and columns does not matter.
    """
    if previous_centers is not None and previous_centers.empty:
        previous_centers = None
    sample, scales, points, notes = sampled(frame, SAMPLE_ROWS)
    points = rounded(points)
    with one_thread():
        tried, size, clusters, why = _choose(points, seed)
    labels = clusters.assign(points)
    shares = np.bincount(labels + 1, minlength=clusters.count + 1)[1:] / len(points)
    centers = np.array([points[labels == cluster].mean(axis=0) for cluster in range(clusters.count)])
    centers = centers.reshape(clusters.count, len(scales))
    order = np.lexsort((*centers.T[::-1], -shares))  # first ids go to the largest clusters
    place = np.append(np.argsort(order), -1)
    centers, shares, labels = centers[order], shares[order], place[labels]
    inside = labels >= 0
    radii = cluster_radii(points[inside], centers, labels[inside])
    ids, free, changes = match_cluster_ids(centers, radii, scales, previous_centers, next_cluster_id)
    before = labels_before(previous_centers)
    words: tuple[str, ...] = (ALL_CUSTOMERS if inside.all() else NOT_OUTLIERS,)
    if len(ids) > 1:
        earlier = [before.get(cluster_id) for cluster_id in ids]
        words = cluster_labels([scale.name for scale in scales], centers, shares / shares.sum(), earlier)
    about_outliers = outlier_words([scale.name for scale in scales], points, inside)
    return DensitySegments(
        scales=scales,
        points=tuple(tuple(point) for point in points.tolist()),
        core_distances=tuple(clusters.core_distances.tolist()),
        point_labels=tuple(labels.tolist()),
        reaches=tuple(clusters.reaches[order].tolist()),
        feature_centers=feature_centers(scales, sample, labels, clusters.count),
        cluster_ids=ids,
        cluster_labels=words,
        shares=tuple(shares.tolist()),
        min_cluster_size=size,
        next_cluster_id=free,
        tried=tried,
        notes=(why, about_outliers, *notes, *changes),
    )


def outlier_words(
    names: Sequence[str], points: FloatArray, inside: "np.ndarray[tuple[int], np.dtype[np.bool_]]"
) -> str:
    """What makes the outliers so: the two features in which they are farther from the median than the others."""
    if inside.all():
        return "no outliers"
    share = f"{1 - inside.mean():.1%} outliers, who have too few others like them"
    if not inside.any():
        return share
    sizes = np.abs(points)
    farther = sizes[~inside].mean(axis=0) - sizes[inside].mean(axis=0)
    told = [
        names[feature].replace("_", " ") for feature in np.argsort(-farther, kind="stable")[:2] if farther[feature] > 0
    ]
    return f"{share}: most unusual in {' and '.join(told)}" if told else share


def _choose(points: FloatArray, seed: int) -> tuple[tuple[DensityEvidence, ...], int | None, DensityClusters, str]:
    """Evidence for each size tried, the chosen size (None: one cluster), its clusters, and why."""
    sizes, distinct = sizes_to_try(len(points)), len(np.unique(points, axis=0))
    if not sizes or distinct < LEAST_SIZE:
        everyone = DensityClusters(
            points, np.zeros(len(points)), np.zeros(len(points), dtype=np.intp), np.array([np.inf])
        )
        why = (
            f"one cluster: {counted(len(points), 'customer')} with {counted(distinct, 'different profile')}, "
            "and two density clusters need"
            f" {2 * LEAST_SIZE} customers with {LEAST_SIZE} profiles"
        )
        return (), None, everyone, why
    found = {size: weigh_density(points, size, seed) for size in sizes}
    tried = tuple(evidence for evidence, _ in found.values())
    best, why = choose_size(tried)
    if best is None:
        return tried, None, one_cluster(points), why
    return tried, best.min_cluster_size, found[best.min_cluster_size][1], why
