"""How far last year's season is believed, by hand and on simulated shops with and without one."""

import math
from datetime import date

import pandas as pd
import pytest

from crm_pipeline.features.season_factor import Season

JANUARY, FEBRUARY, MARCH = date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)


def season(horizon_days: int = 30, history_days: int = 500) -> Season:
    """January's horizon is a tenth busier than the year, February's a fifth quieter; nothing is known of March's."""
    table = pd.DataFrame(
        {
            "snapshot_date": [JANUARY, FEBRUARY, MARCH],
            "horizon_days": 30,
            "history_days": history_days,
            "season_log": [0.1, -0.2, None],
        }
    )
    return Season.of(table, FEBRUARY, horizon_days)


def test_a_season_that_came_again_is_believed_but_for_the_prior():
    # the sum of squares is 0.05; the prior adds 0.01
    assert season().weight({JANUARY: 0.1, FEBRUARY: -0.2}) == pytest.approx(0.05 / 0.06)
    assert season().weight({JANUARY: 0.1, FEBRUARY: -0.2, MARCH: 5.0}) == pytest.approx(0.05 / 0.06)


def test_a_season_that_did_not_come_again_or_was_not_judged_is_not_believed():
    assert season().weight({JANUARY: -0.1, FEBRUARY: 0.2}) == 0
    assert season().weight({}) == 0
    assert season().weight({MARCH: 1.0}) == 0


def test_nothing_is_believed_twice_over():
    assert season().weight({JANUARY: 0.3, FEBRUARY: -0.6}) == 1


def test_the_factor_is_the_believed_part_of_the_season():
    assert season().factor(FEBRUARY, 0.5) == pytest.approx(math.exp(-0.1))
    assert season().factor(MARCH, 1.0) == 1


def test_another_horizon_has_another_season():
    assert season(horizon_days=60).logs == {}


def test_the_note_says_whether_it_is_used():
    assert season().note(FEBRUARY, 0.5) == (
        "500 days of history: totals follow last year's same season (-18.1%) by -9.5%, as far as it held so far"
    )
    assert "is not used, for it did not help" in season().note(FEBRUARY, 0.0)
    assert "374 days of history do not show a season twice" in season(history_days=374).note(MARCH, 0.0)
