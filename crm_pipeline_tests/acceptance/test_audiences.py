"""Audiences are exported by the run itself, once, and readers see the history with the next publication."""

from __future__ import annotations

from pathlib import Path

from crm_pipeline_tests.acceptance.commands import crm
from crm_pipeline_tests.acceptance.contents import query
from crm_pipeline_tests.acceptance.shops import SNAPSHOTS


def test_a_run_exports_what_changed(project: Path) -> None:
    settings = project / "crm.yaml"
    plain = settings.read_text(encoding="utf-8")
    settings.write_text(plain + "audiences: {big: {where: spend_amount_90d > 50, control_share: 0.2}}\n")
    ended = crm("run", project)
    assert ended.code == 0 and "audiences" in ended.text, ended.text
    exported = project / "warehouse" / "audiences" / "big" / f"{SNAPSHOTS[-1]}.csv"
    rows = exported.read_text(encoding="utf-8").splitlines()
    big = "select customer_id from features.customer_features where spend_amount_90d > 50 and snapshot_date = "
    expected = {customer for (customer,) in query(project, f"{big} date '{SNAPSHOTS[-1]}'")}
    handed = {row.split(",")[2].strip('"') for row in rows[1:]}
    assert handed < expected and len(handed) > len(expected) / 2
    assert "Nothing to do" in crm("run", project).text
    # another predicate: exported anew without anything being built; the history of both is published with the next run
    settings.write_text(plain + "audiences: {big: {where: spend_amount_90d > 80, control_share: 0.2}}\n")
    assert crm("run", project, "--select", "customers", "--force").code == 0
    found = query(
        project,
        "select export_number, treated + control, (select count(*) from audiences.audience_members as m "
        "where m.export_number = e.export_number) from audiences.audience_exports as e order by 1",
        "published.duckdb",
    )
    assert found[0] == (1, len(expected), len(expected))
    second = list((project / "warehouse" / "audiences" / "history" / "big").glob("000002_*.parquet"))
    assert len(second) == 1
