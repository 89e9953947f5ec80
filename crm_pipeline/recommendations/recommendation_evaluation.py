"""How good the recommendations were, once the outcome is known: the published lists beside those of simple rules.

`published` is the list of usual and new products that customers were shown, `mix` the same where the learned mix made
it; `usual` and `new` are the lists of one slot alone. The others are the rules (Li et al., 2023, "A next basket
recommendation reality check"); GN-TopFreq, the most popular products that the customer never bought, is the rule that a
list of new products has to beat, GP-TopFreq all others. `repeat_` metrics count only products that the customer had
bought before, `explore_` metrics only new ones. Metrics are means over customers who bought something.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Expectation, Table
from crm_pipeline.project import Project
from crm_pipeline.recommendations.recommendation_outcomes import (
    BASELINE,
    FIGURES,
    NEW,
    NEW_BASELINE,
    PUBLISHED,
    USUAL,
    judged_places,
)

if TYPE_CHECKING:
    import pandas as pd

MIX = "mix"
MODELS = {BASELINE: (PUBLISHED, MIX, USUAL, BASELINE, "P-TopFreq", "G-TopFreq"), NEW_BASELINE: (NEW, NEW_BASELINE)}
"""The lists to judge, by the rule that each of them has to beat."""
JUDGED = tuple(model for models in MODELS.values() for model in models)
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
        f"model in {JUDGED}",
        "population in ('all', 'active')",
        "metric like '%\\_at\\_%' escape '\\'",
        f"baseline = case when model in {MODELS[NEW_BASELINE]} then '{NEW_BASELINE}' else '{BASELINE}' end",
        "value is null or value between 0 and 1",
        "model <> baseline or improvement is null or improvement = 0",
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
    frame = _wide(rows)
    is_due = pd.to_datetime(frame["known_date"]) == pd.Timestamp(snapshot_date)
    judged = [
        evaluate_customer_values(
            frame,
            known_date=snapshot_date,
            values={
                f"{figure}_at_{k}": {model: f"{model} {figure}" for model in models}
                for figure in FIGURES
                if baseline == BASELINE or figure.startswith("explore")
            },
            baseline=baseline,
            newly_due=set(pd.to_datetime(frame.loc[is_due, "snapshot_date"])),
        )
        for baseline, models in MODELS.items()
    ]
    return pd.concat([part for part in judged if len(part)] or judged[:1], ignore_index=True)


def _wide(rows: pd.DataFrame) -> pd.DataFrame:
    """A row per judged snapshot and customer, with a column `<model> <figure>` for each."""
    import pandas as pd

    pairs = [(figure, model) for figure in FIGURES for model in JUDGED if model != MIX]
    wide = rows.pivot(index=KEY, columns="model", values=list(FIGURES))
    wide = wide.reindex(columns=pd.MultiIndex.from_tuples(pairs)).astype("float64")
    wide.columns = pd.Index([f"{model} {figure}" for figure, model in pairs])
    customers = rows.drop_duplicates(KEY).set_index(KEY)[["known_date", "published_model", "is_active"]]
    frame = customers.join(wide)
    is_mix = frame["published_model"] == MIX
    mixed = {f"{MIX} {figure}": frame[f"{PUBLISHED} {figure}"].where(is_mix) for figure in FIGURES}
    return frame.assign(**mixed).reset_index()
