"""Churn labels by hand, and the law that every snapshot is judged once."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.churn import churn_labels
from crm_pipeline_tests.kit import built_rows

SCORED = """snapshot_date, customer_id, is_active
            2024-01-01,    ada,         true
            2024-01-01,    bob,         true
            2024-01-01,    cyd,         false
            2024-01-01,    dan,         true
            2024-01-01,    eve,         true"""


def test_an_order_in_the_horizon_keeps_a_customer(assert_builds):
    assert_builds(
        churn_labels,
        snapshot_date="2024-02-01",
        customer_features=SCORED,
        orders="""order_id, order_part, customer_id, ordered_at,          net_amount, known_at
                  1,        1,          ada,         2023-12-31 23:59:59, 10,         2023-12-31 -- before the horizon
                  2,        1,          bob,         2024-01-01 00:00:00, 20,         2024-01-01 -- its first moment
                  3,        1,          bob,         2024-01-30 23:59:59, 5,          2024-01-30 -- its last day
                  4,        1,          cyd,         2024-01-31 00:00:00, 30,         2024-01-31 -- too late
                  5,        1,          dan,         2024-01-10 12:00:00, -7,         2024-01-10 -- a return is none
                  6,        1,          eve,         2024-01-10 12:00:00, 8,          2024-02-01 -- not yet known
                  7,        1,          zoe,         2024-01-10 12:00:00, 8,          2024-01-10 -- was not scored""",
        expected="""known_date, snapshot_date, customer_id, horizon_days, is_churned, is_active, order_count, net_amount
                    2024-02-01, 2024-01-01,    ada,         30,           true,       true,      0,           0
                    2024-02-01, 2024-01-01,    bob,         30,           false,      true,      2,           25
                    2024-02-01, 2024-01-01,    cyd,         30,           true,       false,     0,           0
                    2024-02-01, 2024-01-01,    dan,         30,           true,       true,      0,           -7
                    2024-02-01, 2024-01-01,    eve,         30,           true,       true,      0,           0""",
    )


def test_parts_of_an_order_are_one_order(assert_builds):
    assert_builds(
        churn_labels,
        snapshot_date="2024-02-01",
        customer_features="snapshot_date, customer_id\n 2024-01-01, ada",
        orders="""order_id, order_part, customer_id, ordered_at, net_amount
                  1,        1,          ada,         2024-01-05, 10
                  1,        2,          ada,         2024-01-06, 3""",
        expected="customer_id, order_count, net_amount\n ada, 1, 13",
    )


def test_a_snapshot_is_judged_when_its_horizon_has_ended(assert_builds):
    assert_builds(
        churn_labels,
        snapshot_date="2024-02-01",
        customer_features="""snapshot_date, customer_id
                             2024-01-02,    ada          -- 30 days later is the 1st of February
                             2024-01-03,    ada          -- a day too early to say""",
        expected="snapshot_date, is_churned\n 2024-01-02, true",
    )


def test_a_customer_keeps_the_hash():
    rows = built_rows(churn_labels, snapshot_date="2024-02-01", customer_features=SCORED)
    # md5 of "ada" is 8c8d357b5e872bbacd45197626bd5759
    assert rows.set_index("customer_id").at["ada", "customer_hash"] == "8c8d"


@settings(max_examples=10)
@given(st.lists(st.integers(0, 120), min_size=1, max_size=7, unique=True).map(sorted))
def test_every_snapshot_is_judged_once(offsets):
    days = [date(2024, 1, 1) + timedelta(days=offset) for offset in offsets]
    scored = "snapshot_date, customer_id\n" + "\n".join(f"{day}, ada" for day in days)
    rows = built_rows(churn_labels, snapshot_dates=[str(day) for day in days], customer_features=scored)
    judged = {day.date() for day in rows["snapshot_date"]}
    assert len(rows) == len(judged)
    assert judged == {day for day in days if day + timedelta(days=30) <= days[-1]}
    # at the first date by which it could be known
    for known, snapshot in zip(rows["known_date"].dt.date, rows["snapshot_date"].dt.date, strict=True):
        assert known == min(day for day in days if day >= snapshot + timedelta(days=30))
