"""`crm-pipeline model`: which churn models there are, and which of them makes the scores."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from crm_pipeline.errors import UserError
from crm_pipeline.model_choices import FILE, ModelChoice, choice_at, save_choices
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.yaml_lines import closest

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NEWEST = (
    "select * exclude (table_version) from churn.churn_model where (snapshot_date, table_version) in "
    "(select (snapshot_date, max(table_version)) from churn.churn_model group by snapshot_date)"
)


@dataclass(frozen=True)
class Registry:
    """The current rows of `churn_model`, newest snapshot last, and what was published by them.

    rows: one dictionary per snapshot and candidate. published: model version and candidate per snapshot.
    """

    rows: list[dict[str, Any]]
    published: dict[date, tuple[str, str]]

    @property
    def snapshots(self) -> list[date]:
        """With a fitted model, ascending."""
        return sorted({row["snapshot_date"] for row in self.rows})

    def of_snapshot(self, day: date) -> list[dict[str, Any]]:
        """The candidates of one snapshot, the champion first."""
        found = [row for row in self.rows if row["snapshot_date"] == day]
        return sorted(found, key=lambda row: (not row["is_champion"], row["candidate"]))

    def of_version(self, version: str) -> list[dict[str, Any]]:
        """The candidates of a version; UserError when there is none. The first digits of one suffice."""
        versions = sorted({row["model_version"] for row in self.rows})
        found = [known for known in versions if known.startswith(version)]
        if len(found) != 1 or not version:
            why = (
                f"is the beginning of {len(found)} versions" if found and version else "is no version of a churn model"
            )
            raise UserError(
                f"{version!r} {why}{'' if found else closest(version, versions)}; see crm-pipeline model list"
            )
        return self.of_snapshot(next(row["snapshot_date"] for row in self.rows if row["model_version"] == found[0]))


def read_registry(pipeline: Pipeline) -> Registry:
    """The registry of a built project; UserError before the first run."""
    if pipeline.warehouse.exists:
        with pipeline.warehouse.connect(read_only=True) as connection:
            if _has(connection, "churn_model"):
                frame = connection.execute(f"{NEWEST} order by snapshot_date, candidate")
                names = [column[0] for column in frame.description]
                rows = [dict(zip(names, row, strict=True)) for row in frame.fetchall()]
                return Registry(rows, _published(connection))
    raise UserError("no churn model is fitted yet; start with: crm-pipeline run")


def _has(connection: DuckDBPyConnection, name: str) -> bool:
    sql = "select count(*) from duckdb_tables() where schema_name = 'churn' and table_name = ?"
    return connection.execute(sql, [name]).fetchone() == (1,)


def _published(connection: DuckDBPyConnection) -> dict[date, tuple[str, str]]:
    if not _has(connection, "churn_predictions"):
        return {}
    sql = "select snapshot_date, min(model_version), min(model) from churn.churn_predictions group by snapshot_date"
    return {day: (version, model) for day, version, model in connection.execute(sql).fetchall()}


def list_command(pipeline: Pipeline, *, all_candidates: bool) -> None:
    """One line per snapshot's champion (or candidate), with what makes its scores."""
    registry = read_registry(pipeline)
    click.echo(f"{'snapshot':10}  {'version':16}  {'candidate':12}  {'log loss':>8}  {'rule':>8}  {'outcomes':>9}  ")
    for row in registry.rows:
        day, candidate = row["snapshot_date"], row["candidate"]
        is_published = registry.published.get(day) == (row["model_version"], candidate)
        if not (all_candidates or row["is_champion"] or is_published):
            continue
        marks = [*(["champion"] if row["is_champion"] else []), *(["published"] if is_published else [])]
        marks += ["fallback"] if row["is_fallback"] and row["is_champion"] else []
        click.echo(
            f"{day}  {row['model_version']:16}  {candidate:12}  {_number(row['log_loss'])}  "
            f"{_number(row['baseline_log_loss'])}  {row['training_row_count']:9,}  {', '.join(marks)}"
        )
    for day, (version, candidate) in sorted(registry.published.items()):
        if not any(row["model_version"] == version and row["snapshot_date"] == day for row in registry.rows):
            click.echo(f"{day}: scores are made by {candidate} of version {version}, fitted at another snapshot.")
    _say_choices(pipeline)


def show_command(pipeline: Pipeline, version: str | None) -> None:
    """All about one version (default: of the newest snapshot)."""
    registry = read_registry(pipeline)
    rows = registry.of_version(version) if version else registry.of_snapshot(registry.snapshots[-1])
    champion = rows[0]
    settings = json.loads(champion["settings"])
    click.echo(f"version {champion['model_version']}, snapshot {champion['snapshot_date']}, {champion['format']}")
    click.echo(champion["why"])
    click.echo(f"Fitted on {champion['training_row_count']:,} known outcomes; data hash {champion['data_hash']}.")
    click.echo(f"Settings: {', '.join(f'{name} {_short(value)}' for name, value in sorted(settings.items()))}")
    names = json.loads(champion["features"])
    click.echo(f"{len(names)} features: {', '.join(names)}")
    click.echo(f"{'candidate':12}  {'log loss':>8}  {'brier':>8}  {'auc':>8}   weights")
    for row in rows:
        metrics, weights = json.loads(row["metrics"]), json.loads(row["settings"]).get("weights", {})
        shown = "  ".join(_number(metrics.get(name)) for name in ("log_loss", "brier", "roc_auc"))
        parts = ", ".join(f"{name} {weight:.2f}" for name, weight in weights.items())
        click.echo(f"{row['candidate']:12}  {shown}   {parts}")
    own = champion["model_version"]
    used = [str(day) for day, (made_by, _) in sorted(registry.published.items()) if made_by == own]
    click.echo(f"Makes the scores of: {', '.join(used) or 'no snapshot'}.")


def pin_command(pipeline: Pipeline, version: str, since: date | None) -> None:
    """From a snapshot on, scores come from this version instead of each snapshot's own fit."""
    registry = read_registry(pipeline)
    row = registry.of_version(version)[0]
    start = since or registry.snapshots[-1]
    if start < row["snapshot_date"]:
        raise UserError(
            f"--from {start}: version {row['model_version']} was fitted at {row['snapshot_date']}; "
            "before that it would know the outcome of what it scores"
        )
    _decide(pipeline, ModelChoice(start, version=row["model_version"]))


def promote_command(pipeline: Pipeline, candidate: str, since: date | None) -> None:
    """From a snapshot on, this candidate is published, whichever the champion is."""
    registry = read_registry(pipeline)
    start = since or registry.snapshots[-1]
    known = [row["candidate"] for row in registry.of_snapshot(registry.snapshots[-1])]
    if candidate not in known:
        raise UserError(f"the newest churn model has no candidate {candidate!r}{closest(candidate, known)}")
    _decide(pipeline, ModelChoice(start, candidate=candidate))


def rollback_command(pipeline: Pipeline) -> None:
    """Take back the last decision; where there is none, publish the version of the snapshot before the newest."""
    choices = pipeline.project.model_choices
    if choices:
        save_choices(pipeline.project.folder, choices[:-1])
        click.echo(f"Taken back: from {choices[-1].since}, {choices[-1].words}.")
        _say_next()
        return
    registry = read_registry(pipeline)
    if len(registry.snapshots) < 2:
        raise UserError("there is no earlier model to go back to: only one snapshot has one")
    version, candidate = registry.published.get(registry.snapshots[-2], ("", ""))
    registry.of_version(version)
    _decide(pipeline, ModelChoice(registry.snapshots[-1], candidate=candidate, version=version))


def retrain_command(pipeline: Pipeline) -> None:
    """Fit the newest snapshot again and publish its champion, whatever was decided before."""
    from crm_pipeline.commands import run_command

    registry = read_registry(pipeline)
    newest = registry.snapshots[-1]
    if choice_at(pipeline.project.model_choices, newest):
        _decide(pipeline, ModelChoice(newest))
    run_command(Pipeline(_reloaded(pipeline)), ("churn_model+",), [newest], dry_run=False, force=True)
    after = {row["model_version"] for row in read_registry(pipeline).of_snapshot(newest)}
    before = {row["model_version"] for row in registry.of_snapshot(newest)}
    same = "the same version: neither data nor code changed" if after == before else "a new version"
    click.echo(f"Fitted again at {newest}: {', '.join(sorted(after))}, {same}.")


def _reloaded(pipeline: Pipeline) -> Any:
    from crm_pipeline.project import load_project

    return load_project(pipeline.project.folder)


def _decide(pipeline: Pipeline, choice: ModelChoice) -> None:
    save_choices(pipeline.project.folder, [*pipeline.project.model_choices, choice])
    click.echo(f"{pipeline.project.folder / FILE}: from {choice.since}, {choice.words}.")
    _say_next()


def _say_next() -> None:
    click.echo("Scores change with the next: crm-pipeline run")


def _say_choices(pipeline: Pipeline) -> None:
    for choice in pipeline.project.model_choices:
        click.echo(f"{FILE}: from {choice.since}, {choice.words}.")


def _number(value: float | None) -> str:
    return f"{value:8.4f}" if value is not None else f"{'-':>8}"


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else json.dumps(value)
