"""A clock that runs faster when people shop more."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from crm_pipeline.simulation.settings import HOURS_PER_DAY, ShopSettings

Floats = NDArray[np.float64]
DAYS_PER_YEAR = 365.25


class Clock:
    """Shopping time: the running total of the shop's intensity over calendar time.

    A Poisson process with a varying intensity is a plain one on this clock (the time-rescaling theorem), so orders are
    drawn evenly in shopping time and mapped back. Both times are in days since the shop's first midnight; intensity is
    constant within an hour and 1 per day on average, so both end at the number of days simulated. Hours without
    shoppers have no shopping time, so no order falls into them.
    """

    def __init__(self, settings: ShopSettings) -> None:
        hourly = np.repeat(_daily_intensity(settings), HOURS_PER_DAY)
        hourly *= np.tile(np.asarray(settings.hour_weights, dtype=np.float64), settings.days)
        total = np.concatenate([[0.0], np.cumsum(hourly)])
        self.days = settings.days
        self._calendar: Floats = np.arange(len(total)) / HOURS_PER_DAY
        self._shopping: Floats = total * (settings.days / total[-1])

    def shopping_time(self, calendar_days: Floats) -> Floats:
        """Shopping time at calendar times; times outside the period count as its nearest end."""
        return np.interp(calendar_days, self._calendar, self._shopping)

    def calendar_time(self, shopping_days: Floats) -> Floats:
        """Calendar times, in [0, days), at which the shopping time is reached."""
        calendar = np.interp(shopping_days, self._shopping, self._calendar)
        return np.clip(calendar, 0.0, np.nextafter(float(self.days), 0.0))


def _daily_intensity(settings: ShopSettings) -> Floats:
    dates = [settings.first_day + timedelta(days=day) for day in range(settings.days)]
    day_of_year = np.array([day.timetuple().tm_yday for day in dates])
    weekday = np.array([day.weekday() for day in dates])
    phase = 2 * np.pi * (day_of_year - settings.peak_day_of_year) / DAYS_PER_YEAR
    yearly = 1 + settings.yearly_amplitude * np.cos(phase)
    weekly = np.asarray(settings.weekday_weights, dtype=np.float64)[weekday]
    trend = (1 + settings.trend_per_year) ** (np.arange(settings.days) / DAYS_PER_YEAR)
    intensity: Floats = yearly * weekly * trend
    return intensity
