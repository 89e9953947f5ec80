"""The parameters of customer value at each snapshot: families of purchase models and gamma-gamma spend, fitted to all.

The fit sees histories grouped by (frequency, recency, T), and the spend of a sample of customers, so that its memory
does not grow with their number. It knows nothing of outcomes: `clv_model` chooses among the families by those, once
they are known.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table
from crm_pipeline.project import Project

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.models.btyd import FittedBtyd
    from crm_pipeline.models.btyd_fitting import Wanted

MODELS = (
    "crm_pipeline.models.btyd",
    "crm_pipeline.models.btyd_fitting",
    "crm_pipeline.models.btyd_history",
    "crm_pipeline.models.btyd_pareto",
    "crm_pipeline.models.btyd_purchases",
    "crm_pipeline.models.btyd_spend",
)

TABLE = Table(
    name="clv_fit",
    description=(
        "One row per snapshot and family of purchase models: its fit, and that of spend; outcomes play no part in it."
    ),
    grain=("snapshot_date", "preference"),
    columns=(
        columns.SNAPSHOT_DATE,
        columns.HORIZON_DAYS.described("Days after the snapshot date that predictions cover."),
        Column("preference", "integer", "1 is the family to use until outcomes show that another one is better."),
        Column("customer_count", "integer", "Customers fitted to."),
        Column(
            "family",
            "varchar",
            "`pareto_nbd`, `bg_nbd` or `mbg_nbd`; else `gamma_poisson`, in which nobody leaves.",
        ),
        Column("r", "double", "Shape of the gamma distribution of purchase rates."),
        Column("alpha", "double", "Its inverse scale, in days."),
        Column(
            "a",
            "double",
            "First parameter of the beta distribution of the chance to leave after a purchase; null for `pareto_nbd`.",
            nullable=True,
        ),
        Column("b", "double", "Second parameter of it; without meaning for `gamma_poisson`.", nullable=True),
        Column(
            "s",
            "double",
            "Shape of the gamma distribution of the rate of leaving, of `pareto_nbd`; null for others.",
            nullable=True,
        ),
        Column("beta", "double", "Its inverse scale, in days.", nullable=True),
        Column("p", "double", "Shape of the gamma distribution of an order day's spend."),
        Column("q", "double", "Shape of the gamma distribution of its rate among customers."),
        Column("v", "double", "Scale of that distribution, in the project's currency; 0 where no spend is known."),
        Column("notes", "varchar", "What a reader of the results must know, in words; empty when nothing."),
        Column("artifact", "varchar", "The same as JSON, from which the model is rebuilt to the last bit."),
    ),
    rules=(
        "family in ('pareto_nbd', 'bg_nbd', 'mbg_nbd', 'gamma_poisson')",
        "customer_count >= 1 and preference >= 1",
        "(family = 'pareto_nbd') = (a is null) and (a is null) = (b is null)",
        "(family = 'pareto_nbd') = (s is not null) and (s is null) = (beta is null)",
        "r > 0 and alpha > 0 and coalesce(a, 0) >= 0 and coalesce(b, 0) >= 0",
        "coalesce(s, 1) > 0 and coalesce(beta, 1) > 0",
        "p > 0 and q > 1 and v >= 0",
        *(f"isfinite({name})" for name in ("r", "alpha", "p", "q", "v")),
        *(f"isfinite(coalesce({name}, 0))" for name in ("a", "b", "s", "beta")),
    ),
    expectations=(Expectation("minimum", "v", minimum=1e-9, why="no customer has any spend: values are all 0"),),
)


def build(rows: pd.DataFrame, project: Project, snapshot_date: date) -> pd.DataFrame:
    """Fit purchases, by every family that may be chosen, and spend.

    Args:
        rows: by `part`: 'history' (frequency, recency, T in days, customer_count) and 'spender' (frequency, mean spend
            per repeat order day, customer_count of the sample).
        project: gives the horizon and the families.
        snapshot_date: D.

    Returns:
        One row per fitted family; none without customers.
    """
    import pandas as pd

    histories = rows[rows["part"] == "history"]
    if histories.empty:
        return pd.DataFrame(columns=list(TABLE.column_names))
    settings = project.clv
    fits = fit(histories, rows[rows["part"] == "spender"], settings.horizon_days, settings.purchases)
    records = [_record(snapshot_date, number, fitted) for number, fitted in enumerate(fits, start=1)]
    return pd.DataFrame(records, columns=list(TABLE.column_names))


def _record(snapshot_date: date, preference: int, fitted: FittedBtyd) -> dict[str, Any]:
    purchases, spend = fitted.purchases, fitted.spend
    return {
        **dict.fromkeys(("a", "b", "s", "beta")),
        **asdict(purchases),
        **asdict(spend),
        "snapshot_date": snapshot_date,
        "horizon_days": fitted.horizon_days,
        "preference": preference,
        "customer_count": fitted.customer_count,
        "notes": "; ".join(fitted.notes),
        "artifact": fitted.to_json(),
    }


def fit(
    histories: pd.DataFrame, spenders: pd.DataFrame, horizon_days: int, purchases: Wanted = "auto"
) -> list[FittedBtyd]:
    """Purchases on grouped histories and gamma-gamma on sampled spenders, as `btyd.fit_btyd` on one row per customer.

    Both fall back, with a note, where the data do not suffice. One fit per family, the preferred one first.
    """
    import numpy as np

    from crm_pipeline.models.btyd import FittedBtyd
    from crm_pipeline.models.btyd_fitting import fit_purchases
    from crm_pipeline.models.btyd_spend import fit_spend

    grouped = [histories[name].to_numpy(np.float64) for name in ("frequency", "recency", "T", "customer_count")]
    counts = spenders["customer_count"].to_numpy(np.int64)
    spend, spend_notes = fit_spend(
        np.repeat(spenders["frequency"].to_numpy(np.float64), counts),
        np.repeat(spenders["monetary_value"].to_numpy(np.float64), counts),
    )
    customers = int(grouped[3].sum())
    return [
        FittedBtyd(model, spend, horizon_days, 0, customers, (*notes, *spend_notes))
        for model, notes in fit_purchases(grouped[0], grouped[1], grouped[2], grouped[3], horizon_days, purchases)
    ]
