"""The score of suspicion by hand, and its laws."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.models.suspicion import CODES, RULES, UNUSUAL, combined, ramp, reason_words, strengths_of, values_of

ORDINARY: dict[str, object] = {
    "net_amount": 20.0,
    "line_count": 3,
    "amount_distance": 0.0,
    "own_amount_distance": 0.0,
    "is_first_order": False,
    "near_count": 1,
    "max_quantity": 1.0,
    "quantity_distance": 0.0,
    "returned_share": 0.0,
    "discount_share": math.nan,
    "discount_distance": math.nan,
    "alike_count": 1,
    "alike_ratio": 1.0,
}


def orders(**changed: object) -> pd.DataFrame:
    return pd.DataFrame([ORDINARY | changed])


def strengths(**changed: object) -> dict[str, float]:
    found = strengths_of(orders(**changed), None)[0]
    return {code: value for code, value in zip(CODES, found, strict=True) if value}


@pytest.mark.parametrize(("value", "expected"), [(1.0, 0), (2.0, 0), (3.0, 0.25), (6.0, 1), (99.0, 1), (math.nan, 0)])
def test_a_ramp(value: float, expected: float) -> None:
    assert ramp(np.array([value]), 2.0, 6.0)[0] == expected


def test_an_ordinary_order_shows_no_sign() -> None:
    assert strengths() == {}
    assert combined(strengths_of(orders(), None))[0] == 0.0


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("amount", {"amount_distance": 3.5}),  # half way from 2.5 to 4.5, weight 0.6
        ("burst", {"near_count": 3}),  # 1 of 3, weight 0.9
        ("quantity", {"quantity_distance": 7.0}),
        ("discount", {"discount_distance": 5.0, "discount_share": 0.7}),
        ("ring", {"alike_ratio": 3.5, "alike_count": 4}),
        ("quick_return", {"returned_share": 0.9, "amount_distance": 1.5}),
        ("first_order", {"is_first_order": True, "amount_distance": 2.4}),
        ("own_amount", {"own_amount_distance": 5.0, "amount_distance": 1.5}),
    ],
)
def test_one_sign_alone(code: str, changed: dict[str, object]) -> None:
    expected = {
        "amount": 0.3, "burst": 0.3, "quantity": 0.9, "discount": 0.9, "ring": 0.45, "quick_return": 0.9,
        "first_order": 0.4, "own_amount": 0.8,
    }  # fmt: skip
    assert strengths(**changed) == {code: pytest.approx(expected[code])}


def test_a_cheap_order_that_comes_back_is_nothing() -> None:
    assert strengths(returned_share=1.0, amount_distance=0.0) == {}


def test_signs_add_up() -> None:
    assert combined(np.array([[0.5, 0.4, 0.0]]))[0] == pytest.approx(1 - 0.5 * 0.6)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0, 1))
def test_another_sign_never_lowers_the_score(values: list[float], more: float) -> None:
    before, after = combined(np.array([values]))[0], combined(np.array([[*values, more]]))[0]
    assert 0 <= before <= after + 1e-12 and after <= 1


def test_a_reader_sees_what_was_counted() -> None:
    found = values_of(orders(near_count=6), CODES)[0]
    assert found[CODES.index("burst")] == 6
    assert math.isnan(found[CODES.index(UNUSUAL)])


@pytest.mark.parametrize("code", CODES)
def test_every_sign_has_words_in_both_languages(code: str) -> None:
    english, german = (reason_words(code, 0.25, language) for language in ("en", "de"))
    assert english != german and "{" not in english + german


def test_numbers_are_written_as_the_language_does() -> None:
    assert reason_words("amount", 1234.5, "en").endswith("1,234.50")
    assert reason_words("amount", 1234.5, "de").endswith("1.234,50")
    assert reason_words("quick_return", 0.75, "en").endswith("75 % of it")


def test_weights_leave_room_for_doubt() -> None:
    assert all(0 < rule.weight < 1 for rule in RULES)
