"""Great Expectations on profile frames: what passes, what fails, what is an error."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from crm_pipeline.contract.table import Expectation
from crm_pipeline.quality.expectations import judge_profile, suite_of
from crm_pipeline.warehouse.audit import ALARMS, EXPECTED, WATCHED
from crm_pipeline_tests.warehouse.planted import TOTALS

PARTS = [date(2024, 1, 1), date(2024, 2, 1)]


def judge(frame: dict[str, list[float | None]], *expectations: Expectation, docs: Path | None = None):
    table = replace(TOTALS, expectations=expectations)
    rows = pd.DataFrame({"part": [str(part) for part in PARTS], **frame})
    return judge_profile(table, rows.astype({name: "float64" for name in frame}), PARTS, docs)


def test_each_part_is_judged_by_itself() -> None:
    results = judge({"amount.mean": [5.0, 15.0]}, Expectation("mean", "amount", minimum=0, maximum=10))
    assert [(r.part, r.status, r.observed, r.expected) for r in results if r.name == "mean(amount)"] == [
        (PARTS[0], "passed", "5", "0..10"),
        (PARTS[1], "failed", "15", "0..10"),
    ]


@pytest.mark.parametrize(
    ("severity", "check", "blocks"),
    [("critical", EXPECTED, True), ("error", ALARMS, False), ("warning", WATCHED, False)],
)
def test_only_critical_ones_block(severity: str, check: str, blocks: bool) -> None:
    expectation = Expectation("row_count", minimum=3, severity=severity)
    results = [r for r in judge({"row_count": [1, 3]}, expectation) if r.name == "row_count"]
    assert [(r.check, r.status, r.blocks) for r in results] == [(check, "failed", blocks), (check, "passed", False)]


def test_a_statistic_that_is_not_known_passes() -> None:
    results = judge({"amount.mean": [None, None]}, Expectation("mean", "amount", minimum=0))
    assert {(r.status, r.observed) for r in results if r.name == "mean(amount)"} == {("passed", "")}


def test_the_number_of_rows_is_watched_in_every_table() -> None:
    assert [item.name for item in suite_of(TOTALS)] == ["row_count_change"]
    results = judge({"row_count_change": [-0.6, 0.1]})
    assert [(r.check, r.status) for r in results] == [(WATCHED, "failed"), (WATCHED, "passed")]


def test_the_page_of_the_result_replaces_the_former_one(tmp_path: Path) -> None:
    for mean in (5.0, 15.0):
        judge({"amount.mean": [mean, mean]}, Expectation("mean", "amount", maximum=10), docs=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["totals.html"]
    assert "totals" in (tmp_path / "totals.html").read_text(encoding="utf-8")
