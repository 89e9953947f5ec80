"""A fitted BTYD model with the level of purchases that known outcomes gave it, stored by `clv_model`.

The level. A mean-optimised model misses what changes for everyone at once, such as a season or a price rise. How far
the totals of the newest known outcomes were from their predictions is a hint at the level of the next horizon, but only
as far as such errors have persisted so far: `persistent_factor` is an autoregression of order one on the logs of these
ratios, shrunk towards no correction.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.models.btyd import FittedBtyd

FORMAT = "calibrated_btyd/4"
PRIOR_LOG_RATIO = 0.1
"""Errors of 10 % are needed, and must repeat, before half of their persistence is believed."""


@dataclass(frozen=True)
class CalibratedBtyd:
    """`model`, the factor that its purchases are multiplied by, and the season's, by which the blend sees its spend.

    The season's factors, of spend and of purchases, are those of the model's horizon and of no other.
    """

    model: FittedBtyd
    purchase_factor: float
    season_factor: float = 1.0
    season_of_purchases: float = 1.0

    def over(self, horizon_days: int) -> CalibratedBtyd:
        """The same for another horizon, of which no season is known."""
        if horizon_days == self.model.horizon_days:
            return self
        return CalibratedBtyd(replace(self.model, horizon_days=horizon_days), self.purchase_factor)

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """As `FittedBtyd.predict`, with calibrated `expected_purchases`; `expected_spend` is the fit's own."""
        found = self.model.predict(frame)
        factor = self.purchase_factor * self.season_of_purchases
        return found.assign(expected_purchases=found["expected_purchases"] * factor)

    def to_json(self) -> str:
        """JSON from which `from_json` makes the same predictions."""
        stored = {
            "format": FORMAT,
            "model": json.loads(self.model.to_json()),
            "purchase_factor": self.purchase_factor,
            "season_factor": self.season_factor,
            "season_of_purchases": self.season_of_purchases,
        }
        return json.dumps(stored, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> CalibratedBtyd:
        """Rebuild it. Raises ValueError when the text is not one."""
        from crm_pipeline.models.btyd import FittedBtyd

        stored = json.loads(text)
        if not isinstance(stored, dict) or stored.get("format") != FORMAT:
            raise ValueError(f"not a stored model of format {FORMAT!r}")
        model = FittedBtyd.from_json(json.dumps(stored["model"]))
        factors = (float(stored[name]) for name in ("purchase_factor", "season_factor", "season_of_purchases"))
        return cls(model, *factors)


def persistent_factor(log_ratios: Mapping[date, float], horizon_days: int) -> float:
    """The factor for the next horizon: exp(persistence x the newest log ratio).

    Args:
        log_ratios: per judged snapshot, the log of actual over predicted total.
        horizon_days: of the predictions. Each ratio is regressed on the newest one that was known at its own snapshot,
            `horizon_days` or more before: that is how old the newest one is when it is used.

    Returns:
        1 where no ratio had a predecessor, or errors did not repeat; the persistence lies between 0 and 1.
    """
    judged = sorted(log_ratios)
    if not judged:
        return 1.0
    products = squares = 0.0
    for day in judged:
        known = [earlier for earlier in judged if (day - earlier).days >= horizon_days]
        if known:
            before = log_ratios[known[-1]]
            products += before * log_ratios[day]
            squares += before * before
    persistence = min(max(products / (squares + PRIOR_LOG_RATIO**2), 0.0), 1.0)
    return math.exp(persistence * log_ratios[judged[-1]])
