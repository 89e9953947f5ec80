"""Commands that show what there is."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from crm_pipeline.cli.common import day, guarded, main, open_pipeline, project_option
from crm_pipeline.errors import CrmError


@main.command()
@project_option
@guarded
def status(folder: Path | None) -> None:
    """What is fresh, stale, failed or waiting for a source, and what to do."""
    from crm_pipeline.commands import status_command

    status_command(open_pipeline(folder))


@main.command()
@project_option
@click.argument("first", metavar="RUN")
@click.argument("second", metavar="RUN")
@click.option("--select", multiple=True, help="Only these tables or stages, as for `run`.")
@click.option("--customer", metavar="ID", help="Also show this customer's scores and inputs that moved.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@guarded
def diff(
    folder: Path | None, first: str, second: str, select: tuple[str, ...], customer: str | None, as_json: bool
) -> None:
    """What changed between the states after two runs.

    RUN is a run's id, its beginning, `last` (what readers see) or `previous` (what they saw before).
    """
    from crm_pipeline.diff.command import diff_command

    diff_command(open_pipeline(folder), first, second, select, customer, as_json)


@main.command()
@project_option
@guarded
def quality(folder: Path | None) -> None:
    """Write the data-quality page anew, print where it is, and the scores."""
    from crm_pipeline.quality.command import quality_command

    quality_command(open_pipeline(folder))


@main.command()
@project_option
@click.option("--snapshot", callback=day, metavar="DATE", help="The snapshot (default: the newest).")
@click.option("--language", type=click.Choice(["en", "zh", "de"]), help="Default: the project's.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Default: below warehouse/reports.")
@guarded
def report(folder: Path | None, snapshot: date | None, language: str | None, output: Path | None) -> None:
    """Write a snapshot's report: one HTML page that opens offline."""
    from crm_pipeline.report.command import report_command

    report_command(open_pipeline(folder), snapshot, language, output)


@main.command()
@project_option
@click.argument("customer", metavar="ID")
@click.option("--snapshot", callback=day, metavar="DATE", help="The snapshot (default: the newest).")
@click.option("--language", type=click.Choice(["en", "zh", "de"]), help="Default: the project's.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page instead of text.")
@click.option("--with-personal-data", is_flag=True, help="Also show names and addresses, from the vault.")
@guarded
def customer(
    folder: Path | None,
    customer: str,
    snapshot: date | None,
    language: str | None,
    html: Path | None,
    with_personal_data: bool,
) -> None:
    """All that is known of one customer: ID, or a key that a source has for them."""
    from crm_pipeline.customer.command import customer_command

    customer_command(open_pipeline(folder), customer, snapshot, language, html, with_personal_data=with_personal_data)


@main.command("export-tables")
@project_option
@click.argument("target", type=click.Path(path_type=Path, file_okay=False))
@click.option("--table", "tables", multiple=True, metavar="NAME", help="Only this table (repeatable).")
@click.option("--snapshot", callback=day, metavar="DATE", help="Only this snapshot (default: all).")
@click.option("--format", "kind", type=click.Choice(["parquet", "csv"]), default="parquet", show_default=True)
@guarded
def export_tables(folder: Path | None, target: Path, tables: tuple[str, ...], snapshot: date | None, kind: str) -> None:
    """Write the published tables as files below TARGET, a folder per snapshot."""
    from crm_pipeline.published_parquet import export_tables_command

    export_tables_command(open_pipeline(folder), target, tables, snapshot, kind)  # type: ignore[arg-type]


@main.command()
@project_option
@click.option(
    "--port", type=click.IntRange(1, 65535), default=3000, show_default=True, help="Port on the loopback interface."
)
@guarded
def ui(folder: Path | None, port: int) -> None:
    """Start the Dagster web UI on this project's runs."""
    from crm_pipeline.web_ui import ui_command

    ui_command(open_pipeline(folder), port)


@main.command("data-dictionary")
@click.option("--check", is_flag=True, help="Fail when the file differs from what the contracts say.")
@click.argument("target", type=click.Path(path_type=Path), default=Path("docs/data_dictionary.md"))
@guarded
def data_dictionary(target: Path, check: bool) -> None:
    """Write the data dictionary of every table."""
    from crm_pipeline.contract.dictionary import render
    from crm_pipeline.pipeline import all_tables

    text = render(list(all_tables().values()))
    if not check:
        target.write_text(text, encoding="utf-8")
    elif not target.is_file() or target.read_text(encoding="utf-8") != text:
        raise CrmError(f"{target} is out of date; write it anew with: crm-pipeline data-dictionary {target}")
