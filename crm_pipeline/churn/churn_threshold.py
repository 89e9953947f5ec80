"""From which churn probability on it pays to ask a customer to stay: what each cut-off would reach, cost and save.

Asking costs `churn.contact_cost` each; of those about to leave, `churn.save_rate` stay, and with them their value. So
the expected profit of a cut-off is the sum, over active customers at or above it, of

    save_rate x churn_probability x clv - contact_cost

The recommended cut-off is the one of the highest profit; of equals, the one that asks fewer people. Without a
`contact_cost` in crm.yaml it is taken to be 3 % of the customers' mean order: state your own.
Beyond 100,000 active customers, figures are of a sample of them, scaled up.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table
from crm_pipeline.model_choices import choice_at
from crm_pipeline.project import Project

if TYPE_CHECKING:
    import pandas as pd

FOLLOWS_CHOICES = True
STEPS = 100
COST_SHARE_OF_ORDER = 0.03

TABLE = Table(
    name="churn_threshold",
    description="One row per snapshot and cut-off: whom contacting all active customers from it on would reach.",
    grain=("snapshot_date", "cutoff"),
    columns=(
        columns.SNAPSHOT_DATE,
        Column("cutoff", "double", "Customers with at least this churn probability are contacted."),
        Column("contacted_count", "double", "Active customers at or above the cut-off."),
        Column("true_churner_count", "double", "Of these, how many are expected to leave unless asked."),
        Column("false_churner_count", "double", "Of these, how many would have stayed anyway."),
        Column("precision", "double", "True churners among those contacted; null if nobody is.", nullable=True),
        Column("recall", "double", "True churners contacted, of all expected to leave.", nullable=True),
        Column("value_reached", "double", "Value at risk of those contacted, in the project's currency."),
        Column("expected_profit", "double", "save_rate x value_reached - contact_cost x contacted_count."),
        Column("contact_cost", "double", "Cost of one contact, in the project's currency."),
        Column("save_rate", "double", "Share of those about to leave who stay when asked."),
        Column("is_recommended", "boolean", "Whether this cut-off has the highest expected profit."),
        columns.MODEL_VERSION,
    ),
    rules=(
        "cutoff between 0 and 1",
        "contacted_count >= 0 and true_churner_count >= 0 and false_churner_count >= 0",
        "abs(contacted_count - true_churner_count - false_churner_count) <= 0.000001 * (1 + contacted_count)",
        "precision is null or precision between 0 and 1.000001",
        "recall is null or recall between 0 and 1.000001",
        "value_reached >= 0 and contact_cost >= 0 and save_rate > 0 and save_rate <= 1",
        "(cutoff = 1) or contacted_count = 0 or precision is not null",
    ),
    expectations=(
        Expectation("maximum", "is_recommended", minimum=1, severity="critical", why="one cut-off must be recommended"),
        Expectation("maximum", "expected_profit", minimum=0.01, why="contacting anybody costs more than it saves"),
    ),
)


def build(rows: pd.DataFrame, churn_model: pd.DataFrame, project: Project, snapshot_date: date) -> pd.DataFrame:
    """What each cut-off from 0 to 1 in steps of 0.01 would do.

    Args:
        rows: the model's features, clv and active_count (of the whole snapshot) of (a sample of) active customers.
        churn_model: the registry.
        project: gives cost and save rate.
        snapshot_date: D.
    """
    import numpy as np
    import pandas as pd

    from crm_pipeline.churn.published_model import published_model
    from crm_pipeline.models.classifiers_btyd import with_btyd

    if rows.empty:
        return pd.DataFrame(columns=list(TABLE.column_names))
    published = published_model(
        churn_model, snapshot_date, choice_at(project.model_choices, snapshot_date), project.churn.horizon_days
    )
    model = published.model
    probability = model.probabilities(with_btyd(rows))["churn_probability"].to_numpy()
    value = np.nan_to_num(rows["clv"].to_numpy(dtype=np.float64, na_value=np.nan))
    scale = float(rows["active_count"].iloc[0]) / len(rows)
    cost = project.churn.contact_cost
    if cost is None:
        cost = COST_SHARE_OF_ORDER * float(rows["mean_basket_amount"].clip(lower=0).mean())
    # people are counted from the cut-off that they reach, from the highest down
    reached = np.floor(probability * STEPS + 1e-9).astype(np.int64).clip(0, STEPS)
    sums = [
        scale * np.bincount(reached, weights=weight, minlength=STEPS + 1)[::-1].cumsum()[::-1]
        for weight in (np.ones(len(rows)), probability, probability * value)
    ]
    contacted, churners, at_risk = sums
    profit = project.churn.save_rate * at_risk - cost * contacted
    best = STEPS - int(np.argmax(profit[::-1]))
    with np.errstate(invalid="ignore", divide="ignore"):
        columns_of = {
            "snapshot_date": snapshot_date,
            "cutoff": np.arange(STEPS + 1) / STEPS,
            "contacted_count": contacted,
            "true_churner_count": churners,
            "false_churner_count": contacted - churners,
            "precision": churners / contacted,
            "recall": churners / churners[0],
            "value_reached": at_risk,
            "expected_profit": profit,
            "contact_cost": cost,
            "save_rate": project.churn.save_rate,
            "is_recommended": np.arange(STEPS + 1) == best,
            "model_version": published.model_version,
        }
    return pd.DataFrame(columns_of)[list(TABLE.column_names)]
