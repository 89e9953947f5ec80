"""Each receiver is told once of what stands, again when it comes back, and a failing receiver fails nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from crm_pipeline.alerts import alerting as alerting_module
from crm_pipeline.alerts.alerting import MOST_KEPT, alerting, state_file, tell, tell_standing
from crm_pipeline.alerts.findings import Finding, failed_run, killed_run
from crm_pipeline.alerts.sensors import build_alert_sensors
from crm_pipeline.commands import RunError
from crm_pipeline.errors import UserError
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.processes import PROCESS_TAG, bury_dead_runs
from crm_pipeline.runner import Runner
from crm_pipeline.runs import execute, open_instance
from crm_pipeline.status import runs
from crm_pipeline_tests.alerts.receivers import webhook
from crm_pipeline_tests.ingestion.connectors.servers import free_port
from crm_pipeline_tests.kit import make_project

CHECK = Finding("failed_check", "error", "orders: row_rules", "3 rows")
DRIFT = Finding("drift", "warning", "feature spend drifted", "PSI .2")


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_pipeline.alerts.delivery.WAIT_SECONDS", 0.0)


def pipeline_with(folder: Path, **receivers: dict[str, object]) -> Pipeline:
    return Pipeline(make_project(folder, alerts=receivers))


def test_a_thing_is_told_once_as_long_as_it_stands(tmp_path: Path) -> None:
    with webhook() as server:
        pipeline = pipeline_with(tmp_path, ops={"kind": "webhook", "url": server.url})
        for findings in ([CHECK, DRIFT], [CHECK], [], [CHECK]):
            assert tell(pipeline, findings, print) == 0
        assert server.titles == [CHECK.title, CHECK.title], "warnings are not asked for; what came back is told again"
        tell(pipeline, [failed_run("run-1", "x")], print, is_all=False)
        tell(pipeline, [CHECK], print)
        assert server.titles[2:] == ["a run failed"]


def test_what_was_not_taken_is_told_next_time(tmp_path: Path) -> None:
    said: list[str] = []
    with webhook(500, 500, 500) as server:
        pipeline = pipeline_with(
            tmp_path,
            gone={"kind": "webhook", "url": f"http://127.0.0.1:{free_port()}"},
            file={"kind": "log"},
            ops={"kind": "webhook", "url": server.url},
        )
        assert tell(pipeline, [CHECK], said.append) == 2
        assert server.titles == [] and len(said) == 2
        assert tell(pipeline, [CHECK], said.append) == 1
        assert server.titles == [CHECK.title]
    assert len((tmp_path / "warehouse" / "alerts.jsonl").read_text().splitlines()) == 1, "told at once, and only once"


def test_a_failed_run_that_was_not_taken_is_told_next_time_before_the_rest(tmp_path: Path) -> None:
    with webhook(*[500] * 6) as server:
        pipeline = pipeline_with(tmp_path, ops={"kind": "webhook", "url": server.url}, file={"kind": "log"})
        assert tell(pipeline, [failed_run("run-1", "x")], print, is_all=False) == 1
        assert tell_standing(pipeline, print) == 1 and server.titles == []
        assert tell(pipeline, [CHECK], print) == 0
        assert server.titles == ["a run failed", CHECK.title] and server.bodies[0]["alerts"][0]["run_id"] == "run-1"
        assert tell(pipeline, [CHECK], print) == 0 and len(server.titles) == 2
    assert len((tmp_path / "warehouse" / "alerts.jsonl").read_text().splitlines()) == 2, "who took it has it once"


def test_only_the_newest_are_kept_for_a_receiver_that_takes_none(tmp_path: Path) -> None:
    with webhook(404) as server:
        pipeline = pipeline_with(tmp_path, ops={"kind": "webhook", "url": server.url})
        many = [failed_run(f"run-{number}", "x") for number in range(MOST_KEPT + 5)]
        assert tell(pipeline, many, print, is_all=False) == 1
        assert tell_standing(pipeline, print) == 0
        assert [item["run_id"] for item in server.bodies[0]["alerts"]] == [item.run_id for item in many[5:]]


def test_a_note_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    with webhook() as server:
        pipeline = pipeline_with(tmp_path, ops={"kind": "webhook", "url": server.url})
        tell(pipeline, [], print)
        state_file(pipeline).write_text(json.dumps({"ops": [CHECK.key]}))
        tell(pipeline, [CHECK], print)
        assert server.titles == []


def killed(pipeline: Pipeline) -> str:
    """The id of a run that shows as running though its process is gone."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    instance = open_instance(pipeline)
    try:

        @dg.job
        def declared() -> None:
            pass

        run = instance.create_run_for_job(
            declared, status=dg.DagsterRunStatus.STARTED, tags={PROCESS_TAG: str(process.pid)}
        )
        return run.run_id
    finally:
        instance.dispose()


def test_status_only_looks_at_a_killed_run_and_the_next_run_tells_of_it(tmp_path: Path) -> None:
    with webhook() as server:
        pipeline = pipeline_with(tmp_path, ops={"kind": "webhook", "url": server.url})
        run_id = killed(pipeline)
        for _ in range(2):
            (line,) = runs(pipeline)
            assert line.startswith("Its process was killed: declared since") and run_id[:8] in line
        with alerting(pipeline, print):
            assert [item["run_id"] for body in server.bodies for item in body["alerts"]] == [run_id]
        (ended,) = runs(pipeline)
        assert ended.startswith("Last run: failure (") and f" {pipeline.project.time_zone}, " in ended


def test_a_command_that_tells_nobody_keeps_the_killed_run_for_the_next_that_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with webhook() as server:
        pipeline = pipeline_with(tmp_path, ops={"kind": "webhook", "url": server.url})
        run_id = killed(pipeline)
        instance = open_instance(pipeline)

        def stop(*given: object) -> None:
            raise UserError("as far as this test goes")

        monkeypatch.setattr("crm_pipeline.runs.build_definitions", stop)
        try:
            with pytest.raises(UserError, match="as far as"):
                execute(pipeline, instance, "everything", [], [])
            assert bury_dead_runs(instance) == []
        finally:
            instance.dispose()
        tell_standing(pipeline, print)
        assert server.bodies[0]["alerts"][0] == {
            "subject": "failed_run", "severity": "critical", "title": "a run failed",
            "text": killed_run(run_id).text, "run_id": run_id,
        }  # fmt: skip


def test_the_text_of_an_exception_that_nobody_foresaw_stays_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dg.asset
    def orders() -> None:
        raise ValueError("Could not convert string 'ann@shop.example'")

    jobs = dg.Definitions([orders], jobs=[dg.define_asset_job("everything", "*")])
    monkeypatch.setattr("crm_pipeline.runs.build_definitions", lambda pipeline: jobs)
    with webhook() as server:
        pipeline = pipeline_with(tmp_path, ops={"kind": "webhook", "url": server.url})
        failing = pytest.raises(RunError, match="ann@shop")
        with failing as error, alerting(pipeline, print), Runner(pipeline) as runner:
            runner.run(["orders"], [], force=False)
        (alert,) = server.bodies[0]["alerts"]
        assert (alert["text"], alert["run_id"]) == ("orders: ValueError", error.value.run_id)
        assert "ann@" not in json.dumps(server.bodies) + state_file(pipeline).read_text()


def test_a_damaged_note_of_what_was_told_tells_again(tmp_path: Path) -> None:
    with webhook() as server:
        pipeline = pipeline_with(tmp_path, ops={"kind": "webhook", "url": server.url})
        tell(pipeline, [CHECK], print)
        state_file(pipeline).write_text("{half of")
        tell(pipeline, [CHECK], print)
        assert server.titles == [CHECK.title, CHECK.title]


def test_the_error_of_a_run_goes_on_and_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with webhook() as server:
        pipeline = pipeline_with(tmp_path, ops={"kind": "webhook", "url": server.url})
        with pytest.raises(UserError, match="no file matches"), alerting(pipeline, print):
            raise UserError("sources.till: no file matches")
        assert server.bodies[0]["alerts"][0]["text"] == "sources.till: no file matches"

        def broken(*given: object, **named: object) -> int:
            raise RuntimeError("anything")

        said: list[str] = []
        monkeypatch.setattr(alerting_module, "tell", broken)
        with alerting(pipeline, said.append):
            pass
        assert said == ["alerts: nobody could be told (RuntimeError)"], "though two things could not be told"


def test_a_receiver_that_is_away_is_said_once_of_a_run_that_failed(tmp_path: Path) -> None:
    said: list[str] = []
    pipeline = pipeline_with(tmp_path, ops={"kind": "webhook", "url": f"http://127.0.0.1:{free_port()}"})
    with pytest.raises(UserError), alerting(pipeline, said.append):
        raise UserError("sources.till: no file matches")
    assert len(said) == 1 and said[0].startswith("alerts.ops: the alert was not taken")


def test_dagster_tells_of_its_own_runs_and_leaves_ours(tmp_path: Path) -> None:
    @dg.op
    def orders() -> None:
        raise dg.Failure("critical checks failed")

    @dg.op
    def crash() -> None:
        raise ValueError("a row: ada@shop.example")

    @dg.job
    def declared() -> None:
        orders()

    @dg.job
    def crashing() -> None:
        crash()

    with webhook() as server, dg.instance_for_test() as instance:
        pipeline = pipeline_with(tmp_path, ops={"kind": "webhook", "url": server.url})
        failed, after, stale = build_alert_sensors(pipeline)
        for job, tags in ((declared, {}), (crashing, {}), (declared, {PROCESS_TAG: "1"})):
            ended = job.execute_in_process(instance=instance, raise_on_error=False, tags=tags)
            context = dg.build_run_status_sensor_context(
                sensor_name="alert_failed_run",
                dagster_event=ended.get_run_failure_event(),
                dagster_instance=instance,
                dagster_run=ended.dagster_run,
            ).for_run_failure()
            failed(context)
        assert [item["text"] for body in server.bodies for item in body["alerts"]] == [
            "orders: critical checks failed",
            "crash: ValueError",
        ]
        assert all(sensor.default_status is dg.DefaultSensorStatus.RUNNING for sensor in (failed, after, stale))
        with dg.build_sensor_context(instance) as look:
            assert stale.evaluate_tick(look).skip_message == "looked"
    quiet = build_alert_sensors(pipeline_with(tmp_path))
    assert all(sensor.default_status is dg.DefaultSensorStatus.STOPPED for sensor in quiet)
