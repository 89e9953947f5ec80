"""`crm-pipeline model tune` and the job `tune`: search settings of churn models, and keep those that prove better."""

from collections.abc import Callable
from datetime import date
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click
import dagster as dg

from crm_pipeline.contract.catalog import declared_transforms
from crm_pipeline.errors import CrmError, UserError
from crm_pipeline.model_choices import FILE, TunedSettings, load_tuned, save_tuned
from crm_pipeline.pipeline import Pipeline, all_tables
from crm_pipeline.warehouse.as_of import as_of_views
from crm_pipeline.warehouse.candidate import sql_values

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.models.tuning import Found

TUNE_JOB = "tune"
TRIALS = 40
MODEL = "churn_model"


def tune_command(pipeline: Pipeline, trials: int, *, dry_run: bool) -> None:
    """Search on a terminal, with one line per model."""
    say: Callable[[str], None] = click.echo
    found = tune(pipeline, trials, say, dry_run=dry_run)
    if any(item.is_better for item in found) and not dry_run:
        click.echo("Fits change with the next: crm-pipeline run")


def tune(pipeline: Pipeline, trials: int, say: Callable[[str], None], *, dry_run: bool = False) -> "list[Found]":
    """Search on the outcomes known at the newest built snapshot; what proves better holds for fits from it on.

    Args:
        trials: per model. say: told what is found. dry_run: store nothing.

    Raises:
        UserError: without the package optuna, before the first run, or with too few outcomes.
    """
    if find_spec("optuna") is None:
        raise UserError('the search for settings needs optuna: pip install "crm-pipeline[tune]"')
    from crm_pipeline.models.tuning import tune_churn

    day, rows = training_rows(pipeline)
    found = tune_churn(rows, pipeline.project.churn.horizon_days, trials)
    if not found:
        raise UserError(f"the {len(rows):,} outcomes known at {day} are too few to search settings by")
    for item in found:
        say(_line(item))
    better = {item.model: item.settings for item in found if item.is_better}
    folder = pipeline.project.folder
    if better and not dry_run:
        stored = load_tuned(folder)
        begun = [entry for entry in stored if entry.since <= day]
        kept = dict(begun[-1].models) if begun else {}
        others = [entry for entry in stored if entry.since != day]
        save_tuned(folder, sorted([*others, TunedSettings(day, kept | better)], key=lambda entry: entry.since))
        say(f"{folder / FILE}: fits from {day} on use what was found for {', '.join(better)}.")
    elif not better:
        say("Nothing beats the settings in use by default for sure; none are stored.")
    return found


def training_rows(pipeline: Pipeline) -> "tuple[date, pd.DataFrame]":
    """The newest snapshot with a churn model, and the features and known outcomes that it was fitted on."""
    from crm_pipeline.models.classifiers_btyd import with_btyd

    if not pipeline.warehouse.exists:
        raise UserError("no churn model is fitted yet; start with: crm-pipeline run")
    transform, tables = declared_transforms()[MODEL], all_tables()
    with pipeline.warehouse.connect(read_only=True) as connection:
        built = connection.execute(
            "select max(snapshot_date) from quality.table_versions where table_name = ?", [MODEL]
        ).fetchone()
        if built is None or built[0] is None:
            raise UserError("no churn model is fitted yet; start with: crm-pipeline run")
        day: date = built[0]
        values = sql_values(pipeline.project, day)
        chosen = {name: values[name] for name in transform.sql_parameters}
        upstream = {name: tables[name] for name in transform.upstream}
        with as_of_views(connection, transform.table, upstream, day):
            rows = with_btyd(connection.execute(transform.sql, chosen).df())
    return day, rows[rows["is_churned"].notna()].astype({"is_churned": "bool"})


def build_tune_job(pipeline: Pipeline) -> dg.JobDefinition:
    """A job of its own, started by hand: the search takes minutes, and daily runs reuse what it stored."""

    @dg.op(
        name="tune_churn_models",
        description="Search settings of churn models by Optuna; models.yaml keeps those that prove better.",
        config_schema={"trials": dg.Field(int, default_value=TRIALS, description="Per kind of model.")},
        out=dg.Out(dg.Nothing),
    )
    def tune_churn_models(context: dg.OpExecutionContext) -> None:
        try:
            found = tune(pipeline, context.op_config["trials"], context.log.info)
        except CrmError as error:
            raise dg.Failure(description=str(error), allow_retries=False) from error
        context.add_output_metadata({item.model: _line(item) for item in found})

    @dg.job(name=TUNE_JOB, executor_def=dg.in_process_executor, description="Search settings of churn models.")
    def tune_job() -> None:
        tune_churn_models()

    return tune_job


def _line(item: "Found") -> str:
    verdict = "better" if item.is_better else "not surely better"
    settings = ", ".join(f"{name} {value:g}" for name, value in item.settings.items())
    gain = f"better by {item.improvement_lower:.4f} to {item.improvement_upper:.4f}"
    return (
        f"{item.model}: {verdict} after {item.trials} trials, log loss {item.log_loss:.4f}, by default "
        f"{item.default_log_loss:.4f} ({gain}): {settings}"
    )
