"""Whether the order sources are complete to a snapshot date: a late export is not churn."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="source_coverage",
    description=(
        "One row per snapshot and source of orders; a snapshot waits until each is complete to the day before it."
    ),
    grain=("snapshot_date", "source"),
    columns=(
        columns.SNAPSHOT_DATE,
        columns.SOURCE,
        Column("entity", "varchar", "Entity of the customer model."),
        Column(
            "data_through",
            "date",
            "Last complete day, at most the day before the snapshot: stated in crm.yaml, else the newest order's.",
        ),
        Column("is_complete", "boolean", "Whether the source is complete to the snapshot."),
    ),
    rules=("is_complete",),
    owner="team:data-engineering",
)
