"""After a load alone, coverage of the snapshots that stand is judged again, and nothing else (see also test_daemon)."""

from __future__ import annotations

from pathlib import Path

import duckdb

from crm_pipeline.coverage import renew_coverage
from crm_pipeline.pipeline import COVERAGE, Pipeline
from crm_pipeline.plan import stale_in_published
from crm_pipeline.project import load_project
from crm_pipeline_tests.acceptance.contents import ledger_hashes
from crm_pipeline_tests.acceptance.shops import SNAPSHOTS


def make_stale(folder: Path, table: str, code_hash: str) -> str:
    """Have the ledger say that a table was made by other code; returns what it said before."""
    with duckdb.connect(str(folder / "warehouse" / "crm.duckdb")) as connection:
        before = connection.execute(
            "select any_value(code_hash) from quality.table_versions where table_name = ?", [table]
        ).fetchall()
        connection.execute("update quality.table_versions set code_hash = ? where table_name = ?", [code_hash, table])
    return str(before[0][0])


def test_standing_snapshots_are_judged_again_after_a_whole_load(project: Path) -> None:
    pipeline, before = Pipeline(load_project(project)), ledger_hashes(project)
    with pipeline.warehouse.locked():
        assert renew_coverage(pipeline, "load") is None, "nothing is stale"
        make_stale(project, COVERAGE, "other")
        right = make_stale(project, "reconciliation", "other")
        assert renew_coverage(pipeline, "load") is None, "the load is not complete"
        make_stale(project, "reconciliation", right)
        assert {item.table.name for item in stale_in_published(pipeline)} == {COVERAGE}
        outcome = renew_coverage(pipeline, "load")
        assert outcome is not None and sorted(outcome.rows, key=str) == list(SNAPSHOTS) and not outcome.blocked
        assert stale_in_published(pipeline) == []
    assert ledger_hashes(project) == before, "what it says of past snapshots is the same"
