"""How likely the next purchase is within a horizon: from how often and how lately, learned on outcomes that are known.

The model is a logistic regression on how due a customer is (time since the last purchase against the usual gap), the
baseline the Poisson process of the past rate: P = 1 - exp(-horizon x purchase days / days observed). The model is used
only where it is surely better in log loss on customers left out of its fit. Before enough outcomes are known for that,
the fitted buy-till-you-die model says how likely a customer is still there, which the past rate takes for granted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm_pipeline.models.bootstrap import paired_bootstrap
from crm_pipeline.models.btyd_fitting import Purchases
from crm_pipeline.models.grades import passes_gate
from crm_pipeline.models.item_similarity import FloatArray
from crm_pipeline.models.metrics import by_name, log_loss
from crm_pipeline.models.ranking_score import LogisticScore, fit_score

MODEL, RATE, ALIVE = "due", "rate", "btyd"
LEAST_OUTCOMES = 50
"""Known outcomes of either kind (bought, not bought) in each half of the customers, below which nothing is learned."""
PRIOR_DAYS = 7.0
"""A week's caution about the rate of those who were seen for the first time just now."""
_SURE = 1e-4

HISTORY_COLUMNS = ("purchase_day_count", "days_since_first", "days_since_last")


@dataclass(frozen=True)
class FittedNextPurchase:
    """`score` is None where nothing is learned; `is_early`: because too few outcomes are known; why: one sentence."""

    horizon_days: int
    score: LogisticScore | None
    why: str
    is_early: bool = False

    @property
    def method(self) -> str:
        """'due' or 'rate'; where the latter is `is_early`, `alive_probability` knows more."""
        return RATE if self.score is None else MODEL

    def probability(self, rows: pd.DataFrame) -> FloatArray:
        """(n,) probability of a purchase within the horizon, from HISTORY_COLUMNS."""
        if self.score is None:
            return rate_probability(rows, self.horizon_days)
        return _probability(self.score, rows, self.horizon_days)


def rate_probability(rows: pd.DataFrame, horizon_days: int) -> FloatArray:
    """(n,) the baseline: purchases go on at their past rate, whenever the last one was."""
    count, first, _ = _history(rows)
    return np.asarray(np.clip(-np.expm1(-horizon_days * count / (first + PRIOR_DAYS)), _SURE, 1 - _SURE))


def alive_probability(
    rows: pd.DataFrame, is_order: npt.NDArray[np.bool_], purchases: Purchases, days: int
) -> FloatArray:
    """The chance of a purchase by who is still a customer, as BTYD sees it, (n,).

    Args:
        rows: HISTORY_COLUMNS and customer_id, (n) rows; each customer has one row of orders.
        is_order: which rows are of orders, (n,); the others are of categories.
        purchases: fitted to histories of orders.
        days: the horizon.

    Returns:
        Of orders the probability of at least one; of a category the rate's, if the customer is alive, and no more
        than of an order.

    Raises ValueError for a customer without a row of orders.
    """
    orders = rows.loc[is_order, ["customer_id", *HISTORY_COLUMNS]].set_index("customer_id")
    groups, place = np.unique(np.column_stack(_history(orders)), axis=0, return_inverse=True)
    count, first, last = groups.T
    frequency = count - 1
    alive = purchases.probability_alive(frequency, first - last, first)
    reached = purchases.purchases_reach(np.ones_like(alive), alive, frequency, first, float(days))
    of_customer = pd.Index(orders.index).get_indexer(pd.Index(rows["customer_id"]))
    if (of_customer < 0).any():
        raise ValueError("each customer needs a row of orders")
    group = place.reshape(-1)[of_customer]
    of_category = np.minimum(alive[group] * rate_probability(rows, days), reached[group])
    return np.asarray(np.clip(np.where(is_order, reached[group], of_category), _SURE, 1 - _SURE))


def days_to_even_chance(probability: FloatArray, horizon_days: int) -> FloatArray:
    """(n,) days until the chance of a purchase is one half, at the constant hazard that the probability implies."""
    sure = np.clip(probability, _SURE, 1 - _SURE)
    return np.asarray(horizon_days * np.log(0.5) / np.log1p(-sure))


def fit_next_purchase(
    rows: pd.DataFrame,
    is_bought: npt.NDArray[np.bool_],
    half: npt.NDArray[np.int64],
    customer_ids: npt.NDArray[np.object_],
    horizon_days: int,
) -> FittedNextPurchase:
    """Learn from past histories and what followed.

    Args:
        rows: HISTORY_COLUMNS as of a past date, whole days and counts, (n) rows.
        is_bought: whether a purchase followed within the horizon, (n,).
        half: 0 or 1, the same for all rows of a customer, (n,).
        customer_ids: (n,).
        horizon_days: the horizon.

    Returns:
        The logistic score fitted on everyone, when fits on the other half beat the rate; else the rate.
    """
    least = min((int((is_bought[half == part] == kind).sum()) for part in (0, 1) for kind in (False, True)), default=0)
    if least < LEAST_OUTCOMES:
        return FittedNextPurchase(horizon_days, None, f"only {least} outcomes of a kind are known", is_early=True)
    held_out = np.empty(len(rows))
    for part in (0, 1):
        mine = half == part
        score = fit_score(_features(rows[~mine], horizon_days), is_bought[~mine])
        held_out[mine] = _probability(score, rows[mine], horizon_days)
    scores = {MODEL: held_out, RATE: rate_probability(rows, horizon_days)}
    table = paired_bootstrap(is_bought.astype(np.float64), scores, by_name(log_loss), customer_ids, RATE)
    row = table.loc[table["model"] == MODEL].iloc[0]
    gate = passes_gate(
        log_loss,
        model=MODEL,
        baseline=RATE,
        improvement=float(row["improvement"]),
        improvement_lower=float(row["improvement_lower"]),
        row_count=len(rows),
    )
    learned = fit_score(_features(rows, horizon_days), is_bought) if gate.passes else None
    return FittedNextPurchase(horizon_days, learned, gate.why)


def _history(rows: pd.DataFrame) -> tuple[FloatArray, FloatArray, FloatArray]:
    count, first, last = (rows[name].to_numpy(dtype=np.float64) for name in HISTORY_COLUMNS)
    return count, first, last


def _features(rows: pd.DataFrame, horizon_days: int) -> dict[str, FloatArray]:
    """Columns that are roughly linear in the log-odds, (n,) each."""
    count, first, last = _history(rows)
    has_gap = count > 1
    gap = np.where(has_gap, np.maximum((first - last) / np.maximum(count - 1, 1), 1), horizon_days)
    due = np.log((last + 0.5) / gap)
    return {
        "due": np.where(has_gap, due, 0),
        "overdue": np.where(has_gap, np.maximum(due, 0), 0),
        "is_single": 1.0 - has_gap,
        "expected": np.log(horizon_days / gap),
        "days_since": np.log1p(last),
        "count": np.log(count),
        "rate": np.log(count / (first + PRIOR_DAYS)),
    }


def _probability(score: LogisticScore, rows: pd.DataFrame, horizon_days: int) -> FloatArray:
    log_odds = score.log_odds(_features(rows, horizon_days))
    return np.asarray(np.clip(1 / (1 + np.exp(-log_odds)), _SURE, 1 - _SURE))
