"""Commands that act on what was found: audiences, alerts, decisions."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from crm_pipeline.cli.common import day, guarded, main, open_pipeline, project_option


@main.command()
@project_option
@click.option("--audience", "name", metavar="NAME", help="Which of `audiences` in crm.yaml.")
@click.option("--snapshot", callback=day, metavar="DATE", help="As of this snapshot (default: the newest published).")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write to this file instead.")
@click.option("--list", "list_all", is_flag=True, help="List the audiences and what was exported last.")
@click.option("--dry-run", is_flag=True, help="Count, and export nothing.")
@guarded
def export(
    folder: Path | None, name: str | None, snapshot: date | None, output: Path | None, list_all: bool, dry_run: bool
) -> None:
    """Hand over an audience: a file or table of the customers in it, less the control group."""
    from crm_pipeline.audiences.command import export_command

    export_command(open_pipeline(folder), name, snapshot, output, list_all=list_all, dry_run=dry_run)


@main.command()
@project_option
@click.option("--test", is_flag=True, help="Send a test to every receiver.")
@guarded
def alert(folder: Path | None, test: bool) -> None:
    """Tell the receivers of `alerts` in crm.yaml what is wrong now and was not told before."""
    from crm_pipeline.alerts.command import alert_command

    alert_command(open_pipeline(folder), test=test)


@main.command()
@project_option
@click.option("--accept", nargs=2, metavar="LEFT RIGHT", help="Two records (source/key) are one customer.")
@click.option("--reject", nargs=2, metavar="LEFT RIGHT", help="Two records are not one customer.")
@click.option("--undo", type=int, metavar="ID", help="A decision no longer holds.")
@click.option("--list", "list_all", is_flag=True, help="List the decisions that were made.")
@click.option("--count", type=click.IntRange(1, 1_000), default=5, show_default=True, help="Pairs to show.")
@guarded
def review(
    folder: Path | None,
    accept: tuple[str, str] | None,
    reject: tuple[str, str] | None,
    undo: int | None,
    list_all: bool,
    count: int,
) -> None:
    """Records that may be one customer: show those that matter most (their personal data too), or decide."""
    from crm_pipeline.identity.review import review_command

    review_command(open_pipeline(folder), accept, reject, undo, list_all=list_all, count=count)
