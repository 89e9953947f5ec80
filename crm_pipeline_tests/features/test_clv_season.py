"""Last year's window, beside its year, by hand."""

import math

import pandas as pd
import pytest

from crm_pipeline.features import clv_season
from crm_pipeline_tests.kit import built_rows

PROJECT = {"clv": {"horizon_days": 30}}
SNAPSHOT = pd.Timestamp("2024-03-01")


def orders(amounts: dict[int, float], customer_id: str = "ada") -> pd.DataFrame:
    """One order so many days before the snapshot, of this amount."""
    days = list(amounts)
    return pd.DataFrame(
        {
            "customer_id": customer_id,
            "ordered_at": [SNAPSHOT - pd.Timedelta(days=day) for day in days],
            "net_amount": list(amounts.values()),
        }
    )


def built(given: pd.DataFrame, horizon_days: int = 30) -> "pd.Series[float]":
    project = {"clv": {"horizon_days": horizon_days}}
    return built_rows(clv_season, snapshot_date="2024-03-01", project=project, orders=given).iloc[0]


def test_a_busy_window_of_last_year():
    # a year of 1 a day, but 2 in the first thirty days of it, after a year of the same
    row = built(orders({day: 2.0 if day % 365 == 0 or day % 365 > 335 else 1.0 for day in range(1, 731)}))
    assert (row["history_days"], row["year_amount"], row["window_amount"]) == (730, 395, 60)
    assert (row["recent_amount"], row["earlier_amount"]) == (395, 395)
    assert row["season_log"] == pytest.approx(math.log(2 / (395 / 365)))


def test_growth_is_no_season():
    # a tenth more every year, day by day
    row = built(orders({day: 1000 * 1.1 ** (-day / 365) for day in range(1, 801)}))
    assert row["season_log"] == pytest.approx(0, abs=1e-3)


def test_a_year_and_four_weeks_are_needed_and_a_horizon_within_the_year():
    assert math.isnan(built(orders(dict.fromkeys(range(1, 393), 1.0)))["season_log"])
    assert built(orders(dict.fromkeys(range(1, 394), 1.0)))["season_log"] == pytest.approx(0)
    assert math.isnan(built(orders(dict.fromkeys(range(1, 500), 1.0)), horizon_days=365)["season_log"])


def test_nothing_from_the_snapshot_on_counts():
    known = orders(dict.fromkeys(range(1, 500), 1.0))
    later = pd.concat([known, orders({0: 500.0, -3: 900.0})], ignore_index=True)
    assert built(later).equals(built(known))


def test_no_orders_no_season():
    row = built_rows(clv_season, snapshot_date="2024-03-01", project=PROJECT).iloc[0]
    assert (row["history_days"], row["year_amount"]) == (0, 0)
    assert math.isnan(row["season_log"])
