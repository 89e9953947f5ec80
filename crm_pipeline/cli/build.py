"""Commands that look at data and build tables."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_pipeline.cli.common import day, guarded, main, open_pipeline, project_option
from crm_pipeline.errors import UserError

if TYPE_CHECKING:
    from crm_pipeline.pipeline import Pipeline


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1)
@click.option("--copy", is_flag=True, help="Copy the files below FOLDER/input; otherwise they stay where they are.")
@click.option("--currency", default=None, metavar="CODE", help="Three capital letters such as EUR.")
@click.option("--time-zone", default=None, metavar="ZONE", help="Of the shop, such as Europe/Berlin (default: UTC).")
@click.option("--force", is_flag=True, help="Replace an existing crm.yaml.")
@guarded
def init(
    folder: Path, files: tuple[str, ...], copy: bool, currency: str | None, time_zone: str | None, force: bool
) -> None:
    """Look at FILES (files, patterns, folders) and propose a project in FOLDER.

    Without FILES it looks at what lies in FOLDER.
    """
    from datetime import UTC

    from crm_pipeline.onboarding.command import init_command

    init_command(folder, files, datetime.now(UTC), currency=currency, time_zone=time_zone, copy=copy, force=force)


@main.command()
@project_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--show-values", is_flag=True, help="Show values that break rules; they may be personal.")
@guarded
def check(folder: Path | None, as_json: bool, show_values: bool) -> None:
    """Validate a project without running it, and say whether its data suffice."""
    from crm_pipeline.onboarding.command import check_command

    pipeline = open_pipeline(folder)
    check_command(pipeline.project, pipeline.now(), as_json=as_json, show_values=show_values)


@main.command()
@project_option
@click.option(
    "--select", multiple=True, help="Tables or stages: name, +name (with all before), name+ (with all after)."
)
@click.option("--snapshot", multiple=True, callback=day, metavar="DATE", help="Only these snapshot dates.")
@click.option("--dry-run", is_flag=True, help="Say what would be built, and why; build nothing.")
@click.option("--force", is_flag=True, help="Build again what is up to date.")
@guarded
def run(folder: Path | None, select: tuple[str, ...], snapshot: tuple[date, ...], dry_run: bool, force: bool) -> None:
    """Build everything that is due and stale."""
    from crm_pipeline.commands import run_command

    run_command(open_pipeline(folder), select, list(snapshot), dry_run=dry_run, force=force)


@main.command()
@project_option
@click.option("--from", "first", required=True, callback=day, metavar="DATE", help="First day of the range.")
@click.option("--to", "last", required=True, callback=day, metavar="DATE", help="Last day of the range.")
@click.option("--select", multiple=True, help="Tables or stages, as for `run`.")
@click.option("--dry-run", is_flag=True, help="Say what would be built, and why; build nothing.")
@click.option("--force", is_flag=True, help="Build again what is up to date.")
@guarded
def backfill(folder: Path | None, first: date, last: date, select: tuple[str, ...], dry_run: bool, force: bool) -> None:
    """Build the snapshots of a range of dates, in one run, without daemon or web server."""
    from crm_pipeline.commands import run_command

    if last < first:
        raise UserError(f"--to {last} lies before --from {first}")
    pipeline = open_pipeline(folder)
    dates = [day for day in pipeline.project.snapshots.until(last) if day >= first]
    if not dates:
        raise UserError(
            f"{pipeline.project.name} has no snapshot date from {first} to {last}; "
            f"its series begins {_series(pipeline)}"
        )
    run_command(pipeline, select, dates, dry_run=dry_run, force=force)


def _series(pipeline: Pipeline) -> str:
    from crm_pipeline.plan import due_snapshots

    due = due_snapshots(pipeline)
    return f"{due[0]} and so far ends {due[-1]}" if due else "in the future"


@main.command()
@project_option
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Only rows of this source (repeatable).")
@guarded
def replay(folder: Path | None, sources: tuple[str, ...]) -> None:
    """Judge rejected rows again after a rule or mapping was mended, and tell what came back.

    Works from the kept copies: source files are neither read again nor looked for.
    """
    from crm_pipeline.replay import replay_command

    replay_command(open_pipeline(folder), sources)
