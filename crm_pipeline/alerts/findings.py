"""What there is to be told: failed runs, failed checks, drift, stale data; in words that hold counts and no rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from crm_pipeline.alerts.settings import Level, Subject
from crm_pipeline.contract.table import Table
from crm_pipeline.counting import counted
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.plan import due_snapshots, kept_snapshots
from crm_pipeline.quality.newest_checks import NEWEST_CHECKS
from crm_pipeline.warehouse.ledger import Ledger
from crm_pipeline.warehouse.published import is_published

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

GRACE_DAYS = 1
"""A snapshot that is due since today is built tonight or tomorrow; after that it is late."""


@dataclass(frozen=True)
class Finding:
    """One thing to be told; ``key`` is the same as long as it is the same thing."""

    subject: Subject
    severity: Level
    title: str
    text: str
    run_id: str = ""

    @property
    def key(self) -> str:
        """What tells it from others: counts in its text may change, its title does not."""
        return sha256(f"{self.subject}\0{self.severity}\0{self.title}\0{self.run_id}".encode()).hexdigest()[:16]


def failed_run(run_id: str, message: str) -> Finding:
    """A run that failed."""
    return Finding("failed_run", "critical", "a run failed", message, run_id)


def killed_run(run_id: str) -> Finding:
    """A run whose process was killed, so that it could not tell of itself."""
    return failed_run(run_id, "the process of the run was killed")


def standing(pipeline: Pipeline) -> list[Finding]:
    """Everything that is wrong with the warehouse as it is now."""
    if not pipeline.warehouse.exists:
        return []
    with pipeline.warehouse.connect(read_only=True) as connection:
        if not Ledger(connection).is_there():
            return []
        found = [*_failed_checks(connection), *_drift(connection)]
    return found + stale(pipeline)


def _failed_checks(connection: DuckDBPyConnection) -> list[Finding]:
    """The failures among the newest results of every table's checks; drift has words of its own."""
    rows = connection.execute(
        "select table_name, severity, check_name, count(*), min(observed) "
        f"from ({NEWEST_CHECKS}) "
        "where status <> 'passed' and table_name <> 'churn_drift' group by all order by all"
    ).fetchall()
    return [
        Finding(
            "failed_check",
            severity,
            f"{table}: {check}",
            f"in {counted(count, 'part')}; observed: {observed or 'nothing'}",
        )
        for table, severity, check, count, observed in rows
    ]


def _drift(connection: DuckDBPyConnection) -> list[Finding]:
    from crm_pipeline.churn.drift_words import drift_findings

    there = connection.execute("select 1 from duckdb_tables() where table_name = 'churn_drift'").fetchall()
    if not there:
        return []
    return [
        Finding("drift", "error" if is_failure else "warning", f"{kind} {subject} drifted at {day}", text)
        for day, kind, subject, is_failure, text in drift_findings(connection)
    ]


def stale(pipeline: Pipeline) -> list[Finding]:
    """Snapshots that should have been built by now, a copy for readers that is behind, and nothing built for long."""
    found = []
    today = pipeline.project.today(pipeline.now())
    with pipeline.warehouse.connect(read_only=True) as connection:
        built = Ledger(connection).current()
        newest = connection.execute("select max(built_at) from quality.table_versions").fetchone()
    due = due_snapshots(pipeline)
    ready = kept_snapshots(pipeline)
    if due and due[-1] not in built.get("customer_segments", {}) and due[-1] + timedelta(days=GRACE_DAYS) <= today:
        why = "not built though its sources are there" if due[-1] in ready else _waits(pipeline)
        found.append(Finding("stale", "error", f"snapshot {due[-1]} is late", f"due since {due[-1]}; {why}"))
    if not is_published(pipeline.warehouse):
        found.append(
            Finding("stale", "error", "readers see an older state", "the copy for readers is older than the warehouse")
        )
    limit = min(table.unit_of_freshness_days for table in pipeline.tables.values() if _is_renewed(table))
    if newest and newest[0] and not pipeline.project.snapshots.is_finite:
        days = (today - newest[0].date()).days
        if days > limit:
            found.append(
                Finding("stale", "error", "nothing was built for long", f"for {counted(days, 'day')}; limit {limit}")
            )
    return found


def _is_renewed(table: Table) -> bool:
    return table.is_partitioned


def _waits(pipeline: Pipeline) -> str:
    from crm_pipeline.status import source_reach

    reach = source_reach(pipeline)
    if not reach:
        return "no source of orders is loaded"
    first = min(day for _, day in reach)
    late = [name for name, day in reach if day == first]
    return f"waits for {', '.join(late)}, complete to {first}"
