"""Alerts of what Dagster runs by itself; runs of the command line tell of themselves."""

from __future__ import annotations

import dagster as dg

from crm_pipeline.alerts.alerting import tell, tell_standing
from crm_pipeline.alerts.findings import failed_run
from crm_pipeline.alerts.reasons import reason
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.processes import PROCESS_TAG

STALE_SECONDS = 3600


def build_alert_sensors(pipeline: Pipeline) -> list[dg.SensorDefinition]:
    """One for failed runs, one for what stands after a run, and one that looks each hour whether data are stale."""

    @dg.run_failure_sensor(
        name="alert_failed_run",
        default_status=dg.DefaultSensorStatus.RUNNING if pipeline.project.alerts else dg.DefaultSensorStatus.STOPPED,
        description="Tells the receivers of `alerts` in crm.yaml that a run failed.",
    )
    def alert_failed_run(context: dg.RunFailureSensorContext) -> None:
        if PROCESS_TAG not in context.dagster_run.tags:
            finding = failed_run(context.dagster_run.run_id, _why(context))
            tell(pipeline, [finding], context.log.warning, is_all=False)

    @dg.run_status_sensor(
        name="alert_after_run",
        run_status=dg.DagsterRunStatus.SUCCESS,
        default_status=dg.DefaultSensorStatus.RUNNING if pipeline.project.alerts else dg.DefaultSensorStatus.STOPPED,
        description="Tells the receivers of failed checks, drift and stale data after a run.",
    )
    def alert_after_run(context: dg.RunStatusSensorContext) -> None:
        if PROCESS_TAG not in context.dagster_run.tags:
            tell_standing(pipeline, context.log.warning)

    @dg.sensor(
        name="alert_stale",
        minimum_interval_seconds=STALE_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING if pipeline.project.alerts else dg.DefaultSensorStatus.STOPPED,
        description="Looks each hour whether a snapshot is late or readers see an older state, run or no run.",
    )
    def alert_stale(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        failures = tell_standing(pipeline, context.log.warning)
        return dg.SkipReason("looked" + (f"; {failures} receivers could not be told" if failures else ""))

    return [alert_failed_run, alert_after_run, alert_stale]


def _why(context: dg.RunFailureSensorContext) -> str:
    for event in context.get_step_failure_events():
        return reason(event.step_key or "", event.step_failure_data)
    run_id, began = context.dagster_run.run_id, dg.DagsterEventType.STEP_START
    if context.instance.get_records_for_run(run_id, of_type=began, limit=1).records:
        return "the run's process ended in the middle of a step without a word: killed, or out of memory"
    return "the run failed before its first step"
