"""Correlations against numbers by hand and scipy's, and laws: order of rows, sign, monotone changes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from crm_pipeline.models.correlation import Correlation, Pair, correlations

NAN = float("nan")


def pair(x: list[float], y: list[float]) -> Pair:
    return correlations({"x": np.array(x), "y": np.array(y)})[0]


def test_by_hand() -> None:
    """Deviations -1.5, -.5, .5, 1.5 and -1.5, .5, -.5, 1.5: 4 of 5; on Fisher's scale 1.0986 +- 1.96 / sqrt(1)."""
    found = pair([1, 2, 3, 4], [10, 30, 20, 40])
    assert found.count == 4
    assert [found.pearson.value, found.spearman.value] == pytest.approx([0.8, 0.8])
    assert [found.pearson.lower, found.pearson.upper] == pytest.approx(
        np.tanh([1.0986 - 1.96, 1.0986 + 1.96]), abs=1e-4
    )
    wider = 1.96 * np.sqrt(1 + 0.32)
    assert [found.spearman.lower, found.spearman.upper] == pytest.approx(
        np.tanh([1.0986 - wider, 1.0986 + wider]), abs=1e-4
    )


def test_ranks_do_not_mind_a_giant_or_a_curve() -> None:
    found = pair([1, 2, 3, 4, 5], [1, 4, 9, 16, 2500])
    assert found.spearman == Correlation(1.0, 1.0, 1.0)
    assert found.pearson.value is not None and found.pearson.value < 0.75


def test_pairs_are_of_those_who_know_both() -> None:
    found = {
        (row.first, row.second): row
        for row in correlations(
            {"b": np.array([1, 2, 3, 4, NAN, 9]), "a": np.array([2, 4, 6, 8, 1, NAN]), "c": np.arange(6.0)}
        )
    }
    assert list(found) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [row.count for row in found.values()] == [4, 5, 5]
    assert found["a", "b"].pearson.value == 1.0


@pytest.mark.parametrize(
    ("x", "y"), [([1, 2, 3], [1, 2, 3]), ([0.1] * 5, [1, 2, 3, 4, 5]), ([], []), ([NAN] * 5, [1, 2, 3, 4, 5])]
)
def test_too_few_or_constant_is_not_defined(x: list[float], y: list[float]) -> None:
    found = pair(x, y)
    assert found.pearson == found.spearman == Correlation(None, None, None)


numbers = st.lists(st.tuples(st.integers(-1000, 1000), st.integers(-1000, 1000)), min_size=4, max_size=40)


@settings(max_examples=60, deadline=None)
@given(numbers)
def test_like_scipy_and_the_same_in_any_order(rows: list[tuple[int, int]]) -> None:
    x, y = np.array(rows, dtype=float).T
    found = correlations({"x": x / 7, "y": y / 3})[0]
    order = np.random.default_rng(len(rows)).permutation(len(rows))
    assert correlations({"x": (x / 7)[order], "y": (y / 3)[order]})[0] == found
    if found.pearson.value is None:
        assert len(set(x)) == 1 or len(set(y)) == 1
        return
    assert found.pearson.value == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-9)
    assert found.spearman.value == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-9)
    assert found.pearson.lower <= found.pearson.value <= found.pearson.upper


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng, held = np.random.default_rng(1), 0
    for _ in range(400):
        x = rng.normal(size=60)
        found = correlations({"x": x, "y": 0.6 * x + 0.8 * rng.normal(size=60)})[0].pearson
        held += found.lower <= 0.6 <= found.upper
    assert 0.92 <= held / 400 <= 0.98
