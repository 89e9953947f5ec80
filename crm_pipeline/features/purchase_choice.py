"""Which family of purchase models a snapshot uses: the first that was fitted, unless outcomes say another is better.

Every family is judged by what its fit of each earlier snapshot expected of the horizon after it, on the outcomes known
now: the Poisson deviance of order days (McCullagh and Nelder, 1989), which is least in the mean for the true
expectations. Families are often alike, so another one is taken only where it is surely better: its mean gain per
customer, all snapshots together, is more than 1.96 standard errors above 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.models.btyd import FittedBtyd
    from crm_pipeline.models.calibration import FloatArray

Fits = dict[str, dict[date, "FittedBtyd"]]
"""The fit of each snapshot by family; families in the order of preference."""
SURE = 1.96
LEAST_CUSTOMERS = 100
LEAST_EXPECTED = 1e-6
"""Order days; the deviance takes a logarithm."""


@dataclass(frozen=True)
class Choice:
    """The chosen family, and in words why it was chosen."""

    family: str
    why: str


def fits_by_family(clv_fit: pd.DataFrame) -> Fits:
    """Rebuild the fits (columns snapshot_date, artifact); families in the order of their first rows."""
    import pandas as pd

    from crm_pipeline.models.btyd import FittedBtyd

    found: Fits = {}
    for day, text in zip(pd.to_datetime(clv_fit["snapshot_date"]).dt.date, clv_fit["artifact"], strict=True):
        fitted = FittedBtyd.from_json(text)
        found.setdefault(fitted.purchases.family, {})[day] = fitted
    return found


def choose(rows: pd.DataFrame, fits: Fits, snapshot_date: date, horizon_days: int) -> Choice:
    """The family to use at `snapshot_date`.

    Args:
        rows: outcomes of earlier snapshots: snapshot_date, customer_id, purchase_count and histories (frequency,
            recency, T, monetary_value).
        fits: at least one of `snapshot_date`.
        snapshot_date: D.
        horizon_days: of outcomes and predictions; fits of another horizon judge nothing.
    """
    import pandas as pd

    first, *others = [family for family, days in fits.items() if snapshot_date in days]
    chosen, why, most = first, "", 0.0
    days = pd.to_datetime(rows["snapshot_date"]).dt.date
    for other in others:
        gains = []
        for day in sorted(set(days) & fits[first].keys() & fits[other].keys()):
            part = rows[days == day]
            if fits[first][day].horizon_days == horizon_days == fits[other][day].horizon_days:
                losses = [_deviance(part, fits[name][day]) for name in (first, other)]
                gains.append(pd.Series(losses[0] - losses[1], index=part["customer_id"]))
        if not gains:
            continue
        gain, error, customers = _mean_gain(pd.concat(gains))
        if customers < LEAST_CUSTOMERS:
            continue
        is_better = gain > SURE * error and gain > most
        if is_better:
            chosen, most = other, gain
        if is_better or chosen == first:
            why = f"{other} against {first}: Poisson deviance per customer lower by {gain:.5f} (+-{SURE * error:.5f})"
    if not others:
        return Choice(first, f"{first} is the only family that was fitted")
    return Choice(chosen, why or f"too few outcomes are known to judge families by: {first} is taken")


def _deviance(rows: pd.DataFrame, fitted: FittedBtyd) -> FloatArray:
    """Poisson deviance of each row's order days, (n,)."""
    expected = np.maximum(fitted.predict(rows)["expected_purchases"].to_numpy(np.float64), LEAST_EXPECTED)
    seen = rows["purchase_count"].to_numpy(np.float64)
    logs = np.log(np.maximum(seen, 1.0) / expected)
    return np.asarray(2 * (np.where(seen > 0, seen * logs, 0.0) - (seen - expected)))


def _mean_gain(gains: pd.Series[float]) -> tuple[float, float, int]:
    """Mean over customers of their summed gains, its standard error, and how many customers there are."""
    by_customer = gains.groupby(level=0).sum().to_numpy(np.float64)
    count = len(by_customer)
    mean = math.fsum(by_customer) / count
    spread = math.fsum((by_customer - mean) ** 2) / max(count - 1, 1)
    return mean, math.sqrt(spread / count), count
