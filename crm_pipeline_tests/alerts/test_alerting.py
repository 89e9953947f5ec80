"""Each receiver is told once of what stands, again when it comes back, and a failing receiver fails nothing else."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from crm_pipeline.alerts import alerting as alerting_module
from crm_pipeline.alerts.alerting import alerting, state_file, tell
from crm_pipeline.alerts.findings import Finding, failed_run
from crm_pipeline.alerts.sensors import PROCESS_TAG, build_alert_sensors
from crm_pipeline.errors import UserError
from crm_pipeline.pipeline import Pipeline
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
        assert said == ["alerts: nobody could be told (RuntimeError)"] * 2


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
            "crash: DagsterExecutionStepExecutionError",
        ]
        assert all(sensor.default_status is dg.DefaultSensorStatus.RUNNING for sensor in (failed, after, stale))
        with dg.build_sensor_context(instance) as look:
            assert stale.evaluate_tick(look).skip_message == "looked"
    quiet = build_alert_sensors(pipeline_with(tmp_path))
    assert all(sensor.default_status is dg.DefaultSensorStatus.STOPPED for sensor in quiet)
