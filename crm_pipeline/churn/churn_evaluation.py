"""How good the churn scores were, once the outcome is known: the published, every candidate's, and the recency rule's.

Beyond 500,000 known outcomes, figures are of a sample of whole customers with about that many (see `row_count`).
"""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Expectation, Table

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.models.metrics import Metric

PUBLISHED, BASELINE = "published", "recency_rule"
MODELS = (PUBLISHED, BASELINE, "btyd", "btyd_mixed", "tree", "svm", "forest", "logistic", "boosting", "blend")
METRICS = ("roc_auc", "pr_auc", "brier", "lift_at_10", "expected_calibration_error", "log_loss")
"""Of every model."""
MAIN_MODELS = (PUBLISHED, BASELINE, "btyd")
MAIN_METRICS = ("lift_at_5", "lift_at_20", "calibration_slope")
DECISION_METRICS = ("accuracy", "precision", "recall", "f1")
"""Of the main models, when customers at or above the recommended cut-off of their snapshot are taken to leave."""
DEFAULT_CUTOFF = 0.5
CANDIDATE_REPLICATES = 100
"""Draws behind the intervals of models beside the main ones, which no grade rests on; the main ones have 200."""
UNBOUNDED = ("lift_at_5", "lift_at_10", "lift_at_20", "calibration_slope", "log_loss")

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
        *columns.EVALUATION_RULES,
        f"model in {MODELS}",
        f"metric in {(*METRICS, *MAIN_METRICS, *DECISION_METRICS)}",
        f"baseline = '{BASELINE}'",
        f"metric in {UNBOUNDED} or value is null or value between 0 and 1",
    ),
    expectations=(Expectation("null_share", "value", maximum=0.5, why="ranking metrics need outcomes of both kinds"),),
)


def build(rows: pd.DataFrame, snapshot_date: date) -> pd.DataFrame:
    """Judge all scores whose outcome is known at `snapshot_date`; rows of their own for snapshots that fell due now.

    Args:
        rows: known_date, snapshot_date, customer_id, is_active, is_churned, cutoff, and one column per model.
        snapshot_date: the known_date to build.
    """
    import pandas as pd

    from crm_pipeline.models.evaluation import evaluate_scores
    from crm_pipeline.models.metrics import PROBABILITY_METRICS

    is_due = pd.to_datetime(rows["known_date"]) == pd.Timestamp(snapshot_date)
    judge = partial(
        evaluate_scores,
        known_date=snapshot_date,
        baseline=BASELINE,
        truth="is_churned",
        newly_due=set(pd.to_datetime(rows.loc[is_due, "snapshot_date"])),
    )
    metrics = {name: PROBABILITY_METRICS[name] for name in (*METRICS, *MAIN_METRICS)}
    candidates = judge(
        rows,
        models=(BASELINE, *(model for model in MODELS if model not in MAIN_MODELS)),
        metrics={name: metrics[name] for name in METRICS},
        replicates=CANDIDATE_REPLICATES,
    )
    return pd.concat(
        [
            judge(rows, models=MAIN_MODELS, metrics=metrics),
            candidates[candidates["model"] != BASELINE],
            judge(_decisions(rows), models=MAIN_MODELS, metrics=_decision_metrics()),
        ],
        ignore_index=True,
    )


def _decisions(rows: pd.DataFrame) -> pd.DataFrame:
    """The main models' columns as 1 (taken to leave) and 0, by the cut-off of the row; missing scores stay missing."""
    cutoff = rows["cutoff"].fillna(DEFAULT_CUTOFF)
    return rows.assign(**{name: (rows[name] >= cutoff).astype(float).where(rows[name].notna()) for name in MAIN_MODELS})


def _decision_metrics() -> dict[str, Metric]:
    from crm_pipeline.models.metrics import accuracy_at, f1_at, precision_at, recall_at

    return dict(zip(DECISION_METRICS, (at(0.5) for at in (accuracy_at, precision_at, recall_at, f1_at)), strict=True))
