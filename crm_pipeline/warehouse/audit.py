"""Judges a candidate: unique grain, no missing values, row rules (over every row) and the profile's expectations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crm_pipeline.contract.table import Severity, Table
from crm_pipeline.counting import said_of
from crm_pipeline.warehouse.candidate import Part
from crm_pipeline.warehouse.digests import all_differ

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Status = Literal["passed", "failed", "error"]

GRAIN, RULES, EXPECTED, WATCHED = "unique_grain", "row_rules", "expectations", "expectations_warning"
ALARMS = "expectations_error"
CHECKS: tuple[tuple[str, Severity, str], ...] = (
    (GRAIN, "critical", "The grain identifies each row, and no column without permission is missing."),
    (RULES, "critical", "Every row satisfies every row rule of the contract."),
    (EXPECTED, "critical", "Great Expectations on the table's profile: what must hold."),
    (WATCHED, "warning", "Great Expectations on the table's profile: what should hold."),
)
ALARM: tuple[str, Severity, str] = (
    ALARMS,
    "error",
    "Great Expectations on the table's profile: what must hold before its content is trusted; it is published anyway.",
)
CHECK_OF: dict[Severity, str] = {"critical": EXPECTED, "error": ALARMS, "warning": WATCHED}
"""The check that an expectation belongs to."""


def checks_of(table: Table) -> tuple[tuple[str, Severity, str], ...]:
    """Name, severity and meaning of the table's checks."""
    return (*CHECKS, ALARM) if any(item.severity == "error" for item in table.expectations) else CHECKS


@dataclass(frozen=True)
class CheckResult:
    """What one rule or expectation said of one part (None: of the whole table)."""

    check: str
    name: str
    severity: Severity
    status: Status
    part: Part = None
    observed: str = ""
    expected: str = ""
    failing_rows: int | None = None

    @property
    def blocks(self) -> bool:
        """Whether this result keeps the candidate from replacing the live table."""
        return self.status != "passed" and self.severity == "critical"


def recorded_results(connection: DuckDBPyConnection, table: Table, parts: Sequence[Part]) -> list[CheckResult]:
    """What was said of the rows that stand: the results of the run that published each part, not of later attempts."""
    rows = connection.execute(
        "with standing as ("
        "select snapshot_date, run_id from quality.table_versions where table_name = $table "
        "and (snapshot_date is null or list_contains($parts::date[], snapshot_date)) "
        "qualify row_number() over (partition by snapshot_date order by version desc) = 1) "
        "select check_name, severity, status, snapshot_date, observed, expected, failing_rows "
        "from quality.check_results as c where table_name = $table and exists (select 1 from standing as s "
        "where s.run_id = c.run_id and (c.snapshot_date is null or s.snapshot_date = c.snapshot_date)) "
        "order by all",
        {"table": table.name, "parts": [part for part in parts if part is not None]},
    ).fetchall()
    found = []
    for name, severity, status, part, observed, expected, failing in rows:
        check, _, rule = name.partition(": ")
        found.append(CheckResult(check, rule, severity, status, part, observed or "", expected or "", failing))
    return found


def audit_rows(connection: DuckDBPyConnection, table: Table, candidate: str) -> list[CheckResult]:
    """Unique grain, missing values and row rules, each counted over every row of the candidate."""
    duplicates = count_repeated(connection, table.grain, candidate)
    results = [
        CheckResult(
            GRAIN,
            f"unique({', '.join(table.grain)})",
            "critical",
            "failed" if duplicates else "passed",
            observed=f"{said_of(duplicates, 'row', 'shares', 'share')} a grain",
            expected="0",
            failing_rows=duplicates,
        )
    ]
    required = [column.name for column in table.columns if not column.nullable]
    results += _count(
        connection,
        candidate,
        GRAIN,
        [f"{name} is not missing" for name in required],
        [f'count(*) - count("{name}")' for name in required],
    )
    # a predicate that is null fails, for it is not true
    fails = [f"count(*) filter (({rule}) is not true)" for rule in table.rules]
    return results + _count(connection, candidate, RULES, list(table.rules), fails)


def count_repeated(connection: DuckDBPyConnection, names: Sequence[str], relation: str) -> int:
    """Rows whose values of some columns another row has too.

    Where the digests of all rows differ, so do the values; only where two are equal are the values compared.
    """
    key = ", ".join(f'"{name}"' for name in names)
    if all_differ(connection, key, relation):
        return 0
    row = connection.execute(f"select count(*) - count(distinct ({key})) from {relation}").fetchone()
    return int(row[0]) if row else 0


def _count(
    connection: DuckDBPyConnection, candidate: str, check: str, names: Sequence[str], counts: Sequence[str]
) -> list[CheckResult]:
    """One scan for all counts of failing rows."""
    if not counts:
        return []
    row = connection.execute(f"select {', '.join(counts)} from {candidate}").fetchone() or ()
    return [
        CheckResult(
            check,
            name,
            "critical",
            "failed" if failing else "passed",
            observed=said_of(failing, "row", "fails", "fail"),
            expected=name,
            failing_rows=int(failing),
        )
        for name, failing in zip(names, row, strict=True)
    ]
