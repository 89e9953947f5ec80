"""Tests of difference from means and deviations alone, against scipy on the values."""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from crm_pipeline.models.variance import eta_squared, welch_anova


def summary(*groups: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (
        np.array([len(group) for group in groups], dtype=float),
        np.array([group.mean() for group in groups]),
        np.array([group.std(ddof=1) for group in groups]),
    )


def test_two_groups_give_welchs_t_squared() -> None:
    random = np.random.default_rng(1)
    one, two = random.normal(0, 1, 30), random.normal(0.5, 3, 50)
    expected = ttest_ind(one, two, equal_var=False)
    found = welch_anova(*summary(one, two))
    assert found == pytest.approx((expected.statistic**2, expected.pvalue))


def test_share_of_variance_between_groups() -> None:
    # means 1 and 3 about 2: between 4 x 1, within 2 x 1 (0, 2) and 2 x 1 (2, 4)
    groups = summary(np.array([0.0, 2.0]), np.array([2.0, 4.0]))
    assert eta_squared(*groups) == pytest.approx(4 / (4 + 4))


def test_one_group_differs_from_nothing() -> None:
    assert welch_anova(*summary(np.array([1.0, 2.0]))) is None
    assert eta_squared(np.zeros(0), np.zeros(0), np.zeros(0)) is None
