"""How own, similar and popular products are put in one order: learned from the newest outcome known at each snapshot.

`fit_ranking` learns the weights of the mix, and judges it on customers left out of the fit. A mix that does not surely
beat the rule GP-TopFreq there is not published: the rule is (own products by frequency, filled up with what everyone
ordered most). So it is without outcomes, as at the first snapshots. What orders the new products of the mix is decided
in the same way: popularity, unless a logistic score or LambdaRank is surely better. Of large shops some 25,000
customers are learned from, with at most some 500,000 order lines.
"""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table
from crm_pipeline.project import Project

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.models.purchase_history import TrainingSnapshot
    from crm_pipeline.models.ranking import FittedRanking

MIX, RULE = "mix", "GP-TopFreq"
CURRENT_FRAMES = ("product_popularity",)
JUDGED_PLACES = 10
"""Length of the lists that are judged; shorter where customers are given fewer products."""

TABLE = Table(
    name="recommendation_model",
    description="One row per snapshot and candidate: the mix and the rule, and which of them makes the lists.",
    grain=("snapshot_date", "candidate"),
    kind="append_only",
    columns=(
        *columns.MODEL_REGISTRY,
        Column("is_fallback", "boolean", "Whether the rule is published, because the mix did not prove better."),
        Column("judged_date", "date", "The snapshot whose outcome was learned from; null without one.", nullable=True),
        Column(
            "new_ranker",
            "varchar",
            "What orders new products: `popularity`, a `logistic` score, or `lambdarank`, the mean of that "
            "and LambdaRank.",
        ),
        Column("new_why", "varchar", "Why, in words; null where the rule is published.", nullable=True),
        Column("customer_count", "bigint", "Customers with a known outcome that were learned from."),
        Column("ndcg", "double", "Mean NDCG on customers left out of the fit; null where not judged.", nullable=True),
        Column("recall", "double", "Mean recall on the same customers; null where not judged.", nullable=True),
    ),
    rules=(
        f"candidate in ('{MIX}', '{RULE}')",
        "new_ranker in ('popularity', 'logistic', 'lambdarank')",
        "new_why is not null or new_ranker = 'popularity'",
        "is_champion = (artifact is not null)",
        f"is_champion = (is_fallback = (candidate = '{RULE}'))",
        "judged_date is null or judged_date < snapshot_date",
        "ndcg is null or ndcg between 0 and 1",
        "(ndcg is null) = (recall is null)",
        "length(model_version) = 16",
    ),
    expectations=(
        Expectation(
            "mean", "is_champion", minimum=0.5, maximum=0.5, severity="critical", why="one of two makes the lists"
        ),
        Expectation("maximum", "is_fallback", maximum=0, why="the rule is published: few outcomes, or the mix failed"),
    ),
)


def build(rows: pd.DataFrame, product_popularity: pd.DataFrame, project: Project, snapshot_date: date) -> pd.DataFrame:
    """Fit on the newest known outcome (or none); one row per candidate.

    Args:
        rows: of the snapshot judged_date: a row per sampled customer and product bought before or in the horizon,
            and one per product (customer_number 0); see the query.
        product_popularity: its part of D, for the kinds of products; its numbers are those of the rows.
        project: gives the number of products per customer.
        snapshot_date: D.
    """
    from crm_pipeline.models.ranking_candidates import DEFAULTS, CandidateSettings
    from crm_pipeline.models.ranking_fitting import FitSettings, fit_ranking

    count = project.recommendations.count
    candidates = CandidateSettings(popular_count=max(DEFAULTS.popular_count, count))
    training = _training(rows, product_popularity)
    fitted = fit_ranking(training, FitSettings(candidates, k=min(JUDGED_PLACES, count)))
    return registry_rows(
        fitted,
        snapshot_date,
        rows["judged_date"].iloc[0] if training else None,
        rows.loc[rows["is_bought"], "customer_number"].nunique(),
    )


def registry_rows(
    fitted: FittedRanking, snapshot_date: date, judged_date: Any, customer_count: int = 0
) -> pd.DataFrame:
    """A fitted ranking as rows of the table; `model_version` is a digest of the snapshot date and the parameters."""
    import pandas as pd

    from crm_pipeline.models.ranking import FORMAT

    artifact = fitted.to_json()
    version = sha256(f"{snapshot_date}\0{artifact}".encode()).hexdigest()[:16]
    champion = MIX if fitted.own is not None else RULE
    settings = json.loads(artifact)["candidates"]
    found = []
    for candidate, prefix in ((MIX, ""), (RULE, "baseline_")):
        metrics = _metrics_of(fitted, prefix)
        found.append(
            {
                "model_version": version,
                "snapshot_date": snapshot_date,
                "candidate": candidate,
                "settings": json.dumps(settings, sort_keys=True),
                "metrics": json.dumps(metrics, sort_keys=True),
                "is_champion": candidate == champion,
                "why": _why(fitted),
                "format": FORMAT,
                "artifact": artifact if candidate == champion else None,
                "is_fallback": champion == RULE,
                "judged_date": judged_date,
                "new_ranker": fitted.new_ranker,
                "new_why": fitted.new_why,
                "customer_count": customer_count,
                "ndcg": next((value for name, value in metrics.items() if name.startswith("ndcg")), None),
                "recall": next((value for name, value in metrics.items() if name.startswith("recall")), None),
            }
        )
    frame = pd.DataFrame(found, columns=list(TABLE.column_names))
    return frame.astype({"ndcg": "float64", "recall": "float64"})


def _why(fitted: FittedRanking) -> str:
    """Why the champion is published, as a sentence."""
    if fitted.own is not None:
        return f"The mix is published: {fitted.why}."
    return f"{RULE} is published, {fitted.why.removeprefix(f'{RULE}, ')}."


def _metrics_of(fitted: FittedRanking, prefix: str) -> dict[str, float]:
    """The candidate's own figures, without prefix; the mix has the improvement as well."""
    metrics = dict(fitted.metrics or {})
    mine = {name: value for name, value in metrics.items() if name.startswith("baseline_") == bool(prefix)}
    return {name.removeprefix(prefix): value for name, value in mine.items()}


def _training(rows: pd.DataFrame, catalogue: pd.DataFrame) -> list[TrainingSnapshot]:
    from crm_pipeline.models.purchase_history import TrainingSnapshot
    from crm_pipeline.recommendations.purchase_rows import purchase_history, with_kinds

    is_product = rows["customer_number"] == 0
    if is_product.all():
        return []
    # what is counted per customer and product is in a product's row counted over all customers
    products = rows[is_product].drop(columns="order_count_180d")
    products = products.rename(columns={f"product_{name}": name for name in ("customer_count", "order_count_14d")})
    history = purchase_history(rows[~is_product], with_kinds(products, catalogue), customer="customer_number")
    purchases = rows.loc[rows["is_bought"], ["customer_number", "product_number"]]
    renamed = {"customer_number": "customer_id", "product_number": "product_id"}
    return [TrainingSnapshot(history, purchases.rename(columns=renamed))]
