"""Whether the customers, the scores and their outcomes still are what the churn model learned from.

Four kinds of rows, all of active customers:

- `feature`: the distribution of each feature now, against the newest snapshots that the model was fitted on;
- `score`: the same of the published model's score;
- `label`: the share that churned at snapshots that fell due now, against the newest ones judged before;
- `outcome`: the share that churned at snapshots that fell due now, against what was predicted then.

A row warns, then fails, from the limits in crm.yaml (`churn.drift`), where chance alone would hardly do as much, and a
feature only if it carries a share of the scores: what grows with the calendar moves all the time, and harms nothing
that does not look at it. Nor is a feature of a window judged while the snapshots compared with are of a shop younger
than the window: what was counted over 60 days of 84 then must be less than now.

A failure shows as a failed check; it keeps neither scores nor tables from being published.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table
from crm_pipeline.model_choices import choice_at
from crm_pipeline.project import DriftSettings, Project

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.churn.published_model import PublishedModel
    from crm_pipeline.models.drift import Shift

FOLLOWS_CHOICES = True
REFERENCE_SNAPSHOTS = 4
IMPORTANCE_ROWS = 1000
SCORE, LABEL = "churn_probability", "is_churned"

TABLE = Table(
    name="churn_drift",
    description="One row per snapshot and thing watched: how far it moved from what the churn model learned.",
    grain=("snapshot_date", "kind", "subject"),
    columns=(
        columns.SNAPSHOT_DATE,
        Column("kind", "varchar", "`feature`, `score`, `label` (share churned) or `outcome` (realised, predicted)."),
        Column("subject", "varchar", "Name of the feature or column."),
        Column("measure", "varchar", "`psi`: population stability index; `odds_ratio`: at least 1, either way."),
        Column("value", "double", "The measure; null where there is nothing to compare with.", nullable=True),
        Column("chance", "double", "What chance alone passes once in 1,000 times.", nullable=True),
        Column("reference_mean", "double", "Mean (share, prediction) compared with; null if none.", nullable=True),
        Column("current_mean", "double", "Mean (share) now; null if none.", nullable=True),
        Column(
            "importance",
            "double",
            "The feature's share of what moves the scores of the rows compared with, 0..1.",
            nullable=True,
        ),
        Column(
            "is_judged",
            "boolean",
            "Whether it can warn: all but features that hardly move the scores, or whose window was not full.",
        ),
        Column("warning_from", "double", "The measure from which it warns."),
        Column("failure_from", "double", "The measure from which it fails."),
        Column("is_warning", "boolean", "Judged, beyond the limit of warnings and beyond chance."),
        Column("is_failure", "boolean", "Judged, beyond the limit of failures and beyond chance."),
        Column("reference_count", "bigint", "Rows compared with."),
        Column("row_count", "bigint", "Rows now."),
        columns.MODEL_VERSION,
    ),
    rules=(
        "kind in ('feature', 'score', 'label', 'outcome')",
        "measure = case when kind in ('feature', 'score') then 'psi' else 'odds_ratio' end",
        "value is null or value >= case measure when 'psi' then 0 else 1 end",
        "(value is null) = (chance is null)",
        "importance is null or importance between 0 and 1",
        "is_warning or not is_failure",
        "value is not null or not is_warning",
        "is_judged or not is_warning",
        "warning_from <= failure_from",
    ),
    expectations=(
        Expectation("maximum", "is_warning", maximum=0, why="something moved from what the churn model learned"),
        Expectation(
            "maximum",
            "is_failure",
            maximum=0,
            severity="error",
            why="something moved so far that churn scores should not be trusted before they are looked at",
        ),
    ),
)


def build(rows: pd.DataFrame, churn_model: pd.DataFrame, project: Project, snapshot_date: date) -> pd.DataFrame:
    """Compare the snapshot's active customers, and the outcomes that fell due, with what came before.

    Args:
        rows: the model's features, churn_probability as published, known_date and is_churned (both null for the
            snapshot's own customers) per snapshot_date and customer_id, ordered by these.
        churn_model: the registry.
        project: gives the limits, and what a person chose to publish.
        snapshot_date: D.
    """
    import pandas as pd

    from crm_pipeline.churn.published_model import published_model
    from crm_pipeline.models.classifiers_btyd import with_btyd

    now = rows[rows["known_date"].isna()]
    if now.empty:
        return pd.DataFrame(columns=list(TABLE.column_names))
    published = published_model(
        churn_model, snapshot_date, choice_at(project.model_choices, snapshot_date), project.churn.horizon_days
    )
    known = rows[rows["known_date"].notna()]
    is_due = pd.to_datetime(known["known_date"]) == pd.Timestamp(snapshot_date)
    reference = _newest(known[pd.to_datetime(known["known_date"]) <= pd.Timestamp(published.fitted_at)])
    found = [
        *_inputs(published, with_btyd(reference), with_btyd(now), project.churn.drift),
        *_outcomes(_newest(known[~is_due]), known[is_due], project.churn.drift),
    ]
    table = pd.DataFrame(found).assign(snapshot_date=snapshot_date, model_version=published.model_version)
    floats = {name: "float64" for name in ("value", "chance", "reference_mean", "current_mean", "importance")}
    return table.astype(floats)[list(TABLE.column_names)]


def _newest(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the newest REFERENCE_SNAPSHOTS snapshots."""
    days = sorted(rows["snapshot_date"].unique())[-REFERENCE_SNAPSHOTS:]
    return rows[rows["snapshot_date"].isin(days)]


def _inputs(
    published: PublishedModel, reference: pd.DataFrame, now: pd.DataFrame, limits: DriftSettings
) -> Iterator[dict[str, Any]]:
    """Rows of the features that the published model reads, and of its scores."""
    import numpy as np

    from crm_pipeline.models.calibration import probability
    from crm_pipeline.models.classifiers_btyd import MIXED
    from crm_pipeline.models.classifiers_data import feature_matrix
    from crm_pipeline.models.drift import stability_index

    model = published.model
    customers = int(reference["customer_id"].nunique())
    # of rows that the model learned from: a feature that breaks may not move the scores of now at all
    usual = reference if len(reference) else now
    count = min(len(usual), IMPORTANCE_ROWS)
    some = usual.iloc[np.unique(np.linspace(0, len(usual) - 1, count).round().astype(np.int64))]
    size = model.contributions(some).values.abs().sum()
    importance = size / (size.sum() or 1.0)
    before, after = (feature_matrix(frame, model.features) for frame in (reference, now))
    history = reference.groupby("snapshot_date")["tenure_days"].max().min() if len(reference) else 0
    for position, name in enumerate(model.features):
        if name == MIXED:  # computed from expected_purchases, which stands for it
            continue
        shift = stability_index(before[:, position], after[:, position], customers)
        is_judged = importance[name] >= limits.least_importance and _window_days(name) <= history
        values = before[:, position], after[:, position]
        yield _row("feature", name, shift, values, limits, is_judged=bool(is_judged)) | {"importance": importance[name]}
    scores = probability(model.log_odds(reference)), probability(model.log_odds(now))
    yield _row("score", SCORE, stability_index(scores[0], scores[1], customers), scores, limits)


_COMPARED_DAYS = {"order_day_trend": 90, "spend_trend": 90, "order_day_change_30d": 60}
"""Features that compare two windows: how far back the longer or earlier one reaches."""


def _window_days(feature: str) -> int:
    """The days that a feature looks back over, as its name says or above; 0 where it has no window."""
    found = re.search(r"_(\d+)d$", feature)
    return _COMPARED_DAYS.get(feature) or (int(found.group(1)) if found else 0)


def _outcomes(before: pd.DataFrame, due: pd.DataFrame, limits: DriftSettings) -> Iterator[dict[str, Any]]:
    """Rows of the share that churned, against the one before and against what was predicted."""
    import math

    from crm_pipeline.models.drift import odds_ratio

    churned, earlier = (frame["is_churned"].to_numpy(dtype="float64") for frame in (due, before))
    predicted = due["churn_probability"].dropna().to_numpy(dtype="float64")
    count = float(churned.sum())
    share = float(earlier.mean()) if len(earlier) else math.nan
    yield _row("label", LABEL, odds_ratio(count, len(due), share, len(earlier)), (earlier, churned), limits)
    stated = float(predicted.mean()) if len(predicted) == len(due) > 0 else math.nan
    yield _row("outcome", SCORE, odds_ratio(count, len(due), stated), (predicted, churned), limits)


def _row(
    kind: str, subject: str, shift: Shift, values: tuple[Any, Any], limits: DriftSettings, *, is_judged: bool = True
) -> dict[str, Any]:
    """One row of the table without snapshot and model; `values`: those compared with, and those now."""
    import numpy as np

    is_psi = kind in ("feature", "score")
    warning, failure = (
        (limits.psi_warning, limits.psi_failure) if is_psi else (limits.odds_warning, limits.odds_failure)
    )
    is_sure = is_judged and shift.value > shift.chance
    before, now = (float(np.nanmean(part)) if np.isfinite(part).any() else np.nan for part in values)
    return {
        "kind": kind,
        "subject": subject,
        "measure": "psi" if is_psi else "odds_ratio",
        "value": shift.value,
        "chance": shift.chance,
        "reference_mean": before,
        "current_mean": now,
        "importance": np.nan,
        "is_judged": is_judged,
        "warning_from": warning,
        "failure_from": failure,
        "is_warning": bool(is_sure and shift.value >= warning),
        "is_failure": bool(is_sure and shift.value >= failure),
        "reference_count": len(values[0]),
        "row_count": len(values[1]),
    }
