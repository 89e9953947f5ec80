"""Density clusters of scaled customers: dense regions of any shape, and outliers who belong to none.

Sources: Campello, Moulavi and Sander (2013), "Density-Based Clustering Based on Hierarchical Density Estimates", PAKDD
(HDBSCAN); McInnes, Healy and Astels (2017), "hdbscan: Hierarchical density based clustering", Journal of Open Source
Software 2 (11), 205 (prediction for new points); Moulavi et al. (2014), "Density-Based Clustering Validation", SIAM
SDM (validity); Tukey (1977), "Exploratory Data Analysis", section 2D (fences).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from sklearn.cluster import HDBSCAN

from crm_pipeline.models.clustering_scaling import FloatArray

Labels = NDArray[np.intp]

OUTLIER = -1
MIN_SAMPLES = 10
"""A customer's core distance is that to the tenth nearest of the sample, themselves counted."""
DECIMALS = 4  # of scaled features: what is stored is what was fitted
VALIDITY_ROWS = 2_000
TINY = 1e-9  # so that equal distances are on one side of the fence
INNER_FENCE, OUTER_FENCE = 1.5, 3.0  # interquartile ranges above the upper quartile, of logarithms


@dataclass(frozen=True)
class DensityClusters:
    """Clusters of a sample. points: shape (n, features); labels: shape (n,), cluster 0, 1, ... or -1 for outliers.

    core_distances: shape (n,); reaches: per cluster the largest core distance of its customers, the thinnest place
    that the fit still counted to it.
    """

    points: FloatArray
    core_distances: FloatArray
    labels: Labels
    reaches: FloatArray

    @property
    def count(self) -> int:
        """The number of clusters."""
        return len(self.reaches)

    def assign(self, points: FloatArray) -> Labels:
        """Cluster of each point, shape (rows,), -1 for outliers; each row by itself.

        An approximation, as in McInnes et al. (2017): the hierarchy is not grown anew. A point takes the label of the
        sampled customer nearest by mutual reachability, the largest of both core distances and the distance (ties:
        the nearer one), and is an outlier where that is farther than the cluster reaches. Sampled customers get
        the label of the fit.
        """
        if not self.count or not self.points.shape[1]:  # without a feature all are alike
            return np.full(len(points), 0 if self.count else OUTLIER, dtype=np.intp)
        asked = min(2 * MIN_SAMPLES, len(self.points))
        distances, neighbours = _neighbours(cKDTree(self.points), rounded(points), asked)
        core = distances[:, min(MIN_SAMPLES, asked) - 1]
        reachability = np.maximum(np.maximum(distances, self.core_distances[neighbours]), core[:, None])
        nearest = reachability.argmin(axis=1)  # the first of equals: neighbours come by distance
        rows = np.arange(len(points))
        labels = self.labels[neighbours[rows, nearest]]
        too_far = reachability[rows, nearest] > self.reaches[labels]  # of outliers, -1, any cluster's: they stay
        return np.where(too_far, OUTLIER, labels)


def rounded(points: FloatArray) -> FloatArray:
    """Scaled points as they are stored and compared; -0 becomes 0."""
    return np.asarray(np.round(points, DECIMALS) + 0.0)


def core_distances(points: FloatArray) -> FloatArray:
    """Distance of each point to the tenth nearest, itself counted; shape (n,)."""
    asked = min(MIN_SAMPLES, len(points))
    return np.asarray(_neighbours(cKDTree(points), points, asked)[0][:, asked - 1])


def fit_density(points: FloatArray, min_cluster_size: int) -> DensityClusters:
    """HDBSCAN on rounded points, shape (n, features), n >= min_cluster_size >= 2; maybe no cluster at all.

    Where clusters lie far apart, HDBSCAN counts everyone between them to one; who lives beyond Tukey's outer fence
    of their cluster's core distances is an outlier here.
    """
    fit = HDBSCAN(min_cluster_size=min_cluster_size, min_samples=min(MIN_SAMPLES, len(points)), copy=True, n_jobs=1)
    labels = fit.fit_predict(points).astype(np.intp)
    core = core_distances(points)
    for cluster in range(int(labels.max(initial=OUTLIER)) + 1):
        members = np.flatnonzero(labels == cluster)
        labels[members[~_within_fence(core[members], OUTER_FENCE)]] = OUTLIER
    reaches = np.array([core[labels == cluster].max() for cluster in range(int(labels.max(initial=OUTLIER)) + 1)])
    return DensityClusters(points, core, labels, reaches)


def one_cluster(points: FloatArray) -> DensityClusters:
    """Everyone but those in thin places: whose core distance is beyond Tukey's inner fence of the sample's."""
    core = core_distances(points)
    inside = _within_fence(core, INNER_FENCE)
    return DensityClusters(points, core, np.where(inside, 0, OUTLIER), np.array([core[inside].max()]))


def _within_fence(core: FloatArray, fence: float) -> NDArray[np.bool_]:
    """Whether the log of each core distance is below Tukey's fence, shape (n,); of some at least, n >= 1."""
    inside = core == 0  # among many of the very same kind
    logs = np.log(core[~inside])
    if len(logs):
        low, high = np.quantile(logs, [0.25, 0.75])
        inside[~inside] = logs <= high + fence * (high - low) + TINY
    return np.asarray(inside)


def density_validity(clusters: DensityClusters) -> float:
    """Relative validity, -1..1: are clusters farther apart than their own widest gap? NaN below two clusters.

    Moulavi et al. (2014) on the minimum spanning tree of mutual reachability among the first 2,000 points: per cluster
    (least edge to another - widest edge within) / the larger one, weighted by size; outliers count as 0.
    """
    points, core = clusters.points[:VALIDITY_ROWS], clusters.core_distances[:VALIDITY_ROWS]
    labels = clusters.labels[:VALIDITY_ROWS]
    if clusters.count < 2 or len(np.unique(labels[labels >= 0])) < 2:
        return float("nan")
    start, end, length = _spanning_tree(points, core)
    within = (labels[start] == labels[end]) & (labels[start] >= 0)
    total = 0.0
    for cluster in range(clusters.count):
        touches = ((labels[start] == cluster) | (labels[end] == cluster)) & ~within
        inner = length[within & (labels[start] == cluster)]
        widest, gap = float(inner.max(initial=0.0)), float(length[touches].min(initial=np.inf))
        share = float((labels == cluster).mean())
        if share and np.isfinite(gap) and max(gap, widest) > 0:
            total += share * (gap - widest) / max(gap, widest)
    return total


def _neighbours(tree: cKDTree, points: FloatArray, count: int) -> tuple[FloatArray, Labels]:
    """Distances and positions of the `count` nearest, each of shape (rows, count)."""
    distances, positions = tree.query(points, k=count)
    shape = (len(points), count)
    return np.reshape(distances, shape), np.reshape(positions, shape).astype(np.intp)


def _spanning_tree(points: FloatArray, core: FloatArray) -> tuple[Labels, Labels, FloatArray]:
    """Prim's algorithm over mutual reachability: start, end and length of the n - 1 edges."""
    n = len(points)
    start, end, length = np.zeros(n - 1, dtype=np.intp), np.zeros(n - 1, dtype=np.intp), np.zeros(n - 1)
    best, source, open_ = np.full(n, np.inf), np.zeros(n, dtype=np.intp), np.ones(n, dtype=bool)
    newest = 0
    for edge in range(n - 1):
        open_[newest] = False
        distance = np.sqrt(((points - points[newest]) ** 2).sum(axis=1))
        distance = np.maximum(np.maximum(distance, core), core[newest])
        closer = open_ & (distance < best)
        best[closer], source[closer] = distance[closer], newest
        newest = int(np.where(open_, best, np.inf).argmin())
        start[edge], end[edge], length[edge] = source[newest], newest, best[newest]
    return start, end, length
