"""The grade of the recommendations on all outcomes known so far, in a letter and one sentence.

Letters come from the lower bound of the improvement over the rule on customers who could still leave: over GP-TopFreq
(own products by frequency, filled up with popular ones) for the published mix and for usual products alone, over
GN-TopFreq (popular products that the customer never bought) for new products, judged by discoveries. `models.grades`
sets the bound against the room up to a perfect list. Nobody can foresee a basket, so the letters stay low: they say
whether a list is worth more than the rule, not how good shopping lists can be.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table

if TYPE_CHECKING:
    import pandas as pd

METRIC_WORDS = {"recall": "Recall", "ndcg": "NDCG", "explore_recall": "Recall", "explore_ndcg": "NDCG"}
LIST_WORDS = {"published": "Recommendations", "usual": "Usual products", "new": "New products"}
_SHARED = {column.name: column for column in columns.EVALUATION}

TABLE = Table(
    name="recommendation_grade",
    description="One row per list, metric and date with newly known outcomes: the grade of all lists until then.",
    grain=("known_date", "model", "population", "metric"),
    partition_column="known_date",
    columns=(
        columns.KNOWN_DATE,
        *(_SHARED[name] for name in ("model", "population", "metric", "baseline", "value", "baseline_value")),
        *(_SHARED[name] for name in ("improvement", "improvement_lower", "improvement_upper")),
        *(_SHARED[name] for name in ("snapshot_count", "row_count")),
        Column("letter", "varchar", "A to D; D: not surely better than the rule."),
        Column("summary", "varchar", "The grade in one sentence."),
    ),
    rules=(
        "letter in ('A', 'B', 'C', 'D')",
        "(letter = 'D') = (improvement_lower is null or improvement_lower <= 0)",
        "length(summary) > 0",
    ),
    expectations=(
        Expectation("minimum", "improvement_lower", minimum=0.0, why="the published lists should surely beat the rule"),
    ),
)


def build(rows: pd.DataFrame) -> pd.DataFrame:
    """Grade the rows of the evaluation, one per metric."""
    import pandas as pd

    from crm_pipeline.models.grades import grade
    from crm_pipeline.models.metrics import customer_mean

    graded = []
    for record in rows.to_dict("records"):
        row = {str(name): value for name, value in record.items()}
        found = grade(
            replace(customer_mean, name=row["metric"]),
            model=row["model"],
            baseline=row["baseline"],
            baseline_value=row["baseline_value"],
            improvement=row["improvement"],
            improvement_lower=row["improvement_lower"],
        )
        graded.append({**row, "letter": found.letter, "summary": summary(row, found.letter)})
    return pd.DataFrame(graded, columns=list(TABLE.column_names))


def summary(row: Mapping[str, Any], letter: str) -> str:
    """One graded row in plain words; an interval that cannot be known is left out, and said to be."""
    figure, _, places = str(row["metric"]).partition("_at_")
    metric, rule = f"{METRIC_WORDS[figure]}@{places}", row["baseline"]
    grade = f"{LIST_WORDS[row['model']]}, {metric}: grade {letter}."
    lists = f"{row['row_count']:,} lists of active customers in {_count(row['snapshot_count'], 'snapshot')}"
    if any(math.isnan(row[name]) for name in ("value", "improvement_lower", "improvement_upper")):
        return f"{grade} Too few known outcomes to compare it with the rule {rule}: {lists}."
    gain = f"better by {row['improvement_lower']:.4f} to {row['improvement_upper']:.4f}"
    return f"{grade} On {lists} it is {row['value']:.3f}, the rule {rule}'s {row['baseline_value']:.3f} ({gain})."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
