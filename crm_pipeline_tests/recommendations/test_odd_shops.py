"""Shops that are hardly shops: sensible lists and no crash."""

import pandas as pd
import pytest

from crm_pipeline.recommendations import bundles, customer_recommendations, next_purchase, product_affinities
from crm_pipeline_tests.kit import built_rows
from crm_pipeline_tests.recommendations.shop import orders_of, upstream

DAY = "2024-04-01"


def lines_of(customers: int, products: tuple[str, ...], orders: int = 4) -> pd.DataFrame:
    """Every customer orders all products every ten days."""
    rows = [
        (
            f"c{customer:03d}",
            f"o{customer}-{order}",
            product,
            pd.Timestamp("2024-03-01") - pd.Timedelta(days=10 * order),
        )
        for customer in range(customers)
        for order in range(orders)
        for product in products
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "order_id", "product_id", "ordered_at"])
    return frame.assign(quantity=1)


@pytest.mark.parametrize(
    ("customers", "products"), [(1, ("tea",)), (1, ("tea", "rum")), (30, ("tea",)), (30, ("tea", "rum", "rye"))]
)
def test_everyone_is_offered_all_that_there_is(customers: int, products: tuple[str, ...]) -> None:
    lines = lines_of(customers, products)
    given = upstream(lines, orders_of(lines), (DAY,))
    lists = built_rows(customer_recommendations, snapshot_date=DAY, **given)
    assert len(lists) == customers * len(products)
    assert set(lists["slot"]) == {"usual"} and set(lists["reason_code"]) == {"bought_often"}
    due = built_rows(next_purchase, snapshot_date=DAY, orders=given["orders"], order_lines=lines)
    assert due["customer_id"].tolist() == sorted(set(lines["customer_id"]))
    # products that are in every basket are together by necessity, not beyond chance
    affinities = built_rows(product_affinities, snapshot_date=DAY, order_lines=lines)
    assert affinities.empty
    assert built_rows(bundles, snapshot_date=DAY, order_lines=lines, product_affinities=affinities).empty
