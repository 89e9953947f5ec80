"""How small a density cluster may be: of the sizes tried, the one that gives most clusters which come back.

Source of the resampling: Ben-Hur, Elisseeff and Guyon (2002), "A stability based method for discovering structure in
clustered data", Pacific Symposium on Biocomputing 7, 6-17. Drawing without replacement, for repeated customers would be
dense regions of their own. Bounds as for K-means (`clustering_choice`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import adjusted_rand_score, silhouette_score

from crm_pipeline.models.clustering_choice import MIN_ARI_MEAN, MIN_ARI_P05, MIN_JACCARD, SILHOUETTE_ROWS
from crm_pipeline.models.clustering_density import DensityClusters, Labels, density_validity, fit_density
from crm_pipeline.models.clustering_scaling import FloatArray

SHARES = (0.005, 0.01, 0.02, 0.05, 0.1)
LEAST_SIZE = 20
RESAMPLES = 10
DRAWN = 0.8
MAX_OUTLIERS = 0.5


@dataclass(frozen=True)
class DensityEvidence:
    """What speaks for the clusters of at least `min_cluster_size` customers of the sample; NaN below two clusters.

    silhouette: of the clustered customers; validity: `density_validity`; `ari_*` and `jaccard_min` as for K-means, with
    outliers as one group of the compared partitions.
    """

    min_cluster_size: int
    k: int
    outlier_share: float
    silhouette: float
    validity: float
    ari_mean: float
    ari_p05: float
    jaccard_min: float

    @property
    def is_stable(self) -> bool:
        """At least two clusters of at least half of the customers, which come back when some are left out."""
        return bool(
            self.k >= 2
            and self.outlier_share <= MAX_OUTLIERS
            and self.ari_mean >= MIN_ARI_MEAN
            and self.ari_p05 >= MIN_ARI_P05
            and self.jaccard_min >= MIN_JACCARD
        )


def sizes_to_try(count: int) -> list[int]:
    """Smallest cluster sizes for a sample of `count` customers, from 20 on; none where two such do not fit."""
    sizes = sorted({max(round(share * count), LEAST_SIZE) for share in SHARES})
    return [size for size in sizes if count >= 2 * size]


def weigh_density(points: FloatArray, size: int, seed: int) -> tuple[DensityEvidence, DensityClusters]:
    """Evidence for clusters of at least `size` points, and those clusters; points of shape (n, features), rounded."""
    found = fit_density(points, size)
    labels = found.assign(points)
    k, outliers = found.count, float((labels < 0).mean())
    if k < 2:
        return DensityEvidence(size, k, outliers, *[float("nan")] * 5), found
    rng = np.random.default_rng([seed, size])
    agreement, overlaps = [], np.zeros(k)
    for _ in range(RESAMPLES):
        drawn = np.sort(rng.permutation(len(points))[: round(DRAWN * len(points))])
        again = fit_density(points[drawn], max(round(DRAWN * size), 2)).assign(points)
        agreement.append(adjusted_rand_score(labels, again))
        overlaps += _best_overlaps(labels, again, k)
    evidence = DensityEvidence(
        min_cluster_size=size,
        k=k,
        outlier_share=outliers,
        silhouette=_silhouette(points, labels),
        validity=density_validity(found),
        ari_mean=float(np.mean(agreement)),
        ari_p05=float(np.quantile(agreement, 0.05)),
        jaccard_min=float(overlaps.min()) / RESAMPLES,
    )
    return evidence, found


def choose_size(tried: Sequence[DensityEvidence]) -> tuple[DensityEvidence | None, str]:
    """Of the stable sizes the one with most clusters (ties: higher validity, larger size), None without; and why."""
    sizes = ", ".join(str(row.min_cluster_size) for row in tried)
    stable = [row for row in tried if row.is_stable]
    if not stable:
        found = ", ".join(f"{row.k} with {row.outlier_share:.0%} outliers" for row in tried)
        return None, (
            f"one cluster: no size of {sizes} sampled customers gives two or more density clusters of at least"
            f" {1 - MAX_OUTLIERS:.0%} of the customers that come back in resampled ones (clusters found: {found})"
        )
    best = max(stable, key=lambda row: (row.k, row.validity, row.min_cluster_size))
    return best, (
        f"{best.k} density clusters of at least {best.min_cluster_size} sampled customers: of {sizes} the size with"
        f" most clusters that come back in resampled customers (ARI mean {best.ari_mean:.2f} with"
        f" {MIN_ARI_MEAN:.2f} wanted, 5th percentile {best.ari_p05:.2f} with {MIN_ARI_P05:.2f} wanted,"
        f" weakest cluster's Jaccard {best.jaccard_min:.2f} with {MIN_JACCARD:.2f} wanted)"
    )


def _best_overlaps(labels: Labels, again: Labels, k: int) -> FloatArray:
    """Jaccard similarity of each cluster of `labels` with the cluster of `again` most like it; shape (k,)."""
    other = int(again.max(initial=-1)) + 1
    if other == 0:
        return np.zeros(k)
    common = np.bincount((labels + 1) * (other + 1) + again + 1, minlength=(k + 1) * (other + 1))
    common = common.reshape(k + 1, other + 1)
    union = common.sum(axis=1, keepdims=True) + common.sum(axis=0, keepdims=True) - common
    return np.asarray((common / np.maximum(union, 1))[1:, 1:].max(axis=1))


def _silhouette(points: FloatArray, labels: Labels) -> float:
    clustered = np.flatnonzero(labels >= 0)[:SILHOUETTE_ROWS]
    few = labels[clustered]
    return float(silhouette_score(points[clustered], few)) if 1 < len(np.unique(few)) < len(few) else float("nan")
