"""Snapshots and horizons proposed from the span of the orders and the pauses between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from crm_pipeline.onboarding.history import History
from crm_pipeline.schedule import add_months

HORIZONS = (7, 14, 30, 60, 90, 180, 365)
USUAL = 30
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

    Snapshots: monthly, so that the last one judged lies exactly one horizon before the end of the data; the first
    after a third of the history, at most a year of them. Where the data reach to the present, the series stays open.
    """
    horizon, why = _horizon(history)
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
    said = f"orders run from {first} to {last}; `last` judges the snapshot {horizon} days before it"
    return Timeline({"every": "month", "first": begin, "last": end}, horizon, clv, last, said, why)


def _horizon(history: History) -> tuple[int, str]:
    longest = max(history.days // 4, HORIZONS[0])
    fitting = [days for days in HORIZONS if days <= longest] or [HORIZONS[0]]
    gap = history.usual_gap_days
    if not history.is_whole:
        chosen = max(days for days in fitting if days <= max(USUAL, HORIZONS[0]))
        return chosen, "the usual month: the files are too large to measure the pauses between orders"
    if gap is None:
        chosen = max(days for days in fitting if days <= max(USUAL, HORIZONS[0]))
        return chosen, "no customer ordered twice: check that customer_id names the same person in every order"
    wanted = next((days for days in HORIZONS if days >= gap), HORIZONS[-1])
    if wanted > fitting[-1]:
        return fitting[-1], f"four in five pauses between orders end within {gap} days, but the data are short"
    return wanted, f"four in five pauses between orders end within {gap} days"


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
