"""The list of each source of candidates alone, for a sample of customers: what the recommendations have to beat.

`customer_recommendations` puts own, similar and popular products in one learned order. Here each source stands alone,
by its own measure and under the same filters, so that `recommendation_outcomes` can judge whether the order is worth
more than any of its parts. 1,000 customers per snapshot (lowest md5 of the id; of them those who refused consent get no
list) are enough for that; the query is that of `customer_recommendations`, which sees only their rows.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table
from crm_pipeline.project import Project

if TYPE_CHECKING:
    import pandas as pd

QUERY_OF = "customer_recommendations"
CUSTOMERS = 1_000
CURRENT_FRAMES = ("product_popularity", "product_similarities")

TABLE = Table(
    name="candidate_lists",
    description="One row per snapshot, sampled customer, source of candidates, and place on the source's own list.",
    grain=("snapshot_date", "customer_id", "source", "rank"),
    columns=(
        columns.SNAPSHOT_DATE,
        columns.CUSTOMER_ID,
        Column(
            "source",
            "varchar",
            "`own`: bought before, by recency-weighted frequency; `similar`: new, by similarity to what was bought; "
            "`popular`: new, by orders of 30 days.",
        ),
        Column("rank", "integer", "Place on the source's list, 1 is the best; up to 10."),
        columns.PRODUCT_ID,
    ),
    rules=("source in ('own', 'similar', 'popular')", "rank between 1 and 10"),
    expectations=(
        Expectation("distinct_count", "product_id", minimum=2, why="everyone's sources have the same product"),
    ),
)


def build(
    rows: pd.DataFrame,
    product_popularity: pd.DataFrame,
    product_similarities: pd.DataFrame,
    project: Project,
    snapshot_date: date,
) -> pd.DataFrame:
    """Lists of the sampled customers.

    Args:
        rows: a row per sampled customer and product bought, as in `customer_recommendations`; see the query.
        product_popularity, product_similarities: their parts of D.
        project: gives the length of the lists, and what is not recommended.
        snapshot_date: D.
    """
    import pandas as pd

    from crm_pipeline.models.ranking_candidates import generate_candidates
    from crm_pipeline.models.ranking_sources import source_lists
    from crm_pipeline.recommendations.offered import offered
    from crm_pipeline.recommendations.purchase_rows import item_similarity, purchase_history, with_kinds
    from crm_pipeline.recommendations.recommendation_outcomes import judged_places

    if rows.empty or product_popularity.empty:
        return pd.DataFrame(columns=list(TABLE.column_names))
    history = purchase_history(rows, with_kinds(product_popularity, product_popularity))
    allowed = offered(rows, product_popularity, history, project.recommendations)
    candidates = generate_candidates(history, item_similarity(product_similarities), offered=allowed)
    names = product_popularity.set_index("product_number")["product_id"]
    listed = source_lists(candidates, judged_places(project))
    return listed.assign(snapshot_date=snapshot_date, product_id=listed["product_id"].map(names))[
        list(TABLE.column_names)
    ]
