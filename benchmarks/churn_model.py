"""How long the churn models take on a million customers with forty features, and what memory they need.

`python -m benchmarks.churn_model` (or the part `churn` of `benchmarks.run`) draws customers whose orders are Poisson
with rates of their own, and features that tell of these with noise, at three snapshots a month apart; then, as the
pipeline does, it fits every candidate on the two whose outcome is known, scores everyone at the third with every
candidate, and explains the tenth likeliest to leave exactly, in words. One JSON object with seconds, processor seconds
and sizes is printed; memory is that of the process.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import numpy as np
import pandas as pd

from crm_pipeline.churn.churn_predictions import EXACT_REASON_ROWS, REASON_COUNT, _reasons
from crm_pipeline.models.classifiers import fit_churn
from crm_pipeline.models.classifiers_btyd import with_btyd
from crm_pipeline.models.classifiers_fitted import FittedChurn
from crm_pipeline.models.metrics import roc_auc

HORIZON_DAYS = 30
BATCH_ROWS = 250_000
"""As many rows as the pipeline gives its functions at once."""
LEVEL_ROWS = 100_000
WINDOWS = (30, 60, 90, 180, 365)
FIRST = pd.Timestamp("2024-01-01")


def customers(count: int, features: int, snapshot: int, seed: int) -> pd.DataFrame:
    """One snapshot of `count` customers, `features` columns to learn from, and is_churned.

    Rates of orders (per day) stay with the customer; what is seen of them is drawn anew at each snapshot.
    """
    own = np.random.default_rng(seed)
    rate = own.gamma(0.8, 0.05, count) + 1e-4
    drawn = np.random.default_rng([seed, snapshot])
    tenure = 200 + 30 * snapshot + own.integers(0, 500, count)
    days = np.minimum(np.floor(drawn.exponential(1 / rate)), tenure)
    columns: dict[str, Any] = {
        "snapshot_date": FIRST + pd.DateOffset(months=snapshot),
        "customer_id": np.char.add("c", np.char.zfill(np.arange(count).astype(str), 8)),
        "is_active": days <= 90,
        "is_churned": drawn.random(count) < np.exp(-rate * HORIZON_DAYS * (1 + 0.5 * (days < 10))),
        "days_since_last_order": days,
        "tenure_days": tenure,
        "order_day_rate": drawn.poisson(rate * tenure).clip(1) / tenure,
        "expected_purchases": rate * HORIZON_DAYS * drawn.gamma(10, 0.1, count),
    }
    stems = ("order_count", "spend_amount", "product_count", "discount_share", "return_share", "mean_basket_amount")
    names = [f"{stem}_{window}d" for stem in stems for window in WINDOWS]
    names += [f"feature_{number}" for number in range(max(0, features - len(names)))]
    for position, name in enumerate(names[: features - 4]):
        noise = drawn.gamma(2, 0.5, count)
        values = drawn.poisson(rate * WINDOWS[position % len(WINDOWS)]) * noise if position % 3 else noise
        columns[name] = np.where(drawn.random(count) < 0.02, np.nan, values)
    return pd.DataFrame(columns)


def measure(count: int, features: int, seed: int) -> dict[str, Any]:
    """Draw, fit, score and explain; seconds and processor seconds of each, and the area on the rows scored."""
    found: dict[str, Any] = {"customers": count, "features": features}
    started = time.perf_counter()
    known = pd.concat([customers(count // 2, features, number, seed) for number in range(2)], ignore_index=True)
    current = customers(count, features, 2, seed)
    truth = current.pop("is_churned").to_numpy(dtype=np.float64)
    known, current = with_btyd(known), with_btyd(current)
    found["draw_seconds"] = round(time.perf_counter() - started, 2)
    found["training_rows"] = len(known)
    model = _timed(found, "fit", lambda: fit_churn(known, HORIZON_DAYS, current=current.head(LEVEL_ROWS)))
    probability = _timed(found, "score", lambda: _scores(model, current))
    top = current.iloc[np.argsort(-probability, kind="stable")[: min(count // 10, EXACT_REASON_ROWS)]]
    words = _timed(found, "reasons", lambda: _reasons(model.top_reasons(top, REASON_COUNT), "en"))
    found |= {
        "champion": model.champion,
        "explained_rows": len(words["reason_1"]),
        "roc_auc": round(float(roc_auc(truth, probability)), 4),
    }
    return found | {"seconds": sum(found[f"{part}_seconds"] for part in ("fit", "score", "reasons"))}


def _scores(model: FittedChurn, current: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Every candidate's scores, batch by batch; the published ones are returned."""
    batches = [
        model.probabilities(current.iloc[start : start + BATCH_ROWS])["churn_probability"].to_numpy()
        for start in range(0, len(current), BATCH_ROWS)
    ]
    return np.concatenate(batches)


def _timed(found: dict[str, Any], part: str, work: Any) -> Any:
    started, processor = time.perf_counter(), time.process_time()
    result = work()
    found[f"{part}_seconds"] = round(time.perf_counter() - started, 2)
    found[f"{part}_cpu_seconds"] = round(time.process_time() - processor, 2)
    return result


def main() -> None:
    """Print the measurements as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print(json.dumps(measure(args.customers, args.features, args.seed)))


if __name__ == "__main__":
    main()
