"""The parameters of customer value at each snapshot: BG/NBD purchases and gamma-gamma spend, fitted to all before it.

The fit sees histories grouped by (frequency, recency, T), and the spend of a sample of customers, so that its memory
does not grow with their number. It knows nothing of outcomes: `clv_model` judges it by those, once they are known.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table
from crm_pipeline.project import Project

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.models.btyd import FittedBtyd

MODELS = (
    "crm_pipeline.models.btyd",
    "crm_pipeline.models.btyd_fitting",
    "crm_pipeline.models.btyd_history",
    "crm_pipeline.models.btyd_purchases",
    "crm_pipeline.models.btyd_spend",
)

TABLE = Table(
    name="clv_fit",
    description="One row per snapshot: the fitted models of purchases and spend; outcomes play no part in it.",
    grain=("snapshot_date",),
    columns=(
        columns.SNAPSHOT_DATE,
        columns.HORIZON_DAYS.described("Days after the snapshot date that predictions cover."),
        Column("customer_count", "integer", "Customers fitted to."),
        Column("family", "varchar", "`bg_nbd`; else `mbg_nbd`, or `gamma_poisson`, in which nobody leaves."),
        Column("r", "double", "Shape of the gamma distribution of purchase rates."),
        Column("alpha", "double", "Its inverse scale, in days."),
        Column("a", "double", "First parameter of the beta distribution of the chance to leave after a purchase."),
        Column("b", "double", "Second parameter of it; without meaning for `gamma_poisson`."),
        Column("p", "double", "Shape of the gamma distribution of an order day's spend."),
        Column("q", "double", "Shape of the gamma distribution of its rate among customers."),
        Column("v", "double", "Scale of that distribution, in the project's currency; 0 where no spend is known."),
        Column("notes", "varchar", "What a reader of the results must know, in words; empty when nothing."),
        Column("artifact", "varchar", "The same as JSON, from which the model is rebuilt to the last bit."),
    ),
    rules=(
        "family in ('bg_nbd', 'mbg_nbd', 'gamma_poisson')",
        "customer_count >= 1",
        "r > 0 and alpha > 0 and a >= 0 and b >= 0",
        "p > 0 and q > 1 and v >= 0",
        *(f"isfinite({name})" for name in ("r", "alpha", "a", "b", "p", "q", "v")),
    ),
    expectations=(Expectation("minimum", "v", minimum=1e-9, why="no customer has any spend: values are all 0"),),
)


def build(rows: pd.DataFrame, project: Project, snapshot_date: date) -> pd.DataFrame:
    """Fit both models.

    Args:
        rows: by `part`: 'history' (frequency, recency, T in days, customer_count) and 'spender' (frequency, mean spend
            per repeat order day, customer_count of the sample).
        project: gives the horizon.
        snapshot_date: D.

    Returns:
        One row; none without customers.
    """
    import pandas as pd

    histories = rows[rows["part"] == "history"]
    if histories.empty:
        return pd.DataFrame(columns=list(TABLE.column_names))
    fitted = fit(histories, rows[rows["part"] == "spender"], project.clv.horizon_days)
    purchases, spend = fitted.purchases, fitted.spend
    values = (
        *(snapshot_date, fitted.horizon_days, fitted.customer_count),
        *(purchases.family, purchases.r, purchases.alpha, purchases.a, purchases.b),
        *(spend.p, spend.q, spend.v),
        *("; ".join(fitted.notes), fitted.to_json()),
    )
    return pd.DataFrame([values], columns=list(TABLE.column_names))


def fit(histories: pd.DataFrame, spenders: pd.DataFrame, horizon_days: int) -> FittedBtyd:
    """BG/NBD on grouped histories and gamma-gamma on sampled spenders, as `btyd.fit_btyd` on one row per customer.

    Both fall back, with a note, where the data do not suffice.
    """
    import numpy as np

    from crm_pipeline.models.btyd import FittedBtyd
    from crm_pipeline.models.btyd_fitting import fit_purchases
    from crm_pipeline.models.btyd_spend import fit_spend

    grouped = [histories[name].to_numpy(np.float64) for name in ("frequency", "recency", "T", "customer_count")]
    purchases, purchase_notes = fit_purchases(grouped[0], grouped[1], grouped[2], grouped[3], horizon_days)
    counts = spenders["customer_count"].to_numpy(np.int64)
    spend, spend_notes = fit_spend(
        np.repeat(spenders["frequency"].to_numpy(np.float64), counts),
        np.repeat(spenders["monetary_value"].to_numpy(np.float64), counts),
    )
    notes = (*purchase_notes, *spend_notes)
    return FittedBtyd(purchases, spend, horizon_days, 0, int(grouped[3].sum()), notes)
