"""How good the churn scores were, once the outcome is known: the published, every candidate's, and the recency rule's.

Beyond 500,000 known outcomes, figures are of a sample of whole customers with about that many (see `row_count`).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Expectation, Table

if TYPE_CHECKING:
    import pandas as pd

PUBLISHED, BASELINE = "published", "recency_rule"
MODELS = (PUBLISHED, BASELINE, "btyd", "btyd_mixed", "tree", "svm", "forest", "logistic", "boosting", "blend")
METRICS = ("roc_auc", "pr_auc", "brier", "lift_at_10", "expected_calibration_error", "log_loss")

TABLE = Table(
    name="churn_evaluation",
    description=(
        "One row per judged snapshot (and all of them pooled), model, population and metric; `published` is what was "
        "published at the time, whichever candidate or fallback it was."
    ),
    grain=columns.EVALUATION_GRAIN,
    partition_column="known_date",
    columns=columns.EVALUATION,
    rules=(
        "snapshot_date < known_date",
        "scope in ('snapshot', 'pooled')",
        "scope = 'pooled' or snapshot_count <= 1",
        f"model in {MODELS}",
        "population in ('all', 'active')",
        f"metric in {METRICS}",
        f"baseline = '{BASELINE}'",
        "metric in ('lift_at_10', 'log_loss') or value is null or value between 0 and 1",
        f"model <> '{BASELINE}' or improvement is null or improvement = 0",
        "improvement_lower is null or improvement_lower <= improvement_upper",
        "row_count >= 0",
    ),
    expectations=(Expectation("null_share", "value", maximum=0.5, why="ranking metrics need outcomes of both kinds"),),
)


def build(rows: pd.DataFrame, snapshot_date: date) -> pd.DataFrame:
    """Judge all scores whose outcome is known at `snapshot_date`; rows of their own for snapshots that fell due now.

    Args:
        rows: known_date, snapshot_date, customer_id, is_active, is_churned, and one column per model.
        snapshot_date: the known_date to build.
    """
    import pandas as pd

    from crm_pipeline.models.evaluation import evaluate_scores
    from crm_pipeline.models.metrics import PROBABILITY_METRICS

    is_due = pd.to_datetime(rows["known_date"]) == pd.Timestamp(snapshot_date)
    return evaluate_scores(
        rows,
        known_date=snapshot_date,
        models=MODELS,
        baseline=BASELINE,
        metrics={name: PROBABILITY_METRICS[name] for name in METRICS},
        truth="is_churned",
        newly_due=set(pd.to_datetime(rows.loc[is_due, "snapshot_date"])),
    )
