"""Decimal and thousands marks, currency signs, percent."""

import pytest

from crm_pipeline.onboarding.numbers import look_at_numbers


@pytest.mark.parametrize(
    ("values", "decimal", "thousands", "currency"),
    [
        (["1", "-2"], None, None, None),
        (["1.5", "2"], ".", None, None),
        (["1,50", "2"], ",", None, None),
        (["1.234,50", "3,00"], ",", ".", None),
        (["1,234.50", "3.00"], ".", ",", None),
        (["1 234,5", "2"], ",", " ", None),
        (["1\u202f234,50 €", "3,00 €"], ",", " ", "EUR"),
        (["-$5.00", "$3.10"], ".", None, "USD"),
        (["12,00 zł"], ",", None, "PLN"),
        (["R$ 5,00"], ",", None, "BRL"),
        (["1.234"], None, None, None),  # 1234, or 1 and a bit: the values do not tell
        (["1.234", "0.25"], ".", None, None),
    ],
)
def test_marks(values: list[str], decimal: str | None, thousands: str | None, currency: str | None) -> None:
    found = look_at_numbers(values)
    assert found is not None
    assert (found.decimal, found.thousands, found.currency, found.share) == (decimal, thousands, currency, 1.0)


def test_percent_whole_and_negative_numbers() -> None:
    assert (found := look_at_numbers(["5 %", "7%"])) is not None and found.is_percent
    assert (found := look_at_numbers(["5", "-7"])) is not None and found.is_whole and found.has_negative


def test_what_is_mostly_no_number_is_none() -> None:
    assert look_at_numbers(["a", "b", "1"]) is None
    assert look_at_numbers([]) is None
    assert (found := look_at_numbers(["1,5", "2,5", "n/a"])) is not None and round(found.share, 2) == 0.67
