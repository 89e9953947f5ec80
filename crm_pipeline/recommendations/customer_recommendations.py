"""What each customer would like next: own, similar and popular products in one list, each with its reason.

There are three lists of `recommendations.count` products in one table: the best mix of usual and new products is
`rank` up to the count; the best usual ones, and the best new ones, are those of a `slot` with `slot_rank` up to it.

With the mix, `score` is the probability of an order within the horizon; with the rule it is the number of orders that
the list goes by, and `is_fallback` says so. Everyone with an order before D is served: new customers, of whom little is
known, mostly by what is popular now; new products are recommended once somebody ordered them. Filters of `crm.yaml`
leave products out of all lists, and customers who refused consent without a list. What a customer sent back is not
recommended to them again.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table
from crm_pipeline.project import Project

if TYPE_CHECKING:
    import pandas as pd

STREAM_BY = "customer_id"
CURRENT_FRAMES = ("product_popularity", "product_similarities", "recommendation_model")

TABLE = Table(
    name="customer_recommendations",
    description="One row per snapshot, customer who ordered before it, and place on the customer's list.",
    grain=("snapshot_date", "customer_id", "rank"),
    columns=(
        columns.SNAPSHOT_DATE,
        columns.CUSTOMER_ID,
        Column("rank", "integer", "Place among all, 1 is the best; up to `recommendations.count` it is the mix."),
        columns.PRODUCT_ID,
        Column("score", "double", "Probability of an order within the horizon; with the rule, orders that it goes by."),
        Column("slot", "varchar", "`usual`: the customer bought it before; `new`: not yet."),
        Column("slot_rank", "integer", "Place among the customer's products of the slot, 1 is the best."),
        Column("source", "varchar", "Why it was considered: `own`, `similar` or `popular` product."),
        Column("reason", "varchar", "The reason in words, in the project's language."),
        Column("reason_code", "varchar", "The reason; its parameters are the columns after it."),
        Column("order_count", "integer", "Orders of the product by the customer; null for new ones.", nullable=True),
        Column(
            "days_between_orders", "double", "Mean days from one of them to the next; null below two.", nullable=True
        ),
        Column("days_since_last_ordered", "integer", "Days since the last of them; null for new ones.", nullable=True),
        Column(
            "related_product_id", "varchar", "Own product that speaks most for a similar one; else null.", nullable=True
        ),
        Column(
            "product_order_count_30d",
            "bigint",
            "Everyone's orders in 30 days of a popular one; else null.",
            nullable=True,
        ),
        Column("model", "varchar", "`mix`, or the rule `GP-TopFreq`."),
        columns.MODEL_VERSION,
        Column("is_fallback", "boolean", "Whether the rule made the list, because the mix did not prove better."),
    ),
    rules=(
        "rank between 1 and 200",
        "slot_rank between 1 and least(rank, 100)",
        "score >= 0",
        "is_fallback or score <= 1",
        "is_fallback = (model = 'GP-TopFreq')",
        "model in ('mix', 'GP-TopFreq')",
        "slot in ('usual', 'new')",
        "source in ('own', 'similar', 'popular')",
        "(slot = 'usual') = (source = 'own')",
        "reason_code in ('due_again', 'bought_often', 'bought_before', 'goes_with', 'popular_now')",
        "(source = 'own') = (reason_code in ('due_again', 'bought_often', 'bought_before'))",
        "(source = 'similar') = (reason_code = 'goes_with')",
        "(source = 'own') = (order_count is not null)",
        "related_product_id is null or related_product_id <> product_id",
        "length(reason) > 0",
    ),
    expectations=(
        Expectation("distinct_count", "product_id", minimum=2, why="everyone was recommended the same product"),
        Expectation("maximum", "score", minimum=1e-9, severity="critical", why="a list without scores has no order"),
        Expectation("maximum", "is_fallback", maximum=0, why="the rule is published, see recommendation_model"),
    ),
)


def build(
    rows: pd.DataFrame,
    product_popularity: pd.DataFrame,
    product_similarities: pd.DataFrame,
    recommendation_model: pd.DataFrame,
    project: Project,
    snapshot_date: date,
) -> pd.DataFrame:
    """Lists for a batch of customers.

    Args:
        rows: a row per customer and product bought, all of each customer's; see the query.
        product_popularity, product_similarities, recommendation_model: their parts of D.
        project: gives the length of the lists, what is not recommended, and the language of the reasons.
        snapshot_date: D.

    Returns:
        Up to recommendations.count rows per customer and slot; fewer only where there are fewer products.
    """
    import pandas as pd

    from crm_pipeline.models.ranking import FittedRanking, recommend
    from crm_pipeline.models.ranking_reasons import reason_texts
    from crm_pipeline.recommendations.offered import offered
    from crm_pipeline.recommendations.purchase_rows import item_similarity, purchase_history, with_kinds

    if rows.empty or product_popularity.empty:
        return pd.DataFrame(columns=list(TABLE.column_names))
    champion = recommendation_model[recommendation_model["is_champion"]].iloc[0]
    history = purchase_history(rows, with_kinds(product_popularity, product_popularity))
    listed = recommend(
        history,
        item_similarity(product_similarities),
        FittedRanking.from_json(champion["artifact"]),
        project.recommendations.count,
        offered(rows, product_popularity, history, project.recommendations),
    ).rename(columns={"reason": "reason_code", "related_product_id": "related_product"})
    products = product_popularity.set_index("product_number")
    names = products["product_name"].fillna(products["product_id"])
    found = listed.assign(
        snapshot_date=snapshot_date,
        product_id=listed["product_id"].map(products["product_id"]),
        related_product_id=listed["related_product"].map(products["product_id"]),
        reason=reason_texts(
            listed["reason_code"], listed.assign(related_product=listed["related_product"].map(names)), project.language
        ),
        **{name: champion[name] for name in ("model_version", "is_fallback")},
        model=champion["candidate"],
    )
    return found[list(TABLE.column_names)]
