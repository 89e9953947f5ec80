"""A backfill of many snapshots is several runs: what each said of its parts stands, and only that."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from crm_pipeline.alerts.findings import standing
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.quality import page_queries
from crm_pipeline.report.queries import ALL
from crm_pipeline.status import failed_checks, to_do
from crm_pipeline.warehouse.ledger import REMOVED, Ledger
from crm_pipeline_tests.kit import make_project

JANUARY, FEBRUARY, MARCH = "2024-01-01", "2024-02-01", "2024-03-01"
LIMIT = "expectations_warning: maximum(is_fallback)"


def run(
    connection: duckdb.DuckDBPyConnection, hour: int, results: Sequence[tuple[str, str]], *, is_published: bool = True
) -> None:
    """A run that judged parts of one table, each (part, status), and published them or not."""
    ledger = Ledger(connection)
    ledger.create()
    for part, status in results:
        day, name, at = date.fromisoformat(part), f"run-{hour}", datetime(2024, 3, 1, hour)
        if is_published:
            ledger.append(ledger.next_version(), "churn_model", day, "content", {}, "code", 1, name, 1.0, 1.0)
        connection.execute(
            "insert into quality.check_results values ('churn_model', ?, ?, 'warning', ?, 'seen', '', 1, ?, ?)",
            [day, LIMIT, status, name, at],
        )


def failing(connection: duckdb.DuckDBPyConnection) -> int:
    return sum(row[3] for row in connection.execute(ALL["failed_checks"]).fetchall())


@pytest.fixture
def ledger_file() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def test_warnings_of_every_run_of_a_backfill_are_told_everywhere(tmp_path: Path) -> None:
    pipeline = Pipeline(make_project(tmp_path))
    pipeline.warehouse.prepare()
    with pipeline.warehouse.connect() as connection:
        run(connection, 1, [(JANUARY, "failed"), (FEBRUARY, "failed")])
        run(connection, 2, [(MARCH, "passed")])
        assert connection.execute(ALL["checks"]).fetchall() == [(3, 1, 2, 1, 0, 0, 0, 2)]
        for query in (ALL["failed_checks"], page_queries.FAILED_CHECKS):
            assert [row[:4] for row in connection.execute(query).fetchall()] == [("warning", "churn_model", LIMIT, 2)]
    (line,) = failed_checks(pipeline)
    assert line == f"Only at earlier snapshots failed: churn_model {FEBRUARY} (crm-pipeline quality)."
    assert to_do(pipeline, is_stale=False) == ["crm-pipeline run"]  # nothing of what stands asks for a look
    with pipeline.warehouse.connect() as connection:
        run(connection, 3, [(MARCH, "failed")])
        assert connection.execute(ALL["checks"]).fetchall() == [(3, 0, 3, 1, 1, 0, 1, 2)]
    (line,) = failed_checks(pipeline)
    assert line.startswith(f"warning: churn_model, snapshot {MARCH}: ")
    (found,) = [item for item in standing(pipeline) if item.subject == "failed_check"]
    assert (found.title, found.text) == (f"churn_model: {LIMIT}", "in 3 parts; observed: seen")


def test_a_part_that_was_mended_is_over(ledger_file: duckdb.DuckDBPyConnection) -> None:
    run(ledger_file, 1, [(JANUARY, "failed"), (FEBRUARY, "failed")])
    run(ledger_file, 2, [(JANUARY, "passed")])
    assert failing(ledger_file) == 1


def test_an_attempt_that_was_not_published_is_told_until_the_next(ledger_file: duckdb.DuckDBPyConnection) -> None:
    run(ledger_file, 1, [(JANUARY, "passed")])
    run(ledger_file, 2, [(JANUARY, "failed")], is_published=False)
    assert failing(ledger_file) == 1
    run(ledger_file, 3, [(FEBRUARY, "passed")])
    assert failing(ledger_file) == 0


def test_a_part_that_was_taken_away_is_over(ledger_file: duckdb.DuckDBPyConnection) -> None:
    run(ledger_file, 1, [(JANUARY, "failed")])
    run(ledger_file, 2, [(MARCH, "passed")])
    Ledger(ledger_file).remove("churn_model", date.fromisoformat(JANUARY), REMOVED)
    assert failing(ledger_file) == 0


def test_what_keeps_an_older_snapshot_from_being_renewed_stands(tmp_path: Path) -> None:
    pipeline = Pipeline(make_project(tmp_path))
    pipeline.warehouse.prepare()
    with pipeline.warehouse.connect() as connection:
        run(connection, 1, [(JANUARY, "passed"), (FEBRUARY, "passed")])
        run(connection, 2, [(JANUARY, "failed")], is_published=False)
        connection.execute("update quality.check_results set severity = 'critical' where status = 'failed'")
        assert connection.execute(ALL["checks"]).fetchall() == [(2, 1, 1, 1, 1, 1, 0, 0)]
    (line,) = failed_checks(pipeline)
    assert line.startswith(f"critical: churn_model, snapshot {JANUARY}: ")
    assert any("failed checks" in item for item in to_do(pipeline, is_stale=False))
