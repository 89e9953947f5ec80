"""Recency, frequency and monetary value by hand."""

from crm_pipeline.features import customer_rfm


def test_counts_repeat_days_known_before_the_snapshot(assert_builds):
    assert_builds(
        customer_rfm,
        snapshot_date="2024-02-01",
        orders="""customer_id, ordered_at, net_amount
                  ada,         2024-01-01, 10   -- the first day is not a repeat
                  ada,         2024-01-01, 5    -- same day, one purchase
                  ada,         2024-01-11, 30
                  bob,         2024-02-01, 99   -- on the snapshot date: not seen""",
        expected="""customer_id, frequency, recency, T,  monetary_value, days_since_last_order, order_count, total_spend
                    ada,         1,         10,      31, 30,             21,                    3,           45""",
    )


def test_monetary_value_is_the_mean_spend_of_the_repeat_days(assert_builds):
    assert_builds(
        customer_rfm,
        snapshot_date="2024-02-01",
        orders="""customer_id, ordered_at,       net_amount
                  ada,         2024-01-01 09:00, 100
                  ada,         2024-01-10 09:00, 10
                  ada,         2024-01-10 18:00, 20   -- 30 on this day
                  ada,         2024-01-20 09:00, 15
                  bob,         2024-01-31 23:59, 7    -- one day only""",
        expected="""customer_id, frequency, monetary_value, days_since_last_order
                    ada,         2,         22.5,           12  -- (30 + 15) / 2
                    bob,         0,         0,              1""",
    )


def test_returns_lower_the_spend_and_are_no_orders(assert_builds):
    assert_builds(
        customer_rfm,
        snapshot_date="2024-02-01",
        orders="""customer_id, ordered_at, net_amount
                  ada,         2024-01-01, 10
                  ada,         2024-01-05, -4   -- sent back
                  bob,         2024-01-05, -4   -- never ordered anything: not scored
                  ,            2024-01-05, 50   -- anonymous""",
        expected="""customer_id, frequency, recency, order_count, total_spend
                    ada,         0,         0,       1,           6""",
    )


def test_an_order_that_became_known_late_is_seen_late(assert_builds):
    assert_builds(
        customer_rfm,
        snapshot_dates=["2024-02-01", "2024-03-01"],
        orders="""customer_id, ordered_at, net_amount, known_at
                  ada,         2024-01-01, 10,         2024-01-01
                  ada,         2024-01-11, 30,         2024-02-15""",
        expected="""snapshot_date, customer_id, frequency, recency, T
                    2024-02-01,    ada,         0,         0,       31
                    2024-03-01,    ada,         1,         10,      60""",
    )


def test_scores_are_quintiles_and_ties_share_a_score(assert_builds):
    assert_builds(
        customer_rfm,
        snapshot_date="2024-02-01",
        orders="""customer_id, ordered_at, net_amount
                  a,           2024-01-01, 10
                  b,           2024-01-02, 20
                  c,           2024-01-03, 30
                  d,           2024-01-04, 30
                  e,           2024-01-05, 25
                  e,           2024-01-05, 25""",
        # of five customers a rank of n / 5 is a score of n; one order each: four of five rank 4 / 5
        expected="""customer_id, r_score, f_score, m_score, rfm_score
                    a,           1,       4,       1,       141
                    b,           2,       4,       2,       242
                    c,           3,       4,       4,       344  -- ties with d
                    d,           4,       4,       4,       444
                    e,           5,       5,       5,       555""",
    )
