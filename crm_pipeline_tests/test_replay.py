"""Rows that were rejected come back after a rule or mapping was mended, and the command tells which."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from crm_pipeline.errors import UserError
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.replay import replay_command
from crm_pipeline_tests.acceptance.commands import crm
from crm_pipeline_tests.acceptance.contents import ledger_hashes, query
from crm_pipeline_tests.acceptance.shops import SNAPSHOTS, replace_in, small_shop, write_project
from crm_pipeline_tests.ingestion.day_by_day import FEW, load
from crm_pipeline_tests.ingestion.loading import HEADER, NOW, lines_source, project_with

ROWS = ("o1,tea,2024-01-01,1,2", "o2,tea,2024-01-02,99,2", "o3,tea,soon,1,2", "o2,tea,2024-01-02,99,2", ",tea,soon,1,2")
STRICT = {"too many": "quantity < 10"}


@pytest.fixture(autouse=True)
def _staging_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Build with the load of the tests, which leaves out what has nothing to do with rows that were rejected."""

    def build(pipeline: Pipeline, names: Collection[str]) -> list[date]:
        assert "source_files" not in names
        load(pipeline.project, [name for name in FEW if name in names])
        return []

    monkeypatch.setattr("crm_pipeline.commands.build_named", build)


def shop(folder: Path, files: bool = True, **source: Any) -> Pipeline:
    """One source of order lines; ``source`` is what its mapping says beyond the columns."""
    text = "\n".join([HEADER, *ROWS]) + "\n"
    project = project_with(folder, {"lines.csv": text} if files else {}, sources={"lines": lines_source(**source)})
    return Pipeline(project, lambda: NOW)


def told(capsys: pytest.CaptureFixture[str], pipeline: Pipeline, *sources: str) -> list[str]:
    capsys.readouterr()
    replay_command(pipeline, sources)
    return capsys.readouterr().out.splitlines()


def test_what_passes_the_mended_rule_comes_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load(shop(tmp_path, rules=STRICT).project)
    (tmp_path / "lines.csv").unlink()  # the kept copy is enough
    assert told(capsys, shop(tmp_path, files=False, rules={"too many": "quantity < 100"})) == [
        "lines: order_id is missing: 1 before; 1 are still rejected.",
        "lines: ordered_at is not a date and time: 1 before; 1 are still rejected.",
        "lines: too many: 2 before; 1 came back, 1 are duplicates now.",
        "In all: 4 rows were rejected, 1 came back, 2 are rejected now.",
    ]


def test_a_mended_mapping_may_also_reject_for_another_rule_or_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load(shop(tmp_path).project)
    columns = {"ordered_at": {"sql": "nullif(ordered_at, 'soon')"}}
    assert told(capsys, shop(tmp_path, columns=columns, rules={"no more than one": "quantity = 1"}), "lines") == [
        "lines: no more than one: 0 before; 2 are newly rejected.",
        "lines: order_id is missing: 1 before; 1 are still rejected.",
        "lines: ordered_at is not a date and time: 1 before; 1 are rejected for another rule.",
        "In all: 2 rows were rejected, 0 came back, 4 are rejected now.",
    ]


def test_without_a_change_there_is_nothing_to_judge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load(shop(tmp_path, rules=STRICT).project)
    found = told(capsys, shop(tmp_path, rules=STRICT))
    assert found[0] == "Nothing to judge again: rules and mappings are those of the last load."
    assert found[-1] == "In all: 4 rows were rejected, 0 came back, 4 are rejected now."


def test_an_unknown_source_and_an_empty_warehouse_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no source 'linez'; did you mean 'lines'"):
        replay_command(shop(tmp_path), ["linez"])
    with pytest.raises(UserError, match="nothing is loaded yet; start with: crm-pipeline run"):
        replay_command(shop(tmp_path), [])


def test_a_change_of_reading_needs_the_files(tmp_path: Path) -> None:
    load(shop(tmp_path).project)
    with pytest.raises(UserError, match="how its files are read was changed"):
        replay_command(shop(tmp_path, read={"delimiter": ";"}), [])


@pytest.mark.full
def test_replay_ends_in_what_a_plain_run_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    replayed, run = write_project(tmp_path / "replayed", small_shop(), SNAPSHOTS[-1:]), tmp_path / "run"
    strict = "    entity: order_lines\n    rules: {some: quantity < 2}\n"
    replace_in(replayed / "crm.yaml", "    entity: order_lines\n", strict)
    assert crm("run", replayed).code == 0
    shutil.copytree(replayed, run)  # attributes without a time are known from their load on, so both share one
    for folder in (replayed, run):
        replace_in(folder / "crm.yaml", "quantity < 2", "quantity < 4")
    rejected = query(replayed, "select count(*) from quality.rejected_rows where rule = 'some'")[0][0]
    ended = crm("replay", replayed)
    assert ended.code == 0 and f"some: {rejected:,} before;" in ended.text, ended.text
    assert crm("run", run).code == 0
    assert ledger_hashes(replayed) == ledger_hashes(run)
    assert crm("run", replayed, "--dry-run").text.startswith("Nothing to do")
