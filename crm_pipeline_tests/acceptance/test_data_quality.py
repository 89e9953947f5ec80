"""The data-quality page and table of a built project."""

from __future__ import annotations

import re
from pathlib import Path

from crm_pipeline_tests.acceptance.commands import crm
from crm_pipeline_tests.acceptance.conftest import Built
from crm_pipeline_tests.acceptance.contents import query


def page_of(folder: Path) -> str:
    return (folder / "warehouse/data_docs/data_quality.html").read_text(encoding="utf-8")


def test_the_run_writes_the_page_and_the_table(built: Built) -> None:
    assert built.first_run.code == 0, built.first_run.text
    counts = built.shop.truth.dirt_counts
    assert f"{counts['text in number'] + counts['impossible date']} of" in page_of(built.folder)
    dimensions = query(built.folder, "select distinct dimension from quality.data_quality order by 1")
    assert [row[0] for row in dimensions] == ["completeness", "consistency", "timeliness", "uniqueness", "validity"]
    assert query(built.folder, "select 1 from quality.data_quality where score not between 0 and 1") == []


def test_the_page_names_no_customer_and_no_order(built: Built) -> None:
    """Neither identifiers nor values of rows; numbers below 1,000 also count rows."""
    words = set(re.findall(r"[\w.-]+", re.sub(r"(?s)<(style|svg).*?</\1>", "", page_of(built.folder))))
    lines = built.shop.order_lines
    known = {str(value) for name in ("customer_id", "order_id", "ordered_at") for value in lines[name].to_pylist()}
    assert {value for value in known if not value.isdigit() or int(value) >= 1000} & words == set()


def test_the_command_writes_the_same_page(project: Path) -> None:
    before = page_of(project)
    (project / "warehouse/data_docs/data_quality.html").unlink()
    ended = crm("quality", project)
    assert ended.code == 0, ended.text
    assert "completeness" in ended.out and "data_quality.html" in ended.out
    assert page_of(project) == before


def test_the_command_before_the_first_run(tmp_path: Path, built: Built) -> None:
    (tmp_path / "crm.yaml").write_text((built.folder / "crm.yaml").read_text())
    ended = crm("quality", tmp_path)
    assert ended.code == 2
    assert "nothing is built yet; start with: crm-pipeline run" in ended.text
