"""The level of predictions: how much of an error is believed to persist."""

import math
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.features.calibrated_btyd import CalibratedBtyd, persistent_factor
from crm_pipeline.models.btyd import fit_btyd

MONTHS = [date(2024, month, 1) for month in range(1, 8)]


def test_without_a_predecessor_nothing_is_known_to_persist():
    assert persistent_factor({}, 30) == 1.0
    assert persistent_factor({MONTHS[0]: 0.5}, 30) == 1.0


def test_an_error_that_repeats_is_corrected():
    # one pair (0.2, 0.2): 0.04 / (0.04 + 0.01) = 0.8 of the newest log ratio
    assert persistent_factor({MONTHS[0]: 0.2, MONTHS[1]: 0.2}, 30) == pytest.approx(math.exp(0.8 * 0.2))


def test_errors_that_alternate_are_left_alone():
    assert persistent_factor(dict(zip(MONTHS, [0.2, -0.2, 0.2, -0.2], strict=False)), 30) == 1.0


def test_a_predecessor_is_what_was_known_at_the_time():
    # with a horizon of 90 days, the fourth month is compared with the first (91 days before), and nothing else is known
    ratios = dict(zip(MONTHS, [0.1, 9.0, 9.0, 0.1], strict=False))
    assert persistent_factor(ratios, 90) == pytest.approx(math.exp(0.01 / 0.02 * 0.1))


@given(st.lists(st.floats(-1, 1), max_size=12), st.integers(1, 120))
def test_never_more_than_the_newest_error(ratios, horizon):
    first = date(2024, 1, 1)
    factor = persistent_factor({first + timedelta(days=30 * i): r for i, r in enumerate(ratios)}, horizon)
    newest = ratios[-1] if ratios else 0.0
    assert min(0.0, newest) - 1e-12 <= math.log(factor) <= max(0.0, newest) + 1e-12


def test_rejects_what_it_did_not_store():
    with pytest.raises(ValueError, match="calibrated_btyd/4"):
        CalibratedBtyd.from_json('{"format": "pickle"}')


def test_the_season_of_one_horizon_is_none_of_another():
    frame = pd.DataFrame({"frequency": [0, 2, 5], "recency": [0, 40, 90], "T": [100] * 3, "monetary_value": [0, 9, 12]})
    fitted = fit_btyd(frame, horizon_days=90)
    model = CalibratedBtyd(fitted, 1.5, season_factor=2.0, season_of_purchases=3.0)
    own = fitted.predict(frame)["expected_purchases"]
    assert model.over(90).predict(frame)["expected_purchases"].tolist() == pytest.approx((own * 4.5).tolist())
    shorter = replace(fitted, horizon_days=30).predict(frame)["expected_purchases"]
    assert model.over(30).predict(frame)["expected_purchases"].tolist() == pytest.approx((shorter * 1.5).tolist())
    assert CalibratedBtyd.from_json(model.to_json()) == model
