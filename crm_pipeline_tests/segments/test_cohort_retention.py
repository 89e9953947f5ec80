"""Cohorts by hand."""

from crm_pipeline.segments import cohort_retention

ORDERS = """customer_id, ordered_at,       net_amount
            ada,         2023-11-05,       10
            ada,         2023-11-20,       10     -- twice in a month counts once
            ada,         2024-01-31 23:59, 10     -- back after two months
            bob,         2023-11-30,       10
            bob,         2023-12-02,       -5     -- a return is no order
            cyd,         2023-12-01,       10
            dan,         2024-02-03,       10     -- the month of the snapshot has only begun
            ,            2023-12-01,       10     -- nobody's order"""


def test_shares_of_each_cohort_in_each_complete_month(assert_builds):
    assert_builds(
        cohort_retention,
        snapshot_date="2024-02-15",
        orders=ORDERS,
        expected="""snapshot_date, cohort_month, months_since, customer_count, active_count, retention_share
                    2024-02-15,    2023-11-01,   0,            2,              2,            1
                    2024-02-15,    2023-11-01,   1,            2,              0,            0.0
                    2024-02-15,    2023-11-01,   2,            2,              1,            0.5
                    2024-02-15,    2023-12-01,   0,            1,              1,            1
                    2024-02-15,    2023-12-01,   1,            1,              0,            0""",
    )


def test_on_the_first_of_a_month_the_month_before_is_complete(assert_builds):
    assert_builds(
        cohort_retention,
        snapshot_date="2024-01-01",
        orders=ORDERS,
        expected="""cohort_month, months_since, active_count
                    2023-11-01,   0,            2
                    2023-11-01,   1,            0
                    2023-12-01,   0,            1""",
    )


def test_no_orders(assert_builds):
    assert_builds(cohort_retention, snapshot_date="2024-01-01", expected="cohort_month, months_since")
