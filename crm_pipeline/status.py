"""What the instance and the ledger remember: what readers see, runs, failures, what waits, and what to do."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import duckdb

from crm_pipeline.counting import said_of
from crm_pipeline.errors import CrmError
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.quality.failed_checks import failed_check_lines
from crm_pipeline.summary import drift, schema_changes
from crm_pipeline.warehouse.ledger import Ledger
from crm_pipeline.warehouse.published import is_published

if TYPE_CHECKING:
    import dagster as dg

MOST_RUNS = 10


def newest_state(pipeline: Pipeline) -> str:
    """One line: what readers see, and whether the warehouse is ahead of it."""
    published = pipeline.warehouse.published
    if not published.exists():
        return "Readers see nothing yet."
    with duckdb.connect(str(published), read_only=True) as connection:
        built = Ledger(connection).current().get("customer_segments", {})
    newest = max((part for part in built if part is not None), default=None)
    what = f"snapshot {newest}" if newest else "no snapshot"
    if is_published(pipeline.warehouse):
        return f"Readers see the newest state, {what}."
    return f"The copy for readers is older than the warehouse: it ends with {what}."


def status_lines(pipeline: Pipeline) -> list[str]:
    """What runs, how the last run ended, failed checks, drift, columns that changed, audiences to hand over."""
    said = (runs, mostly_rejected, failed_checks, churn_drift, changed_columns, audiences)
    return [line for say in said for line in say(pipeline)]


def runs(pipeline: Pipeline) -> list[str]:
    """One line for each run that is under way, queued or dead, one on the newest that ended and on why it failed."""
    from crm_pipeline.processes import dead_runs
    from crm_pipeline.runs import history_of, open_instance

    instance = open_instance(pipeline)
    try:
        with history_of(pipeline):
            dead = {run.run_id for run in dead_runs(instance)}
            records = instance.get_run_records(limit=MOST_RUNS)
            ended = next((record for record in records if record.dagster_run.is_finished), None)
            why = _why_failed(instance, ended) if ended is not None else ""
    finally:
        instance.dispose()
    under_way = [record for record in records if not record.dagster_run.is_finished]
    lines = [
        f"{_state(record, dead)}: "
        f"{record.dagster_run.job_name} since {_since(pipeline, record)}, {record.dagster_run.run_id[:8]}."
        for record in under_way
    ]
    if ended is not None:
        status = ended.dagster_run.status.value.lower()
        lines.append(f"Last run: {status} ({_since(pipeline, ended)}, {ended.dagster_run.run_id[:8]}).{why}")
    return lines


def _state(record: dg.RunRecord, dead: Collection[str]) -> str:
    if record.dagster_run.run_id in dead:  # the next run marks it as failed and tells of it; this only looks
        return "Its process was killed"
    return "Running" if record.dagster_run.status.value == "STARTED" else "Waiting to run"


def _since(pipeline: Pipeline, record: dg.RunRecord) -> str:
    started = datetime.fromtimestamp(record.start_time or record.create_timestamp.timestamp(), UTC)
    return f"{started.astimezone(pipeline.project.zone):%Y-%m-%d %H:%M} {pipeline.project.time_zone}"


def _why_failed(instance: dg.DagsterInstance, record: dg.RunRecord) -> str:
    """The failed asset and its own message, if the run failed in one."""
    import dagster as dg

    if record.dagster_run.status is not dg.DagsterRunStatus.FAILURE:
        return ""
    found = instance.get_records_for_run(
        record.dagster_run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE, limit=1
    ).records
    for item in found:
        event = item.event_log_entry.dagster_event
        failure = event.step_failure_data.user_failure_data if event is not None else None
        if event is not None and failure is not None:
            return f" {event.step_key}: {failure.description}"
    return ""


def audiences(pipeline: Pipeline) -> list[str]:
    """The audiences that are handed over by the next run."""
    if not pipeline.project.audiences or not pipeline.warehouse.published.exists():
        return []
    from crm_pipeline.audiences.export import audiences_due

    try:
        due = audiences_due(pipeline)
    except CrmError as error:
        return [f"Audiences cannot be handed over: {error}"]
    return [f"Audiences to hand over: {', '.join(due)}."] if due else []


def to_do(pipeline: Pipeline, *, is_stale: bool) -> list[str]:
    """What a person would do next, most urgent first; [] when nothing is to be done."""
    found = []
    if mostly_rejected(pipeline):
        found.append("mend the mapping of the sources that are mostly rejected, then crm-pipeline replay")
    if is_stale or not is_published(pipeline.warehouse) or audiences(pipeline):
        found.append("crm-pipeline run")
    failed = [line for line in failed_checks(pipeline) if line.startswith(("critical:", "error:"))]
    if failed:
        found.append("look at the failed checks in warehouse/data_docs/data_quality.html (crm-pipeline quality)")
    return found


def source_reach(pipeline: Pipeline) -> list[tuple[str, date]]:
    """Each source of orders with the last day that it is complete to, as of the last load."""
    with pipeline.warehouse.connect(read_only=True) as connection:
        if "reconciliation" not in Ledger(connection).current():
            return []
        return connection.execute(
            "select source, coalesce(max(coalesce(stated_data_through, last_event_at::date)), date '1970-01-01') "
            "from quality.reconciliation where entity in ('orders', 'order_lines') group by source order by 2, 1"
        ).fetchall()


def changed_columns(pipeline: Pipeline) -> list[str]:
    """How the columns of each source's newest file differ from those before."""
    with pipeline.warehouse.connect(read_only=True) as connection:
        return schema_changes(connection)


def churn_drift(pipeline: Pipeline) -> list[str]:
    """What moved from what the churn model learned."""
    with pipeline.warehouse.connect(read_only=True) as connection:
        return drift(connection)


def failed_checks(pipeline: Pipeline) -> list[str]:
    """The failures among the newest results of every table's checks, the worst first."""
    with pipeline.warehouse.connect(read_only=True) as connection:
        return failed_check_lines(connection)


def mostly_rejected(pipeline: Pipeline) -> list[str]:
    """One line for each source of which at least half of the rows are rejected, with the rule that most of them broke.

    It reads the staged tables, which are there before anything else can fail.
    """
    warehouse = pipeline.warehouse
    if not warehouse.vault.exists():
        return []
    entities = sorted({source.entity for source in pipeline.project.sources.values()})
    with warehouse.connect("vault", read_only=True) as connection:
        built = Ledger(connection).current()
        parts = [
            f"select source, verdict, rule from staged.staged_{entity} where verdict <> 'left_out'"
            for entity in entities
            if f"staged_{entity}" in built
        ]
        if not parts:
            return []
        rows = connection.execute(
            f"with rows as ({' union all '.join(parts)}), "
            "counted as (select source, rule, count(*) as n, sum(n) over (partition by source) as total, "
            "sum(n) filter (rule is not null) over (partition by source) as rejected from rows group by source, rule) "
            "select source, total, rejected, rule, n from counted where rule is not null and 2 * rejected >= total "
            "qualify row_number() over (partition by source order by n desc, rule) = 1 order by source"
        ).fetchall()
    return [
        f"{source}: {rejected:,} of {said_of(total, 'row', 'is', 'are')} rejected, {n:,} of them because {rule} "
        "(docs/own-data.md says how to map such values, and what is rejected)"
        for source, total, rejected, rule, n in rows
    ]
