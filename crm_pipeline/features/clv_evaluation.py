"""How well customer value was predicted, on outcomes that are now known.

Models: `published` (`expected_spend`, whatever made it), the `blend`, `btyd` (plain: as fitted, published or not), the
textbook `formula`, and the rule `naive` (past rate x mean spend). Each is compared with the rule, `published` also
with `btyd`; `baseline` says with which. Of the published 80 % interval: `interval_coverage` is the share
of customers whose value fell into it, compared with the nominal 0.8 (it is more where many buy nothing, who are
inside), `interval_coverage_buyers` that of those who bought; `interval_score` is its width plus ten times the distance
of values outside, beside that of the rule "between nothing and twice the naive forecast".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Table
from crm_pipeline.project import Project

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.models.metrics import Metric

MODELS = (
    "crm_pipeline.models.evaluation",
    "crm_pipeline.models.comparison",
    "crm_pipeline.models.bootstrap",
    "crm_pipeline.models.metrics",
    "crm_pipeline.models.metrics.regression",
    "crm_pipeline.models.metrics.samples",
    "crm_pipeline.models.value_intervals",
)
NOMINAL = 0.8

TABLE = Table(
    name="clv_evaluation",
    description=(
        "One row per judged snapshot (or all so far), model, baseline, population and metric; empty where nothing fell "
        "due. Beyond 500,000 outcomes a sample of customers is judged."
    ),
    grain=(*columns.EVALUATION_GRAIN, "baseline"),
    columns=columns.EVALUATION,
    rules=(
        *columns.EVALUATION_RULES,
        "snapshot_count >= 1",
        "lower is null or lower <= upper",
        "metric not in ('mae', 'rmse', 'interval_score') or value is null or value >= 0",
        "metric not in ('interval_coverage', 'interval_coverage_buyers') or value is null or value between 0 and 1",
        "metric not in ('normalized_gini', 'spearman') or value is null or value <= 1.000001",
    ),
    partition_column="known_date",
)


def build(rows: pd.DataFrame, project: Project, snapshot_date: date) -> pd.DataFrame:
    """Judge every newly due snapshot, and all so far together.

    Args:
        rows: per judged snapshot_date and customer_id: is_newly_due, is_active, spend_amount (the outcome), what was
            predicted, and the interval of the value.
        project: gives margin and discount rate, to undo them.
        snapshot_date: D, when the outcomes were known.
    """
    import pandas as pd

    from crm_pipeline.models.metrics import (
        AMOUNT_METRICS,
        Metric,
        by_name,
        customer_mean,
        mae,
        normalized_gini,
        rmse,
        total_bias,
    )

    settings = project.clv
    discounted_margin = settings.margin * (1 + settings.discount_rate) ** (-settings.horizon_days / 365)
    # each customer's own margin and discount, which depend on when in the horizon purchases are expected
    value_per_spend = (rows["clv"] / rows["expected_spend"]).where(rows["expected_spend"] > 0, discounted_margin)
    frame = rows[["snapshot_date", "customer_id", "is_active"]].assign(
        truth=rows["spend_amount"].astype("float64"),
        published=rows["expected_spend"],
        blend=rows["blend_spend"],
        btyd=rows["btyd_spend"],
        naive=rows["naive_spend"],
        formula=rows["formula_clv"] / discounted_margin,
    )
    due = sorted(rows.loc[rows["is_newly_due"].astype(bool), "snapshot_date"].unique())
    covered, scored = _interval_frames(rows, frame, value_per_spend)
    coverage, buyers_coverage = (
        Metric(name, customer_mean.function, perfect=NOMINAL, is_target=True)
        for name in ("interval_coverage", "interval_coverage_buyers")
    )
    score = Metric("interval_score", customer_mean.function, greater_is_better=False, perfect=0.0)
    parts = [
        _judged(frame, snapshot_date, due, ("published", "blend", "btyd", "formula", "naive"), "naive", AMOUNT_METRICS),
        _judged(frame, snapshot_date, due, ("published",), "btyd", by_name(mae, rmse, total_bias, normalized_gini)),
        _judged(covered, snapshot_date, due, ("published",), "nominal", {coverage.name: coverage}),
        _judged(
            covered[frame["truth"] > 0],
            snapshot_date,
            due,
            ("published",),
            "nominal",
            {buyers_coverage.name: buyers_coverage},
        ),
        _judged(scored, snapshot_date, due, ("published", "naive"), "naive", {score.name: score}),
    ]
    return pd.concat(parts, ignore_index=True)[list(TABLE.column_names)]


def _judged(
    frame: pd.DataFrame,
    known_date: date,
    due: Sequence[date],
    models: Sequence[str],
    baseline: str,
    metrics: Mapping[str, Metric],
) -> pd.DataFrame:
    """Rows of these models; snapshots of which the frame has no row (nobody bought) are left out."""
    from crm_pipeline.models.evaluation import evaluate_scores

    there = [day for day in due if (frame["snapshot_date"] == day).any()]
    compared = tuple(dict.fromkeys([*models, baseline]))
    found = evaluate_scores(
        frame, known_date=known_date, models=compared, baseline=baseline, metrics=metrics, newly_due=there
    )
    return found[found["model"].isin(models)]


def _interval_frames(
    rows: pd.DataFrame, frame: pd.DataFrame, value_per_spend: pd.Series[float]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Per row whether the value fell into its interval, and the interval's score in the unit of spend."""
    from crm_pipeline.models.value_intervals import interval_score

    outcome, truth = frame["truth"], frame["truth"].to_numpy()
    lower, upper = ((rows[name] / value_per_spend).to_numpy() for name in ("clv_lower", "clv_upper"))
    # compared in the unit of value, where no end of an interval was rounded by a division
    is_covered = (outcome * value_per_spend).between(rows["clv_lower"], rows["clv_upper"]).astype("float64")
    scored = frame.assign(
        published=interval_score(truth, lower, upper, NOMINAL),
        naive=interval_score(truth, 0.0 * truth, 2 * frame["naive"].to_numpy(), NOMINAL),
    )
    return frame.assign(published=is_covered, nominal=NOMINAL), scored
