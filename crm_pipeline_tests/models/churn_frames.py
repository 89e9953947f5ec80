"""Simulated customers with a known chance of churn, for the tests of churn models."""

import numpy as np
import pandas as pd

from crm_pipeline.models.classifiers_btyd import with_btyd

HORIZON_DAYS = 30


def churn_frame(snapshot_count=3, customer_count=400, seed=0, signal=1.0):
    """Poisson customers: a customer with rate r per horizon churns with probability exp(-r).

    `signal` 0 makes the outcome depend on days_since_last_order alone. true_probability is not a feature.
    """
    random = np.random.default_rng(seed)
    rates = random.gamma(1.2, 1.5, customer_count)
    parts = []
    for snapshot in range(snapshot_count):
        days = np.floor(random.exponential(HORIZON_DAYS / (rates + 0.2)))
        rule = 1 / (1 + np.exp(-(np.log1p(days) - 3.5)))
        true = signal * np.exp(-rates) + (1 - signal) * rule
        parts.append(
            pd.DataFrame(
                {
                    "snapshot_date": pd.Timestamp("2024-01-01") + pd.DateOffset(months=snapshot),
                    "customer_id": [f"c{i:05d}" for i in range(customer_count)],
                    "days_since_last_order": days.astype("int64"),
                    "order_count_90d": random.poisson(3 * rates) * signal
                    + (1 - signal) * random.poisson(3, customer_count),
                    "spend_amount_90d": random.gamma(2, 20, customer_count) * (1 + signal * rates),
                    "mean_gap_days": np.where(random.random(customer_count) < 0.1, np.nan, 30 / (rates + 0.1)),
                    "expected_purchases": np.where(
                        random.random(customer_count) < 0.05, np.nan, rates * random.gamma(20, 1 / 20, customer_count)
                    ),
                    "tenure_days": 200,
                    "order_day_rate": random.poisson(rates * 200 / HORIZON_DAYS).clip(1) / 200,
                    "is_churned": random.random(customer_count) < true,
                    "is_active": days <= 60,
                    "true_probability": true,
                }
            )
        )
    return with_btyd(pd.concat(parts, ignore_index=True))


FEATURES = (
    "days_since_last_order",
    "order_count_90d",
    "spend_amount_90d",
    "mean_gap_days",
    "expected_purchases",
    "btyd_log_odds",
)
