"""The asset that asks sources elsewhere for what is new."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from crm_pipeline.definitions import build_definitions
from crm_pipeline.ingestion.connectors import LANDED_FILES
from crm_pipeline.project import load_project

CRM_YAML = """name: shop
currency: EUR
snapshots: {every: month, first: 2024-01-01, last: 2024-02-01}
sources:
  lines:
    entity: order_lines
    extract: {sql: {url: "${SHOP_DB_URL}", table: lines, cursor: updated_at, key: [id]}}
    columns: {order_line_id: id, order_id: id, product_id: item, ordered_at: at, quantity: n, net_amount: amount}
"""


def materialize(folder: Path) -> Any:
    """Run the one asset in this process."""
    job = build_definitions(load_project(folder)).resolve_job_def("everything")
    with dg.DagsterInstance.ephemeral() as instance:
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        return job.execute_in_process(
            instance=instance, asset_selection=[dg.AssetKey(LANDED_FILES)], raise_on_error=False, run_config=quiet
        )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose order lines lie in SQLite."""
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute(
            "create table lines (id integer, item text, at text, n integer, amount text, updated_at text)"
        )
        connection.executemany(
            "insert into lines values (?, 'tea', '2024-01-01', 1, '2.50', '2024-01-02')", [(1,), (2,)]
        )
    monkeypatch.setenv("SHOP_DB_URL", f"sqlite:///{tmp_path / 'shop.db'}")
    (tmp_path / "crm.yaml").write_text(CRM_YAML, encoding="utf-8")
    return tmp_path


def test_it_lands_what_is_new_and_says_how_much(folder: Path) -> None:
    (event,) = materialize(folder).get_asset_materialization_events()
    metadata = event.materialization.metadata
    assert (metadata["dagster/row_count"].value, metadata["rows of lines"].value) == (2, 2)
    (again,) = materialize(folder).get_asset_materialization_events()
    assert again.materialization.metadata["dagster/row_count"].value == 0
    assert len(load_project(folder).source_files("lines")) == 1


def test_a_failure_is_told_in_a_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_DB_URL")
    failed = next(event for event in materialize(folder).all_events if event.is_step_failure)
    failure = failed.step_failure_data.user_failure_data
    assert failure is not None and "the environment variable SHOP_DB_URL is not set" in str(failure.description)
    assert failure.metadata["exit_code"].value == 2
