"""Tenths of twenty customers by hand."""

import pandas as pd
import pytest

from crm_pipeline.features import clv_deciles
from crm_pipeline_tests.kit import built_rows, built_table

CUSTOMERS = [f"c{i:02d}" for i in range(20)]
GRID = {"snapshots": {"dates": ["2024-01-01", "2024-02-01", "2024-03-03"]}, "clv": {"horizon_days": 30}}


def built(known_date: str) -> pd.DataFrame:
    scored = pd.DataFrame(
        {
            "snapshot_date": "2024-01-01",
            "customer_id": CUSTOMERS,
            "horizon_days": 30,
            "expected_spend": [float(20 - i) for i in range(20)],
            "naive_spend": 1.0,
            "clv": [(20 - i) / 2 for i in range(20)],  # a margin of a half
            "clv_lower": 1.0,
            "clv_upper": 10.0,
        }
    )
    outcomes = pd.DataFrame(
        {
            "known_date": "2024-02-01",
            "snapshot_date": "2024-01-01",
            "customer_id": CUSTOMERS,
            "horizon_days": 30,
            "purchase_count": [1, 1, *[0] * 17, 1],
            "spend_amount": [30, 6, *[0] * 17, 4],
        }
    )
    return built_rows(clv_deciles, snapshot_date=known_date, project=GRID, customer_clv=scored, clv_outcomes=outcomes)


def test_the_first_and_the_last_tenth() -> None:
    rows = built("2024-02-01").set_index("decile")
    assert list(rows.index) == list(range(1, 11))
    first, last = rows.loc[1], rows.loc[10]
    assert (first["customer_count"], first["buyer_count"], float(first["expected_amount"])) == (2, 2, 39)
    assert (float(first["actual_amount"]), first["cumulative_share"]) == (36, pytest.approx(0.9))
    # values of 15 and 3 with an interval from 1 to 10
    assert (first["below_interval_share"], first["above_interval_share"]) == (0, 0.5)
    assert (last["buyer_count"], last["cumulative_share"], last["below_interval_share"]) == (1, 1.0, 0.5)


def test_what_was_judged_before_is_not_judged_again() -> None:
    assert built("2024-03-03").empty
    assert built_table(clv_deciles, snapshot_date="2024-03-03").num_rows == 0
