"""Redemptions, with `none` for a campaign that the source does not name."""

from crm_pipeline.cleaned import coupon_redemptions


def test_keeps_clean_rows(assert_builds):
    assert_builds(
        coupon_redemptions,
        staged_coupon_redemptions="""coupon_id, customer_id, redeemed_at,      campaign_id, verdict
                                     c1,        ada,         2024-03-02 10:00, spring,      clean
                                     c1,        bob,         2024-03-03 11:00, ,            clean
                                     c1,        ada,         2024-03-02 10:00, spring,      duplicate""",
        expected="""coupon_id, customer_id, redeemed_at,         campaign_id, known_at
                    c1,        ada,         2024-03-02 10:00:00, spring,      2024-03-02 10:00:00
                    c1,        bob,         2024-03-03 11:00:00, none,        2024-03-03 11:00:00""",
    )
