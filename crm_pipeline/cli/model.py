"""Commands of the group `model`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from crm_pipeline.cli.common import day, guarded, main, open_pipeline, project_option


@main.group()
def model() -> None:
    """Which churn models there are, and which of them makes the scores."""


@model.command("list")
@project_option
@click.option("--all", "all_candidates", is_flag=True, help="Every candidate, not only champions.")
@guarded
def model_list(folder: Path | None, all_candidates: bool) -> None:
    """The model of each snapshot, its evidence, and what makes the scores."""
    from crm_pipeline.model_commands import list_command

    list_command(open_pipeline(folder), all_candidates=all_candidates)


@model.command("show")
@project_option
@click.argument("version", required=False)
@guarded
def model_show(folder: Path | None, version: str | None) -> None:
    """Settings, features, metrics and weights of VERSION (default: the newest)."""
    from crm_pipeline.model_commands import show_command

    show_command(open_pipeline(folder), version)


@model.command("pin")
@project_option
@click.argument("version")
@click.option("--from", "since", callback=day, metavar="DATE", help="First snapshot (default: the newest).")
@guarded
def model_pin(folder: Path | None, version: str, since: date | None) -> None:
    """Publish scores of VERSION instead of each snapshot's own fit."""
    from crm_pipeline.model_commands import pin_command

    pin_command(open_pipeline(folder), version, since)


@model.command("promote")
@project_option
@click.argument("candidate")
@click.option("--from", "since", callback=day, metavar="DATE", help="First snapshot (default: the newest).")
@guarded
def model_promote(folder: Path | None, candidate: str, since: date | None) -> None:
    """Publish CANDIDATE, whichever the champion is."""
    from crm_pipeline.model_commands import promote_command

    promote_command(open_pipeline(folder), candidate, since)


@model.command("rollback")
@project_option
@guarded
def model_rollback(folder: Path | None) -> None:
    """Take back the last decision, or publish the model before the newest."""
    from crm_pipeline.model_commands import rollback_command

    rollback_command(open_pipeline(folder))


@model.command("retrain")
@project_option
@guarded
def model_retrain(folder: Path | None) -> None:
    """Fit the newest snapshot again and publish its champion."""
    from crm_pipeline.model_commands import retrain_command

    retrain_command(open_pipeline(folder))


@model.command("tune")
@project_option
@click.option("--trials", type=click.IntRange(1, 10_000), default=40, show_default=True, help="Per kind of model.")
@click.option("--dry-run", is_flag=True, help="Search and judge, store nothing.")
@guarded
def model_tune(folder: Path | None, trials: int, dry_run: bool) -> None:
    """Search better settings for the fits from the newest snapshot on (needs the extra `tune`)."""
    from crm_pipeline.tune_command import tune_command

    tune_command(open_pipeline(folder), trials, dry_run=dry_run)
