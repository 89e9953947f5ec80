"""From the rows of a query to what the ranking works on: shared by fitting and by scoring.

Products go by their number in `product_popularity`, which sorts as their identifiers do and takes a tenth of the room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.models.item_similarity import ItemSimilarity
    from crm_pipeline.models.purchase_history import PurchaseHistory


def purchase_history(rows: pd.DataFrame, products: pd.DataFrame, customer: str = "customer_id") -> PurchaseHistory:
    """The history of the customers in `rows`; its product_id is the product's number.

    Args:
        rows: a row per customer and product_number bought, with INTERACTION_COLUMNS, and CUSTOMER_COLUMNS after the
            prefix `customer_`. Rows with an order_count of 0 (not bought yet) serve the customer only.
        products: product_number and PRODUCT_COLUMNS, and kind, see `with_kinds`.
        customer: the column that identifies customers.

    Raises:
        ValueError: as `PurchaseHistory.from_frames`.
    """
    from crm_pipeline.models.purchase_history import CUSTOMER_COLUMNS, INTERACTION_COLUMNS, PurchaseHistory

    names = {f"customer_{name}": name for name in CUSTOMER_COLUMNS}
    customers = rows.loc[~rows[customer].duplicated(), [customer, *names]].rename(columns=names)
    interactions = rows.loc[rows["order_count"] > 0, [customer, "product_number", *INTERACTION_COLUMNS]]
    renamed = {customer: "customer_id", "product_number": "product_id"}
    return PurchaseHistory.from_frames(
        interactions.rename(columns=renamed),
        customers.rename(columns=renamed),
        products.drop(columns="product_id", errors="ignore").rename(columns=renamed),
    )


def item_similarity(neighbours: pd.DataFrame) -> ItemSimilarity:
    """The similarity that `product_similarities` stores for one snapshot, by product number."""
    import numpy as np
    from scipy import sparse

    from crm_pipeline.models.item_similarity import ItemSimilarity

    pairs = [neighbours[name].to_numpy(dtype=np.int64) for name in ("product_number", "other_product_number")]
    similar = np.unique(np.concatenate(pairs))
    row, column = (np.searchsorted(similar, each) for each in pairs)
    value = neighbours["similarity"].to_numpy(dtype=np.float32)
    return ItemSimilarity(similar, sparse.csr_array((value, (row, column)), shape=(len(similar), len(similar))))


def with_kinds(products: pd.DataFrame, catalogue: pd.DataFrame) -> pd.DataFrame:
    """The products and, in `kind`, a number per kind of product; -1 where the catalogue does not say.

    The kind is the name where names tell kinds (two or more products to a name on average, as in shops that name
    products by their type), else the subcategory, else the category.

    Args:
        products: product_number and any other columns.
        catalogue: product_number, product_name, subcategory, category: all of `product_popularity` at a snapshot.
    """
    import pandas as pd

    names = catalogue["product_name"]
    kind = catalogue["subcategory"].fillna(catalogue["category"])
    if 2 * names.nunique() <= names.notna().sum():
        kind = names.fillna(kind)
    codes, _ = pd.factorize(kind, sort=True)
    known = pd.Series(codes, index=catalogue["product_number"])
    return products.assign(kind=known.reindex(products["product_number"], fill_value=-1).to_numpy())
