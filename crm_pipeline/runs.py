"""Runs without a web server: one Dagster run in this process, recorded in the project's instance, and followed."""

from __future__ import annotations

import signal
import threading
import uuid
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import dagster as dg

from crm_pipeline.alerts.alerting import tell_later
from crm_pipeline.alerts.findings import killed_run
from crm_pipeline.alerts.reasons import reason
from crm_pipeline.assets import EXIT_CODE, FORCE_TAG, PART
from crm_pipeline.definitions import build_definitions
from crm_pipeline.errors import UserError, WarehouseError
from crm_pipeline.landed_files import NOTE
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.plan import SNAPSHOTS_PER_RUN
from crm_pipeline.processes import PROCESS_TAG, bury_dead_runs, this_process
from crm_pipeline.terminal import children_that_end, kept_streams, leave_interrupts_to_main
from crm_pipeline.warehouse.connection import DISK_IS_FULL, free_bytes, is_full_disk, translated

POLL_SECONDS = 0.2
NO_SPACE_BYTES = 1_000_000

DAGSTER_YAML = """# Written by crm_pipeline: the Dagster instance of this project.
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1
"""


@dataclass
class StepReport:
    """What the progress bar knows of one asset."""

    name: str
    rows: int | None = None
    seconds: float | None = None
    note: str = ""


@dataclass
class RunReport:
    """How a run ended: finished assets in order, and the message of the first failure."""

    run_id: str
    succeeded: bool = False
    steps: list[StepReport] = field(default_factory=list)
    failed_step: str = ""
    message: str = ""
    told: str = ""
    """What may be told elsewhere, where ``message`` may hold values of rows; else empty."""
    details: str = ""
    exit_code: int = 1


class Listener:
    """Told what happens in a run; the base class does nothing with it."""

    def started(self, name: str) -> None:
        """An asset starts."""

    def advanced(self, name: str) -> None:
        """An asset begins its next part."""

    def noted(self, name: str, text: str) -> None:
        """An asset says how far it has come."""

    def ended(self, step: StepReport) -> None:
        """An asset has ended."""


@contextmanager
def history_of(pipeline: Pipeline) -> Iterator[None]:
    """Say in words what keeps the history of runs (Dagster's SQLite files) from being read or written."""
    from sqlalchemy.exc import DatabaseError

    home = pipeline.project.dagster_home
    try:
        with translated(home):
            yield
    except DatabaseError as error:
        # A full disk can also show as SQLite's "disk I/O error".
        if is_full_disk(error) or free_bytes(home) < NO_SPACE_BYTES:
            raise WarehouseError(f"{home}: {DISK_IS_FULL}") from error
        why = "read-only or no permission" if "readonly" in str(error) else str(error.orig)
        raise WarehouseError(
            f"{home}: the history of runs cannot be read or written ({why}); correct the folder's permissions, "
            "or move it away to begin a new history"
        ) from error


def open_instance(pipeline: Pipeline) -> dg.DagsterInstance:
    """The project's Dagster instance, created on first use."""
    home = pipeline.project.dagster_home
    with history_of(pipeline):
        home.mkdir(parents=True, exist_ok=True)
        config = home / "dagster.yaml"
        if not config.exists():
            config.write_text(DAGSTER_YAML, encoding="utf-8")
        return dg.DagsterInstance.from_config(str(home))


def execute(
    pipeline: Pipeline,
    instance: dg.DagsterInstance,
    job_name: str,
    assets: Sequence[str],
    dates: Sequence[date],
    *,
    force: bool = False,
    listener: Listener | None = None,
) -> RunReport:
    """Run the assets over the range of dates in one in-process run, and follow its events.

    The dates must be snapshot dates of the project, at most 12 of them: partition tags are not validated by Dagster.
    """
    known = set(pipeline.project.snapshots.until(max(dates))) if dates else set()
    wrong = [day for day in dates if day not in known]
    if wrong:
        raise UserError(f"{wrong[0]} is not a snapshot date of {pipeline.project.name}")
    if len(dates) > SNAPSHOTS_PER_RUN:
        raise ValueError(f"a run takes at most {SNAPSHOTS_PER_RUN} snapshots")
    if dead := bury_dead_runs(instance):
        tell_later(pipeline, [killed_run(run_id) for run_id in dead])
    tags = {"crm_pipeline/project": pipeline.project.name, PROCESS_TAG: this_process()}
    if dates:
        tags |= {
            "dagster/asset_partition_range_start": min(dates).isoformat(),
            "dagster/asset_partition_range_end": max(dates).isoformat(),
        }
    if force:
        tags[FORCE_TAG] = "true"
    run_id = str(uuid.uuid4())
    job = build_definitions(pipeline).resolve_job_def(job_name)
    report = RunReport(run_id)
    outcome: dict[str, Any] = {}

    def run() -> None:
        leave_interrupts_to_main()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                outcome["result"] = job.execute_in_process(
                    instance=instance,
                    run_id=run_id,
                    tags=tags,
                    run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                    raise_on_error=False,
                    asset_selection=[dg.AssetKey(name) for name in assets],
                )
            except BaseException as error:
                outcome["error"] = error

    thread = threading.Thread(target=run, name="run", daemon=True)
    cursor: Any = None
    try:
        with kept_streams(), children_that_end(), _interrupts() as interrupted:
            thread.start()
            while True:
                alive = thread.is_alive()
                cursor = _follow(instance, report, cursor, listener or Listener())
                if interrupted.is_set() or not alive:
                    break
                thread.join(POLL_SECONDS)
        if interrupted.is_set():
            raise KeyboardInterrupt
    except (KeyboardInterrupt, BrokenPipeError):  # the latter: nobody reads what the listener says
        begun = instance.get_run_by_id(run_id)
        if begun is not None and not begun.is_finished:
            instance.report_run_canceled(begun, "Interrupted; the next run continues from the last good tables.")
        raise
    if "error" in outcome:
        raise outcome["error"]
    report.succeeded = bool(outcome["result"].success)
    if report.succeeded:
        report.exit_code = 0
    return report


@contextmanager
def _interrupts() -> Iterator[threading.Event]:
    """Ctrl-C sets the event: an exception in the middle of reading the history would be logged with its traceback."""
    interrupted = threading.Event()
    is_ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if is_ours:
        signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    try:
        yield interrupted
    except KeyboardInterrupt:  # from a handler that is not ours
        interrupted.set()
    finally:
        if is_ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _follow(instance: dg.DagsterInstance, report: RunReport, cursor: Any, listener: Listener) -> Any:
    """Read the run's new events, and tell the listener."""
    if cursor is None and instance.get_run_by_id(report.run_id) is None:
        return cursor
    while True:
        connection = instance.get_records_for_run(report.run_id, cursor=cursor, limit=500)
        for record in connection.records:
            entry = record.event_log_entry
            if entry.dagster_event is not None:
                _note(report, entry.dagster_event, listener)
            elif entry.step_key and entry.user_message.startswith(PART):
                listener.advanced(entry.step_key)
            elif entry.step_key and entry.user_message.startswith(NOTE):
                listener.noted(entry.step_key, entry.user_message.removeprefix(NOTE))
        if not connection.records:
            return cursor
        cursor = connection.cursor
        if not connection.has_more:
            return cursor


def _note(report: RunReport, event: dg.DagsterEvent, listener: Listener) -> None:
    kind = event.event_type_value
    name = (event.step_key or "").split(".")[-1]
    if kind == "STEP_START":
        report.steps.append(StepReport(name))
        listener.started(name)
    elif kind == "ASSET_MATERIALIZATION":
        _read_metadata(_step(report, name), event)
    elif kind == "STEP_SUCCESS":
        listener.ended(_step(report, name))
    elif kind in ("STEP_FAILURE", "RUN_FAILURE", "PIPELINE_FAILURE", "RESOURCE_INIT_FAILURE", "ENGINE_EVENT"):
        _read_failure(report, name, event)
        if kind == "STEP_FAILURE":
            listener.ended(_step(report, name))


def _step(report: RunReport, name: str) -> StepReport:
    return next((step for step in reversed(report.steps) if step.name == name), StepReport(name))


def _read_metadata(step: StepReport, event: dg.DagsterEvent) -> None:
    metadata = event.materialization.metadata
    if "dagster/row_count" in metadata:
        step.rows = int(str(metadata["dagster/row_count"].value))
    if "seconds" in metadata:
        step.seconds = float(str(metadata["seconds"].value))
    if "built" in metadata:
        step.note = str(metadata["built"].value)


def _read_failure(report: RunReport, name: str, event: dg.DagsterEvent) -> None:
    data = event.event_specific_data
    failure = getattr(data, "user_failure_data", None)
    error = getattr(data, "error", None)
    if failure is None and error is None:
        return
    if name:
        _step(report, name).note = "failed"
    if report.message:
        return
    report.failed_step = name
    if failure is not None:
        report.message = failure.description or ""
        code = failure.metadata.get(EXIT_CODE)
        report.exit_code = int(str(code.value)) if code is not None else 1
    elif error is not None:
        root = error
        while root.cause is not None:
            root = root.cause
        report.message = root.message.strip().splitlines()[0] if root.message else "it failed"
        report.told = reason(name, data)
    if error is not None:
        report.details = error.to_string()


def ranges(dates: Sequence[date], all_dates: Sequence[date]) -> list[list[date]]:
    """Contiguous runs of snapshot dates (as the project counts them), each of at most 12."""
    wanted = set(dates)
    found: list[list[date]] = []
    for day in all_dates:
        if day not in wanted:
            found.append([])
        elif not found or len(found[-1]) >= SNAPSHOTS_PER_RUN:
            found.append([day])
        else:
            found[-1].append(day)
    return [days for days in found if days]
