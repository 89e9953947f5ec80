"""Charts of the churn scores against what became of the customers, from the live tables.

Customers are counted per probability rounded to three digits, so that a million of them are a thousand rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from duckdb import DuckDBPyConnection

    from crm_pipeline.models.calibration import FloatArray

BIN_COUNT = 10
_COUNTS = """
    select round({score}, 3) as score, count(*) as row_count, count(*) filter (churn_labels.is_churned) as churned
    from churn.churn_labels
    inner join churn.churn_predictions using (snapshot_date, customer_id)
    where churn_labels.is_active
    group by score
    order by score desc
"""


def lift(connection: DuckDBPyConnection) -> bytes | None:
    """Lift per tenth of the active customers, all judged snapshots, beside the recency rule's; None without churn."""
    from crm_pipeline.charts import lift_chart

    model = _deciles(_score_counts(connection, "churn_probability"))
    baseline = _deciles(_score_counts(connection, "baseline_probability"))
    if model is None or baseline is None:
        return None
    return lift_chart(model.tolist(), "Churn lift, active customers, all judged snapshots", baseline=baseline.tolist())


def calibration(connection: DuckDBPyConnection) -> bytes | None:
    """Mean probability against the share that churned, in tenths of the active customers; None without outcomes."""
    from crm_pipeline.charts import calibration_chart

    counts = _score_counts(connection, "churn_probability")
    if len(counts) == 0:
        return None
    size = counts[:, 1].sum() / BIN_COUNT
    predicted = (_per_bin(counts[:, 1], counts[:, 0] * counts[:, 1]) / size).clip(0, 1)
    observed = (_per_bin(counts[:, 1], counts[:, 2]) / size).clip(0, 1)
    return calibration_chart(
        predicted.tolist(), observed.tolist(), "Churn calibration, active customers, all judged snapshots"
    )


def grade_over_time(connection: DuckDBPyConnection) -> bytes | None:
    """AUC of the published scores and of the recency rule per judged snapshot, with 95 % intervals; None without."""
    from crm_pipeline.charts import line_chart

    rows = connection.execute(
        "select snapshot_date, model, value, lower, upper from churn.churn_evaluation "
        "where scope = 'snapshot' and population = 'active' and metric = 'roc_auc' "
        "and model in ('published', 'recency_rule') order by snapshot_date"
    ).fetchall()
    if not rows:
        return None
    days = sorted({row[0] for row in rows})
    found = {(row[1], row[0]): row[2:] for row in rows}
    nothing = (None, None, None)
    columns = {
        words: list(zip(*(found.get((model, day), nothing) for day in days), strict=True))
        for model, words in (("published", "published scores"), ("recency_rule", "recency rule"))
    }
    return line_chart(
        days,
        {name: values for name, (values, _, _) in columns.items()},
        "Churn: ranking of active customers",
        "snapshot",
        "AUC",
        bands={name: (lower, upper) for name, (_, lower, upper) in columns.items()},
    )


def precision_recall(connection: DuckDBPyConnection) -> bytes | None:
    """Precision at each recall, active customers of all judged snapshots, beside the recency rule's; None without."""
    import numpy as np

    from crm_pipeline.charts import line_chart

    recall = np.linspace(0.02, 1, 50)
    lines = {}
    for words, score in (("published scores", "churn_probability"), ("recency rule", "baseline_probability")):
        counts = _score_counts(connection, score)
        churned = counts[:, 2].sum()
        if churned == 0:
            return None
        found = np.concatenate(([0.0], np.cumsum(counts[:, 2])))
        rows = np.concatenate(([0.0], np.cumsum(counts[:, 1])))
        # within a score customers are alike: to find half of its churners takes half of its rows
        is_step = np.concatenate(([True], np.diff(found) > 0))
        lines[words] = (recall * churned / np.interp(recall * churned, found[is_step], rows[is_step])).tolist()
    title = "Churn: precision and recall, active customers, all judged snapshots"
    return line_chart(
        recall.tolist(), lines, title, "share of those who left that is found", "share of found that left"
    )


def profit(connection: DuckDBPyConnection) -> bytes | None:
    """Expected profit per cut-off at the newest snapshot, the recommended one named; None without cut-offs."""
    from crm_pipeline.charts import line_chart

    rows = connection.execute(
        "select cutoff, expected_profit, is_recommended, snapshot_date from churn.churn_threshold "
        "where snapshot_date = (select max(snapshot_date) from churn.churn_threshold) order by cutoff"
    ).fetchall()
    if not rows:
        return None
    best = next(row[0] for row in rows if row[2])
    title = f"Expected profit per cut-off, {rows[0][3]}; recommended: {best:.2f}"
    profits = {"expected profit": [row[1] for row in rows]}
    return line_chart([row[0] for row in rows], profits, title, "cut-off, churn probability", "the project's currency")


def drift(connection: DuckDBPyConnection) -> bytes | None:
    """Stability of the scores and of the judged feature that moved most, per snapshot, beside the limits; or None."""
    from crm_pipeline.charts import line_chart

    rows = connection.execute(
        "select snapshot_date, max(value) filter (where kind = 'score'), max(value) filter (where kind = 'feature'), "
        "max(warning_from), max(failure_from) from churn.churn_drift "
        "where is_judged and measure = 'psi' and value is not null group by snapshot_date order by snapshot_date"
    ).fetchall()
    if not rows:
        return None
    days, scores, features, warning, failure = zip(*rows, strict=True)
    lines = {"scores": scores, "the feature that moved most": features, "warns from": warning, "fails from": failure}
    return line_chart(days, lines, "Churn: drift of scores and features", "snapshot", "population stability index")


def _score_counts(connection: DuckDBPyConnection, score: str) -> FloatArray:
    """Rounded score, rows and churned rows, shape (scores, 3), highest score first."""
    import numpy as np

    rows = connection.execute(_COUNTS.format(score=f"churn_predictions.{score}")).fetchall()
    return np.asarray(rows, dtype=np.float64).reshape(-1, 3)


def _deciles(counts: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.float64]] | None:
    """Lift per tenth of the rows, (10,); None where nobody churned."""
    churned = counts[:, 2].sum()
    return _per_bin(counts[:, 1], counts[:, 2]) * BIN_COUNT / churned if churned > 0 else None


def _per_bin(row_count: FloatArray, amount: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The amount in each tenth of the rows, (10,); rows of one score are split in proportion."""
    import numpy as np

    rows_so_far = np.concatenate(([0.0], np.cumsum(row_count)))
    amount_so_far = np.concatenate(([0.0], np.cumsum(amount)))
    edges = np.linspace(0, rows_so_far[-1], BIN_COUNT + 1)
    return np.diff(np.interp(edges, rows_so_far, amount_so_far))
