"""How long customer value and clusters take on a million customers, beside plain lifetimes and plain K-means.

`python -m benchmarks.value_model` draws customers whose order days follow BG/NBD and whose spend follows gamma-gamma,
with forty features that tell of them with noise; then, as the pipeline does, it fits the purchase and spend models on
grouped histories, the blend on 100,000 known outcomes of two snapshots, scores everyone with intervals, and clusters
everyone. Plain lifetimes fits the same customers one by one and predicts with its own functions; plain K-means clusters
all rows. One JSON object with seconds and processor seconds is printed; memory is that of the process so far at its
peak.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.churn_model import BATCH_ROWS, _timed, customers
from crm_pipeline.features.clv_fit import fit
from crm_pipeline.features.clv_judgement import with_references
from crm_pipeline.models.btyd import FittedBtyd
from crm_pipeline.models.clustering import fit_segments
from crm_pipeline.models.value import BLEND, CHANCE, ValueModel, fit_value

HORIZON_DAYS = 30
KNOWN_ROWS, LEVEL_ROWS, SPENDERS = 100_000, 50_000, 100_000
BEHAVIOUR = 8
"""Features that the pipeline clusters by."""


def shop(count: int, snapshot: int, seed: int) -> pd.DataFrame:
    """Features, history (frequency, recency, T, monetary_value) and spend of the horizon, one row per customer."""
    frame = customers(count, 40, snapshot, seed).drop(columns=["is_churned", "expected_purchases"])
    own, drawn = np.random.default_rng(seed + 7), np.random.default_rng([seed, snapshot, 7])
    T = frame["tenure_days"].to_numpy()
    rate, lasts = own.gamma(0.8, 1 / 25, count), own.exponential(400, count)
    frequency = np.minimum(drawn.poisson(rate * np.minimum(T, lasts)), T - 1)
    recency = np.maximum(np.floor(np.minimum(T, lasts) * frequency / (frequency + 1)), frequency)
    level = 1 / own.gamma(5, 1 / 60, count)
    value = np.where(frequency > 0, drawn.gamma(4.0 * np.maximum(frequency, 1)) * level / np.maximum(frequency, 1), 0.0)
    bought = drawn.poisson(rate * HORIZON_DAYS * (lasts > T))
    return frame.assign(
        frequency=frequency,
        recency=np.where(frequency > 0, recency, 0).astype(int),
        T=T,
        monetary_value=value.round(4),
        spend=np.where(bought > 0, drawn.gamma(4.0 * np.maximum(bought, 1)) * level, 0.0),
    )


def measure(count: int, seed: int) -> dict[str, Any]:
    """Draw, then time every step."""
    found: dict[str, Any] = {"customers": count}
    current = shop(count, 2, seed).drop(columns="spend")
    known = pd.concat([shop(KNOWN_ROWS // 2, number, seed) for number in range(2)], ignore_index=True)
    btyd = _timed(found, "btyd_fit", lambda: _fit_btyd(current))
    model = _timed(found, "blend_fit", lambda: _fit_blend(known, current, btyd))
    scores = _timed(found, "score", lambda: _score(model, btyd, current))
    found["clv_seconds"] = round(sum(found[f"{part}_seconds"] for part in ("btyd_fit", "blend_fit", "score")), 2)
    found["mean_expected_spend"] = round(float(scores.mean()), 4)
    behaviour = current[["customer_id", *current.columns[3 : 3 + BEHAVIOUR]]]
    found["clusters"] = _timed(found, "clusters", lambda: _cluster(behaviour))
    found["peak_memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    _timed(found, "plain_lifetimes", lambda: _plain_lifetimes(current))
    _timed(found, "plain_kmeans", lambda: _plain_kmeans(behaviour, max(found["clusters"], 2)))
    return found


def _fit_btyd(current: pd.DataFrame) -> FittedBtyd:
    histories = current.groupby(["frequency", "recency", "T"]).size().rename("customer_count").reset_index()
    spenders = current.head(SPENDERS)[["frequency", "monetary_value"]].assign(customer_count=1)
    return fit(histories, spenders, HORIZON_DAYS)[0]


def _fit_blend(known: pd.DataFrame, current: pd.DataFrame, btyd: FittedBtyd) -> ValueModel:
    sample = with_references(current.head(LEVEL_ROWS), btyd, HORIZON_DAYS)
    return fit_value(with_references(known, btyd, HORIZON_DAYS), sample, HORIZON_DAYS)[0]


def _score(model: ValueModel, btyd: FittedBtyd, current: pd.DataFrame) -> pd.Series[float]:
    """Expected spend, discounted value and its interval, batch by batch; the spend is returned."""
    parts = []
    for start in range(0, len(current), BATCH_ROWS):
        rows = with_references(current.iloc[start : start + BATCH_ROWS], btyd, HORIZON_DAYS)
        found = model.predict(rows).assign(factor=btyd.discount_factors(rows, 0.1))
        if model.intervals is not None:
            chance, forecast = found[CHANCE].to_numpy(), found[BLEND].to_numpy()
            found = found.assign(
                lower=model.intervals.quantile(chance, forecast, 0.1),
                upper=model.intervals.quantile(chance, forecast, 0.9),
            )
        parts.append(found[BLEND])
    spend: pd.Series[float] = pd.concat(parts)
    return spend


def _cluster(behaviour: pd.DataFrame) -> int:
    fitted = fit_segments(behaviour)
    fitted.predict(behaviour)
    return fitted.k


def _plain_lifetimes(current: pd.DataFrame) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifetimes import BetaGeoFitter, GammaGammaFitter

        history = [current[name] for name in ("frequency", "recency", "T")]
        purchases = BetaGeoFitter(penalizer_coef=0.001).fit(*history)
        came_back = current[(current["frequency"] > 0) & (current["monetary_value"] > 0)]
        spend = GammaGammaFitter(penalizer_coef=0.001).fit(came_back["frequency"], came_back["monetary_value"])
        purchases.conditional_expected_number_of_purchases_up_to_time(HORIZON_DAYS, *history)
        spend.customer_lifetime_value(purchases, *history, current["monetary_value"], time=1, freq="D")


def _plain_kmeans(behaviour: pd.DataFrame, k: int) -> None:
    from sklearn.cluster import KMeans
    from sklearn.preprocessing import StandardScaler

    values = behaviour.drop(columns="customer_id").astype("float64")
    KMeans(k, n_init=10, random_state=0).fit_predict(StandardScaler().fit_transform(values.fillna(values.median())))


def main() -> int:
    """Print the measurements as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print(json.dumps(measure(args.customers, args.seed)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
