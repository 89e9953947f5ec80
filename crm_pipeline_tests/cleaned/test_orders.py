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


def test_different_products_are_counted_within_each_part(assert_builds):
    assert_builds(
        orders,
        order_lines="""order_id, customer_id, product_id, ordered_at, known_at,   quantity, net_amount
                       o1,       ada,         tea,        2024-01-01, 2024-01-01, 1,        3
                       o1,       ada,         tea,        2024-01-01, 2024-01-01, 2,        6   -- again in one part
                       o1,       ada,         jam,        2024-01-01, 2024-01-01, 1,        4
                       o1,       ada,         tea,        2024-01-05, 2024-01-05, -1,       -3  -- and in another
                       o2,       ,            tea,        2024-01-02, 2024-01-02, 1,        3   -- of no customer
                       o2,       ,            tea,        2024-01-02, 2024-01-02, 1,        3
                       o3,       bob,         tea,        2024-01-03, 2024-01-03, 1,        3
                       o3,       bob,         jam,        2024-01-03, 2024-01-03, 1,        4""",
        expected="""order_id, order_part, line_count, product_count
                    o1,       1,          3,          2
                    o1,       2,          1,          1
                    o2,       1,          2,          1
                    o3,       1,          2,          2""",
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


def test_discounts_and_adjustments_belong_to_the_sale_of_their_order_and_day(assert_builds):
    assert_builds(
        orders,
        order_lines="""order_id, customer_id, product_id, line_type,  ordered_at, quantity, net_amount, discount_amount
                       o1,       ada,         tea,        product,    2024-01-01, 2,        20,         1
                       o1,       ada,         d,          discount,   2024-01-01, 1,        -3,         0
                       o1,       ada,         manual,     adjustment, 2024-01-01, 1,        5,          0
                       o1,       ada,         manual,     adjustment, 2024-01-02, 1,        -4,         0  -- late""",
        expected="""order_part, part_type,  line_count, product_count, quantity, net_amount, discount_amount, is_return
                    1,          order,      1,          1,             2,        22,         4,               false
                    2,          correction, 1,          0,             0,        -4,         0,               true""",
    )


def test_a_correction_without_a_sale_is_no_order_whatever_its_sign(assert_builds):
    assert_builds(
        orders,
        order_lines="""order_id, customer_id, line_type,  ordered_at, quantity, net_amount
                       c1,       ada,         discount,   2024-01-01, 1,        -30
                       c2,       ada,         adjustment, 2024-01-02, 1,        40
                       c3,       ada,         product,    2024-01-03, -1,       -7
                       c3,       ada,         adjustment, 2024-01-03, 1,        2   -- of a return, not of a sale
                       c4,       bob,         adjustment, 2024-01-03, 1,        2
                       c4,       ada,         product,    2024-01-03, 1,        9   -- another customer's""",
        expected="""order_id, customer_id, part_type,  net_amount, is_return
                    c1,       ada,         correction, -30,        true
                    c2,       ada,         correction, 40,         true
                    c3,       ada,         return,     -7,         true
                    c3,       ada,         correction, 2,          true
                    c4,       bob,         correction, 2,          true
                    c4,       ada,         order,      9,          false""",
    )


def test_neither_postage_nor_fees_vouchers_samples_or_stock_make_an_order(assert_builds):
    assert_builds(
        orders,
        order_lines="""order_id, line_type, ordered_at, net_amount
                       o1,       shipping,  2024-01-01, 4
                       o1,       fee,       2024-01-01, 1
                       o1,       voucher,   2024-01-01, 50
                       o1,       sample,    2024-01-01, 0
                       o1,       stock,     2024-01-01, 0
                       o2,       product,   2024-01-01, 10
                       o2,       shipping,  2024-01-01, 4""",
        expected="""order_id, line_count, net_amount
                    o2,       1,          10""",
    )
