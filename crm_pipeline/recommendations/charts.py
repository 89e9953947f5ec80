"""Charts of the recommendations against what customers bought, and of what is bought together, from the live tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SHOWN_PAIRS = 15


def recall_over_time(connection: DuckDBPyConnection) -> bytes | None:
    """Recall of the published lists and of GP-TopFreq per judged snapshot, with 95 % intervals; None without any."""
    from crm_pipeline.charts import line_chart

    rows = connection.execute(
        "select snapshot_date, model, value, lower, upper from recommendations.recommendation_evaluation "
        "where scope = 'snapshot' and population = 'active' and metric like 'recall%' "
        "and model in ('published', 'GP-TopFreq') order by snapshot_date"
    ).fetchall()
    if not rows:
        return None
    days = sorted({row[0] for row in rows})
    found = {(row[1], row[0]): row[2:] for row in rows}
    nothing = (None, None, None)
    lines = {
        words: list(zip(*(found.get((model, day), nothing) for day in days), strict=True))
        for model, words in (("published", "published lists"), ("GP-TopFreq", "rule GP-TopFreq"))
    }
    return line_chart(
        days,
        {name: values for name, (values, _, _) in lines.items()},
        "Recommendations: share of purchases on the list, active customers",
        "snapshot",
        "recall",
        bands={name: (lower, upper) for name, (_, lower, upper) in lines.items()},
    )


def top_affinities(connection: DuckDBPyConnection) -> bytes | None:
    """The pairs of the newest snapshot that are surest to be bought together, by their lift; None without pairs."""
    from crm_pipeline.charts import bar_chart

    rows = connection.execute(
        f"""
        with names as (
            select product_id, coalesce(name, product_id) as name from cleaned.products
        )
        select
            coalesce(one.name, pairs.product_id) || ' + ' || coalesce(other.name, pairs.other_product_id),
            pairs.lift,
            pairs.lift_lower
        from recommendations.product_affinities as pairs
        left join names as one on pairs.product_id = one.product_id
        left join names as other on pairs.other_product_id = other.product_id
        where
            pairs.snapshot_date = (select max(snapshot_date) from recommendations.product_affinities)
            and pairs.product_id < pairs.other_product_id
        order by pairs.lift_lower desc, pairs.product_id, pairs.other_product_id
        limit {SHOWN_PAIRS}
        """
    ).fetchall()
    if not rows:
        return None
    return bar_chart(
        [row[0] for row in rows],
        [row[1] for row in rows],
        "Bought together more often than by chance",
        "lift, times the chance; the line reaches down to its lower bound",
        lower=[row[2] for row in rows],
        upper=[row[1] for row in rows],
    )
