"""Similar products by hand."""

import pandas as pd
import pytest

from crm_pipeline.recommendations import product_similarities
from crm_pipeline_tests.kit import built_rows
from crm_pipeline_tests.recommendations.shop import orders_of

CATALOGUE = """product_id, product_number
               cake,       1
               rum,        2
               tea,        3"""


def similarities(bought):
    """From what each customer bought, one product per order."""
    rows = [(person, f"{person}-{item}", item) for person, items in bought.items() for item in items]
    lines = pd.DataFrame(rows, columns=["customer_id", "order_id", "product_id"])
    lines = lines.assign(ordered_at=pd.Timestamp("2024-03-01"), quantity=1)
    given = {"order_lines": lines, "orders": orders_of(lines), "product_popularity": CATALOGUE}
    return built_rows(product_similarities, snapshot_date="2024-04-01", **given)


def test_what_the_same_customers_buy_is_similar():
    found = similarities({f"c{number}": ["tea", "cake"] for number in range(6)})
    assert found[["product_id", "rank", "other_product_id"]].to_numpy().tolist() == [
        ["cake", 1, "tea"],
        ["tea", 1, "cake"],
    ]
    assert found[["product_number", "other_product_number"]].to_numpy().tolist() == [[1, 3], [3, 1]]
    assert found["similarity"].tolist() == pytest.approx([6 / 7.2, 6 / 7.2])  # six customers, a ridge of .2 for each


def test_neighbours_are_ranked_and_strangers_are_none():
    people = {f"c{number}": ["tea", "cake"] for number in range(8)} | {f"d{number}": ["rum"] for number in range(8)}
    people |= {"e0": ["tea", "rum"]}
    found = similarities(people).set_index(["product_id", "rank"])["other_product_id"]
    assert found.to_dict() == {("cake", 1): "tea", ("rum", 1): "tea", ("tea", 1): "cake", ("tea", 2): "rum"}


def test_products_of_few_customers_have_no_neighbours():
    assert similarities({f"c{number}": ["tea", "cake"] for number in range(4)}).empty
