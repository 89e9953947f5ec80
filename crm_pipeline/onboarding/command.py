"""What `init` and `check` do; `cli` only reads their options."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console

from crm_pipeline.counting import counted
from crm_pipeline.onboarding.check import check_project, raise_errors
from crm_pipeline.onboarding.check_page import print_report
from crm_pipeline.onboarding.init import described, initialize
from crm_pipeline.project import Project

WIDE = 140


def _console() -> Console:
    """As wide as the terminal; wide where the output is kept in a file."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDE)


def init_command(
    folder: Path,
    files: Sequence[str],
    now: datetime,
    *,
    currency: str | None,
    time_zone: str | None,
    copy: bool,
    force: bool,
) -> None:
    """Write a proposed crm.yaml and say what it took the files for, what it is unsure of, and what comes next."""
    found = initialize(folder, files, now, currency=currency, time_zone=time_zone, copy=copy, force=force)
    console = _console()
    console.print(f"[bold]{found.path}[/bold] is written.", highlight=False)
    for source in found.proposal.sources:
        console.print(f"  {described(source)}", highlight=False, markup=False)
    doubts = found.proposal.doubts
    if doubts:
        console.print(
            f"[bold]{counted(len(doubts), 'line')} to look at[/bold] (marked `?` in the file):", highlight=False
        )
        for doubt in doubts:
            console.print(f"  {doubt}", highlight=False, markup=False)
    if found.project is None:
        console.print(f"It needs editing before it can be used: {found.problem}", highlight=False, markup=False)
    console.print(f"Next: crm-pipeline check --project {folder}", highlight=False, markup=False)


def check_command(project: Project, now: datetime, *, as_json: bool, show_values: bool) -> None:
    """Print what a check finds; UserError when something keeps the project from running."""
    report = check_project(project, now, show_values=show_values)
    if as_json:
        click.echo(report.as_json())
    else:
        print_report(report, _console())
    raise_errors(report.errors)
