"""How well customer value was predicted, on outcomes that are now known.

Models: `btyd` (as scored at each snapshot, published or not), the textbook `formula`, and the baseline `naive` (past
rate x mean spend). `interval_coverage` is the share of customers whose value fell into the published 80 % interval,
compared with the nominal 0.8 and not with a rule; it exceeds it where many customers buy nothing, who are inside.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Table
from crm_pipeline.project import Project

if TYPE_CHECKING:
    import pandas as pd

MODELS = (
    "crm_pipeline.models.evaluation",
    "crm_pipeline.models.comparison",
    "crm_pipeline.models.bootstrap",
    "crm_pipeline.models.metrics",
    "crm_pipeline.models.metrics.regression",
    "crm_pipeline.models.metrics.samples",
)
NOMINAL = 0.8

TABLE = Table(
    name="clv_evaluation",
    description=(
        "One row per judged snapshot (or all so far), model, population and metric; empty where nothing fell due. "
        "Beyond 500,000 outcomes a sample of customers is judged."
    ),
    grain=columns.EVALUATION_GRAIN,
    columns=columns.EVALUATION,
    rules=(
        "scope in ('snapshot', 'pooled')",
        "snapshot_date < known_date",
        "snapshot_count >= 1 and row_count >= 0",
        "lower is null or lower <= upper",
        "improvement_lower is null or improvement_lower <= improvement_upper",
        "model <> baseline or improvement is null or improvement = 0",
        "metric not in ('mae', 'rmse', 'interval_coverage') or value is null or value >= 0",
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

    from crm_pipeline.models.evaluation import evaluate_scores
    from crm_pipeline.models.metrics import AMOUNT_METRICS, Metric, customer_mean

    settings = project.clv
    discounted_margin = settings.margin * (1 + settings.discount_rate) ** (-settings.horizon_days / 365)
    # each customer's own margin and discount, which depend on when in the horizon purchases are expected
    value_per_spend = (rows["clv"] / rows["expected_spend"]).where(rows["expected_spend"] > 0, discounted_margin)
    actual = rows["spend_amount"].astype("float64")
    frame = rows[["snapshot_date", "customer_id", "is_active"]].assign(
        truth=actual,
        btyd=rows["btyd_spend"],
        naive=rows["naive_spend"],
        formula=rows["formula_clv"] / discounted_margin,
    )
    due = sorted(rows.loc[rows["is_newly_due"].astype(bool), "snapshot_date"].unique())
    amounts = evaluate_scores(
        frame,
        known_date=snapshot_date,
        models=("btyd", "formula", "naive"),
        baseline="naive",
        metrics=AMOUNT_METRICS,
        newly_due=due,
    )
    is_covered = (actual * value_per_spend).between(rows["clv_lower"], rows["clv_upper"])
    coverage = Metric("interval_coverage", customer_mean.function, perfect=NOMINAL, is_target=True)
    intervals = evaluate_scores(
        frame.assign(btyd=is_covered.astype("float64"), nominal=NOMINAL),
        known_date=snapshot_date,
        models=("btyd", "nominal"),
        baseline="nominal",
        metrics={coverage.name: coverage},
        newly_due=due,
    )
    found = pd.concat([amounts, intervals[intervals["model"] == "btyd"]], ignore_index=True)
    return found[list(TABLE.column_names)]
