"""Pareto/NBD: published numbers, recovery of seeded parameters, and the same numbers by other ways."""

import lifetimes
import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad

from crm_pipeline.models.btyd_fitting import fit_purchases
from crm_pipeline.models.btyd_history import History
from crm_pipeline.models.btyd_pareto import ParetoModel, fit_pareto, log_likelihood
from crm_pipeline_tests.models.test_btyd_cdnow import cdnow

TRUTH = {"r": 0.8, "alpha": 25.0, "s": 0.7, "beta": 120.0}
SEEDS, CUSTOMERS, MOST = 100, 4000, 400
HISTORIES = tuple(
    np.array(column, dtype=float) for column in ([0, 1, 4, 30, 9], [0, 40, 90, 200, 90], [70, 90, 100, 201, 90])
)
PARAMETERS = np.array([0.55, 0.4, 0.6, 0.7])


def test_the_published_parameters_of_cdnow() -> None:
    """Fader, Hardie and Lee (2005), in weeks: r .553, alpha 10.578, s .606, beta 11.669."""
    history = History.of(cdnow("sample"))
    found, failure = fit_pareto(*history.groups, np.bincount(history.group_of).astype(float))
    assert found is not None and failure == ""
    weeks = [found.r, found.alpha / 7, found.s, found.beta / 7]
    assert weeks == pytest.approx([0.553, 10.578, 0.606, 11.669], abs=2e-3)


def test_expectations_are_those_of_lifetimes() -> None:
    model = ParetoModel(0.553, 74.0, 0.606, 81.7)
    fitter = lifetimes.ParetoNBDFitter()
    fitter.params_ = pd.Series({"r": model.r, "alpha": model.alpha, "s": model.s, "beta": model.beta})
    assert model.probability_alive(*HISTORIES) == pytest.approx(fitter.conditional_probability_alive(*HISTORIES))
    assert model.expected_purchases(*HISTORIES, 50) == pytest.approx(
        fitter.conditional_expected_number_of_purchases_up_to_time(50, *HISTORIES)
    )


@pytest.mark.parametrize(
    "model", [ParetoModel(3, 1, 0.2, 100), ParetoModel(20, 200, 0.01, 1e4), ParetoModel(1, 50, 5, 2)]
)
def test_who_may_have_left_is_the_integral_over_the_time_of_death(model: ParetoModel) -> None:
    """Heavy buyers among them, of whom lifetimes makes NaN without a word."""
    for x, t_x, T in ((0, 0, 200), (40, 250, 300), (300, 280, 300)):

        def density(y: float, x: int = x, T: int = T) -> float:
            bought = (model.r + x) * np.log((model.alpha + T) / (model.alpha + y))
            return float(
                model.s * np.exp(bought + model.s * np.log((model.beta + T) / (model.beta + y))) / (model.beta + y)
            )

        odds = sum(
            quad(density, t_x + (T - t_x) * a, t_x + (T - t_x) * b)[0] for a, b in ((0, 0.01), (0.01, 0.1), (0.1, 1))
        )
        found = model.probability_alive(np.array([float(x)]), np.array([float(t_x)]), np.array([float(T)]))
        assert found == pytest.approx([1 / (1 + odds)], rel=1e-8)


def test_the_likelihood_is_that_of_lifetimes() -> None:
    unit = [HISTORIES[0], HISTORIES[1] / 200, HISTORIES[2] / 200]
    fitter = lifetimes.ParetoNBDFitter()
    theirs = fitter._conditional_log_likelihood(PARAMETERS, *unit)
    assert log_likelihood(PARAMETERS, *unit)[0] == pytest.approx(theirs)


@pytest.mark.parametrize("number", range(4))
def test_derivatives_are_limits_of_differences(number: int) -> None:
    unit, step = [HISTORIES[0], HISTORIES[1] / 200, HISTORIES[2] / 200], 1e-6 * np.eye(4)[number]
    slopes = (log_likelihood(PARAMETERS + step, *unit)[0] - log_likelihood(PARAMETERS - step, *unit)[0]) / 2e-6
    assert log_likelihood(PARAMETERS, *unit)[1][:, number] == pytest.approx(slopes, abs=1e-6)


def test_nobody_seen_for_a_day_is_told() -> None:
    assert fit_pareto(*np.zeros((3, 2)), np.ones(2)) == (None, "nobody was seen for a day")


def simulate(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frequency, recency and T of the customers of a Pareto/NBD shop, recency in days and parts of days."""
    random = np.random.default_rng(seed)
    rate = random.gamma(TRUTH["r"], 1 / TRUTH["alpha"], CUSTOMERS)
    lasts = random.exponential(1 / random.gamma(TRUTH["s"], 1 / TRUTH["beta"], CUSTOMERS))
    T = random.integers(200, 500, CUSTOMERS).astype(float)
    times = np.cumsum(random.exponential(1 / rate[:, None], (CUSTOMERS, MOST)), axis=1)
    is_made = times < np.minimum(T, lasts)[:, None]
    return is_made.sum(axis=1).astype(float), np.where(is_made, times, 0.0).max(axis=1), T


def standard_errors(model: ParetoModel, history: tuple[np.ndarray, ...]) -> np.ndarray:
    """Of the logs of the parameters: the inverse of the Hessian of the log-likelihood, by differences of its slopes."""
    logs, step = np.log([model.r, model.alpha, model.s, model.beta]), 1e-4

    def slope(values: np.ndarray) -> np.ndarray:
        return log_likelihood(np.exp(values), *history)[1].sum(axis=0) * np.exp(values)

    hessian = [(slope(logs + step * one) - slope(logs - step * one)) / (2 * step) for one in np.eye(4)]
    return np.sqrt(np.diag(np.linalg.inv(-np.array(hessian))))


@pytest.mark.full
def test_95_percent_intervals_hold_the_truth_of_90_to_99_percent_of_the_shops() -> None:
    held, truth = [], np.log(list(TRUTH.values()))
    for seed in range(SEEDS):
        history = simulate(seed)
        [(model, notes)] = fit_purchases(*history, np.ones(CUSTOMERS), 90, "pareto_nbd")
        assert isinstance(model, ParetoModel) and notes == []
        found = np.log([model.r, model.alpha, model.s, model.beta])
        held.append(np.abs(found - truth) <= 1.96 * standard_errors(model, history))
    shares = np.mean(held, axis=0)
    assert ((shares >= 0.90) & (shares <= 0.99)).all(), dict(zip(TRUTH, shares, strict=True))
