"""How often a customer will buy again: BG/NBD, MBG/NBD and the gamma-Poisson rate without drop-out, in days.

While alive a customer buys at a rate lambda ~ Gamma(r, alpha); after each purchase (MBG/NBD: also at the start)
they leave for good with probability p ~ Beta(a, b). The models differ only in when a customer can leave, so one
class holds them; gamma-Poisson is the limit where nobody leaves.

Sources: Fader, Hardie and Lee (2005), "Counting Your Customers the Easy Way", Marketing Science 24 (2), 275-284;
Batislam, Denizel and Filiztekin (2007), International Journal of Research in Marketing 24 (3), 201-209 (MBG/NBD).
"""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc as regularized_beta
from scipy.special import betaincinv, betaln, expit, hyp2f1

FloatArray = NDArray[np.float64]
Family = Literal["bg_nbd", "mbg_nbd", "gamma_poisson"]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(96)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2


class PurchaseProcess(Protocol):
    """What every fitted family can say. Every array has shape (n,) and is in days; see `PurchaseModel`."""

    @property
    def has_dropout(self) -> bool:
        """Whether customers can leave for good."""

    def probability_alive(self, frequency: FloatArray, recency: FloatArray, T: FloatArray) -> FloatArray:
        """Probability that the customer has not left by the snapshot."""

    def expected_purchases(self, frequency: FloatArray, recency: FloatArray, T: FloatArray, days: float) -> FloatArray:
        """Expected order days in the `days` after the snapshot."""

    def purchases_reach(
        self, n: FloatArray, alive: FloatArray, frequency: FloatArray, T: FloatArray, days: float
    ) -> FloatArray:
        """Probability of at least `n` >= 1 order days in the next `days`."""


@dataclass(frozen=True)
class PurchaseModel:
    """Fitted parameters of the purchase process. Every array argument has shape (n,) and is in days.

    frequency: repeat order days; recency: days from the first to the last; T: days from the first to the snapshot.
    `a` and `b` have no meaning for `gamma_poisson`.
    """

    family: Family
    r: float
    alpha: float
    a: float
    b: float

    @property
    def has_dropout(self) -> bool:
        """Whether customers can leave for good."""
        return self.family != "gamma_poisson"

    def probability_alive(self, frequency: FloatArray, recency: FloatArray, T: FloatArray) -> FloatArray:
        """Probability that the customer has not left by the snapshot; shape (n,).

        BG/NBD: Fader, Hardie and Lee (2008), "Computing P(alive) Using the BG/NBD Model"; there a customer without
        repeats cannot have left, so it is 1.
        """
        if not self.has_dropout:
            return np.ones_like(frequency)
        silence = (self.r + frequency) * np.log((self.alpha + T) / (self.alpha + recency))
        if self.family == "mbg_nbd":
            return np.asarray(expit(np.log(self.b + frequency) - np.log(self.a) - silence))
        log_odds = np.log(self.b + np.maximum(frequency, 1) - 1) - np.log(self.a) - silence
        return np.where(frequency == 0, 1.0, expit(log_odds))

    def expected_purchases(self, frequency: FloatArray, recency: FloatArray, T: FloatArray, days: float) -> FloatArray:
        """Expected order days in the `days` after the snapshot; shape (n,), finite for any history.

        The published formula (equation 10 of the paper) multiplies a vanishing power with an exploding 2F1 for heavy
        buyers. Euler's transformation of the same 2F1 keeps every factor near one; the few cases where that loses
        its digits too are integrated numerically.
        """
        rate = (self.r + frequency) / (self.alpha + T)
        if not self.has_dropout or days == 0:
            return rate * days
        b = self._survivals(frequency)
        z = days / (self.alpha + T + days)
        with np.errstate(all="ignore"):
            shrink = (1 - z) ** (self.a - 1) * hyp2f1(
                self.a + b - 1 - self.r - frequency, self.a - 1, self.a + b - 1, z
            )
            if_alive = (self.a + b - 1) / (self.a - 1) * (1 - shrink)
            lost = ~(np.abs(1 - shrink) > 1e-8) | ~(if_alive > 0) | ~(if_alive <= rate * days * (1 + 1e-9))
        if self.a > 10:  # 2F1 itself becomes unreliable there
            lost[:] = True
        if lost.any():
            if_alive[lost] = self._integrate(frequency[lost], T[lost], days)
        return np.asarray(if_alive * self.probability_alive(frequency, recency, T))

    def purchases_reach(
        self, n: FloatArray, alive: FloatArray, frequency: FloatArray, T: FloatArray, days: float
    ) -> FloatArray:
        """Probability of at least `n` >= 1 order days in the next `days`; all arrays of shape (n,).

        The customer must survive n - 1 purchases and make n in time; given the history, lambda and p are independent:
        P(N >= n) = P(alive) * E[(1 - p)^(n - 1)] * I_z(n, r + frequency), z = days / (alpha + T + days).
        """
        in_time = regularized_beta(n, self.r + frequency, days / (self.alpha + T + days))
        if not self.has_dropout:
            return np.asarray(alive * in_time)
        b = self._survivals(frequency)
        return np.asarray(alive * in_time * np.exp(betaln(self.a, b + n - 1) - betaln(self.a, b)))

    def _survivals(self, frequency: FloatArray) -> FloatArray:
        """Second parameter of the Beta posterior of p for a customer who is alive."""
        return self.b + frequency + (self.family == "mbg_nbd")

    def _integrate(self, frequency: FloatArray, T: FloatArray, days: float) -> FloatArray:
        """E[(1 - exp(-lambda p days)) / p] over the posterior: lambda in closed form, p by Gauss-Legendre quantiles."""
        result = np.empty_like(frequency)
        for start in range(0, len(frequency), 10_000):
            rows = slice(start, start + 10_000)
            x, horizon = frequency[rows, None], days / (self.alpha + T[rows, None])
            p = np.maximum(betaincinv(self.a, self._survivals(x), _NODES), 1e-300)
            result[rows] = (-np.expm1(-(self.r + x) * np.log1p(p * horizon)) / p) @ _WEIGHTS
        return result
