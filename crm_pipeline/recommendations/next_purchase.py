"""When each customer will order next, and next buy from each of their usual categories.

Two models, one for orders and one for categories, learn from what was known `recommendations.horizon_days` before D and
what was bought until D; see `models.next_purchase`. While too few outcomes are known for that, the purchase model of
`clv_fit` says who is still a customer. A category is usual from three days with a purchase on; of each
customer the five with most such days are told. Its name is the subcategory of the catalogue, else the category.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.models.next_purchase import FittedNextPurchase

STREAMS = True
STREAM_BY = "customer_id"
CURRENT_FRAMES = ("clv_fit",)
ANY = "any"
LONGEST_DAYS = 730

TABLE = Table(
    name="next_purchase",
    description="One row per snapshot and customer for the next order, and one per usual category of the customer.",
    grain=("snapshot_date", "customer_id", "category"),
    columns=(
        columns.SNAPSHOT_DATE,
        columns.CUSTOMER_ID,
        Column("category", "varchar", "A usual category; `any` for the next order, whatever is in it."),
        Column("purchase_day_count", "integer", "Days with a purchase (of the category) before the snapshot."),
        Column("usual_gap_days", "double", "Mean days from one of them to the next; null below two.", nullable=True),
        Column("days_since_last", "integer", "Days since the last of them."),
        Column("probability", "double", "Probability of a purchase within `horizon_days` of the snapshot."),
        Column("rate_probability", "double", "The same by the baseline: purchases go on at their past rate."),
        Column(
            "expected_date",
            "date",
            f"Day by which the chance reaches one half; null where that is beyond {LONGEST_DAYS} days.",
            nullable=True,
        ),
        columns.HORIZON_DAYS,
        Column(
            "method",
            "varchar",
            "`due`: learned from known outcomes; `btyd`: before enough are known, by who is still a customer "
            "(`clv_fit`); `rate`: the baseline, where that is no worse.",
        ),
        Column("why", "varchar", "Why that method, with the evidence."),
    ),
    rules=(
        "purchase_day_count >= 1",
        f"category = '{ANY}' or purchase_day_count >= 3",
        "(usual_gap_days is null) = (purchase_day_count = 1)",
        "days_since_last >= 0",
        "probability > 0 and probability < 1",
        "rate_probability > 0 and rate_probability < 1",
        "method in ('due', 'btyd', 'rate')",
        "method <> 'rate' or probability = rate_probability",
        "expected_date is null or expected_date >= snapshot_date",
    ),
    expectations=(
        Expectation("mean", "probability", minimum=0.001, why="almost nobody is expected to buy again"),
        Expectation("distinct_count", "probability", minimum=2, why="everyone has the same probability"),
    ),
)


def fit_sample(sample: pd.DataFrame) -> dict[bool, FittedNextPurchase]:
    """Models of the next order (key True) and of the next purchase in a category, from sampled customers."""
    import numpy as np
    from pandas.util import hash_array

    from crm_pipeline.models.next_purchase import HISTORY_COLUMNS, fit_next_purchase

    horizon = int(sample["horizon_days"].iloc[0]) if len(sample) else 1
    customers = sample["customer_id"].to_numpy(dtype=object)
    half = (hash_array(customers, categorize=False) % np.uint64(2)).astype(np.int64)
    found = {}
    for is_order in (True, False):
        mine = ((sample["category"] == ANY) == is_order) & sample["is_judged"]
        rows = sample.loc[mine, [f"judged_{name}" for name in HISTORY_COLUMNS]]
        found[is_order] = fit_next_purchase(
            rows.rename(columns=lambda name: name.removeprefix("judged_")),
            sample.loc[mine, "is_bought"].to_numpy(dtype=np.bool_),
            half[mine.to_numpy()],
            customers[mine.to_numpy()],
            horizon,
        )
    return found


def build(
    rows: pd.DataFrame, clv_fit: pd.DataFrame, fitted: dict[bool, FittedNextPurchase], snapshot_date: date
) -> pd.DataFrame:
    """Probabilities and dates for a batch of customers.

    Args:
        rows: a row per customer and category, ANY among them; see the query. Those that only serve learning fall out.
        clv_fit: the part of D; of its families the one to use until outcomes show that another one is better.
        fitted: as from `fit_sample`.
        snapshot_date: D.
    """
    import numpy as np
    import pandas as pd

    from crm_pipeline.models.btyd import FittedBtyd
    from crm_pipeline.models.next_purchase import ALIVE, alive_probability, days_to_even_chance, rate_probability

    preferred = clv_fit.sort_values("preference")["artifact"].iloc[:1]
    purchases = [FittedBtyd.from_json(str(text)).purchases for text in preferred]
    parts = []
    for is_order, model in fitted.items():
        mine = rows[((rows["category"] == ANY) == is_order) & rows["is_usual"]]
        if mine.empty:
            continue
        probability, method, why = model.probability(mine), model.method, model.why
        if model.is_early and purchases:
            known = mine if is_order else pd.concat([mine, rows[(rows["category"] == ANY)]])
            chances = alive_probability(known, (known["category"] == ANY).to_numpy(), purchases[0], model.horizon_days)
            probability, method, why = chances[: len(mine)], ALIVE, f"by who is still a customer, for {model.why}"
        days = np.floor(days_to_even_chance(probability, model.horizon_days))
        due = pd.Timestamp(snapshot_date) + pd.to_timedelta(np.minimum(days, LONGEST_DAYS), unit="D")
        span = (mine["days_since_first"] - mine["days_since_last"]).astype("float64")
        repeats = (mine["purchase_day_count"] - 1).astype("float64")
        parts.append(
            mine.assign(
                snapshot_date=snapshot_date,
                usual_gap_days=(span / repeats.where(repeats > 0)),
                probability=probability,
                rate_probability=rate_probability(mine, model.horizon_days),
                expected_date=pd.Series(due, index=mine.index).where(days <= LONGEST_DAYS),
                method=method,
                why=why,
            )
        )
    if not parts:
        return pd.DataFrame(columns=list(TABLE.column_names))
    return pd.concat(parts)[list(TABLE.column_names)]
