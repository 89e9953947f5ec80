"""What came after a snapshot, by hand."""

from crm_pipeline.features import clv_outcomes
from crm_pipeline_tests.kit import built_table

HORIZON = {"clv": {"horizon_days": 30}}
JUDGED = """snapshot_date, customer_id, is_active
            2024-01-01,    ada,         true
            2024-01-01,    bob,         false
            2024-02-01,    ada,         true"""


def test_the_horizon_starts_at_the_snapshot_and_ends_before_its_last_day_plus_one(assert_builds):
    assert_builds(
        clv_outcomes,
        snapshot_date="2024-02-01",
        project=HORIZON,
        customer_features=JUDGED,
        orders="""order_id, customer_id, ordered_at,       net_amount
                  o0,       ada,         2023-12-31 23:59, 99   -- before the snapshot
                  o1,       ada,         2024-01-01 00:00, 10   -- the first moment after it
                  o2,       ada,         2024-01-30 23:00, 20   -- the thirtieth day
                  o3,       ada,         2024-01-30 23:30, 5    -- the same day: two orders, one purchase
                  r1,       ada,         2024-01-30 23:40, -8   -- spend is net of returns
                  o4,       ada,         2024-01-31 00:00, 99   -- day 31""",
        expected="""known_date, snapshot_date, customer_id, is_active, order_count, purchase_count, spend_amount
                    2024-02-01, 2024-01-01,    ada,         true,      3,           2,              27
                    2024-02-01, 2024-01-01,    bob,         false,     0,           0,              0""",
    )


def test_a_snapshot_is_judged_once_when_it_falls_due():
    given = {
        "project": {**HORIZON, "snapshots": {"every": "month", "first": "2024-01-01"}},
        "customer_features": JUDGED,
    }
    counts = {
        day: built_table(clv_outcomes, snapshot_date=day, **given)["snapshot_date"].to_pylist()
        for day in ("2024-01-01", "2024-02-01", "2024-03-01")
    }
    # 29 days lie between 1 February and 1 March: not due yet
    assert [len(days) for days in counts.values()] == [0, 2, 0]
    later = built_table(clv_outcomes, snapshot_date="2024-04-01", **given)
    assert [str(day) for day in later["snapshot_date"].to_pylist()] == ["2024-02-01"]


def test_nothing_scored_nothing_judged():
    assert built_table(clv_outcomes, snapshot_date="2024-02-01").num_rows == 0
