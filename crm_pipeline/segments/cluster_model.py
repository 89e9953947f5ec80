"""The fitted K-means segments of each snapshot, kept so that clusters keep their ids from one to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

K_RANGE = range(3, 9)
SEED = 0
FORMAT = "segments/1 (json)"

TABLE = Table(
    name="cluster_model",
    description="One row per snapshot: its K-means model, fitted on at most 50,000 customers, and why it has its k.",
    grain=("snapshot_date", "model_version"),
    columns=(*columns.MODEL_REGISTRY, Column("cluster_count", "integer", "Number of clusters, k.")),
    rules=("cluster_count >= 1", "is_champion", "artifact is not null", "length(why) > 0"),
    expectations=(
        Expectation("row_count", maximum=1, severity="critical", why="a snapshot is clustered by one model"),
        Expectation("minimum", "cluster_count", minimum=2, why="one cluster tells no customer from another"),
    ),
    kind="append_only",
    owner="team:data-science",
)


def build(rows: pd.DataFrame, cluster_model: pd.DataFrame, snapshot_date: date) -> pd.DataFrame:
    """Fit the sampled customers; no row without customers.

    Args:
        rows: one row per sampled customer: customer_id and the features.
        cluster_model: earlier rows of this table; the newest gives the centres whose ids are kept.
        snapshot_date: the snapshot.
    """
    import json
    from hashlib import sha256

    import pandas as pd

    from crm_pipeline.models.clustering import FittedSegments, fit_segments

    if rows.empty:
        return pd.DataFrame(columns=list(TABLE.column_names))
    earlier = cluster_model.sort_values("snapshot_date")["artifact"].tolist()
    before = FittedSegments.from_json(earlier[-1]) if earlier else None
    fitted = fit_segments(
        rows,
        K_RANGE,
        SEED,
        previous_centers=before.centers if before else None,
        next_cluster_id=before.next_cluster_id if before else 1,
    )
    evidence = fitted.evidence.set_index("k")
    settings = {"features": [name for name in rows.columns if name != "customer_id"], "k": list(K_RANGE), "seed": SEED}
    metrics = json.loads(evidence.loc[fitted.k].to_json()) if fitted.k in evidence.index else {}
    artifact = fitted.to_json()
    values = {
        "model_version": sha256(f"{snapshot_date} {settings} {artifact}".encode()).hexdigest()[:16],
        "snapshot_date": snapshot_date,
        "candidate": "kmeans",
        "settings": json.dumps(settings),
        "metrics": json.dumps({"customer_count": len(rows), **metrics}),
        "is_champion": True,
        "why": "; ".join(fitted.notes),
        "format": FORMAT,
        "artifact": artifact,
        "cluster_count": fitted.k,
    }
    return pd.DataFrame([values], columns=list(TABLE.column_names))
