"""Snapshot dates: month ends, closing dates, listed dates, and what came before."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crm_pipeline.schedule import SnapshotGrid, add_months

LATER = date(2030, 1, 1)


def days(*texts: str) -> list[date]:
    return [date.fromisoformat(text) for text in texts]


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2024-01-31", 1, "2024-02-29"),
        ("2023-01-31", 1, "2023-02-28"),
        ("2024-01-31", 3, "2024-04-30"),
        ("2024-12-15", 1, "2025-01-15"),
        ("2024-01-31", -2, "2023-11-30"),
        ("2024-03-31", 0, "2024-03-31"),
        ("2024-02-29", 12, "2025-02-28"),
    ],
)
def test_adds_months_and_stops_at_the_end_of_a_month(day: str, months: int, expected: str) -> None:
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(expected)


def test_months_are_counted_from_the_first_date_so_that_short_months_do_not_shift_later_ones() -> None:
    grid = SnapshotGrid(every="month", first=date(2024, 1, 31))
    assert grid.until(date(2024, 5, 1)) == days("2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30")


def test_weeks_and_days_are_counted_from_the_first_date() -> None:
    weekly = SnapshotGrid(every="week", first=date(2024, 2, 26))
    assert weekly.until(date(2024, 3, 11)) == days("2024-02-26", "2024-03-04", "2024-03-11")
    assert SnapshotGrid(every="day", first=date(2024, 2, 28)).until(date(2024, 3, 1)) == days(
        "2024-02-28", "2024-02-29", "2024-03-01"
    )


def test_nothing_is_due_before_the_first_date_and_the_first_on_its_own_day() -> None:
    grid = SnapshotGrid(every="month", first=date(2024, 1, 2))
    assert grid.until(date(2024, 1, 1)) == []
    assert grid.until(date(2024, 1, 2)) == days("2024-01-02")


def test_the_last_date_closes_the_series_on_the_grid_or_not() -> None:
    off = SnapshotGrid(every="month", first=date(2024, 1, 2), last=date(2024, 3, 1))
    assert off.listed() == days("2024-01-02", "2024-02-02", "2024-03-01")
    assert off.until(LATER) == off.listed()
    assert off.until(date(2024, 2, 29)) == days("2024-01-02", "2024-02-02")
    on = SnapshotGrid(every="month", first=date(2024, 1, 2), last=date(2024, 2, 2))
    assert on.listed() == days("2024-01-02", "2024-02-02")


def test_listed_dates_are_taken_as_they_are() -> None:
    grid = SnapshotGrid(dates=tuple(days("2024-01-01", "2024-01-15")))
    assert (grid.is_finite, grid.until(date(2024, 1, 14))) == (True, days("2024-01-01"))


def test_the_snapshot_before_a_day() -> None:
    grid = SnapshotGrid(every="month", first=date(2024, 1, 1))
    assert grid.previous(date(2024, 1, 1)) is None
    assert grid.previous(date(2024, 2, 1)) == date(2024, 1, 1)
    assert grid.previous(date(2024, 2, 15)) == date(2024, 2, 1)  # not a snapshot itself


def test_a_series_without_an_end_cannot_be_listed() -> None:
    grid = SnapshotGrid(every="day", first=date(2024, 1, 1))
    assert not grid.is_finite
    with pytest.raises(ValueError, match="has no end"):
        grid.listed()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "expected `every`"),
        ({"every": "month"}, "expected `every`"),
        ({"every": "year", "first": "2024-01-01"}, "'month', 'week' or 'day'"),
        ({"every": "month", "first": "2024-02-30"}, "first"),
        ({"every": "month", "first": "2024-02-01", "last": "2024-01-01"}, r"`last` \(2024-01-01\) lies before `first`"),
        ({"dates": []}, "non-empty list"),
        ({"dates": ["2024-02-01", "2024-01-01"]}, "in ascending order"),
        ({"dates": ["2024-01-01", "2024-01-01"]}, "different dates"),
        ({"dates": ["2024-01-01"], "every": "month"}, "not both"),
        ({"every": "month", "first": "2024-01-01", "until": "2025-01-01"}, "until"),
    ],
)
def test_impossible_grids_are_errors(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SnapshotGrid.model_validate(values)


@given(
    first=st.dates(date(2000, 1, 1), date(2040, 1, 1)),
    every=st.sampled_from(["month", "week", "day"]),
    reach=st.integers(0, 200),
)
def test_dates_ascend_and_a_longer_reach_only_adds(first: date, every: str, reach: int) -> None:
    grid = SnapshotGrid.model_validate({"every": every, "first": first})
    near, far = grid.until(first + timedelta(days=reach)), grid.until(first + timedelta(days=reach + 40))
    assert near == far[: len(near)]
    assert far == sorted(set(far))
    assert [grid.previous(day) for day in far[1:]] == far[:-1]


@pytest.mark.parametrize("every", ["month", "week", "day"])
def test_a_series_ends_with_the_calendar(every: str) -> None:
    """A backfill to the year 9999 is a way to say: all there is."""
    grid = SnapshotGrid.model_validate({"every": every, "first": date(9999, 10, 31)})
    assert grid.until(date.max)[-1].year == 9999
