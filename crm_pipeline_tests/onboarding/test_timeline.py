"""Snapshots and horizons proposed from the span of the orders and the pauses between them."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from crm_pipeline.onboarding.history import History
from crm_pipeline.onboarding.horizon import propose_horizon
from crm_pipeline.onboarding.timeline import propose_timeline
from crm_pipeline.schedule import SnapshotGrid

HISTORY = History(
    customers=500,
    orders=5000,
    repeat_customers=400,
    products=50,
    product_customers=500,
    first_day=date(2022, 1, 1),
    last_day=date(2023, 12, 31),
    data_through=date(2023, 12, 31),
    usual_gap_days=22,
    longest_gap_days=100,
    share=1.0,
)
LATER = date(2025, 6, 1)


def test_a_finished_series_ends_where_its_last_judged_snapshot_falls_due() -> None:
    found = propose_timeline(HISTORY, LATER)
    assert (found.horizon_days, found.data_through) == (30, date(2023, 12, 31))
    grid = SnapshotGrid.model_validate(found.snapshots).listed()
    assert grid[-1] == date(2024, 1, 1)
    assert grid[-2] == date(2023, 12, 2) == grid[-1] - timedelta(days=30)
    assert len(grid) == 13 and grid[0] == date(2023, 1, 2)  # a year of monthly ones, after a year of history


def test_the_days_that_last_judges_are_counted_where_a_month_is_too_short() -> None:
    """30 days before 30 April is 31 March, a day that not every month has: the series is on days 28."""
    found = propose_timeline(replace(HISTORY, data_through=date(2023, 4, 29), last_day=date(2023, 4, 29)), LATER)
    grid = SnapshotGrid.model_validate(found.snapshots).listed()
    assert grid[-3:] == [date(2023, 3, 28), date(2023, 4, 28), date(2023, 4, 30)]
    assert found.why_snapshots.endswith("the newest snapshot that is judged lies 33 days before `last`")


def test_data_that_reach_to_the_present_stay_open() -> None:
    found = propose_timeline(HISTORY, date(2024, 1, 10))
    assert found.data_through is None
    grid = SnapshotGrid.model_validate(found.snapshots)
    assert not grid.is_finite
    assert date(2024, 1, 1) in grid.until(date(2024, 1, 10))


@pytest.mark.parametrize(
    ("gap", "days", "horizon"),
    [
        (3, 700, 7),
        (22, 700, 30),
        (75, 700, 90),
        (400, 700, 90),  # no more than a quarter of the span: 175 days
        (22, 70, 14),
        (None, 700, 30),
    ],
)
def test_the_horizon_holds_most_pauses_and_fits_the_span(gap: int | None, days: int, horizon: int) -> None:
    first = HISTORY.data_through - timedelta(days=days - 1) if HISTORY.data_through else None
    found = propose_timeline(replace(HISTORY, usual_gap_days=gap, first_day=first), LATER)
    assert found.horizon_days == horizon


def test_the_evidence_stands_beside_the_horizon() -> None:
    shares = ((7, 0.4), (14, 0.6), (30, 0.85), (60, 0.95), (90, 0.97), (180, 1.0), (365, 1.0))
    found = propose_horizon(replace(HISTORY, ended_within=shares))
    assert found.days == 30 and found.ended_within == shares
    assert (
        found.why == "four in five pauses between orders end within 22 days (14 days: 60%, 30 days: 85%, 60 days: 95%)"
    )
    assert propose_timeline(replace(HISTORY, ended_within=shares), LATER).why_horizon == found.why
    sampled = propose_horizon(replace(HISTORY, share=None))
    assert sampled.days == 30 and "too large to measure" in sampled.why and not sampled.ended_within


def test_without_orders_the_dates_are_said_to_be_open() -> None:
    empty = replace(HISTORY, first_day=None, last_day=None, data_through=None, usual_gap_days=None)
    found = propose_timeline(empty, LATER)
    assert found.snapshots == {"every": "month", "first": date(2025, 6, 1)}
    assert "no orders" in found.why_snapshots


def test_every_span_gives_a_valid_series_after_the_first_order() -> None:
    for days in (1, 20, 45, 100, 200, 400, 4000):
        first = date(2023, 12, 31) - timedelta(days=days - 1)
        for today in (date(2024, 1, 5), LATER):
            found = propose_timeline(replace(HISTORY, first_day=first), today)
            grid = SnapshotGrid.model_validate(found.snapshots)
            due = grid.until(date(2024, 1, 1))
            assert due and (days < 40 or due[0] > first)
