"""How many clusters: the most that come back when the customers are drawn again.

Source: Hennig (2007), "Cluster-wise assessment of cluster stability", Computational Statistics & Data Analysis 52 (1),
258-271 (bootstrap); Hubert and Arabie (1985), "Comparing partitions", Journal of Classification 2, 193-218 (ARI).
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score, silhouette_score

from crm_pipeline.models.clustering_scaling import FloatArray

RESAMPLES = 20
MIN_ARI_MEAN = 0.90
MIN_ARI_P05 = 0.80
MIN_JACCARD = 0.75  # Hennig's bound for a cluster that is there
STABILITY_ROWS = 5_000
SILHOUETTE_ROWS = 2_000


@dataclass(frozen=True)
class Evidence:
    """What speaks for k clusters: mean squared distance to the centre, silhouette, agreement of resampled fits.

    `single_split_inertia`: the distance when the customers are split into k by the one feature that serves best; NaN in
    models stored before it was computed. Clusters that do not undercut it say no more than that feature.
    `ari_*`: of whole partitions; `jaccard_min`: mean overlap with its best match of the cluster that comes back worst.
    The ARI alone lets one good cluster be cut at random while the others are large and clear.
    """

    k: int
    inertia: float
    silhouette: float
    ari_mean: float
    ari_p05: float
    jaccard_min: float
    single_split_inertia: float = np.nan

    @property
    def is_stable(self) -> bool:
        """Whether resampled fits agree with the first one: on average, nearly always, and on every cluster."""
        return self.ari_mean >= MIN_ARI_MEAN and self.ari_p05 >= MIN_ARI_P05 and self.jaccard_min >= MIN_JACCARD


def weigh_evidence(points: FloatArray, k: int, seed: int) -> Evidence:
    """Evidence for k on scaled points of shape (customers, features); only the first 5,000 rows are used."""
    points = points[:STABILITY_ROWS]
    reference = kmeans(points, k, seed, n_init=5)
    labels = reference.labels_
    rng = np.random.default_rng([seed, k])
    agreement, overlaps = [], np.zeros(k)
    for resample in range(RESAMPLES):
        drawn = points[rng.integers(0, len(points), len(points))]
        again = kmeans(drawn, k, seed + 1 + resample, n_init=2).predict(points)
        agreement.append(adjusted_rand_score(labels, again))
        overlaps += _best_overlaps(labels, again, k)
    few = labels[:SILHOUETTE_ROWS]
    silhouette = silhouette_score(points[:SILHOUETTE_ROWS], few) if 1 < len(np.unique(few)) < len(few) else np.nan
    return Evidence(
        k=k,
        inertia=float(reference.inertia_) / len(points),
        silhouette=float(silhouette),
        ari_mean=float(np.mean(agreement)),
        ari_p05=float(np.quantile(agreement, 0.05)),
        jaccard_min=float(overlaps.min()) / RESAMPLES,
        single_split_inertia=single_split_inertia(points, k),
    )


def single_split_inertia(points: FloatArray, k: int) -> float:
    """Mean squared distance to the centre of k groups made by the one feature for which it is least."""
    return min(_split_inertia(points, points[:, feature], k) for feature in range(points.shape[1]))


def _split_inertia(points: FloatArray, values: FloatArray, k: int) -> float:
    """The distance when customers are split where K-means on `values` alone, begun at its quantiles, splits them."""
    starts = np.quantile(values, (np.arange(k) + 0.5) / k)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a feature may have fewer than k values
        labels = KMeans(n_clusters=k, init=starts[:, None], n_init=1).fit_predict(values[:, None])
    squares = 0.0
    for group in range(k):
        rows = points[labels == group]
        squares += float(((rows - rows.mean(axis=0)) ** 2).sum()) if len(rows) else 0.0
    return squares / len(points)


def _best_overlaps(labels: NDArray[np.int32], again: NDArray[np.int32], k: int) -> FloatArray:
    """Jaccard similarity of each cluster of `labels` with the cluster of `again` most like it; shape (k,)."""
    common = np.bincount(labels * k + again, minlength=k * k).reshape(k, k)
    union = common.sum(axis=1, keepdims=True) + common.sum(axis=0, keepdims=True) - common
    return np.asarray((common / np.maximum(union, 1)).max(axis=1))


def choose_k(evidence: Sequence[Evidence]) -> tuple[Evidence, str]:
    """The largest stable k, else the one whose resampled fits agree best (ties: the smaller); and the reason."""
    tried = ", ".join(str(row.k) for row in evidence)
    stable = [row for row in evidence if row.is_stable]
    if stable:
        best = max(stable, key=lambda row: row.k)
        rule = f"the largest of {tried} whose clusters come back in resampled customers"
    else:
        best = max(evidence, key=lambda row: (row.ari_mean, -row.k))
        rule = f"none of {tried} is stable, this one comes nearest: read its borders as arbitrary"
    return best, (
        f"k = {best.k}: {rule} (ARI mean {best.ari_mean:.2f} with {MIN_ARI_MEAN:.2f} wanted,"
        f" 5th percentile {best.ari_p05:.2f} with {MIN_ARI_P05:.2f} wanted,"
        f" weakest cluster's Jaccard {best.jaccard_min:.2f} with {MIN_JACCARD:.2f} wanted)"
    )


def kmeans(points: FloatArray, k: int, seed: int, n_init: int) -> KMeans:
    """K-means by Lloyd's algorithm. Call it under one thread: with more, the same input gives different labels."""
    with warnings.catch_warnings():
        # A resample of few distinct customers may hold fewer than k of them: that shows as instability.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return KMeans(n_clusters=k, n_init=n_init, random_state=seed, algorithm="lloyd").fit(points)
