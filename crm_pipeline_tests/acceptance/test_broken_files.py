"""Fifty broken files through a whole run: what stands in them arrives in every table, and nobody sees a traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from crm_pipeline_tests.acceptance.commands import crm_process
from crm_pipeline_tests.acceptance.contents import query
from crm_pipeline_tests.ingestion.corruptions import STYLES, Style, file_of
from crm_pipeline_tests.ingestion.plain_reading import File, clean, judge, read
from crm_pipeline_tests.ingestion.test_fuzz import source_of

FIRST_SEED = 1_000_000
"""Files that no other test has seen."""


def write_project(folder: Path) -> tuple[dict[File, bytes], dict[File, Style]]:
    """A project with five sources per style, each of one broken file."""
    data: dict[File, bytes] = {}
    styles: dict[File, Style] = {}
    for number, style in enumerate(STYLES * 5):
        file = f"s{number}", f"{number}/lines.csv"
        data[file], styles[file] = file_of(FIRST_SEED + number, style), style
        path = folder / file[1]
        path.parent.mkdir(parents=True)
        path.write_bytes(data[file])
    through = {"data_through": "2024-06-01"}
    settings = {
        "name": "broken",
        "currency": "EUR",
        "snapshots": {"dates": ["2024-04-01", "2024-05-01"]},
        "sources": {name: source_of(int(name[1:]), style) | through for (name, _), style in styles.items()},
    }
    (folder / "crm.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return data, styles


@pytest.mark.full
def test_a_run_on_fifty_broken_files(new_folder: Callable[[], Path]) -> None:
    folder = new_folder()
    data, styles = write_project(folder)
    ended = crm_process("run", folder)
    assert ended.code == 0, ended.text
    assert "Traceback" not in ended.out + ended.err

    files = query(folder, "select source, file_name, line_count, read_as from ingestion.source_files where is_current")
    guessed = {(source, name): read_as.split(", ")[1] for source, name, _, read_as in files}
    found = {file: read(data[file], styles[file], guessed[file]) for file in data}
    judged = judge(found, styles)
    assert {(source, name): lines for source, name, lines, _ in files} == {
        file: reading.line_count for file, reading in found.items()
    }
    verdicts = query(
        folder,
        "select source, file_name, position, verdict from staged.staged_order_lines order by all",
        "vault.duckdb",
    )
    assert verdicts == sorted(
        (*file, position, row["verdict"]) for file, rows in judged.items() for position, row in rows.items()
    )
    good = [row for rows in judged.values() for row in clean(rows)]
    rejected = sum(row["verdict"] == "rejected" for rows in judged.values() for row in rows.values())
    assert query(folder, "select count(*), sum(net_amount) from cleaned.order_lines") == [
        (len(good), sum(row["net_amount"] for row in good))
    ]
    assert query(folder, "select count(*) from quality.rejected_rows") == [(rejected,)]
    customers = {row["customer_id"] for row in good if row["customer_id"] and f"{row['ordered_at']}" < "2024-05-01"}
    assert query(
        folder, "select count(distinct customer_id) from churn.churn_predictions where snapshot_date = '2024-05-01'"
    ) == [(len(customers),)]
