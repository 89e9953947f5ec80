"""A new version of the code finds tables that an older one built with other columns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from crm_pipeline import pipeline
from crm_pipeline.contract.catalog import declared_transforms
from crm_pipeline.contract.table import Column
from crm_pipeline_tests.acceptance.commands import crm
from crm_pipeline_tests.acceptance.contents import ledger_hashes, query, row_hashes
from crm_pipeline_tests.acceptance.shops import SNAPSHOTS
from crm_pipeline_tests.acceptance.test_bad_input import FAILURE, assert_one_message

LAST = SNAPSHOTS[-1]


def upgrade(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Give a table one more column, as a new version would."""
    known = declared_transforms()
    table = replace(known[name].table, columns=(*known[name].table.columns, Column("is_new", "boolean", "A novelty.")))
    assert known[name].function is None
    changed = replace(known[name], table=table, sql=f"select *, true as is_new from ({known[name].sql})", code_hash="2")
    monkeypatch.setattr(pipeline, "declared_transforms", lambda: {**known, name: changed})


@pytest.mark.parametrize("name", ["customer_rfm", "products"])
def test_a_table_with_a_new_column_is_built_anew(project: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    upgrade(monkeypatch, name)
    ended = crm("run", project, "--select", name)
    assert ended.code == 0, ended.text
    stage = declared_transforms()[name].table.stage
    assert query(project, f"select distinct is_new from {stage}.{name}") == [(True,)]


def test_what_is_not_renewed_yet_is_gone_from_the_warehouse_but_not_from_the_copy(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = query(project, "select count(*) from features.customer_rfm", "published.duckdb")
    upgrade(monkeypatch, "customer_rfm")
    ended = crm("run", project, "--select", "customer_rfm", "--snapshot", str(LAST))
    assert ended.code == 0, ended.text
    assert {part for name, part in ledger_hashes(project) if name == "customer_rfm"} == {LAST}
    assert query(project, "select distinct snapshot_date from features.customer_rfm") == [(LAST,)]
    assert query(project, "select count(*) from features.customer_rfm", "published.duckdb") == before


def test_a_reader_of_an_older_table_says_what_to_build_first(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = ledger_hashes(project)
    upgrade(monkeypatch, "orders")
    ended = crm("run", project, "--select", "customer_rfm", "--force")
    assert_one_message(
        ended, FAILURE, "customer_rfm reads orders", "other columns", "crm-pipeline run --select +customer_rfm"
    )
    assert ledger_hashes(project) == hashes
    monkeypatch.undo()
    assert row_hashes(project) == hashes
