"""Runs with a progress bar per asset."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from crm_pipeline.assets import DATA_QUALITY, PUBLISHED
from crm_pipeline.audiences.asset import AUDIENCES
from crm_pipeline.audiences.export import audiences_due
from crm_pipeline.commands import RunError
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.plan import PlannedPart, due_snapshots
from crm_pipeline.report.asset import REPORT
from crm_pipeline.run_history import quick_history
from crm_pipeline.runs import Listener, RunReport, StepReport, execute, history_of, open_instance, ranges
from crm_pipeline.schedules import EVERYTHING_JOB
from crm_pipeline.warehouse.published import is_published


class _Output(Console):
    """What a run says; where nobody reads it any more (`| head`) the command hears of it, and can end the run."""

    def on_broken_pipe(self) -> None:
        """In place of an exit in the middle of the run's work."""
        self.quiet = True
        raise BrokenPipeError


class ProgressListener(Listener):
    """One bar per asset while it runs, one line with rows and seconds when it has ended."""

    def __init__(self, progress: Progress, parts: dict[str, int]) -> None:
        self.progress = progress
        self.parts = parts
        self.whole = progress.add_task("assets", total=len(parts))
        self.task: int | None = None

    def started(self, name: str) -> None:
        """Show the asset's bar."""
        self.task = self.progress.add_task(name, total=self.parts.get(name, 1))
        self._seen = 0

    def advanced(self, name: str) -> None:
        """A part begins, so the one before is done."""
        self._seen += 1
        if self.task is not None:
            self.progress.update(self.task, completed=min(self._seen - 1, self.parts.get(name, 1) - 1))  # type: ignore[arg-type]

    def noted(self, name: str, text: str) -> None:
        """Say how far the asset has come, where the number of parts does not tell."""
        if self.task is not None:
            self.progress.update(self.task, description=f"{name} {text}")  # type: ignore[arg-type]

    def ended(self, step: StepReport) -> None:
        """Replace the bar by a line."""
        if self.task is not None:
            self.progress.remove_task(self.task)  # type: ignore[arg-type]
            self.task = None
        self.progress.advance(self.whole)
        mark = "[red]✗[/red]" if step.note == "failed" else "[green]✓[/green]"
        rows = f"{step.rows:>12,} rows" if step.rows is not None else " " * 17
        seconds = f"{step.seconds:7.1f} s" if step.seconds else "  unchanged" if step.note.startswith("0 ") else ""
        self.progress.console.print(f"{mark} {step.name:30}{rows} {seconds}", highlight=False)


class Runner:
    """Executes planned parts as Dagster runs of one project's instance."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.reports: list[RunReport] = []
        self.console = _Output(stderr=False)

    def __enter__(self) -> Runner:
        self._open = ExitStack()
        self._open.enter_context(quick_history(self.pipeline.project.dagster_home))
        self.instance = open_instance(self.pipeline)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.instance.dispose()
        self._open.close()

    def run(self, assets: Sequence[str], dates: Sequence[object], *, force: bool) -> None:
        """One run; RunError with the failed asset's message."""
        days = [day for day in dates if hasattr(day, "isoformat")]
        tables = self.pipeline.tables
        parts = {name: len(days) if name in tables and tables[name].is_partitioned else 1 for name in assets}
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description:30}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        bars = Progress(*columns, console=self.console, transient=True)
        with history_of(self.pipeline), bars as progress:
            report = execute(
                self.pipeline,
                self.instance,
                EVERYTHING_JOB,
                assets,
                days,  # type: ignore[arg-type]
                force=force,
                listener=ProgressListener(progress, parts),
            )
        self.reports.append(report)
        if not report.succeeded:
            where = f"{report.failed_step}: " if report.failed_step else ""
            message = report.message or "the run failed"
            text = message if message.startswith(where) else where + message
            error = RunError(
                f"{text}\n(run {report.run_id}; the last good tables are untouched)",
                report.exit_code or 1,
                report.run_id,
                report.told,
            )
            if report.details:
                error.add_note(report.details)  # printed with the traceback by --debug
            raise error

    def run_snapshots(self, plan: Sequence[PlannedPart], *, force: bool) -> None:
        """The planned snapshots in order, at most twelve in one run."""
        days = sorted({item.part for item in plan if item.part is not None})
        for chunk in ranges(days, due_snapshots(self.pipeline)):
            names = list(dict.fromkeys(item.table.name for item in plan if item.part in chunk))
            self.run(names, chunk, force=force)

    def publish(self) -> None:
        """Renew the data-quality page, the copy for readers and the report where that copy is old; then audiences."""
        exports = [AUDIENCES] if any(item.on_schedule for item in self.pipeline.project.audiences.values()) else []
        if not is_published(self.pipeline.warehouse):
            self.run([DATA_QUALITY, PUBLISHED, REPORT, *exports], [], force=False)
        elif audiences_due(self.pipeline):
            self.run(exports, [], force=False)
