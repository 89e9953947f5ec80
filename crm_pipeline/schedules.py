"""Jobs, schedules and the sensor: loading daily, a snapshot when its date comes, a run when a source file changes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import dagster as dg

from crm_pipeline.assets import DATA_QUALITY, PUBLISHED
from crm_pipeline.audiences.asset import AUDIENCES
from crm_pipeline.automation import is_declarative
from crm_pipeline.errors import CrmError
from crm_pipeline.ingestion.connectors import LANDED_FILES
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.plan import (
    SNAPSHOTS_PER_RUN,
    covered_through,
    due_snapshots,
    first_order,
    kept_snapshots,
    make_plan,
)
from crm_pipeline.report.asset import REPORT
from crm_pipeline.tune_command import build_tune_job

LOAD_JOB, SNAPSHOT_JOB, EVERYTHING_JOB = "load", "snapshot", "everything"
SENSOR_SECONDS = 60


def build_jobs(pipeline: Pipeline) -> list[Any]:
    """`load` (ingestion, checks, cleaning), `snapshot` (everything as of a date) `everything` (both), and `tune`."""
    load = [name for name, table in pipeline.tables.items() if not table.is_partitioned]
    snapshot = [name for name, table in pipeline.tables.items() if table.is_partitioned]
    return [
        dg.define_asset_job(
            LOAD_JOB,
            selection=dg.AssetSelection.assets(LANDED_FILES, *load, DATA_QUALITY, PUBLISHED, REPORT, AUDIENCES),
            description="Load, check and clean the sources.",
        ),
        dg.define_asset_job(
            SNAPSHOT_JOB,
            selection=dg.AssetSelection.assets(*snapshot, DATA_QUALITY, PUBLISHED, REPORT, AUDIENCES),
            description="Features, segments, scores, recommendations as of a snapshot date; then the copy for readers.",
        ),
        dg.define_asset_job(EVERYTHING_JOB, selection=dg.AssetSelection.all(), description="Every table."),
        build_tune_job(pipeline),
    ]


def build_schedules(pipeline: Pipeline) -> list[dg.ScheduleDefinition]:
    """In the project's time zone: a load each night, snapshots when they can be built.

    With declarative automation only the latter, for snapshots before the newest, and on from the start: conditions
    look at the newest part alone, and as long as an older one is stale readers see nothing new.
    """
    zone = pipeline.project.time_zone

    @dg.schedule(
        name="daily_load",
        job_name=LOAD_JOB,
        cron_schedule="0 3 * * *",
        execution_timezone=zone,
        description="Every night at 3: ingestion, checks and cleaning.",
    )
    def daily_load(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(run_key=f"load-{context.scheduled_execution_time.date()}")

    @dg.schedule(
        name="snapshot_when_due",
        job_name=SNAPSHOT_JOB,
        cron_schedule="0 5-23 * * *",
        execution_timezone=zone,
        default_status=dg.DefaultScheduleStatus.RUNNING
        if is_declarative(pipeline)
        else dg.DefaultScheduleStatus.STOPPED,
        description="Each hour from 5 in the morning: snapshots that are due, whose sources are complete, and that are "
        "missing or stale. One whose sources are late is built when they have come.",
    )
    def snapshot_when_due(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        return snapshot_requests(pipeline, context.scheduled_execution_time)

    return [snapshot_when_due] if is_declarative(pipeline) else [daily_load, snapshot_when_due]


def snapshot_requests(pipeline: Pipeline, moment: datetime) -> list[dg.RunRequest] | dg.SkipReason:
    """A run for each snapshot that can be built or renewed at a moment, in order of date, or why there is none.

    The key of a request holds the day and how far the sources reach: what failed is tried again the next day, or when
    newer data have come, and not each hour. While another run writes none is asked for: reading in between two of its
    tables would keep it from the next.
    """
    at = replace(pipeline, now=lambda: moment)
    today = pipeline.project.today(moment)
    if not at.warehouse.exists:
        return dg.SkipReason("nothing is loaded yet: the job `load` comes first")
    try:
        with at.warehouse.locked():
            through = covered_through(at)
            first = first_order(at).known_at
            newest = due_snapshots(at)[-1:] if is_declarative(pipeline) else []  # its tables are asked for one by one
            ready = [day for day in kept_snapshots(at) if day not in newest]
            scored = [day for day in ready if first is not None and first.date() < day]
            planned = make_plan(at, set(at.recipes), scored, load=False)
    except CrmError as error:
        return dg.SkipReason(str(error))
    if through is None:
        return dg.SkipReason("nothing is loaded yet: the job `load` comes first")
    wanted = sorted({item.part for item in planned if item.part is not None})
    if len(wanted) > SNAPSHOTS_PER_RUN:  # the newest among them: old ones that fail each day must not keep it away
        wanted = [*wanted[: SNAPSHOTS_PER_RUN - 1], wanted[-1]]
    if wanted:
        key = f"as of {through} on {today}"
        return [dg.RunRequest(f"snapshot-{day} {key}", partition_key=day.isoformat()) for day in wanted]
    if late := [day for day in due_snapshots(at) if (day - through).days > 1]:
        return dg.SkipReason(f"{late[0]} waits: the sources of orders are complete to {through}")
    which = "every snapshot before the newest" if is_declarative(pipeline) else "every snapshot"
    return dg.SkipReason(f"{which} is up to date; the next is {_next(pipeline, today) or 'not planned'}")


def _next(pipeline: Pipeline, today: date) -> date | None:
    horizon = date(today.year + 1, today.month, 1)
    later = [day for day in pipeline.project.snapshots.until(horizon) if day > today]
    return later[0] if later else None


def source_fingerprint(pipeline: Pipeline) -> str:
    """Changes when a source file appears, goes, grows or is written again; cheap, for it is asked every minute."""
    texts = []
    for name in sorted(pipeline.project.sources):
        if pipeline.project.sources[name].extraction is not None:
            continue  # these are asked in every load, by its first asset
        for path in pipeline.project.source_files(name):
            found = path.stat()
            texts.append(f"{name} {path.name} {found.st_size} {found.st_mtime_ns}")
    return sha256("\n".join(texts).encode()).hexdigest()[:16]


def build_sensor(pipeline: Pipeline) -> dg.SensorDefinition:
    """Starts a load when a source file changed since the last look."""

    @dg.sensor(
        name="source_file_changed",
        job_name=LOAD_JOB,
        minimum_interval_seconds=SENSOR_SECONDS,
        description="Starts a load when a source file appears or changes.",
    )
    def source_file_changed(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        try:
            fingerprint = source_fingerprint(pipeline)
        except CrmError as error:
            yield dg.SkipReason(str(error))
            return
        if fingerprint == context.cursor:
            yield dg.SkipReason("no source file changed")
            return
        context.update_cursor(fingerprint)
        yield dg.RunRequest(run_key=f"sources-{fingerprint}")

    return source_file_changed
