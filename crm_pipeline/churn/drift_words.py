"""What `churn_drift` says of its newest snapshot, in sentences."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST = 5
NEWEST = """
    select kind, subject, value, reference_mean, current_mean, warning_from, is_warning, is_failure, snapshot_date
    from churn.churn_drift
    where snapshot_date = (select max(snapshot_date) from churn.churn_drift) and value is not null
    order by is_failure desc, is_warning desc, kind, value desc, subject
"""


def drift_lines(connection: DuckDBPyConnection) -> list[str]:
    """One line per thing that drifted at the newest snapshot, at most five, else one that nothing did; [] without."""
    rows = connection.execute(NEWEST).fetchall()
    if not rows:
        return []
    day = rows[0][-1]
    found = [row for row in rows if row[6]]
    if not found:
        parts = [_fact(row) for row in rows if row[0] != "feature"]
        return [f"Drift at {day}: none beyond the limits ({'; '.join(parts)})."]
    lines = [f"Drift at {day}, {'failure' if row[7] else 'warning'}: {_fact(row)}, limit {row[5]:g}." for row in found]
    return lines[:MOST] + ([f"… and {len(lines) - MOST} more in churn.churn_drift."] if len(lines) > MOST else [])


def drift_findings(connection: DuckDBPyConnection) -> list[tuple[date, str, str, bool, str]]:
    """Of the newest snapshot what warns or fails: snapshot, kind, subject, whether it fails, and the fact in words."""
    rows = connection.execute(NEWEST).fetchall()
    return [(row[8], row[0], row[1], bool(row[7]), _fact(row)) for row in rows if row[6] or row[7]]


def _fact(row: tuple[Any, ...]) -> str:
    kind, subject, value, before, now, *_ = row
    if kind == "feature":
        return f"feature {subject}, PSI {value:.3g} (mean {_short(before)} where learned, {_short(now)} now)"
    if kind == "score":
        return f"scores, PSI {value:.3g} (mean {before:.1%} where learned, {now:.1%} now)"
    earlier = "in the snapshots before" if kind == "label" else "predicted"
    return f"churn {now:.1%}, {before:.1%} {earlier} (odds ratio {value:.3g})"


def _short(number: float | None) -> str:
    return "unknown" if number is None else f"{number:,.3g}"
