"""Which segments each customer belongs to: a named RFM segment by rules, and a cluster by the snapshot's model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table
from crm_pipeline.segments.rfm_segments import RFM_RULES

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

STREAMS = True
NOT_CLUSTERED = "not clustered"
RFM_NAMES = ", ".join(f"'{rule.name}'" for rule in RFM_RULES)

TABLE = Table(
    name="customer_segments",
    description="One row per snapshot and customer who ordered before it: the RFM segment and the behavioural cluster.",
    grain=("snapshot_date", "customer_id"),
    columns=(
        columns.SNAPSHOT_DATE,
        columns.CUSTOMER_ID,
        Column("rfm_segment", "varchar", "Named segment of the RFM scores; the rules cover every combination."),
        Column(
            "cluster_id",
            "integer",
            "The nearest cluster; it keeps its id over snapshots. 0: outliers of HDBSCAN.",
            nullable=True,
        ),
        Column(
            "cluster_label",
            "varchar",
            f"The cluster in words; `{NOT_CLUSTERED}` where no model was fitted, `outliers` for 0.",
        ),
        columns.MODEL_VERSION.may_be_null(),
    ),
    rules=(
        f"rfm_segment in ({RFM_NAMES})",
        "cluster_id is null or cluster_id >= 0",
        "(cluster_id is not null and cluster_id = 0) = (cluster_label = 'outliers')",
        "(cluster_id is null) = (model_version is null)",
        f"(cluster_id is null) = (cluster_label = '{NOT_CLUSTERED}')",
    ),
    expectations=(
        Expectation("row_count", minimum=1, severity="critical", why="a snapshot without customers segments nobody"),
        Expectation(
            "null_share", "cluster_id", maximum=0, severity="critical", why="each customer has a nearest cluster"
        ),
        Expectation("distinct_count", "rfm_segment", minimum=3, why="scores that fall into one corner segment nobody"),
    ),
    owner="team:data-science",
)


def build(rows: pd.DataFrame, cluster_model: pd.DataFrame, snapshot_date: date) -> pd.DataFrame:
    """Assign clusters to customers, each row by itself.

    Args:
        rows: snapshot_date, customer_id, rfm_segment and the features of cluster_model.
        cluster_model: the registry; the snapshot's own row is used.
        snapshot_date: the snapshot.
    """
    import pandas as pd

    from crm_pipeline.models.clustering_stored import segments_from_json

    of_snapshot = cluster_model[pd.to_datetime(cluster_model["snapshot_date"]) == pd.Timestamp(snapshot_date)]
    found = rows[["snapshot_date", "customer_id", "rfm_segment"]]
    if of_snapshot.empty:
        return found.assign(cluster_id=None, cluster_label=NOT_CLUSTERED, model_version=None)
    model = of_snapshot.iloc[0]
    nearest = segments_from_json(model["artifact"]).predict(rows)
    return found.assign(
        cluster_id=nearest["cluster_id"], cluster_label=nearest["cluster_label"], model_version=model["model_version"]
    )
