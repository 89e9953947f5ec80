"""Filters of crm.yaml, by what is on the lists."""

from __future__ import annotations

import pandas as pd
import pytest

from crm_pipeline.recommendations import customer_recommendations, product_popularity
from crm_pipeline.recommendations.offered import is_consumable
from crm_pipeline_tests.kit import built_rows

DAY = "2024-04-01"
LINES = """order_id, customer_id, product_id, ordered_at, quantity, net_amount, is_return
           o1,       ada,         tea,        2024-03-02, 1,        3,          false
           o2,       ada,         tea,        2024-03-12, 1,        3,          false
           o3,       ada,         tea,        2024-03-22, 1,        3,          false
           o3,       ada,         sofa,       2024-03-22, 1,        900,        false
           o4,       bob,         rum,        2024-03-30, 1,        20,         false
           o5,       cyd,         lamp,       2023-03-29, 1,        50,         false
           o6,       cyd,         tea,        2024-03-29, 1,        3,          false"""
ORDERS = """order_id, customer_id, ordered_at, line_count
            o1,       ada,         2024-03-02, 1
            o2,       ada,         2024-03-12, 1
            o3,       ada,         2024-03-22, 2
            o4,       bob,         2024-03-30, 1
            o5,       cyd,         2023-03-29, 1
            o6,       cyd,         2024-03-29, 1"""
PRODUCTS = """product_id, category
              tea,        Food
              rum,        Alcohol
              sofa,       Furniture
              lamp,       Furniture"""


def listed(customer: str, more: dict[str, str] | None = None, **filters: object) -> list[str]:
    """The products on a customer's lists, in their order."""
    from crm_pipeline.models.ranking import FittedRanking
    from crm_pipeline.models.ranking_candidates import DEFAULTS
    from crm_pipeline.recommendations.recommendation_model import registry_rows

    project = {"recommendations": {"horizon_days": 30, "count": 10, **filters}}
    popularity = built_rows(
        product_popularity, snapshot_date=DAY, project=project, order_lines=LINES, products=PRODUCTS
    )
    rule = registry_rows(FittedRanking("rule", "GP-TopFreq, for a test", DEFAULTS), pd.Timestamp(DAY).date(), None)
    found = built_rows(
        customer_recommendations,
        snapshot_date=DAY,
        project=project,
        order_lines=LINES,
        orders=ORDERS,
        product_popularity=popularity.astype(object).where(popularity.notna(), None),
        recommendation_model=rule.astype(object).where(rule.notna(), None),
        **(more or {}),
    )
    return [str(product) for product in found.loc[found["customer_id"] == customer, "product_id"]]


def test_without_filters_everything_is_offered() -> None:
    assert listed("ada") == ["tea", "sofa", "rum", "lamp"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"available_days": 90}, ["tea", "sofa", "rum"]),  # the last lamp was sold a year ago
        ({"min_price": 10}, ["sofa", "rum", "lamp"]),
        ({"excluded_categories": ["ALCOHOL"]}, ["tea", "sofa", "lamp"]),
        ({"rest_days": 14}, ["tea", "rum", "lamp"]),  # tea is used up; nobody buys a second sofa
        ({"rest_days": 9}, ["tea", "sofa", "rum", "lamp"]),  # the sofa is ten days old
    ],
)
def test_filters(filters: dict[str, object], expected: list[str]) -> None:
    assert listed("ada", **filters) == expected


def test_what_was_sent_back_is_not_recommended_again() -> None:
    returned = """return_line_id, sale_line_id, customer_id, product_id, quantity
                  r1,             l4,           ada,         sofa,       1
                  r2,             l1,           ada,         tea,        1       -- one of three"""
    assert listed("ada", {"returned_lines": returned}) == ["tea", "rum", "lamp"]


def test_who_refused_gets_no_list() -> None:
    consents = """customer_id, purpose,   decided_at, is_granted
                  ada,         marketing, 2024-01-01, true
                  ada,         marketing, 2024-02-01, false
                  bob,         marketing, 2024-01-01, false
                  bob,         marketing, 2024-02-01, true
                  cyd,         sharing,   2024-02-01, false"""
    for customer, is_served in (("ada", False), ("bob", True), ("cyd", True)):
        assert bool(listed(customer, {"consents": consents}, consent_purpose="marketing")) == is_served
        assert listed(customer, {"consents": consents})


def test_products_without_a_kind_are_judged_by_themselves() -> None:
    products = pd.DataFrame(
        {
            "product_id": ["a", "b", "c", "d"],
            "category": ["food", "food", None, None],
            "subcategory": [None, None, None, None],
            "order_count": [10, 2, 5, 9],
            "customer_count": [5, 2, 5, 3],
        }
    )
    # food: 7 first orders of 12; c was never bought twice, d often
    assert is_consumable(products).tolist() == [True, True, False, True]
