"""The shop's clock: hand-computed shopping times, and the laws of a clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.simulation.seasons import Clock
from crm_pipeline.simulation.settings import ShopSettings

FLAT = ShopSettings(
    first_day=date(2024, 1, 1),  # a Monday
    last_day=date(2024, 1, 14),
    yearly_amplitude=0.0,
    trend_per_year=0.0,
    weekday_weights=(1,) * 7,
    hour_weights=(1,) * 24,
    launch_days=1,
)


def test_without_seasons_shopping_time_is_calendar_time():
    clock = Clock(FLAT)
    assert clock.shopping_time(np.array([0.0, 3.25, 14.0])) == pytest.approx([0.0, 3.25, 14.0])


def test_weekdays_weigh_as_stated():
    # Weekdays 1, weekends 4.5: a week is 14, so a weekday takes 7 / 14 = 0.5 and a weekend day 2.25 days.
    clock = Clock(replace(FLAT, weekday_weights=(1, 1, 1, 1, 1, 4.5, 4.5)))
    assert clock.shopping_time(np.array([1.0, 5.0, 6.0, 7.0])) == pytest.approx([0.5, 2.5, 4.75, 7.0])


def test_no_order_falls_into_a_closed_hour():
    clock = Clock(replace(FLAT, hour_weights=(0,) * 9 + (1,) * 10 + (0,) * 5))
    hours = 24 * (clock.calendar_time(np.linspace(0.001, 13.999, 5_000)) % 1)
    assert hours.min() >= 9
    assert hours.max() <= 19


def test_the_trend_makes_the_second_year_busier():
    clock = Clock(replace(FLAT, first_day=date(2021, 1, 1), last_day=date(2022, 12, 31), trend_per_year=0.5))
    first = clock.shopping_time(np.array([365.0]))[0]
    assert (730 - first) / first == pytest.approx(1.5, rel=0.01)


def test_the_yearly_peak_is_where_it_was_set():
    clock = Clock(replace(FLAT, last_day=date(2024, 12, 30), yearly_amplitude=0.5, peak_day_of_year=100))
    daily = np.diff(clock.shopping_time(np.arange(366.0)))
    assert int(daily.argmax()) == 99
    assert daily.max() / daily.min() == pytest.approx(3.0, rel=0.01)  # (1 + 0.5) / (1 - 0.5)


@given(st.lists(st.floats(0, 14), min_size=1, max_size=20))
def test_the_clock_runs_forward_and_back(times: list[float]):
    clock = Clock(replace(FLAT, weekday_weights=(1, 2, 3, 4, 5, 6, 7)))
    calendar = np.sort(np.array(times))
    shopping = clock.shopping_time(calendar)
    assert (np.diff(shopping) >= 0).all()
    assert clock.calendar_time(shopping) == pytest.approx(calendar, abs=1e-9)
