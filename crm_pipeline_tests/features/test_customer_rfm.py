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


def test_scores_are_quintiles_and_ties_share_the_middle_one(assert_builds):
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
        # of five customers the n-th has score n; one order each: the middle of ranks 0 / 5 to 4 / 5 is 2 / 5
        expected="""customer_id, r_score, f_score, m_score, rfm_score
                    a,           1,       2,       1,       121
                    b,           2,       2,       2,       222
                    c,           3,       2,       3,       323  -- ties with d: 2 / 5 to 4 / 5
                    d,           4,       2,       3,       423
                    e,           5,       5,       5,       555""",
    )


def test_one_order_makes_no_champion_where_most_have_one(assert_builds):
    orders = "".join(f"c{i:02d}, 2024-01-01, 10\n" for i in range(19))
    # of twenty, nineteen are alike: the middle of their ranks is 19 / 40, of the other one 39 / 40
    assert_builds(
        customer_rfm,
        snapshot_date="2024-02-01",
        orders=f"customer_id, ordered_at, net_amount\n{orders}twice, 2024-01-02, 10\ntwice, 2024-01-03, 10",
        expected="customer_id, r_score, f_score, m_score\n"
        + "".join(f"c{i:02d}, 3, 3, 3\n" for i in range(19))
        + "twice, 5, 5, 5",
    )
