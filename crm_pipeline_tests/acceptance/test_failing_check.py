"""A failing critical check never replaces a good table, stops what follows, and can be seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from dagster import AssetCheckKey, AssetKey, DagsterEventType, DagsterRunStatus

from crm_pipeline import pipeline
from crm_pipeline.contract.catalog import Transform, declared_transforms
from crm_pipeline.contract.table import Expectation
from crm_pipeline.warehouse.materialize import materialize
from crm_pipeline_tests.acceptance.commands import crm
from crm_pipeline_tests.acceptance.contents import candidates, ledger_hashes, physical_tables, query, row_hashes
from crm_pipeline_tests.acceptance.test_bad_input import FAILURE, assert_one_message
from crm_pipeline_tests.acceptance.test_end_to_end import instance_of

RULE = "quantity > 1000000"


def plant(monkeypatch: pytest.MonkeyPatch, name: str, rule: str = "", expectation: Expectation | None = None) -> None:
    """Give a table's contract a rule or expectation that its rows do not satisfy."""
    known = declared_transforms()
    table = known[name].table
    if rule:
        table = replace(table, rules=(*table.rules, rule))
    if expectation is not None:
        table = replace(table, expectations=(*table.expectations, expectation))
    planted = replace(known[name], table=table, code_hash="planted")
    changed: Mapping[str, Transform] = {**known, name: planted}
    monkeypatch.setattr(pipeline, "declared_transforms", lambda: changed)


def test_a_broken_row_rule_stops_the_table_and_what_follows(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashes, published = ledger_hashes(project), physical_tables(project, "published.duckdb")
    plant(monkeypatch, "order_lines", rule=RULE)
    ended = crm("run", project)
    rows = query(project, "select count(*) from cleaned.order_lines")[0][0]
    reason = f"order_lines: critical checks failed, so the last good table stays: {RULE}: {rows:,} rows fail"
    assert_one_message(ended, FAILURE, f"crm-pipeline: {reason}")

    assert ledger_hashes(project) == hashes
    assert row_hashes(project) == hashes
    assert physical_tables(project, "published.duckdb") == published
    assert not candidates(project, "crm.duckdb")

    instance = instance_of(project)
    run = instance.get_runs(limit=1)[0]
    assert run.status == DagsterRunStatus.FAILURE
    begun = {r.event_log_entry.step_key for r in events(instance, run.run_id, DagsterEventType.STEP_START)}
    assert "order_lines" in begun
    assert not begun & {"orders", "customer_identity", "reconciliation", "customer_rfm", "published"}

    failed = "select check_name, status, severity, failing_rows from quality.check_results where run_id = ? "
    with_run = failed.replace("?", f"'{run.run_id}'") + "and status <> 'passed'"
    assert query(project, with_run) == [(f"row_rules: {RULE}", "failed", "critical", rows)]
    assert check_status(project, "order_lines", "row_rules") == (run.run_id, False)

    status = crm("status", project)
    assert status.code == 0 and "Last run: failure" in status.text
    assert f"critical: order_lines: {RULE}: {rows:,} rows do not" in status.text


def test_what_was_withdrawn_no_longer_fails(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule is taken back: the table that stands is up to date, and the checks that it passed are shown for it."""
    with monkeypatch.context() as planted:
        plant(planted, "order_lines", rule=RULE)
        assert crm("run", project, "--select", "order_lines").code == FAILURE
    from crm_pipeline.project import load_project

    now = pipeline.Pipeline(load_project(project))
    outcome = materialize(now.warehouse, now.recipes["order_lines"], [None], run_id="later")
    assert outcome.unchanged == [None] and outcome.results and not outcome.blocked
    again = crm("run", project)
    assert again.code == 0 and "Nothing to do" in again.text


def test_a_failing_snapshot_keeps_the_good_ones(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last snapshot breaks a rule: none of the range is renewed, tables that do not read it are."""
    hashes = ledger_hashes(project)
    plant(monkeypatch, "customer_rfm", rule="snapshot_date < date '2022-07-01'")
    ended = crm("run", project, "--select", "customer_rfm")
    assert_one_message(ended, FAILURE, "customer_rfm: critical checks failed", "rows fail")
    assert ledger_hashes(project) == hashes
    assert row_hashes(project) == hashes


@pytest.mark.parametrize("severity", ["critical", "warning"])
def test_an_expectation_stops_or_warns(project: Path, monkeypatch: pytest.MonkeyPatch, severity: str) -> None:
    expectation = Expectation("row_count", minimum=1e9, severity=severity, why="planted")  # type: ignore[arg-type]
    plant(monkeypatch, "products", expectation=expectation)
    before = query(project, "select max(version) from quality.table_versions where table_name = 'products'")
    ended = crm("run", project, "--select", "products")
    after = query(project, "select max(version) from quality.table_versions where table_name = 'products'")
    passed = check_status(project, "products", "expectations" if severity == "critical" else "expectations_warning")
    assert not passed[1]
    assert (ended.code, after == before) == ((FAILURE, True) if severity == "critical" else (0, False)), ended.text


def check_status(folder: Path, table: str, check: str) -> tuple[str, bool]:
    """The run of the newest evaluation of a check in Dagster's history, and whether it passed."""
    record = instance_of(folder).get_latest_asset_check_evaluation_record(AssetCheckKey(AssetKey(table), check))
    assert record is not None and record.event is not None and record.event.dagster_event is not None
    evaluation = record.event.dagster_event.asset_check_evaluation_data
    return record.run_id, evaluation.passed


def events(instance, run_id: str, kind: DagsterEventType):  # type: ignore[no-untyped-def]
    """The events of one kind of a run."""
    return instance.get_records_for_run(run_id, of_type=kind, limit=1000).records
