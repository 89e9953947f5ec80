"""Runs that Dagster launched and whose process was killed: its queue would wait for them for ever.

A run's process is watched by the code server that started it. Where that is gone as well (the machine was switched off,
the whole service was killed) nobody notices: the run shows as running, and as runs go one at a time no other starts.
"""

from __future__ import annotations

import dagster as dg

from crm_pipeline.alerts.alerting import tell
from crm_pipeline.alerts.findings import killed_run
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.processes import bury_dead_runs

LOOK_SECONDS = 60


def build_killed_runs(pipeline: Pipeline) -> dg.SensorDefinition:
    """The sensor that marks such runs as failed each minute; on from the start, for nobody would miss it in time."""

    @dg.sensor(
        name="killed_runs",
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Marks runs whose process was killed as failed, so that others can start.",
    )
    def killed_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        dead = bury_dead_runs(context.instance)
        tell(pipeline, [killed_run(run_id) for run_id in dead], context.log.warning, is_all=False)
        return dg.SkipReason(f"marked as failed: {', '.join(dead)}" if dead else "no run was killed")

    return killed_runs
