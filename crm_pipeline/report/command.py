"""`crm-pipeline report`: the page of a snapshot, on request and after each run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_pipeline.pipeline import Pipeline
from crm_pipeline.report.published_file import open_published

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FOLDER = "reports"
FIGURES = ("customers", "active_customers", "spend_30d", "expected_value", "value_at_risk")


@dataclass(frozen=True)
class Written:
    """A report that was written, and the five numbers that it begins with."""

    path: Path
    snapshot: date
    figures: dict[str, float]


def write_report(
    pipeline: Pipeline, snapshot: date | None = None, language: str | None = None, output: Path | None = None
) -> Written:
    """Write the report of a snapshot (default: the newest) from the published copy.

    Without ``output`` it goes to `warehouse/reports`. UserError when the snapshot is not published.
    """
    from crm_pipeline.report.page import chosen_snapshot, render_report, write_atomically

    project = pipeline.project
    spoken = language or project.language
    with open_published(pipeline.warehouse) as connection:
        day = chosen_snapshot(connection, snapshot)
        text = render_report(connection, project.name, project.currency, spoken, day)
        figures = _figures(connection, day)
    suffix = "" if spoken == project.language else f".{spoken}"
    target = output or pipeline.warehouse.folder / FOLDER / f"{day}{suffix}.html"
    return Written(write_atomically(text, target), day, figures)


def has_snapshots(pipeline: Pipeline) -> bool:
    """Whether the published copy holds a snapshot to report on."""
    from crm_pipeline.report.page import snapshots_in

    with open_published(pipeline.warehouse) as connection:
        return bool(snapshots_in(connection))


def _figures(connection: DuckDBPyConnection, day: date) -> dict[str, float]:
    from crm_pipeline.report.cells import Reader
    from crm_pipeline.report.queries import ALL

    found = Reader(connection, ALL, {"snapshot_date": day})["business"]
    return {name: found.numbers(name)[-1] for name in FIGURES} if found else {}


def report_command(pipeline: Pipeline, snapshot: date | None, language: str | None, output: Path | None) -> None:
    """Write the report and say where it is."""
    click.echo(str(write_report(pipeline, snapshot, language, output).path))
