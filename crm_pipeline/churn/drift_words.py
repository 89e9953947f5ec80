"""What `churn_drift` says of its newest snapshot, in sentences."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST = 5
NEWEST = """
    select snapshot_date, kind, subject, value, reference_mean, current_mean,
        greatest(warning_from, chance) as limit_of_warnings, chance > warning_from as is_chance, is_warning, is_failure
    from churn.churn_drift
    where snapshot_date = (select max(snapshot_date) from churn.churn_drift) and value is not null
    order by is_failure desc, is_warning desc, kind, value desc, subject
"""


class _Moved(NamedTuple):
    """One row of `NEWEST`: something watched; it warns only beyond `limit`, which may be what chance alone does."""

    day: date
    kind: str
    subject: str
    value: float
    before: float | None
    now: float | None
    limit: float
    is_chance: bool
    is_warning: bool
    is_failure: bool


def drift_lines(connection: DuckDBPyConnection) -> list[str]:
    """One line per thing that drifted at the newest snapshot, at most five, else one that nothing did; [] without."""
    rows = _newest(connection)
    if not rows:
        return []
    day = rows[0].day
    found = [row for row in rows if row.is_warning]
    if not found:
        parts = [f"{_fact(row)}, {_limit(row)}" for row in rows if row.kind != "feature"]
        return [f"Drift at {day}: nothing moved beyond its limit ({'; '.join(parts)})."]
    lines = [
        f"Drift at {day}, {'failure' if row.is_failure else 'warning'}: {_fact(row)}, {_limit(row)}." for row in found
    ]
    more = [f"… and {len(lines) - MOST} more in churn.churn_drift."] if len(lines) > MOST else []
    advice = [
        "Look at the sources and at what changed in the shop before you act on the churn scores; "
        "if the change is real, the model learns it from the next outcomes."
    ]
    return lines[:MOST] + more + (advice if any(row.is_failure for row in found) else [])


def drift_findings(connection: DuckDBPyConnection) -> list[tuple[date, str, str, bool, str]]:
    """Of the newest snapshot what warns or fails: snapshot, kind, subject, whether it fails, and the fact in words."""
    return [
        (row.day, row.kind, row.subject, row.is_failure, _fact(row)) for row in _newest(connection) if row.is_warning
    ]


def _newest(connection: DuckDBPyConnection) -> list[_Moved]:
    return [_Moved(*row) for row in connection.execute(NEWEST).fetchall()]


def _limit(row: _Moved) -> str:
    return f"limit {row.limit:.3g}" + (": chance alone does as much among so few customers" if row.is_chance else "")


def _fact(row: _Moved) -> str:
    value, before, now = row.value, row.before, row.now
    if row.kind == "feature":
        return f"feature {row.subject}, PSI {value:.3g} (mean {_short(before)} where learned, {_short(now)} now)"
    if row.kind == "score":
        return f"scores, PSI {value:.3g} (mean {before:.1%} where learned, {now:.1%} now)"
    earlier = "in the snapshots before" if row.kind == "label" else "predicted"
    return f"churn {now:.1%}, {before:.1%} {earlier} (odds ratio {value:.3g})"


def _short(number: float | None) -> str:
    return "unknown" if number is None else f"{number:,.3g}"
