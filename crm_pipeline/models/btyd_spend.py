"""What a customer spends on an order day: the gamma-gamma model, and quantiles of the spend to come.

Source: Fader, Hardie and Lee (2005), "RFM and CLV: Using Iso-Value Curves for Customer Base Analysis", Journal of
Marketing Research 42 (4), 415-430; Fader and Hardie (2013), "The Gamma-Gamma Model of Monetary Value".
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc, spearmanr

from crm_pipeline.models.btyd_purchases import FloatArray, PurchaseProcess
from crm_pipeline.models.quiet import quiet_lifetimes

MIN_SPENDERS = 10
MIN_Q = 1.5  # at q <= 1 the model's mean spend is infinite, just above it the mean hangs on a handful of customers
STRONG_CORRELATION = 0.3
DRAWS = 256
CHUNK = 10_000


@dataclass(frozen=True)
class SpendModel:
    """Spend of one order day ~ Gamma(p, rate nu), nu ~ Gamma(q, rate v); v in the currency. v = 0: no spend known."""

    p: float
    q: float
    v: float

    @property
    def mean(self) -> float:
        """Expected spend per order day of a customer without repeats."""
        return self.p * self.v / (self.q - 1)

    def expected_order_value(self, frequency: FloatArray, monetary_value: FloatArray) -> FloatArray:
        """Expected spend per order day given the mean of `frequency` repeat days; shape (n,), never negative."""
        own = self.p * frequency / (self.p * frequency + self.q - 1)
        return np.asarray((1 - own) * self.mean + own * np.maximum(monetary_value, 0.0))

    def scale(self, frequency: FloatArray, monetary_value: FloatArray) -> FloatArray:
        """Rate of the posterior of nu; the scale-free quantiles of `spend_quantiles` are multiplied by it."""
        return np.asarray(self.v + frequency * np.maximum(monetary_value, 0.0))


def fit_spend(frequency: FloatArray, monetary_value: FloatArray) -> tuple[SpendModel, list[str]]:
    """Fit the gamma-gamma model to customers with repeats and positive spend; return it with what is to be known.

    Both arrays have shape (customers,); the result does not depend on their order.
    """
    used = (frequency > 0) & (monetary_value > 0)
    x, m = frequency[used], monetary_value[used]
    if len(x) == 0:
        known = np.sort(monetary_value[monetary_value > 0])
        if len(known) == 0:
            return SpendModel(1.0, 2.0, 0.0), ["no customer has any spend: expected spend is 0"]
        return SpendModel(1.0, 2.0, float(known.mean())), ["no repeat spend: everyone is expected to spend the mean"]
    pairs, counts = np.unique(np.column_stack([x, m]), axis=0, return_counts=True)
    x, m, weights = pairs[:, 0], pairs[:, 1], counts.astype(np.float64)
    mean = float(np.average(m, weights=weights * x))
    notes = _correlation_notes(np.repeat(x, counts), np.repeat(m, counts))
    if weights.sum() < MIN_SPENDERS or np.ptp(m) == 0:
        notes.append("too few or all equal repeat spends for gamma-gamma: own mean and overall mean weigh as one order")
        return SpendModel(1.0, 2.0, mean), notes
    p, q, v = _fit_gamma_gamma(x, m / mean, weights)
    if not np.isfinite([p, q, v]).all():
        notes.append("gamma-gamma did not converge: own mean and overall mean weigh as one order")
        return SpendModel(1.0, 2.0, mean), notes
    if q < MIN_Q:
        notes.append(f"spend has a very heavy tail (q = {q:.2f}): its mean is taken from the data")
        q = MIN_Q
        v = (q - 1) / p
    return SpendModel(p, q, v * mean), notes


def _fit_gamma_gamma(x: FloatArray, m: FloatArray, weights: FloatArray) -> tuple[float, float, float]:
    """Parameters p, q, v by lifetimes, in units of the mean spend; NaN when no attempt converges."""
    with quiet_lifetimes():
        from lifetimes import GammaGammaFitter
        from lifetimes.utils import ConvergenceError

        for penalizer in (0.0, 1e-4, 1e-2):
            fitter = GammaGammaFitter(penalizer_coef=penalizer)
            try:
                fitter.fit(x, m, weights=weights, q_constraint=True, tol=1e-9)
            except (ConvergenceError, np.linalg.LinAlgError, ValueError, FloatingPointError):
                continue  # the next penalizer; the caller reports when all are used up
            p, q, v = (float(fitter.params_[name]) for name in ("p", "q", "v"))
            if np.isfinite([p, q, v]).all() and max(p, q, v) < 1e6:
                return p, q, v
    return np.nan, np.nan, np.nan


def _correlation_notes(x: FloatArray, m: FloatArray) -> list[str]:
    """The gamma-gamma model takes frequency and spend as independent: say when the data contradict it."""
    if len(x) < MIN_SPENDERS or np.ptp(x) == 0 or np.ptp(m) == 0:
        return []
    rho = float(spearmanr(x, m).statistic)
    if abs(rho) < STRONG_CORRELATION:
        return []
    side = "understated" if rho > 0 else "overstated"
    return [f"frequency and spend per order day correlate (Spearman {rho:.2f}): the value of heavy buyers is {side}"]


def spend_quantiles(
    purchases: PurchaseProcess,
    spend: SpendModel,
    frequency: FloatArray,
    recency: FloatArray,
    T: FloatArray,
    days: float,
    levels: tuple[float, float],
    seed: int,
) -> FloatArray:
    """Predictive quantiles of the spend in the next `days`, divided by `SpendModel.scale`; shape (groups, 2).

    Spend given N order days is Gamma(p N) / Gamma(q + p frequency) times the scale, so its distribution depends on
    the history of purchases alone. Every group uses the same quasi-random points: a customer's interval does not
    depend on who else is in the table.
    """
    points = qmc.Sobol(d=4, scramble=True, rng=np.random.default_rng(seed)).random(DRAWS)
    order = np.argsort(points[:, 0])
    beyond = 1 - (np.arange(DRAWS) + 0.5) / DRAWS
    z_spend, z_level, u = ndtri(points[order, 1]), ndtri(points[order, 2]), points[order, 3]
    alive = purchases.probability_alive(frequency, recency, T)
    expected = purchases.expected_purchases(frequency, recency, T, days) / np.maximum(alive, 1e-12)
    result = np.empty((len(frequency), 2))
    for start in range(0, len(frequency), CHUNK):
        rows = slice(start, start + CHUNK)
        n = _draw_purchases(purchases, alive[rows], expected[rows], frequency[rows], T[rows], days, beyond)
        level = _gamma_draws(np.broadcast_to(spend.q + spend.p * frequency[rows, None], n.shape), z_level, u)
        amount = np.where(n > 0, _gamma_draws(spend.p * np.maximum(n, 1), z_spend, u) / level, 0.0)
        result[rows] = np.quantile(amount, levels, axis=1).T
    return result


def _draw_purchases(
    model: PurchaseProcess,
    alive: FloatArray,
    expected: FloatArray,
    frequency: FloatArray,
    T: FloatArray,
    days: float,
    beyond: FloatArray,
) -> FloatArray:
    """Order days at each exceedance probability in `beyond` (falling); shape (rows, draws). Inverse of P(N >= n)."""
    stride = np.maximum(1.0, np.ceil(expected / 100))  # a hundredth of a heavy buyer's expectation is fine enough
    counts = np.zeros((len(alive), len(beyond)))
    active = np.arange(len(alive))
    step = 0
    while len(active):
        step += 1
        reached = model.purchases_reach(stride[active] * step, alive[active], frequency[active], T[active], days)
        counts[active] += reached[:, None] > beyond
        active = active[reached > beyond[-1]]
    return np.asarray(counts * stride[:, None] + (counts > 0) * (stride[:, None] - 1) / 2)


def _gamma_draws(shape: FloatArray, z: FloatArray, u: FloatArray) -> FloatArray:
    """Gamma variates from normal points by the cube of Marsaglia and Tsang (2000), without its rejection step.

    The cube is accurate from shape 1 on; below, Gamma(k) = Gamma(k + 1) * u^(1 / k).
    """
    boosted = np.where(shape < 1, shape + 1, shape)
    d = boosted - 1 / 3
    draws = d * np.maximum(1 + z / (3 * np.sqrt(d)), 0.0) ** 3
    return np.asarray(np.where(shape < 1, draws * u ** (1 / np.minimum(shape, 1)), draws))
