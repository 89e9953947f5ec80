"""How good the recommendations were, once the outcome is known: the published lists beside those of simple rules.

`published` is what customers were shown, `mix` the same where the learned mix made it, the others are the rules
(Li et al., 2023, "A next basket recommendation reality check"). `repeat_` metrics count only products that the customer
had bought before, `explore_` metrics only new ones. Metrics are means over customers who bought something.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Expectation, Table
from crm_pipeline.project import Project
from crm_pipeline.recommendations.recommendation_outcomes import FIGURES, judged_places

if TYPE_CHECKING:
    import pandas as pd

PUBLISHED, MIX, BASELINE = "published", "mix", "GP-TopFreq"
MODELS = (PUBLISHED, MIX, BASELINE, "P-TopFreq", "G-TopFreq")
KEY = ["snapshot_date", "customer_id"]

TABLE = Table(
    name="recommendation_evaluation",
    description="One row per judged snapshot (and all of them pooled), model, population and metric.",
    grain=columns.EVALUATION_GRAIN,
    partition_column="known_date",
    columns=columns.EVALUATION,
    rules=(
        "snapshot_date < known_date",
        "scope in ('snapshot', 'pooled')",
        "scope = 'pooled' or snapshot_count <= 1",
        f"model in {MODELS}",
        "population in ('all', 'active')",
        "metric like '%\\_at\\_%' escape '\\'",
        f"baseline = '{BASELINE}'",
        "value is null or value between 0 and 1",
        f"model <> '{BASELINE}' or improvement is null or improvement = 0",
        "improvement_lower is null or improvement_lower <= improvement_upper",
        "row_count >= 0",
    ),
    expectations=(Expectation("null_share", "value", maximum=0.5, why="someone should have bought something"),),
)


def build(rows: pd.DataFrame, project: Project, snapshot_date: date) -> pd.DataFrame:
    """Judge all lists whose outcome is known at `snapshot_date`; rows of their own for snapshots that fell due now.

    Args:
        rows: a row per judged snapshot, customer and list: known_date, published_model, is_active and FIGURES.
        project: gives the length of the lists.
        snapshot_date: the known_date to build.
    """
    import pandas as pd

    from crm_pipeline.models.evaluation import evaluate_customer_values

    k = judged_places(project)
    models = [model for model in MODELS if model != MIX]
    wide = rows.pivot(index=KEY, columns="model", values=list(FIGURES))
    pairs = [(figure, model) for figure in FIGURES for model in models]
    wide = wide.reindex(columns=pd.MultiIndex.from_tuples(pairs)).astype("float64")
    wide.columns = pd.Index([f"{model} {figure}" for figure, model in pairs])
    customers = rows.drop_duplicates(KEY).set_index(KEY)[["known_date", "published_model", "is_active"]]
    frame = customers.join(wide)
    for figure in FIGURES:
        frame[f"{MIX} {figure}"] = frame[f"{PUBLISHED} {figure}"].where(frame["published_model"] == MIX)
    frame = frame.reset_index()
    is_due = pd.to_datetime(frame["known_date"]) == pd.Timestamp(snapshot_date)
    return evaluate_customer_values(
        frame,
        known_date=snapshot_date,
        values={f"{figure}_at_{k}": {model: f"{model} {figure}" for model in MODELS} for figure in FIGURES},
        baseline=BASELINE,
        newly_due=set(pd.to_datetime(frame.loc[is_due, "snapshot_date"])),
    )
