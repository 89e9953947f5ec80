"""How good the expectations of the next order were, once the outcome is known: how sure, and by how many days.

The probability of an order within the horizon stands beside that of the past rate (`rate`). The expected day stands
beside the rule `usual_gap`: the last order and the customer's usual gap, today where that has passed, and none within
the horizon after a single order. Days count up to the horizon, on both sides: who did not order by then was right to
be expected later, however much later. Judged is the next order of anything, not that of each category; of large shops,
among 20,000 customers (lowest md5 of the id).
"""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Expectation, Table

if TYPE_CHECKING:
    import pandas as pd

PUBLISHED, RATE, USUAL_GAP = "published", "rate", "usual_gap"
PROBABILITY_METRICS, DAYS_METRIC = ("log_loss", "expected_calibration_error"), "days_mae"
REPLICATES = 100

TABLE = Table(
    name="next_purchase_evaluation",
    description="One row per judged snapshot (and all of them pooled), model, population and metric of the next order.",
    grain=columns.EVALUATION_GRAIN,
    partition_column="known_date",
    columns=columns.EVALUATION,
    rules=(
        *columns.EVALUATION_RULES,
        f"model in ('{PUBLISHED}', '{RATE}', '{USUAL_GAP}')",
        f"metric in {(*PROBABILITY_METRICS, DAYS_METRIC)}",
        f"baseline = case when metric = '{DAYS_METRIC}' then '{USUAL_GAP}' else '{RATE}' end",
        "value is null or value >= 0",
    ),
    expectations=(Expectation("null_share", "value", maximum=0.5, why="someone should have been judged"),),
)


def build(rows: pd.DataFrame, snapshot_date: date) -> pd.DataFrame:
    """Judge all expectations whose outcome is known at `snapshot_date`; rows of their own for those due now.

    Args:
        rows: a row per judged snapshot and customer: is_newly_due, is_active, is_bought, probability,
            rate_probability, and the days until the next order, up to the horizon: days_until_next,
            days_until_expected, days_until_usual_gap; see the query.
        snapshot_date: the known_date to build.
    """
    import pandas as pd

    from crm_pipeline.models.evaluation import evaluate_scores
    from crm_pipeline.models.metrics import PROBABILITY_METRICS as METRICS
    from crm_pipeline.models.metrics import mae

    judge = partial(
        evaluate_scores,
        known_date=snapshot_date,
        newly_due=set(pd.to_datetime(rows.loc[rows["is_newly_due"], "snapshot_date"])),
        replicates=REPLICATES,
    )
    sure = judge(
        rows.rename(columns={"probability": PUBLISHED, "rate_probability": RATE}).astype({"is_bought": "float64"}),
        models=[PUBLISHED, RATE],
        baseline=RATE,
        metrics={name: METRICS[name] for name in PROBABILITY_METRICS},
        truth="is_bought",
    )
    days = judge(
        rows.rename(columns={"days_until_expected": PUBLISHED, "days_until_usual_gap": USUAL_GAP}),
        models=[PUBLISHED, USUAL_GAP],
        baseline=USUAL_GAP,
        metrics={DAYS_METRIC: mae},
        truth="days_until_next",
    )
    return pd.concat([part for part in (sure, days) if len(part)] or [sure], ignore_index=True)
