"""Impossible settings are refused by name."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from crm_pipeline.simulation import Segment, ShopSettings


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"last_day": date(2021, 1, 1)}, "last_day must be after first_day"),
        ({"customers": 0}, "customers must be at least 1"),
        ({"alpha": 0.0}, "alpha must be positive"),
        ({"beta": float("inf")}, "beta must be positive and finite"),
        ({"dirt": 1.5}, "dirt must lie in"),
        ({"hour_weights": (1,)}, "hour_weights must hold 24 numbers, got 1"),
        ({"weekday_weights": (0,) * 7}, "weekday_weights must not be negative or all zero"),
        ({"products": 5}, "products must be at least as many as category_names"),
        ({"pair_count": 501}, "pair_count must lie between 0 and a quarter of products"),
        ({"segments": (Segment("half", share=0.5),)}, "shares of segments must add up to 1"),
    ],
)
def test_impossible_settings_are_refused(setting: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        ShopSettings(**setting)


def test_impossible_segments_are_refused_by_name():
    with pytest.raises(ValueError, match="segment 'odd': return_share must lie in"):
        Segment("odd", share=1.0, return_share=2.0)


def test_both_ends_of_the_period_count():
    assert ShopSettings(first_day=date(2024, 1, 1), last_day=date(2024, 1, 31)).days == 31
