"""Keeps a cluster's id from one snapshot to the next, as long as it is recognisably the same cluster."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from crm_pipeline.models.clustering_scaling import FeatureScale, FloatArray, scaled_matrix


def match_cluster_ids(
    centers: FloatArray,
    radii: FloatArray,
    scales: Sequence[FeatureScale],
    previous_centers: pd.DataFrame | None,
    next_cluster_id: int,
) -> tuple[tuple[int, ...], int, list[str]]:
    """Ids of today's clusters, the next free id, and what changed.

    centers: today's, scaled, shape (clusters, features); radii: root mean square distance of each one's customers.
    previous_centers: cluster_id and the features in their own units, so that both are measured on today's scale.
    Pairs are those of the least total distance. A pair is the same cluster when the earlier centre lies within the
    radius of today's, or nearer to it than half the way to the next one; otherwise today's gets a new id.
    """
    if previous_centers is None:
        ids = tuple(range(next_cluster_id, next_cluster_id + len(centers)))
        return ids, next_cluster_id + len(centers), []
    if not {"cluster_id", "cluster_label"} <= set(previous_centers.columns):
        raise ValueError("previous_centers must be the `centers` of fitted segments, with cluster_id and cluster_label")
    known = previous_centers["cluster_id"].astype(int).tolist()
    free = max(next_cluster_id, max(known) + 1)
    missing = [scale.name for scale in scales if scale.name not in previous_centers.columns]
    if missing:
        ids = tuple(range(free, free + len(centers)))
        return ids, free + len(ids), [f"all ids are new: the earlier centres lack {', '.join(missing)}"]
    earlier = scaled_matrix(scales, previous_centers)
    distance = np.linalg.norm(centers[:, None, :] - earlier[None, :, :], axis=2)
    rows, columns = linear_sum_assignment(distance)
    partner = dict(zip(rows.tolist(), columns.tolist(), strict=True))
    matched: list[int] = []
    notes = []
    for cluster, reach in enumerate(_reach(centers, radii)):
        candidate = partner.get(cluster)
        if candidate is not None and distance[cluster, candidate] <= reach:
            matched.append(known[candidate])
            continue
        why = "there are more clusters than before"
        if candidate is not None:
            why = f"cluster {known[candidate]} would be {distance[cluster, candidate]:.1f} away, more than {reach:.1f}"
        notes.append(f"cluster {free} is new: {why}")
        matched.append(free)
        free += 1
    ended = sorted(set(known) - set(matched))
    if ended:
        notes.append(f"no longer found: cluster {', '.join(map(str, ended))}")
    return tuple(matched), free, notes


def cluster_radii(points: FloatArray, centers: FloatArray, nearest: NDArray[np.intp]) -> FloatArray:
    """Root mean square distance of each cluster's customers to its centre, shape (clusters,)."""
    squares = ((points - centers[nearest]) ** 2).sum(axis=1)
    counts = np.bincount(nearest, minlength=len(centers))
    return np.asarray(np.sqrt(np.bincount(nearest, squares, minlength=len(centers)) / np.maximum(counts, 1)))


def _reach(centers: FloatArray, radii: FloatArray) -> FloatArray:
    """How far an earlier centre may be from each of today's, shape (clusters,)."""
    if len(centers) == 1:
        return radii
    apart = np.linalg.norm(centers[:, None, :] - centers[None, :, :], axis=2)
    np.fill_diagonal(apart, np.inf)
    return np.asarray(np.maximum(radii, apart.min(axis=1) / 2))
