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


def test_only_goods_are_returned(assert_builds):
    assert_builds(
        order_lines,
        staged_order_lines="""order_line_id, line_type, quantity, net_amount
                              l1,            ,          -1,       -5          -- a line is a product unless it says more
                              l2,            discount,  1,        -5          -- given, not taken back
                              l3,            shipping,  -1,       -3
                              l4,            shipping,  1,        3""",
        expected="""order_line_id, line_type, is_return
                    l1,            product,   true
                    l2,            discount,  false
                    l3,            shipping,  false
                    l4,            shipping,  false""",
    )
