"""Small charts: the geometry by hand (160 x 36, edge 3)."""

import pytest

from crm_pipeline.quality.sparkline import sparkline


def test_a_line_from_zero_to_the_largest_value() -> None:
    assert '<polyline points="3.0,33.0 80.0,18.0 157.0,3.0"/>' in sparkline([0, 5, 10], "rising")


def test_the_axis_begins_at_zero_unless_told_otherwise() -> None:
    assert "3.0,18.0 157.0,3.0" in sparkline([5, 10], "half")
    assert "3.0,33.0 157.0,3.0" in sparkline([5, 10], "whole", zero=False)


@pytest.mark.parametrize("gap", [None, float("nan"), float("inf")])
def test_a_missing_value_is_a_gap(gap: float | None) -> None:
    assert sparkline([1, 1, gap, 1, 1], "gap").count("<polyline") == 2


def test_equal_values_are_level_and_one_value_is_a_point() -> None:
    assert "3.0,33.0 157.0,33.0" in sparkline([0, 0], "level")
    one = sparkline([7], "one")
    assert "<circle" in one and "<polyline" not in one


def test_nothing_known_is_no_chart() -> None:
    assert sparkline([None, float("nan")], "nothing") == "" == sparkline([], "nothing")


def test_words_are_escaped() -> None:
    assert "<b>" not in sparkline([1, 2], '"<b>')
