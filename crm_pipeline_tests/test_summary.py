"""Hints at the end of a run."""

from pathlib import Path

import duckdb

from crm_pipeline.pipeline import Pipeline
from crm_pipeline.summary import segment_lines, unknown_purpose, where_next
from crm_pipeline_tests.kit import make_project


def test_a_consent_purpose_that_no_consent_names_is_told() -> None:
    with duckdb.connect() as connection:
        assert unknown_purpose(connection, "marketing") == []
        connection.execute("create schema cleaned; create table cleaned.consents (purpose varchar)")
        assert unknown_purpose(connection, "marketing")[0].endswith("(there are none).")
        connection.execute("insert into cleaned.consents values ('newsletter'), ('calls'), ('calls')")
        assert unknown_purpose(connection, "calls") == unknown_purpose(connection, None) == []
        assert "no consent names the `consent_purpose` 'call'" in unknown_purpose(connection, "call")[0]
        assert unknown_purpose(connection, "call")[0].endswith("(they name 'calls', 'newsletter').")


def test_where_to_look_is_about_this_project_and_its_newest_page(tmp_path: Path) -> None:
    pipeline = Pipeline(make_project(tmp_path / "my shop"))
    folder = pipeline.warehouse.folder
    assert "report" not in where_next(pipeline)  # none is written yet
    for name in ("reports/2024-02-01.html", "reports/2024-03-01.html", "data_docs/data_quality.html"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    said = where_next(pipeline)
    assert f"crm-pipeline ui --project '{tmp_path / 'my shop'}'" in said and "make ui" not in said
    assert f"{folder / 'reports' / '2024-03-01.html'} (the report)" in said and "2024-02-01" not in said
    assert "data_dictionary.md" not in said


def test_labels_with_commas_are_told_apart() -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema segments")
        connection.execute(
            "create table segments.customer_segments as select date '2024-03-01' as snapshot_date, "
            "'loyal' as rfm_segment, unnest(['low-value, small-basket', 'active']) as cluster_label"
        )
        assert segment_lines(connection)[1] == "active: 1; low-value, small-basket: 1"
