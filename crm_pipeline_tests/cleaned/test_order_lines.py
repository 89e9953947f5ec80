"""Lines of orders and returns."""

from crm_pipeline.cleaned import order_lines


def test_fills_price_and_discount_and_marks_returns(assert_builds):
    assert_builds(
        order_lines,
        staged_order_lines="""order_line_id, quantity, unit_price, net_amount, discount_amount, verdict
                              l1,            2,        6,          10,         2,               clean
                              l2,            4,        ,           9,          1,               clean  -- (9 + 1) / 4
                              l3,            -1,       ,           -5,         ,                clean
                              l4,            0,        ,           -1,         ,                clean  -- an allowance
                              l5,            1,        1,          1,          ,                rejected""",
        expected="""order_line_id, quantity, unit_price, net_amount, discount_amount, is_return
                    l1,            2,        6,          10,         2,               false
                    l2,            4,        2.5,        9,          1,               false
                    l3,            -1,       5,          -5,         0,               true
                    l4,            0,        ,           -1,         0,               true""",
    )


def test_lines_without_a_customer_stay(assert_builds):
    assert_builds(
        order_lines,
        staged_order_lines="""order_line_id, customer_id, ordered_at, known_at
                              l1,            ,            2024-01-01, 2024-01-09""",
        expected="""order_line_id, customer_id, known_at
                    l1,            ,            2024-01-09""",
    )
