"""Published tables as files: what they hold, replaced at once, never over something else."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pandas as pd

from crm_pipeline_tests.acceptance.commands import crm
from crm_pipeline_tests.acceptance.conftest import Built
from crm_pipeline_tests.acceptance.contents import query
from crm_pipeline_tests.acceptance.shops import SNAPSHOTS

NEWEST = SNAPSHOTS[-1]


def test_every_table_as_parquet(built: Built, tmp_path: Path) -> None:
    target = tmp_path / "files"
    ended = crm("export-tables", built.folder, str(target))
    assert ended.code == 0, ended.text
    about = json.loads((target / "_export.json").read_text())
    assert len(about["rows"]) > 50 and not list(target.rglob("staged_*"))
    frame = pd.read_parquet(target / "features" / "customer_rfm")
    counted = query(built.folder, "select count(*), sum(order_count) from features.customer_rfm", "published.duckdb")
    assert [(len(frame), frame["order_count"].sum())] == counted
    parts = sorted(path.name for path in (target / "features" / "customer_rfm").iterdir())
    assert parts == [f"{day}.parquet" for day in SNAPSHOTS]
    read = f"select count(*) from '{target}/churn/churn_predictions/*.parquet' where snapshot_date = '{NEWEST}'"
    assert duckdb.sql(read).fetchall() == query(
        built.folder,
        f"select count(*) from churn.churn_predictions where snapshot_date = '{NEWEST}'",
        "published.duckdb",
    )


def test_one_snapshot_of_one_table_as_csv_replaces_the_export_before(built: Built, tmp_path: Path) -> None:
    target = tmp_path / "files"
    options = (str(target), "--table", "customer_clv", "--format", "csv")
    assert crm("export-tables", built.folder, *options).code == 0
    assert crm("export-tables", built.folder, *options, "--snapshot", str(NEWEST)).code == 0
    assert [path.name for path in target.rglob("*.csv")] == [f"{NEWEST}.csv"]
    assert set(pd.read_csv(next(target.rglob("*.csv")))["snapshot_date"]) == {str(NEWEST)}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["files"]


def test_mistakes(built: Built, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    ended = crm("export-tables", built.folder, str(tmp_path))
    assert (ended.code, "holds something else than an earlier export" in ended.text) == (2, True)
    assert (tmp_path / "mine.txt").read_text() == "mine"
    for place in (".", "/", ".."):
        ended = crm("export-tables", built.folder, place)
        assert (ended.code, f"{place}: the folder is replaced as a whole" in ended.text) == (2, True)
    target = tmp_path / "new"
    ended = crm("export-tables", built.folder, str(target), "--snapshot", "1999-01-01")
    assert (ended.code, "snapshot 1999-01-01 is not published; the newest are " in ended.text) == (2, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.txt"]
    ended = crm("export-tables", built.folder, str(target), "--table", "customer_clvs")
    assert (ended.code, "customer_clvs: no such table; did you mean 'customer_clv'?" in ended.text) == (2, True)


def test_what_is_asked_for_by_name_and_not_published_is_told(project: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(project / "warehouse" / "published.duckdb")) as connection:
        connection.execute("drop table features.customer_outliers")
    target = tmp_path / "files"
    ended = crm("export-tables", project, str(target), "--table", "customer_outliers", "--table", "customer_clv")
    assert (ended.code, "customer_outliers: not published yet, so nothing was written" in ended.text) == (2, True)
    assert not target.exists()
    assert crm("export-tables", project, str(target)).code == 0, "all that there is"
    ended = crm("export-tables", project, str(target), "--table", "clv_evaluation", "--snapshot", str(SNAPSHOTS[0]))
    assert (ended.code, f"Without rows at {SNAPSHOTS[0]}: clv_evaluation" in ended.text) == (0, True)


def test_the_report_of_a_copy_that_another_version_published(project: Path) -> None:
    with duckdb.connect(str(project / "warehouse" / "published.duckdb")) as connection:
        connection.execute("alter table churn.churn_predictions drop column value_at_risk")
    for command in (("report", project), ("customer", project, "1")):
        ended = crm(*command)
        assert (ended.code, "was published by another version of crm-pipeline: " in ended.text) == (2, True), ended.text
        assert "value_at_risk" in ended.text and "`crm-pipeline run` builds and publishes it anew" in ended.text
