"""Isolation forest: what is alone stands apart, whatever the order of rows."""

import numpy as np
import pytest

from crm_pipeline.models.isolation import FEWEST_ROWS, SURELY_APART, fit_isolation

CROWD = np.random.default_rng(1).normal(size=(2_000, 4))
ALONE = np.array([[9.0, -9.0, 9.0, -9.0]])


def test_what_is_alone_stands_apart() -> None:
    fitted = fit_isolation(np.vstack([CROWD, ALONE]))
    assert fitted is not None
    assert fitted.scores(ALONE)[0] > fitted.limit >= SURELY_APART
    assert (fitted.scores(CROWD) >= fitted.limit).mean() <= 0.005
    assert fitted.typical < 0.5 and fitted.farthest == pytest.approx(fitted.scores(ALONE)[0])


def test_strengths_rise_from_the_limit_to_the_farthest() -> None:
    fitted = fit_isolation(np.vstack([CROWD, ALONE]))
    assert fitted is not None
    assert fitted.strengths(ALONE)[0] == pytest.approx(1.0)
    assert fitted.strengths(np.zeros((1, 4)))[0] == 0.0


def test_a_row_scores_the_same_in_any_company() -> None:
    fitted = fit_isolation(CROWD)
    assert fitted is not None
    whole = fitted.scores(CROWD)
    np.testing.assert_array_equal(fitted.scores(CROWD[::-1])[::-1], whole)
    np.testing.assert_array_equal(np.concatenate([fitted.scores(CROWD[:7]), fitted.scores(CROWD[7:])]), whole)


def test_a_refit_is_identical() -> None:
    one, two = fit_isolation(CROWD), fit_isolation(CROWD)
    assert one is not None and two is not None
    np.testing.assert_array_equal(one.scores(CROWD), two.scores(CROWD))


def test_too_few_rows_make_no_forest() -> None:
    assert fit_isolation(CROWD[: FEWEST_ROWS - 1]) is None
    assert fit_isolation(CROWD[:FEWEST_ROWS]) is not None


def test_no_rows_have_no_scores() -> None:
    fitted = fit_isolation(CROWD)
    assert fitted is not None and fitted.scores(np.empty((0, 4))).shape == (0,)
