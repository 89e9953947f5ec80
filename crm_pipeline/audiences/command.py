"""`crm-pipeline export`: hand over an audience, or list them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from crm_pipeline.audiences.export import (
    audiences_folder,
    export_audience,
    known_audience,
    members_of,
    snapshot_to_export,
)
from crm_pipeline.audiences.history import exports_of
from crm_pipeline.audiences.members import CONTROL
from crm_pipeline.counting import counted
from crm_pipeline.errors import UserError
from crm_pipeline.pipeline import Pipeline

BY_HAND = "by hand"
"""What the history says instead of a run's id."""


def export_command(
    pipeline: Pipeline,
    name: str | None,
    snapshot: date | None,
    output: Path | None,
    *,
    list_all: bool,
    dry_run: bool,
) -> None:
    """List the audiences, or export one and say how many customers it has."""
    if list_all:
        _print_list(pipeline)
        return
    if name is None:
        raise UserError("say which audience, with --audience NAME, or --list to see them")
    known_audience(pipeline, name)
    day = snapshot_to_export(pipeline, snapshot)
    if dry_run:
        members = members_of(pipeline, name, day)
        held_out = members.rows["audience_group"].to_pylist().count(CONTROL)
        _print_counts(name, day, members.chosen, members.rows.num_rows - held_out, held_out, "would be exported")
        return
    done = export_audience(pipeline, name, day, BY_HAND, pipeline.now(), output)
    _print_counts(name, day, done.members.chosen, done.treated, done.control, "exported")
    click.echo(f"To: {done.target}{'' if done.is_new else ' (the same as before, so the history stays as it is)'}")


def _print_counts(name: str, day: date, chosen: int, treated: int, held_out: int, verb: str) -> None:
    refused = chosen - treated - held_out
    without = f", {refused:,} without consent" if refused else ""
    click.echo(f"{name} at {day}: {counted(treated, 'customer')} {verb}, {held_out:,} held out{without}.")


def _print_list(pipeline: Pipeline) -> None:
    audiences = pipeline.project.audiences
    if not audiences:
        click.echo(f"{pipeline.project.folder / 'crm.yaml'} names no audiences; docs/audiences.md shows how.")
    for name, settings in sorted(audiences.items()):
        who = f"segment {settings.segment}" if settings.segment else settings.where or "a query"
        when = "after each run" if settings.on_schedule else "by hand"
        click.echo(f"{name}: {who}, as {settings.format}, {when}")
        exports = exports_of(audiences_folder(pipeline), name)
        if exports:
            last = exports[-1]
            at = last.exported_at.astimezone(pipeline.project.zone)
            click.echo(
                f"  exported {counted(len(exports), 'time')}, last {at:%Y-%m-%d %H:%M} "
                f"as of {last.snapshot_date}: {last.treated:,} treated, {last.control:,} held out, to {last.target}"
            )
        else:
            click.echo("  not exported yet")
