"""A run of the command line tells of itself; receivers that fail do not matter to it; status says the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_pipeline_tests.acceptance.commands import crm
from crm_pipeline_tests.acceptance.shops import replace_in
from crm_pipeline_tests.alerts.receivers import webhook
from crm_pipeline_tests.ingestion.connectors.servers import free_port


def test_a_missing_source_failed_checks_and_a_late_snapshot_are_told_once(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_pipeline.alerts.delivery.WAIT_SECONDS", 0.0)
    settings, lines = project / "crm.yaml", project / "order_lines.csv"
    with webhook() as server:
        settings.write_text(
            settings.read_text(encoding="utf-8")
            + f"alerts:\n  ops: {{kind: webhook, url: '{server.url}', severity: warning}}\n"
            + f"  gone: {{kind: webhook, url: 'http://127.0.0.1:{free_port()}'}}\n",
            encoding="utf-8",
        )
        lines.rename(project / "away.csv")
        ended = crm("run", project)
        assert ended.code == 2 and "no file matches" in ended.text
        assert server.titles[0] == "a run failed" and "no file matches" in server.bodies[0]["alerts"][0]["text"]
        assert "alerts.gone: the alert was not taken" in ended.text
        assert any(title.startswith("churn_grade: expectations_warning") for title in server.titles[1:])

        (project / "away.csv").rename(lines)
        told = len(server.titles)
        again = crm("run", project)
        assert again.code == 0 and len(server.titles) == told, "what stands was told"

        replace_in(settings, "2022-07-01]", "2022-07-01, 2022-09-01]")
        late = crm("alert", project)
        assert late.code == 1 and "1 of 2 receivers did not take" in late.err  # of the other there is nobody
        assert "ops takes" in late.out and "of these stand." in late.out
        assert server.titles[told:] == ["snapshot 2022-09-01 is late"]
        assert "waits for lines, complete to 2022-06-30" in server.bodies[-1]["alerts"][0]["text"]
        status = crm("status", project).text
        assert "Waiting: 2022-09-01." in status and "lines goes no further" in status
        assert "told" in crm("alert", project, "--test").out and server.titles[-1] == "a test"
