"""Churn from what a buy-till-you-die model expects: plainly, and with each customer's rate left uncertain."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from crm_pipeline.models.calibration import FloatArray
from crm_pipeline.models.classifiers_data import EXPECTED
from crm_pipeline.models.classifiers_rules import RecencyRule

LOG_ODDS_LIMIT = 8.0
"""A probability of 1 in 3,000; a Poisson tail beyond it is a statement about the model, not about the customer."""
MIXED = "btyd_log_odds"
ORDER_DAYS = ("order_day_rate", "tenure_days")


def with_btyd(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the column `btyd_log_odds`, where it has what that needs; else as it is.

    exp(-E) is the chance of no order if a customer's rate were known. It is not: by Jensen's inequality the chance is
    higher. After n order days the rate is about gamma-distributed with shape n, and the chance of none of E expected
    orders is (1 + E / n)^-n (negative binomial; Ehrenberg, 1959). Log-odds, within +-LOG_ODDS_LIMIT; NaN without E.

    Args:
        frame: expected_purchases, order_day_rate (order days per day) and tenure_days per customer.
    """
    if not {EXPECTED, *ORDER_DAYS} <= set(frame.columns):
        return frame
    expected, rate, days = (frame[name].to_numpy(np.float64, na_value=np.nan) for name in (EXPECTED, *ORDER_DAYS))
    shape = np.maximum(np.rint(rate * days), 1.0)
    exponent = shape * np.log1p(np.maximum(expected, 0.0) / shape)
    return frame.assign(**{MIXED: _log_odds_of_none(exponent)})


@dataclass(frozen=True)
class BtydRule:
    """Log-odds of exp(-expected_purchases): no order in the horizon if orders are Poisson.

    Rows without an expectation use the recency rule. column: of expected_purchases in the matrix.
    """

    column: int
    recency: RecencyRule
    base: float

    @classmethod
    def fit(cls, X: FloatArray, column: int, recency: RecencyRule) -> BtydRule:
        """Only the mean log-odds (`base`) is taken from the rows; nothing is learned from outcomes but by `recency`."""
        return cls(column, recency, float(cls(column, recency, 0.0).log_odds(X).mean()))

    def log_odds(self, X: FloatArray) -> FloatArray:
        """Shape (n,), within +-LOG_ODDS_LIMIT."""
        known = self._known(X[:, self.column])
        return np.where(np.isnan(known), self.recency.log_odds(X), known)

    def contributions(self, X: FloatArray) -> FloatArray:
        """Shape of X; rows sum to log_odds less base, on the one column that was used."""
        shares = np.zeros_like(X)
        used = np.where(np.isnan(X[:, self.column]), self.recency.column, self.column)
        shares[np.arange(len(X)), used] = self.log_odds(X) - self.base
        return shares

    def to_dict(self) -> dict[str, Any]:
        """JSON-able parameters."""
        return asdict(self)

    @classmethod
    def from_dict(cls, parameters: dict[str, Any]) -> BtydRule:
        """The inverse of to_dict."""
        return cls(parameters["column"], RecencyRule(**parameters["recency"]), parameters["base"])

    def _known(self, expected: FloatArray) -> FloatArray:
        return _log_odds_of_none(expected)


@dataclass(frozen=True)
class MixedBtydRule(BtydRule):
    """The same with an uncertain rate: column is of `btyd_log_odds` (see `with_btyd`)."""

    def _known(self, expected: FloatArray) -> FloatArray:
        return np.clip(expected, -LOG_ODDS_LIMIT, LOG_ODDS_LIMIT)


def _log_odds_of_none(exponent: FloatArray) -> FloatArray:
    """Log-odds of the probability exp(-exponent), within +-LOG_ODDS_LIMIT; NaN stays."""
    inside = np.clip(exponent, np.exp(-LOG_ODDS_LIMIT), LOG_ODDS_LIMIT)
    # p / (1 - p) = 1 / (exp(E) - 1) for p = exp(-E)
    return np.clip(-np.log(np.expm1(inside)), -LOG_ODDS_LIMIT, LOG_ODDS_LIMIT)
