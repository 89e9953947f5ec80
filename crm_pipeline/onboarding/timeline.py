"""Snapshots and horizons proposed from the span of the orders and the pauses between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from crm_pipeline.onboarding.history import HORIZONS, History
from crm_pipeline.onboarding.horizon import propose_horizon
from crm_pipeline.schedule import add_months

HISTORY_SHARE = 3
LEAST_HISTORY_DAYS = 60
MOST_SNAPSHOTS = 12
RECENT_DAYS = 45
LAST_COMMON_DAY = 28
CLV_USUAL = 90


@dataclass(frozen=True)
class Timeline:
    """Proposed settings, and in words where they come from."""

    snapshots: dict[str, object]
    horizon_days: int
    clv_days: int
    data_through: date | None
    why_snapshots: str
    why_horizon: str


def propose_timeline(history: History, today: date) -> Timeline:
    """Horizon: the round number of days in which most pauses end, at most a quarter of the span.

    Snapshots: monthly, so that the last one judged lies one horizon before the end of the data (up to three days more,
    for every month has a day 28 and not all have later ones); the first after a third of the history, at most a year
    of them. Where the data reach to the present, the series stays open.
    """
    proposed = propose_horizon(history)
    horizon, why = proposed.days, proposed.why
    clv = min((days for days in HORIZONS if days >= horizon), default=horizon)
    clv = min(max(clv, CLV_USUAL), max(horizon, history.days // 4))
    first, last = history.first_day, history.data_through
    if first is None or last is None:
        start = today.replace(day=1)
        return Timeline(
            {"every": "month", "first": start}, horizon, clv, None, "no orders could be read: choose the dates", why
        )
    end = last + timedelta(days=1)
    if (today - last).days <= RECENT_DAYS:
        begin = _series(first, end, end.replace(day=1), horizon)
        said = f"monthly and open-ended: orders reach to {last}"
        return Timeline({"every": "month", "first": begin}, horizon, clv, None, said, why)
    judged = end - timedelta(days=horizon)
    judged = judged.replace(day=min(judged.day, LAST_COMMON_DAY))
    begin = _series(first, end, judged, horizon)
    before = (end - judged).days
    said = f"orders run from {first} to {last}; the newest snapshot that is judged lies {before} days before `last`"
    return Timeline({"every": "month", "first": begin, "last": end}, horizon, clv, last, said, why)


def _series(first: date, end: date, anchor: date, horizon: int) -> date:
    """The first monthly date on the anchor's grid with enough history before it, or the anchor itself."""
    earliest = first + timedelta(days=max((end - first).days // HISTORY_SHARE, min(LEAST_HISTORY_DAYS, horizon * 2)))
    begin = anchor
    for months in range(1, MOST_SNAPSHOTS):
        candidate = add_months(anchor, -months)
        if candidate < earliest:
            break
        begin = candidate
    return begin
