"""Paired bootstrap intervals for metrics of models that scored the same rows.

Customers are drawn, not rows: one customer's rows of several snapshots are alike, and drawing rows would make the
intervals too short (Davison and Hinkley, 1997, section 3.8). Every model sees the same draws, so that the interval of
an improvement over the baseline is not blurred by which customers happened to be drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from crm_pipeline.models.metrics.regression import customer_mean
from crm_pipeline.models.metrics.samples import FloatArray, IntArray, Metric, Pairs, Sample, as_vector

RESULT_COLUMNS = (
    "model",
    "metric",
    "value",
    "lower",
    "upper",
    "baseline",
    "baseline_value",
    "improvement",
    "improvement_lower",
    "improvement_upper",
)
INTERVAL_ROW_CAP = 100_000
"""Rows that an interval is computed from; the value itself always comes from all rows."""

MINIMUM_CUSTOMERS = 20
"""Customers below which there is no interval: redrawing a handful shows how alike they are, not how sure the value is.
One customer alone would give an interval of no width, and with it the best of grades."""

_DRAWS_AT_ONCE = 25


def paired_bootstrap(
    truth: npt.ArrayLike,
    scores: Mapping[str, npt.ArrayLike],
    metrics: Mapping[str, Metric],
    customer_ids: npt.ArrayLike,
    baseline: str,
    replicates: int = 200,
    seed: int = 0,
    confidence: float = 0.95,
    row_cap: int = INTERVAL_ROW_CAP,
    minimum_customers: int = MINIMUM_CUSTOMERS,
) -> pd.DataFrame:
    """Every metric of every model, and its improvement over the baseline, with percentile intervals.

    Args:
        truth: outcomes, shape (n,).
        scores: predictions of each model, shape (n,) each, the baseline's among them.
        metrics: what to measure, keyed by the name to report.
        customer_ids: the customer of each row, shape (n,); all rows of a customer are drawn together.
        baseline: the key of `scores` to compare with.
        replicates: number of draws. seed: of the draws. confidence: of the two-sided intervals.
        row_cap: beyond this many rows, intervals come from a sample of customers with about that many rows, chosen
            by a hash of their ids. They are centred on the value of all rows, and narrowed by
            sqrt(sampled / all customers) ("m out of n bootstrap", Bickel, Goetze and van Zwet, 1997).
        minimum_customers: with fewer there are values, but no intervals.

    Returns:
        One row per model and metric, in the order given, with `RESULT_COLUMNS`. `improvement` is signed so that
        positive is better, also for losses; for a metric with a target it is the distance to the target that is saved.
        Intervals are shifted by the bootstrap's own bias (mean of the replicates less the value) and end at the
        metric's perfect value. The expected calibration error keeps what noise adds to it at this number of rows:
        its interval is about that figure, so gate models on a loss or a ranking instead. An undefined value is NaN,
        and so is an interval when fewer than half of the replicates are defined, or there are fewer than
        `minimum_customers`.
        The order of the rows does not change a bit of the result.

    Raises:
        ValueError: for an unknown baseline, missing values, missing customer ids, unequal lengths, or settings out
            of range.
    """
    _check_settings(scores, metrics, baseline, replicates, confidence, row_cap)
    codes, customers = _customer_codes(customer_ids)
    order = _canonical_order(codes, as_vector(truth, "truth"), scores)
    codes, outcome = codes[order], np.asarray(truth, dtype=np.float64)[order]
    predictions = [np.asarray(score, dtype=np.float64)[order] for score in scores.values()]

    pairs = [Pairs(outcome, prediction) for prediction in predictions]
    values = _measure(pairs, metrics, np.ones(len(outcome)))
    narrowing = 1.0
    if len(outcome) > row_cap:
        is_sampled = _sampled_customers(customers, codes, row_cap)
        narrowing = float(np.sqrt(is_sampled.mean()))
        is_row_sampled = is_sampled[codes]
        codes = (np.cumsum(is_sampled) - 1)[codes[is_row_sampled]]
        pairs = [Pairs(outcome[is_row_sampled], prediction[is_row_sampled]) for prediction in predictions]
    if all(metric is customer_mean for metric in metrics.values()):
        replicated = _mean_draws(codes, [pair.score for pair in pairs], len(metrics), replicates, seed)
    else:
        draws = [_measure(pairs, metrics, weights) for weights in _customer_weights(codes, replicates, seed)]
        replicated = np.stack(draws)
    if len(customers) < minimum_customers:
        replicated = np.full_like(replicated, np.nan)
    return _summarise(values, replicated, list(scores), metrics, baseline, confidence, narrowing)


def _measure(pairs: list[Pairs], metrics: Mapping[str, Metric], weights: FloatArray) -> FloatArray:
    """Metrics of all models under one set of weights, shape (models, metrics)."""
    samples = [Sample(each, weights) for each in pairs]
    return np.array([[metric.function(sample) for metric in metrics.values()] for sample in samples])


def _mean_draws(codes: IntArray, scores: list[FloatArray], metric_count: int, replicates: int, seed: int) -> FloatArray:
    """Means under the draws of `_customer_weights`, shape (replicates, models, metrics), from sums per customer."""
    row_counts = np.bincount(codes).astype(np.float64)
    sums = [np.bincount(codes, weights=score) for score in scores]
    totals = np.stack([*sums, row_counts])
    means = np.full((replicates, len(scores)), np.nan)
    drawn = _drawn_counts(len(row_counts), replicates, seed)
    for start in range(0, replicates if len(row_counts) else 0, _DRAWS_AT_ONCE):
        part = slice(start, start + _DRAWS_AT_ONCE)
        # without BLAS, whose last bits depend on the number of threads
        drawn_totals = np.einsum("rc,mc->rm", drawn[part].astype(np.float64), totals)
        means[part] = drawn_totals[:, :-1] / drawn_totals[:, -1:]
    return np.repeat(means[:, :, None], metric_count, axis=2)


@lru_cache(maxsize=2)
def _drawn_counts(customer_count: int, replicates: int, seed: int) -> npt.NDArray[np.uint16]:
    """How often each customer was drawn, (replicates, customers): the draws of `_customer_weights`.

    Kept, for the metrics of an evaluation mostly rest on the same customers.
    """
    random = np.random.default_rng(seed)
    counts = np.zeros((replicates, customer_count), dtype=np.uint16)
    for replicate in range(replicates if customer_count else 0):
        drawn = random.integers(customer_count, size=customer_count)
        counts[replicate] = np.bincount(drawn, minlength=customer_count)
    return counts


def _customer_weights(codes: IntArray, replicates: int, seed: int) -> Iterator[FloatArray]:
    """Per replicate, how often each row's customer was drawn: multinomial counts with equal chances."""
    random = np.random.default_rng(seed)
    customer_count = int(codes.max()) + 1 if len(codes) else 0
    for _ in range(replicates):
        drawn = random.integers(customer_count, size=customer_count) if customer_count else codes
        yield np.bincount(drawn, minlength=customer_count).astype(np.float64)[codes]


def _summarise(
    values: FloatArray,
    draws: FloatArray,
    models: list[str],
    metrics: Mapping[str, Metric],
    baseline: str,
    confidence: float,
    narrowing: float,
) -> pd.DataFrame:
    reference = models.index(baseline)
    rows: list[tuple[object, ...]] = []
    for i, model in enumerate(models):
        for j, (name, metric) in enumerate(metrics.items()):
            value, value_draws = values[i, j], draws[:, i, j]
            lower, upper = _clipped(metric, *_interval(value, value_draws, confidence, narrowing))
            goodness, goodness_draws = metric.goodness(values[:, j]), metric.goodness(draws[:, :, j])
            improvement = goodness[i] - goodness[reference]
            improvement_draws = goodness_draws[:, i] - goodness_draws[:, reference]
            bounds = _interval(improvement, improvement_draws, confidence, narrowing)
            rows.append((model, name, value, lower, upper, baseline, values[reference, j], improvement, *bounds))
    return pd.DataFrame(rows, columns=list(RESULT_COLUMNS))


def _interval(value: float, draws: FloatArray, confidence: float, narrowing: float) -> tuple[float, float]:
    """Percentile interval of the draws, moved onto `value` and narrowed; NaN when too few draws are defined."""
    defined = draws[np.isfinite(draws)]
    if not np.isfinite(value) or 2 * len(defined) < len(draws) or len(defined) < 2:
        return np.nan, np.nan
    tail = (1 - confidence) / 2
    lower, upper = (np.quantile(defined, [tail, 1 - tail]) - defined.mean()) * narrowing + value
    return float(lower), float(upper)


def _clipped(metric: Metric, lower: float, upper: float) -> tuple[float, float]:
    """An interval must not promise more than perfection."""
    if metric.perfect is None or metric.is_target:
        return lower, upper
    if metric.greater_is_better:
        return lower, min(upper, metric.perfect)
    return max(lower, metric.perfect), upper


def _customer_codes(customer_ids: npt.ArrayLike) -> tuple[IntArray, pd.Index]:
    """Each row's customer as a position in the sorted ids, and these ids."""
    codes, customers = pd.factorize(pd.Series(customer_ids), sort=True)
    if (codes < 0).any():
        raise ValueError(f"customer_ids has {int((codes < 0).sum())} missing ids")
    return codes, pd.Index(customers)


def _canonical_order(codes: IntArray, truth: FloatArray, scores: Mapping[str, npt.ArrayLike]) -> IntArray:
    """Rows by customer, then by all their values: what the caller's order was can no longer be seen.

    Floating-point sums depend on their order in the last bits; rows equal in all of these are interchangeable.
    """
    keys = [as_vector(scores[model], f"score of {model}") for model in sorted(scores)]
    for name, key in [("truth", truth), *zip(sorted(scores), keys, strict=True)]:
        if len(key) != len(codes):
            raise ValueError(f"{name} has {len(key)} rows and customer_ids {len(codes)}")
    return np.lexsort((*keys, truth, codes))


def _sampled_customers(customers: pd.Index, codes: IntArray, row_cap: int) -> npt.NDArray[np.bool_]:
    """Customers in the order of a hash of their ids, as many as fit into `row_cap` rows (at least one)."""
    names = customers.astype(str).to_numpy(dtype=object)
    hashes = pd.util.hash_array(names, categorize=False)
    by_hash = np.lexsort((np.arange(len(names)), hashes))
    rows_so_far = np.cumsum(np.bincount(codes, minlength=len(names))[by_hash])
    is_sampled = np.zeros(len(names), dtype=bool)
    is_sampled[by_hash[: max(1, int(np.searchsorted(rows_so_far, row_cap, side="right")))]] = True
    return is_sampled


def _check_settings(
    scores: Mapping[str, npt.ArrayLike],
    metrics: Mapping[str, Metric],
    baseline: str,
    replicates: int,
    confidence: float,
    row_cap: int,
) -> None:
    if baseline not in scores:
        raise ValueError(f"the baseline {baseline!r} is not among the scores: {', '.join(scores) or 'none'}")
    if not metrics:
        raise ValueError("no metrics were given")
    if replicates < 2:
        raise ValueError(f"replicates must be at least 2, not {replicates}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, not {confidence}")
    if row_cap < 1:
        raise ValueError(f"row_cap must be at least 1, not {row_cap}")
