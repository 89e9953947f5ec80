"""How far the level of a horizon follows last year's season, as outcomes known so far have shown.

The log of actual over expected total of each judged snapshot is regressed on what last year's same window said of it
(`clv_season`), through the origin and shrunk towards no season. A shop without a season, or whose season moves, has a
weight near 0; where nothing was judged that a season could be held against, the weight is 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

PRIOR_SEASON = 0.1
"""Seasons of 10 % in all, as a root of the sum of squares over the judged snapshots, are half believed."""


@dataclass(frozen=True)
class Season:
    """What last year says of the horizon after each snapshot, as a log; only where a year and four weeks are known."""

    logs: Mapping[date, float]
    history_days: int

    @classmethod
    def of(cls, clv_season: pd.DataFrame, snapshot_date: date, horizon_days: int) -> Season:
        """From the table's rows (horizon_days, history_days, season_log by snapshot_date) of this horizon."""
        import pandas as pd

        own = clv_season[clv_season["horizon_days"] == horizon_days]
        days = pd.to_datetime(own["snapshot_date"]).dt.date
        logs = own["season_log"].astype("float64")
        known = {day: float(log) for day, log in zip(days, logs, strict=True) if math.isfinite(log)}
        history = own.loc[days == snapshot_date, "history_days"]
        return cls(known, int(history.iloc[0]) if len(history) else 0)

    def weight(self, log_ratios: Mapping[date, float]) -> float:
        """How far it is believed, 0 to 1; log_ratios: per judged snapshot the log of actual over expected total."""
        pairs = [(self.logs[day], ratio) for day, ratio in sorted(log_ratios.items()) if day in self.logs]
        products = math.fsum(season * ratio for season, ratio in pairs)
        squares = math.fsum(season * season for season, _ in pairs)
        return min(max(products / (squares + PRIOR_SEASON**2), 0.0), 1.0)

    def factor(self, day: date, weight: float) -> float:
        """What the total of the horizon after the snapshot is multiplied by; 1 where the season is not known."""
        return math.exp(weight * self.logs.get(day, 0.0))

    def note(self, snapshot_date: date, weight: float) -> str:
        """In words, whether the season is used."""
        days = f"{self.history_days} days of history"
        if snapshot_date not in self.logs:
            return f"{days} do not show a season twice (a year and four weeks do): a season's peak will be missed"
        change = f"{math.exp(self.logs[snapshot_date]) - 1:+.1%}"
        if weight == 0:
            return f"{days}: last year's same season ({change}) is not used, for it did not help on known outcomes"
        used = f"{self.factor(snapshot_date, weight) - 1:+.1%}"
        return f"{days}: totals follow last year's same season ({change}) by {used}, as far as it held so far"
