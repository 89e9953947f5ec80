"""The grade of the churn scores on all outcomes known so far, in a letter and one sentence.

Letters come from the lower bound of the improvement over the recency rule (`models.grades`) on customers who could
still leave: how well they are ranked (area under the ROC curve), and how right probabilities are (Brier score).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table
from crm_pipeline.models.evidence import MINIMUM_CUSTOMERS, MINIMUM_OUTCOMES, lacking_evidence

if TYPE_CHECKING:
    import pandas as pd

METRIC_WORDS = {"roc_auc": "AUC", "brier": "Brier score"}
BASELINE_WORDS = {"recency_rule": "recency rule"}
_SHARED = {column.name: column for column in columns.EVALUATION}

TABLE = Table(
    name="churn_grade",
    description="One row per metric and date with newly known outcomes: the grade of all scores published until then.",
    grain=("known_date", "population", "metric"),
    partition_column="known_date",
    columns=(
        columns.KNOWN_DATE,
        *(_SHARED[name] for name in ("population", "metric", "model", "baseline", "value", "baseline_value")),
        *(_SHARED[name] for name in ("improvement", "improvement_lower", "improvement_upper")),
        *(_SHARED[name] for name in ("snapshot_count", "row_count")),
        Column("customer_count", "bigint", "Different active customers among the judged scores."),
        Column("churned_count", "bigint", "Judged scores of active customers who then churned."),
        Column("stayed_count", "bigint", "Judged scores of active customers who then ordered."),
        Column("letter", "varchar", "A to D; D: not surely better than the recency rule, or too little is known."),
        Column("summary", "varchar", "The grade in one sentence."),
    ),
    rules=(
        "letter in ('A', 'B', 'C', 'D')",
        "letter = 'D' or improvement_lower > 0",
        f"letter = 'D' or (customer_count >= {MINIMUM_CUSTOMERS} "
        f"and least(churned_count, stayed_count) >= {MINIMUM_OUTCOMES})",
        "metric in ('roc_auc', 'brier')",
        "length(summary) > 0",
    ),
    expectations=(
        Expectation(
            "minimum", "improvement_lower", minimum=0.0, why="the published scores should surely beat the rule"
        ),
    ),
)


def build(rows: pd.DataFrame) -> pd.DataFrame:
    """Grade the rows of the evaluation, one per metric."""
    import pandas as pd

    from crm_pipeline.models.grades import grade
    from crm_pipeline.models.metrics import PROBABILITY_METRICS

    graded = []
    for record in rows.to_dict("records"):
        row = {str(name): value for name, value in record.items()}
        outcomes = {"that churned": row["churned_count"], "that stayed": row["stayed_count"]}
        lacking = lacking_evidence(row["customer_count"], outcomes)
        found = grade(
            PROBABILITY_METRICS[row["metric"]],
            model=row["model"],
            baseline=row["baseline"],
            baseline_value=row["baseline_value"],
            improvement=row["improvement"],
            improvement_lower=row["improvement_lower"],
            lacking=lacking,
        )
        graded.append({**row, "letter": found.letter, "summary": summary(row, found.letter, lacking)})
    return pd.DataFrame(graded, columns=list(TABLE.column_names))


def summary(row: Mapping[str, Any], letter: str, lacking: str = "") -> str:
    """One graded row in plain words; an interval that cannot be known is left out, and said to be."""
    metric, rule = METRIC_WORDS[row["metric"]], BASELINE_WORDS[row["baseline"]]
    grade = f"Churn model, {metric}: grade {letter}."
    scores = f"{row['row_count']:,} scores of active customers in {_count(row['snapshot_count'], 'snapshot')}"
    if lacking:
        return f"{grade} Too few known outcomes to compare it with the {rule}: {scores}, with {lacking}."
    if any(math.isnan(row[name]) for name in ("value", "improvement_lower", "improvement_upper")):
        return f"{grade} Too few known outcomes to compare it with the {rule}: {scores}."
    gain = f"better by {row['improvement_lower']:.4f} to {row['improvement_upper']:.4f}"
    return f"{grade} On {scores} its {metric} is {row['value']:.3f}, the {rule}'s {row['baseline_value']:.3f} ({gain})."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
