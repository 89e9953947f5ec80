"""Returns matched to their sales by hand, and the laws of matching."""

import pandas as pd

from crm_pipeline.cleaned import returned_lines
from crm_pipeline_tests.kit import built_rows


def test_takes_the_latest_earlier_sale_with_enough_left(assert_builds):
    assert_builds(
        returned_lines,
        order_lines="""order_line_id, customer_id, product_id, ordered_at, quantity, unit_price
                       s1,            ada,         tea,        2024-01-01, 10,       2
                       s2,            ada,         tea,        2024-01-05, 4,        2
                       r1,            ada,         tea,        2024-01-08, -3,       2   -- 1 of s2 is left
                       r2,            ada,         tea,        2024-01-09, -2,       2   -- s2 has too few: s1
                       r3,            ada,         tea,        2024-01-09, -1,       2   -- the last one of s2
                       s3,            ada,         tea,        2024-01-10, 9,        2   -- after all of them
                       r4,            ada,         tea,        2024-01-11, -99,      2   -- more than was ever sold""",
        expected="""return_line_id, sale_line_id, quantity, days_to_return, known_at
                    r1,             s2,           3,        3,              2024-01-08
                    r2,             s1,           2,        8,              2024-01-09
                    r3,             s2,           1,        4,              2024-01-09""",
    )


def test_a_sale_at_the_same_price_goes_first(assert_builds):
    assert_builds(
        returned_lines,
        order_lines="""order_line_id, customer_id, product_id, ordered_at, quantity, unit_price
                       s1,            ada,         tea,        2024-01-01, 1,        3
                       s2,            ada,         tea,        2024-01-02, 1,        2
                       r1,            ada,         tea,        2024-01-08, -1,       3
                       r2,            ada,         tea,        2024-01-09, -1,       3  -- the only one left""",
        expected="""return_line_id, sale_line_id
                    r1,             s1
                    r2,             s2""",
    )


def test_matches_only_sales_of_the_same_customer_and_product_that_were_known(assert_builds):
    assert_builds(
        returned_lines,
        order_lines="""order_line_id, customer_id, product_id, line_type, ordered_at, known_at,   quantity
                       s1,            ada,         tea,        product,   2024-01-01, 2024-01-01, 1
                       s2,            bob,         rum,        product,   2024-01-01, 2024-01-01, 1
                       s3,            ,            tea,        product,   2024-01-01, 2024-01-01, 1
                       s4,            cyd,         tea,        product,   2024-01-01, 2024-01-09, 1  -- entered late
                       s5,            dan,         tea,        sample,    2024-01-01, 2024-01-01, 1
                       r1,            bob,         tea,        product,   2024-01-02, 2024-01-02, -1
                       r2,            ,            tea,        product,   2024-01-02, 2024-01-02, -1
                       r3,            cyd,         tea,        product,   2024-01-02, 2024-01-02, -1
                       r4,            dan,         tea,        product,   2024-01-02, 2024-01-02, -1
                       r5,            cyd,         tea,        product,   2024-01-03, 2024-01-10, -1""",
        expected="""return_line_id, sale_line_id, returned_at, known_at
                    r5,             s4,           2024-01-03,  2024-01-10""",
    )


def test_allowances_without_a_quantity_match_nothing(assert_builds):
    assert_builds(
        returned_lines,
        order_lines="""order_line_id, customer_id, product_id, ordered_at, quantity, net_amount
                       s1,            ada,         tea,        2024-01-01, 1,        9
                       r1,            ada,         tea,        2024-01-02, 0,        -2""",
        expected="return_line_id",
    )


def test_only_the_first_500_returns_of_a_customer_and_product_are_matched():
    days = pd.date_range("2020-01-01", periods=501)
    sold = pd.DataFrame({"order_line_id": [f"s{n}" for n in range(501)], "ordered_at": days, "quantity": 1})
    back = sold.assign(
        order_line_id=[f"r{n}" for n in range(501)], ordered_at=days + pd.Timedelta("1000D"), quantity=-1
    )
    lines = pd.concat([sold, back]).assign(customer_id="marketplace", product_id="tea")
    found = built_rows(returned_lines, order_lines=lines)
    assert len(found) == 500 and found["sale_line_id"].is_unique
    assert set(found["return_line_id"]) == {f"r{n}" for n in range(500)}
