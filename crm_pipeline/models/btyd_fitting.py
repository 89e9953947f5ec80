"""Maximum-likelihood fits of the purchase process on grouped histories, with a stated way down when one fails."""

from functools import partial
from typing import Literal

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln

from crm_pipeline.counting import counted
from crm_pipeline.models.btyd_pareto import ParetoModel, fit_pareto
from crm_pipeline.models.btyd_purchases import FloatArray, PurchaseModel
from crm_pipeline.models.quiet import quiet_lifetimes

Purchases = PurchaseModel | ParetoModel
Dropout = Literal["pareto_nbd", "bg_nbd", "mbg_nbd"]
Wanted = Literal["auto", "pareto_nbd", "bg_nbd", "mbg_nbd"]
MIN_REPEAT_CUSTOMERS = 10
PENALIZERS = (0.0, 1e-4, 1e-2)
LOG_BOUND = 12.0
CANDIDATES: tuple[Dropout, ...] = ("pareto_nbd", "bg_nbd")
"""What `auto` fits, for outcomes to choose from; in Pareto/NBD, the first, those without a repeat may have left."""
WAYS_DOWN: tuple[Dropout, ...] = ("bg_nbd", "mbg_nbd")


def fit_purchases(
    frequency: FloatArray,
    recency: FloatArray,
    T: FloatArray,
    weights: FloatArray,
    horizon_days: int,
    wanted: Wanted = "auto",
) -> list[tuple[Purchases, list[str]]]:
    """Fit the wanted family, or the candidates of `auto`; else BG/NBD, else MBG/NBD, else gamma-Poisson.

    All arrays have shape (groups,), days; `weights` counts the customers of a group. Never raises for a lack of data.

    Returns:
        At least one model, each with what is to be known of it; the one to take until outcomes are known comes first.
    """
    repeaters = float(weights[frequency > 0].sum())
    if repeaters < MIN_REPEAT_CUSTOMERS:
        notes = [
            f"{repeaters:.0f} of {counted(round(float(weights.sum())), 'customer')} bought again, "
            f"and a drop-out model needs {MIN_REPEAT_CUSTOMERS}: "
            "purchases follow the past rate, shrunk towards the mean (gamma-Poisson)"
        ]
        return [(_fit_gamma_poisson(frequency, T, weights, horizon_days), notes)]
    first = CANDIDATES if wanted == "auto" else (wanted,)
    found: list[tuple[Purchases, list[str]]] = []
    failures: list[str] = []
    for family in (*first, *(name for name in WAYS_DOWN if name not in first)):
        if found and family not in first:
            break
        model, notes = _fit_family(family, frequency, recency, T, weights)
        if model is None:
            failures += notes
        else:
            found.append((model, notes))
    if found:
        return [(model, [*failures, *notes]) for model, notes in found]
    failures.append("no drop-out model could be fitted: purchases follow the past rate, shrunk (gamma-Poisson)")
    return [(_fit_gamma_poisson(frequency, T, weights, horizon_days), failures)]


def _fit_family(
    family: Dropout, frequency: FloatArray, recency: FloatArray, T: FloatArray, weights: FloatArray
) -> tuple[Purchases | None, list[str]]:
    """The fit with the least penalizer that works, and a note on it; or none, and why."""
    if family == "pareto_nbd":
        pareto, failure = fit_pareto(frequency, recency, T, weights)
        return pareto, [f"pareto_nbd was not used: {failure}"] if pareto is None else []
    failures: list[str] = []
    for penalizer in PENALIZERS:
        model, failure = _fit_dropout(family, penalizer, frequency, recency, T, weights)
        if model is not None:
            return model, [*failures, f"{family} needed a penalizer of {penalizer:g}"] if penalizer else []
        failures.append(f"{family} with penalizer {penalizer:g} was not used: {failure}")
    return None, failures


def _fit_dropout(
    family: Literal["bg_nbd", "mbg_nbd"],
    penalizer: float,
    frequency: FloatArray,
    recency: FloatArray,
    T: FloatArray,
    weights: FloatArray,
) -> tuple[PurchaseModel | None, str]:
    """One fit by lifetimes, which rescales time so that the longest T is one; the model, or the reason for none."""
    with quiet_lifetimes():
        from lifetimes import BetaGeoFitter, ModifiedBetaGeoFitter
        from lifetimes.utils import ConvergenceError

        fitter = {"bg_nbd": BetaGeoFitter, "mbg_nbd": ModifiedBetaGeoFitter}[family](penalizer_coef=penalizer)
        # Bounds select L-BFGS-B: it cannot run to infinity where nobody leaves, and does not stop with the
        # "precision loss" that the unbounded default raises on large, regular shops.
        fitter._fit = partial(fitter._fit, bounds=[(-LOG_BOUND, LOG_BOUND)] * 4)
        try:
            fitter.fit(frequency, recency, np.maximum(T, 1e-3), weights=weights, tol=1e-10)
        except (ConvergenceError, np.linalg.LinAlgError, ValueError, FloatingPointError) as error:
            return None, " ".join(str(error).split()) or type(error).__name__
    r, alpha, a, b = (float(fitter.params_[name]) for name in ("r", "alpha", "a", "b"))
    if not np.isfinite([r, alpha, a, b]).all():
        return None, "its parameters are not finite"
    return PurchaseModel(family, r, alpha, a, b), ""


def _fit_gamma_poisson(frequency: FloatArray, T: FloatArray, weights: FloatArray, horizon_days: int) -> PurchaseModel:
    """Empirical-Bayes purchase rates without drop-out: frequency ~ negative binomial with exposure T.

    The spread r is estimated from ten repeat customers on, else taken as 1; the mean rate is always the observed one.
    Without any repeat purchase half a purchase is assumed over all days seen and one more horizon per customer.
    """
    purchases, exposure = float(weights @ frequency), float(weights @ T)
    r, rate = 1.0, purchases / max(exposure, 1.0)
    if purchases == 0:
        rate = 0.5 / (exposure + horizon_days * float(weights.sum()))
    if float(weights[frequency > 0].sum()) >= MIN_REPEAT_CUSTOMERS:

        def negative_log_likelihood(log_r: FloatArray) -> float:
            r = float(np.exp(log_r[0]))
            alpha = r / rate
            terms = gammaln(r + frequency) - gammaln(r) + r * np.log(alpha) - (r + frequency) * np.log(alpha + T)
            return -float(weights @ terms) / float(weights.sum())

        fit = minimize(negative_log_likelihood, x0=[0.0], method="L-BFGS-B", bounds=[(-5.0, 7.0)])
        r = float(np.exp(fit.x[0])) if np.isfinite(fit.x[0]) else 1.0
    return PurchaseModel("gamma_poisson", r, r / rate, 0.0, 1.0)
