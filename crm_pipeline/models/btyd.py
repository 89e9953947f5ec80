"""Buy-till-you-die: who is still a customer, what they will buy and spend, and what that is worth.

Purchases by Pareto/NBD (`btyd_pareto`), BG/NBD or MBG/NBD (`btyd_purchases`) times gamma-gamma spend (`btyd_spend`),
computed once per distinct history (frequency, recency, T) and mapped back to customers.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from crm_pipeline.models.btyd_fitting import Purchases, Wanted, fit_purchases
from crm_pipeline.models.btyd_history import History
from crm_pipeline.models.btyd_pareto import ParetoModel
from crm_pipeline.models.btyd_purchases import FloatArray, PurchaseModel
from crm_pipeline.models.btyd_spend import SpendModel, fit_spend, spend_quantiles

INTERVAL = (0.1, 0.9)
STEP_DAYS = 30
_FORMAT = "btyd/1"


@dataclass(frozen=True)
class FittedBtyd:
    """Fitted models of purchases and spend. `notes` says in words what a reader of the results must know."""

    purchases: Purchases
    spend: SpendModel
    horizon_days: int
    seed: int
    customer_count: int
    notes: tuple[str, ...]

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Expectations for the `horizon_days` after the snapshot, one row per row of `frame`, same index.

        frame: frequency, recency, T (whole days) and monetary_value. Result: probability_alive, expected_purchases
        (order days), expected_order_value (spend per order day), expected_spend. Raises ValueError on bad input.
        """
        history = History.of(frame)
        groups = history.groups
        alive = self.purchases.probability_alive(*groups)
        expected = self.purchases.expected_purchases(*groups, self.horizon_days)
        order_value = self.spend.expected_order_value(history.frequency, history.monetary_value)
        purchases = expected[history.group_of]
        columns = {
            "probability_alive": alive[history.group_of],
            "expected_purchases": purchases,
            "expected_order_value": order_value,
            "expected_spend": purchases * order_value,
        }
        return pd.DataFrame(columns, index=frame.index)

    def clv(
        self,
        frame: pd.DataFrame,
        horizon_days: int | None = None,
        discount_rate: float = 0.1,
        margin: float = 1.0,
    ) -> pd.DataFrame:
        """Discounted value of the spend in the horizon (default: the fitted one): clv, clv_lower, clv_upper.

        discount_rate: per year (0.1 is 10 %); margin: the share of spend that is earned. The bounds hold 80 % of the
        predictive distribution of the customer's own spend, discounted alike, and are widened where they would not
        hold the mean (a customer who most likely buys nothing). Columns in the currency of `monetary_value`.
        """
        days = self.horizon_days if horizon_days is None else horizon_days
        _check_horizon(days)
        if not discount_rate > -1:
            raise ValueError(f"discount_rate must be above -1, got {discount_rate}")
        if not margin >= 0:
            raise ValueError(f"margin must not be negative, got {margin}")
        history = History.of(frame)
        groups = history.groups
        discounted, expected = self._discounted_purchases(groups, days, discount_rate)
        factor = margin * np.divide(discounted, expected, out=np.ones_like(expected), where=expected > 0)
        bounds = spend_quantiles(self.purchases, self.spend, *groups, days, INTERVAL, self.seed) * factor[:, None]
        order_value = self.spend.expected_order_value(history.frequency, history.monetary_value)
        scale = self.spend.scale(history.frequency, history.monetary_value)
        clv = margin * discounted[history.group_of] * order_value
        columns = {
            "clv": clv,
            "clv_lower": np.minimum(bounds[history.group_of, 0] * scale, clv),
            "clv_upper": np.maximum(bounds[history.group_of, 1] * scale, clv),
        }
        return pd.DataFrame(columns, index=frame.index)

    def discount_factors(self, frame: pd.DataFrame, discount_rate: float) -> FloatArray:
        """Value today of a unit of spend in the horizon, one per row of `frame`: later purchases count less."""
        history = History.of(frame)
        discounted, expected = self._discounted_purchases(history.groups, self.horizon_days, discount_rate)
        middle = (1 + discount_rate) ** (-self.horizon_days / 2 / 365)
        factor = np.divide(discounted, expected, out=np.full_like(expected, middle), where=expected > 0)
        return np.asarray(factor[history.group_of])

    def _discounted_purchases(
        self, groups: tuple[FloatArray, FloatArray, FloatArray], days: int, discount_rate: float
    ) -> tuple[FloatArray, FloatArray]:
        """Expected purchases in steps of a month, each discounted from its middle; also their plain sum."""
        edges = np.linspace(0, days, math.ceil(days / STEP_DAYS) + 1)
        discounted, before = np.zeros_like(groups[0]), np.zeros_like(groups[0])
        for start, end in pairwise(edges):
            until = self.purchases.expected_purchases(*groups, float(end))
            discounted += np.maximum(until - before, 0.0) * (1 + discount_rate) ** (-(start + end) / 2 / 365)
            before = until
        return discounted, before

    def to_json(self) -> str:
        """The parameters as JSON; `from_json` gives the same predictions to the last bit."""
        return json.dumps({"format": _FORMAT, **asdict(self)}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "FittedBtyd":
        """Rebuild a fitted model. Raises ValueError when the text is not one."""
        stored = json.loads(text)
        if not isinstance(stored, dict) or stored.pop("format", None) != _FORMAT:
            raise ValueError(f"not a stored BTYD model of format {_FORMAT!r}")
        family = ParetoModel if stored["purchases"]["family"] == "pareto_nbd" else PurchaseModel
        stored["purchases"] = family(**stored["purchases"])
        stored["spend"] = SpendModel(**stored["spend"])
        stored["notes"] = tuple(stored["notes"])
        return cls(**stored)


def fit_btyd(frame: pd.DataFrame, horizon_days: int, seed: int = 0, purchases: Wanted = "auto") -> FittedBtyd:
    """Fit purchases and spend to one row per customer: frequency, recency, T (whole days), monetary_value.

    horizon_days: the days after the snapshot to predict; seed: of the points behind the intervals; purchases: the
    family, of `auto` the first. The result does not depend on the order of rows. Raises ValueError when a column is
    missing, a history is impossible, or no rows.
    """
    _check_horizon(horizon_days)
    if len(frame) == 0:
        raise ValueError("cannot fit a BTYD model to no customers")
    history = History.of(frame)
    weights = np.bincount(history.group_of).astype(np.float64)
    model, purchase_notes = fit_purchases(*history.groups, weights, horizon_days, purchases)[0]
    spend, spend_notes = fit_spend(history.frequency, history.monetary_value)
    notes = tuple(purchase_notes + spend_notes)
    return FittedBtyd(model, spend, int(horizon_days), int(seed), len(frame), notes)


def naive_clv(frame: pd.DataFrame, horizon_days: int) -> "pd.Series[float]":
    """The baseline: past rate x mean spend, in the currency, one value per row of `frame`.

    The rate is repeat order days per day since the first order, seen over at least one horizon: a customer of three
    days with one repeat is not taken to buy every third day for ever.
    """
    _check_horizon(horizon_days)
    history = History.of(frame)
    rate = history.frequency / np.maximum(history.T, horizon_days)
    return pd.Series(rate * horizon_days * np.maximum(history.monetary_value, 0.0), index=frame.index, name="naive_clv")


def calibrate_total(predicted: Iterable[float], actual: Iterable[float], prior_sd: float = 0.3) -> float:
    """Factor that brings predicted totals to the known outcomes, shrunk towards 1 by its own uncertainty.

    The log of sum(actual) / sum(predicted) has a normal prior around 0 with `prior_sd` and a sampling variance from
    the customers' residuals; the posterior mean is used. Without positive totals on both sides the factor is 1.
    Raises ValueError on unequal lengths, or values that are negative (predicted) or not finite.
    """
    expected, known = (np.asarray(list(values), dtype=np.float64) for values in (predicted, actual))
    if expected.shape != known.shape:
        raise ValueError(f"predicted has {len(expected)} values, actual has {len(known)}")
    if not (np.isfinite(expected).all() and np.isfinite(known).all() and (expected >= 0).all()):
        raise ValueError("predicted and actual must be finite, and predicted not negative")
    total, truth = math.fsum(expected), math.fsum(known)  # exact sums: the order of customers must not matter
    if total <= 0 or truth <= 0:
        return 1.0
    ratio = truth / total
    relative_variance = math.fsum((known - ratio * expected) ** 2) / truth**2
    trust = prior_sd**2 / (prior_sd**2 + relative_variance) if prior_sd > 0 else 0.0
    return math.exp(trust * math.log(ratio))


def _check_horizon(days: float) -> None:
    if not (days >= 1 and days == math.floor(days)):
        raise ValueError(f"horizon_days must be a whole number of at least 1, got {days}")
