"""A run that Dagster launched and whose process was killed does not keep others from starting."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from ruamel.yaml import YAML

from crm_pipeline import processes
from crm_pipeline.killed_runs import build_killed_runs
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.processes import WORKER_TAG, bury_dead_runs, dead_runs, this_process
from crm_pipeline.resources import WarehouseResource
from crm_pipeline_tests.alerts.receivers import webhook
from crm_pipeline_tests.kit import SOURCE, make_project


def test_a_killed_run_is_marked_as_failed_and_told_of_once(tmp_path: Path) -> None:
    @dg.job
    def declared() -> None:
        pass

    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    with webhook() as server, dg.instance_for_test() as instance:
        project = make_project(tmp_path, alerts={"ops": {"kind": "webhook", "url": server.url}})
        sensor = build_killed_runs(Pipeline(project))
        started = dg.DagsterRunStatus.STARTED
        dead = instance.create_run_for_job(declared, status=started, tags={WORKER_TAG: str(process.pid)})
        alive = instance.create_run_for_job(declared, status=started, tags={WORKER_TAG: this_process()})
        unknown = instance.create_run_for_job(declared, status=started)
        for said in (f"marked as failed: {dead.run_id}", "no run was killed"):
            with dg.build_sensor_context(instance) as context:
                assert sensor.evaluate_tick(context).skip_message == said
        found = {run.run_id: run.status for run in instance.get_runs()}
        assert found == {dead.run_id: dg.DagsterRunStatus.FAILURE, alive.run_id: started, unknown.run_id: started}
        assert [item["run_id"] for body in server.bodies for item in body["alerts"]] == [dead.run_id]


def test_a_run_that_ended_while_it_was_looked_for_keeps_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    @dg.job
    def declared() -> None:
        pass

    with dg.instance_for_test() as instance:
        found = instance.create_run_for_job(declared, status=dg.DagsterRunStatus.CANCELING, tags={WORKER_TAG: "1 gone"})
        ended = instance.create_run_for_job(declared, status=dg.DagsterRunStatus.STARTED, tags={WORKER_TAG: "1 gone"})
        listed = dead_runs(instance)
        assert {run.run_id for run in listed} == {found.run_id, ended.run_id}
        instance.report_run_canceled(ended)
        monkeypatch.setattr(processes, "dead_runs", lambda _: listed)  # as they were a moment before
        assert bury_dead_runs(instance) == [found.run_id]
        run = instance.get_run_by_id(ended.run_id)
        assert run is not None and run.status == dg.DagsterRunStatus.CANCELED


def test_a_run_says_which_process_does_it(tmp_path: Path) -> None:
    settings = {"name": "shop", "currency": "EUR", "snapshots": {"dates": [date(2024, 1, 1)]}, "sources": {"a": SOURCE}}
    with (tmp_path / "crm.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(settings, file)

    @dg.op
    def write(warehouse: WarehouseResource) -> None:
        assert warehouse.files.lock_file.exists()

    @dg.job(resource_defs={"warehouse": WarehouseResource(database="", project_folder=str(tmp_path))})
    def writing() -> None:
        write()

    with dg.instance_for_test() as instance:
        assert writing.execute_in_process(instance=instance).success
        (run,) = instance.get_runs()
    assert run.tags[WORKER_TAG] == this_process()
