"""Partition D holds what was known at D: built from files cut at D it has the same content, table by table."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from crm_pipeline import pipeline
from crm_pipeline.contract.catalog import Transform, declared_transforms, transform_of
from crm_pipeline.contract.lints import lint
from crm_pipeline.errors import CrmError
from crm_pipeline.features import customer_rfm
from crm_pipeline.project import EXAMPLE, load_project
from crm_pipeline.warehouse.materialize import materialize
from crm_pipeline_tests.acceptance.commands import REPOSITORY, crm_process
from crm_pipeline_tests.acceptance.conftest import Built
from crm_pipeline_tests.acceptance.contents import Hashes, as_of_hashes, ledger_hashes
from crm_pipeline_tests.acceptance.cutting import cut_project
from crm_pipeline_tests.acceptance.shops import SNAPSHOTS

QUALIFIED = "cleaned.orders"


def build(folder: Path, names: Collection[str] | None = None) -> Path:
    """Build the project's tables (the named ones) for all of its snapshots, without Dagster: its events take long."""
    made = pipeline.Pipeline(load_project(folder))
    made.warehouse.prepare()
    for name, recipe in made.recipes.items():
        if names is None or name in names:
            parts = made.project.snapshots.listed() if recipe.table.is_partitioned else [None]
            outcome = materialize(made.warehouse, recipe, parts, run_id="test")
            assert not outcome.blocked, outcome.blocked
    return folder


def known_at(folder: Path, day: date) -> Hashes:
    """Content hash of every snapshot table at ``day``, and of what the event tables showed before it."""
    parts = {key: content for key, content in ledger_hashes(folder).items() if key[1] == day}
    assert {name for name, _ in parts} == {n for n, table in pipeline.all_tables().items() if table.is_partitioned}
    return parts | as_of_hashes(folder, day)


@pytest.mark.parametrize("day", SNAPSHOTS[:2])
def test_a_snapshot_knows_nothing_later(built: Built, new_folder: Callable[[], Path], day: date) -> None:
    whole = known_at(built.folder, day)
    earlier = build(cut_project(load_project(built.folder), day, new_folder()))
    assert known_at(earlier, day) == whole


@pytest.mark.full
@pytest.mark.parametrize("day", [date(2017, 4, 2), date(2017, 8, 2), date(2017, 12, 2)])
def test_the_example_project_knows_nothing_later(example: Path, new_folder: Callable[[], Path], day: date) -> None:
    whole = known_at(example, day)
    earlier = build(cut_project(load_project(example), day, new_folder()))
    assert known_at(earlier, day) == whole


@pytest.fixture(scope="module")
def example(scratch: Path) -> Path:
    """The example project, built by a run."""
    folder = scratch / "example"
    folder.mkdir()
    (folder / "crm.yaml").write_bytes((REPOSITORY / EXAMPLE / "crm.yaml").read_bytes())
    ended = crm_process("run", folder)
    assert ended.code == 0, ended.text
    return folder


def plant(monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> Transform:
    """Change the query of customer_rfm."""
    honest = declared_transforms()["customer_rfm"]
    assert old in honest.sql
    sql = honest.sql.replace(old, new)
    cheat = transform_of(customer_rfm, replace(honest.table, sql=sql))
    monkeypatch.setattr(pipeline, "declared_transforms", lambda: {**declared_transforms(), "customer_rfm": cheat})
    return cheat


def test_a_query_that_bypasses_the_views_is_found(
    project: Path, new_folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A qualified name reads the live table, with the future in it. Lint and graph refuse it, and the hashes differ."""
    earlier = cut_project(load_project(project), SNAPSHOTS[0], new_folder())
    cheat = plant(monkeypatch, "from orders\n    where is_return", f"from {QUALIFIED}\n    where is_return")
    findings = lint(cheat.sql, "customer_rfm.sql", cheat.table.grain)
    assert [f.rule for f in findings if QUALIFIED in f.message or "qualified" in f.message]
    with pytest.raises(ValueError, match=f"customer_rfm reads '{QUALIFIED}', which nothing declares"):
        build(project, {"customer_rfm"})
    unseen = replace(cheat, upstream=("orders",))  # as if both had been got round
    monkeypatch.setattr(pipeline, "declared_transforms", lambda: {**declared_transforms(), "customer_rfm": unseen})
    needed = {"source_files", "staged_order_lines", "order_lines", "staged_orders", "orders", "customer_rfm"}
    build(project, {"customer_rfm"})
    build(earlier, needed)
    part = ("customer_rfm", SNAPSHOTS[0])
    assert ledger_hashes(project)[part] != ledger_hashes(earlier)[part]


def test_a_snapshot_cannot_read_rows_that_do_not_say_when_they_were_known(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ledger_hashes(project)
    timeless = next(
        name
        for name, table in pipeline.all_tables().items()
        if not (table.is_partitioned or table.is_event_table or table.about_loads)
    )
    plant(monkeypatch, "from orders", f"from orders semi join {timeless} using (customer_id)")
    with pytest.raises(CrmError, match=f"reads {timeless}, whose rows do not say when they were known"):
        build(project, {"customer_rfm"})
    assert ledger_hashes(project) == before
