"""RFM by hand."""

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
        expected="""customer_id, frequency, recency, T,  monetary_value
                    ada,         1,         10,      31, 30""",
    )
