"""Customers in planted groups that no clustering can miss."""

import numpy as np
import pandas as pd

FEATURES = (
    "days_since_last_order",
    "order_count_90d",
    "spend_amount_90d",
    "mean_basket_amount",
    "mean_basket_line_count",
    "category_count",
    "discount_share",
    "order_day_trend",
)
GROUPS = {
    "often": (3, 60, 900, 15, 5, 12, 0.1, 0.2),
    "gone": (150, 1, 30, 30, 10, 3, 0.1, -0.9),
    "bulk": (20, 9, 1800, 200, 60, 9, 0.3, 0.0),
}


def planted_customers(snapshot_date: str, size: int = 40) -> pd.DataFrame:
    """`size` customers per group, each feature within a tenth of the group's; ids tell the group."""
    rng = np.random.default_rng(7)
    rows = [
        (snapshot_date, f"{group}-{number:03d}", *(np.array(center) * rng.uniform(0.9, 1.1, len(FEATURES))))
        for group, center in GROUPS.items()
        for number in range(size)
    ]
    frame = pd.DataFrame(rows, columns=["snapshot_date", "customer_id", *FEATURES])
    whole = ["days_since_last_order", "order_count_90d", "category_count"]
    return frame.assign(**{name: frame[name].round().astype(int) for name in whole})


def with_strangers(snapshot_date: str, count: int = 6) -> pd.DataFrame:
    """The planted customers and `count` (odd-...) who resemble none of them, nor each other."""
    usual = planted_customers(snapshot_date)
    odd = usual.iloc[:count].assign(customer_id=[f"odd-{number:03d}" for number in range(count)])
    odd[list(FEATURES)] = odd[list(FEATURES)].astype(float)
    for number in range(count):
        name = FEATURES[number % len(FEATURES)]
        odd.iloc[number, odd.columns.get_loc(name)] = usual[name].max() * (number + 3)
    whole = ["days_since_last_order", "order_count_90d", "category_count"]
    odd = odd.assign(**{name: odd[name].round().astype(int) for name in whole})
    return pd.concat([usual, odd], ignore_index=True)


def scored(customers: pd.DataFrame) -> pd.DataFrame:
    """The same customers as rows of customer_rfm, all with the best scores."""
    return customers[["snapshot_date", "customer_id"]].assign(r_score=5, f_score=5, m_score=5)
