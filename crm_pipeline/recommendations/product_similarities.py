"""Which products speak for which, among the same customers: the neighbours behind "goes with what you bought".

Affinities ask what lies in one basket; similarity asks who buys what over time, and so finds alternatives as well as
complements. Each product is foretold from all others at once (EASE, see `models.item_similarity`): a neighbour is one
that adds something when the others are known, not one that everybody buys. It rests on the same sample of customers as
`recommendation_model` (beyond some 500,000 lines or 25,000 customers): a similarity from more customers would have
another distribution than the one the ranking was learned on.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table

if TYPE_CHECKING:
    import pandas as pd

CURRENT_FRAMES = ("product_popularity",)

TABLE = Table(
    name="product_similarities",
    description="One row per snapshot, product and near neighbour: others that the same customers buy.",
    grain=("snapshot_date", "product_id", "other_product_id"),
    columns=(
        columns.SNAPSHOT_DATE,
        columns.PRODUCT_ID,
        Column("rank", "integer", "Place among the product's neighbours, 1 is the nearest."),
        Column("other_product_id", "varchar", "The neighbour."),
        Column("product_number", "integer", "The product's number in `product_popularity`, for models."),
        Column("other_product_number", "integer", "The neighbour's."),
        Column(
            "similarity",
            "double",
            "Weight of the product in a ridge regression of the neighbour on all others, above 0, at most 1.",
        ),
    ),
    rules=("product_id <> other_product_id", "rank >= 1", "similarity > 0 and similarity <= 1"),
    expectations=(
        Expectation("row_count", minimum=1, why="in most shops customers have products in common"),
        Expectation("mean", "similarity", maximum=0.9, why="where all products are alike, customers buy everything"),
    ),
    order_by=("snapshot_date", "product_id", "rank"),
)


def build(rows: pd.DataFrame, product_popularity: pd.DataFrame, snapshot_date: date) -> pd.DataFrame:
    """Neighbours of the products that most sampled customers bought.

    Args:
        rows: customer_number, product_number, order_count, by customer and product; none without orders.
        product_popularity: its part of D, for the products' identifiers.
        snapshot_date: D.
    """
    from crm_pipeline.models.item_similarity import fit_item_similarity
    from crm_pipeline.models.ranking_candidates import DEFAULTS

    found = fit_item_similarity(
        rows.rename(columns={"customer_number": "customer_id", "product_number": "product_id"}),
        neighbour_count=DEFAULTS.neighbour_count,
        min_customers=DEFAULTS.min_customers,
        max_products=DEFAULTS.max_products,
    ).to_frame()
    names = product_popularity.set_index("product_number")["product_id"]
    return found.assign(
        snapshot_date=snapshot_date,
        product_number=found["product_id"],
        other_product_number=found["other_product_id"],
        product_id=found["product_id"].map(names),
        other_product_id=found["other_product_id"].map(names),
    )[list(TABLE.column_names)]
