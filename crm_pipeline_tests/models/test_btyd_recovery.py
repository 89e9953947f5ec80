"""The parameters of a hundred seeded shops, with the intervals that a fit's own curvature gives."""

import numpy as np
import pytest
from lifetimes import BetaGeoFitter

from crm_pipeline.models.btyd_fitting import fit_purchases

TRUTH = {"r": 0.8, "alpha": 25.0, "a": 1.2, "b": 4.0}
SEEDS, CUSTOMERS, MOST = 100, 4000, 200


def simulate(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frequency, recency and T of the customers of a BG/NBD shop, recency in days and parts of days."""
    random = np.random.default_rng(seed)
    rate = random.gamma(TRUTH["r"], 1 / TRUTH["alpha"], CUSTOMERS)
    leaves_after = random.geometric(random.beta(TRUTH["a"], TRUTH["b"], CUSTOMERS))
    T = random.integers(200, 500, CUSTOMERS).astype(float)
    times = np.cumsum(random.exponential(1 / rate[:, None], (CUSTOMERS, MOST)), axis=1)
    is_made = (times < T[:, None]) & (np.arange(1, MOST + 1) <= leaves_after[:, None])
    return is_made.sum(axis=1).astype(float), np.where(is_made, times, 0.0).max(axis=1), T


def standard_errors(log_parameters: np.ndarray, history: tuple[np.ndarray, ...]) -> np.ndarray:
    """Of the logs of r, alpha, a and b: the inverse of the Hessian of the negative log-likelihood, by differences."""
    weights, step = np.ones(CUSTOMERS), 1e-3
    steps = step * np.eye(len(log_parameters))

    def loss(values: np.ndarray) -> float:
        return float(BetaGeoFitter._negative_log_likelihood(values, *history, weights, 0.0)) * CUSTOMERS

    hessian = [
        [
            sum(s * t * loss(log_parameters + s * one + t * other) for s in (1, -1) for t in (1, -1)) / (4 * step**2)
            for other in steps
        ]
        for one in steps
    ]
    return np.sqrt(np.diag(np.linalg.inv(np.array(hessian))))


@pytest.mark.full
def test_95_percent_intervals_hold_the_truth_of_90_to_99_percent_of_the_shops() -> None:
    held, truth = [], np.log(list(TRUTH.values()))
    for seed in range(SEEDS):
        history = simulate(seed)
        [(model, notes)] = fit_purchases(*history, np.ones(CUSTOMERS), 90, "bg_nbd")
        assert (model.family, notes) == ("bg_nbd", [])
        found = np.log([model.r, model.alpha, model.a, model.b])
        held.append(np.abs(found - truth) <= 1.96 * standard_errors(found, history))
    shares = np.mean(held, axis=0)
    assert ((shares >= 0.90) & (shares <= 0.99)).all(), dict(zip(TRUTH, shares, strict=True))
