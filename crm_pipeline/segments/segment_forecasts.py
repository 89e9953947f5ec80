"""How large RFM segments will be if customers go on to move as they did, and how they come to be lost.

A Markov chain of order one: its matrix counts the moves of up to twelve snapshots, and per step as many new customers
come as on average did. A step is the time from one snapshot to the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table
from crm_pipeline.segments.rfm_segments import RFM_RULES

if TYPE_CHECKING:
    import pandas as pd

STEPS = (1, 2, 3, 6, 12)
RFM_NAMES = ", ".join(f"'{rule.name}'" for rule in RFM_RULES)

TABLE = Table(
    name="segment_forecasts",
    description=(
        "One row per snapshot, RFM segment that has customers or will have, and number of snapshots ahead; empty "
        "before the second snapshot."
    ),
    grain=("snapshot_date", "segment", "steps_ahead"),
    columns=(
        columns.SNAPSHOT_DATE,
        Column("segment", "varchar", "RFM segment."),
        Column("steps_ahead", "integer", "Snapshots from this one on."),
        Column("customer_count", "bigint", "Customers of the segment at the snapshot."),
        Column("expected_count", "double", "Customers expected in it by then, newcomers included."),
        Column(
            "lost_probability",
            "double",
            "Probability that one of its customers has by then been in the segment `lost` at a snapshot, 0..1.",
        ),
        Column(
            "path_to_lost", "varchar", "The likeliest way from it to `lost`; null where none was seen.", nullable=True
        ),
        Column("path_probability", "double", "Probability of just that way, step by step.", nullable=True),
    ),
    rules=(
        f"segment in ({RFM_NAMES})",
        f"steps_ahead in ({', '.join(map(str, STEPS))})",
        "customer_count >= 0 and expected_count >= 0",
        "lost_probability between 0 and 1.000001",
        "(path_to_lost is null) = (path_probability is null)",
    ),
)


def build(rows: pd.DataFrame) -> pd.DataFrame:
    """Forecast from the moves so far.

    Args:
        rows: snapshot_date, from_segment (null: new customers), to_segment, move_count (of recent snapshots, in all),
            snapshot_count (of these), customer_count (of to_segment now).
    """
    import pandas as pd

    from crm_pipeline.models.markov import forecast_sizes, likeliest_path, moves, reached_by

    if rows.empty:
        return pd.DataFrame(columns=list(TABLE.column_names))
    chain = moves(rows)
    lost = "lost" if "lost" in chain.states else None
    sizes, reached = forecast_sizes(chain, STEPS), reached_by(chain, lost, STEPS)
    found = []
    for position, segment in enumerate(chain.states):
        path = likeliest_path(chain, segment, lost)
        for step in STEPS:
            found.append(
                {
                    "snapshot_date": rows["snapshot_date"].iloc[0],
                    "segment": segment,
                    "steps_ahead": step,
                    "customer_count": int(chain.sizes[position]),
                    "expected_count": float(sizes[step][position]),
                    "lost_probability": float(reached[step][position]),
                    "path_to_lost": " > ".join(path[0]) if path else None,
                    "path_probability": path[1] if path else None,
                }
            )
    return pd.DataFrame(found, columns=list(TABLE.column_names))
