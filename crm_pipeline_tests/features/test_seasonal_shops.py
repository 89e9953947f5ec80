"""Totals of simulated shops with and without a season, each horizon foreseen from what was known before it."""

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from crm_pipeline.features import clv_season
from crm_pipeline.features.season_factor import Season
from crm_pipeline.models.btyd import calibrate_total, fit_btyd
from crm_pipeline.simulation import ShopSettings, simulate_shop
from crm_pipeline_tests.kit import built_rows

HORIZON = 60
SNAPSHOTS = [date(2022, month, 1) for month in range(7, 13)] + [date(2023, month, 1) for month in range(1, 8)]


def shop(amplitude: float) -> pd.DataFrame:
    """Spend per customer and day, returns taken off, of two years and nine months."""
    settings = ShopSettings(
        first_day=date(2021, 1, 1),
        last_day=date(2023, 9, 30),
        r=1.0,
        alpha=40.0,
        beta=600.0,
        yearly_amplitude=amplitude,
        trend_per_year=0.0,
        campaigns=0,
        products=100,
    )
    lines = pd.concat([chunk.order_lines.to_pandas() for chunk in simulate_shop(settings, 3).chunks()])
    lines["ordered_at"] = pd.to_datetime(lines["ordered_at"]).dt.normalize()
    lines["net_amount"] = lines["net_amount"].astype(float)
    return lines.groupby(["customer_id", "ordered_at"], as_index=False)["net_amount"].sum()


def histories(known: pd.DataFrame, snapshot: pd.Timestamp) -> pd.DataFrame:
    """frequency, recency, T and monetary_value of each customer."""
    found = known.groupby("customer_id").agg(
        first=("ordered_at", "min"), last=("ordered_at", "max"), days=("ordered_at", "size")
    )
    first_day = known["customer_id"].map(found["first"]) == known["ordered_at"]
    repeat = known[~first_day].groupby("customer_id")["net_amount"].mean().reindex(found.index).fillna(0.0)
    return pd.DataFrame(
        {
            "frequency": found["days"] - 1,
            "recency": (found["last"] - found["first"]).dt.days,
            "T": (snapshot - found["first"]).dt.days,
            "monetary_value": repeat,
        }
    )


def errors(days: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Logs of actual over expected totals of all snapshots, without and with the season, (snapshots,) each."""
    plain: dict[date, float] = {}
    seasonal, tables = [], []
    for day in SNAPSHOTS:
        snapshot = pd.Timestamp(day)
        known = days[days["ordered_at"] < snapshot]
        inside = (days["ordered_at"] >= snapshot) & (days["ordered_at"] < snapshot + pd.Timedelta(days=HORIZON))
        frame = histories(known, snapshot)
        actual = days[inside].groupby("customer_id")["net_amount"].sum().reindex(frame.index).fillna(0.0)
        expected = fit_btyd(frame, HORIZON).predict(frame)["expected_spend"]
        tables.append(
            built_rows(clv_season, snapshot_date=str(day), project={"clv": {"horizon_days": HORIZON}}, orders=known)
        )
        season = Season.of(pd.concat(tables), day, HORIZON)
        weight = season.weight({past: plain[past] for past in plain if past + timedelta(days=HORIZON) <= day})
        plain[day] = math.log(calibrate_total(expected, actual))
        seasonal.append(plain[day] - math.log(season.factor(day, weight)))
    return np.array(list(plain.values())), np.array(seasonal)


@pytest.mark.full
def test_a_season_is_followed_once_it_was_seen_to_come_again() -> None:
    plain, seasonal = errors(shop(0.6))
    gains = np.abs(plain) - np.abs(seasonal)
    draws = np.random.default_rng(0).choice(gains, (2000, len(gains))).mean(axis=1)
    assert np.quantile(draws, 0.025) > 0
    assert np.abs(seasonal).mean() < 0.8 * np.abs(plain).mean()


@pytest.mark.full
def test_without_a_season_nothing_is_lost() -> None:
    plain, seasonal = errors(shop(0.0))
    assert np.abs(seasonal).mean() < np.abs(plain).mean() + 0.02
