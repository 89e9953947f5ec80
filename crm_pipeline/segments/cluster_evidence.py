"""What spoke for each number of clusters that was tried, so that a reader can judge the chosen one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table

if TYPE_CHECKING:
    import pandas as pd

TABLE = Table(
    name="cluster_evidence",
    description=(
        "One row per snapshot and setting tried: the number of clusters of K-means, the least size of a cluster of "
        "HDBSCAN. Where the customers are too few to try any, or no size gives two clusters that come back, one row "
        "says so with k = 1 and no figures. Stability: 20 bootstrap samples (HDBSCAN: 10 of four fifths) are clustered "
        "again and compared."
    ),
    grain=("snapshot_date", "k", "min_cluster_size"),
    columns=(
        columns.SNAPSHOT_DATE,
        Column("k", "integer", "Number of clusters; of HDBSCAN those it found."),
        Column(
            "min_cluster_size",
            "integer",
            "The setting of HDBSCAN: sampled customers that make a cluster; 0 for K-means and where none served.",
        ),
        Column(
            "inertia",
            "double",
            "K-means: mean squared distance of customers to their centre, on scaled features; look for the elbow.",
            nullable=True,
        ),
        Column(
            "single_split_inertia",
            "double",
            "The same when customers are split into k groups by the one feature for which it is least.",
            nullable=True,
        ),
        Column(
            "silhouette",
            "double",
            "Mean silhouette, -1..1: how much nearer the own cluster is than the next; outliers left out.",
            nullable=True,
        ),
        Column(
            "validity",
            "double",
            "HDBSCAN: density-based validity, -1..1; above 0, clusters are farther apart than their widest gap.",
            nullable=True,
        ),
        Column("outlier_share", "double", "HDBSCAN: share of the sampled customers in no cluster.", nullable=True),
        Column(
            "ari_mean", "double", "Mean adjusted Rand index of the fits to the samples; 1 is the same.", nullable=True
        ),
        Column("ari_p05", "double", "The 5 % quantile of that index.", nullable=True),
        Column(
            "jaccard_min",
            "double",
            "Mean overlap, 0..1, with its best match of the cluster that comes back worst.",
            nullable=True,
        ),
        Column(
            "is_chosen",
            "boolean",
            "Whether the snapshot's model has this setting: of the stable ones the one with most clusters.",
        ),
    ),
    rules=(
        "k >= 0 and min_cluster_size >= 0",
        "k >= 1 or min_cluster_size > 0",
        "k > 1 or is_chosen = (min_cluster_size = 0)",
        "(inertia is null) = (k = 1 or min_cluster_size > 0)",
        "inertia is null or inertia >= 0",
        "single_split_inertia is null or single_split_inertia >= 0",
        "silhouette is null or silhouette between -1 and 1",
        "validity is null or validity between -1 and 1",
        "(outlier_share is null) = (min_cluster_size = 0)",
        "outlier_share is null or outlier_share between 0 and 1",
        "k <= 1 or (ari_mean <= 1 and ari_p05 <= 1)",
        "k <= 1 or jaccard_min between 0 and 1",
    ),
    expectations=(
        Expectation("maximum", "is_chosen", minimum=1, severity="critical", why="some k was chosen"),
        Expectation("maximum", "ari_mean", minimum=0.9, why="where no k is stable, borders of clusters are arbitrary"),
    ),
    owner="team:data-science",
)


def build(rows: pd.DataFrame) -> pd.DataFrame:
    """Read the evidence out of the snapshot's model.

    Args:
        rows: snapshot_date and artifact of at most one model.
    """
    import pandas as pd

    from crm_pipeline.models.clustering_hdbscan import DensitySegments
    from crm_pipeline.models.clustering_stored import segments_from_json

    if rows.empty:
        return pd.DataFrame(columns=list(TABLE.column_names))
    fitted = segments_from_json(rows["artifact"].iloc[0])
    evidence = fitted.evidence
    if isinstance(fitted, DensitySegments):
        evidence = evidence.assign(is_chosen=evidence["min_cluster_size"] == (fitted.min_cluster_size or 0))
    else:
        evidence = evidence.assign(min_cluster_size=0, is_chosen=evidence["k"] == fitted.k)
    if not evidence["is_chosen"].any():
        nothing = pd.DataFrame([{"k": 1, "min_cluster_size": 0, "is_chosen": True}])
        evidence = pd.concat([evidence, nothing], ignore_index=True) if len(evidence) else nothing
    evidence = evidence.assign(snapshot_date=rows["snapshot_date"].iloc[0])
    return evidence.reindex(columns=list(TABLE.column_names))
