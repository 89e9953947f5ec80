"""How often a customer will buy again, by Pareto/NBD: customers may leave at any time, not only after a purchase.

While alive a customer buys at a rate lambda ~ Gamma(r, alpha); the lifetime is exponential with a rate mu ~ Gamma(s,
beta), independent of it, so a customer who never came back may have left as well. All that is not closed is one
integral over the time of death between the last purchase and the snapshot. It is taken by Gauss-Legendre nodes on a
logarithmic scale of time, cut where the integrand has fallen below exp(-36): the chance to be alive is exact to eleven
decimals for any history and parameters, where the usual difference of hypergeometric functions loses its digits for
heavy buyers.

Sources: Schmittlein, Morrison and Colombo (1987), "Counting Your Customers: Who Are They and What Will They Do Next?",
Management Science 33 (1), 1-24; Fader and Hardie (2005), "A Note on Deriving the Pareto/NBD Model and Related
Expressions".
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import minimize
from scipy.special import betainc as regularized_beta
from scipy.special import digamma, expit, exprel, gammaln

from crm_pipeline.models.btyd_purchases import FloatArray

LOG_BOUND = 12.0
"""Parameters lie within exp(-12) and exp(12), times in units of the longest T."""
CHUNK = 20_000
_FALL = 36.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2


@dataclass(frozen=True)
class ParetoModel:
    """Fitted parameters of Pareto/NBD. Every array argument has shape (n,) and is in days.

    frequency: repeat order days; recency: days from the first to the last; T: days from the first to the snapshot.
    """

    r: float
    alpha: float
    s: float
    beta: float
    family: Literal["pareto_nbd"] = "pareto_nbd"

    @property
    def has_dropout(self) -> bool:
        """Customers can leave for good."""
        return True

    def probability_alive(self, frequency: FloatArray, recency: FloatArray, T: FloatArray) -> FloatArray:
        """Probability that the customer has not left by the snapshot; shape (n,)."""
        parameters = np.array([self.r, self.alpha, self.s, self.beta])
        found = [_death(parameters, *part)[0] for part in _chunks(frequency, recency, T)]
        return np.asarray(expit(-np.concatenate([np.zeros(0), *found])))

    def expected_purchases(self, frequency: FloatArray, recency: FloatArray, T: FloatArray, days: float) -> FloatArray:
        """Expected order days in the `days` after the snapshot; shape (n,), finite for any history.

        The chance to be alive x the posterior mean rate x the days that an alive customer can expect to stay.
        """
        span = np.log1p(days / (self.beta + T))
        stay = (self.beta + T) * span * exprel((1 - self.s) * span)
        rate = (self.r + frequency) / (self.alpha + T)
        return np.asarray(self.probability_alive(frequency, recency, T) * rate * stay)

    def purchases_reach(
        self, n: FloatArray, alive: FloatArray, frequency: FloatArray, T: FloatArray, days: float
    ) -> FloatArray:
        """Probability of at least `n` >= 1 order days in the next `days`; all arrays of shape (n,).

        Given the history and alive, the lifetime is Pareto with s and beta + T, and independent of lambda: the chance
        to make n purchases while alive is averaged over quantiles of the lifetime within the horizon, and beyond it.
        """
        leaves = -np.expm1(-self.s * np.log1p(days / (self.beta + T)))
        until = (self.beta + T[:, None]) * np.expm1(-np.log1p(-leaves[:, None] * _NODES) / self.s)
        until = np.minimum(until, days)
        count, shape, exposure = n[:, None], self.r + frequency[:, None], self.alpha + T[:, None]
        cut_short = regularized_beta(count, shape, until / (exposure + until)) @ _WEIGHTS
        in_time = regularized_beta(n, self.r + frequency, days / (self.alpha + T + days))
        return np.asarray(alive * (leaves * cut_short + (1 - leaves) * in_time))


def fit_pareto(
    frequency: FloatArray, recency: FloatArray, T: FloatArray, weights: FloatArray
) -> tuple[ParetoModel | None, str]:
    """Maximum likelihood on grouped histories; the model, or the reason for none.

    All arrays have shape (groups,), days; `weights` counts the customers of a group.
    """
    scale = float(T.max())
    if scale <= 0:
        return None, "nobody was seen for a day"
    x, t_x, age, total = frequency, recency / scale, T / scale, float(weights.sum())

    def loss(logs: FloatArray) -> tuple[float, FloatArray]:
        values, gradients = log_likelihood(np.exp(logs), x, t_x, age)
        # sums, not matrix products: their last bits do not depend on the number of threads
        slope = (weights[:, None] * gradients).sum(axis=0) * np.exp(logs)
        return -float((weights * values).sum()) / total, -slope / total

    bounds = [(-LOG_BOUND, LOG_BOUND)] * 4
    found = minimize(loss, np.zeros(4), jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-13})
    r, alpha, s, beta = np.exp(found.x).tolist()
    if not (np.isfinite(found.x).all() and np.isfinite(found.fun)):
        return None, "its parameters are not finite"
    return ParetoModel(r, alpha * scale, s, beta * scale), ""


def log_likelihood(
    parameters: FloatArray, frequency: FloatArray, recency: FloatArray, T: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Log-likelihood of each history, (n,), and its derivatives by r, alpha, s and beta, (n, 4); times in one unit."""
    r, alpha, s, beta = parameters
    parts = [_death(parameters, *part) for part in _chunks(frequency, recency, T)]
    log_odds = np.concatenate([part[0] for part in parts])
    by_odds = np.concatenate([part[1] for part in parts])
    k, seen, lived = r + frequency, np.log(alpha + T), np.log(beta + T)
    value = gammaln(k) - gammaln(r) + r * np.log(alpha) - k * seen + s * (np.log(beta) - lived)
    by_parameter = np.column_stack(
        [
            digamma(k) - digamma(r) + np.log(alpha) - seen,
            r / alpha - k / (alpha + T),
            np.log(beta) - lived,
            s / beta - s / (beta + T),
        ]
    )
    return value + np.logaddexp(0, log_odds), by_parameter + expit(log_odds)[:, None] * by_odds


def _death(
    parameters: FloatArray, frequency: FloatArray, recency: FloatArray, T: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Log-odds of having left by T, (n,), and their derivatives by r, alpha, s and beta, (n, 4).

    The odds are the integral over y from recency to T of s ((alpha + T) / (alpha + y))^(r + x) ((beta + T) / (beta +
    y))^s / (beta + y); derivatives are means under that integrand.
    """
    r, alpha, s, beta = parameters
    x, first, last = frequency[:, None], recency[:, None], T[:, None]
    k, least = r + x, min(alpha, beta)
    # in v = log((least + y) / (least + recency)) the integrand falls at least as fast as exp(-fall x v)
    fall = k * (least + first) / (alpha + first) + s * (least + first) / (beta + first)
    width = np.minimum(np.log((least + last) / (least + first)), _FALL / fall)
    y = np.minimum((least + first) * np.exp(width * _NODES) - least, last)
    rate_ratio, life_ratio = np.log((alpha + last) / (alpha + y)), np.log((beta + last) / (beta + y))
    top = k * np.log((alpha + last) / (alpha + first)) + s * np.log((beta + last) / (beta + first))
    density = np.exp(k * rate_ratio + s * life_ratio - top) * (least + y) / (beta + y) * _WEIGHTS
    mass = density.sum(axis=1)
    with np.errstate(divide="ignore"):  # who bought on the last day has no time to have left in: odds of 0
        log_odds = top[:, 0] + np.log(s * width[:, 0] * mass)
    means = [
        rate_ratio,
        k * (1 / (alpha + last) - 1 / (alpha + y)),
        1 / s + life_ratio,
        s / (beta + last) - (s + 1) / (beta + y),
    ]
    return log_odds, np.column_stack([(density * mean).sum(axis=1) / mass for mean in means])


def _chunks(*arrays: FloatArray) -> list[tuple[FloatArray, ...]]:
    count = max(1, -(-len(arrays[0]) // CHUNK))
    return [tuple(array[start * CHUNK : (start + 1) * CHUNK] for array in arrays) for start in range(count)]
