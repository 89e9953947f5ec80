"""Lines collapsed to orders; later additions and returns are parts of their own."""

from crm_pipeline.cleaned import orders


def test_lines_of_one_day_are_one_part(assert_builds):
    assert_builds(
        orders,
        order_lines="""order_id, customer_id, product_id, ordered_at,       quantity, net_amount, discount_amount
                       o1,       ada,         tea,        2024-01-01 10:00, 2,        6,          1
                       o1,       ada,         tea,        2024-01-01 10:01, 1,        3,          0
                       o1,       ada,         jam,        2024-01-01 10:01, 1,        4,          0""",
        expected="""order_part, ordered_at,          line_count, product_count, quantity, net_amount, discount_amount
                    1,          2024-01-01 10:00:00, 3,          2,             4,        13,         1""",
    )


def test_additions_and_returns_of_later_days_are_parts_of_their_own(assert_builds):
    assert_builds(
        orders,
        order_lines="""order_id, customer_id, ordered_at, net_amount, known_at
                       o1,       ada,         2024-01-01, 10,         2024-01-01
                       o1,       ada,         2024-01-01, -1,         2024-01-01  -- taken back at the till
                       o1,       ada,         2024-01-01, 2,          2024-01-03
                       o1,       ada,         2024-01-05, -4,         2024-01-05""",
        expected="""order_id, order_part, net_amount, is_return, known_at
                    o1,       1,          10,         false,     2024-01-01
                    o1,       2,          -1,         true,      2024-01-01
                    o1,       3,          2,          false,     2024-01-03
                    o1,       4,          -4,         true,      2024-01-05""",
    )


def test_orders_of_sources_without_lines_count(assert_builds):
    assert_builds(
        orders,
        staged_orders="""order_id, customer_id, ordered_at, net_amount, verdict
                         w1,       ada,         2024-01-01, 20,         clean
                         w2,       ada,         2024-01-09, -20,        clean
                         w3,       bob,         2024-01-09, 5,          rejected""",
        expected="""order_id, order_part, line_count, net_amount, is_return
                    w1,       1,          0,          20,         false
                    w2,       1,          0,          -20,        true""",
    )


def test_of_an_order_and_its_lines_the_first_known_counts(assert_builds):
    assert_builds(
        orders,
        staged_orders="""order_id, ordered_at, net_amount, known_at
                         both,     2024-01-01, 20,         2024-01-01
                         first,    2024-01-01, 30,         2024-01-01""",
        order_lines="""order_id, ordered_at, net_amount, known_at
                       both,     2024-01-01, 21,         2024-01-01
                       first,    2024-01-01, 31,         2024-01-02  -- the order was known a day before its lines""",
        expected="""order_id, line_count, net_amount, known_at
                    both,     1,          21,         2024-01-01
                    first,    0,          30,         2024-01-01""",
    )


def test_an_order_without_an_amount_is_only_the_date_and_customer_of_its_lines(assert_builds):
    assert_builds(
        orders,
        staged_orders="""order_id, ordered_at,       net_amount, known_at
                         head,     2024-01-01 08:00, ,           2024-01-01 08:00
                         empty,    2024-01-01 08:00, ,           2024-01-01 08:00
                         sameday,  2024-01-01 08:00, 30,         2024-01-01 08:00""",
        order_lines="""order_id, ordered_at,       net_amount, known_at
                       head,     2024-01-01 08:00, 21,         2024-01-01 08:00
                       sameday,  2024-01-01 09:00, 31,         2024-01-01 09:00  -- no snapshot lies between""",
        expected="""order_id, line_count, net_amount
                    head,     1,          21
                    sameday,  1,          31""",
    )
