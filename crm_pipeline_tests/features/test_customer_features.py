"""Customer features by hand, and the laws of their contract on random orders."""

import math
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.features import customer_features, customer_rfm
from crm_pipeline_tests.kit import built_rows, built_table

ORDERS = """order_id, customer_id, ordered_at,       net_amount, discount_amount, line_count
            o1,       ada,         2024-01-01 08:00, 10,         0,               1   -- a Monday, 61 days before
            o2,       ada,         2024-02-10 10:00, 20,         10,              2   -- a Saturday, 21 days before
            o3,       ada,         2024-02-20 12:00, 40,         0,               3   -- a Tuesday, 11 days before
            o4,       ada,         2024-02-20 18:00, 30,         0,               1   -- the same day
            r1,       ada,         2024-02-25 09:00, -5,         0,               2   -- a return
            o5,       bob,         2024-01-22 09:00, 7,          0,               1   -- 40 days before
            o6,       eve,         2024-03-02 00:00, 99,         0,               1   -- on the snapshot date"""


def test_counts_and_spend_in_windows(assert_builds):
    assert_builds(
        customer_features,
        snapshot_date="2024-03-02",
        orders=ORDERS,
        expected="""customer_id, order_count, order_count_30d, order_count_90d, spend_amount, spend_amount_30d
                    ada,         4,           3,               4,               95,           85
                    bob,         1,           0,               1,               7,            0""",
    )


def test_silence_rhythm_and_age(assert_builds):
    # gaps of 40 and 10 days: mean 25, population deviation 15, geometric mean 20; silent for 11 days
    assert_builds(
        customer_features,
        snapshot_date="2024-03-02",
        orders=ORDERS,
        expected="""customer_id, days_since_last_order, tenure_days, mean_gap_days, std_gap_days, geometric_mean_gap_days, max_gap_days, last_gap_days, days_since_last_order_ratio
                    ada,         11,                    61,          25.0,          15.0,         20.0,                    40,           10,            0.44
                    bob,         40,                    40,          ,              ,             ,                        ,             ,              """,  # noqa: E501
    )


def test_baskets_discounts_hours_and_weekdays(assert_builds):
    # ada: 100 in 4 orders; 10 of 110 discounted; hours 8, 10, 12, 18; one of three order days at a weekend
    assert_builds(
        customer_features,
        snapshot_date="2024-03-02",
        orders=ORDERS,
        expected="""customer_id, mean_basket_amount, max_basket_amount, mean_basket_line_count, discount_share, mean_order_hour, weekend_share
                    ada,         25.0,               40,                1.75,                   0.0909,         12.0,            0.3333
                    bob,         7.0,                7,                 1.00,                   0.0000,         9.0,             0.0000""",  # noqa: E501
    )


def test_trend_compares_the_last_30_days_with_those_before(assert_builds):
    # two order days in the last 30, none in the 30 before; log of (3 x 90 + 1) / (100 + 1) for amounts
    assert_builds(
        customer_features,
        snapshot_date="2024-03-02",
        orders=ORDERS,
        expected="""customer_id, order_day_change_30d, spend_trend
                    ada,         2,                    0.9870
                    bob,         -1,                   -2.0794""",
    )
    assert math.log(271 / 101) == pytest.approx(0.9870, abs=1e-4)
    assert math.log(1 / 8) == pytest.approx(-2.0794, abs=1e-4)


def test_breadth_counts_products_categories_and_their_entropy(assert_builds):
    # lines: 2 dairy, 1 bread, 1 unknown: entropy = ln 4 - (2 ln 2) / 4 = 1.0397
    assert_builds(
        customer_features,
        snapshot_date="2024-03-02",
        orders="customer_id, ordered_at, net_amount\nada, 2024-01-01, 10",
        order_lines="""customer_id, product_id, ordered_at, net_amount
                       ada,         milk,       2023-10-01, 1
                       ada,         milk,       2024-02-20, 1
                       ada,         rye,        2024-02-20, 1
                       ada,         nail,       2023-10-01, 1
                       ada,         hammer,     2024-02-20, -1  -- returned, so not bought here
                       ,            rye,        2024-02-20, 1   -- nobody's""",
        products="""product_id, category
                    milk,       dairy
                    rye,        bread""",
        expected="""customer_id, product_count, product_count_30d, new_product_count_30d, category_count, category_count_90d, category_entropy
                    ada,         3,             2,                 1,                     3,              2,                  1.0397""",  # noqa: E501
    )


def test_contacts_and_coupons(assert_builds):
    assert_builds(
        customer_features,
        snapshot_date="2024-03-02",
        orders=ORDERS,
        campaign_contacts="""campaign_id, customer_id, contacted_at, known_at
                             c1,          ada,         2023-11-01,   2023-11-01
                             c2,          ada,         2024-02-21,   2024-02-21
                             c3,          ada,         2024-03-10,   2024-02-21  -- planned, not made""",
        coupon_redemptions="""coupon_id, customer_id, redeemed_at
                              k1,        ada,         2023-11-01
                              k2,        ada,         2024-02-21""",
        expected="""customer_id, campaign_contact_count, campaign_contact_count_90d, days_since_last_contact, coupon_redemption_count, coupon_redemption_count_90d
                    ada,         2,                      1,                          10,                      2,                       1
                    bob,         0,                      0,                          ,                        0,                       0""",  # noqa: E501
    )


@pytest.mark.parametrize(
    ("churn", "is_bob_active"),
    [
        ({"horizon_days": 30}, True),  # 99 % of the gaps, 40 and 10 days, last at most 40: as long as bob is silent
        ({"horizon_days": 30, "active_days": 39}, False),
        ({"horizon_days": 30, "active_days": 40}, True),
    ],
)
def test_who_can_still_leave(churn, is_bob_active):
    rows = built_rows(customer_features, snapshot_date="2024-03-02", orders=ORDERS, project={"churn": churn})
    assert dict(zip(rows["customer_id"], rows["is_active"], strict=True)) == {"ada": True, "bob": is_bob_active}


def test_without_any_gap_the_churn_horizon_decides():
    orders = "customer_id, ordered_at, net_amount\nada, 2024-01-01, 10\nbob, 2024-02-20, 10"
    rows = built_rows(
        customer_features, snapshot_date="2024-03-02", orders=orders, project={"churn": {"horizon_days": 30}}
    )
    assert rows["is_active"].tolist() == [False, True]


def test_no_orders_no_rows():
    assert built_table(customer_features, snapshot_date="2024-03-02").num_rows == 0


ORDER = st.tuples(st.sampled_from("abc"), st.integers(0, 400), st.integers(0, 23), st.integers(-3, 40))


@settings(max_examples=5)
@given(orders=st.lists(ORDER, min_size=1, max_size=12), seed=st.randoms(use_true_random=False))
def test_contract_holds_and_order_of_rows_does_not_matter(orders, seed):
    def text(rows):
        lines = [
            f"o{number}, {customer}, {date(2023, 1, 1) + timedelta(days=day)} {hour:02d}:00, {amount}"
            for number, (customer, day, hour, amount) in rows
        ]
        return "\n".join(["order_id, customer_id, ordered_at, net_amount", *lines])

    numbered = list(enumerate(orders))
    shuffled = seed.sample(numbered, len(numbered))
    given_once = {"snapshot_date": "2024-03-02", "orders": text(numbered)}
    built = built_table(customer_features, **given_once)  # audited: every row rule holds
    assert built.equals(built_table(customer_features, **{**given_once, "orders": text(shuffled)}))
    rfm = built_rows(customer_rfm, **given_once).set_index("customer_id")
    features = built_rows(customer_features, **given_once).set_index("customer_id")
    for ours, theirs in (("order_count", "order_count"), ("spend_amount", "total_spend"), ("tenure_days", "T")):
        assert features[ours].to_dict() == rfm[theirs].to_dict()
