"""From raw exports to published tables, as people run it: the command line, backfills, Dagster's own tools."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import pytest
from dagster import AssetKey, DagsterInstance, DagsterRunStatus

from crm_pipeline.pipeline import Pipeline, all_tables
from crm_pipeline.project import load_project
from crm_pipeline.runs import open_instance
from crm_pipeline.simulation.dirt import DUPLICATE_LINE, IMPOSSIBLE_DATE, TEXT_IN_NUMBER
from crm_pipeline_tests.acceptance.commands import crm, environment, process
from crm_pipeline_tests.acceptance.conftest import Built
from crm_pipeline_tests.acceptance.contents import candidates, ledger_hashes, physical_tables, query, row_hashes
from crm_pipeline_tests.acceptance.shops import SNAPSHOTS

FIRST, SECOND, LAST = SNAPSHOTS


def instance_of(folder: Path) -> DagsterInstance:
    """The project's Dagster instance."""
    return open_instance(Pipeline(load_project(folder)))


def test_the_first_run_builds_every_table(built: Built) -> None:
    assert built.first_run.code == 0, built.first_run.text
    expected = {
        (name, part) for name, table in all_tables().items() for part in (SNAPSHOTS if table.is_partitioned else [None])
    }
    assert set(ledger_hashes(built.folder)) == expected


def test_every_input_row_is_accounted_for(built: Built) -> None:
    dirt = {kind: built.shop.truth.dirt_counts[kind] for kind in (TEXT_IN_NUMBER, IMPOSSIBLE_DATE, DUPLICATE_LINE)}
    assert min(dirt.values()) > 0, "the shop has no dirt to find"
    rejected, duplicate = dirt[TEXT_IN_NUMBER] + dirt[IMPOSSIBLE_DATE], dirt[DUPLICATE_LINE]
    read = built.shop.order_lines.num_rows
    counts = "read_count, clean_count, rejected_count, duplicate_count"
    (found,) = query(built.folder, f"select {counts} from quality.reconciliation where source = 'lines'")
    assert found == (read, read - rejected - duplicate, rejected, duplicate)
    rules = dict(query(built.folder, "select rule, count(*) from quality.rejected_rows group by rule"))
    assert rules == {
        "quantity is not a number": dirt[TEXT_IN_NUMBER],
        "ordered_at is not a date and time": dirt[IMPOSSIBLE_DATE],
    }


def test_the_ledger_tells_the_truth_about_the_rows(built: Built) -> None:
    assert row_hashes(built.folder) == ledger_hashes(built.folder)


def test_readers_get_a_copy_of_the_live_tables(built: Built) -> None:
    assert physical_tables(built.folder, "published.duckdb") == physical_tables(built.folder, "crm.duckdb")
    assert not candidates(built.folder, "crm.duckdb") + candidates(built.folder, "vault.duckdb")


def test_the_copy_can_be_read_by_older_drivers(built: Built) -> None:
    with duckdb.connect() as connection:
        for name in ("crm.duckdb", "published.duckdb"):
            connection.execute(f"attach '{built.folder / 'warehouse' / name}' as \"{name}\" (read_only)")
        versions = dict(
            connection.execute("select database_name, tags['storage_version'] from duckdb_databases()").fetchall()
        )
    assert versions["published.duckdb"] == "v1.4.0+"
    assert versions["crm.duckdb"] > "v2", "only the copy for readers is held back"


def test_the_runs_are_in_the_history_of_the_project(built: Built) -> None:
    instance = instance_of(built.folder)
    runs = instance.get_runs()
    assert runs and {run.status for run in runs} == {DagsterRunStatus.SUCCESS}
    assert {run.tags["crm_pipeline/project"] for run in runs} == {"small_shop"}
    days = {day.isoformat() for day in SNAPSHOTS}
    for name, table in all_tables().items():
        found = instance.get_materialized_partitions(AssetKey(name))
        assert found == (days if table.is_partitioned else set()), name
        assert instance.get_latest_materialization_event(AssetKey(name)) is not None, name


def test_a_second_run_has_nothing_to_do(built: Built) -> None:
    before = len(instance_of(built.folder).get_runs())
    again = crm("run", built.folder)
    assert again.code == 0 and "Nothing to do: every table is up to date." in again.text
    assert len(instance_of(built.folder).get_runs()) == before
    status = crm("status", built.folder)
    assert status.code == 0 and "0 are stale or missing" in status.text and "newest state" in status.text


def test_a_forced_run_makes_the_same_content(project: Path) -> None:
    before, versions = ledger_hashes(project), "select count(*) from quality.table_versions"
    count = query(project, versions)
    forced = crm("run", project, "--force")
    assert forced.code == 0, forced.text
    assert ledger_hashes(project) == before
    assert query(project, versions) == [(2 * int(str(count[0][0])),)], "a forced run builds every part anew"


def test_a_backfill_renews_only_its_range(project: Path) -> None:
    before = ledger_hashes(project)
    newest = (
        "select snapshot_date, max(version) from quality.table_versions where table_name = 'customer_rfm' group by 1"
    )
    versions = dict(query(project, newest))
    done = crm("backfill", project, "--from", str(FIRST), "--to", str(SECOND), "--select", "customer_rfm", "--force")
    assert done.code == 0, done.text
    now = dict(query(project, newest))
    assert {day for day in now if now[day] != versions[day]} == {FIRST, SECOND}
    assert ledger_hashes(project) == before
    run = next(r for r in instance_of(project).get_runs() if "dagster/asset_partition_range_start" in r.tags)
    assert run.tags["dagster/asset_partition_range_start"] == str(FIRST)
    assert run.tags["dagster/asset_partition_range_end"] == str(SECOND)


def test_what_is_asked_for_is_all_that_is_planned(built: Built) -> None:
    plan = crm("run", built.folder, "--dry-run", "--force", "--select", "customer_rfm", "--snapshot", str(LAST))
    assert plan.code == 0 and f"customer_rfm {LAST}: forced" in plan.text
    assert "1 part of 1 table would be built" in plan.text


def materializations(folder: Path, name: str) -> int:
    """How often an asset was materialized, over all partitions."""
    return len(instance_of(folder).fetch_materializations(AssetKey(name), limit=1000).records)


@pytest.mark.parametrize("tool", [pytest.param("dagster", marks=pytest.mark.full), "dg"])
def test_dagsters_own_commands_fill_a_range_of_partitions(project: Path, tool: str) -> None:
    before, hashes = materializations(project, "customer_rfm"), ledger_hashes(project)
    days = f"{FIRST}...{SECOND}"
    command = {
        "dagster": ("dagster", "asset", "materialize", "-m", "crm_pipeline.definitions", "--select", "customer_rfm"),
        "dg": ("dg", "launch", "--assets", "customer_rfm"),
    }[tool]
    done = process(beside(command[0]), *command[1:], "--partition-range", days, env=environment(project))
    assert done.code == 0, done.text
    assert materializations(project, "customer_rfm") == before + 2
    assert ledger_hashes(project) == hashes


@pytest.mark.full
def test_dg_lists_and_accepts_the_definitions(built: Built) -> None:
    listed = process(beside("dg"), "list", "defs", "--json", env=environment(built.folder))
    assert listed.code == 0, listed.text
    for name in ("customer_rfm", "published", "daily_load", "snapshot_when_due", "source_file_changed", "everything"):
        assert f'"{name}"' in listed.out
    checked = process(beside("dg"), "check", "defs", env=environment(built.folder))
    assert checked.code == 0, checked.text


def beside(command: str) -> str:
    """The command that is installed with this Python."""
    return str(Path(sys.executable).parent / command)
