"""The report as an asset: written with its numbers, and nothing where no snapshot is published yet."""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from crm_pipeline.pipeline import Pipeline
from crm_pipeline.report.asset import REPORT, build_report
from crm_pipeline_tests.kit import make_project
from crm_pipeline_tests.report.tables import NEWEST, published_file


def materialized(pipeline: Pipeline) -> tuple[bool, list[dict[str, object]]]:
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([build_report(pipeline)], instance=instance, raise_on_error=False)
        events = result.asset_materializations_for_node(REPORT)
        return result.success, [{name: item.value for name, item in event.metadata.items()} for event in events]


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    made = Pipeline(make_project(tmp_path))
    made.warehouse.prepare()
    return made


def test_the_newest_snapshot_with_its_five_numbers(pipeline: Pipeline, tmp_path: Path) -> None:
    with published_file() as memory:
        memory.execute(f"attach '{tmp_path / 'copy.duckdb'}' as copied")
        memory.execute("copy from database memory to copied")
    shutil.copy(tmp_path / "copy.duckdb", pipeline.warehouse.published)
    succeeded, (found,) = materialized(pipeline)
    assert succeeded and found["snapshot"] == str(NEWEST)
    assert (found["customers"], found["spend_30d"], found["value_at_risk"]) == (3.0, 180.0, 34.0)
    page = pipeline.warehouse.folder / "reports" / f"{NEWEST}.html"
    assert found["page"] == str(page) and found["link"] == page.as_uri()
    assert page.stat().st_size == found["size_bytes"]


def test_nothing_before_the_first_snapshot(pipeline: Pipeline) -> None:
    with duckdb.connect(str(pipeline.warehouse.published)) as connection:
        connection.execute("create schema quality; create table quality.table_versions (version bigint)")
    assert materialized(pipeline) == (True, [])
    assert not (pipeline.warehouse.folder / "reports").exists()


def test_a_failure_says_what_is_missing(pipeline: Pipeline) -> None:
    assert materialized(pipeline) == (False, [])
