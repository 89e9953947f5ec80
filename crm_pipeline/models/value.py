"""What customers will spend in a horizon: buy-till-you-die, the simple rule and boosted trees, blended.

Everything is learned from outcomes known at the snapshot. Weights, intervals and the verdict come from forecasts of
rows that are later and of other customers than those the trees were fitted on (`held_out`); each half of these
customers is blended by weights that were learned from the other. The trees and weights that score are then fitted on
all. Without enough outcomes the blend is that of the rule and BTYD alone, in equal parts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd

from crm_pipeline.models.calibration import FloatArray, IntArray
from crm_pipeline.models.classifiers_data import feature_matrix
from crm_pipeline.models.value_blend import (
    BTYD,
    CENTRE,
    CORRECTION,
    NAIVE,
    common_levels,
    first_weights,
    fit_weights,
    levelled,
    mix,
)
from crm_pipeline.models.value_boosting import BoostedSpend, Reference
from crm_pipeline.models.value_intervals import RatioIntervals

FORMAT = "value/1"
PURCHASES, SPEND, CHANCE, BLEND = "btyd_purchases", "spend", "chance", "blend"
SNAPSHOT_DATE, CUSTOMER_ID = "snapshot_date", "customer_id"
NOT_FEATURES = (SNAPSHOT_DATE, CUSTOMER_ID, "is_active", SPEND)
LEAST_OUTCOMES = 100
"""Outcomes of either kind, bought and not, that each of the folds must see before trees are fitted."""


@dataclass(frozen=True)
class ValueModel:
    """Forecasts, the factor that brings each to the common level, and its weight in the blend."""

    boosted: BoostedSpend | None
    features: tuple[str, ...]
    reference_mean: float
    levels: Mapping[str, float]
    weights: Mapping[str, float]
    intervals: RatioIntervals | None

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Per row of `frame` (features, naive, btyd, btyd_purchases): chance to buy, each forecast, and `blend`."""
        found = _forecasts(self.boosted, self.features, self.reference_mean, frame)
        at_level = {name: found[name].to_numpy() * self.levels[name] for name in self.weights}
        columns = {CHANCE: found[CHANCE].to_numpy(), **at_level, BLEND: mix(at_level, self.weights)}
        return pd.DataFrame(columns, index=frame.index)

    def to_json(self) -> str:
        """JSON from which `from_json` makes the same predictions."""
        stored = {
            "format": FORMAT,
            "boosted": self.boosted.to_dict() if self.boosted else None,
            "features": list(self.features),
            "reference_mean": self.reference_mean,
            "levels": dict(self.levels),
            "weights": list(self.weights.items()),
            "intervals": self.intervals.to_dict() if self.intervals else None,
        }
        return json.dumps(stored, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Rebuild it. Raises ValueError when the text is not one."""
        stored: Any = json.loads(text)
        if not isinstance(stored, dict) or stored.get("format") != FORMAT:
            raise ValueError(f"not a stored model of format {FORMAT!r}")
        return cls(
            BoostedSpend.from_dict(stored["boosted"]) if stored["boosted"] else None,
            tuple(stored["features"]),
            float(stored["reference_mean"]),
            stored["levels"],
            dict(stored["weights"]),
            RatioIntervals.from_dict(stored["intervals"]) if stored["intervals"] else None,
        )


def fit_value(known: pd.DataFrame, current: pd.DataFrame, horizon_days: int) -> tuple[ValueModel, pd.DataFrame]:
    """Fit the blend.

    Args:
        known: rows with outcomes: snapshot_date, customer_id, spend, naive, btyd, btyd_purchases and features, all
            numeric; any number of rows.
        current: the customers to be scored, or a sample of them, without the outcome: they settle the level.
        horizon_days: of the outcomes.

    Returns:
        The model, and the held-out rows with every forecast, `blend` and `chance` (none without outcomes).
    """
    known = known.sort_values([SNAPSHOT_DATE, CUSTOMER_ID], ignore_index=True)
    features = tuple(name for name in known.columns if name not in NOT_FEATURES)
    held = held_out(known, features, horizon_days) if len(known) else known
    names = [name for name in (NAIVE, BTYD, CENTRE, CORRECTION) if name in held]
    weights, intervals, snapshots = first_weights(names), None, int(known[SNAPSHOT_DATE].nunique())
    if len(held):
        forecasts = levelled({name: held[name].to_numpy() for name in names}, _groups(held), snapshots)
        spend = held[SPEND].to_numpy(np.float64)
        blended = mix(forecasts, weights)
        if CORRECTION in names:
            blended = _cross_blended(forecasts, spend, _half(held))
            weights = fit_weights(forecasts, spend)
        held = held.assign(**forecasts, **{BLEND: blended})
        intervals = RatioIntervals.fit(held[CHANCE].to_numpy(), held[BLEND].to_numpy(), spend)
    boosted = _fit(known, features) if CORRECTION in names else None
    mean = _reference_mean(known if boosted else current)
    scored = _forecasts(boosted, features, mean, current)
    levels = common_levels({name: float(scored[name].sum()) for name in names}, snapshots)
    return ValueModel(boosted, features, mean, levels, weights, intervals), held


def btyd_alone(model: ValueModel, held: pd.DataFrame) -> tuple[ValueModel, pd.DataFrame]:
    """The same with BTYD, on the common level, for the whole blend; held: as of `fit_value`, of at least one row."""
    weights = {name: float(name == BTYD) for name in model.weights}
    held = held.assign(**{BLEND: held[BTYD]})
    chance, forecast, spend = (held[name].to_numpy(np.float64) for name in (CHANCE, BLEND, SPEND))
    return replace(model, weights=weights, intervals=RatioIntervals.fit(chance, forecast, spend)), held


def held_out(known: pd.DataFrame, features: tuple[str, ...], horizon_days: int) -> pd.DataFrame:
    """The newest third of the snapshots (at least one) with forecasts by trees fitted on earlier ones, other customers.

    The trees see the snapshots whose outcome was known when the first of the newest ones began; all earlier ones, where
    those do not suffice; with one snapshot, that of other customers. Where no outcomes suffice for trees, the rows
    carry the forecasts of the rule and BTYD alone.
    """
    days = np.sort(known[SNAPSHOT_DATE].unique())
    newest = days[-max(1, len(days) // 3) :]
    is_held = known[SNAPSHOT_DATE].isin(newest)
    held = known[is_held]
    was_known = known[SNAPSHOT_DATE] + pd.Timedelta(days=horizon_days) <= newest[0]
    halves = _half(held)
    for rows in (known[was_known], known[~is_held] if len(days) > 1 else known):
        training = [rows[_half(rows) != half] for half in (0, 1)]
        trees = [_fit(part, features) for part in training] if all(map(_suffices, training)) else None
        if trees:
            break
    parts = []
    for half in (0, 1):
        judged = held[halves == half]
        mean = _reference_mean(training[half] if trees else judged)
        forecasts = _forecasts(trees[half] if trees else None, features, mean, judged)
        parts.append(judged.drop(columns=[NAIVE, BTYD]).join(forecasts))
    found: pd.DataFrame = pd.concat(parts).sort_index()
    return found


def _cross_blended(forecasts: Mapping[str, FloatArray], spend: FloatArray, half: IntArray) -> FloatArray:
    """The blend of each half of the customers, (n,), by weights learned from the other half."""
    blended = np.empty(len(spend))
    for own in (0, 1):
        rows, others = half == own, half != own
        weights = fit_weights({name: values[others] for name, values in forecasts.items()}, spend[others])
        blended[rows] = mix({name: values[rows] for name, values in forecasts.items()}, weights)
    return blended


def _forecasts(
    boosted: BoostedSpend | None, features: tuple[str, ...], mean: float, frame: pd.DataFrame
) -> pd.DataFrame:
    naive, btyd, purchases = (frame[name].to_numpy(np.float64) for name in (NAIVE, BTYD, PURCHASES))
    reference = Reference.of(naive, btyd, purchases, mean)
    columns = {CHANCE: reference.chance, NAIVE: naive, BTYD: btyd}
    if boosted:
        chance, centre, correction = boosted.predict(feature_matrix(frame, features), reference)
        columns |= {CHANCE: chance, CENTRE: centre, CORRECTION: correction}
    return pd.DataFrame(columns, index=frame.index)


def _fit(rows: pd.DataFrame, features: tuple[str, ...]) -> BoostedSpend:
    naive, btyd, purchases = (rows[name].to_numpy(np.float64) for name in (NAIVE, BTYD, PURCHASES))
    reference = Reference.of(naive, btyd, purchases, _reference_mean(rows))
    return BoostedSpend.fit(feature_matrix(rows, features), rows[SPEND].to_numpy(np.float64), reference)


def _reference_mean(rows: pd.DataFrame) -> float:
    """Mean spend that the rule and BTYD expect; 1 where that is nothing."""
    mean = float((rows[NAIVE] + rows[BTYD]).to_numpy(np.float64).mean()) / 2 if len(rows) else 0.0
    return mean if mean > 0 else 1.0


def _suffices(rows: pd.DataFrame) -> bool:
    bought = int((rows[SPEND] > 0).sum())
    return min(bought, len(rows) - bought) >= LEAST_OUTCOMES


def _half(rows: pd.DataFrame) -> IntArray:
    ids = rows[CUSTOMER_ID].astype(str).to_numpy(dtype=object)
    return np.asarray(pd.util.hash_array(ids, categorize=False) % 2, dtype=np.int64)


def _groups(rows: pd.DataFrame) -> IntArray:
    return np.asarray(pd.factorize(rows[SNAPSHOT_DATE], sort=True)[0], dtype=np.int64)
