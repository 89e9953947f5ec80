"""What the commands do; `cli` only reads their options."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

import click

from crm_pipeline.alerts.alerting import alerting
from crm_pipeline.audiences.export import audiences_due
from crm_pipeline.counting import counted
from crm_pipeline.errors import CrmError, UserError
from crm_pipeline.ingestion.connectors import LANDED_FILES
from crm_pipeline.ingestion.load import SOURCE_FILES
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.plan import PlannedPart, due_snapshots, foreseen_snapshots, kept_snapshots, make_plan, selected
from crm_pipeline.project import Project
from crm_pipeline.warehouse.published import is_published
from crm_pipeline.yaml_lines import closest


class RunError(CrmError):
    """A run ended with a failure; the message says which table and why."""

    def __init__(self, message: str, exit_code: int, run_id: str = "", told: str = "") -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.run_id = run_id
        self.told = told
        """What alerts say in place of the message, where that may hold values of rows."""

    def explain(self, lines: Sequence[str]) -> None:
        """Add what probably led to it."""
        self.args = ("\n".join([str(self), *lines]),)


def check_dates(pipeline: Pipeline, dates: Sequence[date]) -> None:
    """UserError for a date that is no snapshot date, or whose day has not begun."""
    due = due_snapshots(pipeline)
    for day in dates:
        if day not in due:
            later = day in pipeline.project.snapshots.until(day)
            why = (
                "its day has not begun yet"
                if later
                else f"it is no snapshot date{closest(str(day), [str(d) for d in due])}"
            )
            raise UserError(f"snapshot {day}: {why}")


def check_history(pipeline: Pipeline, dates: Sequence[date]) -> None:
    """UserError for a snapshot before the first order: there is no customer yet of whom to say anything."""
    from crm_pipeline.plan import first_order

    found = first_order(pipeline)
    early = [day for day in dates if found.is_loaded and (found.known_at is None or found.known_at.date() >= day)]
    if not early:
        return
    which = f"snapshot {early[0]}" + (f" (and {len(early) - 1} more)" if len(early) > 1 else "")
    if found.known_at is None:
        raise UserError(
            f"{which}: no order with a customer is in the sources, only returns or orders without `customer_id`"
        )
    raise UserError(
        f"{which}: no customer has an order before it; the first is of {found.known_at.date()}. "
        f"Begin the series later: `snapshots` in {pipeline.project.folder / 'crm.yaml'}"
    )


def run_command(
    pipeline: Pipeline, select: Sequence[str], dates: Sequence[date], *, dry_run: bool, force: bool
) -> None:
    """Load what changed, then build the snapshots that are due, stale and covered by the sources."""
    names = selected(pipeline, select)
    check_dates(pipeline, dates)
    if dry_run:
        _dry_run(pipeline, names, dates, force)
        return
    with alerting(pipeline, lambda text: click.echo(text, err=True)):
        _run_all(pipeline, names, dates, force)


def _fetched(pipeline: Pipeline, names: Collection[str]) -> list[str]:
    """The sources that a load of these tables asks for what is new."""
    return list(pipeline.project.extractions) if SOURCE_FILES.name in names else []


def _dry_run(pipeline: Pipeline, names: Collection[str], dates: Sequence[date], force: bool) -> None:
    fetched = _fetched(pipeline, names)
    loads = make_plan(pipeline, names, [], force=force, load=True)
    asked = dates or due_snapshots(pipeline)
    if fetched:
        click.echo(f"{LANDED_FILES}: asks {', '.join(fetched)} for what is new; that may add to what follows")
    ready = foreseen_snapshots(pipeline) if loads or fetched else kept_snapshots(pipeline)
    wanted = [day for day in asked if day in ready]
    _print_plan(make_plan(pipeline, names, wanted, force=force))
    if not loads and not fetched:
        print_waiting(pipeline, [day for day in asked if day not in ready])


def _run_all(pipeline: Pipeline, names: Collection[str], dates: Sequence[date], force: bool) -> None:
    if _fetched(pipeline, names):
        pipeline.warehouse.prepare()
        with _runner(pipeline) as runner:
            runner.run([LANDED_FILES], [], force=force)
    if SOURCE_FILES.name in names:
        _say_what_is_read(pipeline.project)
    loads = make_plan(pipeline, names, [], force=force, load=True)
    waiting = _run_asked(pipeline, names, loads, dates or due_snapshots(pipeline), force)
    print_waiting(pipeline, waiting)
    from crm_pipeline.summary import print_summary

    print_summary(pipeline)


def _say_what_is_read(project: Project) -> None:
    """Whether a file changed is told by its digest, which takes minutes where files are large."""
    files = [path for name in project.sources for path in project.source_files(name)]
    megabytes = sum(path.stat().st_size for path in files) / 1e6
    size = f" ({megabytes:,.0f} MB)" if megabytes >= 1 else ""
    click.echo(
        f"Looking for changes in {counted(len(files), 'file')}{size} of {counted(len(project.sources), 'source')}."
    )


def build_named(pipeline: Pipeline, names: Collection[str]) -> list[date]:
    """Build what is stale of the named tables, asking no source for anything new; returns the snapshots that wait."""
    loads = make_plan(pipeline, names, [], load=True)
    return _run_asked(pipeline, names, loads, due_snapshots(pipeline), force=False)


def _run_asked(
    pipeline: Pipeline, names: Collection[str], loads: Sequence[PlannedPart], asked: Sequence[date], force: bool
) -> list[date]:
    """Build; of a run that fails the page of checks is renewed as well. Returns the asked snapshots that wait."""
    pipeline.warehouse.prepare()
    try:
        ready = _run(pipeline, names, loads, asked, force)
    except RunError as error:
        _explain(pipeline, error)
        _add_page(pipeline, error)
        raise
    return [day for day in asked if day not in ready]


def _run(
    pipeline: Pipeline, names: Collection[str], loads: Sequence[PlannedPart], asked: Sequence[date], force: bool
) -> list[date]:
    """Load, build the asked snapshots that are ready, publish; returns those that the sources are complete to."""
    if loads:
        with _runner(pipeline) as runner:
            runner.run(_names(loads), [], force=force)
    ready = kept_snapshots(pipeline)
    snapshots = make_plan(pipeline, names, [day for day in asked if day in ready], force=force, load=False)
    check_history(pipeline, sorted({item.part for item in snapshots if item.part is not None}))
    if loads or snapshots or not is_published(pipeline.warehouse) or audiences_due(pipeline):
        with _runner(pipeline) as runner:
            runner.run_snapshots(snapshots, force=force)
            runner.publish()
    else:
        click.echo("Nothing to do: every table is up to date.")
    return ready


def _add_page(pipeline: Pipeline, error: RunError) -> None:
    """A failed run ends before its own page: what failed is shown all the same."""
    from crm_pipeline.quality.command import renew_page

    try:
        page = renew_page(pipeline)
    except CrmError as other:
        error.add_note(f"the data-quality page was not written: {other}")
    else:
        click.echo(f"What the checks found: {page}")


def _explain(pipeline: Pipeline, error: RunError) -> None:
    """What is wrong with the sources is often what stopped a table far behind them."""
    from crm_pipeline.status import mostly_rejected

    try:
        error.explain(mostly_rejected(pipeline))
    except CrmError as other:
        error.add_note(f"whether sources were rejected could not be read: {other}")


def _names(plan: Collection[PlannedPart]) -> list[str]:
    return list(dict.fromkeys(item.table.name for item in plan))


def _runner(pipeline: Pipeline):  # type: ignore[no-untyped-def]
    from crm_pipeline.runner import Runner

    return Runner(pipeline)


def print_waiting(pipeline: Pipeline, waiting: Sequence[date]) -> None:
    """Say which snapshots wait for their sources, and what to do."""
    from crm_pipeline.plan import covered_through

    if waiting:
        days = f"{len(waiting)} snapshots, {waiting[0]} to {waiting[-1]}" if len(waiting) > 1 else f"{waiting[0]}"
        from crm_pipeline.status import source_reach

        through = covered_through(pipeline)
        late = ", ".join(name for name, reach in source_reach(pipeline) if reach == through)
        click.echo(
            f"Waiting: {days}. The sources of orders are complete to {through}"
            f"{f' ({late} goes no further)' if late else ''}; load newer files, "
            "or say in crm.yaml how far they reach (data_through) or where the series ends (snapshots: last)."
        )


def _print_plan(plan: Sequence[PlannedPart]) -> None:
    if not plan:
        click.echo("Nothing to do: every table is up to date.")
        return
    grouped: dict[tuple[str, str], list[str]] = {}
    for item in plan:
        grouped.setdefault((item.table.name, item.reason), []).append(str(item.part or ""))
    for (name, reason), parts in grouped.items():
        days = [part for part in parts if part]
        span = f"  {days[0]}" + (f" … {days[-1]} ({len(days)} snapshots)" if len(days) > 1 else "") if days else ""
        click.echo(f"{name}{span}: {reason}")
    click.echo(f"{counted(len(plan), 'part')} of {counted(len(_names(plan)), 'table')} would be built.")


def status_command(pipeline: Pipeline) -> None:
    """A few lines: what is fresh, stale, running, failed, waiting; and what to do."""
    from crm_pipeline.status import newest_state, status_lines

    project = pipeline.project
    click.echo(f"{project.name}: {project.folder / 'crm.yaml'}")
    if not pipeline.warehouse.exists:
        click.echo("Nothing is built yet; start with: crm-pipeline run")
        return
    ready = kept_snapshots(pipeline)
    plan = make_plan(pipeline, set(pipeline.recipes), ready)
    waiting = [day for day in due_snapshots(pipeline) if day not in ready]
    total = sum(len(ready) if table.is_partitioned else 1 for table in pipeline.tables.values())
    click.echo(newest_state(pipeline))
    click.echo(f"{total - len(plan)} of {total} table parts are up to date, {len(plan)} are stale or missing.")
    for item in plan[:5]:
        click.echo(f"  {item.table.name} {item.part or ''}: {item.reason}")
    if len(plan) > 5:
        click.echo(f"  … and {len(plan) - 5} more (crm-pipeline run --dry-run lists them)")
    for line in status_lines(pipeline):
        click.echo(line)
    print_waiting(pipeline, waiting)
    from crm_pipeline.status import to_do

    for line in to_do(pipeline, is_stale=bool(plan)):
        click.echo(f"To do: {line}")
