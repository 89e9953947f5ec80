"""Popularity of products by hand."""

from crm_pipeline.recommendations import product_popularity


def test_orders_are_counted_once_per_product_and_window(assert_builds):
    assert_builds(
        product_popularity,
        snapshot_date="2024-04-01",
        order_lines="""order_id, customer_id, product_id, ordered_at, quantity
                       o1,       ada,         tea,        2024-03-31, 1   -- yesterday
                       o1,       ada,         tea,        2024-03-31, 2   -- same order: counts once
                       o2,       ada,         tea,        2024-03-18, 1   -- 14 days ago
                       o3,       bob,         tea,        2024-03-02, 1   -- 30 days ago
                       o4,       bob,         tea,        2024-03-01, 1   -- 31 days ago
                       o5,       bob,         tea,        2024-01-02, 1   -- 90 days ago
                       o6,       bob,         rum,        2024-01-01, 1   -- 91 days ago
                       o7,       cyd,         tea,        2024-04-01, 1   -- on the snapshot date: not seen""",
        products="""product_id, name
                    tea,        Green tea""",
        expected="""product_id, product_number, product_name, customer_count, order_count, order_count_14d, order_count_30d, order_count_90d
                    rum,        1,              ,             1,              1,           0,               0,               0
                    tea,        2,              Green tea,    2,              5,           2,               3,               5""",  # noqa: E501
    )


def test_returns_and_lines_of_nobody_or_nothing_do_not_count(assert_builds):
    assert_builds(
        product_popularity,
        snapshot_date="2024-04-01",
        order_lines="""order_id, customer_id, product_id, line_type, ordered_at, quantity
                       o1,       ada,         tea,        product,   2024-03-01, 1
                       o1,       ada,         postage,    shipping,  2024-03-01, 1   -- no product
                       o2,       ada,         tea,        product,   2024-03-02, -1  -- sent back
                       o3,       ada,         rum,        product,   2024-03-02, 0   -- nothing was sold
                       o4,       ,            rum,        product,   2024-03-02, 1   -- anonymous""",
        expected="""product_id, customer_count, order_count
                    tea,        1,              1""",
    )


def test_price_and_kind_of_products(assert_builds):
    assert_builds(
        product_popularity,
        snapshot_date="2024-04-01",
        order_lines="""order_id, customer_id, product_id, ordered_at, quantity, net_amount
                       o1,       ada,         tea,        2024-03-31, 1,        4
                       o2,       bob,         tea,        2024-03-01, 3,        8
                       o3,       bob,         tea,        2023-03-01, 1,        99  -- too long ago for the price
                       o4,       bob,         rum,        2023-03-01, 2,        30  -- no later one""",
        products="""product_id, category, subcategory
                    tea,        drinks,   hot drinks""",
        expected="""product_id, category, subcategory, unit_price, days_since_last_ordered
                    rum,        ,         ,            15,         397
                    tea,        drinks,   hot drinks,  3,          1""",
    )
