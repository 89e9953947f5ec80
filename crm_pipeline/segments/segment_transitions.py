"""How customers moved between RFM segments since the snapshot before: the transition matrix of a Markov chain."""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table
from crm_pipeline.segments.rfm_segments import RFM_RULES

NO_ORDERS_YET = "no orders yet"
RFM_NAMES = ", ".join(f"'{rule.name}'" for rule in RFM_RULES)

TABLE = Table(
    name="segment_transitions",
    description=(
        "One row per snapshot and pair of RFM segments that customers moved between since the snapshot before (or "
        "stayed in); pairs without customers have no row. The first snapshot has none."
    ),
    grain=("snapshot_date", "from_segment", "to_segment"),
    columns=(
        columns.SNAPSHOT_DATE,
        Column(
            "from_segment", "varchar", f"RFM segment at the snapshot before; `{NO_ORDERS_YET}` for customers new since."
        ),
        Column("to_segment", "varchar", "RFM segment at this snapshot."),
        Column("customer_count", "bigint", "Customers who made this move."),
        Column("share", "double", "The same as a share of all customers of from_segment, 0..1."),
    ),
    rules=(
        f"from_segment in ({RFM_NAMES}, '{NO_ORDERS_YET}')",
        f"to_segment in ({RFM_NAMES})",
        "customer_count >= 1",
        "share > 0 and share <= 1",
    ),
)
