"""Coupons are known from the start of their campaign."""

from crm_pipeline.cleaned import coupons


def test_names_what_a_source_leaves_open(assert_builds):
    assert_builds(
        coupons,
        campaigns="""campaign_id, known_at
                     spring,      2024-03-01""",
        staged_coupons="""coupon_id, product_id, campaign_id, known_at,   loaded_at
                          c1,        tea,        spring,      ,           2024-06-01
                          c2,        ,           ,            ,           2024-06-01
                          c3,        tea,        spring,      2024-02-01, 2024-06-01""",
        expected="""coupon_id, product_id, campaign_id, known_at
                    c1,        tea,        spring,      2024-03-01
                    c2,        any,        none,        2024-06-01
                    c3,        tea,        spring,      2024-02-01""",
    )
