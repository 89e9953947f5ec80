"""Spend per category by hand."""

from crm_pipeline.features import customer_category_spend
from crm_pipeline_tests.kit import built_rows, built_table

PRODUCTS = """product_id, category
              milk,       dairy
              cheese,     dairy
              rye,        bread"""


def test_spend_orders_and_shares(assert_builds):
    assert_builds(
        customer_category_spend,
        snapshot_date="2024-03-02",
        products=PRODUCTS,
        order_lines="""order_id, customer_id, product_id, ordered_at, net_amount
                       o1,       ada,         milk,       2024-01-01, 4
                       o1,       ada,         cheese,     2024-01-01, 3   -- one order of dairy, two lines
                       o2,       ada,         milk,       2024-02-01, 3
                       r1,       ada,         cheese,     2024-02-02, -1  -- lowers the spend, is no order
                       o2,       ada,         nail,       2024-02-01, 3   -- a product of no catalogue
                       o3,       bob,         rye,        2024-03-01, 5
                       o4,       bob,         milk,       2024-03-02, 9   -- not seen yet
                       o5,       ,            rye,        2024-03-01, 5   -- nobody's""",
        expected="""customer_id, category, spend_amount, order_count, days_since_last_order, spend_share
                    ada,         dairy,    9,            2,           30,                    0.75
                    ada,         unknown,  3,            1,           30,                    0.25
                    bob,         bread,    5,            1,           1,                     1.00""",
    )


def test_more_returned_than_bought_has_no_share(assert_builds):
    assert_builds(
        customer_category_spend,
        snapshot_date="2024-03-02",
        products=PRODUCTS,
        order_lines="""order_id, customer_id, product_id, line_type, ordered_at, net_amount
                       o1,       ada,         milk,       product,   2024-01-01, 4
                       r1,       ada,         milk,       product,   2024-01-05, -6
                       o1,       ada,         rye,        product,   2024-01-01, 2
                       o1,       ada,         postage,    shipping,  2024-01-01, 3   -- of no category
                       r2,       bob,         rye,        product,   2024-01-01, -2  -- never bought: no row""",
        expected="""customer_id, category, spend_amount, order_count, spend_share
                    ada,         dairy,    -2,           1,           0
                    ada,         bread,    2,            1,           1""",
    )


def test_shares_add_up():
    lines = "\n".join(f"o{i}, ada, p{i}, 2024-01-01, {i + 1}" for i in range(7))
    rows = built_rows(
        customer_category_spend,
        snapshot_date="2024-03-02",
        order_lines=f"order_id, customer_id, product_id, ordered_at, net_amount\n{lines}",
        products="product_id, category\n" + "\n".join(f"p{i}, c{i % 3}" for i in range(7)),
    )
    assert abs(rows["spend_share"].sum() - 1) < 1e-12


def test_no_lines_no_rows():
    assert built_table(customer_category_spend, snapshot_date="2024-03-02").num_rows == 0
