"""What may be recommended: the filters that a project sets in `recommendations`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_pipeline.project import RecommendationSettings

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.models.purchase_history import PurchaseHistory
    from crm_pipeline.models.ranking_candidates import Offered

CONSUMABLE_FROM = 0.2
"""Share of the orders of a kind of product that repeat an earlier one of the same product and customer."""


def offered(
    rows: pd.DataFrame, products: pd.DataFrame, history: PurchaseHistory, settings: RecommendationSettings
) -> Offered:
    """The products that are pushed, and the purchases that may be repeated.

    What a customer sent back, as much as was bought, is not recommended to them again, under any settings.

    Args:
        rows: a row per customer_id and product_number bought, with is_sent_back.
        products: all of `product_popularity` at the snapshot; its is_offered says which are pushed.
        history: of these customers; its product_id is the product_number.
        settings: `recommendations` of the project.
    """
    import numpy as np

    from crm_pipeline.models.purchase_history import contains
    from crm_pipeline.models.ranking_candidates import Offered

    known = products.set_index("product_number").reindex(history.products["product_id"])
    sent_back = rows.loc[rows["is_sent_back"], ["customer_id", "product_number"]]
    keys = history.pair_keys(sent_back.rename(columns={"product_number": "product_id"}))
    may_repeat = ~contains(keys, history.keys(history.customer, history.product))
    if settings.rest_days is not None:
        is_recent = (history.interactions["days_since_last_ordered"] <= settings.rest_days).to_numpy()
        may_repeat &= ~is_recent | is_consumable(known).to_numpy()[history.product]
    return Offered(known["is_offered"].to_numpy(dtype=np.bool_), may_repeat)


def is_consumable(products: pd.DataFrame) -> pd.Series[bool]:
    """Whether each product is of a kind that is used up and bought again; its kind is the subcategory, else category.

    A product without a kind is judged by its own orders.
    """
    kind = products["subcategory"].fillna(products["category"]).astype(object)
    kind = kind.where(kind.notna(), products["product_id"].astype(object) + "\0")
    totals = products[["order_count", "customer_count"]].groupby(kind.to_numpy()).transform("sum")
    return 1 - totals["customer_count"] / totals["order_count"] >= CONSUMABLE_FROM
