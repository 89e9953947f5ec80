"""The fitted clusters of each snapshot, by K-means or HDBSCAN, kept so that clusters keep their ids to the next one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from crm_pipeline.models.clustering import FittedSegments
    from crm_pipeline.models.clustering_choice import Evidence
    from crm_pipeline.models.clustering_hdbscan import DensitySegments
    from crm_pipeline.project import Project

FOLLOWS_CLUSTERING = True
K_RANGE = range(3, 9)
SEED = 0
ROWS_WORTH_WORKERS = 1_000
"""With fewer customers, handing work to other processes takes longer than doing it."""
FORMATS = {"kmeans": "segments/1 (json)", "hdbscan": "density_segments/1 (json)"}

TABLE = Table(
    name="cluster_model",
    description=(
        "One row per snapshot: its clusters, by K-means fitted on at most 50,000 customers or by HDBSCAN on at most "
        "5,000 (`segments.clustering`), and why they are as many as they are."
    ),
    grain=("snapshot_date", "model_version"),
    columns=(
        *columns.MODEL_REGISTRY,
        Column("cluster_count", "integer", "Number of clusters, k; outliers of HDBSCAN not counted."),
    ),
    rules=("cluster_count >= 1", "is_champion", "artifact is not null", "length(why) > 0"),
    expectations=(
        Expectation("row_count", maximum=1, severity="critical", why="a snapshot is clustered by one model"),
        Expectation("minimum", "cluster_count", minimum=2, why="one cluster tells no customer from another"),
    ),
    kind="append_only",
    owner="team:data-science",
)


def build(rows: pd.DataFrame, cluster_model: pd.DataFrame, project: Project, snapshot_date: date) -> pd.DataFrame:
    """Fit the sampled customers; no row without customers.

    Args:
        rows: one row per sampled customer: customer_id and the features.
        cluster_model: earlier rows of this table; the newest gives the centres whose ids are kept.
        project: says which clustering.
        snapshot_date: the snapshot.
    """
    import json
    from hashlib import sha256

    import pandas as pd

    from crm_pipeline.models.clustering_stored import segments_from_json

    if rows.empty:
        return pd.DataFrame(columns=list(TABLE.column_names))
    earlier = cluster_model.sort_values("snapshot_date")["artifact"].tolist()
    before = segments_from_json(earlier[-1]) if earlier else None
    clustering = project.segments.clustering
    features = [name for name in rows.columns if name != "customer_id"]
    fitted, settings, metrics = (_density if clustering == "hdbscan" else _kmeans)(rows, before)
    settings = {"features": features, **settings}
    artifact = fitted.to_json()
    values = {
        "model_version": sha256(f"{snapshot_date} {settings} {artifact}".encode()).hexdigest()[:16],
        "snapshot_date": snapshot_date,
        "candidate": clustering,
        "settings": json.dumps(settings),
        "metrics": json.dumps({"customer_count": len(rows), **metrics}),
        "is_champion": True,
        "why": "; ".join(fitted.notes),
        "format": FORMATS[clustering],
        "artifact": artifact,
        "cluster_count": fitted.k,
    }
    return pd.DataFrame([values], columns=list(TABLE.column_names))


Fitted = tuple["FittedSegments | DensitySegments", dict[str, Any], dict[str, Any]]


def _kmeans(rows: pd.DataFrame, before: FittedSegments | DensitySegments | None) -> Fitted:
    """K-means, with the settings and metrics to record."""
    import json

    from crm_pipeline.models.clustering import fit_segments, in_turn

    weigh = _side_by_side if len(rows) >= ROWS_WORTH_WORKERS else in_turn
    fitted = fit_segments(rows, K_RANGE, SEED, weigh=weigh, **_earlier(before))
    evidence = fitted.evidence.set_index("k")
    metrics = json.loads(evidence.loc[fitted.k].to_json()) if fitted.k in evidence.index else {}
    return fitted, {"k": list(K_RANGE), "seed": SEED}, metrics


def _side_by_side(calls: Sequence[Callable[[], Evidence]]) -> Sequence[Evidence]:
    """The same results as one after the other; the last calls, with the most clusters, take longest and begin."""
    from crm_pipeline.warehouse.side_by_side import SideBySide, worker_count

    found: list[Evidence] = []
    with SideBySide["Evidence"](worker_count()) as running:
        for call in reversed(calls):
            found += running.call(call)
        found += running.rest()
    return found[::-1]


def _density(rows: pd.DataFrame, before: FittedSegments | DensitySegments | None) -> Fitted:
    """HDBSCAN, with the settings and metrics to record."""
    import json

    from crm_pipeline.models.clustering_density import MIN_SAMPLES
    from crm_pipeline.models.clustering_hdbscan import fit_density_segments

    fitted = fit_density_segments(rows, SEED, **_earlier(before))
    evidence = fitted.evidence.set_index("min_cluster_size")
    chosen = fitted.min_cluster_size
    metrics = json.loads(evidence.loc[chosen].to_json()) if chosen is not None else {}
    settings = {"min_cluster_size": evidence.index.tolist(), "min_samples": MIN_SAMPLES, "seed": SEED}
    return fitted, settings, {"outlier_share": max(1 - sum(fitted.shares), 0.0), **metrics}


def _earlier(before: FittedSegments | DensitySegments | None) -> dict[str, Any]:
    """The snapshot before as arguments, whichever way it was clustered."""
    if before is None:
        return {"previous_centers": None, "next_cluster_id": 1}
    return {"previous_centers": before.centers, "next_cluster_id": before.next_cluster_id}
