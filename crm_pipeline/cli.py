"""The command line: one clear message for every mistake, exit code 2 for the user's and 1 for failures."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from crm_pipeline.errors import CrmError, UserError

PROJECT_VARIABLE = "CRM_PIPELINE_PROJECT"


def _guarded(function: Callable[..., None]) -> Callable[..., None]:
    """Turn errors into one message and an exit code; `--debug` shows the traceback."""

    @wraps(function)
    def wrapper(*args: Any, debug: bool, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except CrmError as error:
            if debug:
                raise
            click.echo(f"crm-pipeline: {error}", err=True)
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("crm-pipeline: interrupted; the last good tables are untouched", err=True)
            sys.stdout.flush()
            os._exit(130)  # the run's thread is at work: an orderly exit would tear its connections from under it
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
        except Exception as error:
            if debug:
                raise
            first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            click.echo(
                f"crm-pipeline: failed unexpectedly ({type(error).__name__}: {first}); --debug shows where", err=True
            )
            sys.exit(1)

    return click.option("--debug", is_flag=True, help="Show the traceback of an error.")(wrapper)


def _project_option(function: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--project",
        "folder",
        type=click.Path(path_type=Path),
        envvar=PROJECT_VARIABLE,
        default=None,
        help=f"Folder with the crm.yaml (default: ${PROJECT_VARIABLE}, the current folder, or the example project).",
    )(function)


def _day(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, tuple):
        return tuple(_day(context, parameter, item) for item in value)
    try:
        return datetime.strptime(value, "%Y-%m-%d").date()
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a date; expected for example 2017-12-02") from None


def _open(folder: Path | None) -> Any:
    from crm_pipeline.pipeline import Pipeline
    from crm_pipeline.project import EXAMPLE, load_project

    if folder is None:
        here = Path.cwd()
        folder = here if (here / "crm.yaml").is_file() else Path(__file__).parent.parent / EXAMPLE
    return Pipeline(load_project(folder))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="crm-pipeline")
def main() -> None:
    """Customer analytics from raw exports to scored customers."""


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1)
@click.option("--copy", is_flag=True, help="Copy the files below FOLDER/input; otherwise they stay where they are.")
@click.option("--currency", default=None, metavar="CODE", help="Three capital letters such as EUR.")
@click.option("--time-zone", default=None, metavar="ZONE", help="Of the shop, such as Europe/Berlin (default: UTC).")
@click.option("--force", is_flag=True, help="Replace an existing crm.yaml.")
@_guarded
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
@_project_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--show-values", is_flag=True, help="Show values that break rules; they may be personal.")
@_guarded
def check(folder: Path | None, as_json: bool, show_values: bool) -> None:
    """Validate a project without running it, and say whether its data suffice."""
    from crm_pipeline.onboarding.command import check_command

    pipeline = _open(folder)
    check_command(pipeline.project, pipeline.now(), as_json=as_json, show_values=show_values)


@main.command()
@_project_option
@click.option(
    "--select", multiple=True, help="Tables or stages: name, +name (with all before), name+ (with all after)."
)
@click.option("--snapshot", multiple=True, callback=_day, metavar="DATE", help="Only these snapshot dates.")
@click.option("--dry-run", is_flag=True, help="Say what would be built, and why; build nothing.")
@click.option("--force", is_flag=True, help="Build again what is up to date.")
@_guarded
def run(folder: Path | None, select: tuple[str, ...], snapshot: tuple[date, ...], dry_run: bool, force: bool) -> None:
    """Build everything that is due and stale."""
    from crm_pipeline.commands import run_command

    run_command(_open(folder), select, list(snapshot), dry_run=dry_run, force=force)


@main.command()
@_project_option
@click.option("--from", "first", required=True, callback=_day, metavar="DATE", help="First day of the range.")
@click.option("--to", "last", required=True, callback=_day, metavar="DATE", help="Last day of the range.")
@click.option("--select", multiple=True, help="Tables or stages, as for `run`.")
@click.option("--dry-run", is_flag=True, help="Say what would be built, and why; build nothing.")
@click.option("--force", is_flag=True, help="Build again what is up to date.")
@_guarded
def backfill(folder: Path | None, first: date, last: date, select: tuple[str, ...], dry_run: bool, force: bool) -> None:
    """Build the snapshots of a range of dates, in one run, without daemon or web server."""
    from crm_pipeline.commands import run_command

    if last < first:
        raise UserError(f"--to {last} lies before --from {first}")
    pipeline = _open(folder)
    dates = [day for day in pipeline.project.snapshots.until(last) if day >= first]
    if not dates:
        raise UserError(
            f"{pipeline.project.name} has no snapshot date from {first} to {last}; "
            f"its series begins {_series(pipeline)}"
        )
    run_command(pipeline, select, dates, dry_run=dry_run, force=force)


def _series(pipeline: Any) -> str:
    from crm_pipeline.plan import due_snapshots

    due = due_snapshots(pipeline)
    return f"{due[0]} and so far ends {due[-1]}" if due else "in the future"


@main.command()
@_project_option
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Only rows of this source (repeatable).")
@_guarded
def replay(folder: Path | None, sources: tuple[str, ...]) -> None:
    """Judge rejected rows again after a rule or mapping was mended, and tell what came back.

    Works from the kept copies: source files are neither read again nor looked for.
    """
    from crm_pipeline.replay import replay_command

    replay_command(_open(folder), sources)


@main.command()
@_project_option
@_guarded
def status(folder: Path | None) -> None:
    """What is fresh, stale, failed or waiting for a source, and what to do."""
    from crm_pipeline.commands import status_command

    status_command(_open(folder))


@main.command()
@_project_option
@click.argument("first", metavar="RUN")
@click.argument("second", metavar="RUN")
@click.option("--select", multiple=True, help="Only these tables or stages, as for `run`.")
@click.option("--customer", metavar="ID", help="Also show this customer's scores and inputs that moved.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_guarded
def diff(
    folder: Path | None, first: str, second: str, select: tuple[str, ...], customer: str | None, as_json: bool
) -> None:
    """What changed between the states after two runs.

    RUN is a run's id, its beginning, `last` (what readers see) or `previous` (what they saw before).
    """
    from crm_pipeline.diff.command import diff_command

    diff_command(_open(folder), first, second, select, customer, as_json)


@main.command()
@_project_option
@_guarded
def quality(folder: Path | None) -> None:
    """Write the data-quality page anew, print where it is, and the scores."""
    from crm_pipeline.quality.command import quality_command

    quality_command(_open(folder))


@main.command()
@_project_option
@click.option("--snapshot", callback=_day, metavar="DATE", help="The snapshot (default: the newest).")
@click.option("--language", type=click.Choice(["en", "zh", "de"]), help="Default: the project's.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Default: below warehouse/reports.")
@_guarded
def report(folder: Path | None, snapshot: date | None, language: str | None, output: Path | None) -> None:
    """Write a snapshot's report: one HTML page that opens offline."""
    from crm_pipeline.report.command import report_command

    report_command(_open(folder), snapshot, language, output)


@main.command()
@_project_option
@click.argument("customer", metavar="ID")
@click.option("--snapshot", callback=_day, metavar="DATE", help="The snapshot (default: the newest).")
@click.option("--language", type=click.Choice(["en", "zh", "de"]), help="Default: the project's.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page instead of text.")
@click.option("--with-personal-data", is_flag=True, help="Also show names and addresses, from the vault.")
@_guarded
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

    customer_command(_open(folder), customer, snapshot, language, html, with_personal_data=with_personal_data)


@main.command("export-tables")
@_project_option
@click.argument("target", type=click.Path(path_type=Path, file_okay=False))
@click.option("--table", "tables", multiple=True, metavar="NAME", help="Only this table (repeatable).")
@click.option("--snapshot", callback=_day, metavar="DATE", help="Only this snapshot (default: all).")
@click.option("--format", "kind", type=click.Choice(["parquet", "csv"]), default="parquet", show_default=True)
@_guarded
def export_tables(folder: Path | None, target: Path, tables: tuple[str, ...], snapshot: date | None, kind: str) -> None:
    """Write the published tables as files below TARGET, a folder per snapshot."""
    from crm_pipeline.published_parquet import export_tables_command

    export_tables_command(_open(folder), target, tables, snapshot, kind)  # type: ignore[arg-type]


@main.command()
@_project_option
@click.option("--port", default=3000, show_default=True, help="Port on the loopback interface.")
@_guarded
def ui(folder: Path | None, port: int) -> None:
    """Start the Dagster web UI on this project's runs."""
    from crm_pipeline.commands import ui_command

    ui_command(_open(folder), port)


@main.group()
def model() -> None:
    """Which churn models there are, and which of them makes the scores."""


@model.command("list")
@_project_option
@click.option("--all", "all_candidates", is_flag=True, help="Every candidate, not only champions.")
@_guarded
def model_list(folder: Path | None, all_candidates: bool) -> None:
    """The model of each snapshot, its evidence, and what makes the scores."""
    from crm_pipeline.model_commands import list_command

    list_command(_open(folder), all_candidates=all_candidates)


@model.command("show")
@_project_option
@click.argument("version", required=False)
@_guarded
def model_show(folder: Path | None, version: str | None) -> None:
    """Settings, features, metrics and weights of VERSION (default: the newest)."""
    from crm_pipeline.model_commands import show_command

    show_command(_open(folder), version)


@model.command("pin")
@_project_option
@click.argument("version")
@click.option("--from", "since", callback=_day, metavar="DATE", help="First snapshot (default: the newest).")
@_guarded
def model_pin(folder: Path | None, version: str, since: date | None) -> None:
    """Publish scores of VERSION instead of each snapshot's own fit."""
    from crm_pipeline.model_commands import pin_command

    pin_command(_open(folder), version, since)


@model.command("promote")
@_project_option
@click.argument("candidate")
@click.option("--from", "since", callback=_day, metavar="DATE", help="First snapshot (default: the newest).")
@_guarded
def model_promote(folder: Path | None, candidate: str, since: date | None) -> None:
    """Publish CANDIDATE, whichever the champion is."""
    from crm_pipeline.model_commands import promote_command

    promote_command(_open(folder), candidate, since)


@model.command("rollback")
@_project_option
@_guarded
def model_rollback(folder: Path | None) -> None:
    """Take back the last decision, or publish the model before the newest."""
    from crm_pipeline.model_commands import rollback_command

    rollback_command(_open(folder))


@model.command("retrain")
@_project_option
@_guarded
def model_retrain(folder: Path | None) -> None:
    """Fit the newest snapshot again and publish its champion."""
    from crm_pipeline.model_commands import retrain_command

    retrain_command(_open(folder))


@model.command("tune")
@_project_option
@click.option("--trials", type=click.IntRange(1, 10_000), default=40, show_default=True, help="Per kind of model.")
@click.option("--dry-run", is_flag=True, help="Search and judge, store nothing.")
@_guarded
def model_tune(folder: Path | None, trials: int, dry_run: bool) -> None:
    """Search better settings for the fits from the newest snapshot on (needs the extra `tune`)."""
    from crm_pipeline.tune_command import tune_command

    tune_command(_open(folder), trials, dry_run=dry_run)


@main.command()
@_project_option
@click.option("--audience", "name", metavar="NAME", help="Which of `audiences` in crm.yaml.")
@click.option("--snapshot", callback=_day, metavar="DATE", help="As of this snapshot (default: the newest published).")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write to this file instead.")
@click.option("--list", "list_all", is_flag=True, help="List the audiences and what was exported last.")
@click.option("--dry-run", is_flag=True, help="Count, and export nothing.")
@_guarded
def export(
    folder: Path | None, name: str | None, snapshot: date | None, output: Path | None, list_all: bool, dry_run: bool
) -> None:
    """Hand over an audience: a file or table of the customers in it, less the control group."""
    from crm_pipeline.audiences.command import export_command

    export_command(_open(folder), name, snapshot, output, list_all=list_all, dry_run=dry_run)


@main.command()
@_project_option
@click.option("--test", is_flag=True, help="Send a test to every receiver.")
@_guarded
def alert(folder: Path | None, test: bool) -> None:
    """Tell the receivers of `alerts` in crm.yaml what is wrong now and was not told before."""
    from crm_pipeline.alerts.command import alert_command

    alert_command(_open(folder), test=test)


@main.command()
@_project_option
@click.option("--accept", nargs=2, metavar="LEFT RIGHT", help="Two records (source/key) are one customer.")
@click.option("--reject", nargs=2, metavar="LEFT RIGHT", help="Two records are not one customer.")
@click.option("--undo", type=int, metavar="ID", help="A decision no longer holds.")
@click.option("--list", "list_all", is_flag=True, help="List the decisions that were made.")
@click.option("--count", type=click.IntRange(1, 1_000), default=5, show_default=True, help="Pairs to show.")
@_guarded
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

    review_command(_open(folder), accept, reject, undo, list_all=list_all, count=count)


@main.command("data-dictionary")
@click.option("--check", is_flag=True, help="Fail when the file differs from what the contracts say.")
@click.argument("target", type=click.Path(path_type=Path), default=Path("docs/data_dictionary.md"))
@_guarded
def data_dictionary(target: Path, check: bool) -> None:
    """Write the data dictionary of every table."""
    from crm_pipeline.contract.dictionary import render
    from crm_pipeline.pipeline import all_tables

    text = render(list(all_tables().values()))
    if not check:
        target.write_text(text, encoding="utf-8")
    elif not target.is_file() or target.read_text(encoding="utf-8") != text:
        raise CrmError(f"{target} is out of date; write it anew with: crm-pipeline data-dictionary {target}")


if __name__ == "__main__":
    main()
